"""`python -m pppkit.experiments list | run | status | verify`: the papers' experiments by command."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd

from ..checks import exit_code, one_of
from . import EXPERIMENTS
from .base import Experiment
from .context import Trial
from .selection import pairs, where
from .verify import describe, duration, verify

PUBLISHED = Path("book/results")


def own_folder() -> Path:
    """Where rows of a rerun go: where the notebooks look for them, in a checkout."""
    return Path("notebooks/my-results") if Path("notebooks").is_dir() else Path("my-results")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pppkit.experiments", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="what there is: name, title, trials of the published grid, file")
    run = commands.add_parser(
        "run", help="measure what is missing of an experiment; a run that was interrupted goes on"
    )
    run.add_argument("name", help="of `list`")
    run.add_argument(
        "--client", help="address of a Dask scheduler, or a number of workers (default: one a core)"
    )
    run.add_argument(
        "--minutes",
        type=_minutes,
        help="stop after so long, in the middle of a training, too; the same command goes on",
    )
    status = commands.add_parser("status", help="which rows are present, missing, or of an older revision")
    status.add_argument("name", nargs="*", help="of `list` (default: all)")
    status.add_argument("--all", action="store_true", help="every trial, not only what is missing")
    check = commands.add_parser("verify", help="compute a random handful of published rows again")
    check.add_argument("--count", type=int, default=3, help="trials (default: %(default)s)")
    check.add_argument("--seed", type=int, help="of the draw (default: another one each time)")
    check.add_argument("--experiment", action="append", metavar="NAME", help="draw from these only")
    for part, folder in (
        (run, f"{own_folder()}; published rows stay as they are"),
        (status, f"{PUBLISHED} of the published profile, {own_folder()} of the others"),
        (check, str(PUBLISHED)),
    ):
        part.add_argument("--folder", type=Path, help=f"of the rows (default: {folder})")
    for part in (run, status):
        part.add_argument(
            "--profile", default="published", help="quick, published or paper (default: %(default)s)"
        )
        part.add_argument(
            "--where", action="append", default=[], metavar="COLUMN=VALUE[,VALUE]", help="a part of the grid"
        )
    for part in (run, check):
        part.add_argument("--device", default="cpu", help="torch's, say cuda (default: %(default)s)")
        part.add_argument(
            "--path",
            action="append",
            default=[],
            metavar="NAME=FOLDER",
            help="a data set: satellite, cifar10, weights",
        )
    return parser


def _minutes(text: str) -> float:
    value = float(text)
    if not value > 0:
        raise argparse.ArgumentTypeError(f"{text} must be above 0")
    return value


@contextmanager
def _at_most(minutes: float | None) -> Iterator[None]:
    """Interrupts this process after so many minutes, as Ctrl-C does; None for never."""
    if minutes is None:
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    timer = threading.Timer(60 * minutes, os.kill, (os.getpid(), signal.SIGINT))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        signal.signal(signal.SIGINT, before or signal.SIG_DFL)


def _list(a: argparse.Namespace) -> int:
    rows = [
        {
            "name": name,
            "trials": len(experiment.trials()),
            "file": experiment.store("").path.name,
            "title": experiment.title,
        }
        for name, experiment in EXPERIMENTS.items()
    ]
    print(pd.DataFrame(rows).to_string(index=False, justify="left"))
    return 0


def _typical_seconds(experiment: Experiment, folder: Path, profile: str) -> float | None:
    """What a trial of a profile took, in this folder or among the published rows."""
    for place in (folder, PUBLISHED):
        rows = experiment.rows(place)
        rows = rows[rows["profile"] == profile] if "profile" in rows else rows
        costs = [experiment.cost(part) for _, part in rows.groupby(list(experiment.key), dropna=False)]
        known = [cost for cost in costs if cost is not None]
        if known:
            return median(known)
    return None


def _run(a: argparse.Namespace) -> int:
    experiment = _experiment(a.name)
    folder = a.folder or own_folder()
    trials = where(experiment, experiment.trials(a.profile), a.where)
    missing = experiment.missing(folder, trials)
    print(f"{experiment.name}: {len(missing)} of {len(trials)} trials are missing in {folder}", flush=True)
    each = _typical_seconds(experiment, folder, a.profile) if missing else None
    if each:
        total = duration(each * len(missing))
        print(f"a trial took about {duration(each)}, so all of them {total} of one worker", flush=True)
    client = int(a.client) if a.client and a.client.isdigit() else a.client
    paths = pairs("--path", a.path)
    with _at_most(a.minutes):
        rows = experiment.run(folder, trials, paths=paths, client=client, device=a.device)
    print(f"{len(rows)} rows of {len(trials)} trials in {experiment.store(folder).path}")
    return 0


def _status(a: argparse.Namespace) -> int:
    for name in a.name or EXPERIMENTS:
        experiment = _experiment(name)
        folder = a.folder or (PUBLISHED if a.profile == "published" else own_folder())
        trials = where(experiment, experiment.trials(a.profile), a.where)
        table = experiment.status(folder, trials)
        counts = ", ".join(
            f"{(table['state'] == state).sum()} {state}" for state in ("present", "older", "missing")
        )
        print(f"{name}: {len(trials)} trials, {counts} ({experiment.store(folder).path})")
        print(_revisions(table), end="")
        shown = table if a.all else table[table["state"] == "missing"]
        for row, trial in zip(shown.to_dict("records"), _records(trials, shown)):
            print(f"    {row['state']}: {describe(trial)}")
    return 0


def _records(trials: Sequence[Trial], shown: pd.DataFrame) -> list[Trial]:
    return [trials[i] for i in shown.index]


def _revisions(table: pd.DataFrame) -> str:
    lines = []
    found = table[table["rows"] > 0]
    for (revision, commits), part in found.groupby(["revision", "commits"], dropna=False, sort=False):
        since = "not of this history" if pd.isna(commits) else f"{int(commits)} commits to pppkit since"
        lines.append(f"    revision {revision or 'unknown'}: {len(part)} trials, {since}\n")
    return "".join(lines)


def _verify(a: argparse.Namespace) -> int:
    found = verify(
        a.folder or PUBLISHED,
        a.count,
        seed=a.seed,
        paths=pairs("--path", a.path),
        experiments=a.experiment,
        device=a.device,
        say=lambda line: print(line, flush=True),
    )
    print(f"{int(found['agrees'].sum())} of {len(found)} trials agree")
    return 0 if found["agrees"].all() else 1


def _experiment(name: str) -> Experiment:
    one_of("name", name, EXPERIMENTS)
    return EXPERIMENTS[name]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; errors in its input end it with a sentence and code 2, not a traceback."""
    a: Any = _parser().parse_args(arguments)
    commands = {"list": _list, "run": _run, "status": _status, "verify": _verify}
    return exit_code(partial(commands[a.command], a))


if __name__ == "__main__":
    sys.exit(main())
