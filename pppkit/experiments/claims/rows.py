"""The result rows of a folder, as claims ask for them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from ...models import TITLES
from ...results import load_maps
from .. import EXPERIMENTS, bhv
from ..posenet.tables import ends_of_training
from ..ppp import chronology, recipes, tables, trained_maps

Found = TypeVar("Found", bound=Sized)
# By experiment. Of `learned` networks above their gate are evidence, of `chronology` none is.
MEASURED = (
    *("untrained", "published_networks", "chronology", "learned", "learned_initial", "emergence", "pitfalls"),
    *("posenet", "posenet_tables", "posenet_tasks", "bhv"),
    *("gap_location", "shift_consistency", "channel_attack"),
)
TABLES = (*MEASURED, "maps")
NETWORK = list(tables.NETWORK)


class NotMeasured(LookupError):
    """Rows that a check compares are missing."""


class CannotTell(LookupError):
    """Networks were trained, but none that a check may rest on; says why."""


@dataclass(frozen=True)
class NetworkMap:
    """PPP of a network at its deepest layer of interest, on the largest images of a kind.

    Attributes:
        model: Name of the network's kind.
        data: What it was trained on.
        padding: Its padding.
        seed: Which of the cell's networks it is.
        trained: `(H, W)`, after training.
        untrained: `(H, W)`, before; None where it was not kept.
        source: The kind of pictures.
    """

    model: str
    data: str
    padding: str
    seed: int
    trained: np.ndarray
    untrained: np.ndarray | None = None
    source: str = "scenes"


class Rows:
    """Tables of result rows by experiment, and views of them that several claims share.

    Args:
        measured: Rows by name, of `MEASURED`; what is missing or empty was not measured.
        maps: Of trained networks; those of networks that did not learn are left out.
        pooled: The cells of one family (network and data set) share a spread over networks, as in an analysis
            of variance. Otherwise each has its own.

    Raises:
        ValueError: For an unknown name.
    """

    def __init__(
        self, measured: Mapping[str, pd.DataFrame], maps: Sequence[NetworkMap] = (), pooled: bool = True
    ):
        unknown = sorted(set(measured) - set(MEASURED))
        if unknown:
            raise ValueError(f"measured has {', '.join(unknown)}; it may have {', '.join(MEASURED)}")
        self._tables, self._maps, self.pooled = dict(measured), list(maps), pooled
        self._curves: dict[str, pd.DataFrame] = {}

    @classmethod
    def read(cls, folder: str | Path, pooled: bool = True, profile: str | None = None) -> Rows:
        """Those of a folder; tables without a file are empty.

        Args:
            folder: Of result rows.
            pooled: As above.
            profile: Theirs: networks of two profiles have the same names. None where the folder has one.

        Raises:
            ValueError: If there is no such folder, or it has several profiles and none is named.
        """
        folder = Path(folder)
        if not folder.is_dir():
            raise ValueError(f"folder={str(folder)!r} is not a folder of result rows")
        measured = _of_profile(_read_tables(folder, profile), folder, profile)
        trials = measured["learned"].reindex(columns=list(chronology.KEY)).drop_duplicates()
        padded = trials[trials["padding"] != "none"]
        return cls(measured, list(_read_maps(folder, padded.to_dict("records"))), pooled)

    def has(self, name: str) -> bool:
        """Whether a table has rows.

        Of `"learned"` and `"maps"`: whether networks were trained at all. If none of them learned, a claim
        about training has that for an answer, and is not left out.
        """
        if name in ("learned", "maps"):
            return any(len(self._tables.get(table, ())) for table in ("learned", "chronology"))
        return len(self._tables.get(name, ())) > 0

    def table(self, name: str) -> pd.DataFrame:
        """All rows of an experiment.

        Raises:
            NotMeasured: If there are none.
        """
        return some(self._tables.get(name, pd.DataFrame()), name)

    def _padded(self, name: str) -> pd.DataFrame:
        rows = self._tables.get(name, pd.DataFrame())
        return rows[rows["padding"] != "none"] if len(rows) else pd.DataFrame(columns=[*NETWORK, "epoch"])

    @cached_property
    def _passed(self) -> pd.DataFrame:
        """Rows of `learned` of networks with padding that a verdict may rest on."""
        rows = self._padded("learned")
        return rows[self.counts(rows)]

    def left_out(self, *models: str) -> str:
        """How many networks with padding, of some kinds or all, no verdict rests on; empty for none."""
        trained = pd.concat([self._padded("learned"), self._padded("chronology")])[NETWORK].drop_duplicates()
        if models:
            trained = trained[trained["model"].isin(models)]
        return self.why_left_out(trained)

    def why_left_out(self, networks: pd.DataFrame) -> str:
        """How many of some networks, a row each, no verdict rests on, and why; empty for none."""
        learned, counts = self.learned(networks), self.counts(networks)
        reasons = {"did not learn": ~learned, "the only one of their kind": learned & ~counts}
        numbers = {reason: int(which.sum()) for reason, which in reasons.items()}
        parts = [f"{n} network{'s' * (n > 1)} left out: {reason}" for reason, n in numbers.items() if n]
        return "; ".join(parts)

    def passing(self, *models: str) -> pd.DataFrame:
        """Networks all along their training that end above their gate, at the size that they are trained on.

        Layers before any padding are left out: their pattern is 0 by construction.

        Args:
            *models: Of these kinds alone; none for all.

        Raises:
            CannotTell: If none learned.
        """
        rows = self._passed[self._passed["model"].isin(models)] if models else self._passed
        if rows.empty:
            reason = self.left_out(*models) or "none was trained"
            raise CannotTell(f"no network counts ({reason})")
        own = some(tables.native(rows, source=None), "measurements at the trained size")
        return own[own.groupby(["model", "level"])["mae_ppp"].transform("max") > 0]

    @cached_property
    def _above(self) -> pd.DataFrame:
        """Networks above their gate, with padding or without."""
        rows = self._tables.get("learned", pd.DataFrame())
        above = rows[recipes.passed(rows)] if len(rows) else pd.DataFrame(columns=NETWORK)
        return above[NETWORK].drop_duplicates()

    @cached_property
    def _good(self) -> set[tuple]:
        """Those of which there are two at least under their padding: one alone shows no spread."""
        seeds = self._above.groupby(NETWORK[:-1])["seed"].transform("size")
        return _names(self._above[seeds > 1])

    def learned(self, rows: pd.DataFrame) -> pd.Series:
        """Whether the network that each row names (`model`, `data`, `padding`, `seed`) is above its gate."""
        return _among(_names(self._above), rows)

    def counts(self, rows: pd.DataFrame) -> pd.Series:
        """Whether a verdict may rest on the network that each row names: above its gate, and not alone."""
        return _among(self._good, rows)

    def ends_of_training(self) -> pd.DataFrame:
        """The deepest layer on scenes before training, and after it of networks that learned.

        Returns:
            Rows with the column `weights`, `"untrained"` or `"trained"`.
        """
        names = ("learned", "chronology")
        every_network = pd.concat([self._padded(name) for name in names], ignore_index=True)
        ends = ends_of_training(every_network, level=None)
        kept = (ends["weights"] == "untrained") | self.counts(ends)
        return ends[kept & tables.deepest(ends) & (ends["source"] == "scenes")]

    def deepest_curves(self, metric: str) -> pd.DataFrame:
        """A metric along training at the deepest layer of all networks that were trained, for pictures.

        Returns:
            The columns of `pppkit.experiments.ppp.tables.along_training`, and `network`: its kind, or that it
            did not learn.
        """
        both = [self._padded(name) for name in ("learned", "chronology")]
        rows = tables.native(some(pd.concat(both, ignore_index=True), "trained networks"), source=None)
        found = tables.along_training(rows[tables.deepest(rows)], metric)
        kind, good = found["model"].map(TITLES) + " on " + found["data"], self.learned(found)
        return pd.concat(
            [found[~good].assign(network="did not learn"), found[good].assign(network=kind[good])]
        )

    def did_not_learn(self) -> str:
        """How many networks no verdict rests on, and how accurate they became."""
        rows = pd.concat([self._padded(name) for name in ("learned", "chronology")], ignore_index=True)
        if rows.empty:
            return ""
        last = tables.at_the_end(rows).drop_duplicates(NETWORK)
        bad = last[~self.learned(last)]
        scores = 100 * bad["val_accuracy"].dropna()
        reached = f"; classifiers among them ended at {scores.min():.0f} to {scores.max():.0f} %"
        return f"{len(last)} networks trained, {len(bad)} left out{reached if len(scores) else ''}"

    def stands_on(self, networks: str, *models: str) -> str:
        """Which networks stand behind a finding, and how many were left out."""
        return "; ".join(part for part in (networks, self.left_out(*models)) if part)

    def along_training(self, metric: str) -> pd.DataFrame:
        """A metric before, during and after training: `pppkit.experiments.ppp.tables.along_training`."""
        if metric not in self._curves:
            self._curves[metric] = tables.along_training(self.passing(), metric)
        return self._curves[metric]

    def beside_default(self, metric: str) -> pd.DataFrame:
        """`along_training` with the column `default`, of the same networks under PyTorch's initialisation.

        Raises:
            CannotTell: If none learned, or none that did was measured under that initialisation.
        """
        found = self.along_training(metric)
        initial = self._tables.get("learned_initial", pd.DataFrame())
        if len(initial):
            found = tables.beside_default(found, tables.native(initial, source=None), metric)
            if found["default"].notna().all():
                return found
        raise CannotTell("networks that learned are not measured yet under PyTorch's default initialisation")

    @property
    def maps(self) -> list[NetworkMap]:
        """Of networks that learned.

        Raises:
            CannotTell: If none learned.
        """
        self.passing()
        return [m for m in self._maps if (m.model, m.data, m.padding, m.seed) in self._good]

    @property
    def family(self) -> Callable[[tuple], Hashable] | None:
        """Which cells share a spread: those whose keys differ by their last name alone, or none."""
        return (lambda key: key[:-1]) if self.pooled else None


def _names(networks: pd.DataFrame) -> set[tuple]:
    return set(networks[NETWORK].itertuples(index=False, name=None))


def _among(networks: set[tuple], rows: pd.DataFrame) -> pd.Series:
    names = rows[NETWORK].itertuples(index=False, name=None)
    return pd.Series([name in networks for name in names], index=rows.index, dtype=bool)


def some(rows: Found, what: str) -> Found:
    """The same rows, or cells of them.

    Raises:
        NotMeasured: If there are none.
    """
    if not len(rows):
        raise NotMeasured(f"no {what}")
    return rows


def _read_tables(folder: Path, profile: str | None) -> dict[str, pd.DataFrame]:
    measured = {name: EXPERIMENTS[name].rows(folder) for name in MEASURED if name != "bhv"}
    table = bhv.grid() if profile is None else bhv.grid(profile)
    return {**measured, "bhv": EXPERIMENTS["bhv"].rows(folder, table)}


def _of_profile(
    measured: dict[str, pd.DataFrame], folder: Path, profile: str | None
) -> dict[str, pd.DataFrame]:
    known = {p for rows in measured.values() if len(rows) for p in rows["profile"].unique()}
    if profile is None and len(known) > 1:
        listed = ", ".join(sorted(known))
        raise ValueError(
            f"folder={str(folder)!r} has rows of several profiles ({listed}), whose networks have the same "
            "names; choose one with profile="
        )
    if profile is None:
        return measured
    return {name: rows[rows["profile"] == profile] if len(rows) else rows for name, rows in measured.items()}


def _read_maps(folder: Path, trials: Iterable[Mapping[str, Any]]) -> Iterable[NetworkMap]:
    for trial in trials:
        path = chronology.map_file(folder, trial)
        if not path.exists():
            continue
        found = load_maps(path)
        names = {column: trial[column] for column in NETWORK}
        for source in dict.fromkeys(pictures for _, pictures, _ in found):
            ends = trained_maps.ends(found, source)
            deepest = list(ends["trained"])[-1]
            start = ends["untrained"].get(deepest)
            yield NetworkMap(**names, trained=ends["trained"][deepest], untrained=start, source=source)
