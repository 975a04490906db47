"""Errors that say how to mend them: for bad input (its name, what was passed), for packages not installed."""

from __future__ import annotations

import math
import numbers
import sys
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch

SMALLEST = -(2**63)  # of whole numbers that torch and numpy hold


def shown(value: object) -> str:
    """A value in an error: arrays and tensors by type and shape only, anything else cut to one short line."""
    if isinstance(value, torch.Tensor):
        return f"{str(value.dtype).removeprefix('torch.')} tensor of shape {tuple(value.shape)}"
    if isinstance(value, np.ndarray):
        return f"array of shape {value.shape}"
    text = " ".join(repr(value).split())
    return text if len(text) <= 120 else f"{text[:117]}..."


def one_of(name: str, value: object, choices: Iterable[str]) -> None:
    """Refuses an argument that is not one of the valid names, and lists them.

    Raises:
        ValueError: With the argument's name.
    """
    choices = list(choices)
    if not any(isinstance(value, type(c)) and value == c for c in choices):
        raise ValueError(f"{name}={shown(value)} is not one of {', '.join(map(str, choices))}")


def whole(name: str, value: Any, least: int = 1, remedy: str = "") -> int:
    """A whole number of at least `least` as an int; no boolean, no fraction.

    Args:
        name: The argument's name.
        value: What was passed.
        least: The smallest number allowed.
        remedy: What to do, to be added to the message.

    Raises:
        ValueError: With the argument's name.
    """
    is_number = isinstance(value, numbers.Integral) and not isinstance(value, (bool, np.bool_))
    if not is_number or value < least:
        bound = "" if least == SMALLEST else f" of at least {least}"
        more = f"; {remedy}" if remedy else ""
        raise ValueError(f"{name}={shown(value)} must be a whole number{bound}{more}")
    return int(value)


def number(name: str, value: Any, least: float = -math.inf, remedy: str = "") -> float:
    """A finite number of at least `least` as a float; booleans are refused.

    Args:
        name: The argument's name.
        value: What was passed.
        least: The smallest number allowed.
        remedy: What to do, to be added to the message.

    Raises:
        ValueError: With the argument's name.
    """
    is_number = isinstance(value, numbers.Real) and not isinstance(value, (bool, np.bool_))
    if not is_number or not math.isfinite(value) or value < least:
        bound = "" if least == -math.inf else f" of at least {least:g}"
        more = f"; {remedy}" if remedy else ""
        raise ValueError(f"{name}={shown(value)} must be a finite number{bound}{more}")
    return float(value)


def chosen(name: str, value: str, choices: Iterable[str]) -> list[str]:
    """The names in a comma-separated list, each once, in the order given; all choices where it is empty.

    Args:
        name: The argument's name.
        value: `"zeros"`, `"zeros, randn"`, or `""` for all.
        choices: The valid names.

    Raises:
        ValueError: For a name that is not valid, or a value that is no text.

    Example:
        >>> chosen("padding", "randn, zeros", ["zeros", "reflect", "randn"])
        ['randn', 'zeros']
        >>> chosen("padding", "", ["zeros", "reflect"])
        ['zeros', 'reflect']
    """
    choices = list(dict.fromkeys(choices))
    if not isinstance(value, str):
        raise ValueError(
            f"{name}={shown(value)} must be text: one or more of {', '.join(choices)}, separated by commas"
        )
    names = [part.strip() for part in value.split(",") if part.strip()]
    for part in names:
        one_of(name, part, choices)
    return list(dict.fromkeys(names)) or choices


def needs(user: str, *packages: str, extra: str) -> None:
    """Refuses to go on without packages that come with one of pppkit's extras, and names it.

    Args:
        user: The module that needs them.
        *packages: Names that it imports.
        extra: One of the optional dependencies in pyproject.toml.

    Raises:
        ImportError: With the command that installs them.
    """
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        packages_text = " and ".join(missing)
        raise ImportError(f"{user} needs {packages_text}: pip install 'pppkit[{extra}]'", name=missing[0])


def exit_code(command: Callable[[], int], *also: type[Exception]) -> int:
    """What a command line ends with; errors in its input end it with a sentence and 2, not a traceback.

    Args:
        command: Does the work, and gives the code where nothing goes wrong.
        *also: Errors that its input can cause beside `ValueError` and `OSError`.

    Returns:
        The command's own, 1 for a failure on the way, 130 where it was interrupted.
    """
    from_input: tuple[type[Exception], ...] = (ValueError, OSError, *also)
    try:
        return command()
    except from_input as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except RuntimeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; the same command goes on where it stopped", file=sys.stderr)
        return 130
