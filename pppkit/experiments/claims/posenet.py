"""Claims about PosENet: sections 3.1 and 4.2 of the PPP paper, section 4 of the PosENet paper."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable
from functools import partial

import numpy as np
import pandas as pd
from scipy import stats

from ...models import TITLES
from ...results.statistics import Interval, Verdict, pooled_intervals, share_interval
from ..posenet.read_outs import TESTS
from ..posenet.tables import discrimination
from ..ppp import tables
from ..ppp.own_networks import network_name
from .base import FAMILY, Finding, Line, claim, leading, of_lines
from .rows import CannotTell, Rows, some

SPC = "spc images"
ANSWER = 0.05  # a correlation with less is none
SINGLE = "one case"
KIND = [*FAMILY, "weights"]
NOTHING = "nothing: this needs several networks of a kind"


def _read(rows: Rows) -> pd.DataFrame:
    """Trials on networks before training, and after training on those that learned."""
    read = rows.table("posenet")
    return some(read[(read["weights"] != "trained") | rows.counts(read)], "trials on evidence")


def _on_scenes(rows: Rows, padded: bool = True) -> pd.DataFrame:
    read = _read(rows)
    return some(read[(read["source"] == "scenes") & ((read["padding"] != "none") == padded)], "trials")


def _trained_on_scenes(rows: Rows) -> pd.DataFrame:
    scenes = _on_scenes(rows)
    trained = scenes[scenes["weights"] == "trained"]
    if trained.empty:
        raise CannotTell(f"PosENet has not read a network that learned ({_left_out(rows)})")
    return trained


def _left_out(rows: Rows) -> str:
    """How many trained networks that PosENet read no verdict rests on."""
    read = rows.table("posenet")
    trained = read[read["weights"] == "trained"].drop_duplicates(tables.NETWORK)
    return rows.why_left_out(trained) or "it has read no trained ones"


def _trials(rows: Rows) -> str:
    counts = _read(rows).groupby([*KIND], sort=False).size()
    parts = [
        f"{weights} {network_name(*family)}: {count} trials" for (*family, weights), count in counts.items()
    ]
    return "; ".join([*parts, _left_out(rows)])


def _network_means(part: pd.DataFrame) -> dict[str, pd.Series]:
    """SPC of each network, a mean over its trials, by padding; networks without one are left out."""
    means = part.groupby(["padding", "seed"])[SPC].mean().dropna()
    return {str(padding): values for padding, values in means.groupby(level="padding")}


def _kind_name(kind: tuple[str, str, str]) -> str:
    model, data, weights = kind
    return f"{weights} {network_name(model, data)}"


def _line(name: str, cells: dict[Hashable, pd.Series]) -> Line:
    """Cells over networks, or paddings, that share no spread with those of other lines."""
    return Line(name, partial(pooled_intervals, cells, None))


def _single(name: str, value: float) -> Line:
    """A number that has no interval."""
    return Line(name, lambda level: {SINGLE: Interval.around(value, 0)})


def _kinds(rows: Rows) -> Iterable[tuple[tuple[str, str, str], pd.DataFrame]]:
    """Trials by network, data set and weights; one padding alone differs from no other."""
    for kind, part in _on_scenes(rows).groupby(KIND, sort=False):
        if part["padding"].nunique() > 1:
            yield kind, part


@claim(
    "posenet-hides-differences",
    paper="PPP",
    place="3.1, Table 2",
    text="The spread of PosENet over trials hides the differences between paddings",
    check=(
        "an analysis of variance of SPC by padding, over networks (means of their trials), "
        "finds no difference (p > 0.05) in any family, untrained or learned"
    ),
    needs=["posenet"],
)
def spread_hides_differences(rows: Rows) -> Finding:
    """Families with a padding of one network cannot be asked."""
    lines = []
    for kind, part in _kinds(rows):
        groups = _network_means(part).values()
        if len(groups) > 1 and min(len(g) for g in groups) > 1:
            chance = max(float(stats.f_oneway(*groups).pvalue), 1e-30)
            lines.append(_single(_kind_name(kind), math.log10(chance / 0.05)))
    told = sum(line.intervals[SINGLE].value < 0 for line in lines)
    return of_lines(f"paddings are told apart in {told} of {len(lines)} cases", lines, _trials(rows))


@claim(
    "ppp-discriminates",
    paper="PPP",
    place="4.2, Table 2",
    text=(
        "PPP metrics have significantly lower standard deviations than PosENet, "
        "relative to what they tell apart"
    ),
    check=(
        "spread of the paddings' means over spread within a padding: that of SNR-PPP exceeds that of SPC "
        "in most families, untrained or learned (binomial interval)"
    ),
    needs=["posenet", "learned"],
)
def ppp_tells_more_apart(rows: Rows) -> Finding:
    """The ratio is `pppkit.experiments.posenet.tables.discrimination`."""
    ppp, factors, lines = rows.ends_of_training(), [], []
    for (model, data, weights), part in _kinds(rows):
        own = ppp[(ppp["weights"] == weights) & (ppp["model"] == model) & (ppp["data"] == data)]
        ours, theirs = discrimination(own, "snr_ppp"), discrimination(part, SPC)
        if np.isfinite(ours) and np.isfinite(theirs):
            factors.append(ours / theirs)
            lines.append(_single(_kind_name((model, data, weights)), math.log(ours / theirs)))
    if not factors:
        return Finding(NOTHING, Verdict.OPEN, _trials(rows))
    wins = sum(factor > 1 for factor in factors)
    measured = f"it does in {wins} of {len(factors)} cases; median factor {np.median(factors):.1f}"
    most = share_interval(wins, len(factors)).minus(0.5)
    verdict = Verdict.HOLDS if most.low > 0 else Verdict.FAILS if most.high < 0 else Verdict.OPEN
    return Finding(measured, verdict, _trials(rows), tuple(lines))


@claim(
    "posenet-scatters",
    paper="PPP",
    place="4.2",
    text="PosENet scatters over trials on one model as much as over models",
    check=(
        "the standard deviation of SPC over trials on one network, over that of all trials, "
        "is above a half in every family (over paddings)"
    ),
    needs=["posenet"],
)
def scatters_on_one_network(rows: Rows) -> Finding:
    """The values of a family are its paddings, so families share no spread."""
    found = {}
    for (model, data, weights), part in _on_scenes(rows).groupby(KIND, sort=False):
        cells = part.groupby("padding")
        if cells["seed"].nunique().min() > 1:
            variances = part.groupby(["padding", "seed"])[SPC].var()
            alone = np.sqrt(variances.groupby(level="padding").mean())
            found[_kind_name((model, data, weights))] = alone / cells[SPC].std()
    measured = "; ".join(f"{kind}: {ratio.mean():.2f}" for kind, ratio in found.items())
    lines = [_line(kind, {SINGLE: np.log(2 * ratio)}) for kind, ratio in found.items()]
    return of_lines(measured or NOTHING, lines, _trials(rows))


@claim(
    "posenet-nan",
    paper="PPP",
    place="3.1",
    text="PosENet reports NaN in certain setups",
    check="some predicted maps, of pictures, black, white or noise, are constant: they have no correlation",
    needs=["posenet"],
)
def reports_nan(rows: Rows) -> Finding:
    """That none was constant would not refute it."""
    read = _read(rows)
    counts = {test: (read[f"nan {test}"].sum(), read[f"count {test}"].sum()) for test in TESTS}
    measured = "; ".join(f"{test}: {nan:.0f} of {count:.0f} maps" for test, (nan, count) in counts.items())
    found = any(nan for nan, _ in counts.values())
    return Finding(measured, Verdict.HOLDS if found else Verdict.OPEN, _trials(rows))


@claim(
    "posenet-vgg19-zeros",
    paper="PPP",
    place="3.1, Table 2",
    text="PosENet assigns a lower SPC to the trained VGG19 with zeros than to the untrained one",
    check="SPC untrained minus trained is positive in every family of VGG19 that learned",
    needs=["posenet"],
)
def lower_when_trained(rows: Rows) -> Finding:
    """Over networks, means of their trials; VGG19 with BatchNorm counts, too."""
    trained, scenes = _trained_on_scenes(rows), _on_scenes(rows)
    vgg = scenes[scenes["model"].str.startswith("vgg19") & (scenes["padding"] == "zeros")]
    means = vgg.groupby([*FAMILY, "padding", "weights", "seed"])[SPC].mean().unstack("weights")
    ends = means.reindex(columns=["untrained", "trained"]).dropna()
    if ends.empty:
        models = ", ".join(TITLES[model] for model in trained["model"].unique())
        raise CannotTell(f"no VGG19 with zeros that PosENet has read learned (of others: {models})")
    lower = ends["untrained"] - ends["trained"]
    cells = dict(tuple(lower.groupby(level=[*FAMILY, "padding"])))
    measured = "; ".join(
        f"{network_name(model, data)}: {values.mean():+.3f}" for (model, data, _), values in cells.items()
    )
    lines = [_line(network_name(*key[:2]), {SINGLE: values}) for key, values in cells.items()]
    return of_lines(measured, lines, _trials(rows))


@claim(
    "zeros-give-position",
    paper="PosENet",
    place="4, Table 4",
    text="Zero padding gives a network its sense of position",
    check=(
        "SPC of zeros minus that of the best other padding is positive in every family that learned "
        "(over networks, means of their trials)"
    ),
    needs=["posenet"],
    note="The paper compares zeros with no padding alone, a claim of its own here.",
)
def zeros_give_position(rows: Rows) -> Finding:
    """Families with zeros and another padding are asked."""
    cells = {}
    for family, part in _trained_on_scenes(rows).groupby(FAMILY, sort=False):
        groups = _network_means(part)
        if "zeros" in groups and len(groups) > 1:
            cells[network_name(*family)] = groups
    return leading(some(cells, "families with zeros and another padding"), "zeros", _trials(rows))


@claim(
    "posenet-without-padding",
    paper="PPP",
    place="3.1; 4.2, Table 2",
    text="PosENet frequently answers to networks without padding, as its large standard deviation shows",
    check=(
        "the root mean square of SPC over trials on networks without padding is above .05 in every family, "
        "untrained or learned (by the interval of networks' mean squares)"
    ),
    needs=["posenet"],
)
def answers_without_padding(rows: Rows) -> Finding:
    """An answer is a correlation of either sign, so spread counts as a mean does."""
    blank = _on_scenes(rows, padded=False).dropna(subset=SPC)
    squares = some(blank, "maps that vary").assign(square=blank[SPC] ** 2)
    networks = squares.groupby([*KIND, "seed"], sort=False)["square"].mean()
    cells = dict(tuple(networks.groupby(level=KIND, sort=False)))
    words = [f"{_kind_name(kind)}: {math.sqrt(values.mean()):.3f}" for kind, values in cells.items()]
    lines = [_line(_kind_name(kind), {SINGLE: values - ANSWER**2}) for kind, values in cells.items()]
    return of_lines("; ".join(words), lines, _trials(rows))
