"""`measure_ppp`: a network, scenes and a padding scheme in; metrics, maps and their convergence out."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from .alignment.canvas import GlobalPools, canvas_features, canvas_padding, centre
from .alignment.reach import canvas_margin
from .metrics.ppp import DEFAULT_MAE, DEFAULT_SNR, MAE_READINGS, PPP, SNR_READINGS
from .models.hooks import features, padding_context
from .models.registry import default_layers
from .padding import Scheme
from .scenes import Scene, Window, windows

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
AS_BUILT = "as built"  # the padding of a model that is measured as it is
MAPS = ("ppp", "optimal", "padded")


@dataclass
class PPPResult:
    """What `measure_ppp` found.

    Attributes:
        rows: One row for each padding and layer: snr_ppp, mae_ppp with the half-widths of their 95 % confidence intervals
            over images, every reading under its name, n, size, margin, seed, seconds, device, dtype.
        convergence: The same metrics after fewer images: padding, layer, n, snr_ppp, mae_ppp, and their intervals.
        maps: For each (padding, layer) the channel means over all images: `ppp`, `optimal`, `padded`, each `(H, W)`.
        snapshots: For each (padding, layer) the same maps after the numbers of images in `counts`, `(len(counts), H, W)`.
        counts: Numbers of images at which convergence and snapshots were taken.
    """

    rows: pd.DataFrame
    convergence: pd.DataFrame
    maps: dict[tuple[str, str], dict[str, np.ndarray]]
    snapshots: dict[tuple[str, str], dict[str, np.ndarray]]
    counts: list[int] = field(default_factory=list)

    def map(self, layer: str | None = None, padding: str | None = None, kind: str = "ppp") -> np.ndarray:
        """One map `(H, W)`: of the deepest layer and the first padding, unless named. `kind` is one of `MAPS`."""
        keys = list(self.maps)
        padding = padding or keys[0][0]
        layer = layer or [k[1] for k in keys if k[0] == padding][-1]
        if (padding, layer) not in self.maps or kind not in MAPS:
            raise ValueError(
                f"no map {kind!r} of padding={padding!r}, layer={layer!r}; there are {keys} and kinds {MAPS}"
            )
        return self.maps[padding, layer][kind]


def measure_ppp(
    model: nn.Module,
    scenes: Scene | Sequence[Scene],
    layers: Sequence[str] | None = None,
    *,
    padding: str | Sequence[str | None] | None = None,
    size: int = 224,
    n: int = 480,
    batch_size: int = 1,
    normalize: tuple[Sequence[float], Sequence[float]] | None = IMAGENET,
    seed: int = 0,
    device: str | torch.device | None = None,
    generator: torch.Generator | None = None,
    margin: int | None = None,
    counts: Sequence[int] | None = None,
    progress: bool = True,
) -> PPPResult:
    """Measures the Position-information Pattern from Padding of a network (Lin et al., section 2.2, Eq. 3 to 5).

    Each image is cut from a scene together with its surroundings. The network runs on the image as it pads itself and on the
    larger canvas, where the real surroundings stand in for padding; the aligned features are compared.

    Args:
        model: Any network whose alignment is exact (see `pppkit.alignment.verify_alignment`); runs in eval mode.
        scenes: A scene, or a sequence such as `PhotoFolder`.
        layers: Module paths; None for the layers of interest.
        padding: A padding scheme, several of them (their common optimal features are computed once), or None for the
            padding that the model was built with.
        size: Side of the network's input in pixels.
        n: Number of images.
        batch_size: Images per forward pass.
        normalize: Mean and standard deviation of the channels, subtracted and divided by after scaling to [0, 1]; None to
            leave [0, 1].
        seed: Chooses the windows and, without a generator, randn's numbers.
        device: Where the model must be; None for where it is.
        generator: Random numbers of randn, on the model's device.
        margin: Canvas pixels around the image; None for the smallest that is exact. Larger is slower and changes nothing.
        counts: Numbers of images at which to record convergence; None for 1, 2, 5, 10, 20, 50, ... n.
        progress: Show a progress bar.

    Returns:
        Rows, maps and their convergence. The memory it takes does not grow with n.

    Raises:
        ValueError: For bad arguments, before any work: an unknown layer or scheme, n < 1, images too small for the canvas
            (it says how large they must be), a model elsewhere than `device`. During the work: features that are not finite.
        AlignmentError: If no canvas is large enough for this network.

    Example:
        >>> from pppkit import InfiniteScene, models
        >>> net = models.build("resnet50", width=0.125, num_classes=10)
        >>> result = measure_ppp(net, InfiniteScene(0), padding="zeros", size=64, n=2, progress=False)
        >>> list(result.rows["layer"])
        ['layer1', 'layer2', 'layer3', 'layer4']
    """
    paddings = [padding] if padding is None or isinstance(padding, str) else list(padding)
    where = _check(model, paddings, size, n, batch_size, device, generator)
    layers = tuple(layers) if layers is not None else default_layers(model, size)
    kinds = {p: canvas_padding(p) for p in paddings}  # paddings of one kind share the canvas run
    exact = max(canvas_margin(model, layers, size, kind) for kind in dict.fromkeys(kinds.values()))
    if margin is not None and (margin < exact or margin % 2):
        raise ValueError(
            f"margin={margin} must be even and at least {exact}, which is how far padding reaches in this network"
        )
    if margin is None:
        margin = exact
    else:
        margin = canvas_margin(model, layers, size, paddings[0], at_least=margin)
    places = windows(scenes, n, size + 2 * margin, seed)
    counts = sorted({c for c in counts if 1 <= c <= n} | {n}) if counts is not None else _log_counts(n)
    generators = {p: generator or torch.Generator(where).manual_seed(seed) for p in paddings}

    metrics: dict[tuple[str, str], PPP] = {}
    snapshots: dict[tuple[str, str], list[dict[str, np.ndarray]]] = {}
    convergence, started, done = [], time.perf_counter(), 0
    bar = tqdm(total=n, desc="PPP", unit="image", disable=not progress)
    for batch in _batches(places, _ends(n, batch_size, counts), next(model.parameters()), normalize):
        optimal: dict[str | None, dict[str, Tensor]] = {}
        crop = centre(batch, (size, size)).contiguous()
        for p in paddings:
            record = GlobalPools()
            padded = features(model, layers, crop, *padding_context(p, generators[p]), record)
            if kinds[p] not in optimal:
                shapes = {name: tuple(t.shape) for name, t in padded.items()}
                optimal[kinds[p]] = canvas_features(model, layers, batch, shapes, record.seen, p)
            for name in layers:
                key = (p or AS_BUILT, name)
                if key not in metrics:
                    # the images are this process's own, also while others train: waiting for theirs would wait forever
                    metrics[key], snapshots[key] = (
                        PPP(*padded[name].shape[-2:], sync_on_compute=False).to(where),
                        [],
                    )
                metrics[key].update(optimal[kinds[p]][name], padded[name])
                if not torch.isfinite(metrics[key].scalars[:4]).all():
                    raise ValueError(
                        f"model: the features of {name!r} under padding={p!r} are NaN or infinite within images {done} to {done + len(batch) - 1}"
                    )
        done += len(batch)
        bar.update(len(batch))
        if done in counts:
            for key, metric in metrics.items():
                snapshots[key].append(_maps(metric))
                convergence.append(
                    {"padding": key[0], "layer": key[1], "n": done} | _headline(metric.compute())
                )
    bar.close()
    seconds = time.perf_counter() - started
    rows, maps = [], {}
    for key, metric in metrics.items():
        found, maps[key] = metric.compute(), _maps(metric)
        row = {
            "padding": key[0],
            "layer": key[1],
            "level": 1 + layers.index(key[1]),
            "n": n,
            "size": size,
            "margin": margin,
        } | _headline(found)
        row |= {f"snr {r}": found["snr"][r].value for r in SNR_READINGS} | {
            f"mae {r}": found["mae"][r].value for r in MAE_READINGS
        }
        rows.append(
            row
            | {
                "seed": seed,
                "seconds": round(seconds, 2),
                "device": _device_name(where),
                "dtype": str(batch.dtype).removeprefix("torch."),
            }
        )
    stacks = {
        key: {kind: np.stack([s[kind] for s in steps]) for kind in MAPS} for key, steps in snapshots.items()
    }
    return PPPResult(pd.DataFrame(rows), pd.DataFrame(convergence), maps, stacks, counts)


def _maps(metric: PPP) -> dict[str, np.ndarray]:
    sums = metric.sums()
    return {
        kind: (getattr(sums, "distance" if kind == "ppp" else kind) / sums.count).cpu().numpy()
        for kind in MAPS
    }


def _check(
    model: nn.Module,
    paddings: list[str | None],
    size: int,
    n: int,
    batch_size: int,
    device,
    generator: torch.Generator | None,
) -> torch.device:
    for name, value in (("n", n), ("size", size), ("batch_size", batch_size)):
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"{name}={value!r} must be a whole number of at least 1")
    if not paddings or len(set(paddings)) < len(paddings):
        raise ValueError(f"padding={paddings} must name at least one scheme, and each only once")
    for p in paddings:
        if p is not None:
            Scheme.parse(p)
    places = {p.device for p in model.parameters()}
    if len(places) != 1:
        raise ValueError(
            f"model: its parameters lie on {sorted(map(str, places)) or 'no device'}; move it to one device with model.to(...)"
        )
    where = places.pop()
    if device is not None and torch.device(device).type != where.type:
        raise ValueError(
            f"device={str(device)!r}, but the model is on {where}; move it there with model.to({str(device)!r})"
        )
    if generator is not None and generator.device.type != where.type:
        raise ValueError(
            f"generator is on {generator.device}, but the model is on {where}; make it with torch.Generator({str(where)!r})"
        )
    return where


def _log_counts(n: int) -> list[int]:
    steps = [c * 10**e for e in range(len(str(n))) for c in (1, 2, 5)]
    return sorted({c for c in steps if c < n} | {n})


def _ends(n: int, batch_size: int, counts: Sequence[int]) -> list[int]:
    """Where batches end: every batch_size images, and wherever convergence is recorded."""
    ends, last = [], 0
    for count in counts:
        ends += [*range(last + batch_size, count, batch_size), count]
        last = count
    return ends


def _batches(places: list[Window], ends: list[int], like: Tensor, normalize) -> Iterator[Tensor]:
    """Normalised canvases `(N, 3, S, S)`; the next batch is read while the network works on the last.

    The reading thread uses numpy only: torch would start a second team of threads there, which the convolutions wait for.
    """
    mean, std = (
        torch.tensor(v, device=like.device, dtype=like.dtype).view(3, 1, 1)
        for v in normalize or ((0,) * 3, (1,) * 3)
    )

    def read(span: tuple[int, int]) -> np.ndarray:
        images = [w.read().numpy() for w in places[slice(*span)]]
        return images[0][None] if len(images) == 1 else np.stack(images)

    spans = list(zip([0, *ends], ends))
    with ThreadPoolExecutor(1) as reader:
        waiting = reader.submit(read, spans[0])
        for following in [*spans[1:], None]:
            images = torch.from_numpy(waiting.result())
            if following:
                waiting = reader.submit(read, following)
            yield (images.to(like.device).to(like.dtype) / 255 - mean) / std


def _headline(found: dict) -> dict[str, float]:
    snr, mae = found["snr"][DEFAULT_SNR], found["mae"][DEFAULT_MAE]
    return {"snr_ppp": snr.value, "snr_ppp_ci95": snr.ci95, "mae_ppp": mae.value, "mae_ppp_ci95": mae.ci95}


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
