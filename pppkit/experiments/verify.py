"""`python -m pppkit.verify`: draws published rows at random, computes them again, and compares."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from ..padding import FILLS
from ..results.store import Store
from ..scenes import SOURCES, available
from . import bhv, posenet
from .ppp import chronology, untrained

Trial = Mapping[str, Any]


class Where(NamedTuple):
    """Data that recomputing may need: the satellite mosaics, and folders of data sets by name."""

    satellite: str | None
    paths: Mapping[str, str]


class Experiment(NamedTuple):
    """How an experiment's rows are drawn, found again, and compared."""

    key: Sequence[str]
    trials: Callable[[Where], Sequence[Trial]]
    compute: Callable[[Trial, Where], pd.DataFrame]
    stored: Callable[[Trial], list[Trial]]  # the keys of what that computes
    within: Sequence[str]  # columns that tell a trial's rows apart
    metrics: Sequence[str]
    tolerance: float  # relative, where a row has no column `tolerance`
    floor: float = (
        1e-6  # values are compared relative to this at least: a correlation near 0 has no relative precision
    )


def _untrained(trial: Trial, where: Where) -> pd.DataFrame:
    return untrained.measure(
        {**trial, "padding": "none" if trial["padding"] == "none" else "all"}, where.satellite, progress=False
    ).rows


def _chronology(trial: Trial, where: Where) -> pd.DataFrame:
    with tempfile.TemporaryDirectory() as folder:
        return chronology.measure(trial, folder, where.paths, where.satellite)


def _posenet(trial: Trial, where: Where) -> pd.DataFrame:
    with tempfile.TemporaryDirectory() as folder:
        chronology.measure({k: trial[k] for k in chronology.KEY}, folder, where.paths)
        return posenet.measure(trial, folder, where.satellite)


def _known(trials: Sequence[Trial], where: Where) -> list[Trial]:
    return [t for t in trials if t["data"] == "scenes" or t["data"] in where.paths]


EXPERIMENTS = {
    "untrained": Experiment(
        untrained.KEY,
        lambda w: [{**t, "padding": FILLS[0] if t["padding"] == "all" else "none"} for t in untrained.trials("published", available({"satellite": w.satellite}))],
        _untrained, lambda t: [{**t, "padding": p} for p in (["none"] if t["padding"] == "none" else FILLS)],
        ("padding", "layer"), ("snr_ppp", "mae_ppp"), 1e-3,
    ),
    "bhv": Experiment(
        bhv.KEY, lambda w: [t for grid in bhv.published().values() for t in grid], lambda t, w: bhv.measure(dict(t)), lambda t: [t], (),
        ("similar", "dissimilar", "inconsistency"), 1e-3,
    ),
    # measured on every source at once, so all of them are needed
    "chronology": Experiment(
        chronology.KEY, lambda w: _known(chronology.published(), w) if len(available({"satellite": w.satellite})) == len(SOURCES) else [], _chronology,
        lambda t: [t], ("epoch", "source", "size", "layer"), ("snr_ppp", "mae_ppp", "val_accuracy", "val_weighted_f"), 1e-2,
    ),
    "initial": Experiment(
        chronology.KEY, lambda w: chronology.published() if len(available({"satellite": w.satellite})) == len(SOURCES) else [],
        lambda t, w: chronology.measure_initial(t, w.satellite), lambda t: [t], ("source", "size", "layer"), ("snr_ppp", "mae_ppp"), 1e-3,
    ),
    "posenet": Experiment(
        posenet.KEY, lambda w: [t for t in _known(posenet.published(), w) if t["source"] in available({"satellite": w.satellite})], _posenet, posenet.each,
        ("trial",), ("spc images", "mae images"), 1e-2, 0.1,
    ),
}  # fmt: skip


