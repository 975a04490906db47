"""Which pixels of the world: mosaics in Web Mercator, around places or inside a bounding box."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ...checks import number, shown, whole

EDGE = 85.0511287798066  # degrees of latitude where Web Mercator's square ends
EQUATOR = 40075016.685578488  # metres
DEEPEST = 30  # zoom levels
NAME = re.compile(r"[\w-][\w .-]{0,99}")


@dataclass(frozen=True)
class Mosaic:
    """A rectangle of the world's pixels at a zoom level.

    Attributes:
        name: Of its files.
        zoom: Level; the world is `tile * 2 ** zoom` pixels wide and high.
        top: First row, counted from the north.
        left: First column, counted from 180 degrees west.
        height: In pixels.
        width: In pixels.
        tile: Side of a tile in pixels.

    Raises:
        ValueError: For a name that is no plain file name, or a rectangle that leaves the world.
    """

    name: str
    zoom: int
    top: int
    left: int
    height: int
    width: int
    tile: int = 256

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not NAME.fullmatch(self.name) or self.name.endswith((" ", ".")):
            raise ValueError(
                f"name={shown(self.name)} must be a plain file name: letters, digits, space, dot, _ and -"
            )
        zoom = whole("zoom", self.zoom, 0)
        if zoom > DEEPEST:
            raise ValueError(f"zoom={zoom} must be at most {DEEPEST}")
        world = whole("tile", self.tile) << zoom
        height, width = whole("height", self.height), whole("width", self.width)
        whole("left", self.left, 0)
        if height > world or width > world:
            raise ValueError(
                f"size: {height}x{width} pixels are more than the world's {world} at zoom={zoom}"
            )
        if not 0 <= self.top <= world - height:
            raise ValueError(
                f"{self.name}: rows {self.top} to {self.top + height} leave the world's {world} at "
                f"zoom={zoom}; move it away from the pole, or make it smaller"
            )

    @property
    def rows(self) -> range:
        """Rows of tiles, from the north."""
        return range(self.top // self.tile, (self.top + self.height - 1) // self.tile + 1)

    @property
    def columns(self) -> range:
        """Columns of tiles, from the west; those beyond the date line begin again at 0 on a server."""
        return range(self.left // self.tile, (self.left + self.width - 1) // self.tile + 1)

    @property
    def tiles(self) -> list[tuple[int, int, int]]:
        """Zoom, column and row of its tiles, row by row, each once."""
        places = [(self.zoom, x % 2**self.zoom, y) for y in self.rows for x in self.columns]
        return list(dict.fromkeys(places))

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """South, west, north and east in degrees."""
        world = self.tile << self.zoom
        north, west = place_of(self.top, self.left, world)
        south, east = place_of(self.top + self.height, self.left + self.width, world)
        return south, west, north, east

    @property
    def centre(self) -> tuple[float, float]:
        """Latitude and longitude in degrees."""
        return place_of(self.top + self.height / 2, self.left + self.width / 2, self.tile << self.zoom)

    @property
    def metres(self) -> float:
        """Side of a pixel on the ground at its centre."""
        return EQUATOR * math.cos(math.radians(self.centre[0])) / (self.tile << self.zoom)


def pixel_of(latitude: float, longitude: float, world: int) -> tuple[float, float]:
    """Row and column of a place in a world of so many pixels.

    Example:
        >>> pixel_of(0, 0, 256)
        (128.0, 128.0)
    """
    sine = math.sin(math.radians(latitude))
    return world * (0.5 - math.atanh(sine) / (2 * math.pi)), world * (longitude / 360 + 0.5)


def place_of(y: float, x: float, world: int) -> tuple[float, float]:
    """Latitude and longitude of a pixel's first corner: the inverse of `pixel_of`."""
    latitude = math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * y / world))))
    return latitude, 360 * (x / world - 0.5)


