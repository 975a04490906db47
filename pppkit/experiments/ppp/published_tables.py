"""Tables of rows of `published_networks`: trained networks beside the same untrained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ...models import TITLES
from ...padding import FILLS
from ...results.statistics import LEVEL, prediction_interval
from ...results.text import distinct
from .published_networks import NETWORKS, PICTURES, TRAINED

STARTS = {"kaiming": "He et al.", "default": "PyTorch's default"}
OWN = "zeros"  # under which all of them were trained
ABOVE, BELOW, WITHIN = "above", "below", "within"
CELL = ["model", "level", "layer", "source", "padding"]
KINDS = {TRAINED: "trained", **{kind: f"untrained, {name}" for kind, name in STARTS.items()}}


def after_padding(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of layers that come after some padding: before any, PPP is 0 by construction."""
    padded = rows.groupby(["model", "layer"])["mae_ppp"].transform("max") > 0
    return rows[padded]


def compare(rows: pd.DataFrame, start: str, metric: str = "snr_ppp", level: float = LEVEL) -> pd.DataFrame:
    """A metric of trained networks beside untrained ones of one initialisation.

    A trained network is above its start where its value, less its confidence interval over images, exceeds
    what one more untrained network would have with a probability of 95 % and the images' interval on top;
    below likewise; else it is within what untrained networks show.

    Args:
        rows: Of `published_networks`.
        start: Of `UNTRAINED`.
        metric: A column that has a confidence interval beside it, `"snr_ppp"` or `"mae_ppp"`.
        level: Of the interval over untrained networks; the images' stays at 95 %.

    Returns:
        As of `compare_cells`, for each of `CELL`.
    """
    padded = after_padding(rows)
    trained, fresh = (padded[padded["weights"] == kind] for kind in (TRAINED, start))
    return compare_cells(trained, fresh, CELL, metric, level)


def compare_cells(
    trained: pd.DataFrame, untrained: pd.DataFrame, cell: Sequence[str], value: str, level: float = LEVEL
) -> pd.DataFrame:
    """A metric of trained networks beside untrained ones, by the rule of `compare`.

    Args:
        trained: One row for each cell, with the columns `value` and `VALUE_ci95`.
        untrained: As many rows for each cell as there are networks.
        cell: Columns.
        value: The metric's column.
        level: Of the interval over untrained networks.

    Returns:
        One row for each cell that both have: `trained`, `untrained` (mean), the `low` and the `high` end of
        what one more untrained network would have, the `ratio` of trained to untrained, and the `verdict`.
    """
    found = []
    fresh = {key: part for key, part in untrained.groupby(list(cell))}
    for row in trained.to_dict("records"):
        key = tuple(row[name] for name in cell)
        if key not in fresh:
            continue
        others = prediction_interval(fresh[key][value], level)
        slack = row[f"{value}_ci95"] + fresh[key][f"{value}_ci95"].mean()
        beside = _beside(row[value], others.value, others.low - slack, others.high + slack)
        found.append(dict(zip(cell, key)) | beside)
    columns = ["trained", "untrained", "low", "high", "ratio", "verdict"]
    return pd.DataFrame(found, columns=[*cell, *columns])


def _beside(value: float, mean: float, low: float, high: float) -> dict[str, Any]:
    """A trained network's value beside the mean of untrained ones, which reach from `low` to `high`."""
    verdict = ABOVE if value > high else BELOW if value < low else WITHIN
    reach = {"low": low, "high": high}
    return {"trained": value, "untrained": mean, **reach, "ratio": value / mean, "verdict": verdict}


