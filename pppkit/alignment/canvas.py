"""Optimally padded features by the same network on a larger canvas, beyond padding's reach."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ..models.hooks import features, padding_context
from ..padding import Scheme


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
    return "full-zeros" if Scheme.parse(padding, "padding").full else "zeros"


def canvas_features(
    model: nn.Module,
    layers: Sequence[str],
    canvas: Tensor,
    regular: dict[str, tuple[int, ...]],
    seen: Sequence[tuple[int, ...]],
    padding: str | None = None,
) -> dict[str, Tensor]:
    """Optimally padded features by the same network on a canvas, and the middle of its maps.

    With a canvas of size + 2 M, M a multiple of the total stride, pixel i of the regular map is pixel i + M /
    stride of the canvas's, whatever the network pads. With M at least padding's reach nothing of the canvas's
    own padding gets there.

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
    modes = [*padding_context(canvas_padding(padding)), GlobalPools(seen)]
    return features(model, layers, canvas, *modes, keep=lambda name, t: centre(t, regular[name]).clone())
