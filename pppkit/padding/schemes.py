"""The schemes' names, and how many pixels a layer pads on each side."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, NamedTuple

# What a border is filled with.
FILLS = ("zeros", "reflect", "replicate", "circular", "randn")
# Every padding scheme: a fill, no padding at all, or a fill as wide as the kernel reaches (`full-`).
SCHEMES = (*FILLS, "partial", "none", *(f"full-{fill}" for fill in FILLS))

Amounts = tuple[int, int, int, int]  # left, right, top, bottom: the order of torch.nn.functional.pad


class Scheme(NamedTuple):
    """What a scheme's name says: how border pixels are filled, and whether padding is full (kernel - 1)."""

    fill: str
    full: bool

    @classmethod
    def parse(cls, name: str, argument: str = "scheme") -> Scheme:
        """Reads a scheme's name; `"full"` is short for `"full-zeros"`.

        Args:
            name: The scheme's.
            argument: What the caller's argument is called, for the message.

        Raises:
            ValueError: For an unknown name; lists the valid ones.
        """
        full = "full-zeros" if name == "full" else name
        if not isinstance(full, str) or full not in SCHEMES:
            known = ", ".join(SCHEMES)
            raise ValueError(
                f"{argument}={name!r} is not a padding scheme; choose one of {known} (full means full-zeros)"
            )
        return cls(full.removeprefix("full-"), full.startswith("full-"))


def pair(value: Any) -> tuple[int, int]:
    """`(vertical, horizontal)` of a number or a sequence of one or two, as torch's layers take them."""
    if isinstance(value, int):
        return value, value
    value = tuple(int(v) for v in value)
    return value if len(value) == 2 else (value[0], value[0])


def whole_numbers(name: str, value: Any, lengths: Sequence[int], expected: str) -> tuple[int, ...]:
    """A whole number, or a sequence of so many, as a tuple; booleans and fractions are refused.

    Args:
        name: The argument's name, for the message.
        value: What was passed.
        lengths: How long a sequence may be.
        expected: What may be passed, for the message.

    Raises:
        ValueError: For anything else.
    """
    several = isinstance(value, Sequence) and not isinstance(value, str)
    parts = list(value) if several else [value]
    try:
        numbers = [operator.index(part) for part in parts]
    except TypeError:
        numbers = []
    booleans = any(isinstance(part, bool) for part in parts)
    if booleans or not numbers or (several and len(numbers) not in lengths):
        shown = (
            f"{type(value).__name__} of shape {tuple(value.shape)}"
            if hasattr(value, "shape")
            else repr(value)
        )
        raise ValueError(f"{name}={shown} is not valid; give {expected}")
    return tuple(numbers)


def padding_amounts(padding: Any) -> Amounts:
    """Left, right, top and bottom of the `padding` of `pad2d`.

    Raises:
        ValueError: For anything but whole numbers of pixels, one, two or four of them.
    """
    expected = "a whole number of pixels, (vertical, horizontal) or (left, right, top, bottom)"
    numbers = whole_numbers("padding", padding, (2, 4), expected)
    if min(numbers) < 0:
        raise ValueError(f"padding={padding!r} is negative; crop the features instead, or give {expected}")
    if len(numbers) == 4:
        return numbers[0], numbers[1], numbers[2], numbers[3]
    vertical, horizontal = numbers[0], numbers[-1]
    return horizontal, horizontal, vertical, vertical


def positive_pair(name: str, value: Any) -> tuple[int, int]:
    """`(vertical, horizontal)` of a kernel's size, a stride or a dilation.

    Raises:
        ValueError: For anything but one or two whole numbers above 0.
    """
    expected = "a whole number of at least 1, or (vertical, horizontal)"
    numbers = whole_numbers(name, value, (1, 2), expected)
    if min(numbers) < 1:
        raise ValueError(f"{name}={value!r} is too small; give {expected}")
    return numbers[0], numbers[-1]


def layer_amounts(
    padding: int | str | tuple[int, ...],
    kernel: tuple[int, int],
    dilation: tuple[int, int],
    full: bool = False,
) -> Amounts:
    """What a convolution's `padding` argument puts on each side.

    Args:
        padding: A number, `(vertical, horizontal)`, `"same"` or `"valid"`.
        kernel: Kernel size, vertical and horizontal.
        dilation: Dilation, vertical and horizontal.
        full: Replace any padding by dilation * (kernel - 1), as in F-Conv (Kayhan and van Gemert 2020,
            section 3).

    Returns:
        Pixels on the left, right, top and bottom. An even `"same"` kernel puts the odd pixel on the right and
        at the bottom.
    """
    extent = [d * (k - 1) for d, k in zip(dilation, kernel)]
    if padding == "valid":
        return 0, 0, 0, 0
    if padding == "same":
        v, h = extent[0] // 2, extent[1] // 2
        amounts: Amounts = (h, extent[1] - h, v, extent[0] - v)
    else:
        v, h = pair(padding)
        amounts = (h, h, v, v)
    return (extent[1], extent[1], extent[0], extent[0]) if full and any(amounts) else amounts


def ceil_amounts(
    size: tuple[int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
) -> tuple[int, int]:
    """Rows and columns that `ceil_mode` hides at the bottom and at the right of a pooling's input."""
    extra = []
    for n, k, s, p, d in zip(size, kernel, stride, padding, dilation):
        extent = d * (k - 1) + 1
        count = -(-(n + 2 * p - extent) // s) + 1
        count -= (count - 1) * s >= n + p  # torch drops a window that would start in the padding
        extra.append(max(0, (count - 1) * s + extent - n - 2 * p))
    return extra[0], extra[1]
