"""Read-outs of many settings over the same features, trained in one pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...checks import one_of
from ...metrics import PatternScore
from .patterns import PATTERNS, SIDE, pattern
from .pictures import READ, resized
from .readout import ReadOut
from .training import ResizedMSE, passes


@dataclass(frozen=True)
class Setting:
    """One read-out.

    Attributes:
        pattern: What it is to find, of `PATTERNS`.
        depth: Convolutions.
        kernel: Their size.
        padding: Theirs.
        stages: Places of the layers that it reads; None for all.
        seed: Of its initial weights.
    """

    pattern: str = "gaussian"
    depth: int = 1
    kernel: int = 3
    padding: int = 0
    stages: tuple[int, ...] | None = None
    seed: int = 0


class _Products(torch.autograd.Function):
    """One matrix times the features of some images, which are copied neither here nor for the gradient."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, x: Tensor, some: list[int]) -> Tensor:
        """`(rows, C)` and all images' `(N, C, pixels)` to some images' `(n, rows, pixels)`."""
        ctx.x, ctx.some = x, some
        out = weight.new_empty(len(some), len(weight), x.shape[2])
        for place, image in enumerate(some):
            torch.mm(weight, x[image], out=out[place])
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        """That of the weights; the features are frozen."""
        (grad,) = grads
        total = grad.new_zeros(grad.shape[1], ctx.x.shape[1])
        for part, image in zip(grad, ctx.some):
            total.addmm_(part, ctx.x[image].T)
        return total, None, None


class _TapSum(torch.autograd.Function):
    """Adds the maps of a kernel's taps, each shifted to its place: the rest of a convolution."""

    @staticmethod
    def forward(ctx: Any, taps: Tensor, kernel: int, padding: int) -> Tensor:
        """`(n, settings, kernel * kernel, h, w)` to `(n, settings, h', w')`; beyond the maps there is 0."""
        ctx.shape, ctx.kernel, ctx.padding = taps.shape, kernel, padding
        height, width = (side + 2 * padding - kernel + 1 for side in taps.shape[3:])
        out = taps.new_zeros(*taps.shape[:2], height, width)
        for tap, to, source in _shifts(taps.shape[3:], kernel, padding):
            out[to] += taps[:, :, tap][source]
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        (grad,) = grads
        whole = ctx.padding == 0 and ctx.kernel == 1
        taps = grad.new_empty(ctx.shape) if whole else grad.new_zeros(ctx.shape)
        for tap, to, source in _shifts(ctx.shape[3:], ctx.kernel, ctx.padding):
            taps[:, :, tap][source] = grad[to]
        return taps, None, None


Place = tuple[Any, slice, slice]


def _shifts(shape: Sequence[int], kernel: int, padding: int) -> Iterator[tuple[int, Place, Place]]:
    """For each tap, where in the sum its map goes, and which part of it."""
    for tap in range(kernel * kernel):
        to, source = [], []
        for side, place in zip(shape, divmod(tap, kernel)):
            first = max(0, padding - place)
            last = min(side + 2 * padding - kernel + 1, side + padding - place)
            to.append(slice(first, last))
            source.append(slice(first + place - padding, last + place - padding))
        yield tap, (..., to[0], to[1]), (..., source[0], source[1])


class _Group(NamedTuple):
    """Settings of one kernel and padding: their places, and what follows their convolution."""

    kernel: int
    padding: int
    places: list[int]


