"""Tables of rows of `emergence`: how a pattern comes out of the image features as images are averaged."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ...models import TITLES
from .published_networks import TRAINED
from .published_tables import KINDS, after_padding, deepest

VISIBLE = math.sqrt(0.5)  # a likeness: half of the map's variance is the pattern's
# What is drawn over the number of images: a column, what pages call it, and the column of its band.
NUMBERS = {
    "likeness_padded": ("likeness of the feature map", "likeness_padded_sd"),
    "likeness_optimal": ("likeness of the same images without padding", None),
    "likeness_ppp": ("likeness of the distance map", None),
    "snr_ppp": ("SNR-PPP", "snr_ppp_ci95"),
    "mae_ppp": ("MAE-PPP", "mae_ppp_ci95"),
}
VIEWS = {"ppp": "their distance (PPP)", "padded": "the two feature maps"}
STRENGTHS = {"ppp": "PPP", "change": "change of the mean features"}
Films = dict[tuple[str, ...], list[list[np.ndarray]]]


def named(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of layers that come after padding, with the columns `network` and `depth`, as pages call them."""
    kept = after_padding(rows)
    network = kept["model"].map(lambda name: TITLES.get(name, name)) + ", "
    kinds = kept["weights"].map(lambda kind: KINDS.get(kind, kind))
    return kept.assign(network=network + kinds, depth="layer " + kept["level"].astype(str))


def chosen_rows(rows: pd.DataFrame, layers: Sequence[str] | None, paddings: Sequence[str]) -> pd.DataFrame:
    """Rows of some paddings and layers, None for the deepest."""
    kept = rows[rows["padding"].isin(paddings)]
    return deepest(kept) if layers is None else kept[kept["layer"].isin(layers)]