def around(
    places: Iterable[tuple[str, float, float]], zoom: int, size: int | tuple[int, int], tile: int = 256
) -> list[Mosaic]:
    """A mosaic around each place.

    Args:
        places: Names, latitudes and longitudes in degrees.
        zoom: Level.
        size: Side in pixels, or height and width.
        tile: Side of the server's tiles in pixels.

    Raises:
        ValueError: For no places, a name twice, or a place or mosaic that leaves Web Mercator.

    Example:
        >>> (dubai,) = around([("Dubai", 25.2, 55.3)], zoom=17, size=2048)
        >>> len(dubai.tiles), round(dubai.metres, 2)
        (81, 1.08)
    """
    height, width = _size(size)
    world = whole("tile", tile) << whole("zoom", zoom, 0)
    out = []
    for name, latitude, longitude in places:
        lat, lon = _degrees("latitude", latitude, EDGE), _degrees("longitude", longitude, 180)
        y, x = pixel_of(lat, lon, world)
        left = round(x - width / 2) % world
        out.append(Mosaic(name, zoom, round(y - height / 2), left, height, width, tile))
    return _named_once(out)


def inside(
    south: float,
    west: float,
    north: float,
    east: float,
    zoom: int,
    size: int | tuple[int, int],
    tile: int = 256,
    name: str = "mosaic",
) -> list[Mosaic]:
    """The mosaics that fit into a bounding box side by side, row by row; what is left over is cut off evenly.

    Args:
        south: In degrees.
        west: In degrees.
        north: In degrees.
        east: In degrees; above 180 for a box across the date line.
        zoom: Level.
        size: Side of a mosaic in pixels, or height and width.
        tile: Side of the server's tiles in pixels.
        name: Of the mosaics, which are called `name_ROW_COLUMN`.

    Raises:
        ValueError: For a box that is empty, leaves Web Mercator, or is too small for one mosaic.
    """
    height, width = _size(size)
    world = whole("tile", tile) << whole("zoom", zoom, 0)
    low, high = _degrees("south", south, EDGE), _degrees("north", north, EDGE)
    first, last = _degrees("west", west, 180), _degrees("east", east, 540)
    if low >= high or not first < last <= first + 360:
        raise ValueError(
            f"south, west, north, east = {low}, {first}, {high}, {last} is no box: south must be less than "
            "north, and west less than east, by at most 360 degrees"
        )
    top, left = (math.ceil(p - 1e-6) for p in pixel_of(high, first, world))
    bottom, right = (math.floor(p + 1e-6) for p in pixel_of(low, last, world))
    rows, columns = (bottom - top) // height, (right - left) // width
    if not rows or not columns:
        raise ValueError(
            f"size: the box has {bottom - top}x{right - left} pixels at zoom={zoom}, too few for one mosaic "
            f"of {height}x{width}; choose a larger box, a deeper zoom, or a smaller size"
        )
    y0 = top + (bottom - top - rows * height) // 2
    x0 = left + (right - left - columns * width) // 2
    digits = len(str(max(rows, columns) - 1))
    return [
        Mosaic(
            f"{name}_{r:0{digits}}_{c:0{digits}}",
            zoom,
            y0 + r * height,
            (x0 + c * width) % world,
            height,
            width,
            tile,
        )
        for r in range(rows)
        for c in range(columns)
    ]


def read_places(path: str | Path) -> list[tuple[str, float, float]]:
    """Places from a CSV file with the columns name, latitude and longitude.

    Raises:
        ValueError: If the file does not exist, or lacks a column.
    """
    if not Path(path).is_file():
        raise ValueError(f"path={str(path)!r} does not exist; give a CSV file with name, latitude, longitude")
    table = pd.read_csv(path, dtype={"name": str}, skipinitialspace=True)
    lack = [c for c in ("name", "latitude", "longitude") if c not in table]
    if lack:
        raise ValueError(f"path={str(path)!r} lacks the columns {', '.join(lack)}")
    return list(zip(table["name"], table["latitude"], table["longitude"]))


def _named_once(mosaics: list[Mosaic]) -> list[Mosaic]:
    names = [m.name.lower() for m in mosaics]  # some disks take Dubai and dubai for one file
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice or not mosaics:
        raise ValueError(
            f"places: {'a name is given twice: ' + ', '.join(twice) if twice else 'there are none'}"
        )
    return mosaics


def _degrees(name: str, value: Any, most: float) -> float:
    degrees = number(name, value)
    if abs(degrees) > most:
        raise ValueError(f"{name}={shown(value)} must lie between -{most:g} and {most:g} degrees")
    return degrees


def _size(size: int | tuple[int, int]) -> tuple[int, int]:
    if isinstance(size, (tuple, list)):
        if len(size) != 2:
            raise ValueError(f"size={shown(size)} must be a side in pixels, or (height, width)")
        return whole("size", size[0]), whole("size", size[1])
    return (whole("size", size),) * 2
