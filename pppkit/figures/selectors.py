"""One figure instead of many: dropdowns above it choose which of them is shown."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

Key = tuple[str, ...]
Choices = Mapping[Key, go.Figure] | Mapping[str, go.Figure]
ROOM = 46  # pixels above the title for JupyterLab's menu; the book has its own dropdowns
TOP = 60  # where a figure does not say
ONCE = ("updatemenus", "template")
AXIS, SCENE = re.compile(r"[xy]axis\d*$"), re.compile(r"scene\d*$")
NOWHERE = (0, 0.001)  # a part of the figure that is too small to be seen
HIDDEN = {"visible": False}


def selector(choices: Choices, names: Sequence[str], *, height: int | None = None) -> go.Figure:
    """Figures in one place, with a dropdown for each part of their keys.

    The book shows plain dropdowns above the figure, one for each name.
    JupyterLab shows one menu of all choices, which suits figures whose panels stand in the same places.
    Without scripts the first figure stands there as a picture.

    Args:
        choices: Figures by what is chosen, such as `("VGG19", "layer 4")`, the first shown at first;
            combinations may be missing. With one name a text will do.
        names: Of the keys' parts, such as `("network", "layer")`.
        height: In screen pixels, for all; None to let each keep its own.

    Returns:
        All figures' traces, the first's visible; `layout.meta["selector"]` tells the rest.
    """
    keys = _checked(choices, names)
    parts = [copy.deepcopy(figure.to_dict()) for figure in choices.values()]
    counts = [len(part["data"]) for part in parts]
    starts = [sum(counts[:i]) for i in range(len(parts))]
    for i, (part, start) in enumerate(zip(parts, starts)):
        _move(part, start, f"{i}:")
        if height:
            part["layout"]["height"] = height
    for part in parts:
        _name_places(part)
    layouts = _with_equal_menus([part["layout"] for part in parts])
    shown = [[trace.get("visible", True) for trace in part["data"]] for part in parts]
    patches = _differences(layouts)
    entries = [
        {"key": list(key), "start": start, "visible": visible, "layout": patch}
        for key, start, visible, patch in zip(keys, starts, shown, patches)
    ]
    traces = [trace for part in parts for trace in part["data"]]
    for i, trace in enumerate(traces):
        trace["visible"] = shown[0][i] if i < counts[0] else False
    first = layouts[0] | {
        key: value for key, value in patches[0].items() if AXIS.match(key) or SCENE.match(key)
    }
    first["meta"] = (first.get("meta") or {}) | {
        "selector": {"names": list(names), "choices": entries, "room": ROOM}
    }
    first["updatemenus"] = [*first.get("updatemenus", []), _menu(entries, len(traces))]
    first["margin"] = _with_room(first.get("margin"))
    frames = [frame for part in parts for frame in part.get("frames", [])]
    return go.Figure({"data": traces, "layout": first, "frames": frames})


def _checked(choices: Choices, names: Sequence[str]) -> list[Key]:
    """The keys, as tuples of texts."""
    if not choices:
        raise ValueError("choices={} must hold at least one figure, by a tuple of what is chosen")
    keys = [(key,) if isinstance(key, str) else key for key in choices]
    for key in keys:
        if not isinstance(key, tuple) or len(key) != len(names):
            raise ValueError(
                f"choices: the key {key!r} must be a tuple of {len(names)}:"
                f" one part for each of names={list(names)}"
            )
    return [tuple(map(str, key)) for key in keys]


def _move(part: dict[str, Any], start: int, prefix: str) -> None:
    """Lets buttons, sliders and frames name their own traces among those of all figures."""
    places = list(range(start, start + len(part["data"])))
    for frame in part.get("frames", []):
        frame["name"] = prefix + str(frame["name"])
        frame["traces"] = [start + i for i in frame.get("traces") or range(len(frame.get("data", ())))]
    frames = [frame["name"] for frame in part.get("frames", [])]
    layout = part["layout"]
    pressed = [b for menu in layout.get("updatemenus", []) for b in menu.get("buttons", [])]
    steps = [step for slider in layout.get("sliders", []) for step in slider.get("steps", [])]
    for button in [*pressed, *steps]:
        button["args"] = _moved(button, places, prefix, frames)


def _moved(button: Mapping[str, Any], places: list[int], prefix: str, frames: list[str]) -> list[Any]:
    """A button's arguments among the traces of all figures."""
    args, method = list(button.get("args", [])), button.get("method", "restyle")
    if method == "animate":
        named = args[0] if args else None
        return [[prefix + str(name) for name in named] if named else frames, *args[1:]]
    if method == "restyle" and isinstance(args[0], str):  # an attribute and its value
        args = [{args[0]: args[1]}, *args[2:]]
    fixed = {"restyle": 1, "update": 2}.get(method)
    if fixed is None:
        return args
    own = args[fixed] if len(args) > fixed else range(len(places))
    return [*args[:fixed], *[{}] * (fixed - len(args)), [places[i] for i in own]]


