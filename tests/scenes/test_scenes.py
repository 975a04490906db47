import numpy as np
import pytest
import torch
from PIL import Image

from pppkit.scenes import KINDS, InfiniteScene, Photo, PhotoFolder, TiledPhoto, read_ahead, windows
from pppkit.scenes.leaves import Leaves, spans, topmost


def test_every_crop_shows_the_same_world():
    scene, random = InfiniteScene(3, objects=64), np.random.default_rng(0)
    for far in (0, 2**39):
        wide = scene.crop(far - 70, far - 90, 300, 260)
        mask = scene.mask(far - 70, far - 90, 300, 260)
        for _ in range(8):
            y, x, h, w = (int(v) for v in random.integers((0, 0, 1, 1), (200, 160, 100, 100)))
            assert torch.equal(scene.crop(far - 70 + y, far - 90 + x, h, w), wide[:, y : y + h, x : x + w])
            assert torch.equal(scene.mask(far - 70 + y, far - 90 + x, h, w), mask[y : y + h, x : x + w])


def test_seeds_make_different_worlds():
    assert torch.equal(InfiniteScene(1).crop(0, 0, 32, 32), InfiniteScene(1).crop(0, 0, 32, 32))
    assert not torch.equal(InfiniteScene(1).crop(0, 0, 32, 32), InfiniteScene(2).crop(0, 0, 32, 32))


def test_spans_equal_a_test_of_every_pixel():
    random = np.random.default_rng(1)
    n = 40
    leaves = Leaves(
        y=random.uniform(0, 60, n), x=random.uniform(0, 60, n), radius=random.uniform(2, 20, n), aspect=random.uniform(0.4, 1, n),
        angle=random.uniform(0, 7, n), sides=random.integers(0, 6, n), depth=np.sort(random.uniform(0, 1, n)), rgb=np.zeros((n, 3)),
        slope=np.zeros((n, 2)), label=np.zeros(n, int),
    )  # fmt: skip
    yy, xx = np.mgrid[:60, :60]
    expected = np.zeros((60, 60), int)
    for i in range(n):
        dy, dx = yy - leaves.y[i], xx - leaves.x[i]
        u = dx * np.cos(leaves.angle[i]) + dy * np.sin(leaves.angle[i])
        v = (dy * np.cos(leaves.angle[i]) - dx * np.sin(leaves.angle[i])) / leaves.aspect[i]
        inside = u**2 + v**2 <= leaves.radius[i] ** 2
        sides = leaves.sides[i]
        for edge in range(sides):
            t = 2 * np.pi * edge / sides + (np.pi / 4 if sides == 4 else 0)
            limit = leaves.radius[i] * np.cos(np.pi / sides) if sides > 1 else 0
            inside &= u * np.cos(t) + v * np.sin(t) <= limit
        expected[inside] = i
    np.testing.assert_array_equal(topmost(leaves, 0, 0, 60, 60), expected)
    low, high = spans(leaves, np.floor(leaves.y)[:, None])
    assert (high - low <= 2 * leaves.radius[:, None]).all()


def test_objects_lie_where_the_scene_says():
    scene = InfiniteScene(5, objects=80)
    objects, mask = scene.objects(0, 0, 600, 600), scene.mask(0, 0, 600, 600)
    assert len(objects) > 30 and {o.kind for o in objects} == set(KINDS)
    top = objects[-1]  # nothing hides it
    assert mask[int(top.y), int(top.x)] == 1 + KINDS.index(top.kind) or top.kind == "half-disc"
    hidden = mask[[int(o.y) for o in objects], [int(o.x) for o in objects]]
    right = sum(int(m) == 1 + KINDS.index(o.kind) for m, o in zip(hidden, objects))
    assert right > 0.7 * len(objects)
    plain = InfiniteScene(5)
    assert plain.objects(0, 0, 600, 600) == [] and plain.mask(0, 0, 9, 9).sum() == 0


def test_pictures_and_masks_show_the_same_place():
    """Inside an object, one pixel from its edge, the picture has the object's one colour."""
    scene = InfiniteScene(5, objects=60)
    mask, picture = scene.mask(0, 0, 300, 300), scene.crop(0, 0, 300, 300)
    same = (mask[None, None].float().unfold(2, 3, 1).unfold(3, 3, 1).flatten(4).std(-1) == 0)[0, 0] & (
        mask[1:-1, 1:-1] > 0
    )
    checked = 0
    for o in scene.objects(0, 0, 300, 300)[-8:]:  # the topmost, which nothing hides
        y, x = int(o.y), int(o.x)
        around = torch.zeros_like(same)
        around[max(0, y - 6) : y + 7, max(0, x - 6) : x + 7] = True
        pixels = picture[:, 1:-1, 1:-1][:, same & around]
        if o.kind in ("disc", "square", "pentagon") and pixels.shape[1] > 40:
            assert (pixels == pixels[:, :1]).all()
            checked += 1
    assert checked
    edges = (mask[:, 1:] != mask[:, :-1]) & ((mask[:, 1:] > 0) | (mask[:, :-1] > 0))
    steps = (picture[:, :, 1:].float() - picture[:, :, :-1].float()).abs().sum(0)
    shifted = [steps[:, 3:-3][edges[:, 3 + d : edges.shape[1] - 3 + d]].mean() for d in (-1, 0, 1)]
    assert (
        shifted[1] > 1.3 * shifted[0] and shifted[1] > 1.3 * shifted[2]
    )  # pictures change where masks change, not beside


