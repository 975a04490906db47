"""A part of a grid, chosen by the values of its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..results.store import canonical
from .base import Experiment
from .context import Trial


def pairs(option: str, given: Sequence[str]) -> dict[str, str]:
    """`NAME=VALUE` texts as a dict.

    Raises:
        ValueError: For a text without a name or a value, with the option's name.
    """
    for text in given:
        name, _, value = text.partition("=")
        if not name or not value:
            raise ValueError(f"{option} {text!r} must be NAME=VALUE")
    return dict(text.split("=", 1) for text in given)


def where(experiment: Experiment, trials: Sequence[Trial], conditions: Sequence[str]) -> list[Trial]:
    """The trials of which at least one row has the values asked for; a trial is measured as a whole.

    Args:
        experiment: Whose trials they are.
        trials: The grid.
        conditions: Each `COLUMN=VALUE[,VALUE]`; all of them must be met.

    Raises:
        ValueError: For an unknown column, or a value that no trial has.
    """
    chosen = list(trials)
    for column, text in pairs("--where", conditions).items():
        known: dict[str, str] = {}
        for trial in trials:
            for row in _rows(experiment, trial):
                if column not in row:
                    raise ValueError(
                        f"--where {column}={text}: trials have no such column, but {', '.join(row)}"
                    )
                known.setdefault(canonical(row[column]), str(row[column]))
        wanted = {canonical(value.strip()): value for value in text.split(",")}
        for value in wanted.keys() - known.keys():
            raise ValueError(
                f"--where {column}={wanted[value]}: no trial has it; choose from {', '.join(known.values())}"
            )
        chosen = [t for t in chosen if any(canonical(row[column]) in wanted for row in _rows(experiment, t))]
    if not chosen:
        raise ValueError(f"--where {' '.join(conditions)}: no trial meets all of these")
    return chosen


def _rows(experiment: Experiment, trial: Trial) -> list[Mapping[str, object]]:
    return [{**trial, **row} for row in experiment.rows_of(trial)]
