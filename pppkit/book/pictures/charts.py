"""A chart as a drawing (SVG) in the page's own ink."""

from __future__ import annotations

import base64
import html
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from .arrays import numbers, scale_colours, shares, webp
from .axes import WIDTH, Axis, axis_of

CYCLE = ("#636efa", "#ef553b", "#00cc96", "#ab63fa", "#ffa15a")  # Plotly's, where a trace names no colour
DASHES = {"dash": "6 4", "dot": "2 3", "dashdot": "6 3 2 3"}
TEXT = 'fill="currentColor" font-size="{size}" text-anchor="{anchor}"'
THUMB = 200  # pixels of a picture's longer side
MAP = 96  # pixels of a map's longer side at least, about
MARGIN = {"l": 80, "r": 80, "t": 100, "b": 80}  # Plotly's
Box = tuple[float, float, float, float]  # left, top, right, bottom


def chart(figure: Mapping[str, Any], height: int) -> str:
    """An SVG of a figure's lines, points, maps and pictures, with axes, labels and legend.

    Args:
        figure: As JSON: data and layout.
        height: In pixels.
    """
    layout = figure.get("layout") or {}
    margin = {**MARGIN, **(layout.get("margin") or {})}
    inner = (margin["l"], margin["t"], WIDTH - margin["r"], height - margin["b"])
    groups: dict[tuple[str, str], list[tuple[int, Mapping[str, Any]]]] = {}
    for i, trace in enumerate(figure.get("data", [])):
        if trace.get("visible", True) is True:
            groups.setdefault((trace.get("xaxis", "x"), trace.get("yaxis", "y")), []).append((i, trace))
    parts = [_panel(names, traces, layout, inner) for names, traces in groups.items()]
    parts += [_note(note, inner) for note in layout.get("annotations") or []]
    parts.append(_legend([entry for traces in groups.values() for entry in traces], layout, inner, height))
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img">{"".join(parts)}</svg>'


