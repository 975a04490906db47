"""Published rows, drawn at random, computed again and compared: `python -m pppkit.experiments verify`."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..checks import one_of
from ..results.store import canonical
from . import EXPERIMENTS
from .base import Experiment, measured
from .context import DATA_SETS, Context, Trial

Drawn = tuple[Experiment, Trial]


def compare(experiment: Experiment, stored: pd.DataFrame, again: pd.DataFrame) -> dict[str, Any]:
    """The largest relative difference of any metric, beside the tolerance, and whether it is within.

    Args:
        experiment: Whose rows they are.
        stored: A trial's published rows.
        again: The same trial's rows, computed now.

    Raises:
        ValueError: If a published row was not computed again.
    """
    keys = [*experiment.key, *experiment.within]
    old, new = (rows.set_index(_index(rows, keys)) for rows in (stored, again))
    lost = [name for name in old.index if name not in new.index]
    if lost:
        raise ValueError(f"again lacks {len(lost)} of {len(old)} published rows of {experiment.name}")
    worst = 0.0
    for metric in experiment.metrics:
        if metric not in again and (metric not in stored or stored[metric].isna().all()):
            continue  # saliency networks have no accuracy
        before = old[metric].to_numpy(float)
        now = new.loc[old.index, metric].to_numpy(float)
        scale = np.maximum(np.abs(before), experiment.floor)
        both_empty = np.isnan(before) & np.isnan(now)
        gap = np.where(both_empty, 0.0, np.abs(before - now) / scale)
        worst = max(worst, float(np.nan_to_num(gap, nan=np.inf).max()))
    agrees = worst <= experiment.tolerance
    found = {"rows": len(old), "largest difference": worst, "tolerance": experiment.tolerance}
    return {**found, "agrees": agrees}


def _index(rows: pd.DataFrame, keys: Sequence[str]) -> pd.Index:
    return pd.Index(["|".join(canonical(v) for v in row) for row in rows[list(keys)].itertuples(index=False)])


def describe(trial: Trial) -> str:
    """A trial on one line: its values, several of one column behind each other."""
    texts = ["+".join(map(str, v)) if isinstance(v, tuple) else str(v) for v in trial.values()]
    return ", ".join(text for text in texts if text)


def duration(seconds: float) -> str:
    """Seconds as people say them.

    Example:
        >>> [duration(s) for s in (4.2, 90, 7200)]
        ['4 s', '1.5 min', '2.0 h']
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"


def _lacking(experiment: Experiment, trial: Trial, paths: Mapping[str, Any]) -> list[str]:
    """The data sets that a trial, or what it builds on, reads and that have no folder."""
    steps = [(experiment, trial), *experiment.after(trial)]
    return [name for other, step in steps for name in other.needs(step) if name not in paths]


def left_out(
    folder: str | Path, paths: Mapping[str, Any] | None = None, experiments: Sequence[str] | None = None
) -> str:
    """What cannot be verified because a data set has no folder, as one line; empty where nothing is left out.

    Args:
        folder: Of the rows.
        paths: Folders of data sets.
        experiments: Names; None for all.
    """
    absent: dict[str, dict[str, int]] = {}
    for name in experiments or EXPERIMENTS:
        experiment = EXPERIMENTS[name]
        trials = experiment.trials()
        unmade = experiment.missing(folder, trials)
        for trial in (trial for trial in trials if trial not in unmade):
            for data in set(_lacking(experiment, trial, paths or {})):
                counts = absent.setdefault(data, {})
                counts[name] = counts.get(name, 0) + 1
    parts = []
    for data, counts in absent.items():
        what = f" ({DATA_SETS[data]})" if data in DATA_SETS else ""
        which = ", ".join(f"{count} of {name}" for name, count in counts.items())
        parts.append(f"without --path {data}=FOLDER{what}: {which}")
    return f"left out {'; '.join(parts)}" if parts else ""


