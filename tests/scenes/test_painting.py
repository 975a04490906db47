import numpy as np
import pytest

from pppkit.scenes import painting as painting_module
from pppkit.scenes.leaves import Leaves, spans
from pppkit.scenes.painting import Painting
from pppkit.scenes.points import order_of_depth

SIZE = 60


@pytest.fixture
def leaves():
    """Forty pieces, the last on top."""
    random, n = np.random.default_rng(1), 40
    return Leaves(
        y=random.uniform(0, SIZE, n),
        x=random.uniform(0, SIZE, n),
        radius=random.uniform(2, 20, n),
        aspect=random.uniform(0.4, 1, n),
        angle=random.uniform(0, 7, n),
        sides=random.integers(0, 6, n),
    )


def covered(leaves, i):
    """Pixels of the i-th piece, by a test of every pixel."""
    yy, xx = np.mgrid[:SIZE, :SIZE]
    dy, dx = yy - leaves.y[i], xx - leaves.x[i]
    u = dx * np.cos(leaves.angle[i]) + dy * np.sin(leaves.angle[i])
    v = (dy * np.cos(leaves.angle[i]) - dx * np.sin(leaves.angle[i])) / leaves.aspect[i]
    inside = u**2 + v**2 <= leaves.radius[i] ** 2
    sides = leaves.sides[i]
    for edge in range(sides):
        t = 2 * np.pi * edge / sides + (np.pi / 4 if sides == 4 else 0)
        limit = leaves.radius[i] * np.cos(np.pi / sides) if sides > 1 else 0
        inside &= u * np.cos(t) + v * np.sin(t) <= limit
    return inside


def topmost(leaves):
    expected = np.full((SIZE, SIZE), -1)
    for i in range(len(leaves)):
        expected[covered(leaves, i)] = i
    return expected


def test_spans_equal_a_test_of_every_pixel(leaves):
    leaves = leaves.take(np.argsort(leaves.sides, kind="stable"))
    piece, rows = (index.ravel() for index in np.mgrid[: len(leaves), :SIZE])
    low, high = spans(leaves, piece, rows.astype(float))
    inside = np.stack([covered(leaves, i) for i in range(len(leaves))])
    columns = np.arange(SIZE)
    found = (columns >= low[:, None]) & (columns <= high[:, None])
    np.testing.assert_array_equal(found, inside.reshape(-1, SIZE))


@pytest.mark.parametrize("steps", [1, 2, 7, 40])
@pytest.mark.parametrize("pixels, pairs", [(1 << 15, 1 << 13), (50, 7)])
def test_the_topmost_leaf_shows_in_however_many_steps_it_is_painted(
    leaves, steps, pixels, pairs, monkeypatch
):
    monkeypatch.setattr(painting_module, "PIXELS", pixels)
    monkeypatch.setattr(painting_module, "PAIRS", pairs)
    painting, numbers = Painting(0, 0, SIZE, SIZE), []
    for part in reversed(np.array_split(np.arange(len(leaves)), steps)):
        numbers.extend(part[painting.add(leaves.take(part))])
    assert painting.count == len(numbers)
    np.testing.assert_array_equal(np.append(numbers, -1)[painting.owner], topmost(leaves))
    shown = {int(n) for n, still in zip(numbers, painting.shown()) if still}
    assert shown == set(np.unique(topmost(leaves)).tolist()) - {-1}


def test_a_part_of_the_window_is_painted_alike(leaves):
    whole, part = Painting(0, 0, SIZE, SIZE), Painting(13, 7, 21, 30)
    kept, kept_of_part = whole.add(leaves), part.add(leaves)
    expected = np.append(kept, -1)[whole.owner][13:34, 7:37]
    np.testing.assert_array_equal(np.append(kept_of_part, -1)[part.owner], expected)
    assert part.owner.shape == (21, 30) and len(kept_of_part) < len(kept)


def test_what_is_hidden_is_not_painted():
    def disc(radius, y=30.0):
        one = np.ones(1)
        return Leaves(y * one, 30 * one, radius * one, one, 0 * one, np.zeros(1, int))

    painting = Painting(0, 0, SIZE, SIZE)
    assert len(painting.add(disc(20.0))) == 1 and not painting.done
    assert len(painting.add(disc(10.0))) == 0  # behind it
    assert len(painting.add(disc(10.0, y=90.0))) == 0  # outside
    assert len(painting.add(disc(80.0))) == 1 and painting.done
    assert (painting.owner == 0).sum() == 1257  # lattice points of a disc of radius 20


def test_ties_keep_their_order():
    depth = np.array([0.5, 0.1, 0.5, 0.1, 0.5])
    assert order_of_depth(depth).tolist() == [1, 3, 0, 2, 4]
    random = np.random.default_rng(0).uniform(size=100)
    assert (np.diff(random[order_of_depth(random)]) > 0).all()
