"""Claims about how the pattern comes to be seen, about tasks, and what printed numbers say of claims."""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pppkit.experiments import claims
from pppkit.experiments.ppp.tables import read_table2

HOLDS, FAILS, OPEN = claims.Verdict.HOLDS, claims.Verdict.FAILS, claims.Verdict.OPEN
TABLE2 = Path(__file__).parents[2] / "book" / "reference" / "ppp_table2_posenet_vs_ppp.csv"


def verdict(id, **tables):
    found = claims.judge(claims.Rows(tables), [id])
    return found["verdict"].item() if len(found) else None


def emerging(few, many, spread=0.1, weights="trained", images=16):
    """A network at a layer before padding, which has no pattern, and at one after it."""
    likeness = {1: few, images // 4: many, images // 2: -1.0, images: np.nan}
    names = {"model": "squeezenet1_0", "weights": weights}
    return pd.DataFrame(
        {**names, "padding": padding, "source": source, "level": level, "n": n}
        | {"likeness_padded": value if level == 4 else np.nan, "likeness_padded_sd": spread}
        for padding, source in itertools.product(("zeros", "randn"), ("scenes", "satellite"))
        for level in (1, 4)
        for n, value in likeness.items()
    )


@pytest.mark.parametrize(
    "few, many, spread, expected",
    [(0.1, 0.9, 0.1, HOLDS), (0.5, 0.1, 0.1, FAILS), (0.1, 0.9, 2.0, OPEN), (0.5, 0.5, 0.1, OPEN)],
)
def test_more_images_show_the_pattern(few, many, spread, expected):
    """Halves of the images, two groups, decide nothing: here they would contradict."""
    rows = emerging(few, many, spread)
    assert verdict("more-images-show-it", emergence=rows) == expected
    untrained = emerging(0.9, 0.1, weights="default")
    assert verdict("more-images-show-it", emergence=pd.concat([rows, untrained])) == expected
    assert verdict("more-images-show-it", emergence=untrained) is None


@pytest.mark.parametrize("centred, expected", [(0.3, HOLDS), (0.1, FAILS)])
def test_misalignment(centred, expected):
    """The parity of a pooling is another pitfall."""
    distances = {"image centred": centred, "corrected": 0.2, "image and maps centred": 0.0}
    names = {"model": "resnet50", "source": "scenes", "n": 16}
    rows = [
        {**names, "pitfall": "principal point", "variant": variant, "layer": layer, "distance": distance}
        for layer in ("layer1", "layer2")
        for variant, distance in distances.items()
    ]
    rows.append(
        {**names, "pitfall": "pooling parity", "variant": "M = 1", "layer": "layer1", "distance": 0.0}
    )
    found = claims.judge(claims.Rows({"pitfalls": pd.DataFrame(rows)}), ["misalignment-costs"]).iloc[0]
    assert found["verdict"] == expected
    assert found["measured"] == f"the distance grew {centred / 0.2:.2f} to {centred / 0.2:.2f} times"


@pytest.mark.parametrize("bare, expected", [(0.5, HOLDS), (0.95, FAILS), (0.9, OPEN)])
def test_tasks_without_padding(bare, expected):
    """Trained on scenes and tested on the mosaics is another question."""
    means = {"zeros": 0.9, "none": bare}
    rows = pd.DataFrame(
        {"task": "saliency", "data": "scenes", "tested_on": tested, "padding": padding, "seed": seed}
        | {"score": (mean if tested == "scenes" else 0.0) + 0.002 * seed, "blind": 0.2, "mae": 0.1}
        for tested in ("scenes", "satellite")
        for padding, mean in means.items()
        for seed in (0, 1)
    )
    assert verdict("tasks-need-padding", posenet_tasks=rows) == expected
    alone = rows[rows["padding"] == "zeros"]
    assert verdict("tasks-need-padding", posenet_tasks=alone) is None


def said_by_print(printed):
    return claims.beside_print(printed).set_index("claim")["printed"]


def of_claim(printed, id):
    return said_by_print(printed)[claims.CLAIMS[id].text]


def test_the_printed_table_beside_its_sentences():
    """Read off the paper: .0068 to .0049 with zeros in the saliency network, .0248 to .0209 with randn."""
    printed = read_table2(TABLE2)
    assert of_claim(printed, "training-snr") == "it grew in 20 of 20 cells"
    mae = of_claim(printed, "training-mae")
    assert mae == "it grew in 18 of 20 cells, not in EfficientNet-B0, randn; VGG16-SOD, zeros"
    assert (
        "the saliency network under zeros and for EfficientNet under randn"
        in claims.CLAIMS["training-mae"].note
    )
    assert of_claim(printed, "untrained-vgg19") == "zeros 0.0665, the largest of another padding 0.0000"
    assert (
        of_claim(printed, "posenet-without-padding")
        == "standard deviations 0.087 to 0.252, means within ±0.003"
    )


def small_print(spc_std=0.1):
    """A printed table of one network, by hand."""
    paddings = {
        "zeros": (0.1, 0.9, 0.5),
        "reflect": (0.1, 0.5, 0.1),
        "randn": (0.1, 0.7, 0.0),
        "none": (0, 0, 0),
    }
    return pd.DataFrame(
        {"model": "vgg19", "padding": padding, "weights": weights, "posenet_spc_std": spc_std}
        | {"snr_ppp_mean": value, "mae_ppp_mean": -value, "posenet_spc_mean": spc * (weights == "trained")}
        for padding, (start, end, spc) in paddings.items()
        for weights, value in (("untrained", start), ("trained", end))
    )


def test_printed_numbers_by_hand():
    printed = small_print()
    gain = of_claim(printed, "training-over-padding")
    assert gain == "VGG19: gain +0.60, range 0.40", "means .1 and .7; .5 to .9"
    assert of_claim(printed, "training-mae").startswith("it grew in 0 of 3 cells, not in VGG19, randn")
    assert of_claim(printed, "snr-and-mae-agree").endswith("VGG19 -1.00")


@pytest.mark.parametrize("std, count", [(0.1, 1), (1.0, 0)])
def test_printed_paddings_told_apart(std, count):
    """Five values around each mean with that deviation, in SciPy's analysis of variance."""
    from scipy.stats import f_oneway

    shape = np.array([-2, -1, 0, 1, 2]) / np.sqrt(2.5)
    chance = f_oneway(*(mean + std * shape for mean in (0.5, 0.1, 0.0))).pvalue
    assert (chance < 0.05) == count
    said = of_claim(small_print(std), "posenet-hides-differences")
    assert said.startswith(f"paddings are told apart (p < 0.05) in {count} of 2 cases")
