import numpy as np
import pytest
import torch
from PIL import Image

from pppkit import models
from pppkit.metrics import UNLABELLED
from pppkit.scenes import KINDS, InfiniteScene
from pppkit.training import (
    Images,
    Labelled,
    Segmenter,
    class_shapes,
    fixed_classes,
    masked_shapes,
    open_classes,
)
from pppkit.training.segmentation import AERIAL, GROUPS, aerial_classes, blind_miou


def test_a_margin_shows_the_same_world_around_the_same_windows():
    for draw in (class_shapes, masked_shapes):
        plain, wide = draw(3, 48, seed=2), draw(3, 48, seed=2, margin=8)
        assert wide.tensors[0].shape == (3, 3, 64, 64)
        assert torch.equal(wide.tensors[0][..., 8:-8, 8:-8], plain.tensors[0])
        assert torch.equal(wide.tensors[1], plain.tensors[1])


def test_shapes_with_classes_lie_anywhere():
    images = class_shapes(60, 48, seed=1)
    labels = images.tensors[1]
    assert labels.dtype == torch.uint8 and set(labels.unique().tolist()) == set(range(len(KINDS) + 1))
    seen = (labels > 0).float().mean(0)
    assert abs(seen[:6].mean() - seen[21:27].mean()) < 0.08  # as often in the border
    cut = (labels[:, 0] > 0).any(1).float().mean()
    assert cut > 0.1  # by the border, unlike those of `masked_shapes`
    assert not (masked_shapes(20, 48, seed=1).tensors[1][:, 0] > 0).any()


def test_scenes_in_groups():
    data = open_classes("scenes", 48, 3, 2, seed=1)
    assert data.classes == ("none", *GROUPS) and len(data.train) == 3 and len(data.validation) == 2
    kinds, groups = class_shapes(3, 48, 2).tensors[1], data.train.tensors[1]
    for number, members in enumerate(GROUPS.values(), 1):
        listed = torch.tensor([KINDS.index(kind) + 1 for kind in members])
        assert torch.equal(groups == number, torch.isin(kinds.long(), listed))
    assert sorted(kind for members in GROUPS.values() for kind in members) == sorted(KINDS)


def colours(*codes):
    return np.array([[[code >> shift & 255 for code in codes]] for shift in (16, 8, 0)], np.uint8)


def test_classes_of_colours():
    found = aerial_classes(colours(AERIAL["land"], AERIAL["water"], 0x9B9B9B, 0, AERIAL["building"]))
    assert found.tolist() == [[1, 4, UNLABELLED, UNLABELLED, 0]]
    with pytest.raises(
        ValueError, match="mine has the colour 123456, which is no class; classes are building"
    ):
        aerial_classes(colours(0x123456), "mine")


@pytest.fixture
def mosaics(tmp_path):
    """Five mosaics; the red of an image tells which it is, and so does the class of its mask."""
    for k in range(5):
        for kind in ("images", "masks"):
            (tmp_path / f"tile_{k}" / kind).mkdir(parents=True)
        red, green, blue = (list(AERIAL.values())[k] >> shift & 255 for shift in (16, 8, 0))
        for part in range(9):
            Image.new("RGB", (60, 50), (40 * k, 0, 0)).save(tmp_path / f"tile_{k}" / "images" / f"{part}.jpg")
            Image.new("RGB", (60, 50), (red, green, blue)).save(
                tmp_path / f"tile_{k}" / "masks" / f"{part}.png"
            )
    return tmp_path


def test_every_fourth_mosaic_is_held_out_whole(mosaics):
    data = open_classes(str(mosaics), 32, 40, 20)
    assert data.classes == tuple(AERIAL)
    for part, allowed in ((data.train, {0, 1, 2, 4}), (data.validation, {3})):
        pixels, labels = part.tensors
        assert set(labels.unique().tolist()) == allowed
        assert torch.equal((pixels[:, 0] / 40).round(), labels.float())  # a mask is its image's
    wide = open_classes(str(mosaics), 32, 40, 20, margin=8).train
    assert torch.equal(wide.tensors[1], data.train.tensors[1]) and wide.tensors[0].shape[-1] == 48


