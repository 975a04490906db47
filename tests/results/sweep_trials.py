"""Trials for test_sweeps, in a module that Dask's workers can import; as a script, a slow sweep to kill."""

import os
import signal
import sys
import time
from pathlib import Path

import pandas as pd


def two_rows(trial):
    key = {"a": trial["a"], "b": trial["b"]}
    return pd.DataFrame([key | {"layer": layer, "value": trial["a"] * 10.0 + layer} for layer in (1, 2)])


def fails_at_two(trial):
    if trial["a"] == 2 and trial["b"] is None:
        raise ValueError("no luck")
    return two_rows(trial)


def kills_its_worker_once(trial):
    mark = Path(trial["folder"]) / "killed"
    if trial["a"] == 1 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return two_rows(trial)


def slow(trial):
    time.sleep(0.5)
    return two_rows(trial)


if __name__ == "__main__":
    from pppkit.results import Store
    from pppkit.results.sweeps import sweep

    sweep(
        slow,
        [{"a": a, "b": b} for a in range(4) for b in ("x", None)],
        Store(sys.argv[1], ["a", "b"]),
        client=2,
    )
