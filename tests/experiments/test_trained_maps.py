"""Maps of trained networks as pages show them, on made-up ones."""

import numpy as np
import pytest

from pppkit.experiments.ppp import chronology, trained_maps
from pppkit.models import LAYERS_OF_INTEREST
from pppkit.results import save_maps

THIRD, FOURTH = LAYERS_OF_INTEREST["vgg19"][2:]
NETWORK = ("vgg19", "scenes", "zeros", 0)


def ring():
    """A frame of 1 around 0, with one corner of 2: a strong corner, nothing inside."""
    z = np.ones((14, 14), np.float32)
    z[2:-2, 2:-2] = 0
    z[:2, :2] = 2
    return z


def one():
    flat = np.ones((14, 14), np.float32)
    return {
        ("2", "scenes", THIRD): flat,
        ("2", "scenes", FOURTH): flat,
        ("0", "scenes", THIRD): ring(),
        ("0", "scenes", FOURTH): ring(),
        ("1", "scenes", FOURTH): 0 * flat,
        ("2", "satellite", FOURTH): 3 * flat,
    }


def test_maps_are_read_by_network(tmp_path):
    trials = [
        {"model": "vgg19", "data": "scenes", "padding": p, "seed": s, "profile": "quick"}
        for p, s in (("zeros", 0), ("zeros", 1), ("none", 0))
    ]
    for trial in trials[:2]:
        save_maps(tmp_path / "maps" / f"chronology_{chronology.name(trial)}.npz", one())
    found = trained_maps.load(tmp_path, trials)
    assert list(found) == [NETWORK, (*NETWORK[:3], 1)] and list(trained_maps.first_networks(found)) == [
        NETWORK
    ]


def test_before_and_after_training():
    found = trained_maps.ends(one(), "scenes")
    assert list(found) == ["untrained", "trained"] and list(found["trained"]) == [THIRD, FOURTH]
    np.testing.assert_array_equal(found["untrained"][FOURTH], ring())
    with pytest.raises(ValueError, match="source='moon' is not one of"):
        trained_maps.ends(one(), "moon")
    steps = trained_maps.along_training(one(), "scenes", FOURTH)
    assert list(steps) == [0, 1, 2] and steps[1].max() == 0


def test_panels_and_surfaces():
    maps = {NETWORK: one(), ("resnet50", *NETWORK[1:]): one()}
    panels = trained_maps.panels(maps, "vgg19", "scenes", "scenes")
    assert next(iter(panels)) == ("zeros<br>untrained", "layer 1") and len(panels) == 4
    surfaces = trained_maps.surfaces({NETWORK: one()}, "scenes")
    assert list(surfaces) == [
        (f"VGG19 on scenes, layer {level}", "zeros", name)
        for level in (3, 4)
        for name in ("untrained", "trained")
    ]
    after = trained_maps.trained_surfaces({NETWORK: one()})
    assert list(after)[-1] == ("VGG19 on scenes, layer 4", "zeros", "satellite") and len(after) == 3


def test_shapes():
    found = trained_maps.shapes({NETWORK: one(), (*NETWORK[:3], 1): one()}, "scenes")
    row = found.loc["VGG19", "scenes", "zeros", 0]
    assert row["corner / side", "untrained"] == 2 and row["share inside", "untrained"] == 0
    assert row["corner / side", "trained"] == 1 and row["share inside", "trained"] == pytest.approx(100 / 196)
    table = trained_maps.shape_table(found)
    assert table.loc[("VGG19", "scenes", "zeros"), ("corner / side", "untrained")] == "2.00 ± 0.00"
    sentence = trained_maps.shape_sentence(found)
    assert "inwards in 2 of 2 networks" in sentence and "corner in 0 of 2" in sentence
