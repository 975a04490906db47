"""Plotly figures in an offline Jupyter Book: a renderer for myst-nb, an extension with the scripts."""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import plotly
from docutils import nodes

from ..figures.tables import STATIC as FIGURES_STATIC
from ..figures.tables import without_assets
from .pictures.figure import HEIGHT, picture

FIGURE = "application/vnd.plotly.v1+json"
WIDGET = "application/vnd.jupyter.widget-view+json"
STATIC = Path(__file__).parent / "static"
SCRIPTS = (
    "plotly.min.js",
    "figure-look.js",
    "figure-choices.js",
    "figure-gestures.js",
    "figure-scenes.js",
    "figure-films.js",
    "figures.js",
)


class PlotlyMime:
    """Writes a figure as its JSON in a `div`; pages without figures load no script."""

    mime_priority_overrides = [
        (builder, mime, 1) for builder in ("html", "dirhtml", "singlehtml") for mime in (FIGURE, WIDGET)
    ]

    @staticmethod
    def handle_mime(renderer: Any, data: Any, inline: bool) -> list[nodes.Element] | None:
        """Called by myst-nb for each output; None leaves it to the next renderer."""
        if data.mime_type == WIDGET:  # a control without a kernel would be dead
            note = (
                '<p class="live-only">A live control stands here in JupyterLab (<code>make lab</code>).</p>'
            )
            return [nodes.raw(text=note, format="html")]
        if data.mime_type == "text/html" and "pppkit-asset" in data.string:
            page = without_assets(data.string)
            return [nodes.raw(text=page, format="html", classes=["output", "text_html"])]
        if data.mime_type != FIGURE:
            return None
        for place, script in enumerate(SCRIPTS):
            renderer.add_js_file(script, script, {"defer": "defer", "priority": 300 + place})
        return [nodes.raw(text=figure_html(data.content), format="html", classes=["output"])]


def figure_html(figure: Mapping[str, Any]) -> str:
    """The place of a figure in a page: what it is for the scripts, and how high it will be."""
    page, choices = _without_menu(figure)
    height = page["layout"].get("height", HEIGHT)
    text = json.dumps(page, separators=(",", ":")).replace("</", "<\\/")
    attributes = f'class="plotly-offline" style="height:{height}px"'
    if any(trace.get("type") == "surface" for trace in page["data"]):
        attributes += ' data-scene="yes"'
    if choices:
        attributes += f' data-selector="{html.escape(json.dumps(choices, separators=(",", ":")))}"'
    return f'<div {attributes}>{picture(page)}<script type="application/json">{text}</script></div>'


def _without_menu(figure: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A figure without JupyterLab's menu of `pppkit.figures.selector`, and the dropdowns in its place."""
    layout = dict(figure.get("layout") or {})
    selector = (layout.get("meta") or {}).get("selector")
    if not selector:
        return {**figure, "layout": layout}, {}
    layout["updatemenus"] = layout["updatemenus"][:-1]
    layout["margin"] = {**layout["margin"], "t": layout["margin"]["t"] - selector["room"]}
    keys = [choice["key"] for choice in selector["choices"]]
    return {**figure, "layout": layout}, {"names": selector["names"], "keys": keys}


def mathjax() -> Path:
    """The MathJax bundle that the book serves itself: SVG output needs no font files."""
    spec = find_spec("sphinx-mathjax-offline")
    if spec is None or spec.origin is None:
        raise RuntimeError("sphinx-mathjax-offline is not installed; install pppkit[book]")
    return Path(spec.origin).parent / "static" / "mathjax" / "tex-svg-full.js"


def _add_scripts(app: Any) -> None:
    scripts = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    app.config.html_static_path += [
        str(scripts),
        *map(str, sorted(STATIC.iterdir())),
        *map(str, sorted(FIGURES_STATIC.iterdir())),
        str(mathjax()),
    ]


def setup(app: Any) -> dict[str, Any]:
    """Entry point of the Sphinx extension."""
    app.connect("builder-inited", _add_scripts)
    app.add_css_file("book.css")
    for style in sorted(FIGURES_STATIC.glob("*.css")):
        app.add_css_file(style.name)
    for script in sorted(FIGURES_STATIC.glob("*.js")):
        app.add_js_file(script.name, defer="defer")
    app.config.mathjax_path = "tex-svg-full.js"
    # Sphinx reads all pages anew where this number is another: what it keeps was written by this code.
    code = [Path(__file__), *sorted((Path(__file__).parent / "pictures").glob("*.py"))]
    made_by = int(hashlib.sha256(b"".join(p.read_bytes() for p in code)).hexdigest()[:8], 16)
    safe = {"parallel_read_safe": True, "parallel_write_safe": True}
    return {"version": "1", "env_version": made_by, **safe}