def test_objects_have_no_location_bias():
    scene, size = InfiniteScene(0, objects=32), 1024
    objects = scene.objects(0, 0, size, size)
    for kind in KINDS:
        ys = [o.y for o in objects if o.kind == kind]
        assert abs(np.mean(ys) - size / 2) < 4 * size / np.sqrt(12 * len(ys))


@pytest.mark.parametrize("bad", [dict(radius=(5, 5)), dict(radius=(0.5, 9)), dict(objects=2)])
def test_bad_scenes(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        InfiniteScene(0, **bad)


@pytest.mark.parametrize("window", [(0, 0, 0, 5), (0, 0, 5, -1), (2**41, 0, 5, 5)])
def test_bad_windows(window):
    with pytest.raises(ValueError, match="height|2\\*\\*40"):
        InfiniteScene(0).crop(*window)


def picture(h, w, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (h, w, 3)).astype(np.uint8)


@pytest.fixture
def tiles(tmp_path):
    """A 47 x 31 picture cut 2 x 3 into tiles of unequal size."""
    whole = picture(47, 31)
    for i, (top, bottom) in enumerate(((0, 20), (20, 47))):
        for j, (left, right) in enumerate(((0, 9), (9, 19), (19, 31))):
            (tmp_path / "a" / "images").mkdir(parents=True, exist_ok=True)
            Image.fromarray(whole[top:bottom, left:right]).save(
                tmp_path / "a" / "images" / f"part_{3 * i + j}.png"
            )
    return tmp_path, whole


def test_tiles_form_one_picture(tiles):
    root, whole = tiles
    (photo,) = PhotoFolder(root, grid=(2, 3), pattern="*/images/*.png")
    assert photo.shape == (47, 31) and photo.name == "a/images"
    np.testing.assert_array_equal(photo.crop(0, 0, 47, 31).permute(1, 2, 0).numpy(), whole)
    np.testing.assert_array_equal(photo.crop(17, 5, 11, 20).permute(1, 2, 0).numpy(), whole[17:28, 5:25])
    with pytest.raises(ValueError, match="leaves a/images, which is 47x31"):
        photo.crop(40, 0, 8, 8)


def test_tiles_that_do_not_fit(tiles):
    root, _ = tiles
    files = sorted((root / "a" / "images").iterdir())
    with pytest.raises(ValueError, match="needs 4 files, got 6"):
        TiledPhoto(files, (2, 2))
    with pytest.raises(ValueError, match="do not fit a 3x2 grid"):
        TiledPhoto(files, (3, 2))


def test_photo_folder(tmp_path):
    (tmp_path / "b").mkdir()
    for name, size in (("z.png", (20, 30)), ("b/a.png", (40, 10))):
        Image.fromarray(picture(*size)).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no image")
    folder = PhotoFolder(tmp_path)
    assert len(folder) == 2 and [p.shape for p in folder] == [(40, 10), (20, 30)]
    assert "2 photographs" in repr(folder)


def test_photo_folder_refuses_what_it_cannot_use(tmp_path):
    with pytest.raises(ValueError, match="is not a folder"):
        PhotoFolder(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="holds no image"):
        PhotoFolder(tmp_path)
    Image.fromarray(picture(8, 8)[..., 0]).save(tmp_path / "grey.png")
    with pytest.raises(ValueError, match=r"grey.png is a L image; convert it to RGB"):
        PhotoFolder(tmp_path)
    (tmp_path / "grey.png").write_bytes(b"not a picture")
    with pytest.raises(ValueError, match="grey.png cannot be read"):
        PhotoFolder(tmp_path)


def test_a_truncated_file_is_named_when_its_pixels_are_read(tmp_path):
    Image.fromarray(picture(200, 200)).save(tmp_path / "cut.jpg")
    data = (tmp_path / "cut.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(data[: len(data) // 3])
    with pytest.raises(ValueError, match="cut.jpg cannot be read"):
        Photo(tmp_path / "cut.jpg").crop(150, 150, 10, 10)


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
    with pytest.raises(ValueError, match="n=0"):
        windows(photos, 0, 8)
    for nothing in ([], ["a.png"]):
        with pytest.raises(ValueError, match="non-empty sequence of scenes"):
            windows(nothing, 1, 8)


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
