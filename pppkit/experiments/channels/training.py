"""How GAPNet and PermuteNet learn the cell of an image, or its class (Islam et al., ICCV 2021)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ...checks import one_of, whole
from ...models.gapnet import PermuteChannels
from ...training import Classifier, Recipe
from . import black
from .canvas import Margins, Placed, draw_cells

TASKS = ("location", "class")
BETAS = (0.5, 0.999)  # of the paper's Adam
UNSCALED = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))  # images stay in [0, 1], so that black is 0, as zero padding is


class CanvasTask(Classifier):
    """A network that sees each image in a random cell of a black grid, and learns the cell or the class.

    Args:
        model: Takes canvases; its outputs are cells or classes.
        padding: A padding scheme.
        task: Of `TASKS`.
        cells: Of a row of the grid.
        margins: More black around it.
        lr: Adam's.
        seed: Of cells, flips, the order of images, and PermuteNet's order of channels.
    """

    def __init__(
        self,
        model: nn.Module,
        padding: str,
        task: str,
        cells: int,
        *,
        margins: Margins = (0, 0, 0, 0),
        lr: float = 1e-3,
        seed: int = 0,
    ):
        one_of("task", task, TASKS)
        recipe = Recipe(lr=lr, weight_decay=0, clip=0)
        super().__init__(model, padding, recipe, normalize=UNSCALED, seed=seed)
        self.task, self.cells, self.margins = task, whole("cells", cells), margins
        for module in model.modules():
            if isinstance(module, PermuteChannels):
                module.generator = torch.Generator().manual_seed(seed)

    def placed(self, x: Tensor, target: Tensor, generator: torch.Generator) -> tuple[Placed, Tensor]:
        """Images in cells, and what is to be learned of them."""
        cell = draw_cells(len(x), self.cells, generator)
        return Placed(x, cell, self.cells, self.margins), cell if self.task == "location" else target

    def seen(self, x: Tensor | Placed, generator: torch.Generator) -> Tensor:
        """The network's output under the padding, from canvases or from what they are made of."""
        if not isinstance(x, Placed):
            return super().seen(x, generator)
        if black.replaces(self.model, self.padding, x.margins):
            return black.scores(self.model, self.normalized(x.images), x.cell, x.cells)
        return super().seen(x.canvases(), generator)

    def on_train_epoch_start(self) -> None:
        super().on_train_epoch_start()
        self._restart_orders(1 + self.current_epoch)

    def augmented(self, x: Tensor, target: Tensor) -> tuple[Placed, Tensor]:  # type: ignore[override]
        """The recipe's images, each in a cell of its canvas."""
        x, target = super().augmented(x, target)
        return self.placed(x, target, self._generator())

    def on_validation_epoch_start(self) -> None:
        super().on_validation_epoch_start()
        self._restart_orders(0)

    def validation_step(self, batch: tuple[Tensor, Tensor], index: int) -> None:
        placed: Any = self.placed(*batch, self._generator())
        super().validation_step(placed, index)

    def configure_optimizers(self) -> Any:
        return torch.optim.Adam(self.parameters(), self.recipe.lr, BETAS)

    def _restart_orders(self, epoch: int) -> None:
        """Orders of channels depend on seed and epoch alone, so a resumed training has the same."""
        for module in self.model.modules():
            if isinstance(module, PermuteChannels) and module.generator is not None:
                module.generator.manual_seed(1000 * self.seed + epoch)


@torch.no_grad()
def predictions(
    module: CanvasTask, images: Tensor, labels: Tensor, seed: int = 0, batch: int = 64
) -> tuple[Tensor, Tensor]:
    """What a network says of images in random cells, in eval mode, and what is right.

    Args:
        module: The network; its mode is restored.
        images: `(N, 3, S, S)` uint8.
        labels: `(N,)`.
        seed: Of the cells, of randn, and of PermuteNet's order of channels.
        batch: Images in a forward pass, which share one order of channels.

    Returns:
        Predicted and right cells or classes, each `(N,)`.
    """
    device = next(module.parameters()).device
    generator = torch.Generator(device).manual_seed(seed)
    module._restart_orders(-seed - 1 if seed else 0)
    was_training, found, right = module.training, [], []
    try:
        module.eval()
        for x, y in zip(images.split(batch), labels.split(batch)):
            placed, target = module.placed(x.to(device), y.to(device), generator)
            found.append(module.seen(placed, generator).argmax(1).cpu())
            right.append(target.cpu())
    finally:
        module.train(was_training)
    return torch.cat(found), torch.cat(right)
