"""A training step under each scheme beside one under zeros: networks for 32-pixel images, one thread.

Zeros are no map of their own: oneDNN leaves them out. Any other border makes the convolution and both of its
gradients read or write a larger map. `floor` is what that costs alone, with maps that are padded already.
"""

from __future__ import annotations

import time

import pandas as pd
import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode

from pppkit import models
from pppkit.padding import Padding

SCHEMES = ("zeros", "floor", "reflect", "replicate", "circular", "randn")
NETWORKS = {
    "ResNet-20, 16 to 64": ("cifar_resnet20", 1.0),
    "ResNet-20, 32 to 128": ("cifar_resnet20", 2.0),
    "ResNet-9, 32 to 256": ("resnet9", 0.5),  # as the book trains it on CIFAR-10, in bf16
}
BATCH = 128


class _Padded(torch.autograd.Function):
    """A map of the padded size that is there already, and a gradient of the map's own size likewise.

    Nothing is copied or added, so the numbers are wrong and the time is that of what comes after.
    """

    buffers: dict[tuple[tuple[int, ...], torch.dtype], torch.Tensor] = {}

    @classmethod
    def buffer(cls, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
        """A map of random numbers in channels_last, the same one for each shape."""
        if (shape, dtype) not in cls.buffers:
            numbers = torch.Generator().manual_seed(0)
            drawn = torch.randn(shape, generator=numbers).to(dtype)
            cls.buffers[shape, dtype] = drawn.contiguous(memory_format=torch.channels_last)
        return cls.buffers[shape, dtype].detach()

    @staticmethod
    def forward(ctx, x: torch.Tensor) -> torch.Tensor:
        ctx.shape = tuple(x.shape)
        n, c, height, width = x.shape
        return _Padded.buffer((n, c, height + 2, width + 2), x.dtype)

    @staticmethod
    def backward(ctx, *grads: torch.Tensor):
        return _Padded.buffer(ctx.shape, grads[0].dtype)


class Floor(TorchFunctionMode):
    """Convolutions of maps that were padded by 1 at no cost: no border computed before them can be faster."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func is not F.conv2d:
            return func(*args, **(kwargs or {}))
        x, weight, bias, stride, padding, *rest = args
        assert padding in (1, (1, 1)), "every convolution of this network pads by 1"
        return func(_Padded.apply(x), weight, bias, stride, 0, *rest)


def training_steps(name: str, width: float, bf16: bool):
    """A function that takes one training step under a scheme."""
    model = models.build(name, width=width, seed=0).to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
    numbers = torch.Generator().manual_seed(0)
    images = torch.randn(BATCH, 3, 32, 32, generator=numbers).contiguous(memory_format=torch.channels_last)
    labels = torch.randint(10, (BATCH,), generator=numbers)

    def step(scheme: str) -> None:
        padding = Floor() if scheme == "floor" else Padding(scheme, generator=numbers)
        with padding, torch.autocast("cpu", torch.bfloat16, enabled=bf16):
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
    """The ratios of every network and precision."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        rows = {
            f"{name}, {'bf16' if bf16 else 'fp32'}": ratios(training_steps(*network, bf16), repeats)
            for name, network in NETWORKS.items()
            for bf16 in (True, False)
        }
    finally:
        torch.set_num_threads(threads)
    return pd.DataFrame(rows).T
