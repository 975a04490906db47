"""Margins, principal points, padding's reach, and optimally padded features, computed in two independent ways."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from .models import default_layers
from .padding import Amounts, Padding, Scheme
from .twin import AlignmentError, Geometry, Twin, attach, geometry

__all__ = ["AlignmentError", "canvas_features", "canvas_margin", "features", "margins", "reach", "twin_features", "verify_alignment"]


class _Enough(Exception):
    """All layers have been seen."""


def features(
    model: nn.Module,
    layers: Sequence[str],
    x: Tensor,
    *modes: TorchFunctionMode,
    keep: Callable[[str, Tensor], Any] = lambda name, t: t.clone(),
) -> dict[str, Any]:
    """Outputs of layers, without gradients; the forward pass ends after the last of them.

    Args:
        model: Runs in eval mode; its mode and hooks are restored.
        layers: Module paths.
        x: Images `(N, 3, H, W)`.
        *modes: Contexts for the forward pass, the outermost first.
        keep: What is kept of a layer's name and output; a copy by default, since a later layer may work in place.

    Raises:
        ValueError: For an unknown layer, a layer that is called more than once or whose output is no feature map.
    """
    modules = dict(model.named_modules())
    for name in layers:
        if name not in modules or not name:
            raise ValueError(f"layers: the model has no module {name!r}; it has {_some(modules)}")
    out: dict[str, Any] = {}

    def hook(name: str):
        def record(module, inputs, output):
            if name in out:
                raise ValueError(f"layers: {name!r} is called more than once in a forward pass; name a module that is called once")
            if not isinstance(output, Tensor) or output.dim() != 4:
                raise ValueError(
                    f"layers: the output of {name!r} is no feature map (N, C, H, W) but {tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__}"
                )
            with torch._C.DisableTorchFunction():  # what is kept is not part of the network
                out[name] = keep(name, output)
            if len(out) == len(set(layers)):
                raise _Enough

        return record

    was_training = [m for m in model.modules() if m.training]
    handles = [modules[name].register_forward_hook(hook(name)) for name in set(layers)]
    try:
        model.eval()
        with torch.no_grad(), ExitStack() as stack:
            for mode in modes:
                stack.enter_context(mode)
            model(x)
    except _Enough:
        pass
    finally:
        for module in was_training:
            module.training = True
        for handle in handles:
            handle.remove()
    missing = [name for name in layers if name not in out]
    if missing:
        raise ValueError(f"layers: {', '.join(missing)} did not run in the forward pass")
    return {name: out[name] for name in layers}


def _some(modules: dict[str, nn.Module]) -> str:
    names = [n for n in modules if n and n.count(".") <= 1]
    return ", ".join(names[:40]) + (f" and {len(modules) - 41} more" if len(modules) > 41 else "")


def _blank(model: nn.Module, height: int, width: int) -> Tensor:
    parameter = next(model.parameters(), torch.zeros(1))
    return torch.zeros(1, 3, height, width, device=parameter.device, dtype=parameter.dtype)


def _padding_mode(scheme: str | None, generator: torch.Generator | None = None) -> list[TorchFunctionMode]:
    return [] if scheme is None else [Padding(scheme, generator=generator)]


# ---- margins -------------------------------------------------------------------------------------------------------


def geometries(model: nn.Module, layers: Sequence[str], size: int | tuple[int, int], scheme: str | None = None) -> dict[str, Geometry]:
    """Geometry of the padded run's feature maps, from one forward pass over a blank image."""
    height, width = (size, size) if isinstance(size, int) else size
    x = attach(_blank(model, height, width), Geometry((height, width)))

    return features(model, layers, x, *_padding_mode(scheme), Twin(scheme, valid=False), keep=lambda name, t: geometry(t))