class Bank(nn.Module):
    """The read-outs of many settings, each with its own weights, over the layers' features of one network.

    A read-out of depth 1 is linear in the channels, so the weights of all of them are one matrix for each
    layer, and its product with a layer's features comes before these are resized to 28 x 28. No convolution
    of theirs has a bias: BatchNorm, which follows, takes any away. Deeper read-outs of one shape are the
    groups of one convolution (`ReadOut`).

    Args:
        channels: Of each layer.
        settings: One for each read-out.
        side: Pixels of the predicted maps.

    Raises:
        ValueError: For no settings, an unknown pattern or stage, or a depth or kernel below 1.
    """

    def __init__(self, channels: Sequence[int], settings: Sequence[Setting], side: int = SIDE):
        super().__init__()
        if not settings:
            raise ValueError("settings=[] holds no read-out; give at least one Setting")
        every = tuple(range(len(channels)))
        self.settings = [replace(s, stages=every if s.stages is None else s.stages) for s in settings]
        for setting in self.settings:
            _check(setting, len(channels))
        self.side, self.channels = side, list(channels)
        self._group()
        self._draw()

    def _group(self) -> None:
        shallow: dict[tuple[int, int], list[int]] = {}
        deep: dict[tuple[Any, ...], list[int]] = {}
        for place, s in enumerate(self.settings):
            if s.depth == 1:
                shallow.setdefault((s.kernel, s.padding), []).append(place)
            else:
                deep.setdefault((s.depth, s.kernel, s.padding, s.stages), []).append(place)
        self.groups = [_Group(*shape, places) for shape, places in shallow.items()]
        self.norms = nn.ModuleList(nn.BatchNorm2d(len(group.places)) for group in self.groups)
        self.deep_places, self.deep_stages = list(deep.values()), [shape[3] for shape in deep]
        self.deep = nn.ModuleList()
        for (depth, kernel, padding, stages), places in deep.items():
            channels, seeds = sum(self.channels[i] for i in stages), [self.settings[i].seed for i in places]
            self.deep.append(ReadOut(channels, seeds, depth, kernel, padding, self.side))

    def _draw(self) -> None:
        """The shallow read-outs' initial weights, as rows: those of a setting's taps, setting by setting."""
        rows: list[list[Tensor]] = [[] for _ in self.channels]
        for group in self.groups:
            for place in group.places:
                s = self.settings[place]
                stages = s.stages or ()
                weight = torch.empty(1, sum(self.channels[i] for i in stages), s.kernel, s.kernel)
                nn.init.xavier_uniform_(weight, generator=torch.Generator().manual_seed(s.seed))
                parts = weight[0].flatten(1).T.split([self.channels[i] for i in stages], 1)
                for layer, part in zip(stages, parts):
                    rows[layer].append(part)
        none = [torch.empty(0, count) for count in self.channels]
        self.taps = nn.ParameterList(
            nn.Parameter(torch.cat(own) if own else empty) for own, empty in zip(rows, none)
        )

    def targets(self, places: Sequence[int] | None = None) -> Tensor:
        """The patterns of some settings, or of all: `(settings, side, side)`."""
        chosen = self.settings if places is None else [self.settings[i] for i in places]
        return torch.stack([pattern(s.pattern, self.side) for s in chosen])

    def small(self, features: Sequence[Tensor], some: Tensor) -> list[tuple[list[int], Tensor]]:
        """Maps in (0, 1), before they are resized.

        Args:
            features: All images', for each layer `(N, C, h, w)`, of which none is larger than 28 x 28.
            some: Which images are asked for.

        Returns:
            For settings of one shape their places and their maps `(n, settings, h', w')`.
        """
        found = [
            (group.places, norm(_TapSum.apply(taps, group.kernel, group.padding)).sigmoid())
            for group, norm, taps in zip(self.groups, self.norms, self._tap_maps(features, some))
        ]
        for readout, places, stages in zip(self.deep, self.deep_places, self.deep_stages):
            chosen = some.to(features[0].device)
            joined = resized([features[i][chosen] for i in stages])
            found.append((places, readout.small(joined)))  # type: ignore[operator]
        return found

    def _tap_maps(self, features: Sequence[Tensor], some: Tensor) -> list[Tensor]:
        """For each group the maps of its taps, `(n, settings, kernel * kernel, 28, 28)`: sums over layers."""
        totals: list[Tensor | None] = [None] * len(self.groups)
        images = some.tolist()
        for layer, (weight, x) in enumerate(zip(self.taps, features)):
            if not len(weight):
                continue
            maps = _Products.apply(weight, x.flatten(2), images).unflatten(2, x.shape[2:])
            maps = _enlarged(maps)
            readers = [[i for i in g.places if layer in (self.settings[i].stages or ())] for g in self.groups]
            sizes = [len(own) * group.kernel**2 for own, group in zip(readers, self.groups)]
            for i, (part, own, group) in enumerate(zip(maps.split(sizes, 1), readers, self.groups)):
                if not own:
                    continue
                part = part.unflatten(1, (len(own), group.kernel**2))
                total = totals[i]
                if own == group.places:
                    totals[i] = part if total is None else total + part
                    continue
                if total is None:
                    total = part.new_zeros(len(part), len(group.places), *part.shape[2:])
                where = torch.tensor([group.places.index(place) for place in own], device=part.device)
                totals[i] = total.index_add(1, where, part)
        return [total for total in totals if total is not None]


