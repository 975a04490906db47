"""The unpadded run: any network without padding, on a larger crop, with tensors that carry their margins."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from ..padding import Scheme
from .axes import AXES
from .geometry import AlignmentError, Geometry, attach, geometry, told_shape
from .operations import Follow
from .pointwise import BATCH_NORM, POINTWISE, maps_in, pointwise
from .resizing import RESIZING
from .windows import WINDOWS

_OPERATIONS = {**WINDOWS, **RESIZING, **AXES, **BATCH_NORM}
_METADATA = {"dim", "ndimension", "stride", "is_contiguous", "is_floating_point", "is_complex", "get_device"}
_METADATA |= {"__format__", "__repr__", "__hash__", "_is_view", "untyped_storage", "data_ptr"}
_SPREADING = {"group_norm", "instance_norm", "layer_norm"}
# They read where their numbers point; torchvision's may end the process where these are not finite.
POINTED = {"deform_conv2d", "grid_sample", "roi_align", "roi_pool", "ps_roi_align", "ps_roi_pool", "nms"}
_ATTENTION = {"scaled_dot_product_attention", "multi_head_attention_forward", "matmul", "__matmul__"}
_ATTENTION |= {"softmax", "bmm", "einsum", "baddbmm"}


class UnpaddedRun(TorchFunctionMode):
    """Follows the geometry of every feature map through a network and, with `valid`, runs it without padding.

    A tensor that `attach` gave a geometry hands it on through convolutions, poolings, changes of resolution,
    elementwise operations, joins and changes of the channel axes. Operations that look at all positions at
    once see the regular map's window. Everything else is refused, because its effect on the alignment is not
    known.

    The network is told the regular run's sizes (`x.shape`, `x.size()`), so that what it derives from them is
    the same: the size to interpolate to, how much of a map to cut. It cannot tell that its maps are larger.

    Args:
        padding: The padding scheme of the regular run: its fill does not matter, but whether it is full or
            none does. None for the padding that the model has.
        phase: Begin strided windows where the regular run's begin. False shows what happens otherwise.
        valid: Strip the padding (the unpadded run). Otherwise the network runs as it is and only the geometry
            is followed.

    Attributes:
        pooled: Geometries of the maps that global operations saw.
    """

    def __init__(self, padding: str | None = None, *, valid: bool = True, phase: bool = True):
        super().__init__()
        self.fill, self.full = Scheme.parse(padding, "padding") if padding else ("zeros", False)
        self.valid, self.phase = valid, phase
        self.pooled: list[Geometry] = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if name in _METADATA:
            return func(*args, **kwargs)
        tracked = maps_in(args, kwargs)
        if not tracked:
            return self._constant(func, name, args, kwargs)
        for x in tracked:
            if geometry(x).stale:
                raise AlignmentError(
                    "a tensor is used after an in-place operation joined it with a map of other margins; "
                    "write that operation out of place"
                )
        if name == "__get__":
            return self._attribute(func, args[0])
        follow: Follow | None = _OPERATIONS.get(name)
        if follow is not None:
            return follow(self, func, *args, **kwargs)
        if name in POINTWISE or name.strip("_") in POINTWISE:
            return pointwise(func, name, tracked, args, kwargs)
        shapes = ", ".join(str(tuple(t.shape)) for t in tracked)
        raise AlignmentError(
            f"the alignment does not follow through {name or func} on {shapes}: {reason(name)}"
        )

    def out(self, x: Tensor, g: Geometry) -> Tensor:
        """Attaches the geometry of a result, which has the regular size where the network runs as it is."""
        if not self.valid and tuple(x.shape[a] for a in g.axes) != g.regular:
            raise AlignmentError(f"a map of {tuple(x.shape)} was expected to have {g.regular} pixels")
        return attach(x, g)

    def seen(self, x: Tensor) -> Tensor:
        """What an operation on all positions sees: the regular map's part."""
        g = geometry(x)
        self.pooled.append(g)
        return g.window(x)

    def _attribute(self, func, x: Tensor):
        """Attributes of a map: its shape is the regular run's."""
        attribute = getattr(func, "__self__", None)
        if attribute is torch.Tensor.shape:
            return told_shape(x)
        value = func(x)
        if not isinstance(value, Tensor):
            return value
        if attribute is torch.Tensor.data:
            return attach(value, geometry(x))
        raise AlignmentError(f"an attribute of a {tuple(x.shape)} map that is a tensor is not followed")

    @staticmethod
    def _constant(func, name: str, args: Sequence, kwargs: dict):
        """Operations on tensors without position; a pooled 1x1 map, resized, is the same everywhere."""
        if name == "interpolate" and tuple(args[0].shape[2:]) == (1, 1):
            return args[0].expand(func(*args, **kwargs).shape)
        return func(*args, **kwargs)


def reason(name: str) -> str:
    """Why the alignment does not follow through an operation."""
    if name in _SPREADING:
        return (
            "a normalisation over all positions makes every feature depend on every pixel, "
            "so no crop is large enough"
        )
    if name in _ATTENTION:
        return "attention makes every feature depend on every pixel, so no crop is large enough"
    if name in POINTED:
        return (
            "where this operation reads is computed from the image, so how far padding reaches is not known "
            "before"
        )
    return (
        "pppkit does not know this operation; if it works position by position, it can be added to "
        "pppkit.alignment.pointwise"
    )
