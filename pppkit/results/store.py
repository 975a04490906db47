"""Result rows on disk: appended as trials end, keyed by their parameters, in CSV or Parquet."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from filelock import FileLock

SUFFIXES = (".csv", ".parquet")
Trial = Mapping[str, Any]


def _check_suffix(path: Path) -> None:
    if path.suffix not in SUFFIXES:
        raise ValueError(f"path={str(path)!r} must end in {' or '.join(SUFFIXES)}")


def read_rows(path: str | Path, text: Sequence[str] = ()) -> pd.DataFrame:
    """The rows of one file, CSV or Parquet by its suffix.

    Args:
        path: The file.
        text: Columns that are names even where they look like numbers (`"0.5"`).

    Raises:
        ValueError: For another suffix, or if there is no such file.
    """
    path = Path(path)
    _check_suffix(path)
    if not path.is_file():
        raise ValueError(f"path={str(path)!r} does not exist; give a file of result rows")
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    return pd.read_csv(path, dtype=dict.fromkeys(text, str))


def write_rows(rows: pd.DataFrame, path: Path) -> None:
    """Writes a file of rows whole or not at all."""
    part = path.with_suffix(".part")
    if path.suffix == ".parquet":
        rows.to_parquet(part, index=False, compression="zstd")
    else:
        rows.to_csv(part, index=False, lineterminator="\n")
    with open(part, "rb") as written:
        os.fsync(written.fileno())
    part.replace(path)


class Store:
    """A file of result rows that only grows.

    Args:
        path: The file, `.csv` (small, a diff can be read) or `.parquet` (large); made with its folder when
            the first rows come.
        key: Columns that identify a trial. A trial may have several rows, which are written together.
        text: Columns that are names even where they look like numbers.
        constants: Columns that are the same in all rows of a trial. They go to `NAME_trials.csv`, one row a
            trial, and come back with the rows.
        final: Columns whose last value in a trial is written there too, for who reads that file alone.

    Raises:
        ValueError: For another suffix.
    """

    def __init__(
        self,
        path: str | Path,
        key: Sequence[str],
        *,
        text: Sequence[str] = (),
        constants: Sequence[str] = (),
        final: Sequence[str] = (),
    ):
        self.path, self.key, self.text = Path(path), list(key), list(text)
        self.constants, self.final = list(constants), list(final)
        _check_suffix(self.path)

    def __repr__(self) -> str:
        return f"Store({str(self.path)!r}, key={self.key})"

    @property
    def trials_path(self) -> Path:
        """Where the constants of each trial are."""
        return self.path.with_name(f"{self.path.stem}_trials.csv")

    def load(self) -> pd.DataFrame:
        """All rows; empty where there is no file yet."""
        if not self.path.exists():
            return pd.DataFrame(columns=self.key)
        rows = read_rows(self.path, self.text)
        if not self.constants:
            return rows
        trials = read_rows(self.trials_path, self.text)
        return rows.merge(trials[[*self.key, *self.constants]], on=self.key, how="left", validate="m:1")

    def has(self, trial: Trial) -> bool:
        """Whether a trial's rows are present."""
        return self.key_of(trial) in self.present()

    def missing(self, trials: Iterable[Trial]) -> list[Trial]:
        """The trials whose rows are not present yet, in the order given."""
        present = self.present()
        return [t for t in trials if self.key_of(t) not in present]

    def check(self, trials: Sequence[Trial]) -> None:
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
        twice = len(trials) - len({self.key_of(t) for t in trials})
        if twice:
            raise ValueError(f"trials has {twice} that are given twice")

    def rows(self, trials: Sequence[Trial]) -> pd.DataFrame:
        """The rows of some trials, in the order given.

        Raises:
            ValueError: As `check`.
        """
        self.check(trials)
        order = {self.key_of(t): i for i, t in enumerate(trials)}
        rows = self.load()
        place = pd.Series([order.get(k) for k in self.keys_of(rows)], index=rows.index, dtype=float)
        return rows.loc[place.dropna().sort_values(kind="stable").index].reset_index(drop=True)

    def append(self, rows: pd.DataFrame, present: str = "raise") -> None:
        """Adds the rows of whole trials: all reach the disk or none, also when processes append at once.

        Args:
            rows: With the key's columns.
            present: What to do with trials whose rows are present already: `"raise"`, or `"skip"` them.

        Raises:
            ValueError: If a key column is missing, for trials that are present, or constants that are not.
        """
        if present not in ("raise", "skip"):
            raise ValueError(f"present={present!r} is not 'raise' or 'skip'")
        lack = [c for c in [*self.key, *self.constants] if c not in rows]
        if lack:
            raise ValueError(f"rows lack the columns {', '.join(lack)} of {self.path.name}")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self.path.with_suffix(".lock")):
            new = self._new(rows, present)
            if new.empty:
                return
            if self.constants:
                self._append_constants(new)
                new = new.drop(columns=self.constants)
            old = read_rows(self.path, self.text) if self.path.exists() else None
            write_rows(new if old is None else pd.concat([old, new]), self.path)

    def _new(self, rows: pd.DataFrame, present: str) -> pd.DataFrame:
        known, keys = self.present(), self.keys_of(rows)
        twice = known.intersection(keys)
        if twice and present == "raise":
            raise ValueError(
                f"{self.path.name} has rows for {sorted(twice)[0]} already; delete them to measure again"
            )
        return rows[[k not in twice for k in keys]]

    def _append_constants(self, rows: pd.DataFrame) -> None:
        """Before the rows, so that none lacks its constants; of a trial without rows they are overwritten."""
        groups = rows.groupby(self.key, sort=False, dropna=False)
        varying = [c for c in self.constants if (groups[c].nunique(dropna=False) > 1).any()]
        if varying:
            raise ValueError(f"rows: {', '.join(varying)} must be the same in all rows of a trial")
        last = {c: f"final_{c}" for c in self.final if c in rows}
        columns = [*self.key, *self.constants, *last]
        new = rows.drop_duplicates(self.key, keep="last")[columns].rename(columns=last)
        if self.trials_path.exists():
            old = read_rows(self.trials_path, self.text)
            begun = set(self.keys_of(new))
            new = pd.concat([old[[k not in begun for k in self.keys_of(old)]], new])
        write_rows(new, self.trials_path)

    def key_of(self, row: Trial) -> tuple[str, ...]:
        """What identifies a trial or a row, as text: the same before and after its way through a file."""
        return tuple(canonical(row[c]) for c in self.key)

    def keys_of(self, rows: pd.DataFrame) -> list[tuple[str, ...]]:
        """`key_of` of each row."""
        return [self.key_of(r) for r in rows[self.key].to_dict("records")]

    def present(self) -> set[tuple[str, ...]]:
        """`key_of` of every trial that has rows."""
        if not self.path.exists():
            return set()
        return set(self.keys_of(read_rows(self.path, self.text).drop_duplicates(self.key)))


def canonical(value: Any) -> str:
    """One text for a value before and after its way through a file (1, 1.0 and "1"; None and NaN)."""
    if value is None or value != value:
        return ""
    if isinstance(value, (bool, np.bool_)):
        return str(value)
    try:
        return repr(float(value))
    except (TypeError, ValueError):
        return str(value)
