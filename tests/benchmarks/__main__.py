import argparse
import functools
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[2]
PARTS = ["speed", "scenes", "memory", "padding", "bhv", "training", "posenet", "channels", "book"]
NETWORKS = ("vgg19", "resnet50", "efficientnet_b0")

# In processes of their own, because a process's largest memory only ever grows.
MEMORY = """
import resource, sys, torch
from pppkit import InfiniteScene, measure_ppp, models
from pppkit.alignment import canvas_margin
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
name, n = sys.argv[1], int(sys.argv[2])
net = models.build(name)
margin = canvas_margin(net)
start = peak()
if n == 0:  # one batch's features and nothing else: the bare forward passes
    with torch.no_grad():
        net(torch.rand(1, 3, 224, 224))
        net(torch.rand(1, 3, 224 + 2 * margin, 224 + 2 * margin))
else:
    measure_ppp(net, InfiniteScene(0), padding="zeros", n=n, progress=False)
print(peak())
"""


def seconds(run, repeats=1):
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return best


class Ready:
    """A scene whose pixels cost nothing, to time the measurement alone."""

    shape = None

    def __init__(self, pixels):
        self.pixels = pixels

    def crop(self, y, x, height, width):
        return self.pixels[:, :height, :width]


def measure_speed(name, n=6, repeats=3):
    """measure_ppp beside the two bare passes by the canvas, in turn: on ready images, on drawn ones."""
    import torch

    from pppkit import InfiniteScene, measure_ppp, models
    from pppkit.alignment import canvas_margin
    from pppkit.scenes import windows

    net = models.build(name)
    margin = canvas_margin(net)
    scene = InfiniteScene(0)
    places = windows(scene, n, 224 + 2 * margin)
    pixels = places[0].read()
    canvas = (pixels[None] / 255 - 0.45) / 0.22
    image = canvas[..., margin:-margin, margin:-margin].contiguous()

    def bare():
        with torch.no_grad():
            for _ in range(n):
                net(image)
                net(canvas)

    def measured(scenes, optimal):
        given = {"padding": "zeros", "n": n, "optimal": optimal, "counts": [n], "progress": False}
        return measure_ppp(net, scenes, **given).rows["seconds"].iloc[0]

    runs = {
        "bare": lambda: seconds(bare),
        "images ready": lambda: measured(Ready(pixels), "auto"),
        "by the canvas": lambda: measured(Ready(pixels), "canvas"),
        "scenes drawn": lambda: measured(scene, "auto"),
        "drawing alone": lambda: seconds(lambda: [w.read() for w in places]),
    }
    bare()
    times = {what: [] for what in runs}
    for _ in range(repeats):
        for what, run in runs.items():
            times[what].append(run())
    best = {what: min(values) for what, values in times.items()}
    ratios = {what: value / best["bare"] for what, value in best.items() if what != "bare"}
    drawn = best["scenes drawn"] / best["images ready"]
    return ratios | {"drawn / ready": drawn, "seconds an image": best["images ready"] / n}


def memory(name):
    peaks = {
        n: float(
            subprocess.run(
                [sys.executable, "-c", MEMORY, name, str(n)], capture_output=True, text=True, check=True
            ).stdout
        )
        for n in (0, 1, 12)
    }
    return {"GiB over the bare passes": peaks[12] - peaks[0], "GiB from 1 to 12 images": peaks[12] - peaks[1]}


def rebuild():
    """The book with all results present and every notebook to run, and again with nothing changed."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "clone", "-q", str(ROOT), folder], check=True)
        build = [sys.executable, "-m", "pppkit.book", "build", "--root", folder]

        def run():
            subprocess.run(build, check=True, capture_output=True)

        return {"results present": seconds(run), "nothing changed": seconds(run)}


def plain_bhv(scheme, epochs):
    """The authors' protocol as one would write it: float32, torch's own padding, all cores; validation and
    both tests included."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    from pppkit.experiments.bhv.squares import make_splits, render

    padding = 0 if scheme == "none" else 2 if scheme.startswith("full-") else 1
    mode = "circular" if "circular" in scheme else "zeros"
    splits = make_splits("authors")
    sets = {
        k: (render(splits[k]), torch.from_numpy(splits[k].labels))
        for k in ("train", "validation", "similar", "dissimilar")
    }
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layers = []
        for channels, out, stride in ((3, 32, 1), (32, 32, 2), (32, 64, 2), (64, 64, 2)):
            layers += [nn.Conv2d(channels, out, 3, stride, padding, bias=False, padding_mode=mode), nn.ReLU()]
        net = nn.Sequential(*layers, nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(64, 2))
    optimizer = torch.optim.Adadelta(net.parameters(), lr=1.0, rho=0.9, eps=1e-6, weight_decay=5e-5)

    def run():
        for _ in range(epochs):
            for images, labels in zip(*(t.split(200) for t in sets["train"])):
                optimizer.zero_grad()
                F.cross_entropy(net(images), labels).backward()
                optimizer.step()
            for images, labels in zip(*(t.split(200) for t in sets["validation"])):
                F.cross_entropy(net(images), labels).item()
        for name in ("similar", "dissimilar"):
            for images in sets[name][0].split(200):
                net(images)

    return seconds(run)


