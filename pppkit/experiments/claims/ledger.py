"""The ledger: what the papers claim, where, and what our result rows say about it."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from ...models import TITLES
from ...results.statistics import welch_from_summary
from ...results.store import load_maps
from .. import bhv, posenet
from ..bhv import tables as bhv_table
from ..ppp import chronology, untrained

VERDICTS = ("holds", "fails", "cannot be told yet")
COLUMNS = ("paper", "place", "claim", "check", "measured", "verdict", "rows")


def intervals(
    cells: Mapping[Any, pd.Series], level: float = 0.95, pooled: bool = True
) -> dict[Any, tuple[float, float]]:
    """Mean and half-width of its confidence interval (Student) of each cell.

    Args:
        cells: Values over networks; keys begin with model and data.
        level: Of confidence.
        pooled: The cells of one model and data share a spread, as in an analysis of variance. Otherwise each has its own.

    Returns:
        By the cells' keys; infinite half-widths where no family has two networks in a cell.
    """
    families: dict[Any, list[Any]] = {}
    for key in cells:
        families.setdefault(key[:2] if pooled and isinstance(key, tuple) else key, []).append(key)
    out: dict[Any, tuple[float, float]] = {}
    for keys in families.values():
        freedom = sum(len(cells[k]) - 1 for k in keys)
        squares = sum(float(((cells[k] - cells[k].mean()) ** 2).sum()) for k in keys)
        error = stats.t.ppf(0.5 + level / 2, freedom) * np.sqrt(squares / freedom) if freedom else np.inf
        out |= {k: (float(cells[k].mean()), float(error / np.sqrt(len(cells[k])))) for k in keys}
    return out


def _verdict(bounds: Collection[tuple[float, float]], strict: Collection[tuple[float, float]]) -> str:
    """Of intervals, each from low to high: `"holds"` where all lie above 0, `"fails"` where one of the strict ones lies below."""
    if any(high < 0 for _, high in strict):
        return "fails"
    return "holds" if bounds and all(low > 0 for low, _ in bounds) else VERDICTS[2]


def _around(found: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(mean - half, mean + half) for mean, half in found]


def every(cells: Mapping[Any, pd.Series], pooled: bool = True) -> str:
    """Whether something is positive in every cell, given its values over networks in each.

    `"holds"` where every interval lies above 0, `"fails"` where at least one lies below, and otherwise `"cannot be told yet"`.
    Among many cells some would lie below by chance, so for failing the intervals have a level of 1 - 0.05 / cells (Bonferroni).
    """
    if not cells:
        return VERDICTS[2]
    return _verdict(
        *(_around(intervals(cells, level, pooled).values()) for level in (0.95, 1 - 0.05 / len(cells)))
    )


def lead(groups: Mapping[str, pd.Series], name: str, level: float = 0.95) -> tuple[float, float, str]:
    """How far one group's mean lies above the highest of the others: difference, half-width of its interval (Welch), that other."""
    rival = max((k for k in groups if k != name), key=lambda k: groups[k].mean())
    a, b = groups[name], groups[rival]
    found = welch_from_summary(a.mean(), a.std(), len(a), b.mean(), b.std(), len(b), level)
    return found.value, found.half_width, rival


def leads(cells: Mapping[Any, Mapping[str, pd.Series]], name: str) -> tuple[str, str]:
    """Whether a group leads in every cell, as in `every`, and what was measured."""
    found = {k: lead(v, name) for k, v in cells.items()}
    strict = [lead(v, name, 1 - 0.05 / len(cells)) for v in cells.values()]
    measured = "; ".join(
        f"{k}: {d:+.3f} ± {half:.3f} against {rival}" for k, (d, half, rival) in found.items()
    )
    return _verdict(*(_around(f[:2] for f in group) for group in (found.values(), strict))), measured


def _family(model: str, data: str) -> str:
    return f"{TITLES[model]} on {data}"


def _native(rows: pd.DataFrame, level: int | None = None) -> pd.DataFrame:
    """Those of the trained size on scenes, of one layer of interest or of all."""
    native = rows[(rows["size"] == rows["trained_size"]) & (rows["source"] == "scenes")]
    return native if level is None else native[native["level"] == level]


