"""The printed cells of which there is no row, and why: sentences made from what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from .encoders import ALONE, IMAGENET_WEIGHTS, named
from .reproduction_cells import ALONG, CELL, by_picture
from .reproduction_printed import PAPERS, counterpart

_COMMAND = (
    '`reproduction.EXPERIMENT.run("my-results", '
    'reproduction.table("{table}", networks={{"{model}": ["imagenet"]}}))`'
)
_DOWNLOAD = "ImageNet's weights are a download; where there is a network, {command} measures them"
_NOWHERE = "torchvision has no such weights; `python -m pppkit.experiments run posenet_tasks` trains ours"
# The paper's networks as encoders of ours, and why there are no rows of them.
THEIRS = {
    ALONE: (ALONE, "none"),
    "vgg": ("vgg16", IMAGENET_WEIGHTS),
    "resnet": ("resnet152", IMAGENET_WEIGHTS),
}
WHY = {"vgg": _DOWNLOAD, "resnet": _DOWNLOAD, "vgg-sod": _NOWHERE, "vgg-ss": _NOWHERE}
# Why a table's cells have no row of any network.
TOO_LONG = {
    "depth": "a deep read-out of a network takes ten minutes on a core for each pattern",
    "kernel": "a read-out of 7 x 7 takes many minutes for each pattern",
    "stages": "no network here has so many stages",
    "models": "nobody measured them",
    "padding": "nobody measured them",
}


class Missing(NamedTuple):
    """The printed cells of one of the paper's networks.

    Attributes:
        paper: The network, of `PAPERS`.
        printed: How many cells there are.
        measured: How many of them have rows of that very network.
        instead: For networks of ours that stand for it, how many cells each has.
        nowhere: The cells that none of ours has.
    """

    paper: str
    printed: int
    measured: int
    instead: dict[str, int]
    nowhere: list[Mapping[str, Any]]


def missing(rows: pd.DataFrame, printed: pd.DataFrame, table: str) -> list[Missing]:
    """What the rows lack of a printed table.

    Args:
        rows: Of `posenet_tables`.
        printed: Of `read_printed`, of that table.
        table: Of `TABLES`.
    """
    have: dict[tuple[str, str], set[tuple]] = {}
    for key in by_picture(rows).groupby(["model", "weights", *CELL], sort=False).groups:
        have.setdefault(key[:2], set()).add(key[2:])
    found = []
    for paper, part in printed.groupby("model", sort=False):
        cells = [tuple(cell[column] for column in CELL) for cell in part.to_dict("records")]
        own = THEIRS.get(str(paper))
        others = [key for key in have if key != own and counterpart(table, key[0]) == paper]
        instead = {key: sum(cell in have[key] for cell in cells) for key in others}
        known = set().union(*(have[key] for key in (*others, own) if key in have))
        found.append(
            Missing(
                paper=str(paper),
                printed=len(cells),
                measured=sum(cell in have.get(own, ()) for cell in cells) if own else 0,
                instead={named(m, w): n for (m, w), n in instead.items() if n},
                nowhere=[dict(zip(CELL, cell)) for cell in cells if cell not in known],
            )
        )
    return found


def sentences(rows: pd.DataFrame, printed: pd.DataFrame, table: str) -> str:
    """For each of the paper's networks what was measured of it, what was not, and why, as a list in Markdown.

    Args:
        rows: Of `posenet_tables`.
        printed: Of `read_printed`, of that table.
        table: Of `TABLES`.
    """
    return "\n".join(f"- {_sentence(one, table)}" for one in missing(rows, printed, table))


def _sentence(one: Missing, table: str) -> str:
    title, lacking = PAPERS[one.paper], one.printed - one.measured
    if not lacking:
        return f"**{title}**: all {one.printed} printed cells have rows."
    model = THEIRS.get(one.paper, ("",))[0]
    text = f"**{title}**: {lacking} of {one.printed} printed cells have no row"
    if one.paper in WHY:
        text += f": {WHY[one.paper].format(command=_COMMAND.format(table=table, model=model))}"
    if one.instead:
        text += f". In its place stand {', '.join(f'{name} ({n})' for name, n in one.instead.items())}"
    if one.nowhere:
        text += f". No network here has {_cells(one.nowhere, table)}: {TOO_LONG[table]}"
    return f"{text}."


def _cells(cells: list[Mapping[str, Any]], table: str) -> str:
    """Cells by pattern, with their places along the table."""
    column = "picture" if table == "models" else ALONG[table][0]
    places: dict[str, list[str]] = {}
    for cell in cells:
        places.setdefault(cell["pattern"], []).append(str(cell[column]))
    return ", ".join(f"{pattern} ({column} {', '.join(own)})" for pattern, own in places.items())
