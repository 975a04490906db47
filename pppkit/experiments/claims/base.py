"""What a claim is, what its check finds, and in which words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ...models import TITLES
from ...results.statistics import Verdict, lead, leads
from .rows import Rows

FAMILY = ["model", "data"]  # networks of one kind, trained on the same data
CELL = [*FAMILY, "padding"]


@dataclass(frozen=True)
class Finding:
    """What the check of a claim found in result rows.

    Attributes:
        measured: The values, as a phrase.
        verdict: What they say about the claim.
        networks: Which networks stand behind it.
        names: Fill the fields of the claim's `check`, where it names what only the rows can tell.
    """

    measured: str
    verdict: Verdict
    networks: str
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Claim:
    """A sentence of a paper and how it is checked.

    Attributes:
        id: A short name that stays.
        paper: Whose sentence it is.
        place: Section, figure or table.
        text: The sentence.
        check: What of the rows would make it hold.
        needs: Names of the tables in `Rows` that `find` reads.
        find: Gets the rows; raises `NotMeasured` where they lack what the check compares.
    """

    id: str
    paper: str
    place: str
    text: str
    check: str
    needs: tuple[str, ...]
    find: Callable[[Rows], Finding]


def claim(
    id: str, *, paper: str, place: str, text: str, check: str, needs: Sequence[str] = ("chronology",)
) -> Callable[[Callable[[Rows], Finding]], Claim]:
    """Makes a claim of the function that checks it; the arguments are the attributes of `Claim`."""

    def decorate(find: Callable[[Rows], Finding]) -> Claim:
        return Claim(id, paper, place, text, check, tuple(needs), find)

    return decorate


def by(values: pd.Series, keys: Sequence[str], rows: pd.DataFrame) -> dict[Any, pd.Series]:
    """Values in groups, by the values of some columns of the rows that they belong to."""
    return dict(tuple(values.groupby([rows[k] for k in keys], sort=False)))


def log_ratio(after: pd.Series, before: pd.Series) -> pd.Series:
    """Positive where something grew, and of one spread for small and for large patterns."""
    return np.log(after / before)


def family_name(model: str, data: str) -> str:
    """A kind of networks, as pages call it."""
    return f"{TITLES[model]} on {data}"


def networks(part: pd.DataFrame) -> str:
    """Which networks stand behind a claim, families of equal number together."""
    counts = part.groupby(FAMILY, sort=False).agg(paddings=("padding", "nunique"), seeds=("seed", "nunique"))
    alike: dict[tuple[int, int], list[str]] = {}
    for row in counts.reset_index().itertuples():
        alike.setdefault((row.paddings, row.seeds), []).append(family_name(row.model, row.data))
    return "; ".join(
        f"{', '.join(names)}: {_several(paddings, 'padding')}, {_several(seeds, 'network')} each"
        for (paddings, seeds), names in sorted(alike.items())
    )


def _several(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count > 1)}"


def leading(cells: Mapping[Any, Mapping[str, pd.Series]], name: str, networks: str) -> Finding:
    """Whether a group leads in every cell (`pppkit.results.statistics.leads`), and by how much in each.

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
    return Finding(measured, leads(cells, name), networks)
