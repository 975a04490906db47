"""Cityscapes from its folders, which the tests make."""

import pytest
import torch

from pppkit.metrics import UNLABELLED
from pppkit.training.streets import STREETS, open_streets, street_classes

# Cordts et al. 2016: numbers in the files, and in the scores.
KNOWN = {7: 0, 8: 1, 11: 2, 12: 3, 13: 4, 17: 5, 19: 6, 20: 7, 21: 8, 22: 9, 23: 10}
KNOWN |= {24: 11, 25: 12, 26: 13, 27: 14, 28: 15, 31: 16, 32: 17, 33: 18}


def test_classes():
    assert len(STREETS) == 19 and STREETS[0] == "road" and STREETS[-1] == "bicycle"
    ids = torch.arange(34, dtype=torch.uint8)
    expected = [KNOWN.get(k, UNLABELLED) for k in range(34)]
    assert street_classes(ids).tolist() == expected
    assert street_classes(torch.tensor([255], dtype=torch.uint8)).item() == UNLABELLED  # a licence plate
    with pytest.raises(ValueError, match="ids has the label 77"):
        street_classes(torch.tensor([[7, 77]], dtype=torch.uint8))


def test_images_and_labels(tmp_path, streets):
    found = open_streets(streets(tmp_path), height=8)
    images, labels = found.tensors
    assert images.shape == (4, 3, 8, 16) and labels.shape == (4, 8, 16)
    assert images[:, 0, 0, 0].tolist() == [30, 40, 10, 20]  # cities by name
    assert (labels[:, 1:, :8] == 0).all() and (labels[:, 1:, 8:] == 13).all()
    assert (open_streets(tmp_path, height=16).tensors[1][:, 0] == UNLABELLED).all()
    some = open_streets(tmp_path, height=8, limit=3)
    assert len(some) == 3 and torch.equal(
        some.tensors[0], open_streets(tmp_path, height=8, limit=3).tensors[0]
    )
    assert set(some.tensors[0][:, 0, 0, 0].tolist()) < {10, 20, 30, 40}


def test_what_is_missing_is_named(tmp_path, streets):
    with pytest.raises(ValueError, match="is no folder of Cityscapes: .*leftImg8bit/val is missing"):
        open_streets(tmp_path)
    with pytest.raises(ValueError, match="part='test' is not one of train, val"):
        open_streets(tmp_path, "test")
    root = streets(tmp_path)
    (root / "gtFine/val/ulm/ulm_000001_000019_gtFine_labelIds.png").unlink()
    with pytest.raises(ValueError, match="1 files are missing .*ulm_000001"):
        open_streets(root)
    for kind in ("leftImg8bit", "gtFine"):
        (root / kind / "train").mkdir()
    with pytest.raises(ValueError, match="has no images in leftImg8bit/train/CITY/"):
        open_streets(root, "train")
