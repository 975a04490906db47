"""Claims about how paddings and metrics differ in trained networks: sections 4.2 and 4.3 of the PPP paper."""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial

import numpy as np
import pandas as pd

from ...results.statistics import (
    LEVEL,
    Interval,
    Verdict,
    bonferroni,
    rank_correlation,
)
from ..ppp.own_networks import network_name
from ..ppp.recipes import SALIENCY
from ..ppp.tables import deepest, is_deepest
from .base import (
    FAMILY,
    Finding,
    Line,
    by,
    claim,
    layer_lines,
    layer_name,
    leading,
    log_ratio,
    networks,
    of_lines,
)
from .rows import Rows, some

STARTS = {"start": ", over He et al.'s start", "default": ", over the default start"}
LAYER = [*FAMILY, "level"]


@claim(
    "randn-fourth-layer",
    paper="PPP",
    place="4.3",
    text="randn padding does not prevent PPP at the fourth layer",
    check=(
        "SNR-PPP of networks that learned under randn, over untrained (He et al.'s start, and the default "
        "initialisation), is above 1 at the deepest layer of every family, on every kind of pictures; "
        "other layers are shown beside"
    ),
)
def randn_does_not_prevent(rows: Rows) -> Finding:
    """What is measured beside it: randn's mean over that of the other paddings, after training."""
    ends = rows.beside_default("snr_ppp")
    deep = ends[deepest(ends)]
    randn = some(ends[ends["padding"] == "randn"], "networks with randn")
    means = (
        deep.groupby([*FAMILY, deep["padding"] == "randn"])["end"]
        .mean()
        .unstack()
        .reindex(columns=[True, False])
    )
    share = some((means[True] / means[False]).dropna(), "families with another padding")
    measured = f"trained, it is {share.min():.2f} to {share.max():.2f} of the other paddings' mean"
    lines: list[Line] = []
    for start, beside in STARTS.items():
        growth = log_ratio(randn["end"], randn[start])
        lines += layer_lines(growth, randn, rows.family, beside, deepest_decides=True)
    return of_lines(measured, lines, rows.stands_on(networks(randn)))


@claim(
    "randn-middle-layers",
    paper="PPP",
    place="4.3",
    text="randn builds up less PPP at intermediate stages in certain layers",
    check=(
        "the other paddings' mean SNR-PPP over randn's, in networks that learned, is above 1 somewhere "
        "before the deepest layer (intervals corrected for the number of cases)"
    ),
    note="Of intermediate stages: the paper may mean those of training; the end of training is asked.",
)
def randn_builds_up_less(rows: Rows) -> Finding:
    """One case is enough, so intervals are corrected for their number; all must lie below to refute it."""
    ends = rows.along_training("snr_ppp")
    middle = ends[~deepest(ends)]
    randn = some(middle[middle["padding"] == "randn"], "layers before the deepest under randn")
    places = [*LAYER, "source", "seed"]
    wide = middle.pivot_table(index=places, columns="padding", values="end", sort=False)
    ratio = log_ratio(wide.drop(columns="randn").mean(axis=1), wide["randn"]).dropna()
    less = some(ratio, "another padding").rename("less").reset_index().assign(padding="randn")
    lines = layer_lines(less["less"], less, rows.family)
    count = sum(len(line.intervals) for line in lines)
    corrected = bonferroni(LEVEL, count)
    found = [case for line in lines for case in line.intervals_at(corrected).values()]
    above, beyond = sum(case.value > 0 for case in found), sum(case.low > 0 for case in found)
    measured = f"it is in {above} of {count} cases, beyond its interval in {beyond}"
    against = all(case.high < 0 for line in lines for case in line.intervals.values())
    verdict = Verdict.HOLDS if beyond else Verdict.FAILS if against else Verdict.OPEN
    return Finding(measured, verdict, rows.stands_on(networks(randn)), tuple(lines))


