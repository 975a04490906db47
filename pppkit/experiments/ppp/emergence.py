"""Figure 1: the pattern emerging from the mist as the number of images grows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from torch import nn

from ... import models
from ...checks import one_of
from ...measure import MAPS, PPPResult, measure_ppp
from ...padding import FILLS
from ...results.maps import block_means, load_maps, save_maps
from ...scenes import SOURCES
from ..base import Experiment
from ..context import Context, Trial, as_list, choices, each_value
from . import published_networks
from .likeness import likeness, record_at
from .published_networks import KINDS, NETWORKS, TRAINED, UNTRAINED

PROFILES: dict[str, dict[str, Any]] = {
    "quick": {"n": 20, "size": 96},
    "published": {"n": 480, "size": 224},
    "paper": {"n": 480, "size": 224},
}
COUNTS = (1, 2, 4, 8, 16, 32, 64, 120, 240, 480)
MODEL = "squeezenet1_0"
BATCH = 8
LARGEST = 32  # wider maps are kept as means over blocks
BITS = 10  # of a kept map's fractions


def grid(
    profile: str = "published",
    source: str | Sequence[str] = SOURCES,
    model: str = MODEL,
    weights: str | Sequence[str] | None = None,
    padding: Sequence[str] = FILLS,
) -> list[dict[str, Any]]:
    """A trial for each network and kind of pictures, under all paddings.

    Args:
        profile: One of `PROFILES`.
        source: Of `pppkit.scenes.SOURCES`, one or several.
        model: A name for `pppkit.models.build`.
        weights: Of `published_networks.KINDS`, or checkpoints' files, one or several; None for all kinds, but
            in the quick profile and for networks without published weights for the untrained ones. A
            checkpoint of `pppkit.models.save` brings its own network along.
        padding: Of `pppkit.padding.SCHEMES`.

    Raises:
        ValueError: For an unknown profile or source, or trained weights of a network that has none.
    """
    one_of("profile", profile, PROFILES)
    sources = choices("source", source, SOURCES)
    if weights is None:
        weights = KINDS if model in NETWORKS and profile != "quick" else UNTRAINED
    names = as_list(weights)
    if TRAINED in names:
        one_of("model", model, NETWORKS)
    return [
        {"model": model, "weights": name, "source": pictures, "padding": tuple(padding), "profile": profile}
        for name in names
        for pictures in sources
    ]


def label(weights: str) -> str:
    """What rows call weights: their kind, or a checkpoint's name without folder and suffix."""
    return weights if weights in KINDS else Path(weights).stem


def rows_of(trial: Trial) -> list[Trial]:
    """The trial under each padding."""
    return each_value({**trial, "weights": label(trial["weights"])})


def needs(trial: Trial) -> Sequence[str]:
    """The pictures, and for trained networks the folder of files."""
    return published_networks.needs(trial)


def check(trial: Trial, context: Context) -> None:
    """Refuses weights that are not there."""
    if trial["weights"] == TRAINED:
        published_networks.check(trial, context)
    elif trial["weights"] not in KINDS and not Path(trial["weights"]).is_file():
        names = ", ".join(KINDS)
        raise ValueError(f"weights={trial['weights']!r} is neither a checkpoint's file nor one of {names}")


def map_file(folder: str | Path, trial: Trial) -> Path:
    """Where the maps of a trial are."""
    names = (trial["model"], label(trial["weights"]), trial["source"], trial["profile"])
    return Path(folder) / "maps" / f"emergence_{'_'.join(names)}.npz"


def maps(folder: str | Path, trial: Trial) -> dict[tuple[str, ...], np.ndarray]:
    """By (kind, padding, layer) mean maps after each number of images, `(counts, H, W)`.

    Kinds are those of `pppkit.measure.MAPS`; layers are those that come after padding. Maps wider than
    `LARGEST` are means over blocks.
    """
    found = load_maps(map_file(folder, trial))
    alike = {name[1]: stack for name, stack in found.items() if len(name) == 2}  # under every padding
    named = {name: stack for name, stack in found.items() if len(name) == 3}
    layers = [name[1:] for name in named if name[0] == "ppp"]
    return named | {("optimal", padding, layer): alike[layer] for padding, layer in layers if layer in alike}


def measure(trial: Trial, context: Context) -> pd.DataFrame:
    """The emergence of a network's pattern: a row for each padding, layer and number of images."""
    chosen = PROFILES[trial["profile"]]
    n, size = chosen["n"], chosen["size"]
    counts = [count for count in COUNTS if count < n] + [n]
    result = measure_ppp(
        _network(trial, context).to(context.device),
        context.open(trial["source"]),
        padding=trial["padding"],
        n=n,
        size=size,
        counts=record_at(n, counts),
        batch_size=BATCH,
        progress=context.progress,
    )
    save_maps(map_file(context.folder, trial), _kept(result, counts), BITS)
    found = [
        {"padding": padding, "layer": layer, **row}
        for (padding, layer), means in result.snapshots.items()
        for row in likeness(means, result.counts, counts)
    ]
    rows = result.convergence.merge(pd.DataFrame(found), on=["padding", "layer", "n"])
    constants = ["padding", "layer", "level", "size", "margin", "seed", "seconds", "device", "dtype"]
    rows = rows.merge(result.rows[constants], on=["padding", "layer"])
    return rows.assign(weights=label(trial["weights"]), weights_digest=_digest(trial, context))


def _network(trial: Trial, context: Context) -> nn.Module:
    kind, model = trial["weights"], trial["model"]
    if kind == TRAINED:
        return published_networks.build(trial, context)
    return models.build(model, init=kind) if kind in UNTRAINED else models.from_checkpoint(kind, model)


def _digest(trial: Trial, context: Context) -> str:
    """Of the file with a network's weights; none of drawn ones."""
    if trial["weights"] == TRAINED:
        return published_networks.weights_digest(trial, context)
    return "" if trial["weights"] in UNTRAINED else published_networks.digest(Path(trial["weights"]))


def _kept(result: PPPResult, counts: Sequence[int]) -> dict[tuple[str, ...], np.ndarray]:
    """The maps to publish: without layers that have no pattern, and what all paddings share only once."""
    at = [result.counts.index(count) for count in counts]
    patterned = {layer for (_, layer), stacks in result.snapshots.items() if stacks["ppp"][-1].any()}
    kept: dict[tuple[str, ...], np.ndarray] = {}
    for (padding, layer), stacks in result.snapshots.items():
        if layer not in patterned:
            continue
        for kind in MAPS:
            stack = block_means(stacks[kind][at], LARGEST)
            shared = kept.setdefault((kind, layer), stack) if kind == "optimal" else None
            if shared is None or not np.array_equal(shared, stack):
                kept[kind, padding, layer] = stack
    return kept


EXPERIMENT = Experiment(
    name="emergence",
    title="Figure 1: the pattern emerging as the number of images grows",
    key=("model", "weights", "source", "padding", "profile"),
    profiles=PROFILES,
    grid=grid,
    measure=measure,
    rows_of=rows_of,
    needs=needs,
    check=check,
    here=True,
    within=("layer", "n"),
    metrics=("snr_ppp", "mae_ppp", "likeness_padded", "likeness_optimal", "likeness_ppp"),
    floor=1e-3,
    text=("weights",),
)
