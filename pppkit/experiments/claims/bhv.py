"""Claims about the BHV test: Kayhan and van Gemert's own; section 3.2 of the PPP paper, Table 1."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import partial

import pandas as pd

from ...results.statistics import Interval, student_interval, welch_interval
from .base import Finding, Line, claim, of_lines
from .rows import NotMeasured, Rows, some

BLACK, GREY = "0.0", "0.5"
BACKGROUNDS = {"black": BLACK, "grey": GREY}
POINT = 1.0  # what counts as no difference, in points
BEST = ("full-replicate", "full-circular")  # of which the paper says so


def _cells(rows: Rows) -> dict[tuple[str, str], pd.DataFrame]:
    return {cell: part for cell, part in rows.table("bhv").groupby(["background", "padding"], sort=False)}


def _of(cells: dict[tuple[str, str], pd.DataFrame], background: str, padding: str) -> pd.DataFrame:
    if (background, padding) not in cells:
        raise NotMeasured(f"no cell of {padding} on background {background}")
    return cells[background, padding]


def _networks(rows: Rows) -> str:
    return f"{len(rows.table('bhv'))} networks at the paper's full scale"


def _points(difference: Interval) -> str:
    return f"{difference.value:+.1f} ± {difference.half_width:.1f} points"


def _gap(part: pd.DataFrame) -> pd.Series:
    """By how many points the similar test is ahead, network by network."""
    return part["similar"] - part["dissimilar"]


def _gaps(cells: Mapping[str, pd.DataFrame], word: str) -> str:
    return ", ".join(f"{_gap(part).mean():.1f} points apart {word} {name}" for name, part in cells.items())


def _blind_to_place(part: pd.DataFrame, padding: str, level: float) -> dict[Hashable, Interval]:
    """Positive where both tests are as right as each other, network by network, within `POINT`."""
    return {padding: student_interval(POINT - _gap(part).abs(), level)}


@claim(
    "bhv-full-convolutions",
    paper="F-Conv",
    place="Experiment 2",
    text="Full convolutions cannot exploit where the squares are",
    check="full-zeros on black: both tests differ by less than a point; grey is shown beside",
    needs=["bhv"],
)
def full_convolutions_are_blind_to_place(rows: Rows) -> Finding:
    """On the background that the paper used; its rivals add another."""
    cells = _cells(rows)
    found = {name: _of(cells, background, "full-zeros") for name, background in BACKGROUNDS.items()}
    lines = [
        Line(name, partial(_blind_to_place, part, "full-zeros"), decides=name == "black")
        for name, part in found.items()
    ]
    return of_lines(_gaps(found, "on"), lines, _networks(rows))


def _uses_place(part: pd.DataFrame, padding: str, level: float) -> dict[Hashable, Interval]:
    """Positive where the tests are further apart than `POINT`, network by network."""
    return {padding: student_interval(_gap(part).abs() - POINT, level)}


@claim(
    "bhv-place-is-used",
    paper="F-Conv",
    place="Experiment 2",
    text="Convolutions without padding, or with zeros to the same size, exploit where the squares are",
    check="none and zeros on black: both tests differ by more than a point",
    needs=["bhv"],
)
def others_use_place(rows: Rows) -> Finding:
    """The squares lie elsewhere in the dissimilar test."""
    cells = _cells(rows)
    found = {padding: _of(cells, BLACK, padding) for padding in ("none", "zeros")}
    lines = [Line(padding, partial(_uses_place, part, padding)) for padding, part in found.items()]
    return of_lines(_gaps(found, "with"), lines, _networks(rows))


@claim(
    "bhv-circular-disturbs",
    paper="F-Conv",
    place="Experiment 2",
    text="Circular padding does not see place, but what it invents at the border disturbs",
    check="circular on black: both tests differ by less than a point, and full-zeros is more accurate",
    needs=["bhv"],
)
def circular_disturbs(rows: Rows) -> Finding:
    """A line for each half of the sentence."""
    cells = _cells(rows)
    circular, full = (_of(cells, BLACK, padding) for padding in ("circular", "full-zeros"))
    lines = [
        Line("blind to place", partial(_blind_to_place, circular, "circular")),
        Line("less accurate", partial(_more_accurate, full, circular)),
    ]
    lead = welch_interval(full["similar"], circular["similar"])
    measured = f"{_gap(circular).mean():.1f} points apart; full-zeros {_points(lead)}"
    return of_lines(measured, lines, _networks(rows))


def _more_accurate(part: pd.DataFrame, other: pd.DataFrame, level: float) -> dict[Hashable, Interval]:
    return {"similar": welch_interval(part["similar"], other["similar"], level)}


@claim(
    "bhv-grey",
    paper="PPP",
    place="3.2, Table 1",
    text="On grey the dissimilar test is no longer in favour of full zero padding",
    check="full-zeros, dissimilar: black minus grey is positive",
    needs=["bhv"],
)
def grey_is_not_in_favour(rows: Rows) -> Finding:
    """Means over networks, Welch's interval."""
    cells = _cells(rows)
    black = _of(cells, BLACK, "full-zeros")["dissimilar"]
    grey = _of(cells, GREY, "full-zeros")["dissimilar"]
    line = Line("black minus grey", lambda level: {"full-zeros": welch_interval(black, grey, level)})
    return of_lines(_points(welch_interval(black, grey)), [line], _networks(rows))


