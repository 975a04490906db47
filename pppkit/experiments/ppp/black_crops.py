"""What black borders in the data do: crops that move beyond the image see black there, or its reflection.

The networks of `learned` see the reflection. These differ from them in nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from ...padding import FILLS
from ...training.datasets import SCENES
from ..base import Experiment
from ..context import Context, Trial, as_list, choices
from . import chronology, learned
from .recipes import PROFILES, settings

BLACK = "zeros"


def grid(
    profile: str = "published",
    model: str = "resnet9",
    padding: str | Sequence[str] = "zeros",
    data: str = SCENES,
    shift_fill: str | Sequence[str] = BLACK,
    networks: int | None = None,
) -> list[dict[str, Any]]:
    """Trials of `learned` whose crops are filled in another way, seeds outermost.

    Args:
        profile: One of `pppkit.experiments.ppp.recipes.PROFILES`.
        model: Of `learned.MODELS`.
        padding: Padding schemes of the network, one or several.
        data: Of `learned.DATA`.
        shift_fill: What crops see beyond the border: padding schemes, one or several. `"zeros"` is black.
        networks: Seeds of each cell; None for the profile's number.

    Raises:
        ValueError: For an unknown name.
    """
    fills = choices("shift_fill", shift_fill, FILLS)
    trials = learned.grid(profile, model, as_list(padding), data, networks)
    return [{**trial, "shift_fill": fill} for trial in trials for fill in fills]


def published() -> list[dict[str, Any]]:
    """The trial of the committed rows: one network, beside the three of `learned` that see reflections."""
    return grid(networks=1)


def shown(profile: str, rows: pd.DataFrame) -> list[dict[str, Any]]:
    """The trials whose twins, with reflected crops, a page has.

    Args:
        profile: As in `grid`.
        rows: Of `learned`, and of others.
    """
    names = ["model", "data", "padding", "seed"]
    there = set(rows[names].itertuples(index=False, name=None))
    trials = published() if profile == "published" else grid(profile)
    return [trial for trial in trials if tuple(trial[name] for name in names) in there]


def measure(trial: Trial, context: Context) -> pd.DataFrame:
    """Trains one network and measures it before and after: a row for each epoch, source, size and layer."""
    ends = [0, settings(trial)["epochs"]]
    return chronology.train(trial, context, ends, _label(trial)).rows


def _label(trial: Trial) -> str:
    return f"{chronology.name(trial)}_{trial['shift_fill']}"


def remove_checkpoints(trial: Trial, context: Context) -> None:
    """Rows stay, what resuming needed does not."""
    chronology.remove_resumable(context, _label(trial))


def beside(black: pd.DataFrame, reflected: pd.DataFrame, metric: str = "snr_ppp") -> pd.DataFrame:
    """Accuracy and pattern after training, by what the crops saw beyond the border.

    Args:
        black: Rows of this experiment.
        reflected: Rows of `learned`, of networks of the same cells and of others.
        metric: A column of both.

    Returns:
        One row for each kind of pictures, layer of interest and fill, at the trained size: `networks`, their
        mean `accuracy`, `mean` and `std` of the metric over them.
    """
    names = ["model", "data", "padding"]
    twins = reflected.merge(black[names].drop_duplicates(), on=names).assign(shift_fill="reflect")
    both = pd.concat([twins, black])
    ends = both[(both["epoch"] == both["epochs"]) & (both["size"] == both["trained_size"])]
    found = ends.groupby(["source", "level", "shift_fill"]).agg(
        networks=("seed", "nunique"),
        accuracy=("val_accuracy", "mean"),
        mean=(metric, "mean"),
        std=(metric, "std"),
    )
    return found.rename_axis(["pictures", "layer", "beyond the picture"])


def sentence(found: pd.DataFrame) -> str:
    """What black crops do to the deepest layer, on scenes.

    Args:
        found: Of `beside`, by SNR-PPP.
    """
    scenes = found.loc["scenes"]
    deepest = scenes.loc[scenes.index.get_level_values("layer").max()]
    parts = {fill: _phrase(row) for fill, row in deepest.iterrows()}
    return (
        "With crops that are black beyond the picture the deepest layer's SNR-PPP ends at "
        f"{parts[BLACK]}, with reflected ones at {parts['reflect']}; zero padding, mean ± standard deviation "
        "over networks."
    )


def _phrase(row: pd.Series) -> str:
    count = int(row["networks"])
    spread = f" ± {row['std']:.3f}" if count > 1 else ""
    noun = "networks" if count > 1 else "network"
    return f"{row['mean']:.3f}{spread} ({count} {noun}, {100 * row['accuracy']:.1f} % right)"


EXPERIMENT = Experiment(
    name="black_crops",
    title="Networks whose training crops are black beyond the image's border",
    key=(*chronology.KEY, "shift_fill"),
    profiles=PROFILES,
    grid=grid,
    published=published,
    measure=measure,
    resolve=settings,
    needs=chronology.needs,
    stored=remove_checkpoints,
    within=("epoch", "source", "size", "layer"),
    metrics=("snr_ppp", "mae_ppp", "val_accuracy"),
    tolerance=1e-2,
    cost=chronology.measuring,
    final=("val_accuracy", "val_loss", "train_loss"),
)