def draw(
    folder: str | Path,
    count: int,
    *,
    seed: int | None = None,
    paths: Mapping[str, Any] | None = None,
    experiments: Sequence[str] | None = None,
) -> list[Drawn]:
    """Trials whose rows are in a folder, at random; the experiments take turns.

    Args:
        folder: Of the rows.
        count: How many.
        seed: Of the draw; None for another one each time.
        paths: Folders of data sets; trials that need another are not drawn.
        experiments: Names; None for all.

    Raises:
        ValueError: For an unknown experiment, or if nothing can be drawn.
    """
    names = list(experiments or EXPERIMENTS)
    for name in names:
        one_of("experiments", name, EXPERIMENTS)
    random = np.random.default_rng(seed)
    pools: dict[str, list[Trial]] = {}
    for name in names:
        experiment = EXPERIMENTS[name]
        trials = experiment.trials()
        absent = experiment.missing(folder, trials)
        pool = [t for t in trials if t not in absent and not _lacking(experiment, t, paths or {})]
        if pool:
            pools[name] = [pool[i] for i in random.permutation(len(pool))]
    if not pools or count < 1:
        why = left_out(folder, paths, names)
        raise ValueError(
            f"count={count}: there is nothing to draw from {folder} for {', '.join(names)}"
            f"{'; ' if why else ''}{why}"
        )
    turns = [str(name) for name in random.permutation(list(pools))]
    return [
        (EXPERIMENTS[name], pools[name][(i // len(turns)) % len(pools[name])])
        for i, name in ((i, turns[i % len(turns)]) for i in range(count))
    ]


def known_seconds(experiment: Experiment, trial: Trial, folder: str | Path) -> float | None:
    """How long a trial took when its rows were made, as far as they say; None where they do not."""
    steps = [(experiment, trial), *experiment.after(trial)]
    made = [(other, other.rows(folder, [step])) for other, step in steps]
    costs = [other.cost(rows) for other, rows in made if len(rows)]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if known else None


def again(experiment: Experiment, trial: Trial, context: Context) -> pd.DataFrame:
    """A trial's rows, computed now, and first what it builds on."""
    for other, step in [*experiment.after(trial), (experiment, trial)]:
        other.refuse([step], context)
        rows = measured(other.measure, other.key, context, step)
    return rows


def verify(
    folder: str | Path,
    count: int = 3,
    *,
    seed: int | None = None,
    paths: Mapping[str, str | Path] | None = None,
    experiments: Sequence[str] | None = None,
    device: str = "cpu",
    say: Callable[[str], None] = lambda line: None,
) -> pd.DataFrame:
    """Recomputes published trials, drawn at random, and compares.

    Rows of trained networks are computed from nothing: the networks are trained again. Of networks that were
    measured on several kinds of pictures, those are compared that `paths` has.

    Args:
        folder: Of the published rows.
        count: How many trials.
        seed: Of the draw; None for another one each time.
        paths: Folders of data sets by name: `{"satellite": FOLDER, "cifar10": FOLDER}`.
        experiments: Names; None for all.
        device: Torch's.
        say: Called with what happens, line by line: an estimate first, then each trial before and after it is
            computed.

    Returns:
        One row for each trial: its experiment and values, how many rows were compared, the largest relative
        difference, the tolerance, and whether they agree.

    Raises:
        ValueError: If nothing can be drawn.
    """
    given = {name: path for name, path in (paths or {}).items() if path}
    drawn = draw(folder, count, seed=seed, paths=given, experiments=experiments)
    costs = [known_seconds(experiment, trial, folder) for experiment, trial in drawn]
    if absent := left_out(folder, given, experiments):
        say(absent)
    say(_estimate(costs))
    out = []
    for i, ((experiment, trial), cost) in enumerate(zip(drawn, costs), 1):
        head = f"{i}/{len(drawn)} {experiment.name}: {describe(trial)}"
        say(f"{head} ({'about ' + duration(cost) if cost else 'nobody knows how long'})")
        start = time.perf_counter()
        with tempfile.TemporaryDirectory() as temporary:
            context = Context(Path(temporary), given, device, inputs=Path(folder))
            stored = experiment.rows(folder, [trial])
            if "source" in experiment.within:
                stored = stored[stored["source"].isin(context.sources)]
            found = compare(experiment, stored, again(experiment, trial, context))
        verdict = "agrees" if found["agrees"] else "DISAGREES"
        say(
            f"    {found['rows']} rows, largest difference {found['largest difference']:.2g}, "
            f"tolerance {found['tolerance']:g}: {verdict} ({duration(time.perf_counter() - start)})"
        )
        out.append({"experiment": experiment.name, "trial": describe(trial), **found})
    return pd.DataFrame(out)


def _estimate(costs: Sequence[float | None]) -> str:
    known = [cost for cost in costs if cost is not None]
    silent = len(costs) - len(known)
    parts = [f"{len(known)} took {duration(sum(known))} when their rows were made"] if known else []
    parts += [f"of {silent} the rows do not say"] if silent else []
    return f"{len(costs)} trials: {', '.join(parts)} (training comes on top)"
