import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from pppkit.scenes import KINDS, InfiniteScene

DRAWN = json.loads(Path(__file__).with_name("drawn.json").read_text())


def digest(pixels):
    return hashlib.sha256(pixels.contiguous().numpy().tobytes()).hexdigest()[:32]


@pytest.mark.parametrize("case", DRAWN, ids=lambda c: f"{c['seed']}-{c['objects']}-{c['window']}")
def test_pictures_are_those_of_the_published_rows(case):
    """Digests of what the first version drew: seeds, radii, objects, windows far out, thin, large."""
    names = ("seed", "radius", "coverage", "objects")
    scene = InfiniteScene(**{name: case[name] for name in names})
    assert digest(scene.crop(*case["window"])) == case["crop"]
    assert digest(scene.mask(*case["window"])) == case["mask"]


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


@pytest.mark.parametrize(
    "arguments, message",
    [
        (dict(radius=(5, 5)), "radius=.5, 5. must be .smallest, largest."),
        (dict(radius=(0.5, 9)), "radius=.0.5, 9. .* with 1 <= smallest"),
        (dict(radius=(2, float("inf"))), "radius=.* 1 <= smallest < largest"),
        (dict(radius=7), "radius=7 must be two numbers"),
        (dict(radius=(1, True)), "radius=.* must be two numbers"),
        (dict(radius=(1, "9")), "radius=.* must be two numbers"),
        (dict(coverage=0), "coverage=0 must be positive"),
        (dict(coverage=float("nan")), "coverage=nan must be a finite number"),
        (dict(objects=2), "objects=2 .* at least 8; it is a distance in pixels; None for no objects"),
        (dict(objects="many"), "objects='many' .* at least 8"),
        (dict(seed=1.5), "seed=1.5 must be a whole number.*InfiniteScene.0."),
        (dict(seed=True), "seed=True must be a whole number"),
        (dict(seed=None), "seed=None must be a whole number"),
        (dict(seed=torch.zeros(3, 500, 500)), r"seed=float32 tensor of shape \(3, 500, 500\) must"),
    ],
)
def test_bad_scenes(arguments, message):
    with pytest.raises(ValueError, match=message):
        InfiniteScene(**arguments)


@pytest.mark.parametrize("method", ["crop", "mask", "objects"])
@pytest.mark.parametrize(
    "window, message",
    [
        ((0, 0, 0, 5), "height=0 must be a whole number of at least 1; a window is y, x, height, width"),
        ((0, 0, 5, -1), "width=-1"),
        ((0.5, 0, 8, 8), "y=0.5 must be a whole number"),
        ((True, 0, 8, 8), "y=True must be a whole number"),
        ((0, "1", 8, 8), "x='1' must be a whole number"),
        ((0, 0, 8, 8.0), "width=8.0 must be a whole number"),
        ((2**40 + 1, 0, 5, 5), "y=1099511627777, x=0 lies beyond 2\\*\\*40.*nearer to 0"),
    ],
)
def test_bad_windows(method, window, message):
    with pytest.raises(ValueError, match=message):
        getattr(InfiniteScene(0, objects=32), method)(*window)


def test_numbers_of_numpy_are_numbers():
    scene = InfiniteScene(np.int64(3), radius=(np.float32(1.5), np.int32(12)), objects=np.float64(32))
    window = np.array([5, -7, 20, 30])
    plain = InfiniteScene(3, radius=(1.5, 12), objects=32)
    assert torch.equal(scene.crop(*window), plain.crop(5, -7, 20, 30))
    assert repr(scene) == repr(plain) == "InfiniteScene(3, objects=32)"
