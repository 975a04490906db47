"""A collector that is killed again and again: `collect_and_die.py TEMPLATE FOLDER KILLS`.

After each kill it writes which tiles are on disk to `FOLDER/../kills.json`, and marks the server's log.
"""

import json
import os
import signal
import sys
import urllib.request
from pathlib import Path

from pppkit.scenes.tiles import Manners, TileServer, around, collect

FOLDER = Path(sys.argv[2])
SERVER = TileServer(sys.argv[1], "nobody", "none")
MOSAICS = around([(f"m{i}", 40 - 9 * i, 20 * i) for i in range(6)], 6, 90, tile=32)


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def run(kill):
    """In its own process: dies in the middle of a write (even kills) or right after one (odd kills)."""
    left = [1 + kill % 5]
    sync, replace = os.fsync, Path.replace

    def count():
        left[0] -= 1
        return left[0] == 0

    def dying_sync(file):
        sync(file)
        if kill % 2 == 0 and count():
            die()

    def dying_replace(path, target):
        replace(path, target)
        if kill % 2 and count():
            die()

    os.fsync, Path.replace = dying_sync, dying_replace  # type: ignore[method-assign]
    collect(SERVER, MOSAICS, FOLDER, manners=Manners(rate=1000, at_once=4, wait=0.01), progress=False)


if __name__ == "__main__":
    found = []
    for kill in range(int(sys.argv[3])):
        child = os.fork()
        if not child:
            run(kill)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        tiles = [p.relative_to(FOLDER / "tiles").with_suffix("").parts for p in FOLDER.rglob("*.tile")]
        parts = len(list(FOLDER.rglob("*.part")))
        found.append(
            {"signal": os.WTERMSIG(status), "tiles": [list(map(int, t)) for t in tiles], "parts": parts}
        )
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
            SERVER.template.split("/{")[0] + f"/mark{kill}"
        )
    (FOLDER.parent / "kills.json").write_text(json.dumps(found))
