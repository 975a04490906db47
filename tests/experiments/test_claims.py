import itertools

import numpy as np
import pandas as pd
import pytest

from pppkit.experiments import claims
from pppkit.experiments.claims import corners, every, intervals, lead, leads, learned, ledger, read_out
from pppkit.experiments.ppp import chronology
from pppkit.results import save_maps


def curves(
    shape, networks=3, noise=0.01, models=("resnet50", "vgg19"), paddings=("zeros", "reflect", "randn")
):
    """Rows of networks whose SNR-PPP follows `shape(model, padding, level, t)` for t from 0 to 1."""
    random, out = np.random.default_rng(0), []
    for model, padding, seed, level, epoch in itertools.product(
        models, paddings, range(networks), (1, 2, 3, 4), (0, 1, 2, 5, 10)
    ):
        value = shape(model, padding, level, epoch / 10) + noise * random.normal()
        row = {
            "model": model,
            "data": "scenes",
            "padding": padding,
            "seed": seed,
            "profile": "published",
            "level": level,
            "epoch": epoch,
        }
        out.append(
            row
            | {
                "epochs": 10,
                "size": 64,
                "trained_size": 64,
                "source": "scenes",
                "snr_ppp": value,
                "mae_ppp": value / 10,
            }
        )
    return pd.DataFrame(out)


def verdicts(found):
    return {row["claim"]: row["verdict"] for row in found}


def test_intervals_by_hand():
    one, two = pd.Series([1.0, 2.0, 3.0]), pd.Series([5.0, 5.0, 8.0])  # squares 2 and 6
    assert intervals({"a": one})["a"] == (2.0, pytest.approx(4.3027 / 3**0.5, rel=1e-4))
    assert intervals({"a": one[:1]})["a"] == (1.0, np.inf)
    cells = {
        ("vgg19", "scenes", "zeros"): one,
        ("vgg19", "scenes", "randn"): two,
        ("vgg19", "cifar10", "zeros"): one,
    }
    half = 2.7764 * (8 / 4 / 3) ** 0.5  # t with four degrees of freedom
    found = intervals(cells)
    assert found["vgg19", "scenes", "zeros"] == (2, pytest.approx(half, rel=1e-4))
    assert found["vgg19", "scenes", "randn"] == (6, pytest.approx(half, rel=1e-4))
    assert (
        found["vgg19", "cifar10", "zeros"]
        == intervals(cells, pooled=False)["vgg19", "scenes", "zeros"]
        == intervals({"a": one})["a"]
    )
    alone = intervals({("vgg19", "scenes", "zeros"): one, ("vgg19", "scenes", "randn"): two[:1]})
    assert alone["vgg19", "scenes", "randn"] == (5, pytest.approx(4.3027, rel=1e-4))  # its neighbours' spread


def test_every_by_hand():
    up, flat, down = (pd.Series([v, v + 0.1, v - 0.1]) for v in (1.0, 0.1, -1.0))
    assert every({1: up, 2: up}) == "holds"
    assert every({1: up, 2: flat}) == every({}) == every({1: up[:1]}) == "cannot be told yet"
    assert every({1: up, 2: down}) == "fails"
    slightly = pd.Series(
        [-0.1, -0.2, -0.3]
    )  # beyond its own interval only just: among many cells that happens
    assert (
        every({1: slightly - 0.1}) == "fails"
        and every({1: slightly - 0.1, **dict.fromkeys(range(2, 40), up)}) == "cannot be told yet"
    )
    family = {
        ("vgg19", "scenes", k): v for k, v in enumerate([slightly - 0.1, *[up] * 38])
    }  # with their spread it is told
    assert every(family) == "fails" and every(family, pooled=False) == "cannot be told yet"


def test_leads_by_hand():
    zeros, near, far = (pd.Series([v, v + 0.1, v - 0.1]) for v in (1.0, 0.95, 0.0))
    assert lead({"zeros": zeros, "randn": far}, "zeros") == (
        pytest.approx(1.0),
        pytest.approx(2.7764 * 0.1 * (2 / 3) ** 0.5, rel=1e-4),
        "randn",
    )
    assert leads({"a": {"zeros": zeros, "randn": far}}, "zeros")[0] == "holds"
    verdict, measured = leads({"a": {"zeros": zeros, "randn": far, "reflect": near}}, "zeros")
    assert verdict == "cannot be told yet" and measured == "a: +0.050 ± 0.227 against reflect"
    assert (
        leads({"a": {"zeros": zeros, "randn": far}, "b": {"zeros": far, "randn": zeros}}, "zeros")[0]
        == "fails"
    )


def test_networks_that_grow_as_the_paper_says():
    def grows(model, padding, level, t):
        return (
            1
            + level * (min(1, 8 * t) + t)
            + 0.3 * ("zeros", "reflect", "randn").index(padding) * (-1) ** (level in (2, 3)) / 3
        )

    found = verdicts(learned(curves(grows)))
    assert set(found.values()) == {"holds"}, found


@pytest.mark.parametrize(
    "shape, claim, verdict",
    [
        (lambda m, p, level, t: 2 - t, "Training strengthens PPP in every case, by SNR-PPP", "fails"),
        (lambda m, p, level, t: 2 - t * (m == "vgg19") + t * (m != "vgg19"), "Training strengthens PPP in every case, by SNR-PPP", "fails"),
        (lambda m, p, level, t: 1 + min(t, 0.5), "The fourth layer keeps growing until the end", "cannot be told yet"),
        (lambda m, p, level, t: 1 + max(t - 0.5, 0), "All models gain significant PPP within the first tenth of training, in all layers", "cannot be told yet"),
        (lambda m, p, level, t: 1 + t - 1.9 * t * (p == "randn"), "randn padding does not prevent PPP at the fourth layer", "fails"),
        (lambda m, p, level, t: 1 + t + 5 * (p == "zeros"), "Training matters more for PPP than which padding is used", "fails"),
    ],
)  # fmt: skip
def test_networks_that_do_not(shape, claim, verdict):
    assert verdicts(learned(curves(shape)))[claim] == verdict


