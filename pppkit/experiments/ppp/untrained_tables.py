"""Tables of rows of `untrained`, beside the untrained rows of the PPP paper's Table 2."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ...metrics import SNR_READINGS
from ...models import LAYERS_OF_INTEREST, TITLES
from ...results.maps import block_means
from ...results.text import plus_minus

METRICS = {"SNR-PPP": "snr_ppp", "MAE-PPP": "mae_ppp"}
PRINTED = 5e-5  # what the paper prints as 0.0000 is below
INITS = {"default": "PyTorch's default", "kaiming": "He et al."}
ALONE = "vgg19"  # in which the paper sees zeros alone; in the others it sees them strongest


def of_level(rows: pd.DataFrame, level: int = 4, init: str = "default") -> pd.DataFrame:
    """Rows of one layer of interest and one initialisation."""
    return rows[(rows["level"] == level) & (rows["init"] == init)]


def padded(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of networks that pad."""
    return rows[rows["padding"] != "none"]


def beside_the_paper(deep: pd.DataFrame, printed: pd.DataFrame, metric: str) -> pd.DataFrame:
    """One metric as mean ± standard deviation over networks, by pictures, and as it is printed.

    Args:
        deep: Of one layer.
        printed: Of `read_table2`, untrained.
        metric: Of `METRICS`.

    Returns:
        One row for each network and padding, as text; empty where the paper has no such row.
    """
    column = METRICS[metric]
    cells = deep.groupby(["model", "padding", "source"], sort=False)[column]
    ours = plus_minus(cells.mean(), cells.std(), 4).unstack("source", sort=False)
    theirs = printed.set_index(["model", "padding"])
    text = plus_minus(theirs[f"{column}_mean"], theirs[f"{column}_std"], 4).rename("paper")
    table = ours.join(text).sort_index(axis=1, ascending=False).rename(index=TITLES, level="model")
    table.columns = pd.MultiIndex.from_product([[metric], table.columns])
    return table.rename_axis(["network", "padding"]).fillna("")


def by_reading(deep: pd.DataFrame) -> pd.DataFrame:
    """What each reading of Eq. 4 says of the paper's two sentences on untrained networks.

    Args:
        deep: Of one layer.

    Returns:
        One row for each reading: of VGG19 `zeros`, the `strongest other` padding's value, and whether zeros
        show alone; for each other network and kind of pictures the strongest padding.
    """
    found = {}
    for reading in SNR_READINGS:
        means = padded(deep).groupby(["model", "source", "padding"], sort=False)[f"snr {reading}"].mean()
        row: dict[tuple[str, str], float | str] = {}
        for model, part in means.groupby(level="model", sort=False):
            title, values = TITLES[str(model)], part.droplevel("model")
            if model == ALONE:
                zeros = values.index.get_level_values("padding") == "zeros"
                other = values[~zeros].max() if (~zeros).any() else 0.0
                alone = "yes" if other < PRINTED else "no"
                row |= {(title, "zeros"): values[zeros].mean(), (title, "strongest other"): other}
                row[title, "zeros alone?"] = alone
                continue
            for source, cells in values.groupby(level="source", sort=False):
                row[f"strongest in {title}", str(source)] = str(cells.droplevel("source").idxmax())
        found[reading] = row
    table = pd.DataFrame.from_dict(found, orient="index").rename_axis("reading")
    return table.set_axis(pd.MultiIndex.from_tuples(table.columns), axis=1)


def answer(rows: pd.DataFrame, level: int = 4) -> str:
    """The page's question: under how many paddings a pattern shows, by initialisation.

    Args:
        rows: Of `untrained`.
        level: Of the layer of interest.
    """
    told = []
    for init in dict.fromkeys(rows["init"]):
        means = (
            padded(of_level(rows, level, init)).groupby(["model", "padding"], sort=False)["snr_ppp"].mean()
        )
        shows = (means >= PRINTED).groupby(level="model", sort=False).agg(["sum", "size"])
        counts = ", ".join(f"{n} of {of} in {TITLES[str(model)]}" for model, n, of in shows.itertuples())
        told.append(f"under {counts.replace(' in', ' paddings in', 1)} ({INITS[init]})")
    return f"Yes: before any training the deepest layer shows a pattern {', and '.join(told)}."


def readings_sentence(deep: pd.DataFrame) -> str:
    """Under how many readings of Eq. 4 the paper's two sentences hold.

    Args:
        deep: Of one layer.
    """
    table = by_reading(deep)
    alone = [column for column in table if column[1] == "zeros alone?"]
    parts = [f"zeros show alone in {name} under {(table[name, c] == 'yes').sum()}" for name, c in alone]
    parts += [
        f"they are {name} on {source} under {(table[name, source] == 'zeros').sum()}"
        for name, source in table
        if name.startswith("strongest in ")
    ]
    return f"Which padding is strongest depends on the reading: of {len(table)} readings, {', '.join(parts)}."


def panels(
    maps: Mapping[tuple[str, ...], np.ndarray], model: str, largest: int = 28
) -> dict[tuple[str, str], np.ndarray]:
    """Maps `(H, W)` for a gallery, by padding and the layer in words; wider ones are averaged over blocks."""
    layers = list(LAYERS_OF_INTEREST[model])
    return {
        (p, f"layer {1 + layers.index(layer)}"): block_means(z, largest) for (p, layer), z in maps.items()
    }


