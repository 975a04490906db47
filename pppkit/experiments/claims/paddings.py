"""Claims about how paddings and metrics differ in trained networks: sections 4.2 and 4.3 of the PPP paper."""

from __future__ import annotations

import pandas as pd

from ...results.statistics import LEVEL, Verdict, all_positive, bonferroni, pooled_intervals, rank_correlation
from .base import FAMILY, Finding, by, claim, family_name, leading, log_ratio, networks
from .rows import Rows, some


@claim(
    "randn-fourth-layer",
    paper="PPP",
    place="4.3",
    text="randn padding does not prevent PPP at the fourth layer",
    check="SNR-PPP at layer 4 under randn, trained over untrained, is above 1 for every family",
)
def randn_does_not_prevent(rows: Rows) -> Finding:
    """What is measured beside it: randn's mean over that of the other paddings, after training."""
    ends = rows.along_training("snr_ppp", 4)
    chosen = ends["padding"] == "randn"
    randn = some(ends[chosen], "networks with randn")
    others = ends[~chosen].groupby(FAMILY)["end"].mean()
    share = some((randn.groupby(FAMILY)["end"].mean() / others).dropna(), "families with another padding")
    measured = f"trained, it is {share.min():.2f} to {share.max():.2f} of the other paddings' mean"
    growth = log_ratio(randn["end"], randn["start"])
    return Finding(measured, rows.every(by(growth, FAMILY, randn)), networks(randn))


@claim(
    "randn-middle-layers",
    paper="PPP",
    place="4.3",
    text="randn builds up less PPP at intermediate stages in certain layers",
    check="the other paddings' mean SNR-PPP over randn's, trained, at layers 2 and 3, is above 1 somewhere",
)
def randn_builds_up_less(rows: Rows) -> Finding:
    """One cell is enough, so the intervals are corrected for the number of cells."""
    ends = rows.along_training("snr_ppp")
    middle = ends[ends["level"].isin([2, 3])]
    randn = some(middle[middle["padding"] == "randn"], "layers 2 and 3 under randn")
    wide = middle.pivot_table(index=[*FAMILY, "seed", "level"], columns="padding", values="end")
    less = log_ratio(wide.drop(columns="randn").mean(axis=1), wide["randn"]).dropna()
    cells = dict(tuple(some(less, "another padding").groupby(level=[*FAMILY, "level"])))
    found = pooled_intervals(cells, rows.family, bonferroni(LEVEL, len(cells))).values()
    above, beyond = sum(c.value > 0 for c in found), sum(c.low > 0 for c in found)
    measured = f"it is in {above} of {len(cells)} cells, beyond its interval in {beyond}"
    return Finding(measured, Verdict.HOLDS if beyond else rows.every(cells), networks(randn))


@claim(
    "training-over-padding",
    paper="PPP",
    place="4.2",
    text="Training matters more for PPP than which padding is used",
    check=(
        "the paddings' mean gain of SNR-PPP at layer 4, minus their range in trained networks of one seed, "
        "is positive for every family"
    ),
)
def training_matters_more(rows: Rows) -> Finding:
    """Networks of one seed differ by their padding alone."""
    ends = rows.along_training("snr_ppp", 4)
    alike = ends.assign(gain=ends["end"] - ends["start"]).groupby([*FAMILY, "seed"])
    found = pd.DataFrame({"gain": alike["gain"].mean(), "range": alike["end"].max() - alike["end"].min()})
    found = some(found[alike["padding"].nunique() > 1], "seeds with two paddings")
    means = found.groupby(level=FAMILY, sort=False).mean()
    measured = "; ".join(
        f"{family_name(*family)}: gain {row['gain']:+.2f}, range {row['range']:.2f}"
        for family, row in means.iterrows()
    )
    beyond = dict(tuple((found["gain"] - found["range"]).groupby(level=FAMILY, sort=False)))
    return Finding(measured, rows.every(beyond), networks(ends))


@claim(
    "snr-and-mae-agree",
    paper="PPP",
    place="4.2",
    text="SNR-PPP and MAE-PPP mostly follow similar trends",
    check=(
        "their rank correlation over trained networks at layer 4 is above 0.5 for every family "
        "(Fisher's interval)"
    ),
)
def snr_and_mae_agree(rows: Rows) -> Finding:
    """The interval that has to lie above 0 is that of the correlation minus a half."""
    last = rows.trained(4)
    families = {family: part for family, part in last.groupby(FAMILY, sort=False)}
    found = {f: rank_correlation(part["snr_ppp"], part["mae_ppp"]) for f, part in families.items()}
    measured = "; ".join(
        f"{family_name(*f)}: {c.value:.2f} ({c.low:.2f} to {c.high:.2f})" for f, c in found.items()
    )
    verdict = all_positive(
        lambda level: [
            rank_correlation(part["snr_ppp"], part["mae_ppp"], level).minus(0.5) for part in families.values()
        ]
    )
    return Finding(measured, verdict, networks(last))


@claim(
    "saliency-randn",
    paper="PPP",
    place="4.2",
    text="The saliency network does not reach the other paddings' performance with randn",
    check="the weighted F-measure of the worst other padding minus that of randn is positive (percent)",
)
def saliency_network_under_randn(rows: Rows) -> Finding:
    """Scores are negated, so that randn leads where it is the worst."""
    last = rows.trained(4)
    saliency = some(last[last["model"] == "vgg16_sod"], "saliency networks")
    scores = saliency.groupby("padding")["val_weighted_f"]
    lost = {str(padding): -100 * values for padding, values in scores}
    both = lost if "randn" in lost and len(lost) > 1 else {}
    return leading({"weighted F": some(both, "randn and another padding")}, "randn", networks(saliency))
