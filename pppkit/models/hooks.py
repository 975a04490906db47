"""Features of layers by name, from a forward pass that leaves the model as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedParameter
from torch.optim.swa_utils import AveragedModel
from torch.overrides import TorchFunctionMode

from ..checks import shown
from ..padding import Padding
from ..padding.interpreter import UNCOMPILED

Hook = Callable[[nn.Module, Any, Any], None]

# They call the module that they hold, and do nothing else to images of one device.
WRAPPERS = (nn.DataParallel, nn.parallel.DistributedDataParallel, AveragedModel)


class _Enough(Exception):
    """All layers have been seen."""


@contextmanager
def watching(model: nn.Module, hooks: Mapping[str, Hook]) -> Iterator[None]:
    """Eval mode, no gradients and forward hooks; afterwards each module is as it was.

    What was compiled in place (`model.compile()`) runs as it was written: it would not see the hooks.

    Args:
        model: The network. Modules that are in eval mode inside a network in train mode (a frozen
            normalisation) stay so.
        hooks: By module path.
    """
    modules = dict(model.named_modules())
    was_training = [m for m in modules.values() if m.training]
    handles = []
    UNCOMPILED.acquire()
    try:
        handles += [modules[name].register_forward_hook(hook) for name, hook in hooks.items()]
        model.eval()
        with torch.no_grad():
            yield
    finally:
        UNCOMPILED.release()
        for module in was_training:
            module.training = True
        for handle in handles:
            handle.remove()


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
        x: Images `(N, C, H, W)`.
        *modes: Contexts for the forward pass, the outermost first.
        keep: What is kept of a layer's name and output; a copy by default, since a later layer may work in
            place.

    Raises:
        ValueError: For an unknown layer, a layer that is called more than once or whose output is no feature
            map.
    """
    layers = layer_names(model, layers)
    out: dict[str, Any] = {}

    def hook(name: str) -> Hook:
        def record(module, inputs, output):
            if name in out:
                raise ValueError(
                    f"layers: {name!r} is called more than once in a forward pass; "
                    "name a module that is called once"
                )
            _check_map(name, output)
            with torch._C.DisableTorchFunction():  # what is kept is not part of the network
                out[name] = keep(name, output)
            if len(out) == len(layers):
                raise _Enough

        return record

    with watching(model, {name: hook(name) for name in layers}), ExitStack() as stack:
        for mode in modes:
            stack.enter_context(mode)
        try:
            model(x)
        except _Enough:
            pass
    missing = [name for name in layers if name not in out]
    if missing:
        raise ValueError(
            f"layers: {', '.join(missing)} did not run in the forward pass; name modules that the model calls"
        )
    return {name: out[name] for name in layers}


def _check_map(name: str, output: object) -> None:
    if isinstance(output, Tensor) and output.dim() == 4:
        return
    kind = f"shape {tuple(output.shape)}" if isinstance(output, Tensor) else f"type {type(output).__name__}"
    raise ValueError(
        f"layers: the output of {name!r} is no feature map (N, C, H, W), it has {kind}; "
        "name a layer before it"
    )


def layer_names(model: nn.Module, layers: Sequence[str]) -> tuple[str, ...]:
    """Module paths of a model, checked.

    Raises:
        ValueError: If they are no sequence of names, none, one of them twice, or the model has no such
            module.
    """
    if isinstance(layers, str):
        raise ValueError(f"layers={layers!r} must be a sequence of module paths; write layers=[{layers!r}]")
    try:
        names = tuple(layers)
    except TypeError:
        raise ValueError(
            f"layers={shown(layers)} must be a sequence of module paths, say layers=['layer1', 'layer2']"
        ) from None
    if not names:
        raise ValueError(
            "layers=[] names no layer; name at least one, or pass None for the layers of interest"
        )
    modules = dict(model.named_modules())
    for name in names:
        if not isinstance(name, str):
            raise ValueError(
                f"layers holds {type(name).__name__}, which is no module path; "
                "write its name as in model.named_modules()"
            )
        if names.count(name) > 1:
            raise ValueError(f"layers names {name!r} more than once; name each layer once")
        if name not in modules or not name:
            raise ValueError(f"layers: the model has no module {name!r}; it has {_some(modules)}")
    return names