def _cells(part: pd.DataFrame) -> str:
    """Which networks stand behind a claim, families of equal number together."""
    counts = (
        part.groupby(["model", "data"], sort=False)
        .agg(paddings=("padding", "nunique"), networks=("seed", "nunique"))
        .reset_index()
    )
    names = counts.apply(lambda r: _family(r["model"], r["data"]), axis=1).groupby(
        [counts["paddings"], counts["networks"]]
    )
    return "; ".join(
        f"{', '.join(v)}: {p} padding{'s' * (p > 1)}, {n} network{'s' * (n > 1)} each" for (p, n), v in names
    )


def _ends(rows: pd.DataFrame, metric: str, level: int | None = None) -> pd.DataFrame:
    """One row for each network and layer: `start`, `early` (after the first tenth), `middle` and `end` of a metric, at the trained size on scenes."""
    out = []
    for key, part in _native(rows, level).groupby(["model", "data", "padding", "seed", "level"], sort=False):
        curve, last = part.set_index("epoch")[metric], int(part["epochs"].iloc[0])

        def near(epoch: float, curve: pd.Series = curve) -> float:
            return float(curve.loc[min(curve.index, key=lambda e: (abs(e - epoch), e))])

        first = max(1.0, last / 10)
        named = dict(zip(("model", "data", "padding", "seed", "level"), key))
        out.append(
            named | {"start": near(0), "early": near(first), "middle": near(last / 2), "end": near(last)}
        )
    return pd.DataFrame(out)


def _by_cell(
    ends: pd.DataFrame, change: pd.Series, keys: tuple[str, ...] = ("model", "data", "padding", "level")
) -> dict:
    return dict(tuple(change.groupby([ends[c] for c in keys], sort=False)))


def _growth(after: pd.Series, before: pd.Series) -> pd.Series:
    """Logarithm of the ratio: positive where it grew, and of one spread for small and for large patterns."""
    return np.log(after / before)


