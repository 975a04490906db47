"""Networks as PyTorch's default initialisation makes them, which no training starts from.

What training did is told from what it started from; which untrained network that is decides whether PPP has
grown.
"""

from __future__ import annotations

import pandas as pd

from ... import models
from ...measure import measure_ppp
from ..base import Experiment
from ..context import Context, Trial
from .recipes import KEY, PROFILES, grid, published, settings


def measure(trial: Trial, context: Context) -> pd.DataFrame:
    """The network of a trial of `chronology` before anything: a row for each source, size and layer."""
    s = settings(trial)
    model = models.build(trial["model"], width=s["width"], num_classes=8, init="default", seed=trial["seed"])
    model.to(context.device)
    parts = []
    for source in context.sources:
        for size in s["sizes"]:
            scenes = context.open(source)
            result = measure_ppp(
                model,
                scenes,
                padding=trial["padding"],
                size=size,
                n=s["n"],
                batch_size=4,
                progress=context.progress,
            )
            parts.append(result.rows.assign(source=source))
    rows = pd.concat(parts, ignore_index=True).rename(columns={"seed": "windows_seed"})
    return rows.assign(seed=trial["seed"], width=s["width"], trained_size=s["size"])


def measuring(rows: pd.DataFrame) -> float:
    """Seconds that a network's measurements took."""
    return float(rows.drop_duplicates(["source", "size"])["seconds"].sum())


EXPERIMENT = Experiment(
    name="initial",
    title="Figure 5: the same networks with PyTorch's default initialisation",
    key=KEY,
    profiles=PROFILES,
    grid=grid,
    published=published,
    measure=measure,
    resolve=settings,
    within=("source", "size", "layer"),
    metrics=("snr_ppp", "mae_ppp"),
    cost=measuring,
)
