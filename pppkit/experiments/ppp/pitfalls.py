"""Figure 2: what PPP looks like when features are not aligned, and the other ways to go wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from ... import models
from ...alignment.canvas import GlobalPools, canvas_features, centre
from ...alignment.certificate import canvas_margin
from ...alignment.geometry import Geometry, attach, geometry
from ...alignment.tables import margins
from ...alignment.unpadded import UnpaddedRun
from ...checks import one_of
from ...measure import IMAGENET
from ...metrics.ppp import DEFAULT_MAE, DEFAULT_SNR, PPP
from ...models.hooks import features
from ...padding import Padding
from ...results.maps import load_maps, save_maps
from ...scenes import SOURCES, windows
from ..base import Experiment
from ..context import Context, Trial, choices, needs_pictures

PROFILES: dict[str, dict[str, Any]] = {
    "quick": {"n": 2, "width": 0.125},
    "published": {"n": 16, "width": 1.0},
    "paper": {"n": 480, "width": 1.0},
}
SIZE = 224

Pairs = dict[tuple[str, str], tuple[Tensor, Tensor]]  # (variant, layer): optimal features, padded features


def _regular(model: nn.Module, layers, image: Tensor) -> tuple[dict[str, Tensor], list[tuple[int, ...]]]:
    record = GlobalPools()
    return features(model, layers, image.contiguous(), record), record.seen


def principal_point(model: nn.Module, layers, world: Tensor) -> Pairs:
    """The paper's margins, against an image and maps taken from the middle (ResNet50: 194 instead of 209)."""
    table = margins(model, layers, SIZE)
    top, bottom = int(table.loc["input", "top"]), int(table.loc["input", "bottom"])
    crop = centre(world, (SIZE + top + bottom,) * 2)
    middle = (top + bottom) // 2
    optimal = features(
        model, layers, attach(crop.clone(), Geometry.image((SIZE, SIZE), (top, top))), UnpaddedRun()
    )
    out: Pairs = {}
    middles = (table["optimal_height"] - table["regular_height"]) // 2
    for variant, start, at in (
        ("corrected", top, table["top"]),
        ("image centred", middle, table["top"]),
        ("image and maps centred", middle, middles),
    ):
        padded, _ = _regular(model, layers, crop[..., start : start + SIZE, start : start + SIZE])
        for name in layers:
            m, (h, w) = int(at[name]), padded[name].shape[-2:]
            out[variant, name] = (optimal[name][..., m : m + h, m : m + w], padded[name])
    return out


def pooling_parity(model: nn.Module, layers, world: Tensor) -> Pairs:
    """VGG19 without padding on a crop with M more pixels on each side, for M from the paper's 118 to 134."""
    out: Pairs = {}
    padded, _ = _regular(model, layers, centre(world, (SIZE, SIZE)))
    for m in range(118, 135):
        optimal = features(model, layers, centre(world, (SIZE + 2 * m,) * 2).contiguous(), Padding("none"))
        for name in layers:
            out[f"M = {m}", name] = (centre(optimal[name], padded[name].shape[-2:]), padded[name])
    return out


def shortcut_parity(model: nn.Module, layers, world: Tensor) -> Pairs:
    """A stride-2 shortcut whose input is cropped to the regular run's parity, or is not."""
    table = margins(model, layers, SIZE).loc["input"]
    top, bottom = int(table["top"]), int(table["bottom"])
    crop = centre(world, (SIZE + top + bottom,) * 2)
    padded, _ = _regular(model, layers, crop[..., top : top + SIZE, top : top + SIZE])
    out: Pairs = {}
    for variant, phase in (("input cropped", True), ("input not cropped", False)):
        x = attach(crop.clone(), Geometry.image((SIZE, SIZE), (top, top)))
        optimal = features(
            model, layers, x, UnpaddedRun(phase=phase), keep=lambda name, t: geometry(t).window(t).clone()
        )
        out |= {(variant, name): (optimal[name], padded[name]) for name in layers}
    return out


def squeeze_excitation(model: nn.Module, layers, world: Tensor) -> Pairs:
    """Squeeze-and-excitation that pools over the image, or over the whole canvas."""
    padded, seen = _regular(model, layers, centre(world, (SIZE, SIZE)))
    shapes = {k: tuple(v.shape) for k, v in padded.items()}
    window = canvas_features(model, layers, world, shapes, seen)
    whole = features(model, layers, world, keep=lambda name, t: centre(t, shapes[name]).clone())
    return {
        (v, name): (maps[name], padded[name])
        for v, maps in (("pooled over the image", window), ("pooled over the canvas", whole))
        for name in layers
    }


