"""What a measurement is going to do, worked out and checked before any work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from ..alignment.canvas import canvas_padding
from ..alignment.optimal import OptimalPlan, plan_optimal
from ..checks import shown, whole
from ..padding import Scheme
from ..scenes import Scene, Window, windows
from .images import Images, ImageScaling, log_counts

Plans = Mapping[str | None, OptimalPlan]  # by padding; paddings of one kind share one


def padding_list(padding: str | Sequence[str | None] | None) -> list[str | None]:
    """One or several schemes as a list; None stands for the model's own padding.

    Raises:
        ValueError: For anything else than names of schemes, none at all, or one twice.
    """
    try:
        paddings = [padding] if padding is None or isinstance(padding, str) else list(padding)
    except TypeError:
        raise ValueError(
            f"padding={shown(padding)} must be a scheme's name, a sequence of them, or None for the model's"
        ) from None
    if not paddings or len({shown(p) for p in paddings}) < len(paddings):
        raise ValueError(f"padding={shown(paddings)} must name at least one scheme, and each only once")
    for p in paddings:
        if p is not None and not isinstance(p, str):
            raise ValueError(f"padding holds {shown(p)}, which is no scheme's name; say 'zeros', or None")
        if p is not None:
            Scheme.parse(p, "padding")
    return paddings


def model_device(
    model: nn.Module, device: str | torch.device | None, generator: torch.Generator | None
) -> torch.device:
    """Where a model's parameters lie.

    Raises:
        ValueError: If that is more than one place or none, or `device` or `generator` are elsewhere.
    """
    places = {p.device for p in model.parameters()}
    if len(places) != 1:
        found = sorted(map(str, places)) or "no device"
        raise ValueError(f"model: its parameters lie on {found}; move it to one device with model.to(...)")
    where = places.pop()
    if device is not None:
        _check_device(device, where)
    if generator is not None and not isinstance(generator, torch.Generator):
        raise ValueError(
            f"generator={shown(generator)} must be a torch.Generator on the model's device, or None; "
            f"make it with torch.Generator({str(where)!r})"
        )
    if generator is not None and generator.device.type != where.type:
        raise ValueError(
            f"generator is on {generator.device}, but the model is on {where}; "
            f"make it with torch.Generator({str(where)!r})"
        )
    return where


def _check_device(device: str | torch.device, where: torch.device) -> None:
    try:
        wanted = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise ValueError(
            f"device={shown(device)} is no device; say 'cpu', 'cuda', 'cuda:1', or None"
        ) from error
    same = wanted.type == where.type and wanted.index in (None, where.index)
    if not same:
        raise ValueError(
            f"device={str(device)!r}, but the model is on {where}; "
            f"move it there with model.to({str(device)!r})"
        )


def record_counts(counts: Sequence[int] | None, n: int) -> list[int]:
    """Numbers of images at which convergence is recorded, n always among them; those above n are left out.

    Raises:
        ValueError: If they are no whole numbers of at least 1.
    """
    if counts is None:
        return log_counts(n)
    if isinstance(counts, str) or not hasattr(counts, "__iter__"):
        raise ValueError(
            f"counts={shown(counts)} must be a sequence of numbers of images, say [1, 10, 100], or None"
        )
    wanted = {whole("counts", c, remedy="give numbers of images, or None") for c in counts}
    return sorted({c for c in wanted if c <= n} | {n})


def plan_ways(
    model: nn.Module,
    layers: Sequence[str],
    size: int,
    paddings: Sequence[str | None],
    optimal: str,
    margin: int | None,
) -> dict[str | None, OptimalPlan]:
    """How the optimally padded features of each padding are computed; all of them look at the same windows.

    Raises:
        ValueError: If the margin is smaller than padding's reach, or odd.
    """
    kinds = {p: canvas_padding(p) for p in paddings}
    plans = {kind: plan_optimal(model, layers, size, kind, optimal) for kind in dict.fromkeys(kinds.values())}
    exact = max(plan.margin for plan in plans.values())
    if margin is not None:
        remedy = "padding reaches that far in this network; give an even number, or None"
        if whole("margin", margin, exact, remedy) % 2:
            raise ValueError(f"margin={margin} must be even; {remedy}")
        stride = max(plan.stride for plan in plans.values())
        exact = -(-int(margin) // stride) * stride
    return {p: plans[kinds[p]].widened(exact) for p in paddings}


def place_images(
    scenes: Scene | Sequence[Scene],
    n: int,
    size: int,
    plans: Plans,
    seed: int,
    scaling: ImageScaling,
    fixed: bool,
) -> tuple[Images, int]:
    """Where the images lie, and the margin that had to exist around them.

    Images are placed by the canvas's margin in both ways, so that both measure the same images. Where a
    photograph is too small for that, and the unpadded run is content with less, they are placed by what it
    needs.

    Args:
        scenes: A scene or a sequence of them.
        n: Number of images.
        size: Side of an image in pixels.
        plans: By padding.
        seed: Chooses the windows.
        scaling: From pixels to what the network takes.
        fixed: Whether the margin was asked for, so that no smaller one will do.

    Raises:
        ValueError: If there is no scene, or a photograph is too small either way.
    """
    before, after = max(p.before for p in plans.values()), max(p.after for p in plans.values())
    margin = max(p.margin for p in plans.values())
    side = size + before + after
    pool = _pool(scenes)
    smallest = min((min(scene.shape) for scene in pool if scene.shape is not None), default=None)
    if not fixed and smallest is not None and smallest < size + 2 * margin:
        return Images(windows(pool, n, side, seed), before, size, scaling), max(before, after)
    shift = margin - before
    wide = windows(pool, n, size + 2 * margin, seed)
    places = [Window(w.scene, w.y + shift, w.x + shift, side) for w in wide]
    return Images(places, before, size, scaling), margin


def _pool(scenes: Scene | Sequence[Scene]) -> list[Scene]:
    if isinstance(scenes, Scene):
        return [scenes]
    is_sequence = hasattr(scenes, "__iter__") and not isinstance(scenes, (str, torch.Tensor))
    pool = list(scenes) if is_sequence else []
    if not pool or not all(isinstance(scene, Scene) for scene in pool):
        raise ValueError(
            f"scenes={shown(scenes)} must be a scene or a non-empty sequence of scenes; "
            "make one with InfiniteScene, PhotoFolder, or anything with shape and crop"
        )
    return pool
