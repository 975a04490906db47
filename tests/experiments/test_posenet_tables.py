"""PosENet's own tables: encoders, trials, and ours beside the printed numbers."""

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from pppkit import models
from pppkit.experiments.context import Context
from pppkit.experiments.posenet import (
    case_study,
    constants,
    encoders,
    pattern,
    reproduction_features,
    reproduction_grids,
    reproduction_missing,
    task_encoders,
)
from pppkit.experiments.posenet import reproduction as experiment
from pppkit.experiments.posenet import reproduction_tables as tables
from pppkit.experiments.posenet.encoders import ENCODERS, Reader
from pppkit.experiments.posenet.pictures import images, resized
from pppkit.experiments.ppp import learned
from pppkit.models.hooks import features
from pppkit.results.statistics import Interval

REFERENCE = Path(__file__).parents[2] / "book" / "reference"
TINY = {"train": 16, "test": 4, "noise": 2, "epochs": 2, "trials": 3, "size": 32}


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setitem(experiment.PROFILES, "quick", TINY)
    reproduction_features._read.cache_clear()
    yield
    reproduction_features._read.cache_clear()


def test_waves_against_closed_forms():
    wave = pattern("horizontal waves", 200, periods=1)
    assert torch.equal(wave, pattern("vertical waves", 200, periods=1).T)
    assert wave[0, 49].item() == pytest.approx(math.sin(2 * math.pi * 49.5 / 200), abs=1e-6)
    assert wave.mean().item() == pytest.approx(0, abs=1e-6) and wave.min() < -0.999
    assert constants.constant_error(wave, 0) == pytest.approx(2 / math.pi, abs=1e-4)
    half = 2 / math.pi * (math.sqrt(0.75) + 0.5 * math.asin(0.5))
    assert constants.constant_error(wave, 0.5) == pytest.approx(half, abs=1e-4)


def test_only_a_signed_sine_has_the_printed_errors_of_stripes():
    found = constants.readings()
    assert found.index[found["fits"] == "yes"].tolist() == ["a sine from -1 to 1"]
    assert found.loc["stripes from 0 to 1", ["least", "most"]].tolist() == pytest.approx([0.5, 0.5])
    # four samples a wave by hand: (0 + 1 + 0 + 1) / 4
    assert constants.sampled_sine(4) == pytest.approx(0.5)
    assert constants.sampled_sine(1000) == pytest.approx(2 / math.pi, abs=1e-5)


def test_the_picture_alone_is_the_picture():
    eye = Reader(encoders.Picture().eval(), ["image"], 28, "none")
    x = images("scenes", "train", 2, 28)
    (read,) = eye.read(x)
    assert read.shape == (2, 3, 28, 28) and read.min() >= 0 and read.max() <= 1
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    assert torch.allclose(read, x * std.view(3, 1, 1) + mean.view(3, 1, 1), atol=1e-6)


def test_stages_of_torchvisions_networks():
    vgg = models.build("torchvision/vgg16")
    found = features(vgg, encoders.BLOCKS, torch.zeros(1, 3, 32, 32))
    assert [f.shape[1:] for f in found.values()] == [
        (64, 32, 32),
        (128, 16, 16),
        (256, 8, 8),
        (512, 4, 4),
        (512, 2, 2),
    ]
    modules = dict(vgg.named_modules())
    pools = [f"features.{int(name.split('.')[1]) + 1}" for name in encoders.BLOCKS]
    assert all(isinstance(modules[name], torch.nn.ReLU) for name in encoders.BLOCKS)
    assert all(isinstance(modules[name], torch.nn.MaxPool2d) for name in pools)  # the blocks' ends
    assert ENCODERS["resnet152"].layers == ("layer1", "layer2", "layer3", "layer4")


