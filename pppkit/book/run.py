"""Executes notebooks with papermill, refuses parameters they do not have, and skips what has not changed."""

from __future__ import annotations

import ast
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nbformat
import papermill

PACKAGE = Path(__file__).resolve().parents[1]
VOLATILE = ("papermill", "execution", "widgets")


def known_parameters(notebook: Path) -> list[str]:
    """Names in a notebook's parameters cell."""
    return list(papermill.inspect_notebook(str(notebook)))


def check_parameters(notebook: Path, parameters: Mapping[str, Any]) -> None:
    """Refuses parameters that a notebook does not have; papermill alone would only warn.

    Raises:
        ValueError: Names the unknown ones and lists those there are.
    """
    known = known_parameters(notebook)
    unknown = sorted(set(parameters) - set(known))
    if unknown:
        raise ValueError(
            f"parameters: {notebook.name} has no {', '.join(unknown)}; it has {', '.join(known) or 'none'}"
        )


def execute(
    notebook: Path, output: Path, parameters: Mapping[str, Any] | None = None, progress: bool = True
) -> None:
    """Runs a notebook from its own folder; its outputs are written without what differs between two runs.

    Args:
        notebook: The source.
        output: Where the executed notebook goes.
        parameters: Values for names of its parameters cell.
        progress: Show a progress bar.

    Raises:
        ValueError: For a missing notebook or an unknown parameter.
    """
    if not notebook.is_file():
        raise ValueError(f"notebook={str(notebook)!r} does not exist")
    check_parameters(notebook, parameters or {})
    output.parent.mkdir(parents=True, exist_ok=True)
    part = output.with_suffix(".part.ipynb")
    papermill.execute_notebook(
        str(notebook),
        str(part),
        dict(parameters or {}),
        cwd=str(notebook.parent),
        progress_bar=progress,
        kernel_name="python3",
    )
    node = nbformat.read(part, as_version=4)
    for metadata in (node.metadata, *(cell.metadata for cell in node.cells)):
        for name in VOLATILE:
            metadata.pop(name, None)
    for i, cell in enumerate(node.cells):
        cell["id"] = f"cell-{i}"
        for out in cell.get("outputs", []):
            _strip_widget(out)
    nbformat.write(node, part)
    part.replace(output)


def _strip_widget(output: Any) -> None:
    """Keeps what stands for a widget on a page without a kernel: its MIME type, not its random id."""
    view = output.get("data", {}).get("application/vnd.jupyter.widget-view+json")
    if view:
        view["model_id"] = "live"
        output["data"].pop("text/plain", None)


def fingerprint(notebook: Path, parameters: Mapping[str, Any], inputs: Iterable[Path]) -> str:
    """Changes whenever the notebook, its parameters, its inputs or the versions under it change."""
    digest = hashlib.sha256(json.dumps(dict(parameters), sort_keys=True, default=str).encode())
    for package in ("torch", "torchvision", "numpy", "pandas", "plotly", "papermill"):
        digest.update(version(package).encode())
    for path in [notebook, *inputs]:
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def execute_all(notebooks: Path, output: Path, *shown: Path) -> list[str]:
    """Runs every notebook whose executed copy is out of date.

    Args:
        notebooks: Folder of the sources.
        output: Folder of the executed copies.
        *shown: Folders of what they show: published rows and maps, printed tables.

    Returns:
        Names of the notebooks that were run.
    """
    tools = PACKAGE / "book"
    code = sorted(p for p in PACKAGE.rglob("*.py") if tools not in p.parents)
    tables = sorted(p for folder in shown for p in folder.rglob("*") if p.is_file() and p.suffix != ".lock")
    output.mkdir(parents=True, exist_ok=True)
    ran = []
    for source in sorted(notebooks.glob("*.ipynb")):
        mark = fingerprint(source, {}, [Path(__file__), *code, *tables])
        copy = output / source.name
        stamp = output / f".{source.stem}.sha256"
        if copy.exists() and stamp.exists() and stamp.read_text() == mark:
            continue
        print(f"running {source.name}", flush=True)
        execute(source, copy, progress=os.isatty(2))
        stamp.write_text(mark)
        ran.append(source.name)
    for copy in output.glob("*.ipynb"):
        if not (notebooks / copy.name).exists():
            copy.unlink()
    return ran


def parameter_values(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Reads `-p name value`: numbers, booleans and None become themselves, `1,1,0` stays text."""
    return {name: _value(text) for name, text in pairs}


def _value(text: str) -> Any:
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
    return value if value is None or isinstance(value, (bool, int, float)) else text
