"""One way to train a module: batches, checkpoints, and going on where a training was killed."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from torch.utils.data import DataLoader, Dataset, DistributedSampler

from .datasets import Images, first

LAST = "last.ckpt"  # the checkpoint from which a training goes on


def loader(
    dataset: Dataset,
    batch: int,
    *,
    seed: int | None = None,
    workers: int = 0,
    replicas: int = 1,
    rank: int = 0,
) -> DataLoader:
    """Batches of a data set: in order, or shuffled by a seed and the epoch.

    A shuffled set leaves an incomplete last batch out.

    Args:
        dataset: Of `pppkit.datasets`, or any other.
        batch: Images in each batch.
        seed: Of the order; None for the data set's own order.
        workers: Processes that load; not for data in memory.
        replicas: Processes that train; each gets its share.
        rank: Which of them this is.
    """
    held = isinstance(dataset, Images)
    count = len(dataset)  # type: ignore[arg-type]
    shuffle = seed is not None
    sampler: DistributedSampler = DistributedSampler(dataset, replicas, rank, shuffle=shuffle, seed=seed or 0)
    # without a generator each start of an epoch draws from the global one, before or after its seed is set
    generator = torch.Generator().manual_seed(seed or 0)
    return DataLoader(
        dataset,
        batch,
        sampler=sampler,
        drop_last=shuffle and count >= batch * replicas,
        num_workers=0 if held else workers,
        collate_fn=first if held else None,
        generator=generator,
    )


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

    A checkpoint is written after every epoch. Where `folder` has one, training resumes from it and gives what
    it would have given without the interruption.

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
    count = len(train)  # type: ignore[arg-type]
    if count < 2:
        raise ValueError(f"train has {count} images; batch normalisation needs at least 2")
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
    module.train()  # networks of `pppkit.models.build` come in eval mode; Lightning would leave them there
    seed = getattr(module, "seed", 0)
    with _quiet(), torch.random.fork_rng():
        trainer = L.Trainer(
            accelerator=accelerator,
            devices=devices,
            strategy=strategy,
            precision=precision,
            max_epochs=epochs,
            callbacks=[*callbacks, *saved],
            logger=False,
            enable_progress_bar=progress,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            use_distributed_sampler=False,
        )
        share = {"replicas": trainer.world_size, "rank": trainer.global_rank, "workers": workers}
        held_out = loader(validation, 4 * batch, **share)
        shuffled = loader(train, batch, seed=seed, **share)
        resumed = last if last.exists() else None
        if resumed is None:
            trainer.validate(module, held_out, verbose=False)  # epoch 0, for PPPMonitor's rows
        trainer.fit(module, shuffled, held_out, ckpt_path=resumed, weights_only=True)
    return trainer


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Lightning's advice about loader workers, wrong for data in memory, and its hardware notes."""
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
