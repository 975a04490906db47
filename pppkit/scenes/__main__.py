"""`python -m pppkit.scenes collect`: photographs from a tile server of your own choice."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..checks import exit_code

if TYPE_CHECKING:
    from .tiles import Mosaic

KEY = "TILES_KEY"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pppkit.scenes", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    part = commands.add_parser("collect", help="mosaics around places or inside a box; a killed run goes on")
    part.add_argument("folder", type=Path, help="of the mosaics")
    part.add_argument(
        "--url",
        required=True,
        help="https://HOST/{z}/{x}/{y}.jpg of a server that you may collect from; {-y} counts rows from the "
        f"south, {{key}} is read from the environment's {KEY}",
    )
    part.add_argument("--attribution", required=True, help="whom a picture must name")
    part.add_argument("--terms", required=True, help="licence: its text, its address, or @FILE")
    where = part.add_mutually_exclusive_group(required=True)
    where.add_argument("--places", type=Path, help="CSV file with the columns name, latitude, longitude")
    where.add_argument("--box", metavar="SOUTH,WEST,NORTH,EAST", help="in degrees: --box=-1.5,30,-1,31")
    part.add_argument("--zoom", type=int, required=True, help="level")
    part.add_argument(
        "--size", type=int, default=2048, help="side of a mosaic in pixels (default: %(default)s)"
    )
    part.add_argument("--tile", type=int, default=256, help="side of a tile in pixels (default: %(default)s)")
    part.add_argument("--rate", type=float, default=2, help="requests a second (default: %(default)s)")
    part.add_argument("--at-once", type=int, default=2, help="requests at a time (default: %(default)s)")
    part.add_argument("--contact", default="", help="an address of yours, for the user agent")
    part.add_argument("--most", type=int, default=20_000, help="tiles to fetch (default: %(default)s)")
    part.add_argument("--plan", action="store_true", help="say how many tiles that is, and ask for none")
    return parser


def _wanted(a: argparse.Namespace) -> list[Mosaic]:
    from .tiles import around, inside, read_places

    if a.places:
        return around(read_places(a.places), a.zoom, a.size, a.tile)
    try:
        south, west, north, east = map(float, a.box.split(","))
    except ValueError as error:
        raise ValueError(f"--box {a.box} must be SOUTH,WEST,NORTH,EAST in degrees") from error
    return inside(south, west, north, east, a.zoom, a.size, a.tile)


def _collect(a: argparse.Namespace) -> int:
    from .tiles import Manners, TileServer, collect

    terms = Path(a.terms[1:]).read_text() if a.terms.startswith("@") else a.terms
    key = os.environ.get(KEY, "") if "{key}" in a.url else ""
    server = TileServer(a.url, a.attribution, terms, key)
    manners = Manners(rate=a.rate, at_once=a.at_once, contact=a.contact)
    mosaics = _wanted(a)
    tiles = len({place for m in mosaics for place in m.tiles})
    print(
        f"{len(mosaics)} mosaics of {tiles} tiles, {tiles / a.rate / 60:.1f} minutes at {a.rate:g} a second",
        flush=True,
    )
    if a.plan:
        return 0
    rows = collect(server, mosaics, a.folder, manners=manners, most=a.most)
    print(rows.to_string(index=False, justify="left"))
    return int((rows["state"] == "incomplete").any())


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; errors in its input end it with a sentence and code 2, not a traceback."""
    a = _parser().parse_args(arguments)
    return exit_code(partial(_collect, a), ImportError)


if __name__ == "__main__":
    sys.exit(main())
