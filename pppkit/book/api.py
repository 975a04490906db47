"""Reference pages from docstrings: `.. api:: pppkit.scenes` documents a room; each name has one home."""

from __future__ import annotations

import ast
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

import pppkit

VALUE = 160  # characters of a constant's value that are shown


@cache
def rooms() -> tuple[str, ...]:
    """Every package, and every module beside the rooms, that lists public names; the front door first."""
    names = ["pppkit"]
    for found in pkgutil.walk_packages(pppkit.__path__, "pppkit."):
        if (found.ispkg or found.name.count(".") == 1) and hasattr(import_module(found.name), "__all__"):
            names.append(found.name)
    return tuple(names)


def public(room: str) -> list[str]:
    """The names that a room lists: functions and classes, then constants."""
    module = import_module(room)
    return sorted(module.__all__, key=lambda name: is_constant(getattr(module, name)))


def is_constant(value: Any) -> bool:
    """Whether a value has no docstring of its own."""
    return not (inspect.isclass(value) or inspect.isroutine(value) or inspect.ismodule(value))


def home(room: str, name: str) -> str:
    """Where a name that a room lists is documented: in the room of its file, if that lists it, too."""
    value = getattr(import_module(room), name)
    module = "" if is_constant(value) else getattr(value, "__module__", "")
    while module:
        if (
            module in rooms()
            and getattr(import_module(module), name, None) is value
            and name in public(module)
        ):
            return module
        module = module.rpartition(".")[0]
    return room


def comment(room: str, name: str) -> str:
    """What the comment above a constant, or beside it, says in the file that defines it."""
    for module in [m for n, m in sorted(sys.modules.items()) if n == room or n.startswith(f"{room}.")]:
        source = Path(module.__file__ or "").read_text().splitlines()
        for statement in ast.parse("\n".join(source)).body:
            if name in _assigned(statement):
                return _comment(source, statement)
    return ""


def _assigned(statement: ast.stmt) -> set[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return {
        node.id for target in targets if target for node in ast.walk(target) if isinstance(node, ast.Name)
    }


def _comment(source: list[str], statement: ast.stmt) -> str:
    last = source[(statement.end_lineno or statement.lineno) - 1]
    beside = last[statement.end_col_offset or 0 :].strip()
    if beside.startswith("#"):
        return beside.lstrip("# ")
    above: list[str] = []
    for line in reversed(source[: statement.lineno - 1]):
        if not line.startswith("#"):
            break
        above.insert(0, line.lstrip("#: "))
    return " ".join(above)


class Api(SphinxDirective):
    """A room's lead, a table of its names, and the documentation of those that have their home there."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Writes reStructuredText for autosummary and autodoc, and has it parsed."""
        room = self.arguments[0]
        lines = StringList()
        for line in reference(room):
            lines.append(line, f"{room} (pppkit.book.api)")
        node = nodes.section()
        node.document = self.state.document
        self.state.nested_parse(lines, 0, node)
        return node.children


def reference(room: str) -> Iterator[str]:
    """reStructuredText of a room."""
    module = import_module(room)
    yield from (*inspect.cleandoc(module.__doc__ or "").splitlines(), "")
    yield from (f".. py:module:: {room}", "", ".. autosummary::", "   :nosignatures:", "")
    for name in public(room):
        if not is_constant(getattr(module, name)):
            place = f"{home(room, name)}.{name}".removeprefix(f"{room}.")
            yield f"   {'~' * ('.' in place)}{place}"
    yield ""
    for name in public(room):
        value = getattr(module, name)
        if home(room, name) == room and f"{room}.{name}" not in rooms():
            yield from (*entry(room, name, value), "")


def entry(room: str, name: str, value: Any) -> Iterator[str]:
    """reStructuredText of one name: autodoc's for classes and functions, value and comment of a constant."""
    if inspect.isclass(value):
        yield from (f".. autoclass:: {room}.{name}", "   :members:")
        fields = getattr(value, "_fields", ())
        if fields:
            yield f"   :exclude-members: {', '.join(fields)}"
    elif inspect.ismodule(value):
        yield from (f".. automodule:: {value.__name__}", "   :members:", "", f".. py:currentmodule:: {room}")
    elif inspect.isroutine(value):
        yield f".. autofunction:: {room}.{name}"
    else:
        yield from (f".. py:data:: {name}", f"   :type: {type(value).__name__}")
        described = isinstance(value, Mapping) and all(isinstance(v, str) for v in value.values())
        if not described and is_literal(value):
            shown = " ".join(repr(value).split())
            yield f"   :value: {shown if len(shown) <= VALUE else shown[: VALUE - 3] + '...'}"
        yield from ("", f"   {comment(room, name)}", "")
        if described:
            yield from (f"   - ``{key}``: {text}" for key, text in value.items())


def is_literal(value: Any) -> bool:
    """Whether a value's repr is Python's own notation: an object's has an address, another every time."""
    try:
        ast.literal_eval(repr(value))
    except (ValueError, SyntaxError):
        return False
    return True


def readable(
    app: Any, what: str, name: str, value: Any, options: Any, signature: str | None, returned: str | None
):
    """A signature that Sphinx can read: defaults such as `<factory>` or `<function f at 0x7>` become dots."""
    return signature and re.sub(r"<[^<>]*>", "...", signature), returned


def add_front_door(app: Any, env: Any) -> None:
    """Makes `pppkit.NAME` a link, too, for what the front door lists and a room documents."""
    objects = env.get_domain("py").objects
    for name in public("pppkit"):
        target = f"{home('pppkit', name)}.{name}"
        if target in objects and f"pppkit.{name}" not in objects:
            objects[f"pppkit.{name}"] = objects[target]._replace(aliased=True)


def setup(app: Any) -> dict[str, Any]:
    """Entry point of the Sphinx extension."""
    for extension in ("sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.napoleon"):
        app.setup_extension(extension)
    app.add_directive("api", Api)
    app.connect("autodoc-process-signature", readable)
    app.connect("env-updated", add_front_door)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
