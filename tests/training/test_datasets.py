import numpy as np
import pytest
import torch
from PIL import Image
from scipy import stats
from torch.utils.data import DataLoader

from pppkit.scenes import KINDS
from pppkit.training.datasets import Images, first, masked_shapes, open_data, shape_windows, shapes


def test_windows_show_one_whole_shape_and_no_other():
    for scene, y, x, kind in shape_windows(40, 48, seed=3):
        mask = scene.mask(y, x, 48, 48)
        assert mask.unique().tolist() == [0, kind + 1]
        wider = scene.mask(y - 1, x - 1, 50, 50)
        assert not torch.cat([wider[0], wider[-1], wider[:, 0], wider[:, -1]]).any()  # nothing is cut off
        (here,) = (o for o in scene.objects(y, x, 48, 48) if o.kind == KINDS[kind])
        assert y + here.radius <= here.y <= y + 47 - here.radius


def test_a_shape_s_place_does_not_tell_its_kind():
    places = [
        (o.y - y, o.x - x, k)
        for s, y, x, k in shape_windows(1200, 64, seed=1)
        for o in s.objects(y, x, 64, 64)
        if o.kind == KINDS[k]
    ]
    y, x, kind = np.array(places).T
    for axis in (y, x):
        assert stats.kruskal(*[axis[kind == k] for k in range(len(KINDS))]).pvalue > 0.001
        assert abs(axis.mean() - 31.5) < 1
    assert stats.chisquare(np.bincount(kind.astype(int))).pvalue > 0.001  # and no kind is rarer


def test_shapes_are_the_scene_and_seeds_differ():
    images = shapes(3, 48, seed=2)
    scene, y, x, kind = shape_windows(3, 48, seed=2)[1]
    assert torch.equal(images.tensors[0][1], scene.crop(y, x, 48, 48)) and images.tensors[1][1] == kind
    assert not torch.equal(images.tensors[0], shapes(3, 48, seed=4).tensors[0])
    masked = masked_shapes(3, 48, seed=2)
    assert torch.equal(masked.tensors[0], images.tensors[0])
    assert torch.equal(masked.tensors[1][1] > 0, scene.mask(y, x, 48, 48) > 0)


def test_a_loader_fetches_whole_batches():
    data = Images(torch.arange(10).view(10, 1), torch.arange(10))
    batches = list(DataLoader(data, 4, collate_fn=first))
    assert [b[1].tolist() for b in batches] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert all(torch.equal(x[:, 0], y) for x, y in batches)


@pytest.fixture
def folder(tmp_path):
    for part, count in (("train", 3), ("test", 2)):
        for k, name in enumerate(("cat", "dog")):
            (tmp_path / part / name).mkdir(parents=True)
            for i in range(count):
                Image.new("RGB", (40, 30), (100 * k, 10 * i, 7)).save(tmp_path / part / name / f"{i}.png")
    return tmp_path


def test_a_folder_of_images(folder, monkeypatch):
    data = open_data(str(folder), 16)
    assert data.classes == ("cat", "dog") and len(data.train) == 6 and len(data.validation) == 4
    assert data.train.tensors[0].shape == (6, 3, 16, 16) and data.train.tensors[1].tolist() == [
        0,
        0,
        0,
        1,
        1,
        1,
    ]
    assert data.train.tensors[0][4, :, 0, 0].tolist() == [100, 10, 7]
    assert len(open_data(str(folder), 16, train=4).train) == 4
    monkeypatch.setattr("pppkit.training.datasets.IN_MEMORY", 0)
    read = open_data(str(folder), 17).train  # from the files, for sets that do not fit
    assert not isinstance(read, Images) and read[4][0].shape == (3, 17, 17) and read[4][1] == 1


def test_bad_input_is_named(folder, tmp_path):
    for call, words in (
        (lambda: shape_windows(0, 64), "n=0"),
        (
            lambda: shape_windows(1, 64, spacing=200.0),
            r"spacing=200.0 makes shapes up to 136 pixels wide.*size=64",
        ),
        (lambda: open_data("nowhere"), "'nowhere' is neither 'scenes' nor a folder with train/CLASS/"),
        (lambda: open_data(str(folder / "train")), "is neither"),
    ):
        with pytest.raises(ValueError, match=words):
            call()
    (folder / "test" / "bird").mkdir()
    with pytest.raises(ValueError, match="train has the classes .*'cat', 'dog'.*test has .*'bird'"):
        open_data(str(folder), 18)
