import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from pppkit import InfiniteScene, measure_ppp, models
from pppkit.experiments.base import measured
from pppkit.experiments.context import Context
from pppkit.experiments.ppp import chronology, initial, recipes
from pppkit.experiments.ppp.chronology import grid, load, measurement_epochs, name, network, settings
from pppkit.results import load_maps

TINY = {
    "width": 0.0625,
    "size": 32,
    "images": 128,
    "validation": 32,
    "epochs": 2,
    "n": 2,
    "sizes": (32,),
    "networks": 2,
}
SCRIPT = """
import os, signal, sys
import torch
torch.set_num_threads(1)
from pathlib import Path
from pppkit.experiments.context import Context
from pppkit.experiments.ppp import chronology, recipes
from test_chronology import TINY
recipes.PROFILES["quick"] = TINY
class Dies(recipes.Classifier):
    def on_train_epoch_start(self):
        if self.current_epoch == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        super().on_train_epoch_start()
recipes.Classifier = Dies
if __name__ == "__main__":
    chronology.measure(chronology.grid("quick", "resnet50", "randn")[0], Context(Path(sys.argv[1])))
"""


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setitem(recipes.PROFILES, "quick", TINY)


def rows_in(trial, folder, **kwargs):
    return measured(chronology.measure, chronology.KEY, Context(folder, **kwargs), trial)


def timeless(rows):
    return rows.drop(columns=[c for c in rows if c == "seconds"]).reset_index(drop=True)


@pytest.mark.parametrize("epochs, count", [(20, 11), (10, 11), (90, 11), (4, 11), (3, 2)])
def test_measurement_epochs(epochs, count):
    found = measurement_epochs(epochs, count)
    assert found[0] == 0 and found[-1] == epochs and len(found) == min(count, epochs + 1)
    steps = [b - a for a, b in pairwise(found)]
    assert min(steps) >= 1 and steps[1:] == sorted(steps[1:])  # dense at first


def test_grid_has_networks_outermost():
    trials = grid("published", ["vgg19", "resnet50"], ["zeros", "randn"], networks=2)
    assert len(trials) == 8 and [t["seed"] for t in trials] == [0] * 4 + [1] * 4
    assert (
        settings(trials[0])["precision"] == "bf16-mixed"
        and settings(trials[0] | {"data": "cifar10"})["size"] == 32
    )


def test_a_trial_in_pieces_is_the_trial_in_one(tiny, tmp_path):
    (trial, _) = grid("quick", ["resnet50"], ["randn"])
    torch.set_num_threads(1)  # as in a sweep
    whole = rows_in(trial, tmp_path / "whole")
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    environment = {
        "PYTHONPATH": f"{Path(__file__).parent}:{Path(chronology.__file__).parents[3]}",
        "PATH": "/usr/bin:/bin",
    }
    died = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "cut")], env=environment, capture_output=True, text=True
    )
    last = tmp_path / "cut" / "checkpoints" / name(trial) / "last.ckpt"
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert last.exists() and not (tmp_path / "cut" / "weights").exists()
    cut = rows_in(trial, tmp_path / "cut")
    pd.testing.assert_frame_equal(timeless(whole), timeless(cut))
    for key, value in load(trial, tmp_path / "whole").state_dict().items():
        assert torch.equal(value, load(trial, tmp_path / "cut").state_dict()[key])


def test_rows_of_a_sweep(tiny, tmp_path):
    trials = grid("quick", ["resnet50"], ["zeros"], networks=1)
    rows = rows_in(trials[0], tmp_path / "alone")
    assert rows["epoch"].unique().tolist() == [0, 1, 2] and len(rows) == 3 * 4
    assert (
        rows["val_accuracy"].notna().all()
        and (rows["width"] == 0.0625).all()
        and (rows["images"] == 128).all()
    )
    maps = load_maps(tmp_path / "alone" / "maps" / f"chronology_{name(trials[0])}.npz")
    assert maps["2", "scenes", "layer1"].shape == (8, 8)
    trained, untrained = (
        load(trials[0], tmp_path / "alone"),
        load(trials[0], tmp_path / "alone", trained=False),
    )
    assert not torch.equal(trained.conv1.weight, untrained.conv1.weight)
    assert torch.equal(untrained.conv1.weight, network(trials[0], 8).conv1.weight) and not trained.training
    chronology.EXPERIMENT.store(tmp_path).append(rows)
    again = chronology.EXPERIMENT.run(tmp_path, trials, client=1)  # all are present: nothing is trained
    assert set(again) == set(rows)  # a trial's constants come back behind what varies
    pd.testing.assert_frame_equal(timeless(again), timeless(rows[list(again)]), check_dtype=False)
    assert not (tmp_path / "weights").exists()


def test_maps_that_pages_need():
    maps = {
        (e, s, size, layer): np.full((60, 60), e)
        for e in (0, 1, 2)
        for s in ("scenes",)
        for size in (32, 64)
        for layer in "abc"
    }
    first = chronology.shown_maps(maps, largest=30)
    assert set(first) == {(e, "scenes", layer) for e in "012" for layer in "abc"} - {("1", "scenes", "a")}
    assert first["2", "scenes", "a"].shape == (30, 30) and (first["2", "scenes", "a"] == 2).all()
    assert set(chronology.shown_maps(maps, first=False)) == {("0", "scenes", "c"), ("2", "scenes", "c")}


def test_the_other_untrained_network(tiny):
    (trial, _) = grid("quick", ["resnet50"], ["zeros"])
    rows = measured(initial.measure, initial.KEY, Context(Path()), trial)
    net = models.build("resnet50", width=0.0625, num_classes=8, seed=0)
    direct = measure_ppp(
        net, InfiniteScene(0), padding="zeros", size=32, n=2, batch_size=4, progress=False
    ).rows
    assert rows["snr_ppp"].tolist() == pytest.approx(direct["snr_ppp"].tolist(), rel=1e-5)
    assert set(chronology.KEY) <= set(rows) and (rows["source"] == "scenes").all()


def test_saliency_is_trained_on_masks(tiny, tmp_path):
    (trial, _) = grid("quick", ["vgg16_sod"], ["reflect"])
    rows = rows_in(trial, tmp_path)
    assert rows["val_weighted_f"].between(0, 1).all() and rows["level"].unique().tolist() == [1, 2, 3, 4]


def test_bad_input_is_named(tiny, tmp_path):
    for call, words in (
        (lambda: grid("slow"), "profile='slow' is not one of quick, published, paper"),
        (
            lambda: chronology.EXPERIMENT.run(tmp_path, grid("quick", "alexnet")),
            "model='alexnet' is not one of",
        ),
        (
            lambda: chronology.EXPERIMENT.run(tmp_path, grid("quick", "resnet50", data="cifar10")),
            "paths has no folder for 'cifar10'",
        ),
        (lambda: load(grid("quick")[0], tmp_path), "does not exist; train the network"),
    ):
        with pytest.raises(ValueError, match=words):
            call()
