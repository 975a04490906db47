"""PosENet's read-outs beside an implementation that computes a network's features again in each epoch."""

import time

import torch

from pppkit import models
from pppkit.experiments.posenet import Bank, Setting, learn
from pppkit.experiments.posenet.patterns import PATTERNS
from pppkit.experiments.posenet.pictures import images, read_layers
from pppkit.experiments.posenet.training import ResizedMSE, passes

ONE, FIVE = [Setting()], [Setting(name) for name in PATTERNS[:5]]


def read_out_speed(n=64, epochs=15, clock=time.perf_counter):
    """Seconds, and their ratios, with the same read-outs on both sides; the paper's ResNet50 at 224 pixels.

    A row of five patterns is five trainings where features are computed again.
    """
    net, layers = models.build("resnet50"), models.LAYERS_OF_INTEREST["resnet50"]
    x = images("scenes", "train", n, 224)
    channels = [f.shape[1] for f in read_layers(net, layers, x[:1], "zeros")]

    def once(settings):
        list(learn(Bank(channels, settings), read_layers(net, layers, x, "zeros"), epochs))

    def again(settings):
        bank = Bank(channels, settings)
        error = ResizedMSE(bank.targets(), (26, 26))

        def errors(some):
            read = read_layers(net, layers, x[some], "zeros")
            ((_, maps),) = bank.small(read, torch.arange(len(some)))
            return error(maps)

        list(passes(bank, errors, n, epochs))

    def seconds(run, settings):
        start = clock()
        run(settings)
        return clock() - start

    seconds(lambda settings: read_layers(net, layers, x[:8], "zeros"), ONE)  # first allocations
    times = {
        "features once": seconds(once, ONE),
        "features once, five patterns": seconds(once, FIVE),
        "again in each epoch": seconds(again, ONE),
    }
    alone, row, slow = times.values()
    return times | {"ratio": slow / alone, "ratio of five patterns": 5 * slow / row}