def margins(
    model: nn.Module, layers: Sequence[str] | None = None, size: int | tuple[int, int] = 224, scheme: str | None = None
) -> pd.DataFrame:
    """The paper's alignment tables (appendix A.1, Figures 6 and 7) for any network.

    The regular run pads an image of `size`; the optimal run is the same network without padding on a crop just large enough
    for the last of the layers. Margins follow margin_in = stride * margin_out + padding, from the last layer back.

    Args:
        model: Any network of convolutions, poolings, elementwise operations and joins.
        layers: Module paths; None for the layers of interest.
        size: Side of the regular input in pixels, or (height, width).
        scheme: A padding scheme to put the model under, or None for its own padding.

    Returns:
        One row for the input and for each layer, in that order, with sizes in pixels of the respective map:
        regular_height, regular_width, optimal_height, optimal_width; stride (input pixels per feature pixel, a pair if the
        axes differ); principal_regular_y, ..._x, principal_optimal_y, ..._x: where the centre of the last layer's map lies;
        and top, left, bottom, right: what to crop from the optimal map to be left with the regular one.

    Raises:
        AlignmentError: If the network has an operation through which the alignment cannot be followed.
        ValueError: For an unknown layer.
    """
    layers = tuple(layers) if layers is not None else default_layers(model)
    height, width = (size, size) if isinstance(size, int) else size
    found = geometries(model, layers, size, scheme)
    deep = max(found.values(), key=lambda g: g.before)  # the layer that needs the largest crop
    rows = {}
    for name, g in {"input": Geometry((height, width)), **found}.items():
        low = [(deep.before[i] - g.before[i]) // g.stride[i] for i in (0, 1)]
        high = [(deep.after[i] - g.after[i]) // g.stride[i] for i in (0, 1)]
        optimal = [g.regular[i] + low[i] + high[i] for i in (0, 1)]
        centre = [(n - 1) / 2 for n in optimal]
        rows[name] = {
            "regular_height": g.regular[0], "regular_width": g.regular[1], "optimal_height": optimal[0], "optimal_width": optimal[1],
            "stride": g.stride[0] if g.stride[0] == g.stride[1] else g.stride,
            "principal_regular_y": centre[0] - low[0], "principal_regular_x": centre[1] - low[1],
            "principal_optimal_y": centre[0], "principal_optimal_x": centre[1],
            "top": low[0], "left": low[1], "bottom": high[0], "right": high[1],
        }  # fmt: skip
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("layer")


# ---- the valid twin ------------------------------------------------------------------------------------------------


def twin_features(
    model: nn.Module, layers: Sequence[str], read: Callable[[int, int, int, int], Tensor], size: int = 224, scheme: str | None = None
) -> dict[str, Tensor]:
    """Optimally padded features by the paper's way: the network without padding on a larger crop.

    Args:
        model: The network.
        layers: Module paths.
        read: Gives images `(N, 3, height, width)` of the window (y, x, height, width), where (0, 0) is the first pixel of
            the regular image and y and x are negative.
        size: Side of the regular image in pixels.
        scheme: The padding scheme of the regular run, or None for the model's own.

    Returns:
        For each layer the features aligned with the regular ones, `(N, C, H, W)`.
    """
    table = margins(model, layers, size, scheme).loc["input", ["top", "left", "bottom", "right"]]
    top, left, bottom, right = (max(0, int(v)) for v in table)
    crop = read(-top, -left, size + top + bottom, size + left + right)
    x = attach(crop.clone(), Geometry((size, size), offset=(top, left)))
    return features(model, layers, x, Twin(scheme), keep=lambda name, t: geometry(t).window(t).clone())


# ---- the canvas ----------------------------------------------------------------------------------------------------


def centre(x: Tensor, size: tuple[int, ...]) -> Tensor:
    """The middle `(N, C, *size)` of `(N, C, H, W)`."""
    y, left = (x.shape[-2] - size[-2]) // 2, (x.shape[-1] - size[-1]) // 2
    return x[..., y : y + size[-2], left : left + size[-1]]


class GlobalPools(TorchFunctionMode):
    """Makes global poolings (squeeze-and-excitation) of the canvas see what they saw in the regular run.

    Without it part of the difference between the two runs would come from the pooled area, not from padding.

    Args:
        seen: Sizes to replay in order, as another instance recorded them in `seen`; None to record.
    """

    def __init__(self, seen: Sequence[tuple[int, ...]] | None = None):
        super().__init__()
        self.replay, self.seen = seen is not None, list(seen or [])

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if self._is_global(getattr(func, "__name__", ""), args, kwargs):
            if self.replay:
                args = (centre(args[0], self.seen.pop(0)), *args[1:])
            else:
                self.seen.append(tuple(args[0].shape[-2:]))
        return func(*args, **kwargs)

    @staticmethod
    def _is_global(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        if not args or not isinstance(args[0], Tensor) or args[0].dim() != 4:
            return False
        if name in ("mean", "amax", "sum"):
            dim = args[1] if len(args) > 1 else kwargs.get("dim")
            return isinstance(dim, (list, tuple)) and {d % 4 for d in dim} == {2, 3}
        return name in ("adaptive_avg_pool2d", "adaptive_max_pool2d")


def canvas_scheme(scheme: str | None) -> str | None:
    """The scheme for the canvas: only its geometry matters there, so every fill may share one run."""
    if scheme is None or scheme == "none":
        return scheme
    return "full-zeros" if Scheme.parse(scheme).full else "zeros"


def canvas_features(
    model: nn.Module,
    layers: Sequence[str],
    canvas: Tensor,
    regular: dict[str, tuple[int, ...]],
    seen: Sequence[tuple[int, ...]],
    scheme: str | None = None,
) -> dict[str, Tensor]:
    """Optimally padded features without a second network: the same network on a canvas, and the middle of its maps.

    With a canvas of size + 2 M, M a multiple of the total stride, pixel i of the regular map is pixel i + M / stride of the
    canvas's, whatever the network pads. With M at least padding's reach nothing of the canvas's own padding gets there.

    Args:
        model: The network.
        layers: Module paths.
        canvas: Images `(N, 3, size + 2 M, size + 2 M)`.
        regular: Shapes of the regular run's features.
        seen: Sizes that global poolings saw in the regular run (`GlobalPools.seen`).
        scheme: The padding scheme of the regular run, or None for the model's own.

    Returns:
        For each layer the features aligned with the regular ones, `(N, C, H, W)`.
    """
    modes = [*_padding_mode(canvas_scheme(scheme)), GlobalPools(seen)]
    return features(model, layers, canvas, *modes, keep=lambda name, t: centre(t, regular[name]).clone())


class _Poison(Padding):
    """Pads with NaN, pooling layers included, so that whatever padding reaches shows it."""

    def __init__(self, scheme: str | None):
        super().__init__(canvas_scheme(scheme) or "zeros", pools="scheme")
        if self.fill != "none":
            self.fill = "nan"

    def pad(self, x: Tensor, amounts: Amounts, window: tuple[int, int]) -> Tensor:
        return x if self.fill == "none" else F.pad(x, amounts, value=float("nan"))


def reach(
    model: nn.Module, layers: Sequence[str] | None = None, size: int = 224, scheme: str | None = None, limit: int = 4096
) -> pd.DataFrame:
    """How far padding reaches into a large map, measured: the padding is poisoned with NaN.

    Args:
        model: The network.
        layers: Module paths; None for the layers of interest.
        size: Side of the regular image in pixels.
        scheme: A padding scheme, or None for the model's own padding.
        limit: Give up where the poison still reaches the regular image from that many pixels away.

    Returns:
        For each layer its stride and the pixels of its map that padding touches: top, left, bottom, right.

    Raises:
        AlignmentError: If padding reaches everything: a global normalisation or attention.
        ValueError: If the network cannot run on such images.
    """
    layers = tuple(layers) if layers is not None else default_layers(model)
    own = _padding_mode(scheme)

    def sizes(side: int, *modes: TorchFunctionMode) -> dict[str, int]:
        try:
            return features(model, layers, _blank(model, side, side), *own, *modes, keep=lambda n, t: t.shape[-1])
        except (RuntimeError, AssertionError) as error:
            why = str(error).splitlines()[0]
            if scheme is None or not (Scheme.parse(scheme).full or scheme == "none"):
                raise AlignmentError(
                    f"the model does not run on {side}x{side} images ({why}): it needs one fixed size, or blocks of one (attention)"
                ) from error
            raise ValueError(
                f"padding={scheme!r} changes the sizes of feature maps, and this model does not allow that at {side}x{side} pixels ({why}); a larger size may help"
            ) from error

    record = GlobalPools()
    small, large = sizes(size, record), sizes(size + 512)
    stride = {n: round(512 / (large[n] - small[n])) if large[n] > small[n] else 0 for n in layers}
    if 0 in stride.values() or any(512 % s for s in stride.values()):
        raise AlignmentError(f"strides {stride} do not divide a canvas evenly; pppkit needs total strides that are powers of two up to 512")

    def rim(name: str, t: Tensor) -> tuple[int, int, int, int] | None:
        clean = ~t[0].isnan().any(0)
        rows, columns = clean.any(1).nonzero()[:, 0], clean.any(0).nonzero()[:, 0]
        if len(rows) == 0:
            return None
        inner = clean[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        if not inner.all():
            return None
        return int(rows[0]), int(columns[0]), len(clean) - 1 - int(rows[-1]), clean.shape[1] - 1 - int(columns[-1])

    margin = total = math.lcm(*stride.values())
    margin *= 4
    while margin <= limit:
        rims = features(
            model, layers, _blank(model, size + 2 * margin, size + 2 * margin), _Poison(scheme), GlobalPools(record.seen), keep=rim
        )
        if all(r is not None and max(r) * stride[n] <= margin for n, r in rims.items()):
            table = pd.DataFrame.from_dict(rims, orient="index", columns=["top", "left", "bottom", "right"])
            table.insert(0, "stride", pd.Series(stride))
            return table.rename_axis("layer")
        margin *= 2
    raise AlignmentError(
        f"padding still reaches the image from {margin // 2} pixels away: a global operation (GroupNorm, InstanceNorm, attention) makes every feature "
        f"depend on every pixel, or the receptive field is wider than limit={limit} (total stride {total})"
    )


def canvas_margin(model: nn.Module, layers: Sequence[str] | None = None, size: int = 224, scheme: str | None = None) -> int:
    """The smallest M for `canvas_features`: a multiple of the total stride, beyond padding's reach.

    Args:
        model: The network.
        layers: Module paths; None for the layers of interest.
        size: Side of the regular image in pixels.
        scheme: A padding scheme, or None for the model's own padding.

    Returns:
        M in input pixels: 128 for the paper's VGG19, 224 for its ResNet50, 448 for EfficientNet-B0.
    """
    table = reach(model, layers, size, scheme)
    total = math.lcm(*table["stride"])
    need = int((table[["top", "left", "bottom", "right"]].max(axis=1) * table["stride"]).max())
    return max(1, -(-need // total)) * total


# ---- one checks the other ------------------------------------------------------------------------------------------


def verify_alignment(
    model: nn.Module,
    layers: Sequence[str] | None = None,
    size: int = 224,
    scheme: str | None = None,
    *,
    tolerance: float = 1e-5,
    seed: int = 0,
) -> pd.DataFrame:
    """Computes optimally padded features in both ways, on noise, and compares them.

    They share no code: the canvas runs the padded network and knows nothing of its operations, the twin follows each
    operation and pads nothing.

    Args:
        model: The network.
        layers: Module paths; None for the layers of interest.
        size: Side of the regular image in pixels.
        scheme: A padding scheme, or None for the model's own padding.
        tolerance: Largest difference allowed, relative to the largest feature of the layer.
        seed: Of the noise.

    Returns:
        For each layer: difference, the largest one; largest, the largest feature; relative, their ratio; and shifted, what
        relative would be if one of the two were a pixel off, which shows how much the comparison can see.

    Raises:
        AlignmentError: If the two ways differ by more than the tolerance, either cannot be exact for this network, or a
            layer's features are so flat that even a shift by a pixel would pass.
    """
    layers = tuple(layers) if layers is not None else default_layers(model)
    margin = canvas_margin(model, layers, size, scheme)
    like = _blank(model, 1, 1)
    need = margins(model, layers, size, scheme).loc["input", ["top", "left", "bottom", "right"]].max()
    room = max(margin, int(need))
    world = torch.rand(1, 3, size + 2 * room, size + 2 * room, generator=torch.Generator().manual_seed(seed)).to(like)
    record = GlobalPools()
    shape = features(
        model, layers, centre(world, (size, size)).contiguous(), *_padding_mode(scheme), record, keep=lambda n, t: tuple(t.shape[-2:])
    )
    canvas = canvas_features(model, layers, centre(world, (size + 2 * margin,) * 2).contiguous(), shape, record.seen, scheme)
    twin = twin_features(model, layers, lambda y, x, h, w: world[..., room + y : room + y + h, room + x : room + x + w], size, scheme)
    rows = {}
    for name in layers:
        difference, largest = (canvas[name] - twin[name]).abs().max().item(), canvas[name].abs().max().item()
        flat = canvas[name].shape[-1] < 2
        shifted = float("nan") if flat else (canvas[name][..., 1:] - twin[name][..., :-1]).abs().max().item() / (largest or 1.0)
        relative = difference / largest if largest else float(difference > 0)
        rows[name] = {"difference": difference, "largest": largest, "relative": relative, "shifted": shifted}
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("layer")
    wrong = table[~(table["relative"] <= tolerance)]
    if len(wrong):
        raise AlignmentError(
            f"the canvas and the valid twin disagree by more than tolerance={tolerance:g} of the largest feature: {wrong['relative'].to_dict()}"
        )
    if (table["shifted"] <= tolerance).any():
        raise AlignmentError(
            f"layers {list(table.index[table['shifted'] <= tolerance])} give features too flat to verify an alignment with; use other weights"
        )
    return table