def _axis_layout(layout: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return layout.get(f"{name[0]}axis{name[1:]}") or {}


def _panel(
    names: tuple[str, str],
    traces: Sequence[tuple[int, Mapping[str, Any]]],
    layout: Mapping[str, Any],
    inner: Box,
) -> str:
    """One pair of axes and what lies on them."""
    left, top, right, bottom = inner
    along, upward = (_axis_layout(layout, name) for name in names)
    (x0, x1), (y0, y1) = along.get("domain") or (0, 1), upward.get("domain") or (0, 1)
    box = (
        left + x0 * (right - left),
        bottom - y1 * (bottom - top),
        left + x1 * (right - left),
        bottom - y0 * (bottom - top),
    )
    picture = next((t for _, t in traces if t.get("type") in ("heatmap", "image")), None)
    if picture is not None:
        return _map(picture, upward, box) + _names(along, upward, box)
    points = [_points(trace) for _, trace in traces]
    x = axis_of(along, [p[0] for p in points], (box[0], box[2]))
    y = axis_of(upward, [p[1] for p in points], (box[3], box[1]))
    drawn = [_trace(trace, *p, x, y, i) for (i, trace), p in zip(traces, points)]
    return _grid(x, y, box) + "".join(drawn) + _names(along, upward, box)


def _points(trace: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """A trace's places; words are counted."""
    y = _as_numbers(trace.get("y"))
    x = _as_numbers(trace.get("x")) if trace.get("x") is not None else np.arange(len(y), dtype=float)
    count = min(len(x), len(y))
    return x[:count], y[:count]


def _as_numbers(values: Any) -> np.ndarray:
    given = numbers(values)
    if given.dtype.kind in "US":
        order = {name: float(i) for i, name in enumerate(dict.fromkeys(given.tolist()))}
        return np.array([order[name] for name in given.tolist()])
    return np.array([np.nan if v is None else v for v in given.tolist()], float)


def _tone(trace: Mapping[str, Any], place: int) -> str:
    for part in ("line", "marker"):
        colour = (trace.get(part) or {}).get("color")
        if isinstance(colour, str):
            return colour
    return CYCLE[place % len(CYCLE)]


def _trace(trace: Mapping[str, Any], along: np.ndarray, up: np.ndarray, x: Axis, y: Axis, place: int) -> str:
    """Lines, areas, points and error bars of one trace."""
    px, py = x.place(along), y.place(up)
    seen = np.isfinite(px) & np.isfinite(py)
    tone, mode = _tone(trace, place), trace.get("mode", "lines")
    path = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(px[seen], py[seen]))
    if trace.get("fill") in ("toself", "tozeroy", "tonexty"):
        return f'<polygon points="{path}" fill="{trace.get("fillcolor", tone)}"/>'
    parts = []
    line = trace.get("line") or {}
    if "lines" in mode and line.get("width", 2):
        dash = DASHES.get(line.get("dash", ""), "")
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{tone}" stroke-width="{line.get("width", 2)}"'
            f' stroke-dasharray="{dash}"/>'
        )
    bars = numbers((trace.get("error_y") or {}).get("array"))
    if bars.size:
        half = _as_numbers(bars)[: len(up)]
        ends = zip(px, y.place(up - half), y.place(up + half))
        strokes = "".join(f"M{a:.1f},{b:.1f}V{c:.1f}" for a, b, c in ends if np.isfinite([a, b, c]).all())
        parts.append(f'<path d="{strokes}" stroke="{tone}"/>')
    if "markers" in mode:
        dots = "".join(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3"/>' for a, b in zip(px[seen], py[seen]))
        parts.append(f'<g fill="{tone}">{dots}</g>')
    return "".join(parts)


def _map(trace: Mapping[str, Any], upward: Mapping[str, Any], box: Box) -> str:
    """A heat map or a picture in the middle of its box, its pixels square."""
    left, top, right, bottom = box
    pixels = _photograph(trace) if trace["type"] == "image" else _heat(trace)
    if trace["type"] == "heatmap" and upward.get("autorange") != "reversed":
        pixels = pixels.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    source = webp(pixels.convert("RGB"), quality=50, method=6)
    place = f'x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}"'
    return f'<image {place} href="{source}" preserveAspectRatio="xMidYMid"/>'


def _photograph(trace: Mapping[str, Any]) -> Image.Image:
    found = Image.open(io.BytesIO(base64.b64decode(trace["source"].partition(",")[2])))
    found.thumbnail((THUMB, THUMB))
    return found


def _heat(trace: Mapping[str, Any]) -> Image.Image:
    """A map in colour; a pixel of a small one becomes several, or a browser would blur it."""
    z = numbers(trace["z"]).astype(float)
    steps = np.nan_to_num(shares(z, trace.get("zmin"), trace.get("zmax")) * 255).astype(int)
    tones = scale_colours(trace.get("colorscale") or "Viridis")[steps].astype(np.uint8)
    times = max(1, MAP // max(z.shape))
    return Image.fromarray(tones.repeat(times, 0).repeat(times, 1))


def _grid(x: Axis, y: Axis, box: Box) -> str:
    """Lines and labels of both axes."""
    left, top, right, bottom = box
    lines, labels = [], []
    if x.layout.get("visible", True):
        for value, text in x.ticks():
            place = float(x.place(value))
            lines.append(f"M{place:.1f},{top:.1f}V{bottom:.1f}")
            labels.append(_text(text, place, bottom + 15, 11))
    if y.layout.get("visible", True):
        for value, text in y.ticks():
            place = float(y.place(value))
            lines.append(f"M{left:.1f},{place:.1f}H{right:.1f}")
            labels.append(_text(text, left - 6, place + 4, 11, "end"))
    return f'<path d="{"".join(lines)}" stroke="currentColor" opacity="0.2"/>{"".join(labels)}'


def _names(along: Mapping[str, Any], upward: Mapping[str, Any], box: Box) -> str:
    """Titles of both axes."""
    left, top, right, bottom = box
    below, beside = ((axis.get("title") or {}).get("text") or "" for axis in (along, upward))
    middle = (top + bottom) / 2
    turned = f'transform="rotate(-90 {left - 40:.1f} {middle:.1f})"'
    found = _text(below, (left + right) / 2, bottom + 32, 12) if along.get("visible", True) else ""
    return found + (_text(beside, left - 40, middle, 12, extra=turned) if beside else "")


def _note(note: Mapping[str, Any], inner: Box) -> str:
    """A text beside panels; those that lie on an axis are left out."""
    if note.get("xref") != "paper" or note.get("yref") != "paper":
        return ""
    left, top, right, bottom = inner
    x, y = left + note.get("x", 0) * (right - left), bottom - note.get("y", 0) * (bottom - top)
    return _text(note.get("text", ""), x, y - 5, 12)


def _legend(
    traces: Sequence[tuple[int, Mapping[str, Any]]], layout: Mapping[str, Any], inner: Box, height: int
) -> str:
    """Names of traces in one line at the foot."""
    named = [(i, t) for i, t in traces if t.get("showlegend", True) and t.get("name") and "z" not in t]
    if len(named) < 2 or layout.get("showlegend") is False:
        return ""
    x, parts = float(inner[0]), []
    for i, trace in named:
        label = _plain(str(trace["name"]))
        parts.append(f'<circle cx="{x:.0f}" cy="{height - 12}" r="4" fill="{_tone(trace, i)}"/>')
        parts.append(_text(label, x + 8, height - 8, 11, "start"))
        x += 28 + 6.2 * len(label)
    return "".join(parts)


def _plain(text: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", " ", text))


def _text(text: str, x: float, y: float, size: int, anchor: str = "middle", extra: str = "") -> str:
    look = TEXT.format(size=size, anchor=anchor)
    return f'<text x="{x:.1f}" y="{y:.1f}" {look} {extra}>{html.escape(_plain(text))}</text>'
