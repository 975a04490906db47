"""Canvases: images pasted into one cell each of a black grid, a whole batch at once."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ...checks import whole

Margins = tuple[int, int, int, int]  # top, left, bottom, right


def paste(images: Tensor, cell: Tensor, cells: int, margins: Margins = (0, 0, 0, 0)) -> Tensor:
    """Each image in its own cell of a black canvas.

    Args:
        images: `(N, C, S, S)`, of any type.
        cell: `(N,)`, from 0 to `cells ** 2 - 1`, row by row.
        cells: Of a row and of a column.
        margins: More black around the grid, in pixels.

    Returns:
        `(N, C, cells * S + top + bottom, cells * S + left + right)`, of the images' type.

    Raises:
        ValueError: For images that are not square, or cells that are not in the grid.

    Example:
        >>> paste(torch.ones(1, 1, 1, 1), torch.tensor([5]), 3)[0, 0]
        tensor([[0., 0., 0.],
                [0., 0., 1.],
                [0., 0., 0.]])
    """
    n, channels, side, width = images.shape
    cells = whole("cells", cells)
    if side != width:
        raise ValueError(f"images have {side}x{width} pixels; cells are square, so make them square")
    if cell.shape != (n,) or (n and (int(cell.min()) < 0 or int(cell.max()) >= cells**2)):
        raise ValueError(f"cell must be {n} numbers from 0 to {cells**2 - 1}, one for each image")
    top, left, bottom, right = margins
    height, across = cells * side + top + bottom, cells * side + left + right
    canvas = images.new_zeros(n, channels, height, across)
    grid = canvas[..., top : top + cells * side, left : left + cells * side]
    by_cell = grid.unflatten(3, (cells, side)).unflatten(2, (cells, side))  # N, C, row, y, column, x
    places = torch.arange(n, device=images.device)
    by_cell[places, :, cell // cells, :, cell % cells] = images
    return canvas


@dataclass(frozen=True)
class Placed:
    """Images and their cells: what `paste` makes canvases of; its arguments."""

    images: Tensor
    cell: Tensor
    cells: int
    margins: Margins = (0, 0, 0, 0)

    def __len__(self) -> int:
        return len(self.images)

    def canvases(self) -> Tensor:
        """The images pasted."""
        return paste(self.images, self.cell, self.cells, self.margins)


def draw_cells(n: int, cells: int, generator: torch.Generator) -> Tensor:
    """A random cell for each of n images, on the generator's device."""
    return torch.randint(cells**2, (n,), generator=generator, device=generator.device)
