"""Features of layers by name, from a forward pass that leaves the model as it was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ..padding.mode import Padding


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
                raise ValueError(
                    f"layers: {name!r} is called more than once in a forward pass; name a module that is called once"
                )
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


def blank(model: nn.Module, height: int, width: int) -> Tensor:
    """A black image `(1, 3, height, width)` where the model is."""
    parameter = next(model.parameters(), torch.zeros(1))
    return torch.zeros(1, 3, height, width, device=parameter.device, dtype=parameter.dtype)


def padding_mode(scheme: str | None, generator: torch.Generator | None = None) -> list[TorchFunctionMode]:
    """The context for a scheme, or none for the padding that a model has."""
    return [] if scheme is None else [Padding(scheme, generator=generator)]