def test_without_padding_a_network_sees_the_same_everywhere():
    net = models.build("cifar_resnet20", num_classes=2, init="kaiming")
    layers = models.LAYERS_OF_INTEREST["cifar_resnet20"]
    without, zeros = (Reader(net, layers, 32, padding) for padding in ("optimal", "zeros"))
    plain = torch.ones(1, 3, without.window, without.window)
    for maps in without.read(plain):  # constant: there is no border
        assert maps.flatten(2).std(2).max() < 1e-5 * maps.abs().max()
    assert zeros.window == 32 < without.window
    assert max(maps.flatten(2).std(2).max() for maps in zeros.read(plain[..., :32, :32])) > 0.01
    x = torch.randn(1, 3, without.window, without.window, generator=torch.Generator().manual_seed(0))
    first = without.plan.before
    inner = x[..., first : first + 32, first : first + 32]
    shapes = [maps.shape for maps in zeros.read(inner)]
    found = without.read(x)
    assert [maps.shape for maps in found] == shapes
    # away from the border both see the same: the first stage, whose maps lie 13 convolutions deep
    wide = features(net, layers[:1], x)["layer1"][..., first : first + 32, first : first + 32]
    assert torch.allclose(found[0], resized([wide]), atol=1e-4)


def test_rows_name_their_settings_and_leave_maps(tiny, tmp_path):
    (trial,) = experiment.grid("quick", "cifar_resnet20", stages=("all", "2"))
    rows = experiment.EXPERIMENT.run(tmp_path, [trial], progress=False)
    assert len(rows) == 5 * 2 * 3 and set(experiment.KEY) <= set(rows)
    assert set(rows["stages"].astype(str)) == {"all", "2"} and (rows["count noise"] == 2).all()
    assert not experiment.map_file(tmp_path, trial).exists()  # of the first read-outs alone
    (first,) = experiment.grid("quick", "cifar_resnet20")
    again = experiment.EXPERIMENT.run(tmp_path, [first], progress=False)
    assert again["spc images"].tolist() == rows[rows["stages"] == "all"]["spc images"].tolist()
    (second,) = experiment.grid("quick", "cifar_resnet20", stages="2", pattern="gaussian")
    assert experiment.EXPERIMENT.missing(tmp_path, [second]) == []
    kept = experiment.measure(first, Context(tmp_path))
    assert kept["spc images"].to_numpy() == pytest.approx(again["spc images"].to_numpy(), abs=1e-4)
    maps = experiment.maps(tmp_path, first)
    assert {key[1:] for key in maps} == {("images",), ("black",), ("white",), ("noise",)} | {
        ("images", str(epoch)) for epoch in (1, 2)
    }
    assert {m.shape for m in maps.values()} == {(28, 28)} and {key[0] for key in maps} == set(experiment.FIVE)
    assert all(0 <= m.min() and m.max() <= 1 for m in maps.values())


def test_features_are_computed_once_for_all_trials_of_a_network(tiny, tmp_path, monkeypatch):
    calls, build = [], reproduction_features.reader
    monkeypatch.setattr(reproduction_features, "reader", lambda *given: calls.append(1) or build(*given))
    trials = experiment.table("kernel", "quick", {"posenet": ("none",)})
    rows = experiment.EXPERIMENT.run(tmp_path, trials, progress=False)
    assert len(trials) == 3 and calls == [1] and sorted(rows["kernel"].unique()) == [1, 3, 7]


def test_a_padded_read_out_finds_position_in_pictures(tmp_path, monkeypatch):
    monkeypatch.setitem(experiment.PROFILES, "quick", {**TINY, "train": 64, "test": 16, "epochs": 15})
    reproduction_features._read.cache_clear()
    (trial,) = experiment.grid("quick", "posenet", pattern="gaussian", readout_padding=(0, 2))
    rows = experiment.EXPERIMENT.run(tmp_path, [trial], progress=False)
    spc = rows.groupby("readout_padding")["spc images"].mean()
    assert spc[2] > 0.1 and spc[2] > abs(spc[0]) + 0.05
    reproduction_features._read.cache_clear()