def _name_places(part: dict[str, Any]) -> None:
    """Names in the layout all axes and scenes that traces stand on: other figures may have others."""
    for trace in part["data"]:
        if trace.get("type") == "surface":
            places = [trace.get("scene", "scene")]
        else:
            along, upward = trace.get("xaxis", "x"), trace.get("yaxis", "y")
            places = [f"{name[0]}axis{name[1:]}" for name in (along, upward)]
        for place in places:
            whole = {"x": [0, 1], "y": [0, 1]} if SCENE.match(place) else [0, 1]
            part["layout"].setdefault(place, {}).setdefault("domain", whole)


def _absent(place: str) -> dict[str, Any] | None:
    """What a layout says of an axis or a scene that it does not have: Plotly draws those of hidden traces."""
    if AXIS.match(place):
        return {"visible": False, "domain": list(NOWHERE)}
    if SCENE.match(place):
        return {"domain": {"x": list(NOWHERE), "y": list(NOWHERE)}}
    return None


def _with_equal_menus(layouts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Layouts with as many menus each: a place in the list means the same for all."""
    most = max(len(layout.get("updatemenus", [])) for layout in layouts)
    for layout in layouts:
        menus = list(layout.get("updatemenus", []))
        if most:
            layout["updatemenus"] = menus + [dict(HIDDEN) for _ in range(most - len(menus))]
    return layouts


def _differences(layouts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What each layout changes of another one; None takes away. The first's template is for all."""
    flat = []
    for layout in layouts:
        menus = {f"updatemenus[{i}]": menu for i, menu in enumerate(layout.get("updatemenus", []))}
        flat.append({key: value for key, value in layout.items() if key not in ONCE} | menus)
    keys = dict.fromkeys(key for layout in flat for key in layout)
    whole = [{key: layout.get(key, _absent(key)) for key in keys} for layout in flat]
    differing = [key for key in keys if any(layout[key] != whole[0][key] for layout in whole)]
    return [{key: copy.deepcopy(layout[key]) for key in differing} for layout in whole]


def _with_room(margin: Mapping[str, Any] | None) -> dict[str, Any]:
    """A layout's margin with room for JupyterLab's menu."""
    given = margin or {}
    return {**given, "t": given.get("t", TOP) + ROOM}


def _menu(entries: Sequence[Mapping[str, Any]], count: int) -> dict[str, Any]:
    """JupyterLab's menu of all choices."""
    buttons = []
    for entry in entries:
        visible: list[Any] = [False] * count
        visible[entry["start"] : entry["start"] + len(entry["visible"])] = entry["visible"]
        patch = dict(entry["layout"])
        if "margin" in patch:
            patch["margin"] = _with_room(patch["margin"])
        args = [{"visible": visible}, patch]
        buttons.append({"label": ", ".join(entry["key"]), "method": "update", "args": args})
    place = {"x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom", "pad": {"b": 6}}
    return {"name": "selector", "direction": "down", "buttons": buttons, **place}