def learned(
    rows: pd.DataFrame, initial: pd.DataFrame | None = None, pooled: bool = True
) -> list[dict[str, str]]:
    """Claims about training: sections 4.1 to 4.3.

    Args:
        rows: Of `chronology.csv`.
        initial: Of `initial.csv`: the same networks under PyTorch's default initialisation.
        pooled: As in `intervals`.
    """
    out = []

    def add(place: str, claim: str, check: str, measured: str, verdict: str, part: pd.DataFrame) -> None:
        out.append(dict(zip(COLUMNS, ("PPP", place, claim, check, measured, verdict, _cells(part)))))

    for metric, label in (("snr_ppp", "SNR-PPP"), ("mae_ppp", "MAE-PPP")):
        ends = _ends(rows, metric, 4)
        change = _growth(ends["end"], ends["start"])
        grown, ratio = int((change > 0).sum()), np.exp(change.median())
        add(
            "4.1, Table 2", f"Training strengthens PPP in every case, by {label}",
            f"{label} at layer 4, trained over that of the network that training started from (He et al.), is above 1 in every cell",
            f"it grew in {grown} of {len(ends)} networks; the median ratio is {ratio:.2f}", every(_by_cell(ends, change), pooled), ends,
        )  # fmt: skip
        if initial is not None and len(initial):
            keys = ["model", "data", "padding", "seed"]
            both = ends.merge(_native(initial, 4)[[*keys, metric]], on=keys)
            change = _growth(both["end"], both[metric])
            add(
                "4.1, Table 2", f"The same, from PyTorch's default initialisation, by {label}",
                f"{label} at layer 4, trained over that of an untrained network of the default initialisation, is above 1 in every cell",
                f"it is larger in {int((change > 0).sum())} of {len(both)} networks; medians {both[metric].median():.4f} and {both['end'].median():.4f}",
                every(_by_cell(both, change), pooled), both,
            )  # fmt: skip
    ends = _ends(rows, "snr_ppp")
    gain = _growth(ends["early"], ends["start"])
    share = ((ends["early"] - ends["start"]) / (ends["end"] - ends["start"]))[
        ends["end"] > ends["start"]
    ].median()
    add(
        "4.3, Figure 5", "All models gain significant PPP within the first tenth of training, in all layers",
        "SNR-PPP after a tenth of the epochs (at least one) over untrained is above 1 in every cell and layer",
        f"it grew in {int((gain > 0).sum())} of {len(ends)} curves; where it grew to the end, a median of {100 * share:.0f} % of it came first",
        every(_by_cell(ends, gain), pooled), ends,
    )  # fmt: skip
    late = _growth(ends["end"], ends["middle"])
    fourth = ends["level"] == 4
    add(
        "4.3, Figure 5", "The fourth layer keeps growing until the end",
        "SNR-PPP at layer 4, at the end over the middle of training, is above 1 in every cell",
        f"it grew in {int((late[fourth] > 0).sum())} of {int(fourth.sum())} networks",
        every(_by_cell(ends[fourth], late[fourth]), pooled), ends[fourth],
    )  # fmt: skip
    deep = ends[fourth]
    randn = deep[deep["padding"] == "randn"]
    if len(randn):
        others = deep[deep["padding"] != "randn"].groupby(["model", "data"])["end"].mean()
        share = (randn.groupby(["model", "data"])["end"].mean() / others).dropna()
        add(
            "4.3", "randn padding does not prevent PPP at the fourth layer",
            "SNR-PPP at layer 4 under randn, trained over untrained, is above 1 for every family",
            f"trained, it is {share.min():.2f} to {share.max():.2f} of the other paddings' mean",
            every(_by_cell(randn, _growth(randn["end"], randn["start"]), ("model", "data")), pooled), randn,
        )  # fmt: skip
        middle = ends[ends["level"].isin([2, 3])].pivot_table(
            index=["model", "data", "seed", "level"], columns="padding", values="end"
        )
        less = _growth(middle.drop(columns="randn").mean(axis=1), middle["randn"])
        groups = dict(tuple(less.groupby(level=["model", "data", "level"])))
        cells = intervals(groups, 1 - 0.05 / len(groups), pooled)
        add(
            "4.3", "randn builds up less PPP at intermediate stages in certain layers",
            "the other paddings' mean SNR-PPP over randn's, trained, at layers 2 and 3, is above 1 somewhere",
            f"it is in {sum(m > 0 for m, _ in cells.values())} of {len(cells)} cells, beyond its interval in {sum(m > h for m, h in cells.values())}",
            "holds" if any(m > h for m, h in cells.values()) else every(groups, pooled), randn,
        )  # fmt: skip
    per = deep.assign(gain=deep["end"] - deep["start"]).groupby(["model", "data", "seed"])
    gain, spread = per["gain"].mean(), per["end"].max() - per["end"].min()
    beyond = dict(
        tuple((gain - spread)[per["padding"].nunique() > 1].groupby(level=["model", "data"], sort=False))
    )
    add(
        "4.2", "Training matters more for PPP than which padding is used",
        "the paddings' mean gain of SNR-PPP at layer 4, minus their range in trained networks of one seed, is positive for every family",
        "; ".join(f"{_family(m, d)}: gain {gain[m, d].mean():+.2f}, range {spread[m, d].mean():.2f}" for m, d in beyond), every(beyond, pooled), deep,
    )  # fmt: skip
    last = _native(rows[rows["epoch"] == rows["epochs"]], 4)
    ranks = {
        k: stats.pearsonr(*(p[m].rank() for m in ("snr_ppp", "mae_ppp")))
        for k, p in last.groupby(["model", "data"], sort=False)
    }
    bounds, strict = (
        [r.confidence_interval(level) for r in ranks.values()] for level in (0.95, 1 - 0.05 / len(ranks))
    )
    add(
        "4.2", "SNR-PPP and MAE-PPP mostly follow similar trends",
        "their rank correlation over trained networks at layer 4 is above 0.5 for every family (Fisher's interval)",
        "; ".join(f"{_family(m, d)}: {r.statistic:.2f} ({c.low:.2f} to {c.high:.2f})" for ((m, d), r), c in zip(ranks.items(), bounds)),
        _verdict(*([(c.low - 0.5, c.high - 0.5) for c in cs] for cs in (bounds, strict))), last,
    )  # fmt: skip
    saliency = last[last["model"] == "vgg16_sod"]
    if saliency["padding"].nunique() > 1 and "randn" in set(saliency["padding"]):
        scores = {str(k): -100 * v for k, v in saliency.groupby("padding")["val_weighted_f"]}
        verdict, measured = leads({"weighted F": scores}, "randn")
        add(
            "4.2", "The saliency network does not reach the other paddings' performance with randn",
            "the weighted F-measure of the worst other padding minus that of randn is positive (percent)", measured, verdict, saliency,
        )  # fmt: skip
    return out


