"""Read-outs of many settings over the same features of one network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ...checks import one_of
from .patterns import PATTERNS, SIDE, pattern
from .pictures import resized
from .readout import ReadOut
from .taps import Products, TapSum, enlarged


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
            (group.places, norm(TapSum.apply(taps, group.kernel, group.padding)).sigmoid())
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
            maps = Products.apply(weight, x.flatten(2), images).unflatten(2, x.shape[2:])
            maps = enlarged(maps)
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