def test_mosaics_that_cannot_be(mosaics):
    for tile in (3, 4):
        for file in sorted(mosaics.glob(f"tile_{tile}/*/*")):
            file.unlink()
    with pytest.raises(ValueError, match="has 3 mosaics; every 4th is held out, so it needs at least 4"):
        open_classes(str(mosaics), 32, 4, 3)
    for part in range(9):
        (mosaics / "tile_1" / "masks" / f"{part}.png").unlink()
    with pytest.raises(ValueError, match="mosaics and masks differ by name or size"):
        open_classes(str(mosaics), 32, 4, 2)


@pytest.fixture
def voc(tmp_path):
    home = tmp_path / "VOCdevkit" / "VOC2012"
    for folder in ("JPEGImages", "SegmentationClass", "ImageSets/Segmentation"):
        (home / folder).mkdir(parents=True)
    for part, names in (("train", "ab"), ("val", "c")):
        (home / "ImageSets" / "Segmentation" / f"{part}.txt").write_text("\n".join(names) + "\n")
        for name in names:
            Image.new("RGB", (40, 30), (90, 0, 0)).save(home / "JPEGImages" / f"{name}.jpg")
            mask = Image.new("P", (40, 30), 0)
            mask.putpalette(list(range(256)) * 3)
            mask.paste(15, (0, 0, 20, 30))
            mask.paste(255, (20, 0, 22, 30))
            mask.save(home / "SegmentationClass" / f"{name}.png")
    return tmp_path


def test_a_folder_of_voc(voc):
    data = open_classes(str(voc), 20)
    assert len(data.train) == 2 and len(data.validation) == 1 and data.classes[15] == "person"
    image, labels = data.validation.tensors
    assert image.shape == (1, 3, 20, 20) and labels[0, :, :9].eq(15).all() and labels[0, :, 12:].eq(0).all()
    assert labels[0, :, 10].eq(UNLABELLED).all()
    with pytest.raises(ValueError, match="have no surroundings; use margin=0"):
        open_classes(str(voc), 20, margin=4)
    (voc / "VOCdevkit" / "VOC2012" / "SegmentationClass" / "c.png").unlink()
    with pytest.raises(ValueError, match=r"1 files are missing \(first: .*c.png\)"):
        open_classes(str(voc), 21)
    with pytest.raises(ValueError, match="is neither 'scenes', nor a folder with .*train.txt is missing"):
        open_classes("nowhere", 20)


def test_the_best_classes_that_ignore_the_picture():
    labels = torch.tensor([[[0, 1]], [[0, 1]], [[2, 0]]], dtype=torch.uint8)
    assert fixed_classes(labels, 3).tolist() == [[0, 1]]
    assert fixed_classes(torch.full((2, 1, 1), UNLABELLED), 3).tolist() == [[0]]
    pixels = torch.zeros(3, 3, 1, 2, dtype=torch.uint8)
    held = Images(pixels[:1], torch.tensor([[[0, 2]]], dtype=torch.uint8))
    assert blind_miou(Labelled(Images(pixels, labels), held, ("a", "b", "c"))) == pytest.approx(1 / 3)


def test_loss_and_score():
    module = Segmenter(models.build("vgg_fcn", width=0.0625, num_classes=3), "reflect", classes=3)
    truth = torch.tensor([[[0, 1], [2, UNLABELLED]]], dtype=torch.uint8)
    logits = torch.full((1, 3, 2, 2), -100.0)
    for (y, x), k in {(0, 0): 0, (0, 1): 1, (1, 0): 2, (1, 1): 0}.items():
        logits[0, k, y, x] = 100
    assert module.loss(logits, truth) < 1e-30
    assert module.score(logits, truth)["miou"].compute() == 1
    logits[0, :, 0, 0] = 0  # log 3 for one of the three pixels that count
    assert module.loss(logits, truth).item() == pytest.approx(np.log(3) / 3, abs=1e-5)


def test_scenes_show_their_labels():
    scene = InfiniteScene(2, radius=(1.5, 12.0), objects=48.0)
    images = class_shapes(2, 48, seed=2)
    from pppkit.scenes import windows

    for window, pixels, labels in zip(windows(scene, 2, 48, 2), *images.tensors):
        assert torch.equal(scene.crop(window.y, window.x, 48, 48), pixels)
        assert torch.equal(scene.mask(window.y, window.x, 48, 48).to(torch.uint8), labels)
