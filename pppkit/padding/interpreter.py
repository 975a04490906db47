"""Modules that are not plain Python, while a `Padding` is active: compiled ones run uncompiled, scripted ones
are refused."""

from __future__ import annotations

import re
import sys
import threading
import warnings
from typing import Any

import torch
from torch import nn


class _OurHook:
    """The pattern of what is said on each call of a compiled module while a global hook is registered.

    It matches as long as one is ours, which may be called twice. To change the program's filters each time
    that a context is entered or left would repeat every warning that is said once.
    """

    words = re.compile("Using `torch.compile.* when there are global hooks on modules")

    def match(self, text: str) -> bool:
        """Whether this warning is about ours."""
        return UNCOMPILED.held and bool(self.words.match(text))


OUR_HOOK = ("ignore", _OurHook(), UserWarning, None, 0)
warnings.filters.insert(0, OUR_HOOK)  # type: ignore[attr-defined]


class Uncompiled:
    """Lets compiled models and functions run uncompiled for as long as anything in the process holds it.

    The compiler follows torch function modes only in part, and would compile a model anew for each scheme.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holders = 0
        self._stance: Any = None

    @property
    def held(self) -> bool:
        """Whether anything holds it."""
        return self._holders > 0

    def acquire(self) -> None:
        """From now on; to be given back by `release`."""
        with self._lock:
            self._holders += 1
            self._take()

    def take(self) -> None:
        """To be called by a holder when something was compiled since: the compiler is imported with it."""
        with self._lock:
            self._take()

    def _take(self) -> None:
        if self._stance is None and "torch._dynamo" in sys.modules:
            self._stance = torch.compiler.set_stance("force_eager")
            self._stance.__enter__()

    def release(self) -> None:
        """Gives back."""
        with self._lock:
            self._holders -= 1
            if not self._holders and self._stance is not None:
                self._stance.__exit__(None, None, None)
                self._stance = None


UNCOMPILED = Uncompiled()


def check_module(module: nn.Module, scheme: str) -> None:
    """Prepares for a module that is about to run under a scheme.

    Raises:
        ValueError: For a scripted or traced module.
    """
    if hasattr(module, "_orig_mod"):
        UNCOMPILED.take()
    if isinstance(module, torch.jit.ScriptModule):
        raise ValueError(
            f"model: {type(module).__name__} is scripted or traced, so its convolutions run outside Python, "
            f"scheme={scheme!r} cannot reach them; give the Python module that it was made of"
        )
