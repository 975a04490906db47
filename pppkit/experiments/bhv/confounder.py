"""Figure 3: the data of the BHV test, and what each padding puts around a plain background."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from ...padding import FILLS, pad2d
from .curves import curves
from .squares import Squares, background_colour, render

Background = float | str | Sequence[float]


def counts(splits: Mapping[str, Squares]) -> pd.DataFrame:
    """How many images each split has, and how many of them show class 1."""
    return pd.DataFrame.from_dict(
        {name: [len(s), int((s.labels == 0).sum())] for name, s in splits.items()},
        orient="index",
        columns=["images", "class 1 (red left)"],
    )


def overlap(splits: Mapping[str, Squares]) -> dict[str, int]:
    """How many validation and test images are training images, and how many of those differ."""
    keys = {name: [tuple(p.ravel()) for p in s.positions] for name, s in splits.items()}
    training = set(keys["train"])
    shared = {
        f"{name} images also in training": sum(key in training for key in keys[name])
        for name in ("validation", "similar")
    }
    return shared | {"different training images": len(training)}


def as_pictures(images: Tensor) -> list[np.ndarray]:
    """`(N, 3, H, W)` in [0, 1], clipped, to N pictures `(H, W, 3)`, uint8."""
    scaled = 255 * images.permute(0, 2, 3, 1).clamp(0, 1)
    return list(scaled.numpy().astype(np.uint8))


def places(splits: Mapping[str, Squares]) -> dict[tuple[str, str], np.ndarray]:
    """The share of images with a square at each pixel, `(H, W)`, by split and by class and colour."""
    found = {}
    for name in ("train", "similar", "dissimilar"):
        images = render(splits[name]).numpy()
        for label in (0, 1):
            own = images[splits[name].labels == label]
            for channel, colour in enumerate(("red", "green")):
                found[name, f"class {label + 1}, {colour}"] = own[:, channel].mean(0)
    return found


def still_right(rows: pd.DataFrame, paddings: Sequence[str]) -> dict[int, str]:
    """What networks answer along a trajectory, as one line for each height of the lower square.

    Args:
        rows: Of the table, on one background.
        paddings: The paddings to name.
    """
    answers = curves(rows).groupby(["padding", "y"])["accuracy"].mean()
    heights = answers.index.get_level_values("y").unique()
    return {
        int(y): "still called class 1: " + ", ".join(f"{s} {answers[s, y]:.0f} %" for s in paddings)
        for y in heights
    }


def padded(
    one: Squares, backgrounds: Mapping[str, Background], pixels: int, generator: torch.Generator
) -> dict[tuple[str, str], Tensor]:
    """One image under every padding, `(3, H + 2 pixels, W + 2 pixels)`, by background and padding."""
    return {
        (name, fill): pad2d(render(one, colour), pixels, fill, generator=generator)[0]
        for name, colour in backgrounds.items()
        for fill in FILLS
    }


def border_distance(
    squares: Squares, backgrounds: Mapping[str, Background], generator: torch.Generator, pixels: int = 2
) -> pd.DataFrame:
    """How far each padding is from continuing the background.

    Args:
        squares: The images.
        backgrounds: Colours by name.
        generator: Of the random paddings.
        pixels: Width of the border; 2 is that of full padding.

    Returns:
        The mean absolute difference between border and background, values in [0, 1]: one row a padding, one
        column a background.
    """
    found = pd.DataFrame(index=pd.Index(FILLS, name="padding"), columns=list(backgrounds), dtype=float)
    for name, colour in backgrounds.items():
        plain = torch.tensor(background_colour(colour)).view(1, 3, 1, 1)
        images = render(squares, colour)
        for fill in FILLS:
            border = pad2d(images, pixels, fill, generator=generator)
            outside = torch.ones(border.shape[-2:], dtype=torch.bool)
            outside[pixels:-pixels, pixels:-pixels] = False
            found.loc[fill, name] = float((border - plain).abs()[..., outside].mean())
    return found.rename_axis(columns="distance from the background")
