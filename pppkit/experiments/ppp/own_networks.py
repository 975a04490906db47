"""The trained networks that pages show: those with a gate of accuracy first, then toys without one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ...models import TITLES
from ..base import Experiment
from ..context import Trial
from . import chronology, initial, learned, learned_initial
from .recipes import has_gate

DATA_TITLES = {"cifar10": "CIFAR-10", "cifar100": "CIFAR-100", "scenes": "scenes"}
UNLEARNED = "did not learn"


def training(trial: Trial) -> tuple[Experiment, Trial]:
    """The trial that leaves a network's weights, of the experiment that trains such networks.

    Args:
        trial: Of any experiment; names `model`, `data`, `padding`, `seed` and `profile`.
    """
    experiment = learned.EXPERIMENT if has_gate(trial) else chronology.EXPERIMENT
    return experiment, {name: trial[name] for name in chronology.KEY}


def measured(folder: str | Path, profile: str) -> list[dict[str, Any]]:
    """The trials of `learned` whose rows are in a folder."""
    rows = learned.EXPERIMENT.rows(folder).reindex(columns=list(chronology.KEY)).drop_duplicates()
    own = rows[rows["profile"] == profile]
    trials: list[dict[str, Any]] = own.to_dict("records")
    return [trial for trial in trials if has_gate(trial)]


def startable(profile: str, paths: Mapping[str, str | Path] | None = None) -> list[dict[str, Any]]:
    """The trials of `learned` that could be trained here: those whose data there are."""
    given = {name for name, path in (paths or {}).items() if path}
    return [t for t in learned.grid(profile) if set(learned.EXPERIMENT.needs(t)) <= given]


def without_learned(toys: Sequence[Trial], trials: Sequence[Trial]) -> list[Trial]:
    """Of some trials of `chronology` those of which no network with a gate takes the place."""
    replaced = {(trial["model"], trial["data"]) for trial in trials}
    return [toy for toy in toys if (toy["model"], toy["data"]) not in replaced]


def run(
    folder: str | Path, trials: Sequence[Trial], paths: Mapping[str, str | Path] | None = None
) -> pd.DataFrame:
    """Rows of trials of `learned` and of `chronology`, in their order; what is missing is measured.

    Args:
        folder: Of the rows.
        trials: Of both experiments.
        paths: Folders of data sets by name.

    Returns:
        Their rows, with `learned` (whether the network passed its gate, of `recipes.passed`) and `network`,
        its kind and data in words.
    """
    parts = []
    for experiment, gated in ((learned.EXPERIMENT, True), (chronology.EXPERIMENT, False)):
        own = [trial for trial in trials if has_gate(trial) == gated]
        if own:
            parts.append(experiment.run(folder, own, paths=paths))
    rows = named(pd.concat(parts, ignore_index=True))
    return rows.assign(learned=learned.passed(rows))


def fresh(
    folder: str | Path, trials: Sequence[Trial], paths: Mapping[str, str | Path] | None = None
) -> pd.DataFrame:
    """Rows of the same networks as PyTorch's default initialisation makes them; the arguments are `run`'s.

    What is missing is measured, but of the profile `"published"` it is left out.
    """
    parts = [pd.DataFrame(columns=list(chronology.KEY))]
    for experiment, gated in ((learned_initial.EXPERIMENT, True), (initial.EXPERIMENT, False)):
        own = [trial for trial in trials if has_gate(trial) == gated]
        missing = experiment.missing(folder, own)
        own = [t for t in own if t["profile"] != "published" or t not in missing]
        if own:
            parts.append(experiment.run(folder, own, paths=paths))
    return pd.concat(parts[1:] or parts, ignore_index=True)


def named(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with `network`, their kind and data in words."""
    names = [network_name(model, data) for model, data in zip(rows["model"], rows["data"])]
    return rows.assign(network=names)


def network_name(model: str, data: str) -> str:
    """A kind of networks and what they were trained on, as pages call it."""
    return f"{TITLES[model]} on {data_title(data)}"


def data_title(data: str) -> str:
    """A data set's name, as pages call it."""
    return DATA_TITLES.get(data, data)


def choices(rows: pd.DataFrame) -> dict[str, str]:
    """What a menu calls each network: those of which none passed its gate are marked.

    Args:
        rows: Of `run`.

    Returns:
        By `network`, those that learned first.
    """
    any_learned = (
        rows.groupby("network", sort=False)["learned"].any().sort_values(ascending=False, kind="stable")
    )
    return {str(name): f"{name}{'' if good else f' ({UNLEARNED})'}" for name, good in any_learned.items()}
