"""How long windows of scenes take to draw, on one core."""

import time

import pandas as pd

SIDES = (64, 224, 480, 672, 1120)


def drawing_speed(repeats: int = 7) -> pd.Series:
    """The least milliseconds of processor time per window, over several windows of each side."""
    from pppkit import InfiniteScene
    from pppkit.scenes import windows

    scene, least = InfiniteScene(0), {}
    for side in SIDES:
        times = []
        for window in windows(scene, repeats, side):
            start = time.thread_time()
            window.read()
            times.append(1000 * (time.thread_time() - start))
        least[side] = min(times)
    return pd.Series(least, name="ms")
