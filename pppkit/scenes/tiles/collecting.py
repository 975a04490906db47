"""From a list of mosaics to a folder of photographs, tile by tile."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
from filelock import FileLock, Timeout
from tqdm import tqdm

from ...checks import whole
from .fetching import Failed, Fetcher
from .folder import Collection, Place
from .manners import Manners
from .mosaics import Mosaic
from .server import TileServer


def collect(
    server: TileServer,
    mosaics: Sequence[Mosaic],
    folder: str | Path,
    *,
    manners: Manners | None = None,
    most: int = 20_000,
    progress: bool = True,
) -> pd.DataFrame:
    """Collects mosaics from a tile server into a folder that `PhotoFolder` reads.

    Each mosaic is a PNG with the tiles' own pixels, beside a JSON file that says where it is from: source,
    attribution, terms, coordinates, time, and a digest. A mosaic of which a tile is missing is not written:
    there would be a border in it. Tiles stay in `tiles/` and are never fetched twice. Killed at any moment,
    the same call goes on; it asks again for what failed, and not for what the server said it does not have.

    Args:
        server: One that you may collect from.
        mosaics: Of `around` or `inside`, with tiles of one size.
        folder: Gets the mosaics.
        manners: How the server is asked.
        most: Refuse to fetch more tiles than these.
        progress: Show how many tiles are there.

    Returns:
        One row a mosaic: `name`, `state` (`"present"`, `"collected"`, `"incomplete"`), `tiles`, `fetched`,
        `missing` (the server has none), `failed`, and `reason` of the last failure.

    Raises:
        ValueError: For mosaics that do not fit together, the folder, or too many tiles; before any request.
        Refused: If the server does not want to be asked (401, 403, a wait too long), leads elsewhere, or
            does not answer any more. What was fetched is kept.

    Example:
        >>> server = TileServer("https://HOST/{z}/{x}/{y}.jpg", "(c) HOST", "CC BY")  # doctest: +SKIP
        >>> collect(server, around([("Dubai", 25.2, 55.3)], 17, 2048), "photographs")  # doctest: +SKIP
    """
    tile = _one_tile_size(mosaics)
    most, manners = whole("most", most), manners or Manners()
    collection = Collection(folder, server, tile)
    try:
        with FileLock(collection.root / ".lock", timeout=0):
            wanted = [m for m in mosaics if not collection.finished(m)]
            _not_too_many(collection, wanted, most, manners)
            return _run(_collect(collection, mosaics, manners, progress))
    except Timeout as error:
        raise ValueError(f"folder={str(folder)!r} is being filled by another process") from error


def _run(work: Coroutine[Any, Any, pd.DataFrame]) -> pd.DataFrame:
    """Runs it to its end; in a thread of its own where a loop runs already, as in notebooks."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def _one_tile_size(mosaics: Sequence[Mosaic]) -> int:
    sizes = {m.tile for m in mosaics}
    names = {m.name.lower() for m in mosaics}
    if len(sizes) != 1 or len(names) < len(mosaics):
        raise ValueError("mosaics must be at least one, with tiles of one size, and each name once")
    return sizes.pop()


def _not_too_many(collection: Collection, mosaics: Sequence[Mosaic], most: int, manners: Manners) -> None:
    tiles = {place for m in mosaics for place in m.tiles if not collection.has(place)}
    if len(tiles) > most:
        raise ValueError(
            f"mosaics need {len(tiles)} tiles ({len(tiles) / manners.rate / 60:.0f} minutes at "
            f"{manners.rate:g} a second), more than most={most}; see whether the server's terms allow it, "
            "and raise most="
        )


async def _collect(
    collection: Collection, mosaics: Sequence[Mosaic], manners: Manners, progress: bool
) -> pd.DataFrame:
    headers = {"User-Agent": manners.agent, "Accept": "image/*"}
    limits = httpx.Limits(max_connections=manners.at_once)
    rows = []
    async with httpx.AsyncClient(headers=headers, limits=limits, timeout=manners.timeout) as client:
        fetcher = Fetcher(collection.server, manners, collection.tile, client)
        total = sum(len(m.tiles) for m in mosaics)
        with tqdm(total=total, desc="tiles", disable=not progress) as bar:
            for mosaic in mosaics:
                rows.append(await _one(collection, mosaic, fetcher, bar))
    return pd.DataFrame(rows)


async def _one(collection: Collection, mosaic: Mosaic, fetcher: Fetcher, bar: tqdm) -> dict[str, Any]:
    """A mosaic's tiles, several at a time, and the mosaic when it has all of them."""
    row: dict[str, Any] = {"name": mosaic.name, "state": "present", "tiles": len(mosaic.tiles), "fetched": 0}
    row |= {"missing": 0, "failed": 0, "reason": ""}
    if collection.finished(mosaic):
        bar.update(len(mosaic.tiles))
        return row
    waiting = iter(mosaic.tiles)
    found: dict[Place, np.ndarray] = {}

    async def work() -> None:
        for place in waiting:
            pixels = collection.read(place)
            if pixels is None and not collection.is_missing(place):
                try:
                    collection.put(place, await fetcher.fetch(place))
                    row["fetched"] += 1
                except Failed as error:
                    row["failed"] += 1
                    row["reason"] = f"tile {'/'.join(map(str, place))}: {error}"
                pixels = collection.read(place)
            if pixels is not None:
                found[place] = pixels
            row["missing"] += collection.is_missing(place)
            bar.update()

    await _together([work() for _ in range(fetcher.manners.at_once)])
    row["state"] = "collected" if len(found) == len(mosaic.tiles) else "incomplete"
    if row["state"] == "collected":
        pixels = assembled(mosaic, found)
        collection.finish(mosaic, pixels, _provenance(collection, mosaic, pixels, found))
    return row


async def _together(workers: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Runs them all; the first error ends the others, and is raised by itself."""
    try:
        async with asyncio.TaskGroup() as group:
            for worker in workers:
                group.create_task(worker)
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None


def assembled(mosaic: Mosaic, tiles: dict[Place, np.ndarray]) -> np.ndarray:
    """A mosaic's pixels, cut from its tiles."""
    rows, columns, side = mosaic.rows, mosaic.columns, mosaic.tile
    whole_tiles = np.empty((len(rows) * side, len(columns) * side, 3), np.uint8)
    for i, y in enumerate(rows):
        for j, x in enumerate(columns):
            place = (mosaic.zoom, x % 2**mosaic.zoom, y)
            whole_tiles[i * side : (i + 1) * side, j * side : (j + 1) * side] = tiles[place]
    top, left = mosaic.top - rows[0] * side, mosaic.left - columns[0] * side
    return whole_tiles[top : top + mosaic.height, left : left + mosaic.width]


def _provenance(
    collection: Collection, mosaic: Mosaic, pixels: np.ndarray, tiles: dict[Place, np.ndarray]
) -> dict[str, Any]:
    server, (latitude, longitude) = collection.server, mosaic.centre
    first, last = collection.times(mosaic)
    return {
        "source": server.template,
        "attribution": server.attribution,
        "terms": server.terms,
        "latitude": latitude,
        "longitude": longitude,
        "bounds": dict(zip(("south", "west", "north", "east"), mosaic.bounds)),
        "metres_per_pixel": mosaic.metres,
        "first_tile": first,
        "last_tile": last,
        "tiles": len(tiles),
        # a server's "no picture here" is a picture, too: it would be one of few that repeat
        "different_tiles": len({t.tobytes() for t in tiles.values()}),
        "sha256": hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest(),
        "pppkit": version("pppkit"),
    }