def test_other_rooms_add_their_encoders(tmp_path):
    own = replace(ENCODERS["cifar_resnet20"], title="mine", weights=("drawn",), layers=("layer1",))
    with pytest.raises(ValueError, match="name='posenet' is taken by PosENet alone"):
        encoders.register("posenet", own)
    encoders.register("mine", own)
    try:
        (trial,) = experiment.grid("quick", "mine", "drawn")
        assert experiment.settings(trial)["size"] == 32
    finally:
        del ENCODERS["mine"]


def test_the_published_grid():
    found = experiment.EXPERIMENT.trials()
    assert len({str(trial) for trial in found}) == len(found)
    assert found == sorted(
        found, key=lambda t: list(reproduction_grids.PUBLISHED["models"]).index(t["model"])
    )
    rows = [tuple(row.values()) for trial in found for row in experiment.EXPERIMENT.rows_of(trial)]
    assert len(set(rows)) == len(rows)
    deep = [t for t in found if t["depth"] == (3,)]
    assert [(t["model"], t["pattern"]) for t in deep] == [
        ("posenet", experiment.THREE),
        ("cifar_resnet20", experiment.THREE),
    ]


def test_bad_trials_are_named(tmp_path):
    for call, words in (
        (lambda: experiment.grid("quick", "vgg"), "model='vgg' is not one of posenet"),
        (lambda: experiment.grid(model="posenet", padding="zeros"), "no network has both"),
        (lambda: experiment.table("tasks"), "name='tasks' is not one of models, depth"),
        (lambda: experiment.settings({**experiment.grid()[0], "padding": "randn"}), "padding='randn'"),
        (
            lambda: experiment.EXPERIMENT.run(tmp_path, experiment.grid("quick", stages="7")),
            "stages='7' is not one of all, 1",
        ),
        (
            lambda: experiment.EXPERIMENT.run(tmp_path, experiment.grid(weights="trained")),
            "paths has no folder for 'weights'",
        ),
        (
            lambda: experiment.EXPERIMENT.run(tmp_path, experiment.grid("quick", "resnet9", "trained")),
            "does not exist; train the network",
        ),
    ):
        with pytest.raises(ValueError, match=words):
            call()


def test_every_printed_cell_is_read():
    found = tables.read_printed(REFERENCE)
    assert {name: len(part) for name, part in found.items()} == {
        "models": 84,
        "depth": 18,
        "kernel": 18,
        "stages": 12,
        "padding": 15,
    }
    cell = found["padding"].query("model == 'vgg' and padding == 'optimal' and pattern == 'horizontal waves'")
    assert cell[["spc", "mae"]].to_numpy().tolist() == [[0.011, 0.628]]
    assert found["stages"].query("stages == 'all'")["spc"].tolist() == [0.742, 0.814]
    assert (
        found["depth"].query("model == 'vgg' and depth == 3 and pattern == 'gaussian'")["mae"].item() == 0.104
    )


def test_own_networks_under_no_padding_are_those_that_learned_with_zeros(tmp_path, monkeypatch):
    named = []
    monkeypatch.setattr(encoders.chronology, "load", lambda trial, *_: named.append(trial["padding"]))
    for padding in ("randn", "optimal"):
        (trial,) = experiment.grid("quick", "resnet9", "trained", padding)
        ENCODERS["resnet9"].check(trial, Context(tmp_path))
    assert named == ["randn", "zeros"]


def test_networks_of_our_own_are_trained_before_they_are_read_again():
    """For rows that are computed again: each training that is named is a published one."""
    for trial in experiment.EXPERIMENT.trials():
        steps = experiment.EXPERIMENT.after(trial)
        assert bool(steps) == (trial["model"] in ("vgg19_bn", *task_encoders.NAMES)), trial
        for training, step in steps:
            assert step in training.trials() and step["padding"] == trial["padding"], trial
    (trial,) = experiment.grid("published", "vgg19_bn", "trained", "optimal")
    ((training, step),) = experiment.EXPERIMENT.after(trial)
    assert training is learned.EXPERIMENT and step["padding"] == "zeros"
    assert step in learned.EXPERIMENT.trials()


