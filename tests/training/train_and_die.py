"""A training that test_training kills: `train_and_die.py FOLDER EPOCH_TO_DIE_IN`."""

import os
import signal
import sys

import lightning as L
import torch

from pppkit import InfiniteScene, models, training
from pppkit.training.datasets import shapes


class Die(L.Callback):
    def __init__(self, epoch):
        self.epoch = epoch

    def on_train_batch_end(self, trainer, module, outputs, batch, index):
        if trainer.current_epoch == self.epoch and index == 1:
            os.kill(os.getpid(), signal.SIGKILL)


def train(folder, callbacks=(), epochs=3):
    # dropout, stochastic depth, batch statistics, randn: all that a resumed training could get wrong
    torch.set_num_threads(1)
    module = training.Classifier(models.build("efficientnet_b0", width=0.125, num_classes=8), "randn")
    monitor = training.PPPMonitor(InfiniteScene(0), size=32, n=2)
    training.fit(
        module,
        shapes(192, 32),
        shapes(32, 32, 1),
        epochs=epochs,
        batch=32,
        folder=folder,
        callbacks=[monitor, *callbacks],
        accelerator="cpu",
        progress=False,
    )
    return module, monitor


if __name__ == "__main__":
    train(sys.argv[1], [Die(int(sys.argv[2]))])
