"""Canvases, tasks, AugShift and consistency of the Global Pooling paper; what its page and claims compute."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import nn

from pppkit import Padding, models
from pppkit.experiments import channels, claims
from pppkit.experiments.channels import canvas, location, tables
from pppkit.experiments.context import Context
from pppkit.training import Images


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


# Canvases


def by_loop(images, cell, cells, margins=(0, 0, 0, 0)):
    """As the authors do it: image by image."""
    n, channels_, side, _ = images.shape
    top, left, bottom, right = margins
    out = torch.zeros(
        n, channels_, top + cells * side + bottom, left + cells * side + right, dtype=images.dtype
    )
    for i, k in enumerate(cell.tolist()):
        y, x = top + side * (k // cells), left + side * (k % cells)
        out[i, :, y : y + side, x : x + side] = images[i]
    return out


@pytest.mark.parametrize("cells, margins", [(1, (0, 0, 0, 0)), (3, (0, 0, 0, 0)), (4, (3, 1, 2, 5))])
def test_a_batch_is_pasted_as_a_loop_would(cells, margins):
    images = torch.randint(1, 256, (20, 3, 5, 5), dtype=torch.uint8, generator=generator())
    cell = channels.draw_cells(20, cells, generator(1))
    assert torch.equal(channels.paste(images, cell, cells, margins), by_loop(images, cell, cells, margins))


def test_cells_are_drawn_uniformly():
    drawn = torch.bincount(channels.draw_cells(9000, 3, generator()), minlength=9)
    assert len(drawn) == 9 and (drawn - 1000).abs().max() < 150


@pytest.mark.parametrize(
    "images, cell, cells, words",
    [
        (torch.zeros(1, 3, 4, 5), torch.tensor([0]), 3, "images have 4x5 pixels"),
        (torch.zeros(1, 3, 4, 4), torch.tensor([9]), 3, "cell must be 1 numbers from 0 to 8"),
        (torch.zeros(1, 3, 4, 4), torch.tensor([-1]), 3, "cell must be"),
        (torch.zeros(2, 3, 4, 4), torch.tensor([0]), 3, "cell must be 2 numbers"),
        (torch.zeros(1, 3, 4, 4), torch.tensor([0]), 0, "cells=0 must be"),
    ],
)
def test_bad_canvases(images, cell, cells, words):
    with pytest.raises(ValueError, match=words):
        channels.paste(images, cell, cells)


# What padding tells, where it can be worked out


def everywhere(padding, cells=3, side=16, width=0.125, margins=(0, 0, 0, 0)):
    """The pooled channels of one image in every cell of the grid, of an untrained network."""
    net = models.build("gapnet", width=width, num_classes=9, init="kaiming")
    image = torch.rand(1, 3, side, side, generator=generator()).expand(cells**2, -1, -1, -1)
    with torch.no_grad(), Padding(padding, generator=generator()):
        return net.pooled(channels.paste(image, torch.arange(cells**2), cells, margins).double().float())


def spread(pooled):
    """How far apart the cells are, beside the size of the channels."""
    return ((pooled - pooled[:1]).abs().max() / pooled.abs().max()).item()


def test_circular_padding_cannot_tell_the_place():
    """A cell is a multiple of all strides wide, so to move the image by cells is to roll every map."""
    assert spread(everywhere("circular")) < 1e-5
    assert spread(everywhere("zeros")) > 1e-3


def test_nothing_tells_the_place_in_a_black_world_without_an_end():
    """Without padding, and so much black around that the average sees the whole of what the image does."""
    wide = 2 * 56
    pooled = everywhere("none", cells=2, margins=(wide, wide, wide, wide))
    assert spread(pooled) < 1e-5


def test_where_the_average_ends_is_a_border_too():
    """What the image does beyond the end of the last map is cut off, without any padding."""
    net = models.build("gapnet", width=0.125, num_classes=9)
    around = location.around("none", net, 48)
    assert around == (54, 54, 47, 47) and location.around("zeros", net, 48) == (0, 0, 0, 0)
    assert spread(everywhere("none", margins=around)) > 1e-4


# Training


def small(padding="zeros", task="location", name="gapnet", cells=2, **kwargs):
    outputs = cells**2 if task == "location" else 5
    net = models.build(name, width=0.0625, num_classes=outputs, init="kaiming")
    return channels.CanvasTask(net, padding, task, cells, **kwargs)


def test_what_is_to_be_learned():
    x, y = torch.full((6, 3, 4, 4), 200, dtype=torch.uint8), torch.arange(6) % 5
    module = small(margins=(1, 2, 3, 4))
    placed, target = module.placed(x, y, generator())
    made = placed.canvases()
    assert len(placed) == 6 and made.shape == (6, 3, 12, 14) and set(target.tolist()) <= {0, 1, 2, 3}
    assert torch.equal(made, canvas.paste(x, target, 2, (1, 2, 3, 4)))
    assert torch.equal(small(task="class").placed(x, y, generator())[1], y)
    assert module.normalized(made).max() == pytest.approx(200 / 255) and module.normalized(made).min() == 0
    settings = module.configure_optimizers()
    assert isinstance(settings, torch.optim.Adam) and settings.defaults["betas"] == (0.5, 0.999)
    assert settings.defaults["lr"] == 1e-3
    with pytest.raises(ValueError, match="task='place' is not one of location, class"):
        small(task="place")


class Reads(nn.Module):
    """Names the cell by looking: the mean over each cell."""

    def __init__(self, cells):
        super().__init__()
        self.cells, self.linear = cells, nn.Linear(1, cells**2)

    def forward(self, x):
        return nn.functional.adaptive_avg_pool2d(x, self.cells).mean(1).flatten(1)


def test_predictions_are_of_the_cells_that_were_shown():
    module = channels.CanvasTask(Reads(3), "zeros", "location", 3)
    images, labels = torch.full((70, 3, 4, 4), 9, dtype=torch.uint8), torch.zeros(70, dtype=torch.long)
    module.train()
    found, right = channels.predictions(module, images, labels)
    assert torch.equal(found, right) and len(set(right.tolist())) == 9 and module.training
    assert torch.equal(right, channels.predictions(module, images, labels)[1])
    assert not torch.equal(right, channels.predictions(module, images, labels, seed=1)[1])


def test_predictions_repeat_orders_of_channels_and_randn():
    images, labels = torch.randint(256, (40, 3, 8, 8), dtype=torch.uint8), torch.zeros(40, dtype=torch.long)
    module = small("randn", name="permutenet", cells=3)
    first = channels.predictions(module, images, labels)[0]
    torch.manual_seed(123)
    assert torch.equal(channels.predictions(module, images, labels)[0], first)


@pytest.fixture
def tiny(monkeypatch):
    """The quick profile, made smaller still."""
    more = {"images": {"location": 96, "class": 96}, "epochs": {"location": 1, "class": 1}}
    settings = location.PROFILES["quick"] | more | {"n": 2, "test": 60, "size": 8}
    monkeypatch.setitem(location.PROFILES, "quick", settings)


def tiny_cifar(root):
    """Two classes, dark and light."""
    rng = np.random.default_rng(0)
    for part, n in (("train", 60), ("test", 40)):
        for name, level in (("cat", 60), ("dog", 180)):
            (root / part / name).mkdir(parents=True)
            for i in range(n):
                pixels = rng.integers(level - 50, level + 50, (32, 32, 3)).astype(np.uint8)
                Image.fromarray(pixels).save(root / part / name / f"{i}.png")
    return root


@pytest.mark.parametrize("padding", ["zeros", "partial", "none"])
def test_a_trial_ends_in_a_row(tmp_path, tiny, padding):
    data = tiny_cifar(tmp_path / "cifar10")
    (trial,) = channels.grid("quick", "gapnet", "location", 3, padding)
    row = channels.measure(trial, Context(tmp_path, {"cifar10": data})).iloc[0]
    assert row["chance"] == pytest.approx(100 / 9) and 0 <= row["accuracy"] <= 100
    assert row["test"] == 60 and row["images"] == 96
    if padding == "none":
        assert row["snr_ppp"] < 1e-5
    else:
        assert row["snr_ppp"] > 1e-3 and row["mae_ppp"] > 0


def test_a_trial_of_classes_on_scenes(tmp_path, tiny):
    (trial,) = channels.grid("quick", "permutenet", "class", 3, "zeros", "scenes")
    rows = replace(channels.EXPERIMENT, here=True).run(tmp_path, [trial], progress=False)
    assert rows["chance"].item() == 12.5 and rows["data"].item() == "scenes"
    assert not list((tmp_path / "checkpoints").glob("*"))
    again = channels.measure(trial, Context(tmp_path / "again"))
    assert rows["accuracy"].item() == again["accuracy"].item()  # seeds are all that it depends on


def test_images_that_are_not_in_memory():
    pairs = [(torch.full((3, 2, 2), i, dtype=torch.uint8), i) for i in range(3)]
    x, y = location.held_out(pairs)
    assert x[:, 0, 0, 0].tolist() == y.tolist() == [0, 1, 2]
    assert location.held_out(Images(x, y))[0] is x


def test_grids():
    trials = channels.grid()
    assert len(trials) == 2 * 2 * 3 * 2 * 7 and len({location.name(t) for t in trials}) == len(trials)
    assert all(t in trials for t in channels.published())
    for bad, words in (
        ({"profile": "slow"}, "profile='slow'"),
        ({"model": "vgg19"}, "model='vgg19'"),
        ({"task": "place"}, "task='place'"),
        ({"padding": "mirror"}, "'mirror' is not a padding scheme"),
    ):
        with pytest.raises(ValueError, match=words):
            channels.grid(**bad)


# Shifts


def test_shifted_by_hand():
    image = torch.arange(1, 10.0).view(1, 1, 3, 3)
    rolled = {
        tuple(torch.roll(image, by, (2, 3)).flatten().tolist())
        for by in itertools.product((-1, 0, 1), repeat=2)
    }
    seen = {tuple(channels.shifted(image, 1, generator(s), "circular").flatten().tolist()) for s in range(80)}
    assert seen == rolled
    black = {tuple(channels.shifted(image, 1, generator(s)).flatten().tolist()) for s in range(80)}
    assert (0, 0, 0, 0, 1, 2, 0, 4, 5) in black and (5, 6, 0, 8, 9, 0, 0, 0, 0) in black and len(black) == 9
    assert channels.shifted(image, 0, generator()) is image
    for bad, words in (({"shift": -1}, "shift=-1"), ({"shift": 1, "fill": "none"}, "fill='none'")):
        with pytest.raises(ValueError, match=words):
            channels.shifted(image, generator=generator(), **bad)


def test_augshift_doubles_the_batch():
    x, y = torch.rand(5, 3, 8, 8), torch.arange(5)
    both, labels = channels.augshift(x, y, 2, generator())
    assert torch.equal(both[:5], x) and labels.tolist() == [*range(5), *range(5)]
    assert torch.equal(both[5:], channels.shifted(x, 2, generator())) and not torch.equal(both[5:], x)


def test_a_circular_network_of_stride_1_is_consistent_exactly():
    """Rolling its input rolls every map; the sum of the same whole numbers is the same."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 4, 3, padding=1), nn.ReLU())
    for p in net.parameters():
        p.data = torch.randint(-3, 4, p.shape).to(p)  # exact in float32: no order of summation matters
    net = nn.Sequential(net, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    images = torch.randint(0, 8, (60, 1, 16, 16), generator=generator()).float()
    with Padding("circular"):
        assert channels.shift_consistency(net, images, 8, fill="circular") == 100
        moved = channels.shifted(images, 8, generator(), "circular")
        assert torch.equal(net(images), net(moved)) and not torch.equal(images, moved)
        strided = nn.Sequential(nn.AvgPool2d(1, 2), net)
        assert not torch.equal(strided(images), strided(moved))
    assert not torch.equal(net(images), net(moved))  # zeros
    reader = nn.Sequential(nn.Flatten(), nn.Linear(256, 4))
    assert channels.shift_consistency(reader, images, 8, fill="circular") < 80


def test_consistency_leaves_the_network_as_it_was():
    net = small().model.train()
    channels.shift_consistency(net, torch.rand(4, 3, 16, 16), 2, batch=3)
    assert all(m.training for m in net.modules())


# Pages and claims


def rows(values, task="location", cells=3):
    """Rows of cells `(model, padding)` with the accuracies of their networks."""
    more = {"task": task, "cells": cells, "chance": 100 / cells**2 if task == "location" else 10.0}
    more |= {"width": 0.25, "size": 16, "images": 9, "epochs": 1, "data": "cifar10", "profile": "published"}
    return pd.DataFrame(
        [
            {"model": m, "padding": p, "seed": s, "accuracy": a, "snr_ppp": a / 100, "mae_ppp": 0.1, **more}
            for (m, p), several in values.items()
            for s, a in enumerate(several)
        ]
    )


MEASURED = {
    ("gapnet", "zeros"): [99, 97.0],
    ("gapnet", "circular"): [11, 11.2],
    ("gapnet", "reflect"): [60, 62.0],
    ("permutenet", "zeros"): [30, 34.0],
}


@pytest.fixture
def printed():
    return tables.read_printed("book/reference/global_pooling_location.csv")


@pytest.fixture(autouse=True)
def at_home(monkeypatch, request):
    monkeypatch.chdir(request.config.rootpath)


def test_networks_of_two_data_sets_are_no_repetitions():
    for paths, data in (({}, "scenes"), ({"cifar10": "somewhere"}, "cifar10"), ({"cifar10": ""}, "scenes")):
        assert {trial["data"] for trial in channels.shown("quick", paths=paths)} == {data}
    assert {trial["data"] for trial in channels.shown("quick", data="scenes", paths={"cifar10": "x"})} == {
        "scenes"
    }
    with pytest.raises(ValueError, match="data='scenes,cifar10'"):
        channels.shown("quick", data="scenes,cifar10")
    own, other = rows(MEASURED), rows({("gapnet", "zeros"): [11, 11.5]}).assign(data="scenes")
    alone, both = (
        claims.judge(claims.Rows({"gap_location": table}), ["gap-location"])["measured"].item()
        for table in (own, pd.concat([own, other], ignore_index=True))
    )
    assert alone == both


def test_beside_the_paper(printed):
    shown = tables.beside_the_paper(rows(MEASURED), printed)
    assert shown["paper"].tolist() == [100, 100, 82.6, 82.1, 78.8, 21.4, 82.1, 69.9]
    assert shown["ours"].tolist() == ["98.0 ± 1.4", "", "", "", "32.0 ± 2.8", "", "", ""]
    assert shown["chance"].round(1).tolist() == [11.1, 2.0, 10, 10, 11.1, 2.0, 10, 10]


def test_tables_and_the_answer(printed):
    found = tables.by_padding(rows(MEASURED))
    assert (
        found["network"].tolist() == ["GAPNet"] * 3 + ["PermuteNet"] and found["networks"].tolist() == [2] * 4
    )
    assert found["SNR-PPP"].iloc[2] == "0.610 ± 0.014"
    said = tables.answer(rows(MEASURED))
    assert said == (
        "GAPNet names the right cell of 3x3 in 98 % under zeros, 61 % under reflect; "
        "not above chance (11 %): circular 11 %."
    )
    bare = tables.answer(rows({("gapnet", "none"): [99, 98.0], ("gapnet", "circular"): [11, 11.2]}))
    assert bare.endswith("not padding alone: where the averaged map ends is one, too.")
    assert "No GAPNet" in tables.answer(rows({("permutenet", "zeros"): [1.0]}))
    assert tables.ppp_sentence(rows(MEASURED)).startswith("Under no padding that hides the cell")
    assert tables.ppp_sentence(rows({("gapnet", "zeros"): [99.0]})).startswith("Too few paddings")
    odd = rows(MEASURED)
    odd.loc[odd["padding"] == "circular", "snr_ppp"] = 0.7
    assert tables.ppp_sentence(odd) == (
        "Under circular the pattern is stronger (SNR-PPP 0.70) than under reflect (0.61), "
        "and yet the cell cannot be named."
    )
    assert tables.grids_sentence(rows(MEASURED)) == ""
    larger = {("gapnet", "zeros"): [80.0], ("gapnet", "circular"): [2.1], ("permutenet", "zeros"): [2.4]}
    assert tables.grids_sentence(pd.concat([rows(MEASURED), rows(larger, cells=7)])) == (
        "Larger grids, with 9 images and 1 epochs, as many as for the smallest grid: 7x7 (chance 2 %): "
        "GAPNet 80 % under zeros, GAPNet 2 % under circular, PermuteNet 2 % under zeros."
    )
    shown = tables.points(rows(MEASURED), printed, "accuracy")
    paper = shown[shown["network"].str.contains("paper")]
    assert paper["value"].tolist() == [100, 78.8] and (shown["network"] == "chance").sum() == 3
    assert len(tables.points(rows(MEASURED), printed, "snr_ppp")) == 8


def verdict(id, table):
    found = claims.judge(claims.Rows({"gap_location": table}), [id])
    return found["verdict"].item() if len(found) else None


def test_claims():
    good = {("gapnet", "zeros"): [99, 98, 99, 98.0], ("permutenet", "zeros"): [30, 31, 30, 31.0]}
    bad = {("gapnet", "zeros"): [30, 31, 30, 31.0], ("permutenet", "zeros"): [99, 98, 99, 98.0]}
    assert verdict("gap-order", rows(good)) == claims.Verdict.HOLDS
    assert verdict("gap-order", rows(bad)) == claims.Verdict.FAILS
    order = claims.judge(claims.Rows({"gap_location": rows(good)}), ["gap-order"])["measured"].item()
    assert "PermuteNet learns slowly: its accuracy after 1 epochs is a lower bound" in order
    assert verdict("gap-location", rows(good)) == claims.Verdict.HOLDS
    assert verdict("gap-location", rows({("gapnet", "zeros"): [5, 6, 5, 6.0]})) == claims.Verdict.FAILS
    assert verdict("gap-class", rows(good)) is None  # not measured
    beside = pd.concat(
        [rows(good), rows({("gapnet", "zeros"): [1.0], ("permutenet", "zeros"): [2.0]}, cells=5)]
    )
    assert verdict("gap-location", beside) == claims.Verdict.HOLDS, "one network each does not decide"
    more = pd.concat([rows(good), rows({("gapnet", "zeros"): [1.0, 1.1, 1.0, 1.1]}, cells=5)])
    assert verdict("gap-location", more) == claims.Verdict.FAILS
    single = {("gapnet", "zeros"): [99.0], ("permutenet", "zeros"): [98.0]}
    assert verdict("gap-class", rows(single, "class")) == claims.Verdict.OPEN, "one network has no spread"
    kept = {("gapnet", "zeros"): [60, 61, 60, 61.0], ("permutenet", "zeros"): [50, 51, 50, 51.0]}
    assert verdict("gap-class", rows(kept, "class")) == claims.Verdict.HOLDS
    assert verdict("gap-class", rows(good, "class")) == claims.Verdict.FAILS
