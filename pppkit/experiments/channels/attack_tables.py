"""Tables of rows of `channel_attack`: what channels cost when they are set to zero."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ...results.statistics import prediction_interval, rank_correlation
from ...results.text import several
from ..context import Trial
from ..ppp.own_networks import data_title
from . import attack
from .attack import RANDOM, RANKINGS, REGIONS, STRONGEST

NETWORK = ["data", "padding", "seed"]
CLAIMS = ("gap-attack", "gap-attack-region")  # of the attack
CHANNEL = ("difference between mirror images", "PPP")
RANKS = [f"{name}{end}" for name in ("ppp rank", "relative rank") for end in ("", " low", " high")]
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
    networks = _with_surroundings(rows)
    as_is, relative = (int((networks[f"{name} low"] > 0).sum()) for name in ("ppp rank", "relative rank"))
    cost, other, n = whole["loss"].mean(), whole["random"].mean(), len(networks)
    told = (
        f"Setting the channels to zero that tell an image from its mirror image costs a mean of {cost:.1f} "
        f"points of mIoU, as many random ones {other:.1f}, but as many of the strongest, whatever they tell, "
        f"{strong:.1f}: means over {several(len(rows.drop_duplicates(NETWORK)), 'network')} and "
        f"{several(rows['top'].nunique(), 'number')} of channels."
    )
    if not n:
        return told
    return (
        f"{told} The channels it finds carry more PPP than others in {as_is} of {n} networks, and for "
        f"their strength in {relative}."
    )


def by_number(rows: pd.DataFrame) -> pd.DataFrame:
    """Points of mIoU of the image, means over networks: a row for each number of channels set to zero.

    Args:
        rows: Of `channel_attack`.

    Returns:
        Columns `overall`, `STRONGEST` and `RANDOM`, indexed by `share`, in per cent.
    """
    whole = losses(rows).query("region == 'image'")
    return whole.pivot_table(index="share", columns="ranking", values="loss")[[*FIRST]]


def number_sentence(rows: pd.DataFrame) -> str:
    """Which channels cost more, those that tell mirror images apart or the strongest, by their number."""
    means = by_number(rows)
    told = [
        f"{row['overall']:.1f} and {row[STRONGEST]:.1f} at {share:.3g} %" for share, row in means.iterrows()
    ]
    return (
        f"Which of the two rankings costs more depends on how many channels are off. Those that tell mirror "
        f"images apart and the strongest cost {', '.join(told)} of the channels, in points of mIoU."
    )


def _with_surroundings(rows: pd.DataFrame) -> pd.DataFrame:
    """A row for each network whose images have surroundings, so that its channels have a PPP."""
    if "ppp rank" not in rows:
        return rows.assign(**dict.fromkeys(RANKS, np.nan)).iloc[:0]
    return rows.drop_duplicates(NETWORK).dropna(subset=["ppp rank"])


def curves(rows: pd.DataFrame) -> dict[tuple[str, str], pd.DataFrame]:
    """mIoU over the share of channels that are off, by padding and region, for `pppkit.figures.lines`.

    Returns:
        Frames with the columns `share`, `miou`, `channels` (which) and `half_width`, of random ones.
    """
    out, label = {}, _labels(rows["data"])
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
        out[label(str(padding), str(data)), str(region)] = pd.concat(parts, ignore_index=True)
    return out


def _labels(data: Iterable[str]) -> Callable[[str, str], str]:
    """What a padding is called: with the pictures that its network learned from where there are several."""
    several = len(set(data)) > 1
    return lambda padding, name: f"{padding} on {data_title(name)}" if several else str(padding)


def by_region(rows: pd.DataFrame, share: float = 25) -> pd.DataFrame:
    """Points of mIoU that each ranking costs in each region, at one share of the channels.

    Args:
        rows: Of `channel_attack`.
        share: In per cent; the nearest that was measured.
    """
    found, label = losses(rows), _labels(rows["data"])
    found["padding"] = [label(*names) for names in zip(found["padding"], found["data"])]
    nearest = min(found["share"].unique(), key=lambda s: abs(s - share))
    table = found[found["share"] == nearest].pivot_table(
        index=["padding", "ranking"], columns="region", values="loss", sort=False
    )
    return (
        table[list(REGIONS)]
        .reindex([*RANKINGS, STRONGEST, RANDOM], level="ranking")
        .rename_axis(columns=None)
    )


def specific(rows: pd.DataFrame, share: float = 25) -> pd.DataFrame:
    """What the channels of a third cost there, more than in the other thirds, at one share of the channels.

    Args:
        rows: Of `channel_attack`.
        share: In per cent; the nearest that was measured.

    Returns:
        A row for each network and third: `own`, in points of mIoU, `random`, the mean of random channels, and
        `more`: whether `own` is above what one more random draw would show.
    """
    shares = 100 * rows["top"] / rows["channels"]
    near = rows[shares == min(shares.unique(), key=lambda s: abs(s - share))]
    lost = near.assign(loss=100 * (near["whole"] - near["miou"]))
    wide = lost.pivot(index=[*NETWORK, "ranking", "draw"], columns="region", values="loss")
    thirds, found = [region for region in REGIONS if region != "image"], []
    for third in thirds:
        more = wide[third] - wide[[other for other in thirds if other != third]].mean(axis=1)
        for network, part in more.groupby(NETWORK, sort=False):
            random = prediction_interval(part.xs(RANDOM, level="ranking"))
            own = part.xs(third, level="ranking").iloc[0]
            names = dict(zip(NETWORK, network)) | {"third": third, "own": own}
            found.append(names | {"random": random.value, "more": bool(own > random.high)})
    return pd.DataFrame(found)


def region_sentence(rows: pd.DataFrame) -> str:
    """Whether the channels of a third hurt it more than the rest of the image."""
    found = specific(rows)
    own, random = found["own"].mean(), found["random"].mean()
    return (
        f"Channels that are ranked for a third of the image cost it a mean of {own:+.1f} points of mIoU more "
        f"than the other thirds, random ones {random:+.1f}; "
        f"{found['more'].sum()} of {len(found)} do so by more than another random draw would."
    )


def strength_sentence(folder: str | Path, trials: Sequence[Trial]) -> str:
    """How much of a channel's difference between mirror images is its strength."""
    ranks = []
    for trial in trials:
        if attack.map_file(folder, trial).is_file():
            kept = {name: pd.Series(attack.maps(folder, trial)[name,]) for name in ("flip", "mean")}
            ranks.append(rank_correlation(kept["flip"], kept["mean"]).value)
    if not ranks:
        return ""
    span = f"{min(ranks):.2f} to {max(ranks):.2f}" if len(ranks) > 1 else f"{ranks[0]:.2f}"
    return (
        f"A channel's difference between mirror images has a rank correlation of {span} with its mean "
        "feature, so the right-hand columns are divided by that."
    )


