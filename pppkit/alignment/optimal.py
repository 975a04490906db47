"""Which of the two exact ways to optimally padded features a measurement takes, worked out once for a
model."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from torch import Tensor, nn

from ..checks import one_of
from ..models.hooks import blank
from .canvas import canvas_features
from .certificate import certified_margin
from .geometry import AlignmentError, Geometry, Side, seen
from .plan import UnpaddedPlan, prepare_unpadded, unpadded_features
from .tables import geometries

WAYS = ("auto", "canvas", "unpadded")


@dataclass(frozen=True)
class OptimalPlan:
    """How the optimally padded features of a model at one size are computed.

    Attributes:
        layers: Module paths.
        size: Side of the regular image in pixels.
        padding: The padding scheme of the regular run, or None for the model's own.
        margin: The canvas's margin M, for both ways: a multiple of `stride`, at least padding's reach.
        stride: The total stride in pixels.
        before: Pixels above and left of the regular image that this way looks at, at most M.
        after: Pixels below and right of it, at most M.
        unpadded: The unpadded run, or None for the canvas.
    """

    layers: tuple[str, ...]
    size: int
    padding: str | None
    margin: int
    stride: int
    before: int
    after: int
    unpadded: UnpaddedPlan | None

    @property
    def way(self) -> str:
        """`"unpadded"` or `"canvas"`."""
        return "canvas" if self.unpadded is None else "unpadded"

    def widened(self, margin: int) -> OptimalPlan:
        """The same plan with canvases of a larger margin; the unpadded run sees no more than it needs."""
        if self.unpadded is not None:
            return replace(self, margin=margin)
        return replace(self, margin=margin, before=margin, after=margin)

    def features(
        self,
        model: nn.Module,
        world: Tensor,
        first: int,
        shapes: Mapping[str, tuple[int, ...]],
        seen: Sequence[tuple[int, ...]],
    ) -> dict[str, Tensor]:
        """Optimally padded features, aligned with the regular ones.

        Args:
            model: The network that the plan was made for.
            world: Images with their surroundings, `(N, C, H, W)`.
            first: Row and column of the regular image's first pixel in `world`.
            shapes: Of the regular run's features; the canvas needs them.
            seen: Sizes that global poolings saw in the regular run (`GlobalPools.seen`); the canvas needs
                them.

        Returns:
            For each layer `(N, C, H, W)`.
        """
        if self.unpadded is None:
            start, end = first - self.margin, first + self.size + self.margin
            canvas = world[..., start:end, start:end]
            return canvas_features(model, self.layers, canvas, dict(shapes), seen, self.padding)
        top, left, bottom, right = self.unpadded.margins
        rows = slice(first - top, first + self.size + bottom)
        columns = slice(first - left, first + self.size + right)
        return unpadded_features(model, self.unpadded, world[..., rows, columns])


def plan_optimal(
    model: nn.Module,
    layers: Sequence[str],
    size: int,
    padding: str | None = None,
    optimal: str = "auto",
) -> OptimalPlan:
    """Chooses a way: the unpadded run, which is cheaper, where it follows the network, otherwise the canvas.

    Args:
        model: The network.
        layers: Module paths.
        size: Side of the regular image in pixels.
        padding: The padding scheme of the regular run, or None for the model's own.
        optimal: One of `WAYS`; `"auto"` chooses.

    Raises:
        AlignmentError: If the way that was named, or for `"auto"` both, cannot be exact for this network.
        ValueError: For an unknown way, or a network that cannot run under the scheme at this size.
    """
    one_of("optimal", optimal, WAYS)
    refusal = None
    if optimal != "canvas":
        try:
            return _plan_unpadded(model, tuple(layers), size, padding)
        except AlignmentError as error:
            if optimal == "unpadded":
                raise
            refusal = error
    try:
        margin, stride = certified_margin(model, layers, size, padding)
    except AlignmentError as error:
        if refusal is None:
            raise
        raise AlignmentError(f"{error}. Nor can it run without padding: {refusal}") from error
    return OptimalPlan(tuple(layers), size, padding, margin, stride, margin, margin, None)


def _plan_unpadded(model: nn.Module, layers: tuple[str, ...], size: int, padding: str | None) -> OptimalPlan:
    """The unpadded run, tried once: some of what it refuses shows only without padding."""
    try:
        margin, stride = followed_margin(geometries(model, layers, size, padding), size)
        plan = prepare_unpadded(model, layers, size, padding)
        unpadded_features(model, plan, blank(model, *plan.crop_size))
    except (RuntimeError, AssertionError) as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise AlignmentError(
            f"optimal='unpadded': the model does not run without padding at size={size} ({why}); "
            "a larger size or optimal='canvas' may help"
        ) from error
    top, left, bottom, right = plan.margins
    before, after = max(top, left), max(bottom, right)
    return OptimalPlan(layers, size, padding, margin, stride, before, after, plan)


def followed_margin(found: Mapping[str, Geometry], size: int) -> tuple[int, int]:
    """The canvas's margin and the total stride from geometries, without running the network on canvases.

    Args:
        found: Geometries of the padded run.
        size: Side of the regular image in pixels.
    """
    sides = [side for g in found.values() for side in g.sides]
    need = max(math.ceil(_reached(side, size) * side.stride) for side in sides)
    total = math.lcm(*(side.stride.numerator for side in _ancestors(sides)))
    return max(1, math.ceil(need / total)) * total, total


def _reached(side: Side, size: int) -> int:
    """Pixels at either end of a map that see beyond the image, if the map went on."""
    last = side.regular - 1
    low, high = seen([(side, side.window())])
    far = math.ceil(max(-low, high - size + 1, 0) / side.stride) + 2
    ends = (
        bisect_left(range(far), True, key=lambda j: seen([(side, (j, j))])[0] >= 0),
        bisect_left(range(far), True, key=lambda j: seen([(side, (last - j, last - j))])[1] < size),
    )
    return max(ends)


def _ancestors(sides: Sequence[Side]) -> list[Side]:
    """Maps, and all the maps that they were made of."""
    found: dict[int, Side] = {}
    stack = list(sides)
    while stack:
        side = stack.pop()
        if side.order not in found:
            found[side.order] = side
            stack.extend(source for source, _ in side.sources)
    return list(found.values())
