"""A training that test_training runs on one and on two processes: `train_on_several.py FOLDER PROCESSES`."""

import sys
from pathlib import Path

import torch
from torch import nn

from pppkit import InfiniteScene, training
from pppkit.training.datasets import shapes


def train(folder, processes):
    torch.set_num_threads(1)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(8, 8, 3, 2, padding=1),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(8, 8),
        )
    module = training.Classifier(
        net, "reflect", training.Recipe(flip=False)
    )  # each process mirrors its own images
    monitor = training.PPPMonitor(InfiniteScene(0), layers=["2"], size=32, n=2)
    trainer = training.fit(
        module,
        shapes(96, 32),
        shapes(32, 32, 1),
        epochs=3,
        batch=32 // processes,
        folder=folder,
        callbacks=[monitor],
        accelerator="cpu",
        devices=processes,
        strategy="ddp" if processes > 1 else "auto",
        progress=False,
    )
    if trainer.is_global_zero:
        torch.save(module.state_dict(), Path(folder) / "weights.pt")
        monitor.rows.to_csv(Path(folder) / "rows.csv", index=False)


if __name__ == "__main__":
    train(sys.argv[1], int(sys.argv[2]))