def _check(setting: Setting, layers: int) -> None:
    one_of("pattern", setting.pattern, PATTERNS)
    for name, value in (("depth", setting.depth), ("kernel", setting.kernel)):
        if value < 1:
            raise ValueError(f"{name}={value} must be at least 1")
    stages = setting.stages or ()
    if not stages or not set(stages) <= set(range(layers)):
        raise ValueError(f"stages={setting.stages!r} must name layers from 0 to {layers - 1}, at least one")


def _enlarged(maps: Tensor) -> Tensor:
    """Maps `(N, C, h, w)` at 28 x 28, by a product along each axis."""
    if tuple(maps.shape[2:]) == (READ, READ):
        return maps
    u, v = (
        F.interpolate(torch.eye(n, device=maps.device)[None], READ, mode="linear", align_corners=True)[0].T
        for n in maps.shape[2:]
    )
    return u @ maps @ v.T


def learn(
    bank: Bank,
    features: Sequence[Tensor],
    epochs: int = 15,
    batch: int = 32,
    seed: int = 0,
    mixed: bool = False,
) -> Iterator[Tensor]:
    """Trains a bank by the authors' protocol, an epoch each time that the next item is asked for.

    Args:
        bank: Trained in place.
        features: For each layer `(N, C, h, w)`, computed once.
        epochs: As in `passes`, and so the others.
        batch: Images in a step.
        seed: Of the order of images, which all read-outs share.
        mixed: Lets convolutions of deep read-outs work in bfloat16.

    Yields:
        The mean error of each setting over an epoch.
    """
    made: dict[tuple[int, ...], ResizedMSE] = {}
    device = features[0].device

    def errors(some: Tensor) -> Tensor:
        places, found = [], []
        with torch.autocast(device.type, torch.bfloat16, enabled=mixed):
            predicted = bank.small(features, some)
        for own, maps in predicted:
            if tuple(own) not in made:
                shape = (maps.shape[2], maps.shape[3])
                made[tuple(own)] = ResizedMSE(bank.targets(own).to(device), shape)
            places += own
            found.append(made[tuple(own)](maps.float()))
        return torch.cat(found)[torch.tensor(places).argsort().to(device)]

    return passes(bank, errors, len(features[0]), epochs, batch, seed)


@torch.no_grad()
def predictions(
    bank: Bank, features: Sequence[Tensor], places: Sequence[int] | None = None, batch: int = 32
) -> Iterator[tuple[int, Tensor]]:
    """The maps that read-outs predict, batch by batch.

    Args:
        bank: In eval mode.
        features: For each layer `(N, C, h, w)`.
        places: Of the settings that are asked; None for all.
        batch: Images at a time.

    Yields:
        A setting's place and its maps of some images, `(n, side, side)`, on the CPU.
    """
    for some in torch.arange(len(features[0])).split(batch):
        for own, small in bank.small(features, some):
            for place, maps in zip(own, small.unbind(1)):
                if places is None or place in places:
                    large = F.interpolate(maps[:, None], bank.side, mode="bilinear", align_corners=True)
                    yield place, large[:, 0].cpu()


def mean_maps(bank: Bank, features: Sequence[Tensor], places: Sequence[int]) -> dict[int, Tensor]:
    """Of some settings the mean of the predicted maps over images, `(side, side)` by place."""
    found = {place: torch.zeros(bank.side, bank.side) for place in places}
    for place, maps in predictions(bank, features, places):
        found[place] += maps.sum(0) / len(features[0])
    return found


def scores(bank: Bank, features: Sequence[Tensor]) -> list[dict[str, float]]:
    """For each setting `spc`, `mae`, and `nan`: how many of `count` maps had no correlation."""
    found, targets = [PatternScore(sync_on_compute=False) for _ in bank.settings], bank.targets()
    for place, maps in predictions(bank, features):
        found[place].update(maps, targets[place])
    return [{name: value.item() for name, value in score.compute().items()} for score in found]