def corners(trials: list[dict], folder: Path, pooled: bool = True) -> list[dict[str, str]]:
    """Claims about the shape of PPP, from the trained networks' maps of the largest size (section 4.1)."""
    ratios, shapes, spread = {}, {}, {}
    for trial in trials:
        path = folder / "maps" / f"chronology_{chronology.name(trial)}.npz"
        if not path.exists():
            continue
        maps = load_maps(path)
        last = max(int(epoch) for epoch, _, _ in maps)
        layer = [at for epoch, source, at in maps if epoch == str(last) and source == "scenes"][-1]
        z, start = maps[str(last), "scenes", layer], maps.get(("0", "scenes", layer))
        key = tuple(trial[c] for c in ("model", "data", "padding", "seed"))
        corner, inside = chronology.outline(z)
        ratios[key], shapes[key] = np.log(corner), z.ravel()
        if start is not None:
            spread[key] = np.log(inside / chronology.outline(start)[1])
    if not ratios:
        return []

    def by_cell(values: dict) -> dict:
        return dict(tuple(pd.Series(values).groupby(level=[0, 1, 2], sort=False)))

    ratio = np.exp(pd.Series(ratios))
    networks = pd.DataFrame(list(ratios), columns=["model", "data", "padding", "seed"])
    size = f"maps of layer 4 on the largest images; {_cells(networks)}"
    out = []

    def add(place: str, claim: str, check: str, measured: str, cells: dict) -> None:
        out.append(
            dict(zip(COLUMNS, ("PPP", place, claim, check, measured, every(by_cell(cells), pooled), size)))
        )

    add(
        "4.1", "After training the maximum sits in the corners",
        "the strongest corner (a seventh of the map's side) over the strongest middle of a side is above 1 in every cell",
        f"it is in {int((ratio > 1).sum())} of {len(ratio)} networks; ratios {ratio.min():.2f} to {ratio.max():.2f}", ratios,
    )  # fmt: skip
    if spread:
        gain = np.exp(pd.Series(spread))
        add(
            "4.1, Figure 4", "In all scenarios PPP spreads out with training",
            "the share of PPP that lies further than a seventh of the side from the border, trained over untrained, is above 1 in every cell",
            f"it grew in {int((gain > 1).sum())} of {len(gain)} networks; the median ratio is {gain.median():.2f}", spread,
        )  # fmt: skip
    pairs = {
        (*a[:2], f"{a[2]} and {b[2]}", a[3]): np.corrcoef(shapes[a], shapes[b])[0, 1]
        for a, b in itertools.combinations(shapes, 2)
        if a[:2] == b[:2] and a[3] == b[3] and len(shapes[a]) == len(shapes[b])
    }
    if pairs:
        found = pd.Series(pairs)
        beyond = {
            k: np.arctanh(min(v, 1 - 1e-6)) - np.arctanh(0.5) for k, v in pairs.items()
        }  # Fisher's z: of one spread
        add(
            "4.1", "The overall structure of PPP is similar for all paddings",
            "the correlation of two paddings' maps, of networks of one family and seed, is above 0.5 for every pair",
            f"median {found.median():.2f}, {found.min():.2f} to {found.max():.2f}, {(found > 0.5).sum()} of {len(found)} above 0.5", beyond,
        )  # fmt: skip
    return out