def _some(modules: dict[str, nn.Module]) -> str:
    names = [n for n in modules if n and n.count(".") <= 1]
    more = f" and {len(modules) - 41} more" if len(modules) > 41 else ""
    return ", ".join(names[:40]) + more


def eager_model(model: nn.Module) -> nn.Module:
    """The model as it was written, which hooks and schemes can act on: what `torch.compile` wraps, or itself.

    One that was compiled in place is itself; `watching` runs it uncompiled.

    Raises:
        ValueError: If it is no module, scripted or traced, compiled in parts, without numbers (on the meta
            device, lazy), or if its weights are not finite.
    """
    if not isinstance(model, nn.Module):
        call = "; call it, as in model()" if callable(model) else ""
        raise ValueError(f"model={shown(model)} must be a torch.nn.Module{call}")
    model = getattr(model, "_orig_mod", model)
    for name, module in model.named_modules():
        if isinstance(module, torch.jit.ScriptModule):
            which = f"model: its part {name!r}" if name else "model"
            raise ValueError(
                f"{which} is scripted or traced, so neither hooks nor schemes reach its operations; "
                "give the torch.nn.Module it was made from"
            )
        if hasattr(module, "_orig_mod"):
            raise ValueError(
                f"model: its part {name!r} is compiled, so neither hooks nor schemes reach its operations; "
                "compile it as a whole, or give it uncompiled"
            )
    _check_numbers(model)
    return model


def _check_numbers(model: nn.Module) -> None:
    for name, value in [*model.named_parameters(), *model.named_buffers()]:
        if isinstance(value, UninitializedParameter):
            raise ValueError(f"model: {name!r} has no shape yet (a lazy module); run the model once before")
        if value.is_meta:
            raise ValueError(
                f"model: {name!r} is on the meta device and has no numbers; "
                "build the model without torch.device('meta') or load weights into model.to_empty(device=...)"
            )
        if value.is_floating_point() and not torch.isfinite(value).all():
            raise ValueError(
                f"model: the weights {name!r} are not finite (NaN or infinite); "
                "train it anew or load another checkpoint"
            )


def input_channels(model: nn.Module) -> int:
    """Channels of the images that a network takes.

    Its attribute `in_channels`, if it has one; otherwise what its first convolution takes, in the order in
    which modules were added, or 3 where that is no kind of image (a decoder that was added first) and another
    convolution takes 3.
    """
    if isinstance(model, WRAPPERS):
        return input_channels(model.module)
    declared = getattr(model, "in_channels", None)
    if isinstance(declared, int):
        return declared
    taken = [m.in_channels for m in model.modules() if isinstance(m, nn.Conv2d)]
    return 3 if not taken or (taken[0] not in (1, 3) and 3 in taken) else taken[0]


def blank(model: nn.Module, height: int, width: int) -> Tensor:
    """A black image `(1, C, height, width)` where the model is, with as many channels as it takes."""
    parameter = next(model.parameters(), torch.zeros(1))
    shape = (1, input_channels(model), height, width)
    return torch.zeros(shape, device=parameter.device, dtype=parameter.dtype)


def padding_context(padding: str | None, generator: torch.Generator | None = None) -> list[TorchFunctionMode]:
    """The context for a scheme, or none for the padding that a model has."""
    return [] if padding is None else [Padding(padding, generator=generator)]


@contextmanager
def padded_by(padding: str | None, generator: torch.Generator | None = None) -> Iterator[None]:
    """Lets whatever model runs inside pad by a scheme, or as it does where it is None."""
    with ExitStack() as stack:
        for mode in padding_context(padding, generator):
            stack.enter_context(mode)
        yield
