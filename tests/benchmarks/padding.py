"""A training step under each scheme beside one under zeros: a ResNet-20 for 32-pixel images, one thread."""

from __future__ import annotations

import time

import pandas as pd
import torch
import torch.nn.functional as F

from pppkit import models
from pppkit.padding import Padding

SCHEMES = ("zeros", "reflect", "replicate", "circular", "randn")
WIDTHS = {"16 to 64": 1.0, "32 to 128": 2.0}
BATCH = 128


def training_steps(width: float, bf16: bool):
    """A function that takes one training step under a scheme."""
    model = models.build("cifar_resnet20", width=width, seed=0).to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
    numbers = torch.Generator().manual_seed(0)
    images = torch.randn(BATCH, 3, 32, 32, generator=numbers).contiguous(memory_format=torch.channels_last)
    labels = torch.randint(10, (BATCH,), generator=numbers)

    def step(scheme: str) -> None:
        with Padding(scheme, generator=numbers), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            output = model(images)
        optimizer.zero_grad()
        F.cross_entropy(output.float(), labels).backward()
        optimizer.step()

    return step


def ratios(step, repeats: int) -> dict[str, float]:
    """Speed beside zeros, from steps taken in turn; processor time, and the fastest of each."""
    seconds = dict.fromkeys(SCHEMES, float("inf"))
    for repeat in range(repeats + 1):
        for scheme in SCHEMES:
            start = time.process_time()
            step(scheme)
            if repeat:  # the first one allocates
                seconds[scheme] = min(seconds[scheme], time.process_time() - start)
    return {"zeros, ms": 1e3 * seconds["zeros"]} | {s: seconds["zeros"] / seconds[s] for s in SCHEMES[1:]}


def padding_speed(repeats: int = 8) -> pd.DataFrame:
    """The ratios of every width and precision."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        rows = {
            f"{name}, {'bf16' if bf16 else 'fp32'}": ratios(training_steps(width, bf16), repeats)
            for name, width in WIDTHS.items()
            for bf16 in (True, False)
        }
    finally:
        torch.set_num_threads(threads)
    return pd.DataFrame(rows).T
