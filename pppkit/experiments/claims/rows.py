"""The result rows of a folder, as claims ask for them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from ...results import load_maps
from ...results.statistics import Verdict, every
from .. import EXPERIMENTS, bhv
from ..ppp import chronology, tables, trained_maps

Found = TypeVar("Found", bound=Sized)
TABLES = ("untrained", "chronology", "initial", "maps", "posenet", "bhv")


class NotMeasured(LookupError):
    """Rows that a check compares are missing."""


@dataclass(frozen=True)
class NetworkMap:
    """PPP of a network at its deepest layer of interest, on the largest images of scenes.

    Attributes:
        model: Name of the network's kind.
        data: What it was trained on.
        padding: Its padding.
        seed: Which of the cell's networks it is.
        trained: `(H, W)`, after training.
        untrained: `(H, W)`, before; None where it was not kept.
    """

    model: str
    data: str
    padding: str
    seed: int
    trained: np.ndarray
    untrained: np.ndarray | None = None


class Rows:
    """Tables of result rows by experiment, and views of them that several claims share.

    Args:
        measured: Rows by name, of `TABLES` but `"maps"`; what is missing or empty was not measured.
        maps: Of trained networks.
        pooled: The cells of one family (network and data set) share a spread over networks, as in an analysis
            of variance. Otherwise each has its own.

    Raises:
        ValueError: For an unknown name.
    """

    def __init__(
        self, measured: Mapping[str, pd.DataFrame], maps: Sequence[NetworkMap] = (), pooled: bool = True
    ):
        unknown = sorted(set(measured) - (set(TABLES) - {"maps"}))
        if unknown:
            names = ", ".join(t for t in TABLES if t != "maps")
            raise ValueError(f"measured has {', '.join(unknown)}; it may have {names}")
        self._tables, self.maps, self.pooled = dict(measured), list(maps), pooled
        self._curves: dict[str, pd.DataFrame] = {}

    @classmethod
    def read(cls, folder: str | Path, pooled: bool = True) -> Rows:
        """Those of a folder; tables without a file are empty.

        Raises:
            ValueError: If there is no such folder.
        """
        folder = Path(folder)
        if not folder.is_dir():
            raise ValueError(f"folder={str(folder)!r} is not a folder of result rows")
        measured = _read_tables(folder)
        trials = measured["chronology"].reindex(columns=list(chronology.KEY)).drop_duplicates()
        padded = trials[trials["padding"] != "none"]
        return cls(measured, list(_read_maps(folder, padded.to_dict("records"))), pooled)

    def has(self, name: str) -> bool:
        """Whether there are rows, or maps, of that name."""
        return bool(self.maps) if name == "maps" else len(self._tables.get(name, ())) > 0

    def table(self, name: str) -> pd.DataFrame:
        """All rows of an experiment.

        Raises:
            NotMeasured: If there are none.
        """
        return some(self._tables.get(name, pd.DataFrame()), name)

    @cached_property
    def padded(self) -> pd.DataFrame:
        """Trained networks with padding: without there is no pattern to follow."""
        rows = self.table("chronology")
        return some(rows[rows["padding"] != "none"], "trained networks with padding")

    def native(self, level: int | None = None) -> pd.DataFrame:
        """Trained networks all along their training, on scenes of the size that they are trained on."""
        return some(tables.native(self.padded, level), "measurements at the trained size")

    def trained(self, level: int) -> pd.DataFrame:
        """`native` rows after the last epoch."""
        return some(tables.at_the_end(self.native(level)), "networks after training")

    def along_training(self, metric: str, level: int | None = None) -> pd.DataFrame:
        """A metric before, during and after training: `pppkit.experiments.ppp.tables.along_training`."""
        if metric not in self._curves:
            self._curves[metric] = tables.along_training(self.native(), metric)
        curves = self._curves[metric]
        return curves if level is None else some(curves[curves["level"] == level], f"layer {level}")

    def beside_default(self, metric: str, level: int) -> pd.DataFrame:
        """`along_training` of the networks that were measured under the default initialisation, too."""
        initial = tables.native(self.table("initial"), level)
        found = tables.growth(self.native(level), initial, metric)
        return some(found[found["default"].notna()], "networks of the default initialisation")

    @property
    def family(self) -> Callable[[tuple], Hashable] | None:
        """Which cells share a spread: those whose keys begin with the same network and data set, or none."""
        return (lambda key: key[:2]) if self.pooled else None

    def every(self, cells: Mapping[tuple, pd.Series]) -> Verdict:
        """Whether a mean is positive in every cell; keys begin with the network and the data set."""
        return every(cells, self.family)


def some(rows: Found, what: str) -> Found:
    """The same rows, or cells of them.

    Raises:
        NotMeasured: If there are none.
    """
    if not len(rows):
        raise NotMeasured(f"no {what}")
    return rows


def _read_tables(folder: Path) -> dict[str, pd.DataFrame]:
    names = ("untrained", "chronology", "initial", "posenet")
    measured = {name: EXPERIMENTS[name].rows(folder) for name in names}
    return {**measured, "bhv": EXPERIMENTS["bhv"].rows(folder, bhv.grid())}


def _read_maps(folder: Path, trials: Iterable[Mapping[str, Any]]) -> Iterable[NetworkMap]:
    for trial in trials:
        path = chronology.map_file(folder, trial)
        if not path.exists():
            continue
        ends = trained_maps.ends(load_maps(path), "scenes")
        deepest = list(ends["trained"])[-1]
        names = {column: trial[column] for column in tables.NETWORK}
        start = ends["untrained"].get(deepest)
        yield NetworkMap(**names, trained=ends["trained"][deepest], untrained=start)