PITFALLS: dict[str, tuple[str, Callable[..., Pairs]]] = {
    "principal point": ("resnet50", principal_point),
    "pooling parity": ("vgg19", pooling_parity),
    "residual shortcut": ("resnet50", shortcut_parity),
    "squeeze and excitation": ("efficientnet_b0", squeeze_excitation),
}
PARITY_ROOM = 134  # the largest M of `pooling_parity`
SHOWN = ("M = 118", "M = 119")  # of its variants, whose maps are kept


def grid(profile: str = "published", source: str | Sequence[str] = SOURCES) -> list[dict[str, Any]]:
    """A trial for each pitfall and kind of pictures.

    Raises:
        ValueError: For an unknown profile or source.
    """
    one_of("profile", profile, PROFILES)
    sources = choices("source", source, SOURCES)
    return [{"pitfall": p, "source": s, "profile": profile} for s in sources for p in PITFALLS]


def map_file(folder: str | Path, trial: Trial) -> Path:
    """Where the maps of a trial are."""
    name = "_".join(str(trial[k]).replace(" ", "-") for k in ("profile", "source", "pitfall"))
    return Path(folder) / "maps" / f"pitfall_{name}.npz"


def maps(folder: str | Path, trials: Sequence[Trial]) -> dict[tuple[str, ...], np.ndarray]:
    """PPP maps `(H, W)` of trials by (pitfall, variant, layer)."""
    return {name: z for trial in trials for name, z in load_maps(map_file(folder, trial)).items()}


def _scores(metric: PPP) -> dict[str, float]:
    found = metric.compute()
    snr, mae = found["snr"][DEFAULT_SNR], found["mae"]
    scores = {"distance": mae["raw"].value, "snr_ppp": snr.value, "snr_ppp_ci95": snr.ci95}
    return {**scores, "mae_ppp": mae[DEFAULT_MAE].value}


def measure(trial: Trial, context: Context) -> pd.DataFrame:
    """A pitfall right and wrong: a row for each variant and layer.

    Zero padding, initial weights of He et al. (2015), so that deep features vary enough to show a shift.
    """
    p, (name, protocol) = PROFILES[trial["profile"]], PITFALLS[trial["pitfall"]]
    model = models.build(name, width=p["width"], init="kaiming").to(context.device)
    layers = models.LAYERS_OF_INTEREST[name]
    parity = protocol is pooling_parity
    room = max(canvas_margin(model, layers, SIZE), PARITY_ROOM if parity else 0)
    n = max(1, p["n"] // 4) if parity else p["n"]  # seventeen crops an image
    mean, std = (torch.tensor(v, device=context.device).view(3, 1, 1) for v in IMAGENET)
    metrics: dict[tuple[str, str], PPP] = {}
    places = windows(context.open(trial["source"]), n, SIZE + 2 * room)
    for place in tqdm(places, desc=trial["pitfall"], unit="image", disable=not context.progress):
        world = (place.read()[None].to(context.device) / 255 - mean) / std
        for key, (optimal, padded) in protocol(model, layers, world).items():
            if key not in metrics:
                metrics[key] = PPP(*padded.shape[-2:], sync_on_compute=False).to(context.device)
            metrics[key].update(optimal, padded)
    kept = {k: m for k, m in metrics.items() if not k[0].startswith("M =") or k[0] in SHOWN}
    found = {(trial["pitfall"], *k): m.compute()["map"].cpu().numpy() for k, m in kept.items()}
    save_maps(map_file(context.folder, trial), found)
    rows = [{"variant": v, "layer": layer, **_scores(m)} for (v, layer), m in metrics.items()]
    return pd.DataFrame(rows).assign(model=name, n=n, seed=0, dtype="float32")


EXPERIMENT = Experiment(
    name="pitfalls",
    title="Figure 2: what PPP looks like when features are not aligned",
    key=("pitfall", "source", "profile"),
    profiles=PROFILES,
    grid=grid,
    measure=measure,
    needs=needs_pictures,
    here=True,
    within=("variant", "layer"),
    metrics=("distance", "snr_ppp", "mae_ppp"),
)