def test_one_network_tells_nothing():
    found = verdicts(learned(curves(lambda m, p, level, t: 1 + t, networks=1)))
    assert found["Training strengthens PPP in every case, by SNR-PPP"] == "cannot be told yet"


def test_saliency_under_randn():
    rows = curves(lambda m, p, level, t: 1 + t, models=("vgg16_sod",))
    claim = "The saliency network does not reach the other paddings' performance with randn"
    for randn, verdict in ((0.2, "holds"), (0.5, "fails"), (0.3, "cannot be told yet")):
        score = np.where(rows["padding"] == "randn", randn, 0.3) + 0.01 * (rows["seed"] - 1)
        assert verdicts(learned(rows.assign(val_weighted_f=score)))[claim] == verdict


def test_corners(tmp_path):
    y, x = np.mgrid[-1:1:14j, -1:1:14j]
    peaked, framed = (x * y) ** 4 + 0.01, np.maximum(abs(x), abs(y)) ** 4 - 0.5 * (x * y) ** 4
    trials = [
        {"model": "vgg19", "data": "scenes", "padding": p, "seed": seed, "profile": "published"}
        for p in ("zeros", "reflect")
        for seed in (0, 1)
    ]

    def save(trial, z, start):
        z = z * (1 + 0.01 * trial["seed"] * x)  # networks differ a little
        save_maps(
            tmp_path / "maps" / f"chronology_{chronology.name(trial)}.npz",
            {("0", "scenes", "features.35"): start, ("3", "scenes", "features.35"): z},
        )

    for trial in trials:
        save(trial, peaked, (x * y) ** 12)
    assert [row["verdict"] for row in corners(trials, tmp_path)] == ["holds"] * 3
    assert [row["verdict"] for row in corners(trials[::2], tmp_path)] == [
        "cannot be told yet"
    ] * 3  # one network of each
    for trial in trials[2:]:
        save(trial, framed, framed)
    found = corners(trials, tmp_path)
    assert found[0]["verdict"] == "fails" and "in 2 of 4" in found[0]["measured"]
    assert (
        found[1]["verdict"] == "cannot be told yet" and "grew in 2 of 4" in found[1]["measured"]
    )  # unchanged is not grown
    assert corners(trials, tmp_path / "nowhere") == []


def trials_of_posenet(effect, noise=0.1, constant=0):
    random, out = np.random.default_rng(0), []
    for model, weights, padding, seed, trial in itertools.product(
        ("vgg19",),
        ("untrained", "trained"),
        ("zeros", "reflect", "replicate", "circular"),
        range(3),
        range(5),
    ):
        spc = effect * (padding == "zeros") - 0.5 * (weights == "trained") + noise * random.normal()
        row = {
            "model": model,
            "data": "scenes",
            "source": "scenes",
            "padding": padding,
            "seed": seed,
            "trial": trial,
            "weights": weights,
        }
        out.append(row | {"spc images": spc, "nan images": constant, "count images": 32})
    return pd.DataFrame(out)


def test_posenet_that_tells_paddings_apart_and_one_that_does_not():
    rows = curves(lambda m, p, level, t: 1 + (p == "zeros"), models=("vgg19",), paddings=("zeros", "reflect"))
    hidden = "The spread of PosENet over trials hides the differences between paddings"
    assert verdicts(read_out(trials_of_posenet(0.0, 0.3), rows))[hidden] == "holds"
    trials = trials_of_posenet(1.0, constant=1)
    told = verdicts(read_out(trials, rows))
    assert told[hidden] == "fails" and told["PosENet reports NaN in certain setups"] == "holds"
    assert told["Zero padding gives a network its sense of position"] == "holds"
    alike = "PosENet scatters over trials on one model as much as over models"
    assert (
        told[alike] == "holds"
        and verdicts(read_out(trials.assign(**{"spc images": trials["spc images"] + trials["seed"]}), rows))[
            alike
        ]
        == "fails"
    )
    assert (
        told["PosENet assigns a lower SPC to the trained VGG19 with zeros, although its pattern has grown"]
        == "holds"
    )


def test_posenet_without_padding():
    rows = curves(lambda m, p, level, t: 1.0, models=("vgg19",))
    claim = "PosENet answers to networks without padding"
    for effect, verdict in ((0.0, "fails"), (0.5, "holds")):
        bare = trials_of_posenet(0.0)
        bare = bare[bare["padding"] == "zeros"].assign(
            padding="none", **{"spc images": effect + 0.001 * (-1.0) ** np.arange(30)}
        )
        assert verdicts(read_out(pd.concat([trials_of_posenet(0.0), bare]), rows))[claim] == verdict
    assert verdicts(read_out(trials_of_posenet(0.0), rows))[claim] == "cannot be told yet"


def test_ledger_of_the_published_rows():
    found = ledger("book/results")
    assert set(found.columns) == set(claims.COLUMNS) and set(found["verdict"]) <= set(claims.VERDICTS)
    assert not found.drop(columns="rows").isna().any().any() and found["claim"].is_unique
    by = found.set_index("claim")
    assert by.loc["All models are inconsistent along trajectories", "verdict"] == "holds"
