"""What PosENet answers about one network: its features once, several read-outs trained and tested on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from torch import nn

from ..context import SATELLITE, Context, Trial
from .patterns import pattern
from .pictures import blanks, images, read_features
from .readout import ReadOut
from .training import score, train

TESTS = ("images", "black", "white", "noise")
NOISE = 16  # images of white noise


def read_outs(
    model: nn.Module,
    layers: Sequence[str],
    size: int,
    trial: Trial,
    profile: Mapping[str, Any],
    context: Context,
    seed: int | None = None,
) -> pd.DataFrame:
    """Trains all read-outs of a trial on the features of a network and tests them.

    Args:
        model: On the context's device.
        layers: Module paths whose features are read together.
        size: Side of the images in pixels.
        trial: Names `source`, `padding`, `pattern`, `trial` (numbers of read-outs), and `depth`, `kernel` and
            `readout_padding` of them.
        profile: How many images `train` and `test`, for how many `epochs`.
        context: Where the pictures are.
        seed: Of the read-outs' weights and of the images' order; None for the trial's `seed`.

    Returns:
        One row for each read-out: `train_loss`; for each of `TESTS` `spc`, `mae`, `nan` (maps without a
        correlation) of `count`; and the number of channels and of images.
    """
    device, seed = context.device, trial["seed"] if seed is None else seed
    pictures = _pictures(trial["source"], size, profile, context)
    read = {
        name: read_features(model, layers, x.to(device), trial["padding"]) for name, x in pictures.items()
    }
    target, channels, numbers = pattern(trial["pattern"]).to(device), read["train"].shape[1], trial["trial"]
    shape = (trial["depth"], trial["kernel"], trial["readout_padding"])
    readout = ReadOut(channels, [1000 * seed + i for i in numbers], *shape).to(device)
    losses = train(readout, read["train"], target, profile["epochs"], seed=seed)
    rows = [{"trial": i, "train_loss": losses[-1] / len(numbers)} for i in numbers]
    for test in TESTS:
        for row, found in zip(rows, score(readout, read[test], target)):
            row |= {f"{name} {test}": value for name, value in found.items()}
    sizes = {name: profile[name] for name in ("train", "test", "epochs")}
    return pd.DataFrame(rows).assign(channels=channels, **sizes)


def _pictures(source: str, size: int, profile: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Images to train on and to test on, and those without content, by name."""
    satellite = context.paths.get(SATELLITE)
    return {
        "train": images(source, "train", profile["train"], size, satellite),
        "images": images(source, "test", profile["test"], size, satellite),
        **blanks(NOISE, size),
    }