def compare(experiment: Experiment, stored: pd.DataFrame, again: pd.DataFrame) -> dict[str, Any]:
    """The largest relative difference of any metric, beside the tolerance, and whether it is within.

    Args:
        experiment: Whose rows they are.
        stored: A trial's published rows.
        again: The same trial's rows, computed now.

    Raises:
        ValueError: If a published row was not computed again.
    """
    keys = list(experiment.within)
    tolerance = float(stored["tolerance"].iloc[0]) if "tolerance" in stored else experiment.tolerance
    if keys:
        both = stored.merge(again, on=keys, suffixes=("", " again"))
        lost = len(stored) - len(both)
    else:
        both, lost = (
            pd.concat([stored.reset_index(drop=True), again.add_suffix(" again")], axis=1),
            len(stored) - len(again),
        )
    if lost:
        raise ValueError(f"again lacks {lost} of {len(stored)} published rows")
    worst = 0.0
    for metric in (
        m for m in experiment.metrics if m in again or stored[m].notna().any()
    ):  # saliency has no accuracy
        old, new = both[metric].to_numpy(float), both[f"{metric} again"].to_numpy(float)
        gap = np.where(
            np.isnan(old) & np.isnan(new), 0.0, np.abs(old - new) / np.maximum(np.abs(old), experiment.floor)
        )
        worst = max(worst, float(np.nan_to_num(gap, nan=np.inf).max()))
    return {
        "rows": len(both),
        "largest difference": worst,
        "tolerance": tolerance,
        "agrees": worst <= tolerance,
    }


def verify(
    folder: str | Path,
    count: int = 3,
    *,
    seed: int | None = None,
    satellite: str | None = None,
    paths: Mapping[str, str] | None = None,
    experiments: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Recomputes published trials, drawn at random, and compares.

    Args:
        folder: Of the published rows.
        count: How many trials; the experiments take turns.
        seed: Of the draw; None for another one each time.
        satellite: Folder of the satellite mosaics; without it only rows of the scenes can be drawn.
        paths: Folders of data sets by name, say `{"cifar10": FOLDER}`.
        experiments: Of `EXPERIMENTS`; None for all.

    Returns:
        One row for each trial: its experiment and key, how many rows were compared, the largest relative difference, the
        tolerance, and whether they agree.

    Raises:
        ValueError: If nothing can be drawn.
    """
    where, random = Where(satellite, dict(paths or {})), np.random.default_rng(seed)
    experiments = list(experiments or EXPERIMENTS)
    stores = {name: Store(Path(folder) / f"{name}.csv", EXPERIMENTS[name].key) for name in experiments}
    pools = {
        name: [t for t in EXPERIMENTS[name].trials(where) if stores[name].has(t)] for name in experiments
    }
    pools = {name: [pool[i] for i in random.permutation(len(pool))] for name, pool in pools.items() if pool}
    if not pools or count < 1:
        raise ValueError(
            f"count={count}: there is nothing to draw from {folder}; it has {[n for n, s in stores.items() if s.path.exists()]}"
        )
    names = [str(n) for n in random.permutation(list(pools))]
    drawn = [(names[i % len(names)], i // len(names)) for i in range(count)]
    out = []
    for name, i in tqdm(drawn, desc="verify", unit="trial"):
        trial, experiment = pools[name][i % len(pools[name])], EXPERIMENTS[name]
        stored = stores[name].rows(experiment.stored(trial))
        out.append(
            {"experiment": name, "trial": ", ".join(str(v) for v in trial.values())}
            | compare(experiment, stored, experiment.compute(trial, where))
        )
    return pd.DataFrame(out)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 0 if all drawn rows agree."""
    parser = argparse.ArgumentParser("python -m pppkit.verify", description=__doc__)
    parser.add_argument(
        "--results", default="book/results", help="folder of the published rows (default: %(default)s)"
    )
    parser.add_argument("--count", type=int, default=3, help="trials to draw (default: %(default)s)")
    parser.add_argument("--seed", type=int, help="of the draw (default: another one each time)")
    parser.add_argument("--satellite", help="folder of the satellite mosaics")
    parser.add_argument(
        "--data", action="append", default=[], metavar="NAME=FOLDER", help="a data set, say cifar10=FOLDER"
    )
    parser.add_argument(
        "--experiment", action="append", choices=list(EXPERIMENTS), help="draw from these only"
    )
    a = parser.parse_args(arguments)
    if bad := [d for d in a.data if "=" not in d]:
        parser.error(f"--data {bad[0]!r} must be NAME=FOLDER")
    found = verify(
        a.results, a.count, seed=a.seed, satellite=a.satellite, paths=dict(d.split("=", 1) for d in a.data),
        experiments=a.experiment,
    )  # fmt: skip
    print(found.to_string(index=False))
    return 0 if found["agrees"].all() else 1


if __name__ == "__main__":
    sys.exit(main())
