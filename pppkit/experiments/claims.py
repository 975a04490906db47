"""The ledger: what the papers claim, where, and what our result rows say about it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from ..results import load_maps
from . import bhv, bhv_table, chronology, posenet, untrained

VERDICTS = ("holds", "fails", "cannot be told yet")
COLUMNS = ("paper", "place", "claim", "check", "measured", "verdict", "rows")


def interval(values: pd.Series, level: float = 0.95) -> tuple[float, float]:
    """Mean and half-width of its confidence interval over networks (Student); infinite for one network."""
    if len(values) < 2:
        return float(values.mean()), np.inf
    return float(values.mean()), float(stats.t.ppf(0.5 + level / 2, len(values) - 1) * values.std() / np.sqrt(len(values)))


def every(cells: Mapping[Any, pd.Series]) -> str:
    """Whether something is positive in every cell, given its values over networks in each.

    `"holds"` where every interval lies above 0, `"fails"` where at least one lies below, and otherwise `"cannot be told yet"`.
    Among many cells some would lie below by chance, so for failing the intervals have a level of 1 - 0.05 / cells (Bonferroni).
    """
    strict = {k: interval(v, 1 - 0.05 / len(cells)) for k, v in cells.items()}
    if any(mean + half < 0 for mean, half in strict.values()):
        return "fails"
    return "holds" if cells and all(mean - half > 0 for mean, half in map(interval, cells.values())) else "cannot be told yet"


def _cells(part: pd.DataFrame) -> str:
    names = part.groupby(["model", "data"], sort=False).agg(paddings=("padding", "nunique"), networks=("seed", "nunique"))
    return "; ".join(f"{m} on {d}: {r.paddings} paddings, {r.networks} networks" for (m, d), r in names.iterrows())


def _ends(rows: pd.DataFrame, metric: str, level: int | None = None) -> pd.DataFrame:
    """One row for each network and layer: `start`, `early` (after the first tenth), `middle` and `end` of a metric, at the trained size on scenes."""
    native = rows[(rows["size"] == rows["trained_size"]) & (rows["source"] == "scenes")]
    if level is not None:
        native = native[native["level"] == level]
    out = []
    for key, part in native.groupby(["model", "data", "padding", "seed", "level"], sort=False):
        curve, last = part.set_index("epoch")[metric], int(part["epochs"].iloc[0])

        def near(epoch: float, curve: pd.Series = curve) -> float:
            return float(curve.loc[min(curve.index, key=lambda e: (abs(e - epoch), e))])

        first = max(1.0, last / 10)
        named = dict(zip(("model", "data", "padding", "seed", "level"), key))
        out.append(named | {"start": near(0), "early": near(first), "middle": near(last / 2), "end": near(last)})
    return pd.DataFrame(out)


def _by_cell(ends: pd.DataFrame, change: pd.Series, keys: tuple[str, ...] = ("model", "data", "padding", "level")) -> dict:
    return dict(tuple(change.groupby([ends[c] for c in keys], sort=False)))


def learned(rows: pd.DataFrame, initial: pd.DataFrame | None = None) -> list[dict[str, str]]:
    """Claims about training: sections 4.1 to 4.3.

    Args:
        rows: Of `chronology.csv`.
        initial: Of `initial.csv`: the same networks under PyTorch's default initialisation.
    """
    out = []

    def add(place: str, claim: str, check: str, measured: str, verdict: str, part: pd.DataFrame) -> None:
        out.append(dict(zip(COLUMNS, ("PPP", place, claim, check, measured, verdict, _cells(part)))))

    for metric, label in (("snr_ppp", "SNR-PPP"), ("mae_ppp", "MAE-PPP")):
        ends = _ends(rows, metric, 4)
        change = ends["end"] - ends["start"]
        grown, ratio = int((change > 0).sum()), (ends["end"] / ends["start"]).median()
        add(
            "4.1, Table 2", f"Training strengthens PPP in every case, by {label}",
            f"{label} at layer 4, trained minus the network that training started from (He et al.), is positive in every cell",
            f"it grew in {grown} of {len(ends)} networks; the median ratio is {ratio:.2f}", every(_by_cell(ends, change)), ends,
        )  # fmt: skip
        if initial is not None and len(initial):
            where = (initial["size"] == initial["trained_size"]) & (initial["source"] == "scenes") & (initial["level"] == 4)
            keys = ["model", "data", "padding", "seed"]
            both = ends.merge(initial.loc[where, [*keys, metric]], on=keys)
            change = both["end"] - both[metric]
            add(
                "4.1, Table 2", f"The same, from PyTorch's default initialisation, by {label}",
                f"{label} at layer 4, trained minus an untrained network of the default initialisation, is positive in every cell",
                f"it is larger in {int((change > 0).sum())} of {len(both)} networks; medians {both[metric].median():.4f} and {both['end'].median():.4f}",
                every(_by_cell(both, change)), both,
            )  # fmt: skip
    ends = _ends(rows, "snr_ppp")
    gain = ends["early"] - ends["start"]
    share = (gain / (ends["end"] - ends["start"]))[ends["end"] > ends["start"]].median()
    add(
        "4.3, Figure 5", "All models gain significant PPP within the first tenth of training, in all layers",
        "SNR-PPP after a tenth of the epochs (at least one) minus untrained is positive in every cell and layer",
        f"it grew in {int((gain > 0).sum())} of {len(ends)} curves; where it grew to the end, a median of {100 * share:.0f} % of it came first",
        every(_by_cell(ends, gain)), ends,
    )  # fmt: skip
    late = ends["end"] - ends["middle"]
    fourth = ends["level"] == 4
    add(
        "4.3, Figure 5", "The fourth layer keeps growing until the end",
        "SNR-PPP at layer 4, end minus middle of training, is positive in every cell",
        f"it grew in {int((late[fourth] > 0).sum())} of {int(fourth.sum())} networks", every(_by_cell(ends[fourth], late[fourth])), ends[fourth],
    )  # fmt: skip
    deep = ends[fourth]
    randn = deep[deep["padding"] == "randn"]
    if len(randn):
        others = deep[deep["padding"] != "randn"].groupby(["model", "data"])["end"].mean()
        share = (randn.groupby(["model", "data"])["end"].mean() / others).dropna()
        add(
            "4.3", "randn padding does not prevent PPP at the fourth layer",
            "SNR-PPP at layer 4 under randn, trained minus untrained, is positive for every family",
            f"trained, it is {share.min():.2f} to {share.max():.2f} of the other paddings' mean",
            every(_by_cell(randn, randn["end"] - randn["start"], ("model", "data"))), randn,
        )  # fmt: skip
        middle = ends[ends["level"].isin([2, 3])].pivot_table(index=["model", "data", "seed", "level"], columns="padding", values="end")
        less = middle.drop(columns="randn").mean(axis=1) - middle["randn"]
        groups = dict(tuple(less.groupby(level=["model", "data", "level"])))
        cells = {k: interval(v, 1 - 0.05 / len(groups)) for k, v in groups.items()}
        add(
            "4.3", "randn builds up less PPP at intermediate stages in certain layers",
            "the other paddings' mean minus randn's, trained, at layers 2 and 3, is positive somewhere",
            f"it is in {sum(m > 0 for m, _ in cells.values())} of {len(cells)} cells, beyond its interval in {sum(m > h for m, h in cells.values())}",
            "holds" if any(m > h for m, h in cells.values()) else every(groups), randn,
        )  # fmt: skip
    means = deep.groupby(["model", "data", "padding"])[["start", "end"]].mean()
    spread = means["end"].groupby(level=["model", "data"]).agg(lambda v: v.max() - v.min())
    gain_of = (means["end"] - means["start"]).groupby(level=["model", "data"]).mean()
    add(
        "4.2", "Training matters more for PPP than which padding is used",
        "the mean gain of SNR-PPP at layer 4 exceeds the range over paddings of trained networks, for every family",
        "; ".join(f"{m} on {d}: gain {gain_of[m, d]:+.2f}, range {spread[m, d]:.2f}" for m, d in gain_of.index),
        "holds" if (gain_of > spread).all() else "fails", deep,
    )  # fmt: skip
    last = rows[
        (rows["epoch"] == rows["epochs"]) & (rows["level"] == 4) & (rows["source"] == "scenes") & (rows["size"] == rows["trained_size"])
    ]
    ranks = last.groupby(["model", "data"])[["snr_ppp", "mae_ppp"]].corr("spearman").xs("snr_ppp", level=2)["mae_ppp"]
    add(
        "4.2", "SNR-PPP and MAE-PPP mostly follow similar trends",
        "their rank correlation over trained networks at layer 4 is above 0.5 for every family",
        "; ".join(f"{m} on {d}: {v:.2f}" for (m, d), v in ranks.items()), "holds" if (ranks > 0.5).all() else "fails", last,
    )  # fmt: skip
    return out


def corners(trials: list[dict], folder: Path) -> list[dict[str, str]]:
    """Claims about the shape of PPP, from the maps at 224 pixels of each cell's first network (section 4.1)."""
    ratios, shapes = {}, {}
    for trial in trials:
        path = folder / "maps" / f"chronology_{chronology.name(trial)}.npz"
        if trial["seed"] or not path.exists():
            continue
        maps = load_maps(path)
        last = max(int(epoch) for epoch, _, _ in maps)
        layer = [at for epoch, source, at in maps if epoch == str(last) and source == "scenes"][-1]
        z = maps[str(last), "scenes", layer]
        k = max(1, len(z) // 7)
        tips = [z[:k, :k], z[:k, -k:], z[-k:, :k], z[-k:, -k:]]
        inner = z.shape[0] // 2 - k // 2
        sides = [z[:k, inner : inner + k], z[-k:, inner : inner + k], z[inner : inner + k, :k], z[inner : inner + k, -k:]]
        ratios[trial["model"], trial["data"], trial["padding"]] = max(t.mean() for t in tips) / max(s.mean() for s in sides)
        shapes[trial["model"], trial["data"], trial["padding"]] = z.ravel()
    if not ratios:
        return []
    series = pd.Series(ratios)
    pairs = [
        np.corrcoef(shapes[a], shapes[b])[0, 1]
        for a in shapes
        for b in shapes
        if a < b and a[:2] == b[:2] and len(shapes[a]) == len(shapes[b])
    ]
    size = f"{len(series)} networks, one for each cell, maps of layer 4 at 224 pixels"
    out = [
        {
            "paper": "PPP", "place": "4.1", "claim": "After training the maximum sits in the corners",
            "check": "the strongest corner (a seventh of the map's side) exceeds the strongest middle of a side, in every trained network",
            "measured": f"it does in {int((series > 1).sum())} of {len(series)}; ratios {series.min():.2f} to {series.max():.2f}",
            "verdict": "holds" if (series > 1).all() else "fails", "rows": size,
        }
    ]  # fmt: skip
    if pairs:
        out.append(
            {
                "paper": "PPP", "place": "4.1", "claim": "The overall structure of PPP is similar for all paddings",
                "check": "the correlation of two paddings' maps of one family is above 0.5, for every pair",
                "measured": f"median {np.median(pairs):.2f}, {min(pairs):.2f} to {max(pairs):.2f}, {sum(p > 0.5 for p in pairs)} of {len(pairs)} above 0.5",
                "verdict": "holds" if min(pairs) > 0.5 else "fails", "rows": size,
            }
        )  # fmt: skip
    return out


def read_out(read: pd.DataFrame, rows: pd.DataFrame) -> list[dict[str, str]]:
    """Claims about PosENet: section 3.1 and 4.2 of the PPP paper, section 4 of the PosENet paper."""
    out = []

    def add(paper: str, place: str, claim: str, check: str, measured: str, verdict: str) -> None:
        trials = read.groupby(["model", "data"], sort=False).apply(lambda p: len(p), include_groups=False)
        size = "; ".join(f"{m} on {d}: {n} trials" for (m, d), n in trials.items())
        out.append(dict(zip(COLUMNS, (paper, place, claim, check, measured, verdict, size))))

    scenes = read[(read["source"] == "scenes") & (read["padding"] != "none")]
    told, power = [], []
    deep = rows[(rows["level"] == 4) & (rows["source"] == "scenes") & (rows["size"] == rows["trained_size"])]
    deep = deep[deep["epoch"].isin([0]) | (deep["epoch"] == deep["epochs"])]
    for (model, data, weights), part in scenes.groupby(["model", "data", "weights"], sort=False):
        groups = [g["spc images"].dropna() for _, g in part.groupby("padding")]
        if len(groups) < 2:
            continue  # one padding differs from no other
        told.append(stats.f_oneway(*groups).pvalue < 0.05)
        own = deep[(deep["model"] == model) & (deep["data"] == data) & ((deep["epoch"] == 0) == (weights == "untrained"))]
        ours, theirs = (
            g.groupby("padding")[c].mean().std() / g.groupby("padding")[c].std().mean() for g, c in ((own, "snr_ppp"), (part, "spc images"))
        )
        if np.isfinite(ours) and np.isfinite(theirs):
            power.append(ours / theirs)
    add(
        "PPP", "3.1, Table 2", "The spread of PosENet over trials hides the differences between paddings",
        "an analysis of variance of SPC by padding finds no difference (p > 0.05) in any family, untrained or trained",
        f"paddings are told apart in {sum(told)} of {len(told)} cases", "holds" if not any(told) else "fails",
    )  # fmt: skip
    add(
        "PPP", "4.2, Table 2", "PPP metrics have significantly lower standard deviations than PosENet, relative to what they tell apart",
        "spread of the paddings' means over spread within a padding: that of SNR-PPP exceeds that of SPC in every case",
        f"it does in {sum(p > 1 for p in power)} of {len(power)} cases; median factor {np.median(power):.1f}"
        if power
        else "nothing: this needs several networks of a kind",
        "cannot be told yet" if not power else "holds" if min(power) > 1 else "fails",
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
            every(dict(tuple(lower.groupby(level="data")))),
        )  # fmt: skip
    first = scenes[scenes["weights"] == "trained"].groupby(["model", "data", "padding"])["spc images"].mean().unstack("padding")
    if "zeros" in first and first.shape[1] > 1:
        best = int((first["zeros"] >= first.drop(columns="zeros").max(axis=1)).sum())
        add(
            "PosENet", "4, Table 1", "Zero padding gives a network its sense of position",
            "SPC of zeros is the highest of all paddings in every trained family",
            f"it is in {best} of {len(first)}", "holds" if best == len(first) else "fails",
        )  # fmt: skip
    blank = (
        read[(read["padding"] == "none") & (read["source"] == "scenes")].groupby(["model", "data", "weights", "seed"])["spc images"].mean()
    )
    cells = {k: interval(v) for k, v in blank.groupby(level=["model", "data", "weights"])}
    answers = sum(abs(mean) > half for mean, half in cells.values())
    add(
        "PPP", "3.1, Table 2", "PosENet answers to networks without padding",
        "their mean SPC, untrained or trained, differs from 0 by more than its interval over networks; fails if all intervals are within ±.05",
        "; ".join(f"{w} {m} {mean:+.3f} ± {half:.3f}" for (m, _, w), (mean, half) in cells.items()) or "nothing: no such network was trained",
        "holds" if answers else "fails" if cells and all(half < 0.05 for _, half in cells.values()) else "cannot be told yet",
    )  # fmt: skip
    return out


def before(rows: pd.DataFrame) -> list[dict[str, str]]:
    """Claims about untrained networks (Table 2)."""
    deep = rows[(rows["level"] == 4) & (rows["init"] == "default")]
    size = f"{deep['weights_seed'].nunique()} networks each, {int(deep['n'].max())} images"
    none = deep[deep["padding"] == "none"]["snr_ppp"].max()
    vgg = deep[(deep["model"] == "vgg19") & (deep["padding"] != "none")].groupby("padding")["snr_ppp"].mean()
    rivals = vgg.drop("zeros").max()
    others = deep[~deep["model"].isin(["vgg19"]) & (deep["padding"] != "none")].groupby(["model", "padding"])["snr_ppp"].mean()
    top = others.groupby(level="model").idxmax().map(lambda k: k[1])
    return [
        dict(zip(COLUMNS, values))
        for values in (
            (
                "PPP", "4.2, Table 2", "PPP is zero without padding, by definition", "SNR-PPP of VGG19 without padding is below 1e-5",
                f"at most {none:.1e}", "holds" if none < 1e-5 else "fails", size,
            ),
            (
                "PPP", "Table 2", "Before training only zero padding shows in VGG19", "SNR-PPP of every other padding prints as 0.0000",
                f"zeros {vgg['zeros']:.4f}, the largest other {rivals:.5f}", "holds" if rivals < 5e-5 else "fails", size,
            ),
            (
                "PPP", "Table 2", "Before training zeros leave the strongest pattern in ResNet50 and EfficientNet",
                "SNR-PPP of zeros is the largest, both kinds of pictures together",
                "; ".join(f"{m}: {p} is" for m, p in top.items()), "holds" if (top == "zeros").all() else "fails", size,
            ),
        )
    ]  # fmt: skip


def ledger(folder: str | Path) -> pd.DataFrame:
    """Every claim that result rows can speak to.

    Args:
        folder: Of the published rows.

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
        found += learned(padded, chronology.Store(folder / "initial.csv", chronology.KEY).load())
        found += corners(padded[list(chronology.KEY)].drop_duplicates().to_dict("records"), folder)
    if len(read):
        found += read_out(read, padded)
    table = chronology.Store(folder / "bhv.csv", bhv.KEY).rows(bhv.published()["table"])
    table["background"] = table["background"].map(bhv.background_name)
    size = f"{len(table)} networks at the paper's full scale"
    for row in bhv_table.claims(table).to_dict("records"):
        row["verdict"] = row["verdict"].replace("cannot be told", "cannot be told yet")
        found.append({"paper": "PPP", "place": "3.2, Table 1", "rows": size} | row)
    return pd.DataFrame(found)[list(COLUMNS)]