def read_out(read: pd.DataFrame, rows: pd.DataFrame, pooled: bool = True) -> list[dict[str, str]]:
    """Claims about PosENet: section 3.1 and 4.2 of the PPP paper, section 4 of the PosENet paper.

    Args:
        read: Of `posenet.csv`.
        rows: Of `chronology.csv`.
        pooled: As in `intervals`.
    """
    out = []
    size = "; ".join(
        f"{_family(m, d)}: {n} trials"
        for (m, d), n in read.groupby(["model", "data"], sort=False).size().items()
    )

    def add(paper: str, place: str, claim: str, check: str, measured: str, verdict: str) -> None:
        out.append(dict(zip(COLUMNS, (paper, place, claim, check, measured, verdict, size))))

    scenes = read[(read["source"] == "scenes") & (read["padding"] != "none")]
    told, power, wide = [], [], {}
    deep = _native(rows, 4)
    deep = deep[deep["epoch"].isin([0]) | (deep["epoch"] == deep["epochs"])]
    for (model, data, weights), part in scenes.groupby(["model", "data", "weights"], sort=False):
        by_padding = part.groupby("padding")
        if by_padding["seed"].nunique().min() > 1:
            alone = by_padding.apply(
                lambda p: np.sqrt(p.groupby("seed")["spc images"].var().mean()), include_groups=False
            )
            wide[f"{weights} {_family(model, data)}"] = alone / by_padding["spc images"].std()
        if len(by_padding) < 2:
            continue  # one padding differs from no other
        groups = [
            g
            for _, g in part.groupby(["padding", "seed"])["spc images"]
            .mean()
            .dropna()
            .groupby(level="padding")
        ]
        if min(map(len, groups)) > 1:
            told.append(stats.f_oneway(*groups).pvalue < 0.05)
        own = deep[
            (deep["model"] == model)
            & (deep["data"] == data)
            & ((deep["epoch"] == 0) == (weights == "untrained"))
        ]
        ours, theirs = (
            g.groupby("padding")[c].mean().std() / g.groupby("padding")[c].std().mean()
            for g, c in ((own, "snr_ppp"), (part, "spc images"))
        )
        if np.isfinite(ours) and np.isfinite(theirs):
            power.append(ours / theirs)
    add(
        "PPP", "3.1, Table 2", "The spread of PosENet over trials hides the differences between paddings",
        "an analysis of variance of SPC by padding, over networks (means of their trials), finds no difference (p > 0.05) in any family, "
        "untrained or trained", f"paddings are told apart in {sum(told)} of {len(told)} cases",
        "fails" if any(told) else "holds" if told else VERDICTS[2],
    )  # fmt: skip
    wins = sum(p > 1 for p in power)
    odds = stats.binomtest(wins, len(power)).proportion_ci() if power else None
    add(
        "PPP", "4.2, Table 2", "PPP metrics have significantly lower standard deviations than PosENet, relative to what they tell apart",
        "spread of the paddings' means over spread within a padding: that of SNR-PPP exceeds that of SPC in most cases (binomial interval)",
        f"it does in {wins} of {len(power)} cases; median factor {np.median(power):.1f}"
        if power
        else "nothing: this needs several networks of a kind",
        VERDICTS[2] if odds is None else "holds" if odds.low > 0.5 else "fails" if odds.high < 0.5 else VERDICTS[2],
    )  # fmt: skip
    add(
        "PPP", "4.2", "PosENet scatters over trials on one model as much as over models",
        "the standard deviation of SPC over trials on one network, over that of all trials, is above a half in every family (over paddings)",
        "; ".join(f"{k}: {v.mean():.2f}" for k, v in wide.items()) or "nothing: this needs several networks of a kind",
        every({k: np.log(2 * v) for k, v in wide.items()}),
    )  # fmt: skip
    nan = int(read["nan images"].sum())
    add(
        "PPP", "3.1", "PosENet reports NaN in certain setups", "some predicted maps are constant",
        f"{nan} of {int(read['count images'].sum())} maps", "holds" if nan else "cannot be told yet",
    )  # fmt: skip
    vgg = scenes[(scenes["model"] == "vgg19") & (scenes["padding"] == "zeros")]
    if vgg["weights"].nunique() == 2:
        means = vgg.groupby(["data", "weights", "seed"])["spc images"].mean().unstack("weights")
        lower = means["untrained"] - means["trained"]
        add(
            "PPP", "3.1, Table 2", "PosENet assigns a lower SPC to the trained VGG19 with zeros, although its pattern has grown",
            "SPC untrained minus trained is positive in every data set",
            "; ".join(f"{d}: {v.mean():+.3f}" for d, v in lower.groupby(level="data")),
            every(dict(tuple(lower.groupby(level="data"))), pooled),
        )  # fmt: skip
    trained = scenes[scenes["weights"] == "trained"].groupby(["model", "data"], sort=False)
    scores = {
        _family(m, d): {
            str(k): v.dropna()
            for k, v in part.groupby(["padding", "seed"])["spc images"].mean().groupby(level="padding")
        }
        for (m, d), part in trained
    }
    scores = {k: v for k, v in scores.items() if "zeros" in v and len(v) > 1}
    if scores:
        verdict, measured = leads(scores, "zeros")
        add(
            "PosENet", "4, Table 1", "Zero padding gives a network its sense of position",
            "SPC of zeros minus that of the best other padding is positive in every trained family (over networks, means of their trials)", measured, verdict,
        )  # fmt: skip
    blank = (
        read[(read["padding"] == "none") & (read["source"] == "scenes")]
        .groupby(["model", "data", "weights", "seed"])["spc images"]
        .mean()
    )
    cells = intervals(dict(tuple(blank.groupby(level=["model", "data", "weights"]))), pooled=pooled)
    answers = sum(abs(mean) > half for mean, half in cells.values())
    add(
        "PPP", "3.1, Table 2", "PosENet answers to networks without padding",
        "their mean SPC, untrained or trained, differs from 0 by more than its interval over networks; fails if all intervals are within ±.05",
        "; ".join(f"{w} {TITLES[m]} {mean:+.3f} ± {half:.3f}" for (m, _, w), (mean, half) in cells.items()) or "nothing: no such network was trained",
        "holds" if answers else "fails" if cells and all(half < 0.05 for _, half in cells.values()) else "cannot be told yet",
    )  # fmt: skip
    return out


