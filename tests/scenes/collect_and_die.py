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

MOSAICS = around([(f"m{i}", 40 - 9 * i, 20 * i) for i in range(6)], 6, 90, tile=32)


def server(template):
    return TileServer(template, "nobody", "none")


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def run(kill, template, folder):
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
    manners = Manners(rate=1000, at_once=4, wait=0.01)
    collect(server(template), MOSAICS, folder, manners=manners, progress=False)


if __name__ == "__main__":
    template, folder, kills = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    found = []
    for kill in range(kills):
        child = os.fork()
        if not child:
            run(kill, template, folder)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        tiles = [p.relative_to(folder / "tiles").with_suffix("").parts for p in folder.rglob("*.tile")]
        parts = len(list(folder.rglob("*.part")))
        found.append(
            {"signal": os.WTERMSIG(status), "tiles": [list(map(int, t)) for t in tiles], "parts": parts}
        )
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
            template.split("/{")[0] + f"/mark{kill}"
        )
    (folder.parent / "kills.json").write_text(json.dumps(found))
