"""Figure 2: what PPP looks like when features are not aligned, and the other ways to go wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from ... import models
from ...alignment.canvas import GlobalPools, canvas_features, centre
from ...alignment.geometry import Geometry, attach, geometry
from ...alignment.reach import canvas_margin
from ...alignment.tables import margins
from ...alignment.unpadded import UnpaddedRun
from ...checks import one_of
from ...measure import IMAGENET
from ...metrics.ppp import _mae_ppp_compute, _ppp_update, _snr_ppp_compute
from ...models.hooks import features
from ...padding import Padding
from ...results.store import Store, load_maps, provenance, save_maps
from ...scenes import open_source, windows

KEY = ("pitfall", "source", "profile", "variant", "layer")
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
    """The margins of the paper, against an image and maps taken from the middle (ResNet50: 194 instead of 209)."""
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


def run(
    folder: str | Path, profile: str, source: str, satellite: str | Path | None = None
) -> tuple[pd.DataFrame, dict[tuple[str, ...], np.ndarray]]:
    """Measures each pitfall right and wrong, unless its rows are present.

    Zero padding, initial weights of He et al. (2015), so that deep features vary enough to show a shift.

    Args:
        folder: Where `pitfalls.csv` and `maps/` are.
        profile: One of `PROFILES`.
        source: One of `pppkit.scenes.SOURCES`.
        satellite: Folder of the satellite mosaics.

    Returns:
        Rows (pitfall, variant, layer: distance, SNR-PPP, MAE-PPP), and PPP maps by (pitfall, variant, layer).
    """
    one_of("profile", profile, PROFILES)
    folder, p = Path(folder), PROFILES[profile]
    store = Store(folder / "pitfalls.csv", KEY)
    for pitfall, (name, protocol) in PITFALLS.items():
        done = store.load()
        if ((done["pitfall"] == pitfall) & (done["source"] == source) & (done["profile"] == profile)).any():
            continue
        model = models.build(name, width=p["width"], init="kaiming")
        layers = models.LAYERS_OF_INTEREST[name]
        room = max(canvas_margin(model, layers, SIZE), 134 if name == "vgg19" else 0)
        n = max(1, p["n"] // 4) if protocol is pooling_parity else p["n"]  # seventeen crops an image
        places = windows(open_source(source, {"satellite": satellite}), n, SIZE + 2 * room)
        mean, std = (torch.tensor(v).view(3, 1, 1) for v in IMAGENET)
        sums: dict[tuple[str, str], Any] = {}
        for place in tqdm(places, desc=pitfall, unit="image"):
            for key, pair in protocol(model, layers, (place.read()[None] / 255 - mean) / std).items():
                new = _ppp_update(*pair)
                sums[key] = sums[key] + new if key in sums else new
        rows = [
            {"pitfall": pitfall, "model": name, "source": source, "variant": v, "layer": layer, "n": n, "distance": (s.scalars[0] / s.count).item()}
            | {"snr_ppp": _snr_ppp_compute(s).value, "snr_ppp_ci95": _snr_ppp_compute(s).ci95, "mae_ppp": _mae_ppp_compute(s).value}
            | {"seed": 0, "device": "cpu", "dtype": "float32"} | provenance(profile)
            for (v, layer), s in sums.items()
        ]  # fmt: skip
        shown = {
            k: s for k, s in sums.items() if not k[0].startswith("M =") or k[0] in ("M = 118", "M = 119")
        }
        save_maps(
            _maps(folder, profile, source, pitfall),
            {(pitfall, *k): (s.distance / s.count).numpy() for k, s in shown.items()},
        )
        store.append(pd.DataFrame(rows))
    rows = store.load()
    maps = {
        k: v for pitfall in PITFALLS for k, v in load_maps(_maps(folder, profile, source, pitfall)).items()
    }
    return rows[(rows["profile"] == profile) & (rows["source"] == source)].reset_index(drop=True), maps


def _maps(folder: Path, profile: str, source: str, pitfall: str) -> Path:
    return folder / "maps" / f"pitfall_{profile}_{source}_{pitfall.replace(' ', '-')}.npz"
