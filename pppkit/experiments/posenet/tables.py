"""Tables of rows of `posenet`, which pages show and claims are judged by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ...metrics import MAE_READINGS, SNR_READINGS
from ...models import TITLES
from ...results.text import plus_minus
from ..ppp.tables import NETWORK, native

# The paper's network of the same kind, by the name of ours where that is another.
KIN = {"vgg19_bn": "vgg19", "resnet9": "resnet50"}


def discrimination(rows: pd.DataFrame, metric: str) -> float:
    """The standard deviation of the paddings' means over the mean standard deviation within a padding.

    Above 1, paddings differ by more than their noise. NaN where no padding has two values.

    Args:
        rows: With the column `padding`.
        metric: A column.
    """
    by_padding = rows.groupby("padding")[metric]
    return float(by_padding.mean().std() / by_padding.std().mean())


def beside_ppp(read: pd.DataFrame, curves: pd.DataFrame) -> pd.DataFrame:
    """Both measures of the same trained networks, on the same pictures.

    Args:
        read: Rows of `posenet`.
        curves: Of `pppkit.experiments.ppp.tables.along_training`, of one layer, by `snr_ppp`.

    Returns:
        One row for each network and source that both have: the columns of `curves`, `SNR-PPP` after training
        and `SPC of PosENet`, a mean over trials.
    """
    keys = [*NETWORK, "source"]
    trained = read[read["weights"] == "trained"]
    score = trained.groupby(keys)["spc images"].mean().rename("SPC of PosENet").reset_index()
    both = curves.rename(columns={"end": "SNR-PPP"}).merge(score, on=keys)
    return both.dropna(subset=["SNR-PPP", "SPC of PosENet"]).reset_index(drop=True)


def spread(read: pd.DataFrame, ppp: pd.DataFrame) -> pd.DataFrame:
    """Where the spread of SPC comes from, and what it and SNR-PPP tell apart.

    Args:
        read: Rows of `posenet` on one kind of pictures. Networks without padding are left out: their images
            have another size.
        ppp: Rows of `own_networks.run` of the same networks on those pictures, of one layer, with the column
            `weights`.

    Returns:
        One row for each network, data set and weights: how many `networks` there are and how many of them
        `learned`, the standard deviation of SPC over trials of one network, that of the networks' means, that
        of SNR-PPP over networks (each a mean over paddings), and both metrics' `discrimination`.
    """
    out, read, ppp = {}, read[read["padding"] != "none"], ppp[ppp["padding"] != "none"]
    for (model, data, weights), part in read.groupby(["model", "data", "weights"], sort=False):
        own = ppp[(ppp["model"] == model) & (ppp["data"] == data) & (ppp["weights"] == weights)]
        trials = part.groupby(["padding", "seed"])["spc images"]
        out[TITLES[model], data, weights] = {
            "networks": len(own),
            "learned": int(own["learned"].sum()),
            "SPC: over trials": trials.std().mean(),
            "SPC: over networks": trials.mean().groupby("padding").std().mean(),
            "SPC: discrimination": discrimination(part, "spc images"),
            "SNR-PPP: over networks": own.groupby("padding")["snr_ppp"].std().mean(),
            "SNR-PPP: discrimination": discrimination(own, "snr_ppp"),
        }
    table = pd.DataFrame.from_dict(out, orient="index")
    table.index = pd.MultiIndex.from_tuples(table.index, names=["network", "trained on", "weights"])
    return table


def answer(found: pd.DataFrame) -> str:
    """The page's question, answered by what the two measures tell apart in networks that learned.

    Args:
        found: Of `spread`. Kinds of which all networks learned answer; without such, as in a quick run, all.
    """
    good = found[found["learned"] == found["networks"]]
    which = "kinds of networks that learned, before and after,"
    if good.empty:
        good, which = found, "kinds of networks, not all of which learned,"
    pairs = good[["SPC: discrimination", "SNR-PPP: discrimination"]].dropna()
    if pairs.empty:
        return "With one network and one trial under each padding nothing can be said of spread."
    posenet, ppp = (pairs[column] for column in pairs)
    return (
        f"In {int((ppp > posenet).sum())} of {len(pairs)} {which} SNR-PPP tells paddings apart "
        f"better than PosENet: its paddings differ by a median of {ppp.median():.1f} times the spread within "
        f"one, PosENet's by {posenet.median():.1f} times."
    )


def ends_of_training(rows: pd.DataFrame, level: int | None = 4) -> pd.DataFrame:
    """Rows before and after training, with the column `weights`: `"untrained"` or `"trained"`.

    Args:
        rows: Of `chronology`.
        level: Of the layer of interest; None for all.
    """
    deep = native(rows, level, source=None)
    ends = deep[(deep["epoch"] == 0) | (deep["epoch"] == deep["epochs"])]
    return ends.assign(weights=np.where(ends["epoch"] == 0, "untrained", "trained"))


def size_sentence(read: pd.DataFrame) -> str:
    """How many trials there are, on how many networks, and how many maps had no correlation."""
    networks = read.groupby(list(NETWORK)).ngroups
    constant, maps = int(read["nan images"].sum()), int(read["count images"].sum())
    return (
        f"Behind it are {len(read)} trials of PosENet on {networks} networks, with {read['train'].max()} "
        f"training images; {constant} of {maps} predicted maps were constant and have no SPC."
    )


def beside_the_paper(read: pd.DataFrame, ppp: pd.DataFrame, printed: pd.DataFrame) -> pd.DataFrame:
    """Table 2: PosENet's metrics over trials and networks, PPP's over networks, and the printed ones.

    Args:
        read: Rows of `posenet` on one kind of pictures.
        ppp: Of `ends_of_training`, on those pictures.
        printed: Of `read_table2`.

    Returns:
        One row for each network, data set, padding and weights; for each metric `ours` and the `paper`'s, of
        the same network or its `KIN`, as text, empty where there is none.
    """
    cells = [*NETWORK[:3], "weights"]
    theirs = printed.set_index(["model", "padding", "weights"])
    table = {}
    for label, (rows, column, name) in {
        "SPC": (read, "spc images", "posenet_spc"),
        "MAE": (read, "mae images", "posenet_mae"),
        "SNR-PPP": (ppp, "snr_ppp", "snr_ppp"),
        "MAE-PPP": (ppp, "mae_ppp", "mae_ppp"),
    }.items():
        groups = rows.groupby(cells, sort=False)[column]
        table[label, "ours"] = plus_minus(groups.mean(), groups.std(), 3)
        paper = plus_minus(theirs[f"{name}_mean"], theirs[f"{name}_std"], 3)
        keys = table[label, "ours"].rename(index=KIN, level="model").index.droplevel("data")
        table[label, "paper"] = pd.Series(paper.reindex(keys).to_numpy(), table[label, "ours"].index)
    order = read.groupby(cells, sort=False).size().index
    shown = pd.DataFrame({column: values.reindex(order) for column, values in table.items()}).fillna("")
    return shown.rename(index=TITLES, level="model").rename_axis(
        ["network", "trained on", "padding", "weights"]
    )


def by_test(read: pd.DataFrame, tests: Sequence[str]) -> pd.DataFrame:
    """Mean SPC on pictures and on images without content: a column for each test."""
    names = ["model", "data", "weights", "padding"]
    long = read.melt(names, [f"spc {test}" for test in tests], "test", "SPC")
    long["test"] = long["test"].str.removeprefix("spc ")
    found = long.pivot_table(index=names, columns="test", values="SPC", sort=False)
    return named(found.reindex(columns=list(tests)))


def named(table: pd.DataFrame) -> pd.DataFrame:
    """A table by `model`, `data` and more, with the words of the pages."""
    words = {"model": "network", "data": "trained on"}
    return table.rename(index=TITLES, level="model").rename_axis(index=words, columns=None)


def constant_shares(read: pd.DataFrame, tests: Sequence[str]) -> pd.Series:
    """By test, the share of predicted maps that are constant."""
    return pd.Series({test: read[f"nan {test}"].sum() / read[f"count {test}"].sum() for test in tests})


def readings(ppp: pd.DataFrame) -> pd.DataFrame:
    """Trained over untrained under every reading of the metrics: above 1, training strengthened the pattern.

    Args:
        ppp: Of `ends_of_training`, on one kind of pictures.
    """
    columns = [
        *(f"snr {reading}" for reading in SNR_READINGS),
        *(f"mae {reading}" for reading in MAE_READINGS),
    ]
    means = ppp.groupby([*NETWORK[:3], "weights"], sort=False)[columns].mean()
    ratio = means.xs("trained", level="weights") / means.xs("untrained", level="weights")
    return named(ratio.rename(columns=lambda column: column.removeprefix("snr ")))


def readings_sentence(ratio: pd.DataFrame) -> str:
    """In how many cells training strengthened the pattern, by the reading that says so least and most.

    Args:
        ratio: Of `readings`.
    """
    grew = (ratio > 1).sum().sort_values(kind="stable")
    least, most = grew.index[0], grew.index[-1]
    return (
        f"Training strengthened the pattern in {grew[least]} of {len(ratio)} cells by {least}, and in "
        f"{grew[most]} by {most}; the other readings lie between."
    )
