"""A collection on disk: tiles and mosaics, each file whole or not there, so that a killed run goes on."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin, UnidentifiedImageError

from .mosaics import Mosaic
from .server import TileServer

FORMATS = ("JPEG", "PNG", "WEBP")
Place = tuple[int, int, int]  # zoom, column, row


class TileError(ValueError):
    """Bytes that are no tile: not a picture, cut short, of another size, or see-through."""


class OtherSize(TileError):
    """A picture, but of another size: the server's tiles are."""


def decoded(data: bytes, tile: int) -> np.ndarray:
    """The pixels of a tile, `(tile, tile, 3)`.

    Raises:
        TileError: If it cannot be decoded to the last row, has another size, or is not opaque.
    """
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as image:
            if image.size != (tile, tile):
                raise OtherSize(f"it has {image.height}x{image.width} pixels, not {tile}x{tile}")
            image.load()
            if image.has_transparency_data and image.convert("RGBA").getextrema()[3][0] < 255:  # type: ignore[misc, index]
                raise TileError("it is transparent in places")
            return np.asarray(image.convert("RGB"))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        if isinstance(error, TileError):
            raise
        raise TileError(f"it cannot be decoded ({type(error).__name__})") from error


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file whole or not at all, whenever the process is killed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    with open(part, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


class Collection:
    """A folder of tiles and mosaics from one server.

    Args:
        root: The folder; made where there is none.
        server: Whose tiles these are.
        tile: Their side in pixels.

    Raises:
        ValueError: If the folder has tiles of another server or size.
    """

    def __init__(self, root: str | Path, server: TileServer, tile: int):
        self.root, self.server, self.tile = Path(root), server, tile
        about = self.root / "collection.json"
        mine = {"template": server.template, "tile": tile}
        if not about.is_file():
            write_whole(about, _json(mine))
        found = json.loads(about.read_text())
        if found != mine:
            raise ValueError(
                f"folder={str(root)!r} has tiles of {found['template']}, {found['tile']} pixels wide; "
                "choose another folder for another server"
            )

    def _file(self, place: Place, suffix: str) -> Path:
        zoom, x, y = place
        return self.root / "tiles" / str(zoom) / str(x) / f"{y}{suffix}"

    def has(self, place: Place) -> bool:
        """Whether a tile, or that the server has none there, is known."""
        return self._file(place, ".tile").exists() or self._file(place, ".missing").exists()

    def is_missing(self, place: Place) -> bool:
        """Whether the server has said that there is no such tile."""
        return self._file(place, ".missing").exists()

    def read(self, place: Place) -> np.ndarray | None:
        """A tile's pixels; None where it must be fetched: it is not there, or its file is damaged."""
        path = self._file(place, ".tile")
        try:
            return decoded(path.read_bytes(), self.tile)
        except FileNotFoundError:
            return None
        except TileError:
            path.unlink()
            return None

    def put(self, place: Place, data: bytes | None) -> None:
        """Keeps a tile as the server sent it, or that there is none."""
        write_whole(self._file(place, ".missing" if data is None else ".tile"), data or b"")

    def times(self, mosaic: Mosaic) -> tuple[str, str]:
        """When the first and the last of its tiles came, UTC."""
        stamps = [self._file(place, ".tile").stat().st_mtime for place in mosaic.tiles]
        first, last = (datetime.fromtimestamp(t, UTC) for t in (min(stamps), max(stamps)))
        return first.isoformat(timespec="seconds"), last.isoformat(timespec="seconds")

    def finished(self, mosaic: Mosaic) -> bool:
        """Whether a mosaic is there.

        Raises:
            ValueError: If there is another one of its name.
        """
        if not (self.root / f"{mosaic.name}.png").exists():
            return False
        about = self.root / f"{mosaic.name}.json"
        known = json.loads(about.read_text()).get("mosaic") if about.is_file() else None
        if known != asdict(mosaic):
            raise ValueError(
                f"folder={str(self.root)!r} has another picture called {mosaic.name}; give the new one "
                "another name, or remove the old one"
            )
        return True

    def finish(self, mosaic: Mosaic, pixels: np.ndarray, provenance: dict[str, Any]) -> None:
        """Writes a mosaic, its provenance first, so that no picture is without."""
        write_whole(self.root / f"{mosaic.name}.json", _json({"mosaic": asdict(mosaic), **provenance}))
        text = PngImagePlugin.PngInfo()
        text.add_itxt("Copyright", self.server.attribution)
        text.add_itxt("Source", self.server.host)
        buffer = BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG", pnginfo=text)
        write_whole(self.root / f"{mosaic.name}.png", buffer.getvalue())


def _json(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()
