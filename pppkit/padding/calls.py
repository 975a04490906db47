"""The calls of torch that pad: their arguments by name, and which of them a scheme cannot apply to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

CONV_ARGS = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
TRANSPOSED_ARGS = (
    "input",
    "weight",
    "bias",
    "stride",
    "padding",
    "output_padding",
    "groups",
    "dilation",
)
MAX_POOL_ARGS = ("input", "kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices")
WITH_INDICES = "max_pool2d_with_indices"  # what torch calls max_pool2d with return_indices=True
POOL_ARGS = {
    "max_pool2d": MAX_POOL_ARGS,
    WITH_INDICES: MAX_POOL_ARGS,
    "avg_pool2d": (
        "input",
        "kernel_size",
        "stride",
        "padding",
        "ceil_mode",
        "count_include_pad",
        "divisor_override",
    ),
}
UNFOLD_ARGS = ("input", "kernel_size", "dilation", "padding", "stride")
DEFORMABLE = "deform_conv2d"  # torchvision's
OTHER_CONVOLUTIONS = {
    "conv1d": CONV_ARGS,
    "conv3d": CONV_ARGS,
    "conv_transpose1d": TRANSPOSED_ARGS,
    "conv_transpose3d": TRANSPOSED_ARGS,
}


def named(names: Sequence[str], args: Sequence[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    """A call's arguments by their names."""
    return dict(zip(names, args)) | kwargs


def first_in_place(
    args: tuple[Any, ...], kwargs: dict[str, Any], names: Sequence[str] = ("input",)
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """A call's arguments with the first of them by position, also where it was passed by one of its names."""
    given = [name for name in names if name in kwargs]
    if args or not given:
        return args, kwargs
    return (kwargs[given[0]],), {k: v for k, v in kwargs.items() if k != given[0]}


def spatial_amounts(pad: Sequence[int], mode: str) -> tuple[int, ...]:
    """The amounts of `torch.nn.functional.pad`, without a constant's zeros for channels and batches."""
    amounts = tuple(pad)
    while mode == "constant" and len(amounts) > 4 and not any(amounts[-2:]):
        amounts = amounts[:-2]
    return amounts


def per_axis(value: Any, axes: int) -> list[Any]:
    """A number for each of so many axes, from a number or a sequence, as torch's layers take them."""
    values = [value] if isinstance(value, int) else list(value)
    return values * axes if len(values) == 1 else values


def has_border(a: dict[str, Any]) -> bool:
    """Whether a convolution that is not transposed pads anything, from its arguments by name."""
    padding, kernel = a.get("padding", 0), a["weight"].shape[2:]
    if padding == "valid":
        return False
    if padding == "same":
        return any(k > 1 for k in kernel)
    return any(per_axis(padding, len(kernel)))


def transposed_reach(a: dict[str, Any]) -> list[int]:
    """Pixels beyond each axis's ends that the outputs of a transposed convolution would see.

    An output pixel sees every input pixel whose kernel covers it. Where kernels overlap (dilation * (kernel -
    1) + 1 above the stride), the outermost outputs miss those beyond the ends, as if these were zeros, unless
    `padding` crops these outputs.
    """
    kernel = a["weight"].shape[2:]
    axes = len(kernel)
    stride, dilation = per_axis(a.get("stride", 1), axes), per_axis(a.get("dilation", 1), axes)
    padding, extra = per_axis(a.get("padding", 0), axes), per_axis(a.get("output_padding", 0), axes)
    reach = []
    for k, s, d, p, e in zip(kernel, stride, dilation, padding, extra):
        incomplete = (
            d * (k - 1) + 1 - s - (p - e)
        )  # at the far end, where `output_padding` takes away of the crop
        reach.append(max(0, -(-incomplete // s)))
    return reach
