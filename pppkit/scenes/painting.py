"""Painting: leaves are laid from the topmost down, so that whatever is hidden costs little."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .leaves import Leaves, spans

PAIRS = 1 << 13  # pairs of a leaf and a row whose spans are worked out at a time: they stay in a core's cache
PIXELS = 1 << 15  # pixels that are painted at a time
SLACK = 1e-3  # more than what rounding moves a leaf's edge by, even 2**40 pixels away


class Painting:
    """Which leaf is the topmost over each pixel of a window, painted from the topmost leaves down.

    Only open pixels, which nothing covers yet, are looked at: they are numbered one after the other, and
    because those of a row keep their order, what a leaf covers of a row is one span of these numbers, too.

    Args:
        y: First row of the window.
        x: First column.
        height: Rows; one more is painted where they are odd.
        width: Columns; one more is painted where they are odd.

    Attributes:
        owner: Number of the leaf over each pixel, `(height, width)`, in the order of painting; -1 where none
            is.
        count: Number of leaves that have been painted.
    """

    def __init__(self, y: int, x: int, height: int, width: int):
        self.y, self.x, self.height, self.width = y, x, height + height % 2, width + width % 2
        self.count = 0
        self._owner = np.full(self.height * self.width, -1, np.int32)
        self.owner = self._owner.reshape(self.height, self.width)[:height, :width]
        self._free: np.ndarray | None = None  # which pixels are open; None while all are
        self._before = np.empty(0, np.int32)  # how many open pixels lie before each pixel
        self._blocks = np.empty(
            (0, 0), np.int32
        )  # how many blocks of 2 x 2 with one lie above and left of each

    @property
    def done(self) -> bool:
        """Whether every pixel is covered."""
        return self._free is not None and not self._before[-1]

    @property
    def window(self) -> tuple[int, int, int, int]:
        """First row, first column, rows and columns that are painted."""
        return self.y, self.x, self.height, self.width

    def shown(self) -> np.ndarray:
        """Whether each of the leaves that were painted still shows: `(count,)`, bool."""
        shown = np.zeros(self.count + 1, bool)
        shown[self._owner] = True  # -1, nothing, is the last
        return shown[:-1]

    def showing(self, y: np.ndarray, x: np.ndarray, tall: np.ndarray, wide: np.ndarray) -> np.ndarray:
        """Indices of those boxes, y +- tall and x +- wide, which hold an open pixel, or nearly."""
        top, bottom = _touched(y - self.y, tall, self.height)
        left, right = _touched(x - self.x, wide, self.width)
        some = np.flatnonzero((bottom > top) & (right > left))
        if self._free is None:
            return some
        blocks, step = self._blocks.ravel(), self._blocks.shape[1]
        above, below = (top[some] >> 1) * step, (bottom[some] + 1 >> 1) * step
        left, right = left[some] >> 1, right[some] + 1 >> 1
        return some[
            blocks[below + right] - blocks[below + left] > blocks[above + right] - blocks[above + left]
        ]

    def add(self, leaves: Leaves) -> np.ndarray:
        """Paints leaves below everything that is there.

        Args:
            leaves: Sorted from the lowest to the topmost.

        Returns:
            Indices of those that were painted and numbered, ascending: the others are hidden or outside.
        """
        tall, wide = leaves.extent()
        kept = self.showing(leaves.y, leaves.x, tall, wide)
        if len(kept):
            rank = np.argsort(leaves.sides[kept].astype(np.uint8), kind="stable")  # as `spans` wants them
            some = kept[rank]
            self._write(*self._in_order(*self._spans(leaves.take(some), rank, tall[some], wide[some])))
        self.count += len(kept)
        return kept

    def _spans(self, leaves: Leaves, rank: np.ndarray, tall: np.ndarray, wide: np.ndarray):
        """What leaves cover: first pixel of each span, how many, and the leaf's rank; in no order."""
        top, bottom = _touched(leaves.y - self.y, tall, self.height)
        left, right = _touched(leaves.x - self.x, wide, self.width)
        count = bottom - top
        found = []
        for some in _chunks(np.cumsum(count), PAIRS):
            piece = np.repeat(np.arange(len(count[some])), count[some])
            row = np.arange(len(piece)) + (bottom[some] - np.cumsum(count[some]))[piece]
            if self._free is not None:
                start = row * self.width
                showing = self._before[start + right[some][piece]] > self._before[start + left[some][piece]]
                piece, row = piece[showing], row[showing]
            found.append(self._covered(leaves.take(some), rank[some], piece, row))
        first, length, leaf = (np.concatenate(part) for part in zip(*found))
        return first, length, leaf

    def _covered(self, leaves: Leaves, number: np.ndarray, piece: np.ndarray, row: np.ndarray):
        """The same for pairs of a leaf and a row, as far as there is a span in the window."""
        low, high = spans(leaves, piece, row + float(self.y))
        low, high = np.maximum(low - self.x, 0), np.minimum(high - self.x, self.width - 1)
        some = np.flatnonzero(high >= low)
        low, high = low[some].astype(np.intp), high[some].astype(np.intp)
        return row[some] * self.width + low, high - low + 1, number[piece[some]]

    def _in_order(self, first: np.ndarray, count: np.ndarray, leaf: np.ndarray):
        """Spans of open pixels in the order of painting: the first one's number, how many, and which leaf."""
        if self._free is not None:
            end = self._before[first + count]
            first = self._before[first]
            count = end - first
            some = np.flatnonzero(count)
            first, count, leaf = first[some], count[some], leaf[some]
        if leaf.max(initial=0) < 1 << 16:
            leaf = leaf.astype(np.uint16)  # numpy sorts 16 bits in linear time
        order = np.argsort(leaf, kind="stable")
        return first[order], count[order], leaf[order]

    def _write(self, first: np.ndarray, count: np.ndarray, leaf: np.ndarray) -> None:
        """Lays spans of open pixels one over the other; numpy keeps the last write: the topmost."""
        owner = self._owner if self._free is None else np.full(self._before[-1], -1, np.int32)
        number = leaf.astype(np.int32) + self.count
        ends = np.cumsum(count)
        shift = first + count - ends  # from a span's place among all that is written to its pixels
        for some in _chunks(ends, PIXELS):
            span = np.repeat(np.arange(some.start, some.stop), count[some])
            written = ends[some.start] - count[some.start]
            pixel = np.arange(written, written + len(span)) + shift[span]
            owner[pixel] = number[span]
        if self._free is not None:
            self._owner[self._free] = owner
        self._count_open()

    def _count_open(self) -> None:
        if self._free is None:
            self._free = np.empty(len(self._owner), bool)
            self._before = np.zeros(len(self._owner) + 1, np.int32)
        np.less(self._owner, 0, out=self._free)
        np.cumsum(self._free, dtype=np.int32, out=self._before[1:])
        pairs = self._free.view(np.uint16).reshape(self.height // 2, 2, self.width // 2)
        blocks = (pairs[:, 0] | pairs[:, 1]) != 0
        self._blocks = np.zeros((self.height // 2 + 1, self.width // 2 + 1), np.int32)
        np.cumsum(np.cumsum(blocks, axis=1, dtype=np.int32), axis=0, out=self._blocks[1:, 1:])


def _chunks(ends: np.ndarray, size: int) -> Iterator[slice]:
    """Parts of a list, each with about `size` of what `ends` counts up to each entry's end."""
    total = int(ends[-1]) if len(ends) else 0
    steps = np.searchsorted(ends, np.arange(size, total, size)).tolist()
    for start, stop in zip([0, *steps], [*steps, len(ends)]):
        if start < stop:
            yield slice(start, stop)


def _touched(middle: np.ndarray, reach: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
    """First of `length` pixels that middle +- reach touches, and the one after the last."""
    first = np.ceil(middle - reach - SLACK).astype(np.intp)
    last = np.floor(middle + reach + SLACK).astype(np.intp)
    return np.clip(first, 0, length), np.clip(last + 1, 0, length)
