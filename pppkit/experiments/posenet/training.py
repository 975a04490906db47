"""How a read-out is trained and scored (Islam, Jia and Bruce, ICLR 2020)."""

from __future__ import annotations

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
        target: `(H, W)`.
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
            for n, size in zip(shape, target.shape)
        )
        self.rows, self.columns, self.seen = u.T @ u, v.T @ v, u.T @ target @ v
        self.constant, self.pixels = target.square().sum(), target.numel()

    def forward(self, maps: Tensor) -> Tensor:
        """Of maps `(N, trials, h, w)`: for each trial its error, `(trials,)`."""
        products = ((self.rows @ maps @ self.columns - 2 * self.seen) * maps).sum((2, 3))
        return (products.mean(0) + self.constant) / self.pixels


def train(
    readout: ReadOut, x: Tensor, target: Tensor, epochs: int = 15, batch: int = 32, seed: int = 0
) -> list[float]:
    """The authors' protocol: SGD and mean squared error.

    lr 0.1, momentum 0.9, weight decay 1e-4, the rate times 0.1 after ten epochs.

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
    optimizer = torch.optim.SGD(readout.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [10], 0.1)
    order = torch.Generator().manual_seed(seed)
    losses, error, several = [], None, isinstance(readout.layers[0], MatmulConv2d)
    readout.train()
    for _ in range(epochs):
        total = 0.0
        for some in torch.randperm(len(x), generator=order).split(batch):
            optimizer.zero_grad()
            maps = readout.small([x[i] for i in some] if several else x[some.to(x.device)])
            error = error or ResizedMSE(target, maps.shape[2:])  # type: ignore[arg-type]
            loss = error(maps).sum()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(some)
        schedule.step()
        losses.append(total / len(x))
    readout.eval()
    return losses


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