def _best(rows: Rows, background: str) -> Finding:
    cells = _cells(rows)
    best = {padding: _of(cells, background, padding)["dissimilar"] for padding in BEST}
    others = {p: part["dissimilar"] for (b, p), part in cells.items() if b == background and p not in BEST}
    worst = min(best, key=lambda p: best[p].mean())
    rival = max(some(others, "other paddings"), key=lambda p: others[p].mean())
    line = Line(worst, lambda level: {rival: welch_interval(best[worst], others[rival], level)})
    measured = _points(welch_interval(best[worst], others[rival]))
    return of_lines(measured, [line], _networks(rows), {"worst": worst, "rival": rival})


@claim(
    "bhv-best-on-black",
    paper="PPP",
    place="3.2, Table 1",
    text="Full replicate and full circular padding do best on the dissimilar test, black",
    check="the worse of the two ({worst}) minus the best other ({rival}) is positive",
    needs=["bhv"],
)
def best_on_black(rows: Rows) -> Finding:
    """The background that zeros continue."""
    return _best(rows, BLACK)


@claim(
    "bhv-best-on-grey",
    paper="PPP",
    place="3.2, Table 1",
    text="Full replicate and full circular padding do best on the dissimilar test, grey",
    check="the worse of the two ({worst}) minus the best other ({rival}) is positive",
    needs=["bhv"],
)
def best_on_grey(rows: Rows) -> Finding:
    """The background that no constant padding continues."""
    return _best(rows, GREY)


def _inconsistent(rows: Rows, cells: dict[tuple[str, str], pd.DataFrame]) -> Finding:
    values = {cell: part["inconsistency"] for cell, part in cells.items()}
    background, padding = min(some(values, "cells"), key=lambda cell: values[cell].mean())
    least = values[background, padding]
    line = Line("least inconsistent", lambda level: {(padding, background): student_interval(least, level)})
    found, names = student_interval(least), {"padding": padding, "background": background}
    return of_lines(f"{found.value:.1f} ± {found.half_width:.1f} %", [line], _networks(rows), names)


@claim(
    "bhv-inconsistent",
    paper="PPP",
    place="3.2, Table 1",
    text="All models are inconsistent along trajectories",
    check="the least inconsistent cell ({padding}, background {background}) is above 0",
    needs=["bhv"],
)
def all_are_inconsistent(rows: Rows) -> Finding:
    """The least of all is enough."""
    return _inconsistent(rows, _cells(rows))


@claim(
    "bhv-inconsistent-none",
    paper="PPP",
    place="3.2, Table 1",
    text="All models are inconsistent along trajectories, even without padding",
    check="the least inconsistent cell ({padding}, background {background}) is above 0",
    needs=["bhv"],
)
def even_without_padding(rows: Rows) -> Finding:
    """The same among cells without padding."""
    return _inconsistent(rows, {cell: part for cell, part in _cells(rows).items() if cell[1] == "none"})