@claim(
    "training-over-padding",
    paper="PPP",
    place="4.2",
    text="Training matters more for PPP than which padding is used",
    check=(
        "the paddings' mean gain of SNR-PPP (from He et al.'s start, and from the default initialisation), "
        "minus their range in trained networks of one seed, is positive at the deepest layer of every family "
        "that learned, on every kind of pictures; other layers are shown beside"
    ),
    note="The paper says “perhaps”.",
)
def training_matters_more(rows: Rows) -> Finding:
    """Networks of one seed differ by their padding alone."""
    ends = rows.beside_default("snr_ppp")
    lines: list[Line] = []
    measured = []
    for start, beside in STARTS.items():
        found = _gain_and_range(ends, start)
        lines += layer_lines(found["gain"] - found["range"], found, rows.family, beside, deepest_decides=True)
        for family, part in found[deepest(found)].groupby(FAMILY, sort=False):
            gain, span = part["gain"].mean(), part["range"].mean()
            measured.append(f"{network_name(*family)}{beside}: gain {gain:+.2f}, range {span:.2f}")
    return of_lines("; ".join(measured), lines, rows.stands_on(networks(ends)))


def _gain_and_range(ends: pd.DataFrame, start: str) -> pd.DataFrame:
    """By layer, pictures and seed: the paddings' mean gain, and their range after training."""
    alike = ends.assign(gain=ends["end"] - ends[start]).groupby([*LAYER, "source", "seed"], sort=False)
    found = pd.DataFrame({"gain": alike["gain"].mean(), "range": alike["end"].max() - alike["end"].min()})
    several = some(found[alike["padding"].nunique() > 1], "seeds with two paddings")
    return several.reset_index().assign(padding="all")


@claim(
    "snr-and-mae-agree",
    paper="PPP",
    place="4.2",
    text="SNR-PPP and MAE-PPP mostly follow similar trends",
    check=(
        "their rank correlation over networks that learned is above 0.5 at the deepest layer of every "
        "family, on every kind of pictures (Fisher's interval); other layers are shown beside"
    ),
)
def snr_and_mae_agree(rows: Rows) -> Finding:
    """The interval that has to lie above 0 is that of the correlation minus a half."""
    curves = rows.passing()
    last = curves[curves["epoch"] == curves["epochs"]]
    lines, measured = [], []
    for (model, data, level), part in last.groupby(LAYER, sort=False):
        last_layer = is_deepest(model, level)
        name = layer_name(network_name(model, data), model, level)
        lines.append(Line(name, partial(_agreement, part), last_layer))
        if last_layer:
            found = {case: f.value + 0.5 for case, f in lines[-1].intervals.items() if np.isfinite(f.value)}
            measured += [f"{network_name(model, data)}, {case}: {rank:.2f}" for case, rank in found.items()]
    told = "; ".join(measured) or "too few networks for a correlation"
    return of_lines(told, lines, rows.stands_on(networks(last)))


def _agreement(part: pd.DataFrame, level: float) -> dict[Hashable, Interval]:
    """By kind of pictures, the rank correlation of both metrics, less a half."""
    sources = part.groupby("source", sort=False)
    return {
        str(source): rank_correlation(of["snr_ppp"], of["mae_ppp"], level).minus(0.5)
        for source, of in sources
    }


@claim(
    "saliency-randn",
    paper="PPP",
    place="4.2",
    text="The saliency network does not reach the other paddings' performance with randn",
    check=(
        "the weighted F-measure of the worst other padding minus that of randn is positive (percent), "
        "in networks that learned"
    ),
    note=(
        "The paper's network goes on from one trained with zeros, which it blames; ours starts from nothing. "
        "One below its gate would not be asked."
    ),
)
def saliency_network_under_randn(rows: Rows) -> Finding:
    """Scores are negated, so that randn leads where it is the worst."""
    saliency = rows.passing(*SALIENCY)
    last = saliency[saliency["epoch"] == saliency["epochs"]].drop_duplicates(["data", "padding", "seed"])
    cells = by(-100 * last["val_weighted_f"], ["padding"], last)
    lost = {str(padding): values for (padding,), values in cells.items()}
    both = lost if "randn" in lost and len(lost) > 1 else {}
    behind = rows.stands_on(networks(last), *SALIENCY)
    return leading({"weighted F": some(both, "randn and another padding")}, "randn", behind)
