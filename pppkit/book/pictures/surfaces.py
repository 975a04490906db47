"""A scene of surfaces as a small picture, from where Plotly's camera stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .arrays import numbers, scale_colours, shares, webp

SIDE = 44  # quadrilaterals along a surface at most
FINE = 2  # drawn so many times larger, then reduced
TAN = float(np.tan(np.pi / 8))  # Plotly's field of view is 45 degrees high
INK = (128, 138, 150, 255)  # of lines and letters, on light and on dark pages
EYE = {"x": 1.25, "y": 1.25, "z": 1.25}
LOOK: dict[str, Any] = {"quality": 30, "method": 6, "alpha_quality": 20}
ORIGIN, UP = {"x": 0, "y": 0, "z": 0}, {"x": 0, "y": 0, "z": 1}
Colour = tuple[int, int, int, int]


def scene_picture(traces: Sequence[Mapping[str, Any]], scene: Mapping[str, Any], height: int) -> str:
    """A data address of a WebP with a transparent ground; its middle is the scene's.

    Args:
        traces: Visible surfaces.
        scene: Their box, axes and camera, of a figure's layout.
        height: In pixels.
    """
    maps = [_thinned(numbers(trace["z"]).astype(float)) for trace in traces]
    low, high = _vertical_range(maps, scene)
    camera = _Camera(scene, height * FINE)
    image = Image.new("RGBA", (camera.width, height * FINE), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    _box(draw, camera, scene)
    faces = []
    for trace, z, span in zip(traces, maps, _spans(traces)):
        faces += _faces(trace, z, (low, high), span, scene, camera)
    for _, corners, colour in sorted(faces, key=lambda face: -face[0]):  # the farthest first
        draw.polygon(corners, fill=colour)
    left, _, right, _ = image.getbbox() or (0, 0, camera.width, 0)
    half = max(camera.width // 2 - left, right - camera.width // 2) + 4 * FINE
    image = image.crop((camera.width // 2 - half, 0, camera.width // 2 + half, height * FINE))
    image = image.resize((image.width // FINE, height), Image.Resampling.LANCZOS)
    return webp(image, **LOOK)


class _Camera:
    """Where points of the box stand in the picture."""

    def __init__(self, scene: Mapping[str, Any], height: int):
        ratio, camera = scene.get("aspectratio") or {}, scene.get("camera") or {}
        self.sides = np.array([ratio.get(axis, 1.0) for axis in "xyz"])
        self.eye, centre, up = (
            _point(camera.get(name) or given)
            for name, given in (("eye", EYE), ("center", ORIGIN), ("up", UP))
        )
        ahead = _unit(centre - self.eye)
        right = _unit(np.cross(ahead, up))
        self.axes = np.stack([right, np.cross(right, ahead), ahead])
        self.width, self.height = int(height * 1.7), height

    def project(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Places in pixels `(..., 2)` and distances `(...)` of points `(..., 3)` of the box, from 0 to 1."""
        seen = ((points - 0.5) * self.sides - self.eye) @ self.axes.T
        depth = seen[..., 2]
        scale = self.height / 2 / TAN / depth
        x, y = self.width / 2 + seen[..., 0] * scale, self.height / 2 - seen[..., 1] * scale
        return np.stack([x, y], -1), depth


def _point(given: Mapping[str, float]) -> np.ndarray:
    return np.array([given["x"], given["y"], given["z"]], float)


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


def _thinned(z: np.ndarray) -> np.ndarray:
    """Fewer points of a large map, its border among them."""
    picked = [np.linspace(0, n - 1, min(n, SIDE + 1)).round().astype(int) for n in z.shape]
    return z[np.ix_(*picked)]


def _vertical_range(maps: Sequence[np.ndarray], scene: Mapping[str, Any]) -> tuple[float, float]:
    given = (scene.get("zaxis") or {}).get("range")
    if given:
        return float(given[0]), float(given[1])
    return min(float(np.nanmin(z)) for z in maps), max(float(np.nanmax(z)) for z in maps)


