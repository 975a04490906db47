"""PosENet and PPP stage by stage: what each says of every stage of the same trained network alone."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ...padding import FILLS
from ...training.datasets import SCENES
from ..ppp import learned, published_networks
from .encoders import ENCODERS, TRAINED
from .reproduction import EXPERIMENT
from .reproduction_grids import SETTINGS
from .reproduction_tables import titles
from .tables import ends_of_training

PATTERNS = ("horizontal", "gaussian")
STAGE = ["model", "padding", "layer"]
PPP = "SNR-PPP"
ZEROS = FILLS[0]


def measured(folder: str | Path, profile: str = "published") -> pd.DataFrame:
    """Both measures of each stage of which a folder has both, on scenes.

    Args:
        folder: Of the rows; nothing is measured.
        profile: Theirs.

    Returns:
        One row for each trained network, padding and stage, shallow to deep: `STAGE`, `stage` (its number),
        a column for each of `PATTERNS`, the mean SPC over read-outs of that stage alone, and `PPP`.
    """
    read, ppp = _read(folder, profile), _ppp(folder, profile)
    columns = [*STAGE, "stage", *PATTERNS, PPP]
    if read.empty or ppp.empty:
        return pd.DataFrame(columns=columns)
    both = read.merge(ppp, on=STAGE)
    return both.sort_values(["model", "padding", "stage"], kind="stable")[columns].reset_index(drop=True)


def _read(folder: str | Path, profile: str) -> pd.DataFrame:
    rows = EXPERIMENT.rows(folder)
    if rows.empty:
        return rows
    chosen = (rows["profile"] == profile) & (rows["weights"] == TRAINED) & (rows["source"] == SCENES)
    for name, value in SETTINGS.items():
        one = rows[name].astype(str) == str(value)
        chosen &= ~one if name == "stages" else one
    single = rows[chosen & rows["pattern"].isin(PATTERNS)]
    means = single.groupby(["model", "padding", "stages", "pattern"])["spc images"].mean()
    wide = means.unstack("pattern").reindex(columns=list(PATTERNS)).reset_index()
    wide["stage"] = wide["stages"].astype(int)
    wide["layer"] = [ENCODERS[m].layers[i - 1] for m, i in zip(wide["model"], wide["stage"])]
    return wide


def _ppp(folder: str | Path, profile: str) -> pd.DataFrame:
    """SNR-PPP of the networks that `ENCODERS` reads: those of others, and the first of each of our own."""
    others, own = (e.rows(folder) for e in (published_networks.EXPERIMENT, learned.EXPERIMENT))
    parts = []
    if len(others):
        parts.append(others[others["weights"] == TRAINED])
    if len(own):
        ends = ends_of_training(own, level=None)
        parts.append(ends[(ends["weights"] == TRAINED) & (ends["seed"] == 0) & (ends["data"] == SCENES)])
    if not parts:
        return pd.DataFrame()
    rows = pd.concat(parts, ignore_index=True)
    rows = rows[(rows["source"] == SCENES) & (rows["profile"] == profile)]
    return rows[[*STAGE, "snr_ppp"]].rename(columns={"snr_ppp": PPP})


def answer(both: pd.DataFrame) -> str:
    """In how many steps to the next stage both measures go the same way, under zeros and under others.

    Args:
        both: Of `measured`.
    """
    changes = both.groupby(["model", "padding"], sort=False)[[*PATTERNS, PPP]].diff()
    steps = changes.assign(zeros=both["padding"] == ZEROS).dropna(subset=[PPP])
    parts = []
    for words, part in ((ZEROS, steps[steps["zeros"]]), ("other paddings", steps[~steps["zeros"]])):
        rises = part[PPP] > 0
        asked = [name for name in PATTERNS if part[name].notna().any()]
        same = " and ".join(f"{_alike(part[name], rises)} ({name})" for name in asked)
        if len(part):
            ppp = f"under {words} SNR-PPP rises in {rises.sum()} of {len(part)} steps"
            parts.append(f"{ppp}, and SPC of the stage alone goes the same way in {same}")
    if not parts:
        return "No stage here has rows of both measures."
    return f"From a stage to the next, {'; '.join(parts)}."


def _alike(changes: pd.Series, rises: pd.Series) -> str:
    """In how many steps a measure rises as well or falls as well; a step that lacks it is not asked."""
    known = changes.notna()
    count = ((changes > 0) == rises)[known].sum()
    return f"{count}" if known.all() else f"{count} of {known.sum()}"


def table(both: pd.DataFrame) -> pd.DataFrame:
    """`measured` in the words of the page: a row for each network, padding and measure, a column a stage."""
    named = both.assign(network=both["model"].map(titles()))
    names = {name: f"SPC, {name}" for name in PATTERNS}
    long = named.rename(columns=names).melt(
        ["network", "padding", "stage"], [PPP, *names.values()], "measure", "value"
    )
    long["text"] = long["value"].map("{:.3f}".format)
    wide = long.pivot_table(
        index=["network", "padding", "measure"], columns="stage", values="text", aggfunc="first", sort=False
    )
    order = list(dict.fromkeys(zip(named["network"], named["padding"])))
    measures = [PPP, *names.values()]
    rank = sorted(wide.index, key=lambda key: (order.index(key[:2]), measures.index(key[2])))
    return wide.loc[rank].rename(columns="stage {}".format).rename_axis(columns=None).fillna("")
