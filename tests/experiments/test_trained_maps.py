"""Maps of trained networks as pages show them, on made-up ones."""

import numpy as np
import pandas as pd
import pytest

from pppkit.experiments.ppp import chronology, map_shapes, own_networks, trained_maps
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


def rows(learned):
    """One row for each network: what pages know of it."""
    names = [{"model": m, "data": "scenes", "padding": "zeros", "seed": s} for m, s in learned]
    made = [{**name, "learned": good} for name, good in zip(names, learned.values())]
    found = pd.DataFrame(made)
    kinds = [own_networks.network_name(*pair) for pair in zip(found["model"], found["data"])]
    return found.assign(network=kinds)


OTHER = ("resnet9", *NETWORK[1:])


def other():
    """A network of the same maps, at its own layers."""
    layers = dict(zip((THIRD, FOURTH), LAYERS_OF_INTEREST["resnet9"][-2:]))
    return {(epoch, source, layers[layer]): z for (epoch, source, layer), z in one().items()}


def test_panels_and_surfaces_show_networks_that_learned_first():
    maps = {NETWORK: one(), OTHER: other()}
    names = own_networks.choices(rows({("vgg19", 0): False, ("resnet9", 0): True}))
    toy, good = "VGG19 on scenes (did not learn)", names["ResNet-9 on scenes"]
    panels = trained_maps.panels(maps, names, ["scenes"], largest=7)
    assert list(panels) == [(k, f"layer {n}", "scenes") for k in (good, toy) for n in (1, 2)]
    last = panels[toy, "layer 2", "scenes"]
    assert list(last) == [("untrained", "zeros"), ("trained", "zeros")]
    assert last["untrained", "zeros"].shape == (7, 7) and last["untrained", "zeros"][0, 0] == 2
    surfaces = trained_maps.surfaces(maps, names, "scenes")
    assert list(surfaces) == [(k, "zeros", n) for k in (good, toy) for n in ("untrained", "trained")]
    films = trained_maps.films(maps, names, "scenes")
    assert list(films) == [(good, "zeros")] and list(films[good, "zeros"]) == [0, 1, 2]


def test_without_networks_that_learned_the_first_ones_are_a_film():
    names = own_networks.choices(rows({("vgg19", 0): False, ("resnet9", 0): False}))
    films = trained_maps.films({NETWORK: one(), OTHER: other()}, names, "scenes", largest=7)
    assert list(films) == [("VGG19 on scenes (did not learn)", "zeros")]
    assert films["VGG19 on scenes (did not learn)", "zeros"][0].shape == (7, 7)


def test_shapes():
    maps = {NETWORK: one(), (*NETWORK[:3], 1): one()}
    found = map_shapes.shapes(maps, "scenes", rows({("vgg19", 0): True, ("vgg19", 1): False}))
    row = found.loc["VGG19 on scenes", "zeros", 0, True]
    assert row["corner / side", "untrained"] == 2 and row["share inside", "untrained"] == 0
    assert row["corner / side", "trained"] == 1 and row["share inside", "trained"] == pytest.approx(100 / 196)
    assert row["mean PPP", "trained"] == 1 and row["mean PPP", "untrained"] == pytest.approx(100 / 196)
    assert map_shapes.answer(found).endswith(
        "pattern inwards in 1 of 1; it made its mean larger in 1 of 1; the maximum sits in a corner in "
        "0 of 1 after training, in 1 of 1 before."
    )
    beside = map_shapes.beside_the_paper(found)
    corners = "0 of 1 after training, in 1 of 1 before"
    assert beside["networks that did not learn"].tolist() == ["1 of 1", "1 of 1", corners]


def test_a_pattern_that_never_reaches_inside_is_not_asked_whether_it_moved():
    maps = {(*NETWORK[:3], seed): one() for seed in range(3)}
    found = map_shapes.shapes(maps, "scenes", rows({("vgg19", seed): True for seed in range(3)}))
    found.loc[found.index[:2], [("share inside", "untrained"), ("share inside", "trained")]] = 0.0
    said = map_shapes.answer(found)
    assert "inwards in 1 of 1 (in the other 2 padding reaches less far than a seventh of the side);" in said
    assert "larger in 3 of 3;" in said and len(map_shapes.reaches_inside(found)) == 1
    nowhere = map_shapes.answer(found.iloc[:2])
    assert "inwards in 0 of 0 (in the other 2 padding reaches less far" in nowhere


def test_shapes_of_networks_that_did_not_learn_answer_nothing():
    maps = {NETWORK: one(), (*NETWORK[:3], 1): one()}
    found = map_shapes.shapes(maps, "scenes", rows({("vgg19", 0): False, ("vgg19", 1): False}))
    table = map_shapes.shape_table(found)
    cell = table.loc[("VGG19 on scenes (did not learn)", "zeros"), ("corner / side", "untrained")]
    assert cell == "2.00 ± 0.00"
    assert map_shapes.answer(found).startswith("None of these networks")
    assert list(map_shapes.beside_the_paper(found)) == ["the paper says", "networks that did not learn"]
