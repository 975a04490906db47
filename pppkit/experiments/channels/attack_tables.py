"""Tables of rows of `channel_attack`: what channels cost when they are set to zero."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ...results.statistics import prediction_interval
from ..context import Trial
from . import attack
from .attack import RANDOM, RANKINGS, REGIONS, STRONGEST

NETWORK = ["data", "padding", "seed"]
CHANNEL = ("difference between mirror images", "PPP")
FIRST = {"overall": "position channels", STRONGEST: "strongest channels", RANDOM: "random channels"}


def losses(rows: pd.DataFrame) -> pd.DataFrame:
    """What each attack costs in points of mIoU, in per cent of the channels.

    Args:
        rows: Of `channel_attack`.

    Returns:
        One row for each network, ranking, `share` of channels and region: `loss`, a mean over draws, and
        `half_width`: where one more random draw would fall with 95 % probability, 0 for other rankings.
    """
    marked = rows.assign(
        share=100 * rows["top"] / rows["channels"], loss=100 * (rows["whole"] - rows["miou"])
    )
    found = []
    for key, part in marked.groupby([*NETWORK, "ranking", "share", "region"], sort=False):
        mean = prediction_interval(part["loss"])
        spread = mean.half_width if len(part) > 1 else 0.0
        names = dict(zip([*NETWORK, "ranking", "share", "region"], key))
        found.append(names | {"loss": mean.value, "half_width": spread})
    return pd.DataFrame(found)


def against_random(rows: pd.DataFrame) -> pd.DataFrame:
    """For each attack that is not random: its loss, that of random channels, and whether it costs more.

    Returns:
        Rows of `losses` with `random`, and `more`: above what one more random draw would show.
    """
    found = losses(rows)
    on = [*NETWORK, "share", "region"]
    random = found[found["ranking"] == RANDOM].set_index(on)
    rest = found[found["ranking"] != RANDOM].join(random[["loss", "half_width"]].add_suffix(" random"), on=on)
    more = rest["loss"] > rest["loss random"] + rest["half_width random"]
    return rest.assign(random=rest["loss random"], more=more)


def answer(rows: pd.DataFrame) -> str:
    """Whether channels that tell mirror images apart matter more than random and than strong ones."""
    found = against_random(rows).query("region == 'image'")
    whole = found[found["ranking"] == "overall"]
    strong = found.loc[found["ranking"] == STRONGEST, "loss"].mean()
    networks = rows.drop_duplicates(NETWORK)
    as_is, relative = (int((networks[f"{name} low"] > 0).sum()) for name in ("ppp rank", "relative rank"))
    cost, other, n = whole["loss"].mean(), whole["random"].mean(), len(networks)
    return (
        f"Setting the channels to zero that tell an image from its mirror image costs a mean of {cost:.1f} "
        f"points of mIoU, as many random ones {other:.1f}, but as many of the strongest, whatever they tell, "
        f"{strong:.1f}. The channels it finds carry more PPP than others in {as_is} of {n} networks, and for "
        f"their strength in {relative}."
    )


def curves(rows: pd.DataFrame) -> dict[tuple[str, str], pd.DataFrame]:
    """mIoU over the share of channels that are off, by padding and region, for `pppkit.figures.lines`.

    Returns:
        Frames with the columns `share`, `miou`, `channels` (which) and `half_width`, of random ones.
    """
    out = {}
    start = rows.drop_duplicates([*NETWORK, "region"]).set_index([*NETWORK, "region"])["whole"]
    for (data, padding, seed, region), part in losses(rows).groupby([*NETWORK, "region"], sort=False):
        if seed:
            continue
        whole, parts = 100 * start[data, padding, seed, region], []
        for ranking, own in part.groupby("ranking", sort=False):
            first = pd.DataFrame({"share": [0.0], "loss": [0.0], "half_width": [0.0]})
            line = pd.concat([first, own[["share", "loss", "half_width"]].sort_values("share")])
            parts.append(
                line.assign(channels=FIRST.get(str(ranking), str(ranking)), miou=whole - line["loss"])
            )
        out[str(padding), str(region)] = pd.concat(parts, ignore_index=True)
    return out


def by_region(rows: pd.DataFrame, share: float = 25) -> pd.DataFrame:
    """Points of mIoU that each ranking costs in each region, at one share of the channels.

    Args:
        rows: Of `channel_attack`.
        share: In per cent; the nearest that was measured.
    """
    found = losses(rows)
    nearest = min(found["share"].unique(), key=lambda s: abs(s - share))
    table = found[found["share"] == nearest].pivot_table(
        index=["padding", "ranking"], columns="region", values="loss", sort=False
    )
    return (
        table[list(REGIONS)]
        .reindex([*RANKINGS, STRONGEST, RANDOM], level="ranking")
        .rename_axis(columns=None)
    )


def patterns(rows: pd.DataFrame) -> pd.DataFrame:
    """The rank correlation of channels' flip difference with their PPP: a row for each network.

    Returns:
        `as they are`, and `over the mean feature`, both divided by how strong a channel is; each with the
        ends of its interval.
    """
    one = rows.drop_duplicates(NETWORK).set_index(["padding", "seed"])
    out: dict[tuple[str, str], pd.Series] = {}
    for name, title in {"ppp rank": "as they are", "relative rank": "over the mean feature"}.items():
        out |= {(title, "rank correlation"): one[name], (title, "from"): one[f"{name} low"]}
        out[title, "to"] = one[f"{name} high"]
    return pd.DataFrame(out)


def channel_points(folder: str | Path, trials: Sequence[Trial]) -> pd.DataFrame:
    """Every channel of first networks: `padding` and both of `CHANNEL`, over its mean feature."""
    parts = [pd.DataFrame(columns=["padding", *CHANNEL])]
    for trial in trials:
        if trial["seed"] == 0 and attack.map_file(folder, trial).is_file():
            kept = attack.maps(folder, trial)
            active = kept["mean",] > 0
            both = {
                name: kept[key,][active] / kept["mean",][active]
                for name, key in zip(CHANNEL, ("flip", "ppp"))
            }
            parts.append(pd.DataFrame(both).assign(padding=trial["padding"]))
    return pd.concat(parts[1:] or parts, ignore_index=True)


def features(folder: str | Path, trials: Sequence[Trial]) -> dict[str, dict[tuple[str, str], np.ndarray]]:
    """Mean features of the channels that are attacked first, by padding, for `pppkit.figures.gallery`."""
    out: dict[str, dict[tuple[str, str], np.ndarray]] = {}
    for trial in trials:
        if trial["seed"] == 0 and attack.map_file(folder, trial).is_file():
            kept = {key[1]: v for key, v in attack.maps(folder, trial).items() if key[0] == "features"}
            shown = {("", f"channel {k}"): values for k, values in kept.items()}
            out[str(trial["padding"])] = shown
    return out
