"""Why EfficientNet's SNR-PPP falls and leaps, and what initial statistics do: small, and tables by hand."""

import pandas as pd
import pytest

from pppkit import InfiniteScene, measure_ppp, models
from pppkit.experiments.base import measured
from pppkit.experiments.context import Context
from pppkit.experiments.ppp import efficientnet_puzzle as puzzle
from pppkit.experiments.ppp import initial_statistics as statistics
from pppkit.experiments.ppp import puzzle_tables as tables


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """A quick trial: the network with gates, under zeros."""
    trial = puzzle.grid("quick", puzzle.GATES, "zeros")[0]
    context = Context(tmp_path_factory.mktemp("rows"))
    return measured(puzzle.measure, puzzle.EXPERIMENT.key, context, trial)


def test_grid_and_interventions():
    trials = puzzle.grid()
    assert [(t["variant"], t["padding"]) for t in trials] == [
        ("with gates", "zeros"),
        ("without gates", "zeros"),
        ("with gates", "reflect"),
        ("without gates", "reflect"),
    ]
    assert puzzle.EXPERIMENT.trials() == trials[:1]
    changed = [len(puzzle.interventions(trial)) for trial in trials]
    assert changed == [4, 3, 3, 2]  # no gates to open, no zeros at strides
    assert puzzle.settings(trials[0])["width"] == 0.25 and puzzle.settings(trials[0])["images"] == 2500
    with pytest.raises(ValueError, match="variant='gated' is not one of with gates, without gates"):
        puzzle.grid(variant="gated")


def test_the_start_is_that_of_the_training(rows):
    net = models.build("efficientnet_b0", width=0.125, num_classes=8, init="kaiming", seed=0)
    found = measure_ppp(net, InfiniteScene(0), padding="zeros", size=64, n=2, batch_size=4, progress=False)
    start = rows[(rows["epoch"] == 0) & (rows["intervention"] == puzzle.AS_IS)]
    assert start["snr_ppp"].tolist() == pytest.approx(found.rows["snr_ppp"].tolist(), rel=1e-4)


def test_the_fall_is_in_the_running_statistics(rows):
    assert len(rows) == 2 * 4 * 4 and set(rows["intervention"]) == set(puzzle.INTERVENTIONS)
    deep = rows[rows["layer"] == "features.7"].set_index(["epoch", "intervention"])
    fallen, anew = deep.loc[(1, puzzle.AS_IS)], deep.loc[(1, puzzle.STATISTICS)]
    assert fallen["snr_ppp"] < 0.3 < 3 < anew["snr_ppp"]
    assert fallen["between"] > 0.9 > anew["between"]  # hardly anything varies but channels' means
    assert anew["sigma_optimal"] > 3 * anew["sigma"]  # without the border features leave their range
    assert rows["val_accuracy"].between(0, 1).all()


def test_tables_of_the_puzzle(rows):
    text = tables.answer(rows)
    first = rows[(rows["epoch"] == 1) & (rows["intervention"] == puzzle.AS_IS)]["snr_ppp"].iloc[-1]
    assert f"an SNR-PPP of {first:.3f}" in text
    points = tables.numerator_and_denominator(rows, 64)
    assert len(points) == len(rows) and set(points["after"]) == {"epoch 0", "epoch 1"}
    growth = tables.growth_without_border(rows)
    assert growth.loc[("64 px", "features.7"), "side"] == 2
    # the last depthwise kernel is 3 x 3, on a map of 2 x 2
    assert growth.loc[("64 px", "features.7"), "taps inside"] == pytest.approx(4 / 9)
    deep = growth.loc[("64 px", "features.7")]
    assert deep["expected"] > 10 and deep["measured, epoch 0"] > 10
    assert len(tables.deepest_layer(rows)) == 2 * 4


def test_initial_statistics(tmp_path):
    trial = statistics.grid("quick", "scenes", "cifar_resnet20")[0]
    rows = measured(statistics.measure, statistics.EXPERIMENT.key, Context(tmp_path), trial)
    net = models.build("cifar_resnet20", num_classes=10, init="kaiming", seed=0)
    found = measure_ppp(net, InfiniteScene(0), padding="zeros", size=32, n=4, batch_size=4, progress=False)
    built = rows[rows["statistics"] == statistics.AS_BUILT]["snr_ppp"]
    changed = rows[rows["statistics"] == statistics.OF_IMAGES]["snr_ppp"]
    assert built.tolist() == pytest.approx(found.rows["snr_ppp"].tolist(), rel=1e-4)
    assert (changed.to_numpy() != built.to_numpy()).all() and (changed > 0).all()
    assert len(statistics.grid()) == 5 * 2 * 2


def test_statistics_of_untrained_by_hand():
    names = {"model": "cifar_resnet20", "source": "scenes", "level": 3, "layer": "layer3"}
    values = {statistics.AS_BUILT: (0.4, 0.6), statistics.OF_IMAGES: (0.2, 0.2)}
    rows = pd.DataFrame(
        [
            {**names, "statistics": kind, "snr_ppp": v, "sigma": 10 * v}
            for kind, both in values.items()
            for v in both
        ]
    )
    table = tables.statistics_of_untrained(rows)
    found = table.loc[("ResNet-20", "layer3", "scenes")]
    assert found["SNR-PPP"].tolist() == ["0.500 ± 0.141", "0.200 ± 0.000"]
    assert found["sigma"].tolist() == ["5", "2"]
    assert tables.untrained_answer(rows) == (
        "Yes: SNR-PPP of the deepest layer is, for ResNet-20, 0.500 as it is built and 0.200 with statistics "
        "of images."
    )
    kept = rows.assign(snr_ppp=rows["snr_ppp"].clip(lower=0.3))
    assert tables.untrained_answer(kept).startswith("Hardly: SNR-PPP")
    other = pd.concat([rows, kept.assign(model="cifar_resnet56")])
    assert tables.untrained_answer(other).startswith("In part: SNR-PPP")
