"""The data of the BHV test: a red and a green square on a plain background, and where they may be."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ...checks import one_of

SIZE, SQUARE, LOWEST = 32, 4, 28  # pixels; a square whose top edge is at LOWEST touches the bottom
RED, GREEN = 0, 1  # colour channel of each square, and its place in `positions`
OFFSETS = (7, 23)  # the location bias: class 1 in the upper half, class 2 in the lower
JITTER = 4  # a square's top edge is its class's offset + one of -JITTER .. JITTER - 1
LEFT, GAP = 10, 5  # the left square starts in 0 .. LEFT - 1, the right one at least GAP further
SHIFT = 16  # between the similar and the dissimilar test
SEED = 1988  # the authors'
TRAJECTORIES = 228
SPLITS = ("disjoint", "authors")
COUNTS = {"train": 2000, "validation": 1000, "similar": 1000}
COLOURS = {"black": 0.0, "grey": 0.5, "white": 1.0}


@dataclass(frozen=True)
class Squares:
    """Where the squares of a set of images are.

    `positions` is `(N, 2, 2)`: red and green, each the (y, x) of its top left pixel. `labels` is `(N,)`: 0
    where red is left of green (the papers' class 1), else 1.
    """

    positions: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index) -> Squares:
        return Squares(self.positions[index], self.labels[index])

    def moved(self, pixels) -> Squares:
        """The same squares, `pixels` lower (a number, or one for each image)."""
        shift = np.zeros_like(self.positions)
        shift[..., 0] = np.asarray(pixels).reshape(-1, 1)
        return Squares(self.positions + shift, self.labels)


def background_colour(background: float | str | Sequence[float]) -> tuple[float, float, float]:
    """Red, green and blue in [0, 1] of a colour.

    Args:
        background: A name (`COLOURS`), a grey level, three numbers, or their text (`"0.5"`, `"1,0,0"`).

    Raises:
        ValueError: For anything else.
    """
    problem = ValueError(
        f"background={background!r} is not a colour; give one of {', '.join(COLOURS)}, "
        "a grey level in [0, 1], or red, green, blue in [0, 1]"
    )
    try:
        if isinstance(background, str):
            values = (
                [COLOURS[background]] if background in COLOURS else [float(v) for v in background.split(",")]
            )
        else:
            values = [float(v) for v in np.atleast_1d(background)]
    except (TypeError, ValueError):
        raise problem from None
    if len(values) == 1:
        values *= 3
    if len(values) != 3 or not all(0 <= v <= 1 for v in values):
        raise problem
    return values[0], values[1], values[2]


def background_name(background: float | str | Sequence[float]) -> str:
    """How a colour is written in a result row: a grey level (`"0.5"`) or `"red,green,blue"`."""
    red, green, blue = background_colour(background)
    return repr(red) if red == green == blue else f"{red!r},{green!r},{blue!r}"


def draw(random: np.random.RandomState) -> Iterator[Squares]:
    """Images one by one, classes in turn, in the order of the authors' random numbers.

    Theirs is `gen_box_data` in utils_red_green.py.

    The left square's x is uniform in 0 .. 9; the right one's is uniform from there to 27 and drawn again with
    its y until they are at least 5 apart. Each y has its own jitter around the class's offset.
    """
    label = 0
    while True:
        left_x = random.randint(LEFT)
        left_y = random.randint(-JITTER, JITTER) + OFFSETS[label]
        right_x, right_y = left_x, left_y
        while right_x - left_x < GAP:
            right_x = random.randint(left_x, LOWEST)
            right_y = random.randint(-JITTER, JITTER) + OFFSETS[label]
        pair = [(left_y, left_x), (right_y, right_x)]
        yield Squares(np.array(pair if label == 0 else pair[::-1]), np.array(label))
        label = 1 - label


def take(images: Iterator[Squares], n: int, excluded: Collection[tuple[int, ...]] = ()) -> Squares:
    """The next `n` images, classes in turn, passing over the `excluded` positions."""
    chosen: list[Squares] = []
    for image in images:
        if len(chosen) == n:
            break
        if image.labels == len(chosen) % 2 and tuple(image.positions.ravel()) not in excluded:
            chosen.append(image)
    return Squares(np.stack([c.positions for c in chosen]), np.stack([c.labels for c in chosen]))


def make_splits(splits: str = "disjoint", seed: int = SEED) -> dict[str, Squares]:
    """The images of one BHV test.

    Args:
        splits: `"disjoint"`: one stream of random numbers, in which validation and test pass over images that
            an earlier split has. `"authors"`: every split starts the same stream anew, so that validation and
            the similar test are the first 1000 training images.
        seed: Of the stream; 1988 is the authors'. The training images are the same either way.

    Returns:
        `train` (2000), `validation` (1000), `similar` (1000), `dissimilar` (the similar test 16 pixels lower
        in class 1 and higher in class 2), and `trajectories` (228 images of class 1 from a stream of their
        own).

    Raises:
        ValueError: For unknown splits.
    """
    one_of("splits", splits, SPLITS)
    out: dict[str, Squares] = {}
    stream = draw(np.random.RandomState(seed))
    seen: set[tuple[int, ...]] = set()
    for name, n in COUNTS.items():
        out[name] = (
            take(stream, n, seen) if splits == "disjoint" else take(draw(np.random.RandomState(seed)), n)
        )
        seen |= {tuple(p.ravel()) for p in out[name].positions}
    out["dissimilar"] = out["similar"].moved(np.where(out["similar"].labels == 0, SHIFT, -SHIFT))
    out["trajectories"] = take(draw(np.random.RandomState(seed + 1)), 2 * TRAJECTORIES)[::2]
    return out


def trajectories(start: Squares) -> tuple[Squares, np.ndarray]:
    """Both squares move down, one pixel at a time, until the lower one touches the bottom (PPP, section 3.2).

    Args:
        start: `T` images.

    Returns:
        The images of all steps, and which of the `T` trajectories each belongs to. Steps are in order.
    """
    steps = LOWEST - start.positions[..., 0].max(1) + 1
    which = np.repeat(np.arange(len(start)), steps)
    step = np.concatenate([np.arange(n) for n in steps])
    return start[which].moved(step), which


def render(squares: Squares, background: float | str | Sequence[float] = "black", size: int = SIZE) -> Tensor:
    """Draws the images.

    Args:
        squares: `N` images. A square that reaches over an edge of the canvas is refused.
        background: As in `background_colour`. The squares are pure red and pure green on any background.
        size: Pixels on a side.

    Returns:
        `(N, 3, size, size)`, values in [0, 1].
    """
    y, x = squares.positions[..., 0], squares.positions[..., 1]
    if len(squares) and (min(y.min(), x.min()) < 0 or max(y.max(), x.max()) > size - SQUARE):
        raise ValueError(
            f"squares must lie within 0 .. {size - SQUARE}, "
            f"but their corners span {y.min()} .. {y.max()}, {x.min()} .. {x.max()}"
        )
    images = torch.tensor(background_colour(background)).view(1, 3, 1, 1).repeat(len(squares), 1, size, size)
    pixel = np.arange(size)
    for colour in (RED, GREEN):
        rows = (pixel >= y[:, colour, None]) & (pixel < y[:, colour, None] + SQUARE)
        columns = (pixel >= x[:, colour, None]) & (pixel < x[:, colour, None] + SQUARE)
        inside = torch.from_numpy(rows[:, :, None] & columns[:, None, :])
        images = torch.where(inside[:, None], torch.eye(3)[colour].view(1, 3, 1, 1), images)
    return images
