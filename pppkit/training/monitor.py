"""PPP of any Lightning training, measured along the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import lightning as L
import numpy as np
import pandas as pd
import torch

from ..measure import IMAGENET, measure_ppp
from ..scenes import CachedScene, Scene


class PPPMonitor(L.Callback):
    """Measures the PPP of any Lightning training before its first epoch and after chosen ones.

    Its rows are kept in Lightning's checkpoints, so a resumed training goes on where it was.

    Args:
        scenes: What to measure on, by name; one scene or a sequence of them is named `"scenes"`.
        every: Epochs between measurements; the last epoch is measured too.
        epochs: Measure after these numbers of epochs instead (0: before training).
        layers: Module paths in the network; None for the layers of interest.
        size: Side of the input in pixels, or several.
        n: Images.
        batch_size: Images in each forward pass.
        padding: A scheme; None for the module's own `padding`, if it has one.
        network: The network's name in the module (`"model"`); `""` for the module itself.
        normalize: As in `measure_ppp`.
        seed: As in `measure_ppp`.
    Attributes:
        records: One dict for each measurement, source, size and layer: the columns of `PPPResult.rows`,
            `epoch`, `source`, and the module's logged metrics at that time.
        maps: The PPP maps `(H, W)` by epoch, source, size and layer.
    """

    def __init__(
        self,
        scenes: Scene | Sequence[Scene] | Mapping[str, Scene | Sequence[Scene]],
        every: int = 1,
        *,
        epochs: Sequence[int] | None = None,
        layers: Sequence[str] | None = None,
        size: int | Sequence[int] = 224,
        n: int = 32,
        batch_size: int = 4,
        padding: str | None = None,
        network: str = "model",
        normalize: tuple[Sequence[float], Sequence[float]] | None = IMAGENET,
        seed: int = 0,
    ):
        super().__init__()
        if every < 1:
            raise ValueError(f"every={every} must be at least 1")
        worlds = scenes if isinstance(scenes, Mapping) else {"scenes": scenes}
        self.scenes = {name: CachedScene.all(world) for name, world in worlds.items()}
        self.every, self.epochs = every, None if epochs is None else set(epochs)
        self.sizes = [size] if isinstance(size, int) else list(size)
        self.layers, self.n, self.batch_size, self.padding, self.network = (
            layers,
            n,
            batch_size,
            padding,
            network,
        )
        self.normalize, self.seed = normalize, seed
        self.records: list[dict[str, Any]] = []
        self.maps: dict[tuple[int, str, int, str], np.ndarray] = {}
        self._logged: dict[str, float] = {}

    @property
    def rows(self) -> pd.DataFrame:
        """The records as a table."""
        return pd.DataFrame(self.records)

    def measure(self, trainer: L.Trainer, module: L.LightningModule, epoch: int) -> None:
        """Measures now, and adds the rows under that epoch."""
        logged = self._logged | {
            k: v.item() for k, v in trainer.callback_metrics.items()
        }  # which all processes must ask for
        if trainer.is_global_zero:
            model = module.get_submodule(self.network) if self.network else module
            padding = self.padding or getattr(module, "padding", None)
            for source, world in self.scenes.items():
                for size in self.sizes:
                    found = measure_ppp(
                        model,
                        world,
                        self.layers,
                        padding=padding,
                        size=size,
                        n=self.n,
                        batch_size=self.batch_size,
                        normalize=self.normalize,
                        seed=self.seed,
                        progress=False,
                        counts=[],
                    )
                    about = {"epoch": epoch, "source": source}
                    self.records += [about | row | logged for row in found.rows.to_dict("records")]
                    for (_, layer), kinds in found.maps.items():
                        self.maps[epoch, source, size, layer] = kinds["ppp"].astype(np.float32)
        trainer.strategy.barrier("PPP")

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._logged = {k: v.item() for k, v in trainer.callback_metrics.items()}  # gone when training starts

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        if trainer.global_step == 0 and (self.epochs is None or 0 in self.epochs):
            self.measure(trainer, pl_module, 0)

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        done = trainer.current_epoch + 1
        wanted = (
            done % self.every == 0 or done == trainer.max_epochs
            if self.epochs is None
            else done in self.epochs
        )
        if wanted:
            self.measure(trainer, pl_module, done)

    def state_dict(self) -> dict[str, Any]:
        maps = {"|".join(map(str, k)): torch.from_numpy(v) for k, v in self.maps.items()}
        return {"records": self.records, "maps": maps}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.records = state_dict["records"]
        split = {tuple(k.split("|")): v.numpy() for k, v in state_dict["maps"].items()}
        self.maps = {(int(e), source, int(size), layer): v for (e, source, size, layer), v in split.items()}
