"""Errors for bad input that several modules share."""

from __future__ import annotations

from collections.abc import Iterable


def one_of(name: str, value: object, choices: Iterable[str]) -> None:
    """Refuses an argument that is not one of the valid names, and lists them.

    Raises:
        ValueError: With the argument's name.
    """
    choices = list(choices)
    if value not in choices:
        raise ValueError(f"{name}={value!r} is not one of {', '.join(choices)}")
