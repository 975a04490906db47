"""How a read-out is trained and scored (Islam, Jia and Bruce, ICLR 2020)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...metrics import PatternScore
from .readout import MatmulConv2d, ReadOut


class ResizedMSE(nn.Module):
    """Mean squared error between small maps, once resized to a target's size, and the target.

    Nothing of that size is computed.

    Resizing is linear along each axis, so the error is a quadratic form of the small map: with the axes'
    matrices U and V and the target t it is (<U'U m V'V, m> - 2 <U't V, m> + <t, t>) / pixels.

    Args:
        target: `(H, W)` for all trials, or `(trials, H, W)`.
        shape: Of the small maps.
    """

    def __init__(self, target: Tensor, shape: tuple[int, int]):
        super().__init__()
        u, v = (
            F.interpolate(
                torch.eye(n, device=target.device, dtype=target.dtype)[None],
                size,
                mode="linear",
                align_corners=True,
            )[0].T
            for n, size in zip(shape, target.shape[-2:])
        )
        self.rows, self.columns, self.seen = u.T @ u, v.T @ v, u.T @ target @ v
        self.constant, self.pixels = target.square().sum((-2, -1)), target.shape[-2:].numel()

    def forward(self, maps: Tensor) -> Tensor:
        """Of maps `(N, trials, h, w)`: for each trial its error, `(trials,)`."""
        products = ((self.rows @ maps @ self.columns - 2 * self.seen) * maps).sum((2, 3))
        return (products.mean(0) + self.constant) / self.pixels


def passes(
    module: nn.Module,
    errors: Callable[[Tensor], Tensor],
    images: int,
    epochs: int = 15,
    batch: int = 32,
    seed: int = 0,
) -> Iterator[Tensor]:
    """Trains read-outs by the authors' protocol, an epoch each time that the next item is asked for.

    SGD, lr 0.1, momentum 0.9, weight decay 1e-4, the rate times 0.1 after ten epochs.

    Args:
        module: Trained in place; in eval mode between epochs.
        errors: From the places of a step's images to the error of each read-out. Their sum is descended, so
            that read-outs that share nothing learn what they would learn alone.
        images: How many there are.
        epochs: How many.
        batch: Images in a step.
        seed: Of the order of images, which all read-outs share.

    Yields:
        The mean error of each read-out over an epoch.
    """
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [10], 0.1)
    order = torch.Generator().manual_seed(seed)
    for _ in range(epochs):
        module.train()
        total: Tensor | float = 0.0
        for some in torch.randperm(images, generator=order).split(batch):
            optimizer.zero_grad()
            found = errors(some)
            found.sum().backward()
            optimizer.step()
            total = total + found.detach() * len(some)
        schedule.step()
        module.eval()
        yield torch.as_tensor(total / images)


def train(
    readout: ReadOut, x: Tensor, target: Tensor, epochs: int = 15, batch: int = 32, seed: int = 0
) -> list[float]:
    """The authors' protocol (see `passes`) on features that are ready.

    Args:
        readout: Trained in place, left in eval mode.
        x: Features `(N, C, h, w)`, computed once.
        target: `(side, side)`.
        epochs: How many.
        batch: Images in a step.
        seed: Of the order of images.

    Returns:
        The loss in each epoch, of all trials together.
    """
    error, several = None, isinstance(readout.layers[0], MatmulConv2d)

    def errors(some: Tensor) -> Tensor:
        nonlocal error
        maps = readout.small([x[i] for i in some] if several else x[some.to(x.device)])
        error = error or ResizedMSE(target, maps.shape[2:])  # type: ignore[arg-type]
        return error(maps)

    return [float(found.sum()) for found in passes(readout, errors, len(x), epochs, batch, seed)]


@torch.no_grad()
def score(readout: ReadOut, x: Tensor, target: Tensor, batch: int = 32) -> list[dict[str, float]]:
    """SPC and MAE of each trial on features `(N, C, h, w)`.

    Returns:
        For each trial `spc`, `mae`, and `nan`: how many of `count` maps had no correlation.
    """
    trials = int(readout.layers[-1].num_features)  # type: ignore[arg-type]
    scores = [PatternScore(sync_on_compute=False) for _ in range(trials)]
    for part in x.split(batch):
        for metric, maps in zip(scores, readout(part).cpu().unbind(1)):
            metric.update(maps, target.cpu())
    return [{k: v.item() for k, v in metric.compute().items()} for metric in scores]