def before(rows: pd.DataFrame) -> list[dict[str, str]]:
    """Claims about untrained networks (Table 2)."""
    deep = rows[(rows["level"] == 4) & (rows["init"] == "default")]
    size = f"{deep['weights_seed'].nunique()} networks each, {int(deep['n'].max())} images"
    none = deep[deep["padding"] == "none"]["snr_ppp"].max()
    vgg = deep[(deep["model"] == "vgg19") & (deep["padding"] != "none")].groupby("padding")["snr_ppp"]
    zeros, others = vgg.mean()["zeros"], vgg.max().drop("zeros").max()
    padded = (
        deep[~deep["model"].isin(["vgg19"]) & (deep["padding"] != "none")]
        .groupby(["model", "padding", "weights_seed"])["snr_ppp"]
        .mean()
    )
    cells = {
        TITLES[str(m)]: {str(k): v for k, v in part.groupby(level="padding")}
        for m, part in padded.groupby(level="model", sort=False)
    }
    verdict, measured = leads(cells, "zeros")
    return [
        dict(zip(COLUMNS, values))
        for values in (
            (
                "PPP", "4.2, Table 2", "PPP is zero without padding, by definition", "SNR-PPP of VGG19 without padding is below 1e-5",
                f"at most {none:.1e}", "holds" if none < 1e-5 else "fails", size,
            ),
            (
                "PPP", "Table 2", "Before training only zero padding shows in VGG19", "SNR-PPP of every other padding prints as 0.0000",
                f"zeros {zeros:.4f}, the largest of another padding {others:.5f}", "holds" if others < 5e-5 else "fails", size,
            ),
            (
                "PPP", "Table 2", "Before training zeros leave the strongest pattern in ResNet50 and EfficientNet",
                "SNR-PPP of zeros minus that of the strongest other padding is positive, both kinds of pictures together", measured, verdict, size,
            ),
        )
    ]  # fmt: skip


def ledger(folder: str | Path, pooled: bool = True) -> pd.DataFrame:
    """Every claim that result rows can speak to.

    Args:
        folder: Of the published rows.
        pooled: As in `intervals`.

    Returns:
        One row for each claim: the `paper`, the `place` in it, the `claim`, the `check`, what was `measured`, the `verdict`
        (`VERDICTS`), and which `rows` it rests on.
    """
    folder = Path(folder)
    trained = chronology.Store(folder / "chronology.csv", chronology.KEY).load()
    read = chronology.Store(folder / "posenet.csv", posenet.KEY).load()
    found = before(chronology.Store(folder / "untrained.csv", untrained.KEY).load())
    padded = trained[trained["padding"] != "none"]  # without padding there is no pattern to follow
    if len(padded):
        found += learned(padded, chronology.Store(folder / "initial.csv", chronology.KEY).load(), pooled)
        found += corners(padded[list(chronology.KEY)].drop_duplicates().to_dict("records"), folder, pooled)
    if len(read):
        found += read_out(read, padded, pooled)
    table = chronology.Store(folder / "bhv.csv", bhv.KEY).rows(bhv.published()["table"])
    table["background"] = table["background"].map(bhv.background_name)
    size = f"{len(table)} networks at the paper's full scale"
    for row in bhv_table.claims(table).to_dict("records"):
        row["verdict"] = row["verdict"].replace("cannot be told", "cannot be told yet")
        found.append({"paper": "PPP", "place": "3.2, Table 1", "rows": size} | row)
    return pd.DataFrame(found)[list(COLUMNS)]
