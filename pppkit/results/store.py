"""Result rows on disk: appended as trials end, keyed by their parameters, each with its provenance."""

from __future__ import annotations

import fcntl
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch


@lru_cache(maxsize=1)
def code_revision() -> str:
    """The commit that pppkit runs from, with a `+` where files differ from it; empty outside a checkout."""
    here = Path(__file__).parent

    def git(*args: str) -> str:
        return subprocess.run(
            ["git", "-C", str(here), *args], capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        return git("rev-parse", "--short=12", "HEAD") + (
            "+" if git("status", "--porcelain", "--", ".") else ""
        )
    except (OSError, subprocess.CalledProcessError):
        return ""


def results_folder(profile: str, results: str = "") -> Path:
    """Where a notebook's rows are: the folder it was given, else the published ones for that profile, else `my-results`.

    Relative to the notebook, that is to `notebooks/`.
    """
    return Path(results) if results else Path("../book/results" if profile == "published" else "my-results")


def provenance(profile: str) -> dict[str, str]:
    """Columns that say how a row was made; `measure_ppp` adds seed, seconds, device and dtype."""
    return {
        "profile": profile,
        "pppkit": version("pppkit"),
        "torch": torch.__version__.split("+")[0],
        "python": platform.python_version(),
        "revision": code_revision(),
    }


def save_maps(path: str | Path, maps: Mapping[Any, np.ndarray], bits: int = 23) -> None:
    """Writes arrays named by tuples of text (`.npz`, float32), whole or not at all.

    Args:
        path: The file.
        maps: By name.
        bits: Of each number's fraction that are kept. 10 are as exact as half precision, over all of float32's range (deep features
            of untrained networks can be as small as 1e-10), and make the file half as large.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part.npz")
    mask = np.uint32((0xFFFFFFFF << (23 - bits)) & 0xFFFFFFFF)
    kept: dict[str, Any] = {}
    for name, values in maps.items():
        rounded = np.asarray(values, np.float32).view(np.uint32) & mask
        kept["|".join(name)] = rounded.view(np.float32)
    np.savez_compressed(part, **kept)
    part.replace(path)


def load_maps(path: str | Path) -> dict[tuple[str, ...], np.ndarray]:
    """What `save_maps` wrote."""
    with np.load(path, allow_pickle=False) as arrays:
        return {tuple(k.split("|")): arrays[k] for k in arrays.files}


class Store:
    """A CSV of result rows that only grows.

    Args:
        path: The file; made with its folder when the first rows come.
        key: Columns that identify a trial. A trial may have several rows, which are written together.
    """

    def __init__(self, path: str | Path, key: Sequence[str]):
        self.path, self.key = Path(path), list(key)

    def __repr__(self) -> str:
        return f"Store({str(self.path)!r}, key={self.key})"

    def load(self) -> pd.DataFrame:
        """All rows; empty where there is no file yet."""
        return (
            pd.read_csv(self.path, keep_default_na=True)
            if self.path.exists()
            else pd.DataFrame(columns=self.key)
        )

    def has(self, trial: Mapping[str, Any]) -> bool:
        """Whether a trial's rows are present."""
        return self._key(trial) in self._present(self.load())

    def missing(self, trials: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """The trials whose rows are not present yet, in the order given."""
        present = self._present(self.load())
        return [t for t in trials if self._key(t) not in present]

    def check(self, trials: Sequence[Mapping[str, Any]]) -> None:
        """Refuses trials that lack a column of the key or are given twice.

        Raises:
            ValueError: With the trial, or the number of repetitions.
        """
        for trial in trials:
            lack = [k for k in self.key if k not in trial]
            if lack:
                raise ValueError(
                    f"trials: {dict(trial)} lacks {', '.join(lack)}, of the key of {self.path.name}"
                )
        twice = len(trials) - len({self._key(t) for t in trials})
        if twice:
            raise ValueError(f"trials has {twice} that are given twice")

    def rows(self, trials: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
        """The rows of some trials, in the order given.

        Raises:
            ValueError: As `check`.
        """
        self.check(trials)
        order = {self._key(t): i for i, t in enumerate(trials)}
        rows = self.load()
        place = pd.Series(
            [order.get(self._key(r)) for r in rows[self.key].to_dict("records")],
            index=rows.index,
            dtype=float,
        )
        return rows.loc[place.dropna().sort_values(kind="stable").index].reset_index(drop=True)

    def append(self, rows: pd.DataFrame, present: str = "raise") -> None:
        """Adds the rows of one or more whole trials: all of them reach the disk or none, also when processes append at once.

        Args:
            rows: With the key's columns.
            present: What to do with trials whose rows are present already: `"raise"`, or `"skip"` them.

        Raises:
            ValueError: If a key column is missing, or for trials that are present.
        """
        if present not in ("raise", "skip"):
            raise ValueError(f"present={present!r} is not 'raise' or 'skip'")
        lack = [c for c in self.key if c not in rows]
        if lack:
            raise ValueError(f"rows lack the key columns {', '.join(lack)} of {self.path.name}")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.path.with_suffix(".lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            old = self.load()
            twice = self._present(old) & self._present(rows)
            if twice and present == "skip":
                rows = rows[[self._key(r) not in twice for r in rows[self.key].to_dict("records")]]
                if rows.empty:
                    return
            elif twice:
                raise ValueError(
                    f"{self.path.name} has rows for {sorted(twice)[0]} already; delete them to measure again"
                )
            part = self.path.with_suffix(".part")
            (pd.concat([old, rows]) if len(old) else rows).to_csv(part, index=False, lineterminator="\n")
            with open(part) as written:
                os.fsync(written.fileno())
            part.replace(self.path)

    def _key(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(_canonical(row[c]) for c in self.key)

    def _present(self, rows: pd.DataFrame) -> set[tuple[str, ...]]:
        return {self._key(r) for r in rows[self.key].drop_duplicates().to_dict("records")}


def _canonical(value: Any) -> str:
    """One text for a value before and after its way through a CSV (1, 1.0 and "1"; None and NaN)."""
    if value is None or value != value:
        return ""
    if isinstance(value, (bool, np.bool_)):
        return str(value)
    try:
        return repr(float(value))
    except (TypeError, ValueError):
        return str(value)
