"""Tables of rows of `efficientnet_puzzle` and `initial_statistics`, which a page shows."""

from __future__ import annotations

import pandas as pd

from ... import models
from ...models import TITLES
from ...results.text import plus_minus
from .border_taps import border_factors
from .efficientnet_puzzle import AS_IS, GATES, MODEL, STATISTICS
from .initial_statistics import AS_BUILT, OF_IMAGES

PADDING = "zeros"
HALF = 0.5  # of a pattern: what leaves more of it does not explain it
SIGMA, DISTANCE = "sigma, the denominator", "distance, the numerator"


def main_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of the puzzle itself: the network with its gates, under zeros, first seed."""
    chosen = (rows["variant"] == GATES) & (rows["padding"] == PADDING)
    return rows[chosen & (rows["seed"] == rows["seed"].min())]


def _deepest(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["level"] == rows["level"].max()]


def answer(rows: pd.DataFrame) -> str:
    """What happens in the first epoch and what it is owed to, in sentences of numbers.

    Args:
        rows: Of `efficientnet_puzzle`.
    """
    deep = _deepest(main_rows(rows))
    deep = deep[deep["size"] == deep["size"].min()].set_index(["epoch", "intervention"])
    start, first = (deep.loc[(epoch, AS_IS)] for epoch in (0, 1))
    fresh, again = (deep.loc[(epoch, STATISTICS)] for epoch in (0, 1))
    return (
        f"After the first epoch the deepest layer of EfficientNet under {PADDING} has an SNR-PPP of "
        f"{first['snr_ppp']:.3f}, after {start['snr_ppp']:.2f} at its start. With BatchNorm's statistics "
        f"taken anew from training images the same weights have {again['snr_ppp']:.3g}, and had "
        f"{fresh['snr_ppp']:.3g} before any training: the fall is in the running statistics, and the leap "
        f"comes when they have arrived."
    )


def numerator_and_denominator(rows: pd.DataFrame, size: int) -> pd.DataFrame:
    """Every layer, epoch and intervention as a point for `pppkit.figures.loglog_scatter`.

    Args:
        rows: Of `efficientnet_puzzle`.
        size: Side of the input.

    Returns:
        Columns `SIGMA`, `DISTANCE`, `intervention`, `layer` and `after` ("epoch 1").
    """
    chosen = main_rows(rows)
    chosen = chosen[chosen["size"] == size]
    return chosen[["intervention", "layer"]].assign(
        **{SIGMA: chosen["sigma"], DISTANCE: chosen["distance"]},
        after="epoch " + chosen["epoch"].astype(str),
    )


def deepest_layer(rows: pd.DataFrame) -> pd.DataFrame:
    """The deepest layer in numbers: a row for each variant, padding, size, epoch and intervention.

    Args:
        rows: Of `efficientnet_puzzle`.
    """
    names = {
        "snr_ppp": "SNR-PPP",
        "mae_ppp": "MAE-PPP",
        "distance": "distance",
        "sigma": "sigma",
        "sigma_optimal": "sigma without border",
        "between": "variance between channels",
        "loudest": "distance in the loudest 5 %",
        "val_accuracy": "accuracy",
    }
    index = ["variant", "padding", "size", "epoch", "intervention"]
    table = _deepest(rows).set_index(index)[list(names)].rename(columns=names)
    return table.map("{:.3g}".format)


def growth_without_border(rows: pd.DataFrame) -> pd.DataFrame:
    """How much wider features spread where real pixels stand in the zeros' place: measured and expected.

    Args:
        rows: Of `efficientnet_puzzle`.

    Returns:
        One row for each size and layer: `side` of the map, `taps inside` it at the last depthwise
        convolution, `expected` by `border_factors`, and `measured` after each epoch, with the statistics of
        training images.
    """
    chosen = main_rows(rows)
    chosen = chosen[chosen["intervention"] == STATISTICS]
    network = models.build(MODEL, width=float(chosen["width"].iloc[0]), num_classes=8)
    parts = {}
    for size, part in chosen.groupby("size"):
        found = border_factors(network, models.LAYERS_OF_INTEREST[MODEL], int(str(size))).set_index("layer")
        table = found.rename(columns={"inside": "taps inside", "factor": "expected"})
        grown = part.assign(ratio=part["sigma_optimal"] / part["sigma"])
        for epoch, values in grown.groupby("epoch"):
            table[f"measured, epoch {epoch}"] = values.set_index("layer")["ratio"]
        parts[f"{size} px"] = table
    return pd.concat(parts, names=["input", "layer"])


def statistics_of_untrained(rows: pd.DataFrame) -> pd.DataFrame:
    """Untrained ResNets by BatchNorm's statistics.

    Args:
        rows: Of `initial_statistics`.

    Returns:
        One row for each network, layer and kind of pictures; for each of the statistics SNR-PPP, mean and
        standard deviation over networks, and the mean of its denominator.
    """
    index = ["model", "layer", "source"]
    groups = rows.groupby([*index, "statistics"], sort=False)
    snr, sigma = groups["snr_ppp"], groups["sigma"].mean().map("{:.3g}".format)
    parts = {"SNR-PPP": plus_minus(snr.mean(), snr.std(), 3), "sigma": sigma}
    table = pd.concat({name: text.unstack("statistics", sort=False) for name, text in parts.items()}, axis=1)
    columns = [(name, kind) for name in parts for kind in (AS_BUILT, OF_IMAGES)]
    shown = table[columns].rename(index=TITLES, level="model")
    return shown.rename_axis(index=["network", "layer", "pictures"], columns=[None, None])


def untrained_answer(rows: pd.DataFrame) -> str:
    """Whether the strong start is owed to missing statistics: the deepest layer of each untrained network.

    Args:
        rows: Of `initial_statistics`.
    """
    means = (
        _deepest(rows).groupby(["model", "statistics"], sort=False)["snr_ppp"].mean().unstack("statistics")
    )
    left = means[OF_IMAGES] / means[AS_BUILT]
    word = "Hardly" if left.min() > HALF else "Yes" if left.max() <= HALF else "In part"
    parts = [
        f"{TITLES[str(model)]}, {row[AS_BUILT]:.3f} as it is built and {row[OF_IMAGES]:.3f} with statistics "
        f"{OF_IMAGES}"
        for model, row in means.iterrows()
    ]
    return f"{word}: SNR-PPP of the deepest layer is, for {'; for '.join(parts)}."
