"""Networks whose position information is known by construction."""

import pytest
import torch

import pppkit
from pppkit.experiments import EXPERIMENTS
from pppkit.experiments.context import Context
from pppkit.experiments.posenet import ReadOut, controls, pattern, score, train
from pppkit.experiments.posenet.control_networks import (
    VIEWS,
    ControlNetwork,
    Coordinates,
    Interior,
    Shuffled,
    with_views,
)
from pppkit.experiments.posenet.control_training import PlaceModule, cells, frames
from pppkit.metrics import snr_ppp

PADDED = [p for p in controls.PADDINGS if p != "none"]


def ppp(model, padding, layers=VIEWS):
    asked = {"padding": padding, "size": 64, "n": 3, "batch_size": 3, "progress": False}
    return pppkit.measure_ppp(model, pppkit.InfiniteScene(0), layers, **asked).rows


def network(**given):
    torch.manual_seed(0)
    return ControlNetwork(**given).eval()


def test_coordinates_by_hand():
    x = torch.full((2, 1, 3, 5), 7.0)
    found = Coordinates(5)(x)
    assert torch.equal(found[:, :1], x) and found.shape == (2, 3, 3, 5)
    assert found[1, 1, :, 4].tolist() == [-0.5, 0, 0.5]  # rows, of a frame with five
    assert found[1, 2, 2].tolist() == [-1, -0.5, 0, 0.5, 1]


def test_coordinates_of_a_frame_stay_where_more_of_the_world_is_seen():
    frame, world = (Coordinates(8)(torch.zeros(1, 3, n, n)) for n in (8, 20))
    assert torch.allclose(world[..., 6:14, 6:14], frame, atol=1e-6)
    assert world.max() > 2  # and go on beyond it


def test_interior_by_hand():
    x = torch.arange(30.0).view(1, 1, 5, 6)
    assert Interior(2)(x)[0, 0].tolist() == [[14, 15]] and torch.equal(Interior(0)(x), x)


def test_shuffling_moves_places_and_nothing_else():
    x = torch.arange(2 * 3 * 16.0).view(1, 6, 4, 4).repeat(5, 1, 1, 1)
    moved = Shuffled(3)(x)
    assert moved.shape == x.shape and not torch.equal(moved[0], moved[1])  # each image has its own order
    assert torch.equal(moved.flatten(2).sort(-1).values, x.flatten(2))
    assert torch.equal(moved[:, 1] - moved[:, 0], torch.full((5, 4, 4), 16.0))  # channels stay together
    assert torch.equal(moved, Shuffled(3)(x)) and not torch.equal(moved, Shuffled(4)(x))


def test_views_share_weights_and_change_nothing_else():
    whole = network()
    inside = with_views(whole, {"view3": Interior(4)})
    assert inside.stage1 is whole.stage1 and isinstance(whole.view3, torch.nn.Identity)
    x = torch.rand(2, 3, 64, 64)
    assert torch.equal(inside(x), whole(x))
    maps = (pppkit.alignment.features(net, ["view3"], x)["view3"] for net in (whole, inside))
    full, cropped = maps
    assert torch.equal(cropped, full[..., 4:12, 4:12])


def test_the_rims_are_what_padding_reaches():
    assert controls.rims() == {"view1": 2, "view2": 3, "view3": 4}
    narrower = {view: Interior(rim - 1) for view, rim in controls.rims().items()}
    assert (ppp(with_views(network(), narrower), "zeros")["mae_ppp"] > 1e-4).all()


@pytest.mark.parametrize("padding", PADDED)
def test_nothing_of_padding_is_left_within_the_rims(padding):
    found = ppp(controls.viewed(network(), controls.MASKED), padding)
    assert (found["mae_ppp"] < 1e-7).all()
    assert (ppp(network(), padding)["mae_ppp"] > 1e-3).all()


@pytest.mark.parametrize("coordinates", [0, 64])
def test_without_padding_there_is_no_ppp(coordinates):
    found = ppp(network(coordinates=coordinates), "none")
    assert (found["mae_ppp"] < 1e-7).all()
    assert (ppp(network(coordinates=coordinates), "zeros")["mae_ppp"] > 1e-3).all()


def test_without_padding_every_place_is_like_any_other():
    """A world moved by one step of the deepest map moves that map by one place, to the last column."""
    net, world = network(), torch.rand(1, 3, 64, 68)
    with pppkit.Padding("none"):
        here, there = net(world[..., :64]), net(world[..., 4:])
    assert torch.allclose(here[..., 1:], there[..., :-1], atol=1e-5)
    with pppkit.Padding("zeros"):
        here, there = net(world[..., :64]), net(world[..., 4:])
    assert not torch.allclose(here[..., 1:], there[..., :-1], atol=1e-2)


def test_snr_ppp_does_not_know_the_order_of_places():
    """So it says the same of shuffled features: why `ppp_by_layer` does not shuffle them."""
    optimal, padded = torch.rand(2, 4, 5, 9, 9, generator=torch.Generator().manual_seed(0))
    moved = snr_ppp(Shuffled(1)(optimal), Shuffled(1)(padded))
    assert moved.value == pytest.approx(snr_ppp(optimal, padded).value, rel=1e-6)