def patterns(rows: pd.DataFrame) -> pd.DataFrame:
    """The rank correlation of channels' flip difference with their PPP: a row for each network.

    Returns:
        `as they are`, and `over the mean feature`, both divided by how strong a channel is; each with the
        ends of its interval.
    """
    one, label = _with_surroundings(rows), _labels(rows["data"])
    named = [label(*names) for names in zip(one["padding"], one["data"])]
    one = one.assign(padding=named).set_index(["padding", "seed"])
    out: dict[tuple[str, str], pd.Series] = {}
    for name, title in {"ppp rank": "as they are", "relative rank": "over the mean feature"}.items():
        out |= {(title, "rank correlation"): one[name], (title, "from"): one[f"{name} low"]}
        out[title, "to"] = one[f"{name} high"]
    return pd.DataFrame(out)


def channel_points(folder: str | Path, trials: Sequence[Trial]) -> pd.DataFrame:
    """Every channel of first networks: `padding` and both of `CHANNEL`, over its mean feature."""
    parts, label = [pd.DataFrame(columns=["padding", *CHANNEL])], _labels(t["data"] for t in trials)
    for trial in trials:
        if trial["seed"] == 0 and attack.map_file(folder, trial).is_file():
            kept = attack.maps(folder, trial)
            if ("ppp",) not in kept:
                continue
            active = kept["mean",] > 0
            both = {
                name: kept[key,][active] / kept["mean",][active]
                for name, key in zip(CHANNEL, ("flip", "ppp"))
            }
            parts.append(pd.DataFrame(both).assign(padding=label(trial["padding"], trial["data"])))
    return pd.concat(parts[1:] or parts, ignore_index=True)


def features(folder: str | Path, trials: Sequence[Trial]) -> dict[str, dict[tuple[str, str], np.ndarray]]:
    """Mean features of the channels that are attacked first, by padding, for `pppkit.figures.gallery`."""
    out: dict[str, dict[tuple[str, str], np.ndarray]] = {}
    label = _labels(t["data"] for t in trials)
    for trial in trials:
        if trial["seed"] == 0 and attack.map_file(folder, trial).is_file():
            kept = {key[1]: v for key, v in attack.maps(folder, trial).items() if key[0] == "features"}
            shown = {("", f"channel {k}"): values for k, values in kept.items()}
            out[label(trial["padding"], trial["data"])] = shown
    return out
