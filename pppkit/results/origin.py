"""Where a row comes from: versions, the code's revision, and the folder that rows are in."""

from __future__ import annotations

import platform
import subprocess
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

import torch

PACKAGE = Path(__file__).resolve().parents[1]


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(PACKAGE), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@lru_cache(maxsize=1)
def code_revision() -> str:
    """The commit that pppkit runs from, with a `+` where files differ from it; empty outside a checkout."""
    try:
        changed = _git("status", "--porcelain", "--", ".")
        return _git("rev-parse", "--short=12", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return ""


@lru_cache(maxsize=256)
def commits_since(revision: str) -> int | None:
    """How many commits have changed the package since a revision.

    Args:
        revision: As in a row; a `+` at its end counts as one commit more.

    Returns:
        None where nobody can tell: outside a checkout, or for a revision that it does not know.
    """
    name = revision.rstrip("+")
    if not name:
        return None
    try:
        count = int(_git("rev-list", "--count", f"{name}..HEAD", "--", "."))
    except (OSError, subprocess.CalledProcessError):
        return None
    return count + revision.endswith("+")


def results_folder(profile: str, results: str = "") -> Path:
    """Where a notebook's rows are: the folder it was given, else the profile's.

    That is `../book/results` for `"published"` and `my-results` for others, as seen from `notebooks/`.
    """
    if results:
        return Path(results)
    return Path("../book/results" if profile == "published" else "my-results")


def provenance(profile: str) -> dict[str, str]:
    """Columns that say how a row was made; experiments add seed, seconds, device and dtype."""
    return {
        "profile": profile,
        "pppkit": version("pppkit"),
        "torch": torch.__version__.split("+")[0],
        "python": platform.python_version(),
        "revision": code_revision(),
    }
