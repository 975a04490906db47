"""Optimally padded features without a second network: the same network on a larger canvas, beyond padding's reach."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ..models.hooks import blank, features, padding_mode
from ..models.registry import default_layers
from ..padding.borders import Amounts, Scheme
from ..padding.mode import Padding
from .geometry import AlignmentError


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


def canvas_padding(padding: str | None) -> str | None:
    """The scheme for the canvas: only its geometry matters there, so every fill may share one run."""
    if padding is None or padding == "none":
        return padding
    return "full-zeros" if Scheme.parse(padding).full else "zeros"


def canvas_features(
    model: nn.Module,
    layers: Sequence[str],
    canvas: Tensor,
    regular: dict[str, tuple[int, ...]],
    seen: Sequence[tuple[int, ...]],
    padding: str | None = None,
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
        padding: The padding scheme of the regular run, or None for the model's own.

    Returns:
        For each layer the features aligned with the regular ones, `(N, C, H, W)`.
    """
    modes = [*padding_mode(canvas_padding(padding)), GlobalPools(seen)]
    return features(model, layers, canvas, *modes, keep=lambda name, t: centre(t, regular[name]).clone())


class _Poison(Padding):
    """Pads with NaN, pooling layers included, so that whatever padding reaches shows it."""

    def __init__(self, padding: str | None):
        super().__init__(canvas_padding(padding) or "zeros", pools="scheme")
        if self.fill != "none":
            self.fill = "nan"

    def pad(self, x: Tensor, amounts: Amounts, window: tuple[int, int]) -> Tensor:
        return x if self.fill == "none" else F.pad(x, amounts, value=float("nan"))


def padding_reach(
    model: nn.Module,
    layers: Sequence[str] | None = None,
    size: int = 224,
    padding: str | None = None,
    limit: int = 4096,
) -> pd.DataFrame:
    """How far padding reaches into a large map, measured: the padding is poisoned with NaN.

    Args:
        model: The network.
        layers: Module paths; None for the layers of interest.
        size: Side of the regular image in pixels.
        padding: A padding scheme, or None for the model's own padding.
        limit: Give up where the poison still reaches the regular image from that many pixels away.

    Returns:
        For each layer its stride and the pixels of its map that padding touches: top, left, bottom, right.

    Raises:
        AlignmentError: If padding reaches everything: a global normalisation or attention.
        ValueError: If the network cannot run on such images.
    """
    layers = tuple(layers) if layers is not None else default_layers(model)
    own = padding_mode(padding)

    def sizes(side: int, *modes: TorchFunctionMode) -> dict[str, int]:
        try:
            return features(
                model, layers, blank(model, side, side), *own, *modes, keep=lambda n, t: t.shape[-1]
            )
        except (RuntimeError, AssertionError) as error:
            why = str(error).splitlines()[0]
            if padding is None or not (Scheme.parse(padding).full or padding == "none"):
                raise AlignmentError(
                    f"the model does not run on {side}x{side} images ({why}): it needs one fixed size, or blocks of one (attention)"
                ) from error
            raise ValueError(
                f"padding={padding!r} changes the sizes of feature maps, and this model does not allow that at {side}x{side} pixels ({why}); a larger size may help"
            ) from error

    record = GlobalPools()
    small, large = sizes(size, record), sizes(size + 512)
    stride = {n: round(512 / (large[n] - small[n])) if large[n] > small[n] else 0 for n in layers}
    if 0 in stride.values() or any(512 % s for s in stride.values()):
        raise AlignmentError(
            f"strides {stride} do not divide a canvas evenly; pppkit needs total strides that are powers of two up to 512"
        )

    def rim(name: str, t: Tensor) -> tuple[int, int, int, int] | None:
        clean = ~t[0].isnan().any(0)
        rows, columns = clean.any(1).nonzero()[:, 0], clean.any(0).nonzero()[:, 0]
        if len(rows) == 0:
            return None
        inner = clean[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        if not inner.all():
            return None
        return (
            int(rows[0]),
            int(columns[0]),
            len(clean) - 1 - int(rows[-1]),
            clean.shape[1] - 1 - int(columns[-1]),
        )

    margin = total = math.lcm(*stride.values())
    margin *= 4
    while margin <= limit:
        rims = features(
            model,
            layers,
            blank(model, size + 2 * margin, size + 2 * margin),
            _Poison(padding),
            GlobalPools(record.seen),
            keep=rim,
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


def canvas_margin(
    model: nn.Module, layers: Sequence[str] | None = None, size: int = 224, padding: str | None = None
) -> int:
    """The smallest M for `canvas_features`: a multiple of the total stride, beyond padding's reach.

    Args:
        model: The network.
        layers: Module paths; None for the layers of interest.
        size: Side of the regular image in pixels.
        padding: A padding scheme, or None for the model's own padding.

    Returns:
        M in input pixels: 128 for the paper's VGG19, 224 for its ResNet50, 448 for EfficientNet-B0.
    """
    table = padding_reach(model, layers, size, padding)
    total = math.lcm(*table["stride"])
    need = int((table[["top", "left", "bottom", "right"]].max(axis=1) * table["stride"]).max())
    return max(1, -(-need // total)) * total