def bhv_speed(epochs=5):
    """A training beside the plain loop: alone on one core, and its share of two at once on two workers."""
    from pppkit.experiments import Context, bhv
    from pppkit.results.sweeps import connect

    def measured(client, trials):
        work = functools.partial(bhv.measure, context=Context(Path()))
        return seconds(lambda: client.gather(client.map(work, trials, pure=False))) / len(trials)

    out = {}
    with connect(1) as one, connect(2) as two:
        for scheme in bhv.AUTHORS:
            trials = bhv.grid(padding=scheme, background="black", splits="authors", networks=4, epochs=epochs)
            measured(one, trials[:1]), measured(two, trials)  # imports, first allocations
            alone, both = measured(one, trials[:2]), measured(two, trials)
            plain = plain_bhv(scheme, epochs)
            out[scheme] = {
                "plain, s": plain,
                "plain / one core": plain / alone,
                "plain / share of two": plain / both,
                "2 workers / 1": alone / both,
            }
    return out


def training_speed():
    """Trainings with PPP along the way, on two single-threaded workers against one."""
    from pppkit.experiments import Context
    from pppkit.experiments.ppp import chronology
    from pppkit.results.sweeps import connect

    out = {}
    with connect(1) as one, connect(2) as two:
        for family in NETWORKS:
            trials = chronology.grid("quick", [family], ["zeros", "reflect"], networks=2)

            def measured(client, trials):
                with tempfile.TemporaryDirectory() as folder:
                    run = functools.partial(chronology.measure, context=Context(Path(folder)))
                    return seconds(lambda: client.gather(client.map(run, trials, pure=False))) / len(trials)

            measured(one, trials[:1]), measured(two, trials[:2])  # imports, first allocations
            alone, both = measured(one, trials[:2]), measured(two, trials)
            out[family] = {"seconds a network": alone, "2 workers / 1": alone / both}
    return out


def main():
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("what", nargs="*", default=PARTS, help=", ".join(PARTS))
    what = parser.parse_args().what
    if "speed" in what:
        print(
            "\nmeasure_ppp beside the bare passes, zeros, 224 pixels "
            "(reach: 0.85 with images ready; drawn / ready 1.10)\n",
            pd.DataFrame({n: measure_speed(n) for n in NETWORKS}).T.round(3).to_string(),
            flush=True,
        )
    if "scenes" in what:
        from .drawing import drawing_speed

        print("\nwindows of scenes, ms by side\n", drawing_speed().round(1).to_string(), flush=True)
    if "memory" in what:
        print(
            "\nmemory, batch 1 (reach: constant, under 1 GiB)\n",
            pd.DataFrame({n: memory(n) for n in NETWORKS}).T.round(3).to_string(),
            flush=True,
        )
    if "padding" in what:
        from .padding import padding_speed

        print(
            "\na training step beside one under zeros (reach: copied borders 0.9, randn 0.6; "
            "floor: maps padded at no cost)\n",
            padding_speed().round(2).to_string(),
            flush=True,
        )
    if "bhv" in what:
        print(
            "\na BHV training (reach: 5; 2 workers 1.8)\n",
            pd.DataFrame(bhv_speed()).T.round(2).to_string(),
            flush=True,
        )
    if "training" in what:
        print(
            "\ntrainings (reach: 2 workers 1.8)\n",
            pd.DataFrame(training_speed()).T.round(2).to_string(),
            flush=True,
        )
    if "posenet" in what:
        from .read_outs import read_out_speed

        print(
            "\nPosENet's read-outs on features computed once, beside features again in each epoch "
            "(reach: a trial 10, a row of five patterns 25)\n",
            pd.Series(read_out_speed()).round(2).to_string(),
            flush=True,
        )
    if "channels" in what:
        from .channels import channels_speed

        print("\na GAPNet epoch (reach: ratio 3)\n", channels_speed().round(2).to_string(), flush=True)
    if "book" in what:
        print("\nbook, seconds (reach: 300 and 10)\n", pd.Series(rebuild()).round(1).to_string(), flush=True)


if __name__ == "__main__":
    main()
