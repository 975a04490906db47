"""Figure 1's tables, on rows by hand and on the published ones."""

import numpy as np
import pandas as pd
import pytest

from pppkit.experiments.ppp import emergence, published_networks
from pppkit.experiments.ppp import emergence_tables as tables

LIKENESS = {"zeros": {1: 0.4, 2: 0.8}, "randn": {1: 0.1, 2: 0.2}}


def rows(weights=("trained", "kaiming"), source="scenes"):
    """Two layers after padding and one before, for one and two images of three."""
    return pd.DataFrame(
        [
            {"model": "squeezenet1_0", "weights": kind, "padding": padding, "source": source, "n": n}
            | {"layer": f"features.{level}", "level": level, "mae_ppp": 0.0 if level == 1 else 0.1}
            | {"snr_ppp": 0.5 / (1 + weights.index(kind)), "snr_ppp_ci95": 0.01, "mae_ppp_ci95": 0.01}
            | {"likeness_padded": values.get(n, np.nan) if level > 1 else np.nan}
            | {"likeness_optimal": 0.0, "likeness_ppp": 0.9, "likeness_padded_sd": 0.1}
            for kind in weights
            for padding, values in LIKENESS.items()
            for level in (1, 2, 3)
            for n in (1, 2, 3)
        ]
    )


def maps(weights=("trained", "kaiming")):
    steps = np.arange(1.0, 4.0)[:, None, None] * np.ones((2, 2))
    kinds = {"ppp": steps, "optimal": 0 * steps, "padded": -steps}
    layers = [(padding, f"features.{level}") for padding in LIKENESS for level in (2, 3)]
    found = {(kind, *layer): stack for kind, stack in kinds.items() for layer in layers}
    return {(kind, "scenes"): found for kind in weights}


def test_layers_before_padding_are_left_out():
    named = tables.named(rows())
    assert set(named["depth"]) == {"layer 2", "layer 3"}
    assert set(named["network"]) == {"SqueezeNet 1.0, trained", "SqueezeNet 1.0, untrained, He et al."}
    assert set(tables.shown_first(named)["weights"]) == {"trained"}
    assert set(tables.shown_first(tables.named(rows(("default",))))["weights"]) == {"default"}


def test_the_answer_names_the_ends():
    other = rows(source="satellite")
    other["likeness_padded"] *= 0.5
    text = tables.answer(tables.named(pd.concat([rows(), other])))
    assert text.startswith("No. At the deepest layer of SqueezeNet 1.0, trained, one image's feature map")
    assert "at 0.20 to 0.40 under zeros and at 0.05 to 0.10 under randn" in text
    assert "The mean of 2 images does at 0.40 to 0.80 under zeros" in text
    alike = tables.named(rows().assign(likeness_padded=0.9))
    assert tables.answer(alike).startswith("Yes.")


def test_images_needed_by_hand():
    found = tables.images_needed(tables.shown_first(tables.named(rows())))
    assert found.loc["zeros", ("scenes", "layer 3")] == "2"
    assert found.loc["randn", ("scenes", "layer 2")] == "> 2"


def test_what_was_measured_counts_cells():
    text = tables.measured(tables.named(rows(("trained",))))
    assert text == "SqueezeNet 1.0, trained: likeness has risen in 4 of 4 cells, past .71 in 2"


def test_curves_begin_with_what_the_answer_says():
    curves = tables.curves(tables.named(rows()))
    first = next(iter(curves))
    assert first == ("likeness of the feature map", "SqueezeNet 1.0, trained", "layer 3", "scenes")
    zeros = curves[first].query("padding == 'zeros'")
    assert zeros["n"].tolist() == [1, 2] and zeros["value"].tolist() == [0.4, 0.8]
    assert len(curves) == len(tables.NUMBERS) * 2 * 2


def test_films_have_a_step_for_each_number_of_images():
    named = tables.named(rows())
    films = tables.films(tables.chosen_rows(named, None, ["zeros"]), maps())
    assert {key[1:4] for key in films} == {("zeros", "scenes", "layer 3")} and len(films) == 2 * 2
    pair = films["SqueezeNet 1.0, trained", "zeros", "scenes", "layer 3", tables.VIEWS["padded"]]
    assert len(pair) == 3 and [z.mean() for z in pair[-1]] == [0, -3]
    only = tables.chosen_rows(named, ["features.2"], ["randn"])
    assert set(only["depth"]) == {"layer 2"} and set(only["padding"]) == {"randn"}


def test_networks_are_compared_in_spreads_of_their_features():
    pairs = tables.beside(tables.named(rows()), maps())
    other = "SqueezeNet 1.0, untrained, He et al."
    assert set(pairs) == {
        (view, padding, depth, "scenes", other)
        for view in tables.STRENGTHS.values()
        for padding in LIKENESS
        for depth in ("layer 2", "layer 3")
    }
    means = {name: z.mean() for name, z in pairs["PPP", "zeros", "layer 3", "scenes", other].items()}
    assert means == pytest.approx(
        {"trained: SNR-PPP 0.500": 0.5, "untrained, He et al.: SNR-PPP 0.250": 0.25}
    )
    change = pairs[tables.STRENGTHS["change"], "zeros", "layer 3", "scenes", other]
    assert change["trained: SNR-PPP 0.500"].mean() == pytest.approx(-0.5)


def test_published_rows_end_where_those_of_published_networks_are(published):
    ends = emergence.EXPERIMENT.rows(published)
    others = published_networks.EXPERIMENT.rows(published)
    key = ["model", "weights", "source", "padding", "layer", "n"]
    both = ends.merge(others[others["weights_seed"] == 0], on=key, suffixes=("", "_other"))
    assert set(both["padding"]) == set(ends["padding"]) and set(both["source"]) == {"scenes", "satellite"}
    fixed = both[both["padding"] != "randn"]  # whose numbers are drawn batch by batch
    np.testing.assert_allclose(fixed["snr_ppp"], fixed["snr_ppp_other"], rtol=1e-6)
    np.testing.assert_allclose(both["snr_ppp"], both["snr_ppp_other"], rtol=1e-2)
    trained = both[both["weights"] == "trained"]
    assert (trained["weights_digest"] == trained["weights_digest_other"]).all()
