import numpy as np
import pytest
import torch
from PIL import Image

from pppkit.scenes import CachedScene, InfiniteScene, PhotoFolder, Window, read_ahead, windows

PLACES = [
    (1067738031332, 305480473874),
    (718201334517, 635717248290),
    (192106890555, 268958648239),
    (449897616472, 1095924119710),
    (172177017506, 98945063745),
]


def picture(h, w, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (h, w, 3)).astype(np.uint8)


def test_windows(tmp_path):
    for name, size in (("small.png", (32, 33)), ("large.png", (64, 96))):
        Image.fromarray(picture(*size)).save(tmp_path / name)
    photos = PhotoFolder(tmp_path)
    many = windows(photos, 400, 32)
    assert windows(photos, 50, 32) == many[:50] and windows(photos, 50, 32, seed=1) != many[:50]
    assert all(w.y + 32 <= w.scene.shape[0] and w.x + 32 <= w.scene.shape[1] for w in many)
    share = np.mean([w.scene.name == "large" for w in many])
    assert share > 0.98  # 33 * 65 places against 2
    assert windows(photos[0], 3, 64)[0].read().shape == (3, 64, 64)
    with pytest.raises(ValueError, match="1 of 2 images are smaller than the 40x40 window.*at least 40x40"):
        windows(photos, 1, 40)


def test_windows_stay_where_published_rows_have_them():
    """Positions that the first version drew."""
    world = InfiniteScene(0)
    places = [(w.y, w.x) for w in windows(world, 3, 480)] + [
        (w.y, w.x) for w in windows(world, 2, 224, seed=7)
    ]
    assert places == PLACES


@pytest.mark.parametrize(
    "arguments, message",
    [
        (dict(n=0), "n=0 must be a whole number of at least 1; it is how many windows"),
        (dict(n=True), "n=True must be a whole number"),
        (dict(n=2.0), "n=2.0 must be a whole number"),
        (dict(size=0), "size=0 must be a whole number of at least 1"),
        (dict(size=8.5), "size=8.5 must be a whole number"),
        (dict(seed=0.5), "seed=0.5 must be a whole number"),
        (
            dict(scenes=[]),
            r"scenes=\[\] must be a scene or a non-empty sequence of scenes .InfiniteScene, PhotoFolder",
        ),
        (
            dict(scenes=["a.png"]),
            r"scenes\[0\]='a.png' is no scene; scenes must be a scene or a non-empty sequence",
        ),
        (dict(scenes="a.png"), "scenes='a.png' must be a scene or a non-empty sequence of scenes"),
        (dict(scenes=None), "scenes=None must be a scene"),
        (
            dict(scenes=torch.zeros(3, 500, 500)),
            r"scenes=float32 tensor of shape \(3, 500, 500\) must be a scene",
        ),
        (dict(scenes=[torch.zeros(3, 5, 5)]), r"scenes\[0\]=float32 tensor of shape \(3, 5, 5\) is no scene"),
        (dict(scenes=np.zeros((3, 5, 5))), r"scenes=array of shape \(3, 5, 5\) must be a scene"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message) as caught:
        windows(**{"scenes": InfiniteScene(0), "n": 1, "size": 8} | arguments)
    assert "0., 0." not in str(caught.value)


def test_numbers_of_numpy_are_numbers():
    world = InfiniteScene(0)
    assert windows(world, np.int64(2), np.int32(8), np.uint8(1)) == windows(world, 2, 8, 1)


def test_a_cached_scene_is_drawn_once():
    class Counted(InfiniteScene):
        drawn = 0

        def crop(self, y, x, height, width):
            self.drawn += 1
            return super().crop(y, x, height, width)

    scene = Counted(0)
    cached = CachedScene(scene)
    first = cached.crop(5, 6, 8, 9)
    assert cached.crop(np.int64(5), 6, 8, 9) is first and scene.drawn == 1
    assert torch.equal(first, InfiniteScene(0).crop(5, 6, 8, 9))
    assert cached.shape is None and CachedScene.all([scene, scene])[1].scene is scene
    with pytest.raises(ValueError, match="y=True must be a whole number"):
        cached.crop(True, 6, 8, 9)


def test_reading_ahead_gives_the_windows_in_batches():
    places = windows(InfiniteScene(0), 5, 12)
    batches = list(read_ahead(places, [2, 4, 5]))
    assert [b.shape for b in batches] == [(2, 3, 12, 12), (2, 3, 12, 12), (1, 3, 12, 12)]
    expected = np.stack([w.read().numpy() for w in places])
    np.testing.assert_array_equal(np.concatenate(batches), expected)


def test_an_inner_window_shows_the_middle():
    (wide,) = windows(InfiniteScene(0), 1, 20)
    assert torch.equal(wide.inner(8).read(), wide.read()[:, 6:14, 6:14])
    assert torch.equal(wide.inner(7).read(), wide.read()[:, 6:13, 6:13])
    assert wide.inner(20) == wide
    with pytest.raises(ValueError, match="size=21 must lie between 1 and 20"):
        wide.inner(21)


@pytest.mark.parametrize(
    "give, came",
    [
        (lambda p: p / 255, r"float32 tensor of shape \(3, 8, 8\)"),
        (lambda p: p.int(), r"int32 tensor of shape \(3, 8, 8\)"),
        (lambda p: p[:, :-1], r"uint8 tensor of shape \(3, 7, 8\)"),
        (lambda p: p[:1], r"uint8 tensor of shape \(1, 8, 8\)"),
        (lambda p: p.numpy(), r"array of shape \(3, 8, 8\)"),
        (lambda p: None, "None"),
    ],
)
def test_scenes_that_give_something_else_are_named(give, came):
    class Own:
        shape = (20, 30)

        def __repr__(self):
            return "Own()"

        def crop(self, y, x, height, width):
            return give(torch.zeros(3, height, width, dtype=torch.uint8))

    given = rf"crop\(2, 3, 8, 8\) gave {came}; it must be a uint8 tensor of shape \(3, 8, 8\)"
    with pytest.raises(ValueError, match=rf"scenes: Own\(\).{given}"):
        Window(Own(), 2, 3, 8).read()
    with pytest.raises(ValueError, match=rf"scenes: CachedScene\(Own\(\)\).{given}"):
        list(read_ahead([Window(CachedScene(Own()), 2, 3, 8)], [1]))