def test_what_a_table_asks_of_networks_that_learned_under_each_padding():
    asked = experiment.table(
        "padding", "published", {"vgg19_bn": ("trained",), "vgg_fcn_saliency": ("trained",)}
    )
    fills = ("zeros", "reflect", "replicate", "circular", "randn")
    assert {t["padding"] for t in asked if t["model"] == "vgg19_bn"} == set(fills)
    assert {t["padding"] for t in asked if t["model"] == "vgg_fcn_saliency"} == {*fills, "none"}
    assert all(t["pattern"] == experiment.FIVE for t in asked)
    wide = experiment.table("kernel", "published", {"vgg16": ("untrained",)})
    assert sorted(kernel for t in wide for kernel in t["kernel"]) == [1, 3]


def test_the_page_of_table_1_shows_both_kinds_of_pictures_and_others_one():
    shown = experiment.shown("models", "published")
    both = {t["model"] for t in shown if t["source"] == "satellite"}
    assert both == {"posenet", "cifar_resnet20", "cifar_resnet56", "squeezenet1_0"}
    assert all(t in experiment.EXPERIMENT.trials() for t in shown)
    assert {t["source"] for t in experiment.shown("models", "published", source="scenes")} == {"scenes"}
    assert {t["source"] for t in experiment.shown("stages", "published")} == {"scenes"}


def test_directions_by_hand():
    up, down, open_ = Interval(0.3, 0.1, 0.5), Interval(-0.3, -0.5, -0.1), Interval(0.1, -0.1, 0.3)
    assert [tables.direction(i, 0.2) for i in (up, down, open_)] == ["agrees", "disagrees", "cannot be told"]
    assert [tables.direction(i, -0.2) for i in (up, down)] == ["disagrees", "agrees"]
    assert [tables.direction(i, 0.01) for i in (up, open_)] == ["disagrees", "agrees"]


def made(values):
    """Rows of posenet_tables: by (model, weights, padding, kernel) SPC of three trials, MAE 1 - SPC."""
    rows = []
    for (model, weights, padding, kernel), spc in values.items():
        for trial, offset in enumerate((-0.01, 0.0, 0.01)):
            names = {"model": model, "weights": weights, "padding": padding, "source": "scenes"}
            names |= {"pattern": "horizontal", "depth": 1, "kernel": kernel, "readout_padding": 0}
            names |= {"stages": "all", "trial": trial, "profile": "quick", "train_loss": 0.1}
            for test in ("images", "black"):
                blank = test == "black" and model == "posenet"
                names |= {f"spc {test}": np.nan if blank else spc + offset, f"mae {test}": 1 - spc - offset}
                names |= {f"nan {test}": float(blank), f"count {test}": 1.0}
            rows.append(names)
    return pd.DataFrame(rows)


def test_ours_beside_the_printed_by_hand():
    printed = tables.read_printed(REFERENCE)
    rows = made({("posenet", "none", "none", 3): 0.0, ("squeezenet1_0", "trained", "zeros", 3): 0.5})
    found = tables.compare(rows, printed["models"], "models").query("metric == 'spc'")
    cells = found.set_index(["model", "picture"])
    one = cells.loc[("squeezenet1_0", "images")]
    assert (one["paper"], one["ours"]) == (0.742, pytest.approx(0.5))
    assert one["difference"] == pytest.approx(0.5) and one["paper_difference"] == pytest.approx(0.73)
    assert one["verdict"] == "agrees" and cells.loc[("squeezenet1_0", "black"), "verdict"] == "agrees"
    assert cells.loc[("posenet", "images"), "verdict"] == "agrees"  # .012 from three trials .01 apart
    assert cells.loc[("posenet", "black"), "verdict"] == "agrees"  # constant: the paper's 0
    assert math.isnan(cells.loc[("posenet", "black"), "ours"])
    shown = tables.beside(tables.compare(rows, printed["models"], "models"), "models")
    assert shown.loc[("SqueezeNet 1.0", "trained", "horizontal"), "images"] == "0.500 ± 0.025 | 0.742"
    assert shown.loc[("PosENet alone", "none", "horizontal"), "black"] == "constant | 0.000"


