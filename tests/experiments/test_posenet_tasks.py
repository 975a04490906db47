"""What position is good for: networks that label pixels, their scores, and what takes padding's place."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from pppkit import Padding, models
from pppkit.experiments.context import Context
from pppkit.experiments.posenet import task_encoders, task_grids, task_scores, tasks
from pppkit.experiments.posenet.encoders import ENCODERS
from pppkit.metrics import UNLABELLED
from pppkit.padding import FILLS
from pppkit.training import Images

TINY = {"width": 0.0625, "images": 6, "validation": 4, "epochs": 1, "n": 2, "networks": 1}
SMALL = {"size": 80, "batch": 3, "precision": "32-true", "lr": 1e-3, "warm_up": 0.2}


def trial(task="segmentation", padding="zeros", data="scenes"):
    return tasks.grid("quick", task, data, padding)[0]


def test_the_grid():
    count = tasks.PROFILES["published"]["networks"]
    assert len(tasks.grid()) == 3 * len(tasks.PADDINGS) * count
    published = tasks.EXPERIMENT.trials()
    assert all(trial in tasks.grid() for trial in published)
    cells = {(t["task"], t["data"]) for t in published}
    assert cells == {("saliency", "scenes"), ("segmentation", "scenes"), ("segmentation", "satellite")}
    assert {t["data"] for t in tasks.grid("quick")} == {"scenes"}
    duts = tasks.grid("paper", "saliency", "duts", networks=1)
    assert [t["padding"] for t in duts] == [*FILLS, "none"]  # pictures in files have no surroundings
    with pytest.raises(ValueError, match="task='depth' is not one of saliency, segmentation"):
        tasks.grid(task="depth")
    with pytest.raises(ValueError, match="padding='partial' is not one of"):
        tasks.settings({**trial(), "padding": "partial"})


def test_nothing_of_padding_reaches_the_middle():
    network = models.build("vgg_fcn", width=0.0625, num_classes=2, init="kaiming")
    x = torch.rand(1, 3, 80 + 2 * tasks.ROOM, 80 + 2 * tasks.ROOM)
    found = {}
    for room in (tasks.ROOM, tasks.ROOM - 8):
        middle = tasks.Middle(network, room)
        for scheme in ("zeros", "circular"):
            with Padding(scheme), torch.no_grad():
                found[room, scheme] = middle(x[..., : 80 + 2 * room, : 80 + 2 * room])
        assert found[room, "zeros"].shape == (1, 2, 80, 80)
    enough, short = ((found[room, "zeros"] - found[room, "circular"]).abs().max() for room in (40, 32))
    assert enough < 1e-6 < short


def test_the_border_is_an_eighth_wide():
    frame = task_scores.frame(80)
    assert frame.sum() == 80 * 80 - 60 * 60 and frame[9].all() and not frame[10, 10:70].any()


def test_scores_of_segmentation_by_hand():
    truth = torch.zeros(1, 8, 8, dtype=torch.uint8)
    truth[:, 2:4, 2:4] = 1
    predicted = truth.clone()
    predicted[:, 0] = 1  # eight pixels of the border are wrong
    found = task_scores.scores("segmentation", predicted, truth, 3)
    assert found["score"] == pytest.approx((52 / 60 + 4 / 12) / 2)
    assert found["score border"] == pytest.approx((20 / 28 + 0) / 2) and found["score middle"] == 1
    truth[:, 0] = UNLABELLED
    assert task_scores.scores("segmentation", predicted, truth, 3)["score"] == 1


def test_scores_of_saliency_by_hand():
    truth = torch.zeros(1, 8, 8)
    truth[:, 2:4, 2:4] = 1
    predicted = truth.clone()
    predicted[:, 0] = 0.5
    found = task_scores.scores("saliency", predicted, truth, 1)
    assert found["score"] == pytest.approx(1) and found["mae"] == pytest.approx(4 / 64)
    assert found["mae border"] == pytest.approx(4 / 28) and found["mae middle"] == 0


def test_the_blind_score_is_that_of_the_best_fixed_map():
    masks = torch.zeros(4, 8, 8)
    masks[:, :4] = 1
    masks[0, 4:] = 1
    images = Images(torch.zeros(4, 3, 8, 8, dtype=torch.uint8), masks)
    held = Images(images.tensors[0][1:], masks[1:])
    assert task_scores.blind("saliency", images, held, 1)["score"] == pytest.approx(1)
    classes = Images(images.tensors[0], masks.to(torch.uint8))
    assert task_scores.blind("segmentation", classes, classes, 2)["score"] == pytest.approx(
        (96 / 128 + 128 / 160) / 2
    )


def test_predictions_follow_the_padding():
    network, pixels = nn.Conv2d(3, 2, 3, padding=1), torch.zeros(3, 3, 8, 8, dtype=torch.uint8)
    found = {p: task_scores.predict(network, pixels, p, batch=2) for p in ("zeros", "reflect")}
    assert found["zeros"].shape == (3, 8, 8) and found["zeros"].dtype == torch.uint8
    assert (found["reflect"] == found["reflect"][0, 0, 0]).all()  # nothing differs in a black image
    single = task_scores.predict(nn.Conv2d(3, 1, 3, padding=1), pixels, "zeros")
    assert single.is_floating_point() and single.std() > 0


def test_the_gate():
    rows = pd.DataFrame({"score": [0.34, 0.36], "blind": [0.2, 0.2]})
    assert tasks.passed(rows).tolist() == [False, True]


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setitem(tasks.PROFILES, "quick", TINY)
    monkeypatch.setattr(task_grids, "COMMON", SMALL)


def test_their_encoders_can_be_read(tmp_path, tiny):
    asked = {"model": "vgg_fcn_saliency", "weights": "trained", "padding": "reflect", "profile": "quick"}
    with pytest.raises(ValueError, match="does not exist; train the network first"):
        task_encoders.check(asked, Context(tmp_path))
    learned = task_encoders.learned(asked)
    assert learned in tasks.grid("quick")
    network = models.build("vgg_fcn", width=0.0625, num_classes=1, init="kaiming", seed=5)
    models.save(network, tasks.weights_file(tmp_path, learned))
    found = [
        task_encoders.build({**asked, "weights": w}, Context(tmp_path)) for w in ("trained", "untrained")
    ]
    first, own = ([n.encoder.block1[0].weight for n in some] for some in (found, [network]))
    assert torch.equal(first[0], own[0]) and not torch.equal(first[1], own[0])
    assert ENCODERS["vgg_fcn_segmentation"].size == 80


@pytest.mark.parametrize("task", tasks.TASKS)
def test_a_run_leaves_rows_weights_and_predictions(tmp_path, tiny, task):
    trials = tasks.grid("quick", task, padding=("zeros", "none", "surrounded"))
    rows = tasks.EXPERIMENT.run(tmp_path, trials, progress=False).set_index("padding")
    assert rows["score"].between(0, 1).all() and rows["blind"].nunique() == 1
    assert ("blind mae" in rows) == (task == "saliency") and ("score border" in rows) != (task == "saliency")
    assert rows.loc["zeros", "snr_ppp 4"] > 0 and rows.loc["none", "snr_ppp 4"] == 0
    assert rows.loc["surrounded"].filter(like="snr_ppp").isna().all()
    assert rows["score surrounded"].notna().tolist() == [True, False, False]
    assert not list(tmp_path.glob("checkpoints/*"))
    network = models.load(tasks.weights_file(tmp_path, trials[0]))
    shown = tasks.maps(tmp_path, trials[0])
    pixels = torch.from_numpy(shown["image", "0"]).to(torch.uint8)
    again = task_scores.predict(network, pixels[None], "zeros")[0].numpy()
    assert np.allclose(again, shown["prediction", "0"], atol=2e-3)
    assert shown["truth", "0"].shape == (80, 80) and ("image", "0") not in tasks.maps(tmp_path, trials[1])


def test_saliency_is_tested_on_other_folders_too(tmp_path, tiny):
    from PIL import Image

    for folder, suffix in (("images", "jpg"), ("ground_truth_mask", "png")):
        (tmp_path / "ecssd" / folder).mkdir(parents=True)
        Image.new("RGB", (30, 20), (200, 90, 10)).save(tmp_path / "ecssd" / folder / f"a.{suffix}")
    asked = trial("saliency", "reflect")
    rows = tasks.measure(asked, Context(tmp_path, {"ecssd": tmp_path / "ecssd"}))
    assert rows["tested_on"].tolist() == ["scenes", "ecssd"] and rows["mae"].notna().all()


def test_the_mosaics_need_their_folder(tmp_path):
    with pytest.raises(ValueError, match="paths has no folder for 'satellite'"):
        tasks.EXPERIMENT.run(tmp_path, [trial(data="satellite")], progress=False)