def read(x, name):
    target = pattern(name)
    readout = ReadOut(x["train"].shape[1], [0, 1])
    train(readout, x["train"], target)
    return [found["spc"] for found in score(readout, x["test"], target)]


def test_a_coordinate_channel_is_read_and_places_in_no_order_are_not():
    random = torch.Generator().manual_seed(0)
    noise = {part: torch.randn(n, 2, 28, 28, generator=random) for part, n in (("train", 256), ("test", 96))}
    with_place = {part: Coordinates(28)(x) for part, x in noise.items()}
    assert min(read(with_place, "horizontal") + read(with_place, "vertical")) > 0.98
    shuffled = {part: Shuffled(5)(x) for part, x in with_place.items()}
    assert all(abs(spc) < 0.02 for spc in read(shuffled, "horizontal"))


def test_cells_by_hand():
    assert cells(4, 8).tolist() == [
        [0, 0, 1, 1, 1, 1, 2, 2],
        *[[3, 3, 4, 4, 4, 4, 5, 5]] * 2,
        [6, 6, 7, 7, 7, 7, 8, 8],
    ]
    assert torch.bincount(cells(16, 16).flatten()).tolist() == [16, 32, 16, 32, 64, 32, 16, 32, 16]


def test_a_guess_is_scored_by_cells_of_equal_weight():
    module = PlaceModule(network())
    always = torch.zeros(2, 9, 16, 16)
    always[:, 4] = 50.0  # the largest cell, a quarter of all places
    target = torch.zeros(2)
    assert module.score(always, target)["accuracy"].item() == pytest.approx(1 / 9)
    assert module.loss(torch.zeros(2, 9, 16, 16), target).item() == pytest.approx(2.1972, abs=1e-4)  # log 9
    assert module.loss(always, target).item() == pytest.approx(50 * 8 / 9, rel=1e-4)
    right = 50.0 * torch.nn.functional.one_hot(cells(16, 16), 9).permute(2, 0, 1)[None]
    assert module.score(right, target)["accuracy"] == 1 and module.loss(right, target) < 1e-6


def test_frames_are_windows_of_other_worlds():
    some = frames(3, 16, 5)
    assert some.tensors[0].shape == (3, 3, 16, 16) and some.tensors[0].dtype == torch.uint8
    assert not torch.equal(some.tensors[0], frames(3, 16, 6).tensors[0])


def test_grid():
    trials = controls.grid("quick", padding=("none", "zeros"), networks=1)
    assert [(t["control"], t["weights"], t["padding"]) for t in trials] == [
        (("plain",), "untrained", "none"),
        (("plain",), "trained", "none"),
        (("coordinates",), "trained", "none"),
        (("coordinates",), "untrained", "none"),
        (("plain",), "untrained", "zeros"),
        (("plain", "masked", "shuffled"), "trained", "zeros"),
        (("coordinates",), "trained", "zeros"),
    ]
    assert len(controls.grid()) == 3 * (5 * 3 + 1) and EXPERIMENTS["posenet_controls"] is controls.EXPERIMENT
    for given, words in (
        ({"padding": "mirror"}, "padding='mirror' is not"),
        ({"pattern": "x"}, "pattern='x'"),
    ):
        with pytest.raises(ValueError, match=words):
            controls.grid("quick", **given)


def test_only_padding_or_coordinates_teach_a_network_where_it_is(tmp_path, monkeypatch):
    small = {"frames": 256, "held_out": 32, "learning": 4}
    monkeypatch.setitem(controls.PROFILES, "quick", controls.PROFILES["quick"] | small)
    found = {}
    for control, padding in (("plain", "zeros"), ("plain", "none"), ("coordinates", "none")):
        trial = {"control": (control,), "padding": padding, "seed": 0, "profile": "quick"}
        found[control, padding] = controls.teach(controls.network(trial), trial, Context(tmp_path))
    assert found["plain", "zeros"] > 0.6 and found["coordinates", "none"] > 0.6
    assert found["plain", "none"] == pytest.approx(1 / 9, abs=0.05)


def test_rows_of_one_network(tmp_path):
    (trial,) = [t for t in controls.grid("quick", "zeros", networks=1) if controls.MASKED in t["control"]]
    rows = controls.EXPERIMENT.run(tmp_path, [trial], progress=False)
    names = ["control", "layer", "pattern", "trial"]
    assert len(rows) == 3 * 2 * 2 and not rows.duplicated(names).any()
    whole, masked, shuffled = (rows[rows["control"] == name] for name in trial["control"])
    assert (whole["snr_ppp"] > 0.01).all() and (masked["snr_ppp"] < 1e-6).all()
    assert whole["snr_ppp"].tolist() == shuffled["snr_ppp"].tolist()
    assert rows["accuracy"].nunique() == 1 and (rows["size"] == 64).all()
    assert (shuffled["spc images"].abs() < 0.1).all()
    assert controls.EXPERIMENT.missing(tmp_path, [trial]) == []