def shown_first(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of the trained network, or of the first there is."""
    kind = TRAINED if TRAINED in set(rows["weights"]) else rows["weights"].iloc[0]
    return rows[rows["weights"] == kind]


def curves(rows: pd.DataFrame) -> dict[tuple[str, str, str, str], pd.DataFrame]:
    """What is drawn over the number of images, by (number, network, layer, pictures).

    Args:
        rows: Of `named`.

    Returns:
        Tables with the columns `n`, `value`, `spread` (NaN where there is none) and `padding`, without
        numbers of images that have no value.
    """
    by_depth = rows.sort_values("level", ascending=False, kind="stable")  # the deepest is shown first
    groups = {key: part for key, part in by_depth.groupby(["network", "depth", "source"], sort=False)}
    groups = {key: groups[key] for network in rows["network"].unique() for key in groups if key[0] == network}
    found = {}
    for column, (name, spread) in NUMBERS.items():
        for (network, depth, source), part in groups.items():
            widths = part[spread] if spread else np.nan
            drawn = part[["n", "padding"]].assign(value=part[column], spread=widths)
            kept = drawn.dropna(subset="value").sort_values("n", kind="stable")
            found[name, network, depth, source] = kept
    return found


def films(rows: pd.DataFrame, maps: Mapping[tuple[str, str], Mapping[tuple[str, ...], np.ndarray]]) -> Films:
    """The steps of each film, by (network, padding, pictures, layer, view).

    Args:
        rows: Of `named`, those to be shown.
        maps: Of `emergence.maps`, by weights and pictures.

    Returns:
        A film has a step for each number of images: a map, or the optimally padded features and the padded
        ones.
    """
    places = ["network", "weights", "padding", "source", "depth", "layer"]
    found: Films = {}
    for network, weights, padding, source, depth, layer in _distinct_rows(rows[places]):
        stacks = maps[weights, source]
        distances, optimal, padded = (stacks[kind, padding, layer] for kind in ("ppp", "optimal", "padded"))
        name = (network, padding, source, depth)
        found[*name, VIEWS["padded"]] = [list(pair) for pair in zip(optimal, padded)]
        found[*name, VIEWS["ppp"]] = [[z] for z in distances]
    return found


def _distinct_rows(rows: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    return rows.drop_duplicates().itertuples(index=False, name=None)


def images_needed(rows: pd.DataFrame) -> pd.DataFrame:
    """How many images it takes until half of the variance of their mean feature map is the pattern's.

    Args:
        rows: Of `named`, of one network.

    Returns:
        One row for each padding, as text, by pictures and layer: the smallest number of images that were
        averaged, or "> " and the largest.
    """
    cells = rows.dropna(subset="likeness_padded").groupby(["padding", "source", "depth"], sort=False)
    return cells.apply(_needed).unstack(["source", "depth"], sort=False)


def _needed(cell: pd.DataFrame) -> str:
    enough = cell.loc[cell["likeness_padded"] >= VISIBLE, "n"]
    return f"> {cell['n'].max()}" if enough.empty else f"{enough.min()}"


def answer(rows: pd.DataFrame) -> str:
    """The page's sentences: how like the pattern one image is, and how like it many are.

    Args:
        rows: Of `named`.
    """
    deep = deepest(shown_first(rows)).dropna(subset="likeness_padded")
    one, many = (deep[deep["n"] == n] for n in (deep["n"].min(), deep["n"].max()))
    seen = (one["likeness_padded"] >= VISIBLE).sum()
    word = "No." if seen == 0 else "Yes." if seen == len(one) else "Only sometimes."
    network, images = deep["network"].iloc[0], many["n"].iloc[0]
    order = many.groupby("padding")["likeness_padded"].max().sort_values().index
    ends = dict.fromkeys((order[-1], order[0]))
    return (
        f"{word} At the deepest layer of {network}, one image's feature map correlates with the pattern of "
        f"all other images at {_spans(one, ends)}. The mean of {images} images does at {_spans(many, ends)}."
    )


def _spans(rows: pd.DataFrame, paddings: Iterable[str]) -> str:
    """The range of likeness over pictures, by padding."""
    found = {padding: rows.loc[rows["padding"] == padding, "likeness_padded"] for padding in paddings}
    return " and at ".join(
        f"{_range(values.min(), values.max())} under {padding}" for padding, values in found.items()
    )


def _range(low: float, high: float) -> str:
    ends = dict.fromkeys((f"{low:.2f}", f"{high:.2f}"))
    return " to ".join(ends)


def measured(rows: pd.DataFrame) -> str:
    """What was measured beside the claim: in how many cells the pattern comes out.

    A cell is a padding, a layer and a kind of pictures.

    Args:
        rows: Of `named`.
    """
    by_network = rows.dropna(subset="likeness_padded").groupby("network", sort=False)
    return "; ".join(f"{network}: {_cells(part)}" for network, part in by_network)


def _cells(rows: pd.DataFrame) -> str:
    cell = ["padding", "depth", "source"]
    first, last = (rows[rows["n"] == n].set_index(cell) for n in (rows["n"].min(), rows["n"].max()))
    risen = (last["likeness_padded"] > first["likeness_padded"]).sum()
    visible = (last["likeness_padded"] >= VISIBLE).sum()
    return f"likeness has risen in {risen} of {len(last)} cells, past .71 in {visible}"


def beside(
    rows: pd.DataFrame, maps: Mapping[tuple[str, str], Mapping[tuple[str, ...], np.ndarray]]
) -> dict[tuple[str, ...], dict[str, np.ndarray]]:
    """Maps of the network shown first beside each other one, in units of each one's own features.

    A map is divided by the spread of the features that SNR-PPP divides by (Eq. 4), so the mean of a distance
    map is the network's SNR-PPP, and networks can be compared in one scale.

    Args:
        rows: Of `named`.
        maps: Of `emergence.maps`, by weights and pictures.

    Returns:
        By (map, padding, layer, pictures, other network), the two maps by what is written above them.
    """
    ends = rows[rows["n"] == rows["n"].max()]
    own = ends["weights"] == shown_first(rows)["weights"].iloc[0]
    place = ["padding", "source", "depth", "layer"]
    pairs = ends[own].merge(ends[~own], on=place, suffixes=("_first", "_other"))
    pairs = pairs.sort_values("level_first", ascending=False, kind="stable")  # the deepest is shown first
    found: dict[tuple[str, ...], dict[str, np.ndarray]] = {}
    for pair in pairs.to_dict("records"):
        first, other = (_in_spreads(pair, side, maps) for side in ("first", "other"))
        names = (pair["padding"], pair["depth"], pair["source"], pair["network_other"])
        for view in STRENGTHS:
            found[STRENGTHS[view], *names] = {name: views[view] for name, views in (first, other)}
    return found


def _in_spreads(
    pair: Mapping[str, Any], side: str, maps: Mapping[tuple[str, str], Mapping[tuple[str, ...], np.ndarray]]
) -> tuple[str, dict[str, np.ndarray]]:
    """What is written above one network's maps, and the maps."""
    stacks, snr = maps[pair[f"weights_{side}"], pair["source"]], pair[f"snr_ppp_{side}"]
    distance, optimal, padded = (
        stacks[kind, pair["padding"], pair["layer"]][-1] for kind in ("ppp", "optimal", "padded")
    )
    spread = distance.mean() / snr
    name = f"{pair[f'network_{side}'].split(', ', 1)[1]}: SNR-PPP {snr:.3f}"
    return name, {"ppp": distance / spread, "change": (padded - optimal) / spread}
