"""What an experiment is: trials, a way to measure one, and one way to store, find and check its rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..checks import one_of
from ..results.origin import commits_since, provenance
from ..results.store import Store
from ..results.sweeps import sweep
from .context import DATA_SETS, SATELLITE, Context, Trial, each_value

if TYPE_CHECKING:
    from distributed import Client


def measured(
    measure: Callable[[Trial, Context], pd.DataFrame], key: Sequence[str], context: Context, trial: Trial
) -> pd.DataFrame:
    """A trial's rows with what identifies them, the time they took, and their provenance."""
    start = time.perf_counter()
    rows = measure(trial, context)
    names = {k: trial[k] for k in key if k in trial}
    cost = {"seconds": round(time.perf_counter() - start, 2), "device": context.device}
    columns = {**names, **cost, **provenance(trial["profile"])}
    return rows.assign(**{k: v for k, v in columns.items() if k not in rows})


def _no_data(trial: Trial) -> Sequence[str]:
    return ()


def _nothing_first(trial: Trial) -> Sequence[tuple[Experiment, Trial]]:
    return ()


def _no_more(trial: Trial, context: Context) -> None:
    return None


def _longest(rows: pd.DataFrame) -> float | None:
    """Of rows that say so: older ones have no seconds."""
    seconds = rows.get("seconds", pd.Series(dtype=float)).dropna()
    return float(seconds.max()) if len(seconds) else None


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """An experiment of a paper; everything that is done with one is done here.

    Attributes:
        name: Also of its file of rows.
        title: One line.
        key: Columns that identify a trial's rows, `profile` among them.
        profiles: Settings by the profile's name.
        grid: Trials of a profile, `grid(profile, ...)`: mappings that hold the key's columns, where a tuple
            stands for several rows.
        measure: From a trial and a `Context` to its rows. A function of a module, so that Dask can send it.
            Columns that it leaves out are added: the trial's names, `seconds`, `device`, and the provenance.
        published: Trials of the committed rows; None for `grid("published")`.
        rows_of: From a trial to what its rows' keys are.
        resolve: From a trial to its settings, where the profile alone does not say.
        needs: Data sets that a trial reads, by their names in `paths`.
        check: Refuses a trial that cannot be measured, before any work.
        after: Trials of other experiments whose files a trial reads.
        stored: What to do with a trial once its rows are on disk.
        here: Without a client, measure in this process: for few trials of which each keeps all cores busy.
        within: Columns that tell the rows of one key apart.
        metrics: Columns that are compared when rows are computed again.
        tolerance: Of that comparison, relative.
        floor: Values are compared relative to this at least: a correlation near 0 has no relative precision.
        cost: From a trial's rows to the seconds it took, None where they do not say.
        suffix: `.csv`, or `.parquet` for more than a megabyte.
        text: As in `Store`, and so `constants` and `final`.
    """

    name: str
    title: str
    key: tuple[str, ...]
    profiles: Mapping[str, Mapping[str, Any]]
    grid: Callable[..., list[dict[str, Any]]]
    measure: Callable[[Trial, Context], pd.DataFrame]
    published: Callable[[], Sequence[Trial]] | None = None
    rows_of: Callable[[Trial], Sequence[Trial]] = each_value
    resolve: Callable[[Trial], dict[str, Any]] | None = None
    needs: Callable[[Trial], Sequence[str]] = _no_data
    check: Callable[[Trial, Context], None] = _no_more
    after: Callable[[Trial], Sequence[tuple[Experiment, Trial]]] = _nothing_first
    stored: Callable[[Trial, Context], None] = _no_more
    here: bool = False
    within: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    tolerance: float = 1e-3
    floor: float = 1e-6
    cost: Callable[[pd.DataFrame], float | None] = _longest
    suffix: str = ".csv"
    text: tuple[str, ...] = ()
    constants: tuple[str, ...] = ()
    final: tuple[str, ...] = ()

    def store(self, folder: str | Path) -> Store:
        """Where the rows are in a folder."""
        path = Path(folder) / f"{self.name}{self.suffix}"
        return Store(path, self.key, text=self.text, constants=self.constants, final=self.final)

    def settings(self, trial: Trial) -> dict[str, Any]:
        """Everything that a trial's names stand for.

        Raises:
            ValueError: For an unknown profile.
        """
        one_of("profile", trial["profile"], self.profiles)
        return self.resolve(trial) if self.resolve else dict(self.profiles[trial["profile"]])

    def trials(self, profile: str = "published") -> list[Trial]:
        """The grid of a profile; of `"published"` the trials whose rows are committed.

        Raises:
            ValueError: For an unknown profile.
        """
        one_of("profile", profile, self.profiles)
        return list(self.published() if self.published and profile == "published" else self.grid(profile))

    def rows(self, folder: str | Path, trials: Sequence[Trial] | None = None) -> pd.DataFrame:
        """The rows that are present: of some trials in their order, or all."""
        store = self.store(folder)
        return store.load() if trials is None else store.rows(self._keys(trials))

    def missing(self, folder: str | Path, trials: Sequence[Trial]) -> list[Trial]:
        """The trials of which rows are missing."""
        store = self.store(folder)
        present = store.present()
        return [t for t in trials if any(store.key_of(row) not in present for row in self.rows_of(t))]

    def run(
        self,
        folder: str | Path,
        trials: Sequence[Trial],
        *,
        paths: Mapping[str, str | Path] | None = None,
        client: Client | str | int | None = None,
        device: str = "cpu",
        progress: bool = True,
    ) -> pd.DataFrame:
        """Measures what is missing of some trials and returns the rows of all of them.

        Each trial's rows are on disk when it ends. An interrupted run goes on where it stopped.

        Args:
            folder: Of the rows, and of what trials leave beside them.
            trials: Of `grid` or `trials`.
            paths: Folders of data sets by name; a name without a folder is as good as none.
            client: As in `pppkit.results.connect`: a Dask client, a scheduler's address, a number of workers
                here, or None.
            device: Torch's.
            progress: Show how many trials are done, with an estimate of the time left.

        Raises:
            ValueError: Before any work, for what cannot be measured: a data set without a folder, an unknown
                name.
            RuntimeError: If trials failed, after all others have ended.
        """
        given = {name: path for name, path in (paths or {}).items() if path}
        alone = self.here and client is None
        context = Context(Path(folder), given, device, progress=progress and alone)
        store = self.store(folder)
        store.check(self._keys(trials))
        self.refuse(self.missing(folder, trials), context)
        return sweep(
            partial(measured, self.measure, self.key, context),
            trials,
            store,
            rows_of=self.rows_of,
            client=client,
            here=self.here,
            stored=lambda trial: self.stored(trial, context),
            desc=self.name,
            progress=progress,
        )

    def refuse(self, trials: Sequence[Trial], context: Context) -> None:
        """Refuses trials that cannot be measured.

        Raises:
            ValueError: For an unknown name or a data set without a folder.
        """
        if not trials:
            return
        for trial in trials:
            self.settings(trial)
            for name in self.needs(trial):
                if name not in context.paths:
                    what = f", {DATA_SETS[name]}" if name in DATA_SETS else ""
                    raise ValueError(
                        f"paths has no folder for {name!r}{what}, which {self.name} needs for {dict(trial)}; "
                        f"give paths={{{name!r}: FOLDER}} (--path {name}=FOLDER)"
                    )
        for name, path in context.paths.items():
            if not Path(path).is_dir():
                raise ValueError(
                    f"paths: {str(path)!r} of {name!r} is not a folder; give the one of the data set"
                )
        if SATELLITE in context.paths:
            context.open(SATELLITE)
        for trial in trials:
            self.check(trial, context)

    def status(self, folder: str | Path, trials: Sequence[Trial]) -> pd.DataFrame:
        """Which of some trials have rows, and from which revision.

        Returns:
            One row a trial: its values, `state`, `rows`, `revision` (several by commas) and `commits`, the
            largest number of commits that have changed pppkit since. `state` is `"missing"`, `"older"` where
            that number is not 0, else `"present"`; `commits` is NaN where nobody can tell.
        """
        store = self.store(folder)
        rows = store.load()
        groups: dict[tuple[str, ...], list[int]] = {}
        for place, key in enumerate(store.keys_of(rows)):
            groups.setdefault(key, []).append(place)
        revisions = rows["revision"].fillna("").tolist() if "revision" in rows else [""] * len(rows)
        out = []
        for trial in trials:
            parts = [groups.get(store.key_of(row), []) for row in self.rows_of(trial)]
            places = [place for part in parts for place in part]
            names = dict.fromkeys(revisions[place] for place in places)
            ages = [age for age in map(commits_since, names) if age is not None]
            state = "missing" if not all(parts) else "older" if any(ages) else "present"
            found = {"rows": len(places), "revision": ", ".join(names), "commits": max(ages, default=None)}
            out.append({**trial, "state": state, **found})
        return pd.DataFrame(out)

    def _keys(self, trials: Sequence[Trial]) -> list[Trial]:
        return [row for trial in trials for row in self.rows_of(trial)]
