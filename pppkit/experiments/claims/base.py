"""What a claim is, what its check finds, and in which words."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, partial
from typing import Any

import numpy as np
import pandas as pd

from ...results.statistics import LEVEL, Interval, Verdict, all_positive, lead, pooled_intervals
from ...results.text import several
from ..ppp.own_networks import network_name
from ..ppp.tables import is_deepest
from .rows import Rows

FAMILY = ["model", "data"]  # networks of one kind, trained on the same data
CASE = ["source", "padding"]  # what a layer of a family is measured on, and under


class Evidence(StrEnum):
    """Whose networks a claim is judged on."""

    OURS = "our networks"
    PUBLISHED = "published networks"
    UNTRAINED = "untrained networks"
    ALONE = "no network"


@dataclass(frozen=True)
class Line:
    """One line of a check: a layer of one kind of networks, say, in all of its cases.

    Attributes:
        name: What it is about.
        intervals_at: From a level of confidence to the interval of each case, which is to be positive.
        decides: Whether the claim's verdict rests on it; otherwise it is shown beside.
    """

    name: str
    intervals_at: Callable[[float], Mapping[Hashable, Interval]]
    decides: bool = True

    @cached_property
    def intervals(self) -> Mapping[Hashable, Interval]:
        """Of each case, at the usual level."""
        return self.intervals_at(LEVEL)


def decide(lines: Sequence[Line]) -> Verdict:
    """Whether all cases of all deciding lines are positive (`pppkit.results.statistics.all_positive`)."""
    chosen = [line for line in lines if line.decides]
    return all_positive(lambda level: [i for line in chosen for i in line.intervals_at(level).values()])


def line_verdicts(lines: Sequence[Line]) -> list[Verdict]:
    """The verdict of each line, corrected for the cases of all: a check fails where a deciding line fails."""
    cases = {True: 0, False: 0}
    for line in lines:
        cases[line.decides] += len(line.intervals)

    def verdict(line: Line) -> Verdict:
        return all_positive(lambda level: line.intervals_at(level).values(), cases[line.decides])

    return [verdict(line) for line in lines]


@dataclass(frozen=True)
class Finding:
    """What the check of a claim found in result rows.

    Attributes:
        measured: The values, as a phrase.
        verdict: What they say about the claim.
        networks: Which networks stand behind it.
        lines: Of the check, where it has several or its intervals are shown.
        names: Fill the fields of the claim's `check`, where it names what only the rows can tell.
    """

    measured: str
    verdict: Verdict
    networks: str
    lines: tuple[Line, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def line_verdicts(self) -> list[Verdict]:
        """Of each of the lines."""
        return line_verdicts(self.lines)


def of_lines(
    measured: str, lines: Sequence[Line], networks: str, names: Mapping[str, str] | None = None
) -> Finding:
    """The finding of a check that asks its deciding lines to be positive in every case."""
    return Finding(measured, decide(lines), networks, tuple(lines), names or {})


@dataclass(frozen=True)
class Claim:
    """A sentence of a paper and how it is checked.

    Attributes:
        id: A short name that stays.
        paper: Whose sentence it is.
        place: Section, figure or table.
        text: The sentence.
        check: What of the rows would make it hold.
        evidence: Whose networks it is judged on.
        needs: Names of the tables in `Rows` that `find` reads.
        find: Gets the rows; raises `NotMeasured` where they lack what the check compares, and `CannotTell`
            where networks were trained, but none that the check may rest on.
        note: Where the check is stricter or looser than the sentence; empty where it is neither.
    """

    id: str
    paper: str
    place: str
    text: str
    check: str
    evidence: Evidence
    needs: tuple[str, ...]
    find: Callable[[Rows], Finding]
    note: str = ""


def claim(
    id: str,
    *,
    paper: str,
    place: str,
    text: str,
    check: str,
    evidence: Evidence = Evidence.OURS,
    needs: Sequence[str] = ("learned",),
    note: str = "",
) -> Callable[[Callable[[Rows], Finding]], Claim]:
    """Makes a claim of the function that checks it; the arguments are the attributes of `Claim`."""

    def decorate(find: Callable[[Rows], Finding]) -> Claim:
        return Claim(id, paper, place, text, check, evidence, tuple(needs), find, note)

    return decorate


def by(values: pd.Series, keys: Sequence[str], rows: pd.DataFrame) -> dict[Any, pd.Series]:
    """Values in groups, by the values of some columns of the rows that they belong to."""
    return dict(tuple(values.groupby([rows[k] for k in keys], sort=False)))


def log_ratio(after: pd.Series, before: pd.Series) -> pd.Series:
    """Positive where something grew, and of one spread for small and for large patterns."""
    return np.log(after / before)


def layer_name(network: str, model: str, level: int) -> str:
    """A layer of interest as the names of lines have it: the deepest is marked."""
    return f"{network}, layer {level}{' (deepest)' * is_deepest(model, level)}"


def layer_lines(
    values: pd.Series,
    rows: pd.DataFrame,
    family: Callable[[tuple], Hashable] | None,
    beside: str = "",
    deepest_decides: bool = False,
) -> list[Line]:
    """A line for each family of networks and layer; its cases are pictures and paddings.

    Args:
        values: One a network and case, to be positive.
        rows: What they belong to: the columns of `FAMILY`, `CASE`, and `level`.
        family: Which cases of a line share a spread (`Rows.family`).
        beside: More of each line's name.
        deepest_decides: Layers above the deepest of a network are shown, and do not decide.
    """
    lines = []
    for (model, data, level), part in rows.groupby([*FAMILY, "level"], sort=False):
        deepest = is_deepest(model, level)
        cells = by(values.loc[part.index], CASE, part)
        name = layer_name(network_name(model, data), model, level) + beside
        lines.append(Line(name, partial(pooled_intervals, cells, family), deepest or not deepest_decides))
    return lines


def networks(part: pd.DataFrame) -> str:
    """Which networks stand behind a claim, families of equal number together."""
    counts = part.groupby(FAMILY, sort=False).agg(paddings=("padding", "nunique"), seeds=("seed", "nunique"))
    alike: dict[tuple[int, int], list[str]] = {}
    for row in counts.reset_index().itertuples():
        alike.setdefault((row.paddings, row.seeds), []).append(network_name(row.model, row.data))
    return "; ".join(
        f"{', '.join(names)}: {several(paddings, 'padding')}, {several(seeds, 'network')} each"
        for (paddings, seeds), names in sorted(alike.items())
    )


def leading(cells: Mapping[Any, Mapping[str, pd.Series]], name: str, networks: str) -> Finding:
    """Whether a group leads in every cell (`pppkit.results.statistics.lead`), and by how much in each.

    Args:
        cells: Groups of values, by cell.
        name: The group that is to lead.
        networks: Of the finding.
    """
    found = {cell: lead(groups, name) for cell, groups in cells.items()}
    measured = "; ".join(
        f"{cell}: {first.by.value:+.3f} ± {first.by.half_width:.3f} against {first.rival}"
        for cell, first in found.items()
    )

    def line(cell: Any, groups: Mapping[str, pd.Series]) -> Line:
        return Line(str(cell), lambda level: {found[cell].rival: lead(groups, name, level).by})

    return of_lines(measured, [line(cell, groups) for cell, groups in cells.items()], networks)
