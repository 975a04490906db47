"""Training a network under a padding scheme with Lightning, and watching its PPP grow."""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, DistributedSampler
from torchmetrics.classification import MulticlassAccuracy

from ..measure import IMAGENET, measure_ppp
from ..models.hooks import padding_mode
from ..padding.borders import Scheme
from ..scenes import CachedScene, Scene
from .datasets import Images, first

LAST = "last.ckpt"


class Trained(L.LightningModule):
    """A network that learns under a padding scheme: AdamW, one cosine from a linear warm-up of a twentieth.

    Base of `Classifier`; a subclass adds `loss` and `score`. Every epoch starts from random numbers that depend on the seed
    and the epoch alone, so a training that was killed and resumed gives the weights of one that was not.

    Args:
        model: Takes images `(N, 3, H, W)`.
        padding: A padding scheme, or None for the padding that the model was written with.
        lr: The largest learning rate.
        weight_decay: Of AdamW.
        flip: Mirror half of the training images.
        normalize: Mean and standard deviation of the channels.
        seed: Of the order of images, flips, dropout and randn.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        model: nn.Module,
        padding: str | None = None,
        *,
        lr: float = 1e-3,
        weight_decay: float = 0.05,
        flip: bool = True,
        normalize: tuple[Sequence[float], Sequence[float]] = IMAGENET,
        seed: int = 0,
    ):
        super().__init__()
        if padding is not None:
            Scheme.parse(padding)
        for name, value in (("lr", lr), ("weight_decay", weight_decay)):
            if value < 0:
                raise ValueError(f"{name}={value} must not be negative")
        self.model = model.to(memory_format=torch.channels_last)  # a CPU trains up to 1.5 times faster so
        self.padding = padding
        self._random: torch.Generator | None = None
        self.lr, self.weight_decay, self.flip, self.seed = lr, weight_decay, flip, seed
        for name, values in zip(("mean", "std"), normalize):
            self.register_buffer(name, torch.tensor(values).view(3, 1, 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """The network's output under the padding, from images `(N, 3, H, W)`: uint8, or already normalised."""
        with ExitStack() as stack:
            for mode in padding_mode(self.padding, self._generator()):
                stack.enter_context(mode)
            return self.model(self.normalized(x))

    def normalized(self, x: Tensor) -> Tensor:
        """uint8 images scaled to [0, 1] and normalised."""
        return (x / 255 - self.mean) / self.std if x.dtype == torch.uint8 else x

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """What training makes small."""
        raise NotImplementedError

    def score(self, output: Tensor, target: Tensor) -> dict[str, Any]:
        """What validation logs."""
        raise NotImplementedError

    def _generator(self) -> torch.Generator:
        if self._random is None or self._random.device.type != self.device.type:
            self._random = torch.Generator(self.device).manual_seed(self.seed)
        return self._random

    def on_train_epoch_start(self) -> None:
        state = int(
            np.random.SeedSequence([self.seed, self.current_epoch, self.global_rank]).generate_state(1)[0]
        )
        self._generator().manual_seed(state)
        torch.manual_seed(state)  # dropout takes no generator; `fit` restores the global state

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        x, target = batch
        if self.flip:
            mirrored = torch.rand(len(x), generator=self._generator(), device=x.device) < 0.5
            x = torch.where(mirrored.view(-1, 1, 1, 1), x.flip(-1), x)
            if target.dim() > 1:
                target = torch.where(mirrored.view(-1, 1, 1), target.flip(-1), target)
        loss = self.loss(self(x), target)
        self.log("train_loss", loss, on_step=False, on_epoch=True, batch_size=len(x), sync_dist=True)
        return loss

    def on_validation_epoch_start(self) -> None:
        self._generator().manual_seed(
            self.seed
        )  # randn's numbers must not depend on how often it was validated

    def validation_step(self, batch: tuple[Tensor, Tensor], index: int) -> None:
        x, target = batch
        output = self(x)
        scores = {"loss": self.loss(output, target)} | self.score(output, target)
        self.log_dict(
            {f"val_{k}": v for k, v in scores.items()},
            batch_size=len(x),
            on_step=False,
            on_epoch=True,
            sync_dist=True,
        )

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.AdamW(self.parameters(), lr=self.lr, weight_decay=self.weight_decay)
        total = int(self.trainer.estimated_stepping_batches)
        warm = max(1, total // 20)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer,
            lambda i: min(
                (i + 1) / warm,
                0.5 * (1 + math.cos(math.pi * min(1.0, max(0, i - warm) / max(1, total - warm)))),
            ),
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


class Classifier(Trained):
    """`Trained` on class labels: cross entropy and accuracy in percent; the arguments are those of `Trained`.

    Example:
        >>> from pppkit import models
        >>> net = Classifier(models.build("resnet50", width=0.125, num_classes=8), "reflect")
        >>> net(torch.zeros(1, 3, 64, 64, dtype=torch.uint8)).shape
        torch.Size([1, 8])
    """

    def __init__(self, model: nn.Module, padding: str | None = None, **kwargs: Any):
        super().__init__(model, padding, **kwargs)
        linear = [m for m in model.modules() if isinstance(m, nn.Linear)]
        if not linear:
            raise ValueError(
                "model has no linear layer to tell the number of classes from; subclass pppkit.training.Trained"
            )
        self.accuracy = MulticlassAccuracy(linear[-1].out_features, average="micro")

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Cross entropy of `(N, classes)` and labels `(N,)`."""
        return F.cross_entropy(output.float(), target)

    def score(self, output: Tensor, target: Tensor) -> dict[str, Any]:
        """Accuracy, a fraction."""
        self.accuracy.update(output, target)
        return {"accuracy": self.accuracy}


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
        records: One dict for each measurement, source, size and layer: the columns of `PPPResult.rows`, `epoch`, `source`,
            and the module's logged metrics at that time.
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
                        model, world, self.layers, padding=padding, size=size, n=self.n, batch_size=self.batch_size,
                        normalize=self.normalize, seed=self.seed, progress=False, counts=[],
                    )  # fmt: skip
                    self.records += [
                        {"epoch": epoch, "source": source} | row | logged
                        for row in found.rows.to_dict("records")
                    ]
                    self.maps |= {
                        (epoch, source, size, layer): kinds["ppp"].astype(np.float32)
                        for (_, layer), kinds in found.maps.items()
                    }
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


def loader(
    dataset: Dataset,
    batch: int,
    *,
    seed: int | None = None,
    workers: int = 0,
    replicas: int = 1,
    rank: int = 0,
) -> DataLoader:
    """Batches of a data set: in order, or shuffled by a seed and the epoch (then an incomplete last batch is left out).

    Args:
        dataset: Of `pppkit.datasets`, or any other.
        batch: Images in each batch.
        seed: Of the order; None for the data set's own order.
        workers: Processes that load; not for data in memory.
        replicas: Processes that train; each gets its share.
        rank: Which of them this is.
    """
    held = isinstance(dataset, Images)
    sampler: DistributedSampler = DistributedSampler(
        dataset, replicas, rank, shuffle=seed is not None, seed=seed or 0
    )
    return DataLoader(
        dataset, batch, sampler=sampler, drop_last=seed is not None and len(dataset) >= batch * replicas,  # type: ignore[arg-type]
        num_workers=0 if held else workers, collate_fn=first if held else None,
        generator=torch.Generator().manual_seed(seed or 0),  # else each start of an epoch draws from the global one, before or after its seed
    )  # fmt: skip


def fit(
    module: L.LightningModule,
    train: Dataset,
    validation: Dataset,
    *,
    epochs: int,
    folder: str | Path,
    batch: int = 64,
    keep_every: int | None = None,
    precision: Any = "32-true",
    callbacks: Sequence[L.Callback] = (),
    devices: Any = 1,
    accelerator: str = "auto",
    strategy: str = "auto",
    workers: int = 0,
    progress: bool = True,
) -> L.Trainer:
    """Trains a module, or goes on with a training that was interrupted.

    A checkpoint is written after every epoch. Where `folder` has one, training resumes from it and gives what it would
    have given without the interruption.

    Args:
        module: Trained in place.
        train: Training set.
        validation: Scored before training and after every epoch.
        epochs: How many.
        folder: Of the checkpoints: `last.ckpt`, and those that are kept.
        batch: Images in a step, on each device.
        keep_every: Keep the checkpoint of every so many epochs; None for the last one only.
        precision: Lightning's, `"bf16-mixed"` for bfloat16.
        callbacks: Say, a `PPPMonitor`.
        devices: Lightning's: how many GPUs or processes, or which.
        accelerator: Lightning's: `"auto"`, `"cpu"`, `"gpu"`.
        strategy: Lightning's: `"auto"`, `"ddp"`.
        workers: Processes that load images from files.
        progress: Show Lightning's progress bar.

    Returns:
        The trainer; `trainer.callback_metrics` are the last epoch's.

    Raises:
        ValueError: For epochs or batch below 1, or a training set smaller than a batch.
    """
    for name, value in (("epochs", epochs), ("batch", batch), ("keep_every", keep_every or 1)):
        if value < 1:
            raise ValueError(f"{name}={value} must be at least 1")
    if len(train) < 2:  # type: ignore[arg-type]
        raise ValueError(f"train has {len(train)} images; batch normalisation needs at least 2")  # type: ignore[arg-type]
    last = Path(folder) / LAST
    saved: list[L.Callback] = [
        ModelCheckpoint(folder, last.stem, enable_version_counter=False, save_on_train_epoch_end=True)
    ]
    if keep_every:
        saved.append(
            ModelCheckpoint(
                folder, "{epoch:03d}", save_top_k=-1, every_n_epochs=keep_every, save_on_train_epoch_end=True
            )
        )
    module.train()  # networks from `pppkit.models.build` come in eval mode, and Lightning would leave them there
    seed = getattr(module, "seed", 0)
    with _quiet(), torch.random.fork_rng():
        trainer = L.Trainer(
            accelerator=accelerator, devices=devices, strategy=strategy, precision=precision, max_epochs=epochs,
            callbacks=[*callbacks, *saved], logger=False, enable_progress_bar=progress, enable_model_summary=False,
            num_sanity_val_steps=0, use_distributed_sampler=False, gradient_clip_val=1.0,
        )  # fmt: skip
        share = {"replicas": trainer.world_size, "rank": trainer.global_rank, "workers": workers}
        held_out = loader(validation, 4 * batch, **share)
        if not last.exists():
            trainer.validate(module, held_out, verbose=False)  # epoch 0, for PPPMonitor's rows
        trainer.fit(
            module,
            loader(train, batch, seed=seed, **share),
            held_out,
            ckpt_path=last if last.exists() else None,
            weights_only=True,
        )
    return trainer


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Lightning's advice about loader workers, which is wrong for data in memory, and its notes on the hardware."""
    logger = logging.getLogger("lightning.pytorch")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*LeafSpec.*is deprecated.*")
            warnings.filterwarnings("ignore", message=".*does not have many workers.*")
            warnings.filterwarnings("ignore", message=".*Checkpoint directory.*exists and is not empty.*")
            warnings.filterwarnings(
                "ignore", message=".*number of training batches.*smaller than the logging interval.*"
            )
            yield
    finally:
        logger.setLevel(level)