def test_kernels_are_seen_against_kernel_3():
    printed = tables.read_printed(REFERENCE)["kernel"]
    spc = {1: 0.6, 3: 0.5, 7: 0.9}
    rows = made({("cifar_resnet20", "trained", "zeros", kernel): value for kernel, value in spc.items()})
    found = tables.compare(rows, printed, "kernel")
    verdicts = found[found["metric"] == "spc"].set_index("kernel")["verdict"].to_dict()
    assert verdicts == {1: "disagrees", 3: "", 7: "agrees"}  # the paper: .542, .742, .828
    counts = tables.counts(found)
    assert counts.loc[("ResNet-20", "trained")].tolist() == [2, 2, 0]  # SPC and MAE
    assert "Of 4 comparisons with the paper 2 agree, 2 disagree and 0" in tables.agreement(found)
    assert "ResNet-20 0.60 (1), 0.50 (3), 0.90 (7)" in tables.answer(found, "kernel")
    points = tables.points(rows, printed, "kernel")
    assert set(points["read by"]) == {"ResNet-20", "paper, PosENet alone", "paper, VGG16"}
    assert points["along"].unique().tolist() == ["1", "3", "7"]


def test_pictures_of_one_kind_are_seen_against_their_own():
    printed = tables.read_printed(REFERENCE)["models"]
    spc = {("posenet", "none", "none", 3): 0.0, ("squeezenet1_0", "trained", "zeros", 3): 0.5}
    other = {**spc, ("posenet", "none", "none", 3): 0.6}
    rows = pd.concat([made(spc), made(other).assign(source="satellite")], ignore_index=True)
    found = tables.compare(rows, printed, "models").query("metric == 'spc' and picture == 'images'")
    verdicts = found.set_index(["model", "source"])["verdict"]
    assert verdicts["squeezenet1_0", "scenes"] == "agrees"
    assert verdicts["squeezenet1_0", "satellite"] == "disagrees"  # there the picture alone has more
    shown = tables.beside(tables.compare(rows, printed, "models"), "models")
    assert shown.index.names == ["network", "weights", "pictures", "pattern"]
    answer = tables.answer(tables.compare(rows, printed, "models"), "models")
    assert answer.endswith("in pictures alone 0.00, in 1 trained network 0.50 (SqueezeNet 1.0).")


def test_table_1_by_who_trained_the_network():
    printed = tables.read_printed(REFERENCE)["models"]
    spc = {
        ("posenet", "none", "none", 3): 0.0,
        ("squeezenet1_0", "trained", "zeros", 3): 0.5,
        ("cifar_resnet20", "trained", "zeros", 3): 0.8,
        ("vgg_fcn_saliency", "trained", "zeros", 3): 0.9,
        ("resnet152", "untrained", "zeros", 3): 0.7,
    }
    rows = made(spc)
    found = tables.compare(rows, printed, "models")
    assert tables.answer(found, "models") == (
        "SPC of the horizontal gradient: in pictures alone 0.00, in 3 trained networks 0.50 (SqueezeNet "
        "1.0) to 0.90 (VGG-FCN, saliency), in 1 untrained network 0.70 (ResNet152)."
    )
    assert set(found.loc[found["model"] == "vgg_fcn_saliency", "paper"]) >= {0.969}  # of the paper's VGG-SOD
    assert "Of 4 comparisons of untrained networks" in tables.agreement(found)
    assert tables.agreement(found).endswith("numbers are compared of PosENet alone.")
    assert "which way" not in tables.agreement(found[found["model"] == "posenet"])
    assert tables.counterparts(found, "models").endswith(
        "ours: VGG16's beside SqueezeNet 1.0; ResNet152's beside ResNet-20, ResNet152; VGG16 for saliency's "
        "beside VGG-FCN, saliency."
    )
    points = tables.points(rows, printed, "models")
    kinds = points.groupby("networks")["read by"].agg(set)
    assert set(kinds.index) == {"trained by others", "trained here", "untrained"}
    both = {"PosENet alone", "paper, PosENet alone"}
    assert kinds["trained here"] == both | {"VGG-FCN, saliency", "paper, VGG16 for saliency"}
    assert kinds["untrained"] == both | {"ResNet152, untrained", "paper, ResNet152"}