def _spans(traces: Sequence[Mapping[str, Any]]) -> list[tuple[float, float]]:
    """Where each surface begins and ends along x, as shares of the box: all of it, unless it says where."""
    places = [None if trace.get("x") is None else numbers(trace["x"]).astype(float) for trace in traces]
    given = [x for x in places if x is not None]
    if not given:
        return [(0.0, 1.0) for _ in traces]
    low, high = min(x.min() for x in given), max(x.max() for x in given)
    wide = (high - low) or 1.0
    return [(0.0, 1.0) if x is None else ((x.min() - low) / wide, (x.max() - low) / wide) for x in places]


def _place(along: np.ndarray, axis: Mapping[str, Any] | None) -> np.ndarray:
    return 1 - along if (axis or {}).get("autorange") == "reversed" else along


def _faces(
    trace: Mapping[str, Any],
    z: np.ndarray,
    limits: tuple[float, float],
    span: tuple[float, float],
    scene: Mapping[str, Any],
    camera: _Camera,
) -> list[tuple[float, list[tuple[float, float]], Colour]]:
    """Distance, corners and colour of each quadrilateral of a surface."""
    rows, columns = z.shape
    y = _place(np.linspace(0, 1, rows), scene.get("yaxis"))
    x = _place(np.linspace(*span, columns), scene.get("xaxis"))
    low, high = limits
    up = np.clip((z - low) / ((high - low) or 1.0), 0, 1)
    points = np.stack([*np.broadcast_arrays(x[None, :], y[:, None]), up], -1)
    places, depth = camera.project(points)
    tones = scale_colours(trace.get("colorscale") or "Viridis")
    middles = (z[1:, 1:] + z[:-1, 1:] + z[1:, :-1] + z[:-1, :-1]) / 4
    # The range of the whole map: a middle of four never reaches it.
    ends = trace.get("cmin", float(np.nanmin(z))), trace.get("cmax", float(np.nanmax(z)))
    steps = np.nan_to_num(shares(middles, *ends) * (len(tones) - 1)).astype(int)
    found = []
    for i in range(rows - 1):
        for j in range(columns - 1):
            around = [(i, j), (i, j + 1), (i + 1, j + 1), (i + 1, j)]
            corners = [(float(places[k][0]), float(places[k][1])) for k in around]
            if np.isfinite(middles[i, j]):
                red, green, blue = tones[steps[i, j]]
                distance = float(np.mean([depth[k] for k in around]))
                found.append((distance, corners, (int(red), int(green), int(blue), 255)))
    return found


def _box(draw: ImageDraw.ImageDraw, camera: _Camera, scene: Mapping[str, Any]) -> None:
    """The floor, the far edges that stand on it, and the axes' names."""
    floor = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], float)
    near = floor[np.argmin(camera.project(floor)[1])]
    for t in np.linspace(0, 1, 5):
        for ends in ([[t, 0, 0], [t, 1, 0]], [[0, t, 0], [1, t, 0]]):
            _line(draw, camera, ends, INK[:3] + (90,))
    for corner in floor:
        if (corner != near).any():
            _line(draw, camera, [corner, corner + [0, 0, 1]], INK[:3] + (150,))
    font = ImageFont.load_default(12 * FINE)
    beside = np.abs(near - 0.5) * 2 * np.sign(near - 0.5) * 0.16
    for axis, place in (
        ("x", [0.5, near[1] + beside[1], 0]),
        ("y", [near[0] + beside[0], 0.5, 0]),
    ):
        _word(draw, camera, scene, axis, place, font)
    far = floor[np.argmin(camera.project(floor)[0][:, 0])]
    _word(draw, camera, scene, "z", [*(far[:2] + (far[:2] - 0.5) * 0.3), 0.5], font)


def _line(draw: ImageDraw.ImageDraw, camera: _Camera, ends: Any, colour: Colour) -> None:
    places, _ = camera.project(np.asarray(ends, float))
    draw.line([tuple(map(float, place)) for place in places], fill=colour, width=FINE)


def _word(
    draw: ImageDraw.ImageDraw, camera: _Camera, scene: Mapping[str, Any], axis: str, at: Any, font: Any
) -> None:
    title = (scene.get(f"{axis}axis") or {}).get("title") or {}
    place, _ = camera.project(np.asarray(at, float))
    draw.text((float(place[0]), float(place[1])), title.get("text", axis), fill=INK, font=font, anchor="mm")