def worlds_sentence(wide: pd.DataFrame) -> str:
    """How well the two kinds of pictures agree, by network; empty where there is one kind.

    Args:
        wide: Of `two_worlds`.
    """
    if not {"scenes", "satellite"} <= set(wide):
        return ""
    found = worlds_agreement(wide)
    listed = "; ".join(
        f"{TITLES[model]}: rank correlation {rank:.2f}, satellite images a median of {ratio:.2f} times scenes"
        for model, rank, ratio in found.itertuples()
    )
    return f"Scenes against satellite images, over paddings and layers: {listed}."


def every_network(deep: pd.DataFrame, printed: pd.DataFrame, model: str) -> pd.DataFrame:
    """SNR-PPP of one family: a point for each network and kind of pictures, and the paper's.

    Returns:
        Columns `padding`, `source` (or `"paper, ± std"`), `value`, and `error`, the paper's standard
        deviation.
    """
    ours = deep[deep["model"] == model]
    points = ours[["padding", "source"]].assign(value=ours["snr_ppp"], error=0.0)
    theirs = printed[(printed["model"] == model) & printed["padding"].isin(ours["padding"])]
    shown = theirs[["padding"]].assign(
        source="paper, ± std", value=theirs["snr_ppp_mean"], error=theirs["snr_ppp_std"]
    )
    return pd.concat([points, shown])


def agreement(deep: pd.DataFrame, printed: pd.DataFrame) -> pd.DataFrame:
    """How well paddings agree with the paper's by SNR-PPP: their order, the ratio of sizes, and our order.

    Args:
        deep: Of one layer.
        printed: Of `read_table2`, untrained.

    Returns:
        One row for each network and kind of pictures, as text. Paddings that the paper prints as zero have no
        ratio.
    """
    cells = padded(deep).groupby(["model", "source", "padding"], sort=False)["snr_ppp"].mean()
    both = cells.rename("ours").reset_index().merge(printed, on=["model", "padding"])
    found = {}
    for (model, source), part in both.groupby(["model", "source"], sort=False):
        paper = part["snr_ppp_mean"]
        ratio = (part["ours"] / paper)[paper > 0]
        rank = part["ours"].round(4).corr(paper, method="spearman")  # the paper prints four digits
        found[TITLES[model], source] = {
            "rank correlation": f"{rank:.2f}",
            "ours / paper": f"{ratio.min():.2f} to {ratio.max():.2f}",
            "our order": " > ".join(part.sort_values("ours", ascending=False)["padding"]),
        }
    table = pd.DataFrame.from_dict(found, orient="index")
    table.index = pd.MultiIndex.from_tuples(table.index, names=["network", "pictures"])
    return table


def two_worlds(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean SNR-PPP by pictures: one row for each model, padding and layer, one column for each source."""
    cells = padded(rows).groupby(["model", "padding", "layer", "source"], sort=False)["snr_ppp"]
    wide = cells.mean().unstack("source").reset_index()
    return wide.assign(network=wide["model"].map(TITLES))


def worlds_agreement(wide: pd.DataFrame) -> pd.DataFrame:
    """Of `two_worlds`, by model: rank correlation of the two kinds of pictures, median of their ratio."""
    ranks = wide.groupby("model")[["scenes", "satellite"]].corr("spearman").xs("scenes", level=1)["satellite"]
    ratio = (wide["satellite"] / wide["scenes"]).groupby(wide["model"]).median()
    return pd.DataFrame({"rank correlation": ranks, "median of satellite / scenes": ratio})


def readings(deep: pd.DataFrame, printed: pd.DataFrame) -> pd.DataFrame:
    """Mean SNR-PPP under every reading of Eq. 4, by model and padding, and the paper's in the last column."""
    columns = [f"snr {reading}" for reading in SNR_READINGS]
    means = padded(deep).groupby(["model", "padding"], sort=False)[columns].mean()
    paper = printed.set_index(["model", "padding"])["snr_ppp_mean"].rename("paper")
    table = means.join(paper).rename(columns=lambda c: c.removeprefix("snr "))
    return table.rename(index=TITLES, level="model").rename_axis(["network", "padding"])


def initialisations(rows: pd.DataFrame, level: int = 4) -> pd.DataFrame:
    """SNR-PPP of the first network of each kind, by initialisation and pictures."""
    first = padded(rows[(rows["weights_seed"] == 0) & (rows["level"] == level)])
    named = first.assign(start=first["init"].map(INITS))
    table = named.pivot_table(
        index=["model", "padding"], columns=["start", "source"], values="snr_ppp", sort=False
    )
    return table.rename(index=TITLES, level="model").rename_axis(["network", "padding"])


def surfaces(
    maps: Mapping[tuple[str, str], Mapping[tuple[str, ...], np.ndarray]],
) -> dict[tuple[str, str, str], np.ndarray]:
    """Maps for `pppkit.figures.surface_menu`: by network and layer, padding, and pictures.

    Args:
        maps: By model and source, the maps `(H, W)` by padding and layer.
    """
    shown = {}
    for (model, source), found in maps.items():
        for (padding, layer), z in found.items():
            level = 1 + LAYERS_OF_INTEREST[model].index(layer)
            shown[f"{TITLES[model]}, layer {level}", padding, source] = z
    return shown
