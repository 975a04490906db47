"""A GAPNet epoch of ours beside a plain loop that builds canvases image by image; one thread."""

from __future__ import annotations

import time

import pandas as pd
import torch
import torch.nn.functional as F
from torchvision.transforms import v2

from pppkit import models
from pppkit.experiments.channels import CanvasTask, paste
from pppkit.experiments.channels.canvas import draw_cells

GRIDS = ((3, 32), (3, 16), (7, 16))  # cells of a row, and their side: the paper's, and the published rows'
BATCH, IMAGES = 48, 96
WIDTH = 0.25


def data(size: int):
    """Images as files would give them, and as ours are kept."""
    images = torch.randint(256, (IMAGES, 3, size, size), dtype=torch.uint8)
    return images, [v2.functional.to_pil_image(image) for image in images]


def network(cells: int):
    """Its weights are the same for both."""
    return models.build("gapnet", width=WIDTH, num_classes=cells**2, init="kaiming").train()


def ours(images, cells: int):
    """An epoch as `CanvasTask` trains it, without Lightning's own work."""
    module = CanvasTask(network(cells), "zeros", "location", cells).train()
    optimizer, numbers = module.configure_optimizers(), torch.Generator().manual_seed(0)

    def epoch() -> None:
        for x in images[torch.randperm(len(images), generator=numbers)].split(BATCH):
            x, target = module.placed(*module.recipe.augment(x, torch.zeros(len(x)), numbers), numbers)
            with torch.autocast("cpu", torch.bfloat16):
                output = module(x)
            optimizer.zero_grad()
            module.loss(output, target).backward()
            optimizer.step()

    return epoch


def plain(pictures, cells: int):
    """As one would write it: a data set that pastes one image, the network in float32."""
    transform = v2.Compose([v2.RandomHorizontalFlip(), v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])

    class Canvases(torch.utils.data.Dataset):
        def __len__(self):
            return len(pictures)

        def __getitem__(self, index):
            row, column = divmod(int(torch.randint(cells**2, ())), cells)
            image = transform(pictures[index])
            side = image.shape[-1]
            canvas = torch.zeros(3, cells * side, cells * side)
            y, x = row * side, column * side
            canvas[:, y : y + side, x : x + side] = image
            return canvas, row * cells + column

    model = network(cells)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3, (0.5, 0.999))
    loader = torch.utils.data.DataLoader(Canvases(), BATCH, shuffle=True)

    def epoch() -> None:
        for x, target in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x), target).backward()
            optimizer.step()

    return epoch


def processor_seconds(run) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


def channels_speed(repeats: int = 3) -> pd.DataFrame:
    """Processor time an image, the fastest of each, in turn; and pasting a batch beside a loop."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    out = {}
    try:
        for cells, size in GRIDS:
            images, pictures = data(size)
            runs = {"ours": ours(images, cells), "plain": plain(pictures, cells)}
            best = dict.fromkeys(runs, float("inf"))
            for repeat in range(repeats + 1):  # the first allocates
                for name, run in runs.items():
                    took = processor_seconds(run)
                    best[name] = min(best[name], took) if repeat else best[name]
            found = {f"{k}, ms an image": 1e3 * v / IMAGES for k, v in best.items()}
            found |= {"ratio": best["plain"] / best["ours"], "pasting, ratio": pasting(cells, size)}
            out[f"{cells}x{cells} cells of {size} pixels"] = found
    finally:
        torch.set_num_threads(threads)
    return pd.DataFrame(out).T


def pasting(cells: int, size: int, repeats: int = 20) -> float:
    """A loop over images beside the batch at once."""
    images, cell = (
        torch.rand(BATCH, 3, size, size),
        draw_cells(BATCH, cells, torch.Generator().manual_seed(0)),
    )

    def loop() -> None:
        made = []
        for image, k in zip(images, cell.tolist()):
            canvas = torch.zeros(3, cells * size, cells * size)
            y, x = size * (k // cells), size * (k % cells)
            canvas[:, y : y + size, x : x + size] = image
            made.append(canvas)
        torch.stack(made)

    times = [
        (processor_seconds(loop), processor_seconds(lambda: paste(images, cell, cells)))
        for _ in range(repeats)
    ]
    return min(t for t, _ in times) / min(t for _, t in times)