def test_networks_that_learned_under_each_padding():
    spc = {("cifar_resnet20", "trained", "zeros", 3): 0.8, ("cifar_resnet20", "trained", "optimal", 3): 0.1}
    own = {("vgg19_bn", "trained", p, 3): v for p, v in {"zeros": 0.9, "randn": 0.3, "reflect": 0.4}.items()}
    rows = made({**spc, **own})
    assert tables.learned_under_each(rows) == (
        "Networks that learned under each padding: VGG19-BN 0.90 with zeros, 0.30 (randn) to 0.40 (reflect) "
        "with others."
    )
    assert tables.learned_under_each(made(spc)).startswith("No network here learned under each padding")
    found = tables.compare(rows, tables.read_printed(REFERENCE)["padding"], "padding")
    assert tables.answer(found, "padding").endswith("by padding: ResNet-20 0.80 (zeros), 0.10 (without).")
    shown = tables.by_padding(rows)
    assert shown.index.tolist() == ["zeros", "reflect", "randn", "without"]
    assert shown["ResNet-20"].str[:4].tolist() == ["0.80", "", "", "0.10"]
    assert shown["VGG19-BN"].str[:4].tolist() == ["0.90", "0.40", "0.30", ""]


def test_sentences_on_what_has_no_row_follow_the_rows():
    printed = tables.read_printed(REFERENCE)["kernel"]
    alone = {("posenet", "none", "none", kernel): 0.0 for kernel in (1, 3, 7)}
    own = {("cifar_resnet20", "trained", "zeros", kernel): 0.5 for kernel in (1, 3)}
    picture, vgg = reproduction_missing.missing(made({**alone, **own}), printed, "kernel")
    assert (picture.paper, picture.printed, picture.measured) == ("posenet", 9, 3)
    assert (vgg.measured, vgg.instead) == (0, {"ResNet-20": 2}) and len(vgg.nowhere) == 7
    text = reproduction_missing.sentences(made({**alone, **own}), printed, "kernel")
    assert (
        "**VGG16**: 9 of 9 printed cells have no row" in text and "In its place stand ResNet-20 (2)." in text
    )
    assert "No network here has horizontal (kernel 7), gaussian (kernel 1, 3, 7), horizontal waves" in text
    theirs = {("vgg16", "imagenet", "zeros", kernel): 0.5 for kernel in (1, 3, 7)}
    rows = pd.concat([made(theirs).assign(pattern=name) for name in experiment.THREE], ignore_index=True)
    assert "- **VGG16**: all 9 printed cells have rows." in reproduction_missing.sentences(
        rows, printed, "kernel"
    )


def test_the_command_for_missing_cells_names_trials():
    printed = tables.read_printed(REFERENCE)
    for name in experiment.TABLES:
        text = reproduction_missing.sentences(
            made({("posenet", "none", "none", 3): 0.0}), printed[name], name
        )
        calls = re.findall(r"(reproduction\.table\(.*?\]}\))", text)
        assert len(calls) == (2 if name == "models" else 1)
        for call in calls:
            trials = eval(call, {"reproduction": experiment})  # the page's own words
            assert trials and {t["weights"] for t in trials} == {"imagenet"}


def test_what_is_drawn_lies_between_two_networks():
    flat, half = np.full((28, 28), 0.5), np.linspace(0.25, 0.75, 28)[None].repeat(28, 0)
    panels = {("horizontal", "images"): half, ("horizontal", "black"): flat}
    found = {"one": panels, "other": {**panels, ("horizontal", "images"): flat}}
    assert case_study.answer(found) == (
        "Of the horizontal gradient, from 0 to 1, read-outs draw a map that spans 0.00 (other) to 0.50 (one) "
        "on pictures; 0.00 (one) to 0.00 (other) on black."
    )