def deepest(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of each network's deepest layer."""
    return rows[rows["level"] == rows.groupby("model")["level"].transform("max")]


def answer(rows: pd.DataFrame) -> str:
    """The page's sentences: in how many cells trained networks are above their untrained twins, by depth.

    Args:
        rows: Of `published_networks`.
    """
    if TRAINED not in set(rows["weights"]):
        return "No trained network is among these rows: give weights=FOLDER to measure them."
    cells = {name: compare(rows, start) for start, name in STARTS.items()}
    deep = {name: deepest(found) for name, found in cells.items()}
    before = {name: found.drop(deep[name].index) for name, found in cells.items()}
    own = {name: found[found["padding"] == OWN] for name, found in deep.items()}
    return (
        f"At the deepest layer, trained networks have a stronger pattern than untrained {_shares(deep)}; "
        f"before it, {_shares(before)}. Under {OWN}, with which they were trained, the deepest layer's is "
        f"stronger {_shares(own)}."
    )


def _shares(cells: Mapping[str, pd.DataFrame]) -> str:
    """In how many cells the verdict is "above", by initialisation."""
    parts = []
    for name, found in cells.items():
        parts.append(f"in {(found['verdict'] == ABOVE).sum()} of {len(found)} cells ({name})")
    return " and ".join(parts)


def by_layer(rows: pd.DataFrame) -> pd.DataFrame:
    """In how many cells of padding and pictures a trained network is above, within or below its start.

    Args:
        rows: Of `published_networks`.

    Returns:
        One row for each network and layer; for each initialisation counts as `"above / within / below"`, and
        the range of trained over untrained.
    """
    parts, trained = {}, _named(after_padding(rows[rows["weights"] == TRAINED]), rows)
    for start, name in STARTS.items():
        cells = compare(rows, start)
        groups = _named(cells, rows).groupby(["network", "layer"], sort=False)
        parts[name, f"{ABOVE} / {WITHIN} / {BELOW}"] = groups["verdict"].agg(_counts)
        parts[name, "trained / untrained"] = groups["ratio"].agg(_range)
    order = dict.fromkeys(zip(trained["network"], trained["layer"]))
    index = pd.MultiIndex.from_tuples(list(order), names=["network", "layer"]) if order else None
    return pd.DataFrame(parts, index=index)


def _named(cells: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Cells with the `network` and the `layer` in words.

    Args:
        cells: With the columns `model` and `layer`, of layers after some padding.
        rows: Of `published_networks`, whose layers are counted.
    """
    places = depths(rows)
    depth = [places[key] for key in zip(cells["model"], cells["layer"])]
    return cells.assign(network=cells["model"].map(TITLES), layer=depth)


def depths(rows: pd.DataFrame) -> dict[tuple[str, str], str]:
    """What pages call each layer that comes after some padding, by model and layer: `"deepest"`, ..."""
    found: dict[tuple[str, str], str] = {}
    for model, part in after_padding(rows).groupby("model"):
        layers = part.sort_values("level")["layer"].unique()
        found |= {(str(model), layer): name for layer, name in zip(layers, by_place(len(layers)))}
    return found


def _counts(verdicts: pd.Series) -> str:
    return " / ".join(str((verdicts == kind).sum()) for kind in (ABOVE, WITHIN, BELOW))


def _range(values: pd.Series) -> str:
    ends = (values.min(), values.max())
    return " to ".join(f"{end:,.0f}" if end >= 100 else f"{end:.2f}" for end in ends)


def not_above(rows: pd.DataFrame, start: str = "kaiming") -> pd.DataFrame:
    """Where a trained network is not above its start: paddings, by network and layer, and by pictures.

    Args:
        rows: Of `published_networks`.
        start: Of `UNTRAINED`.
    """
    cells = compare(rows, start)
    kept = cells[cells["verdict"] != ABOVE]
    if kept.empty:
        return pd.DataFrame(columns=["network", "layer"])
    label = kept["padding"].where(kept["verdict"] == WITHIN, kept["padding"] + f" ({BELOW})")
    named = _named(kept, rows).assign(label=label)
    groups = named.groupby(["network", "layer", "source"], sort=False)["label"].agg(distinct)
    table = groups.unstack("source", sort=False).fillna("")
    return table.rename_axis(columns=None).reset_index()


def at_depth(rows: pd.DataFrame, sources: Sequence[str]) -> pd.DataFrame:
    """SNR-PPP at the deepest layer: a row for each network and padding, a column for each kind of weights.

    Args:
        rows: Of `published_networks`.
        sources: Kinds of pictures in the order of the cells' values, which `/` separates; untrained ones are
            means over networks.
    """
    deep = deepest(rows)
    cells = deep.groupby(["model", "weights", "padding", "source"], sort=False)["snr_ppp"].mean()
    text = cells.map("{:.3f}".format).unstack("source")[list(sources)].fillna("?")
    table = text.agg(" / ".join, axis=1).unstack("weights", sort=False)
    order = [(model, padding) for model in NETWORKS for padding in FILLS if (model, padding) in table.index]
    kinds = [kind for kind in KINDS if kind in table]
    table = table.loc[order, kinds].rename(index=TITLES, level=0).rename(columns=KINDS)
    return table.rename_axis(index=["network", "padding"], columns=None)


def by_place(count: int) -> list[str]:
    """What so many layers are called, the shallowest first."""
    return ["shallow", "middle", "deepest"][-count:]


def files(rows: pd.DataFrame) -> pd.DataFrame:
    """What each trained network is: its accuracy as published, and on data at hand where there were any.

    Args:
        rows: Of `published_networks`.

    Returns:
        One row a network, accuracies in per cent as text.
    """
    trained = rows[rows["weights"] == TRAINED]
    found, here_title = {}, f"on {PICTURES} test pictures here"
    for model, part in trained.groupby("model", sort=False):
        network = NETWORKS[str(model)]
        here = part["accuracy"].max() if "accuracy" in part else float("nan")
        found[TITLES[model]] = {
            "trained on": network.data,
            "published": f"{network.accuracy:.1f}",
            here_title: "no data" if pd.isna(here) else f"{100 * here:.1f}",
            "SHA-256": distinct(part["weights_digest"]),
            "from": network.origin,
        }
    return pd.DataFrame.from_dict(found, orient="index")


def spread_sentence(rows: pd.DataFrame) -> str:
    """How many networks and pictures stand behind the points."""
    counts = rows.groupby("weights")[["n", "weights_seed"]].agg({"n": "max", "weights_seed": "nunique"})
    parts = []
    for kind in (kind for kind in KINDS if kind in counts.index):
        networks, pictures = counts.loc[kind, "weights_seed"], counts.loc[kind, "n"]
        parts.append(f"{KINDS[kind]}: {networks} of each network on {pictures} pictures")
    return f"Measured: {'; '.join(parts)}."
