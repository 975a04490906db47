"""Claims on made-up rows that decide them, on part of the published rows, and the ledger as published."""

import itertools
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pppkit.experiments import claims
from pppkit.experiments.claims import CLAIMS, Evidence, NetworkMap, Rows, evaluate_claims, judge
from pppkit.experiments.claims.base import line_verdicts
from pppkit.experiments.claims.rows import MEASURED, TABLES
from pppkit.experiments.ppp import recipes
from pppkit.results.statistics import Verdict, pooled_intervals

PUBLISHED = Path(__file__).parents[2] / "book" / "results"
LEDGER = Path(__file__).with_name("ledger.csv")
OPEN = "cannot be told yet"
MADE_UP = ("vgg19", "resnet50", "efficientnet_b0", "resnet9")


@pytest.fixture
def gates(monkeypatch):
    """Made-up networks count from 80 % on."""
    for model in MADE_UP:
        monkeypatch.setitem(recipes.GATES, (model, "scenes"), 0.8)


def curves(
    shape, networks=3, noise=0.01, models=("resnet50", "vgg19"), paddings=("zeros", "reflect", "randn")
):
    """Rows of networks whose SNR-PPP follows `shape(model, padding, level, t)` for t from 0 to 1."""
    random, out = np.random.default_rng(0), []
    fixed = {"data": "scenes", "profile": "published", "epochs": 10, "source": "scenes"}
    fixed |= {"size": 64, "trained_size": 64, "val_accuracy": 0.9}
    for model, padding, seed, level, epoch in itertools.product(
        models, paddings, range(networks), (1, 2, 3, 4), (0, 1, 2, 5, 10)
    ):
        value = shape(model, padding, level, epoch / 10) + noise * random.normal()
        row = {"model": model, "padding": padding, "seed": seed, "level": level, "epoch": epoch}
        out.append(row | fixed | {"snr_ppp": value, "mae_ppp": value / 10})
    return pd.DataFrame(out)


def verdicts(measured, maps=(), **options):
    """Verdicts by id."""
    return judge(Rows(measured, maps, **options)).set_index("id")["verdict"].to_dict()


def growing(model, padding, level, t):
    """As the paper says."""
    rank = ("zeros", "reflect", "randn").index(padding)
    middle = level in (2, 3)
    return 1 + level * (min(1, 8 * t) + t) + 0.1 * rank * (-1) ** middle


def test_ids_are_unique_and_needs_are_known():
    defined = [v for m in claims.ledger.SUBJECTS for v in vars(m).values() if isinstance(v, claims.Claim)]
    assert [c.id for c in defined] == list(CLAIMS)
    assert len({(c.text, c.evidence) for c in defined}) == len(CLAIMS)
    assert {n for c in defined for n in c.needs} == set(TABLES) - {"chronology", "learned_initial"}


def default_start(rows, snr=0.1, mae=0.01):
    return rows[rows["epoch"] == 0].assign(snr_ppp=snr, mae_ppp=mae)


def test_networks_that_grow_as_the_paper_says(gates):
    rows = curves(growing)
    found = verdicts({"learned": rows, "learned_initial": default_start(rows)})
    told = {id: verdict for id, verdict in found.items() if "maps" not in CLAIMS[id].needs}
    assert told.pop("saliency-randn") == OPEN, "no saliency network was trained"
    assert len(told) == 10 and set(told.values()) == {"holds"}, told


def test_a_network_below_its_gate_drops_out_of_the_verdicts(gates):
    """One family grows and one shrinks; without its accuracy the one that shrinks is no evidence."""
    rows = curves(lambda m, p, level, t: 2 + t * (1 if m != "vgg19" else -1))
    shrinks = rows["model"] == "vgg19"
    (before,) = judge(Rows({"learned": rows}), ["training-snr"]).to_dict("records")
    assert before["verdict"] == "fails" and "left out" not in before["rows"]
    for accuracy in (float("nan"), 0.79):
        taken = rows.assign(val_accuracy=rows["val_accuracy"].where(~shrinks, accuracy))
        (after,) = judge(Rows({"learned": taken}), ["training-snr"]).to_dict("records")
        assert after["verdict"] == "holds" and "VGG19" not in after["rows"] + after["lines"]
        assert after["rows"].endswith("; 9 networks left out: did not learn")


def test_one_network_of_a_cell_drops_out(gates):
    rows = curves(growing)
    bad = (rows["seed"] == 0) & (rows["padding"] == "zeros") & (rows["model"] == "vgg19")
    rows.loc[bad, "snr_ppp"] = 1e-6 * (11 - rows.loc[bad, "epoch"])
    assert verdicts({"learned": rows})["training-snr"] == OPEN
    rows.loc[bad, "val_accuracy"] = 0.1
    assert verdicts({"learned": rows})["training-snr"] == "holds"


def test_where_nothing_learned_claims_about_training_are_open_and_say_why(gates):
    toys, rows = curves(growing), curves(growing)
    for measured in ({"chronology": toys}, {"learned": rows.assign(val_accuracy=0.5)}):
        found = judge(Rows(measured, network_maps({"zeros": np.eye(14)}, {"zeros": None})))
        assert len(found) == 14 and set(found["verdict"]) == {OPEN}
        saliency = found["id"] == "saliency-randn"
        assert set(found["measured"][~saliency]) == {
            "no network counts (18 networks left out: did not learn)"
        }
    both = judge(Rows({"chronology": toys.assign(model="efficientnet_b0"), "learned": rows}))
    assert both["rows"][both["id"] == "first-tenth"].iloc[0].endswith("; 9 networks left out: did not learn")


def test_each_layer_has_a_verdict_and_every_case_needs_all(gates):
    rows = curves(lambda m, p, level, t: 1 + t * (-0.5 if level == 2 else 1), models=["vgg19"])
    measured = {"learned": rows, "learned_initial": default_start(rows)}
    lines = [f"VGG19 on scenes, layer {level}" for level in (1, 2, 3)] + [
        "VGG19 on scenes, layer 4 (deepest)"
    ]
    found = judge(Rows(measured)).set_index("id")
    told = ["holds", "fails", "holds", "holds"]
    expected = "; ".join(f"{line}: {verdict}" for line, verdict in zip(lines, told))
    assert found.loc["training-snr", "lines"] == found.loc["first-tenth", "lines"] == expected
    assert found.loc["training-snr", "verdict"] == found.loc["first-tenth", "verdict"] == "fails"
    assert set(found.loc[["training-snr-default", "randn-fourth-layer"], "verdict"]) == {"holds"}
    beside = found.loc["randn-fourth-layer", "lines"]
    assert "layer 2, over He et al.'s start: fails" in beside, "it does not decide"
    assert "layer 2, over the default start: holds" in beside


def test_networks_of_three_layers_are_judged_at_their_third(monkeypatch):
    monkeypatch.setitem(recipes.GATES, ("cifar_resnet20", "scenes"), 0.8)
    rows = curves(lambda m, p, level, t: 1 + t * (level == 3), models=["cifar_resnet20"])
    rows = rows[rows["level"] < 4]
    found = judge(Rows({"learned": rows})).set_index("id").loc["fourth-layer-to-the-end"]
    assert found["verdict"] == "holds" and "layer 3 (deepest): holds" in found["lines"]


def test_a_kind_of_pictures_that_contradicts(gates):
    rows = curves(growing)
    satellite = rows.assign(source="satellite", snr_ppp=1 / rows["snr_ppp"])
    both = {"learned": pd.concat([rows, satellite], ignore_index=True)}
    assert verdicts(both)["training-snr"] == "fails"


def test_layers_before_any_padding_say_nothing(gates):
    rows = curves(growing)
    first = rows["level"] == 1
    blank = rows.assign(snr_ppp=rows["snr_ppp"].where(~first, 0), mae_ppp=rows["mae_ppp"].where(~first, 0))
    found = judge(Rows({"learned": blank}), ["training-snr"]).iloc[0]
    assert found["verdict"] == "holds" and "layer 1" not in found["lines"]


def test_a_check_fails_where_a_deciding_line_fails():
    def line(value, error, count, decides=True):
        cells = {i: pd.Series([value - error, value, value + error]) for i in range(count)}
        return claims.Line("", lambda level: pooled_intervals(cells, level=level), decides)

    lines = [line(-1, 0.3, 1), line(1, 0.1, 20)]
    assert line_verdicts(lines[:1]) == ["fails"]
    assert line_verdicts(lines) == [OPEN, "holds"], "among so many cases one may lie below by chance"
    assert claims.base.decide(lines) == OPEN
    assert line_verdicts([line(-1, 0.3, 1), line(1, 0.1, 20, decides=False)]) == ["fails", "holds"]


@pytest.mark.parametrize("pooled", [True, False])
@pytest.mark.parametrize(
    "shape, id, verdict",
    [
        (lambda m, p, level, t: 2 - t, "training-snr", "fails"),
        (lambda m, p, level, t: 2 + t * (1 if m != "vgg19" else -1), "training-snr", "fails"),
        (lambda m, p, level, t: 2 - t, "training-mae", "fails"),
        (lambda m, p, level, t: 1 + min(t, 0.5), "fourth-layer-to-the-end", OPEN),
        (lambda m, p, level, t: 1 + t * (level != 4), "fourth-layer-to-the-end", OPEN),
        (lambda m, p, level, t: 2 - t, "fourth-layer-to-the-end", "fails"),
        (lambda m, p, level, t: 1 + max(t - 0.5, 0), "first-tenth", OPEN),
        (lambda m, p, level, t: 1 + t * (level != 2), "first-tenth", OPEN),
        (lambda m, p, level, t: 1 + t - 1.9 * t * (p == "randn"), "randn-fourth-layer", "fails"),
        (lambda m, p, level, t: 1 + t + (p == "randn"), "randn-middle-layers", "fails"),
        (lambda m, p, level, t: 1 + t + (p == "randn") * (level == 3), "randn-middle-layers", OPEN),
        (lambda m, p, level, t: 1 + t - t * (p == "randn") * (level == 3), "randn-middle-layers", "holds"),
        (lambda m, p, level, t: 1 + t + 5 * (p == "zeros"), "training-over-padding", "fails"),
        (lambda m, p, level, t: 1 + 5 * t + (p == "zeros"), "training-over-padding", "holds"),
    ],
)
def test_networks_that_do_not(gates, shape, id, verdict, pooled):
    rows = curves(shape)
    found = verdicts({"learned": rows, "learned_initial": default_start(rows)}, pooled=pooled)
    assert found[id] == verdict


def test_the_spread_of_a_family_and_of_a_cell(gates):
    """Two networks that differ a little under one padding and much under another."""
    rows = curves(lambda m, p, level, t: 1 + 0.3 * t, models=["vgg19"], networks=2, noise=0)
    loud = (rows["padding"] == "zeros") & (rows["epoch"] == 10)
    rows["snr_ppp"] += 0.2 * rows["seed"] * loud + 1e-4 * rows["seed"] * (rows["epoch"] == 10)
    measured = {"learned": rows}
    intervals = {p: judge(Rows(measured, pooled=p), ["training-snr"])["verdict"][0] for p in (True, False)}
    assert intervals == {True: "holds", False: OPEN}


def test_trained_beside_the_default_initialisation(gates):
    rows = curves(lambda m, p, level, t: 2 - t)
    start = rows[rows["epoch"] == 0]
    for factor, verdict in ((0.1, "holds"), (2, "fails")):
        initial = start.assign(snr_ppp=factor * start["snr_ppp"], mae_ppp=start["mae_ppp"])
        found = verdicts({"learned": rows, "learned_initial": initial})
        assert found["training-snr-default"] == verdict and found["training-mae-default"] == "fails"
        assert found["training-snr"] == "fails"
    others = start.assign(seed=start["seed"] + 10)  # networks that were not trained
    for measured in ({"learned": rows}, {"learned": rows, "learned_initial": others}):
        found = judge(Rows(measured), ["training-snr-default"]).iloc[0]
        assert found["verdict"] == OPEN and "not measured yet under PyTorch's default" in found["measured"]


def test_measurements_elsewhere_do_not_count(gates):
    rows = curves(growing)
    elsewhere = [
        rows.assign(snr_ppp=1 / rows["snr_ppp"], size=224),
        rows.assign(snr_ppp=0.0, mae_ppp=0.0, padding="none"),
    ]
    together = pd.concat([rows, *elsewhere], ignore_index=True)
    own, all_rows = Rows({"learned": rows}), Rows({"learned": together})
    pd.testing.assert_frame_equal(judge(own), judge(all_rows))


def test_one_network_tells_nothing(gates):
    rows = curves(lambda m, p, level, t: 1 + t, networks=1)
    found = verdicts({"learned": rows, "learned_initial": default_start(rows)})
    assert found["training-snr"] == found["first-tenth"] == found["training-over-padding"] == OPEN


def test_a_network_that_is_alone_decides_nothing(gates):
    """One more kind that shrinks, one network each: with a second of each it decides."""
    grows = curves(lambda m, p, level, t: 1 + t)
    for networks, verdict, why in (
        (1, "holds", "3 networks left out: the only one of their kind"),
        (2, "fails", ""),
    ):
        shrinks = curves(lambda m, p, level, t: 2 - t, networks, models=["resnet9"])
        (found,) = judge(Rows({"learned": pd.concat([grows, shrinks])}), ["training-snr"]).to_dict("records")
        assert found["verdict"] == verdict and found["rows"].endswith(why)


@pytest.mark.parametrize("sign, verdict", [(1, "holds"), (-1, "fails")])
def test_metrics_that_follow_each_other_or_not(gates, sign, verdict):
    rows = curves(lambda m, p, level, t: 1.0, networks=6)
    found = verdicts({"learned": rows.assign(mae_ppp=2 + sign * rows["snr_ppp"])})
    assert found["snr-and-mae-agree"] == verdict


def test_saliency_under_randn():
    rows = curves(lambda m, p, level, t: 1 + t, models=["vgg_fcn"]).assign(val_fixed=0.1)
    for randn, verdict in ((0.27, "holds"), (0.5, "fails"), (0.3, OPEN)):
        score = np.where(rows["padding"] == "randn", randn, 0.3) + 0.01 * (rows["seed"] - 1)
        assert verdicts({"learned": rows.assign(val_weighted_f=score)})["saliency-randn"] == verdict


def network_maps(trained, untrained, seeds=(0, 1)):
    """Maps `(H, W)` by padding; networks of one padding differ a little."""
    x = np.linspace(-1, 1, 14)
    return [
        NetworkMap("vgg19", "scenes", padding, seed, z * (1 + 0.01 * seed * x), untrained[padding])
        for padding, z in trained.items()
        for seed in seeds
    ]


def test_shapes_of_maps(gates):
    y, x = np.mgrid[-1:1:14j, -1:1:14j]
    peaked, framed = (x * y) ** 4 + 0.01, np.maximum(abs(x), abs(y)) ** 4 - 0.5 * (x * y) ** 4
    ids = ["corners", "spreads-out", "paddings-alike"]
    both, rim = {"zeros": peaked, "reflect": peaked}, dict.fromkeys(("zeros", "reflect"), (x * y) ** 12)

    def found(*maps):
        rows = curves(growing, networks=2, models=["vgg19"])
        return judge(Rows({"learned": rows}, network_maps(*maps)), ids)

    assert dict(found(both, rim)[["id", "verdict"]].values) == dict.fromkeys(ids, "holds")
    assert set(found(both, rim, [0])["verdict"]) == {OPEN}
    part = found(both | {"reflect": framed}, rim | {"reflect": framed}).set_index("id")
    assert part.loc["corners", "verdict"] == "fails" and "in 2 of 4" in part.loc["corners", "measured"]
    assert part.loc["spreads-out", "verdict"] == OPEN  # unchanged is not grown
    assert "grew in 2 of 4" in part.loc["spreads-out", "measured"]
    assert list(found({"zeros": peaked}, {"zeros": None})["id"]) == ["corners"]  # nothing to compare with


def test_a_pattern_that_cannot_reach_inside_does_not_spread(gates):
    rim = np.ones((14, 14))
    rim[2:-2, 2:-2] = 0  # a seventh of the side
    rows = Rows(
        {"learned": curves(growing, networks=2, models=["vgg19"])},
        network_maps({"zeros": rim}, {"zeros": rim}),
    )
    found = judge(rows, ["spreads-out"]).iloc[0]
    assert found["verdict"] == OPEN and "less far than a seventh" in found["measured"]


def test_maps_of_a_network_that_did_not_learn_are_left_out(gates):
    y, x = np.mgrid[-1:1:14j, -1:1:14j]
    trained = {"zeros": (x * y) ** 4 + 0.01, "reflect": 1.01 - (x * y) ** 4}
    maps = network_maps(trained, dict.fromkeys(trained))
    rows = curves(growing, networks=2, models=["vgg19"])
    assert verdicts({"learned": rows}, maps)["corners"] == "fails"
    reflect = rows["padding"] == "reflect"
    taken = rows.assign(val_accuracy=rows["val_accuracy"].where(~reflect))
    assert verdicts({"learned": taken}, maps)["corners"] == "holds"


def trials_of_posenet(effect, noise=0.1, constant=0, padding=None, black=0):
    random, out = np.random.default_rng(0), []
    paddings = [padding] if padding else ["zeros", "reflect", "replicate", "circular"]
    for weights, pad, seed, trial in itertools.product(
        ("untrained", "trained"), paddings, range(3), range(5)
    ):
        spc = effect * (pad == "zeros") - 0.5 * (weights == "trained") + noise * random.normal()
        row = {"model": "vgg19", "data": "scenes", "source": "scenes", "weights": weights}
        row |= {"padding": pad, "seed": seed, "trial": trial}
        blank = {f"nan {test}": black * (test == "black") for test in ("black", "white", "noise")}
        counts = {f"count {test}": 1 for test in ("black", "white", "noise")} | {"count images": 32}
        out.append({**row, **blank, **counts, "spc images": spc, "nan images": constant})
    return pd.DataFrame(out)


def read_by_posenet(trials, accuracy=0.9, **others):
    """Trials beside their networks, which end with that accuracy."""
    names = trials[["model", "data", "padding", "seed"]].drop_duplicates()
    networks = names.assign(epoch=9, epochs=9, val_accuracy=accuracy)
    return {"posenet": trials, "learned": networks} | others


def posenet_verdicts(measured):
    ids = [id for id, c in CLAIMS.items() if "posenet" in c.needs and "learned" not in c.needs]
    return judge(Rows(measured), ids).set_index("id")["verdict"].to_dict()


def test_posenet_that_tells_paddings_apart_and_one_that_does_not(gates):
    blind = posenet_verdicts(read_by_posenet(trials_of_posenet(0.0, 0.3)))
    assert blind["posenet-hides-differences"] == "holds" and blind["posenet-nan"] == OPEN
    seeing = posenet_verdicts(read_by_posenet(trials_of_posenet(1.0, constant=1)))
    assert seeing["posenet-hides-differences"] == "fails" and seeing["posenet-nan"] == "holds"
    assert seeing["zeros-give-position"] == seeing["posenet-vgg19-zeros"] == "holds"
    on_black = judge(Rows(read_by_posenet(trials_of_posenet(0.0, black=1))), ["posenet-nan"]).iloc[0]
    assert (
        on_black["verdict"] == "holds" and "images: 0 of 3840 maps; black: 120 of 120" in on_black["measured"]
    )
    assert posenet_verdicts(read_by_posenet(trials_of_posenet(-1.0)))["zeros-give-position"] == "fails"


def test_posenet_on_networks_that_did_not_learn(gates):
    """What it read of them after training drops out; what it read before stays."""
    trials = trials_of_posenet(1.0)
    blind = trials["weights"] == "untrained"
    trials["spc images"] = trials["spc images"].where(~blind, trials_of_posenet(0.0)["spc images"])
    assert posenet_verdicts(read_by_posenet(trials))["posenet-hides-differences"] == "fails"
    ids = ["posenet-hides-differences", "zeros-give-position", "posenet-vgg19-zeros"]
    found = judge(Rows(read_by_posenet(trials, accuracy=0.1)), ids).set_index("id")
    assert found.loc["posenet-hides-differences", "verdict"] == "holds"
    for id in ids[1:]:
        assert found.loc[id, "verdict"] == OPEN
        assert "12 networks left out: did not learn" in found.loc[id, "measured"]


def test_a_padding_on_which_every_map_is_constant_cannot_be_told_apart(gates):
    trials = trials_of_posenet(1.0)
    constant = trials.assign(**{"spc images": trials["spc images"].where(trials["padding"] == "zeros")})
    found = posenet_verdicts(read_by_posenet(constant))
    assert found["posenet-hides-differences"] == OPEN and "zeros-give-position" not in found


def test_posenet_scatters_over_trials_or_over_networks(gates):
    trials = trials_of_posenet(1.0)
    assert posenet_verdicts(read_by_posenet(trials))["posenet-scatters"] == "holds"
    apart = trials.assign(**{"spc images": trials["spc images"] + trials["seed"]})
    assert posenet_verdicts(read_by_posenet(apart))["posenet-scatters"] == "fails"
    one = posenet_verdicts(read_by_posenet(trials[trials["seed"] == 0]))
    assert one["posenet-scatters"] == one["posenet-hides-differences"] == OPEN


@pytest.mark.parametrize("noise, effect, verdict", [(0.001, 0.0, "holds"), (0.3, 3.0, "fails")])
def test_which_metric_discriminates_more(gates, noise, effect, verdict):
    rows = curves(
        lambda m, p, level, t: 1 + (p == "zeros"), models=MADE_UP, paddings=("zeros", "reflect"), noise=noise
    )
    read = pd.concat([trials_of_posenet(effect).assign(model=m) for m in MADE_UP], ignore_index=True)
    found = judge(Rows({"posenet": read, "learned": rows}), ["ppp-discriminates"]).iloc[0]
    assert found["verdict"] == verdict and "of 8 cases" in found["measured"]
    toys = judge(Rows({"posenet": read, "chronology": rows}), ["ppp-discriminates"]).iloc[0]
    assert "of 4 cases" in toys["measured"], (
        "untrained networks count, trained ones that did not learn do not"
    )
    assert "ppp-discriminates" not in verdicts({"posenet": read})


def test_posenet_without_padding():
    padded = trials_of_posenet(0.0)
    id = "posenet-without-padding"
    either_way = (-1.0) ** np.arange(30)
    for effect, spread, verdict in (
        (0, 0.001, "fails"),
        (0.5, 0, "holds"),
        (-0.5, 0, "holds"),
        (0, 0.1, "holds"),
    ):
        bare = trials_of_posenet(0.0, padding="none")
        bare["spc images"] = effect + (spread + 0.001 * np.arange(30)) * either_way
        measured = {"posenet": pd.concat([padded, bare], ignore_index=True)}
        assert verdicts(measured)[id] == verdict
    assert id not in verdicts({"posenet": padded})


def published_rows(trained, start=1.0, padding="zeros", networks=5):
    """A trained ResNet-20 beside untrained ones around `start`, at three layers: `trained` by level."""
    out = []
    for weights, seeds in (("trained", 1), ("kaiming", networks), ("default", networks)):
        for level, seed, source in itertools.product(trained, range(seeds), ("scenes", "satellite")):
            value = trained[level] if weights == "trained" else start + 0.01 * (seed - networks // 2)
            names = {"model": "cifar_resnet20", "weights": weights, "weights_seed": seed, "source": source}
            names |= {"padding": padding, "level": level, "layer": f"layer{level}", "n": 9}
            value *= 0.1 if weights == "default" else 1
            out.append(names | {"snr_ppp": value, "mae_ppp": 2 - value, "snr_ppp_ci95": 0, "mae_ppp_ci95": 0})
    return pd.DataFrame(out)


def test_published_networks_are_their_own_evidence():
    ids = [id for id, claim in CLAIMS.items() if "published_networks" in claim.needs]
    assert {CLAIMS[id].evidence for id in ids} == {Evidence.PUBLISHED}
    found = verdicts({"published_networks": published_rows({1: 1.5, 2: 1.5, 3: 1.5})})
    assert list(found) == ids
    assert found["published-snr"] == found["published-snr-default"] == "holds"
    assert found["published-mae"] == found["published-mae-default"] == "fails"
    ledger = judge(Rows({"published_networks": published_rows({1: 1.5, 2: 0.5, 3: 1.0})})).set_index("id")
    assert ledger.loc["published-snr", "verdict"] == "fails"
    assert ledger.loc["published-snr", "lines"] == (
        f"ResNet-20, layer 1: holds; ResNet-20, layer 2: fails; ResNet-20, layer 3 (deepest): {OPEN}"
    )
    assert ledger.loc["published-snr-default", "verdict"] == "holds"


def test_other_paddings_of_published_networks_are_shown_and_do_not_decide():
    own, other = published_rows({1: 1.5, 3: 1.5}), published_rows({1: 0.5, 3: 0.5}, padding="randn")
    found = judge(Rows({"published_networks": pd.concat([own, other])}), ["published-snr"]).iloc[0]
    assert found["verdict"] == "holds" and "layer 1, other paddings: fails" in found["lines"]
    assert "published-snr" not in verdicts({"published_networks": other})
    alone = published_rows({3: 1.9}, networks=1)
    assert verdicts({"published_networks": alone})["published-snr"] == OPEN, "one untrained has no spread"


def untrained_rows(zeros=0.05, other=1e-6, none=1e-7, resnet=0.1):
    out = []
    for model, padding, seed in itertools.product(
        ("vgg19", "resnet50"), ("zeros", "randn", "none"), range(3)
    ):
        value = {"none": none, "zeros": zeros, "randn": other}[padding]
        if model == "resnet50" and padding == "zeros":
            value = resnet
        names = {"model": model, "padding": padding, "weights_seed": seed, "init": "default", "level": 4}
        out.append(names | {"n": 8, "source": "scenes", "snr_ppp": value * (1 + 0.01 * seed)})
    return pd.DataFrame(out)


def test_untrained_networks():
    ids = ["untrained-none", "untrained-vgg19", "untrained-others"]
    assert verdicts({"untrained": untrained_rows()}) == dict.fromkeys(ids, "holds")
    against = untrained_rows(other=1e-3, none=1e-4, resnet=0.0)
    assert verdicts({"untrained": against}) == dict.fromkeys(ids, "fails")
    shallow = pd.concat([untrained_rows(), against.assign(level=3), against.assign(init="kaiming")])
    assert verdicts({"untrained": shallow}) == dict.fromkeys(ids, "holds")
    bare = untrained_rows()[lambda d: d["padding"] == "none"]
    assert verdicts({"untrained": bare}) == {"untrained-none": "holds"}


def bhv_rows(grey, replicate, inconsistency, spread):
    """Three networks a cell, around given means of the dissimilar test."""
    means = {("none", background): 3.0 for background in ("0.0", "0.5")}
    means |= {(p, b): 93.0 for p in ("full-replicate", "full-circular") for b in ("0.0", "0.5")}
    means |= {("full-zeros", "0.0"): 89.0, ("full-zeros", "0.5"): grey, ("full-replicate", "0.0"): replicate}
    return pd.DataFrame(
        [
            {"padding": p, "background": b, "dissimilar": mean + d, "inconsistency": inconsistency + d}
            | {"similar": 89.0 + d}
            for (p, b), mean in means.items()
            for d in (-spread, 0.0, spread)
        ]
    )


@pytest.mark.parametrize(
    "grey, replicate, inconsistency, spread, expected",
    [
        (5.0, 94.0, 50.0, 1.0, ["holds"] * 5),
        (95.0, 94.0, 50.0, 1.0, ["fails", "holds", OPEN, "holds", "holds"]),
        (5.0, 20.0, 0.5, 1.0, ["holds", "fails", "holds", OPEN, OPEN]),
        (88.0, 94.0, 50.0, 9.0, [OPEN, OPEN, OPEN, "holds", "holds"]),
    ],
)
def test_bhv(grey, replicate, inconsistency, spread, expected):
    found = verdicts({"bhv": bhv_rows(grey, replicate, inconsistency, spread)})
    names = ["grey", "best-on-black", "best-on-grey", "inconsistent", "inconsistent-none"]
    assert found.pop("bhv-full-convolutions") == "holds", "on black both tests are as right"
    assert found == dict(zip([f"bhv-{name}" for name in names], expected))


@pytest.mark.parametrize("gap, expected", [(0.5, "holds"), (1.0, OPEN), (3.0, "fails"), (-3.0, "fails")])
def test_full_convolutions_on_black_decide(gap, expected):
    rows = bhv_rows(5.0, 94.0, 50.0, 1.0)
    noise = np.tile([-0.01, 0.0, 0.01], len(rows) // 3)
    rows["similar"] = rows["dissimilar"] + gap + noise
    assert verdicts({"bhv": rows})["bhv-full-convolutions"] == expected
    rows.loc[rows["background"] == "0.5", "similar"] += 50
    assert verdicts({"bhv": rows})["bhv-full-convolutions"] == expected, "grey decides nothing"


def fconv_rows(**changed):
    """What F-Conv's first table shows on black: similar and dissimilar, three networks a padding."""
    means = {"none": (100, 0), "zeros": (99, 8), "circular": (73, 73), "full-zeros": (89, 89), **changed}
    return pd.DataFrame(
        {"padding": padding, "background": "0.0", "similar": similar + d, "dissimilar": dissimilar + d}
        | {"inconsistency": 50.0}
        for padding, (similar, dissimilar) in means.items()
        for d in (-0.5, 0.0, 0.5)
    )


@pytest.mark.parametrize(
    "changed, used, disturbs",
    [
        ({}, "holds", "holds"),
        ({"zeros": (99, 99)}, "fails", "holds"),
        ({"circular": (80, 70)}, "holds", "fails"),
        ({"circular": (95, 95)}, "holds", "fails"),
    ],
)
def test_what_fconv_says_of_the_others(changed, used, disturbs):
    found = verdicts({"bhv": fconv_rows(**changed)})
    assert (found["bhv-place-is-used"], found["bhv-circular-disturbs"]) == (used, disturbs)


def test_papers_and_their_disputes():
    assert {claim.paper for claim in CLAIMS.values()} <= {paper.name for paper in claims.PAPERS}
    assert len({paper.name for paper in claims.PAPERS}) == len(claims.PAPERS) == 4
    for dispute in claims.DISPUTES:
        assert {dispute.by, dispute.of} <= {paper.name for paper in claims.PAPERS}
        assert dispute.claims and set(dispute.claims) <= set(CLAIMS)
    ledger = pd.DataFrame({"id": ["bhv-grey", "x"], "paper": ["PPP", "PosENet"], "claim": ["on grey", "y"]})
    ledger["verdict"] = ["holds", "fails"]
    assert claims.counts(ledger, "PPP") == {"holds": 1, "fails": 0, OPEN: 0}
    told = dict(zip([d.about for d in claims.DISPUTES], [t for _, t in claims.judged(ledger)]))
    assert {"on grey": "holds"} in told.values() and {} in told.values()


def test_bhv_checks_name_the_paddings_that_rows_tell():
    checks = judge(Rows({"bhv": bhv_rows(5.0, 20.0, 50.0, 1.0)})).set_index("id")["check"]
    assert "(full-replicate) minus the best other (full-zeros)" in checks["bhv-best-on-black"]
    assert "(none, background 0.0)" in checks["bhv-inconsistent-none"]


def test_bhv_on_part_of_its_cells():
    rows = bhv_rows(5.0, 94.0, 50.0, 1.0)
    black = rows[rows["background"] == "0.0"]
    assert set(verdicts({"bhv": black})) == {"bhv-best-on-black", "bhv-inconsistent", "bhv-inconsistent-none"}
    zeros = rows[rows["padding"] == "full-zeros"]
    assert set(verdicts({"bhv": zeros})) == {"bhv-full-convolutions", "bhv-grey", "bhv-inconsistent"}


@pytest.mark.parametrize("spread", ["family", "cell"])
def test_ledger_of_the_published_rows(spread):
    """To the letter: whoever changes a claim, or a row, changes this file on purpose."""
    both = pd.read_csv(LEDGER, dtype=str, keep_default_na=False)
    golden = both.query("spread == @spread").drop(columns="spread")
    found = evaluate_claims(PUBLISHED, pooled=spread == "family")
    assert list(found.columns) == list(claims.COLUMNS) and list(found["id"]) == list(CLAIMS)
    pd.testing.assert_frame_equal(found, golden.reset_index(drop=True), check_dtype=False)
    assert set(found["verdict"]) <= set(Verdict)


@pytest.fixture(scope="module")
def published():
    return Rows.read(PUBLISHED)


def part_of(rows, **chosen):
    """Rows of some values of some columns; tables without any of the columns are left out."""
    measured = {}
    for name in MEASURED:
        table = rows._tables[name]
        if not set(chosen) & set(table):
            continue
        for column, values in chosen.items():
            table = table[table[column].isin(values)] if column in table else table
        measured[name] = table
    maps = [m for m in rows._maps if all(getattr(m, c, v[0]) in v for c, v in chosen.items())]
    return Rows(measured, maps)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "chosen",
    [
        {"padding": ["zeros"]},
        {"padding": ["randn"]},
        {"padding": ["none"]},
        {"padding": ["none", "reflect"]},
        {"padding": ["full-zeros", "zeros", "reflect"]},
        {"model": ["resnet50"]},
        {"model": ["vgg16_sod"]},
        {"seed": [0]},
        {"seed": [0, 1]},
        {"level": [4]},
        {"level": [2, 3]},
        {"epoch": [0]},
        {"epoch": [12]},
        {"weights": ["trained"], "padding": ["zeros", "reflect", "none"]},
        {"source": ["satellite"]},
        {"background": ["0.5"]},
        {"init": ["kaiming"]},
        {"model": ["vgg19"], "padding": ["zeros"], "seed": [1]},
    ],
    ids=str,
)
def test_part_of_the_rows_is_enough_for_some_claims(published, chosen):
    part = part_of(published, **chosen)
    for rows in (part, Rows(part._tables, part._maps, pooled=False)):
        found = judge(rows)
        assert set(found["verdict"]) <= set(Verdict)
        assert not found["measured"].str.contains(r"\bnan\b(?! \()|\binf to").any(), found[
            "measured"
        ].tolist()


@pytest.mark.parametrize(
    "name", ["untrained", "chronology", "published_networks", "posenet", "bhv", "emergence"]
)
def test_a_folder_with_part_of_the_rows(tmp_path, name):
    for path in PUBLISHED.glob(f"{name}.*"):
        shutil.copy(path, tmp_path)
    for path in PUBLISHED.glob(f"{name}_trials.*"):
        shutil.copy(path, tmp_path)
    needs = [{"learned"}, {"maps"}] if name == "chronology" else [{name}]
    found, able = evaluate_claims(tmp_path), {id for id, c in CLAIMS.items() if set(c.needs) in needs}
    assert set(found["id"]) == able


def test_a_folder_without_rows(tmp_path):
    assert evaluate_claims(tmp_path).empty and list(evaluate_claims(tmp_path)) == list(claims.COLUMNS)
    with pytest.raises(ValueError, match="nowhere.* is not a folder"):
        evaluate_claims(tmp_path / "nowhere")


def test_networks_of_two_profiles_are_not_mixed(tmp_path):
    """They have the same names: one that did not learn would pass by the other's accuracy."""
    columns = ["model", "data", "padding", "seed", "profile"]
    own = pd.read_parquet(PUBLISHED / "learned.parquet").query("model == 'resnet9' and data == 'scenes'")
    trials = pd.read_csv(PUBLISHED / "learned_trials.csv").merge(own[columns].drop_duplicates(), on=columns)
    quick = {"profile": "quick", "val_accuracy": 0.2}
    pd.concat([own, own.assign(**quick)]).to_parquet(tmp_path / "learned.parquet")
    pd.concat([trials, trials.assign(profile="quick")]).to_csv(tmp_path / "learned_trials.csv", index=False)
    with pytest.raises(ValueError, match=r"several profiles \(published, quick\).* profile="):
        evaluate_claims(tmp_path, ids=["training-snr"])
    found = {
        profile: evaluate_claims(tmp_path, ids=["training-snr"], profile=profile)["rows"].iloc[0]
        for profile in ("published", "quick")
    }
    assert found == {"published": "ResNet-9 on scenes: 5 paddings, 3 networks each", "quick": "none"}


def test_some_claims_by_id(published):
    found = judge(published, ["corners", "untrained-none"])
    assert list(found["id"]) == ["untrained-none", "corners"]
    with pytest.raises(ValueError, match="ids has kaput; claims are more-images-show-it"):
        judge(published, ["kaput", "corners"])


def test_tables_of_the_page():
    verdict = ["fails", "holds", OPEN, "holds"]
    ledger = pd.DataFrame({"claim": list("abcd"), "evidence": "us", "id": list("wxyz"), "verdict": verdict})
    assert claims.summary(ledger) == "Of 4 claims 2 hold, 1 fail, and 1 cannot be told yet."
    other = ledger.assign(verdict=["fails", "fails", OPEN, "holds"])
    found = claims.changes(ledger, other, ("before", "after"))
    assert found.to_dict("index") == {("b", "us"): {"before": "holds", "after": "fails"}}
    two = pd.DataFrame({"claim": "a", "evidence": ["us", "them"], "verdict": ["holds", OPEN]})
    assert claims.answer(two, "a") == f"“a”: holds on us, {OPEN} on them."
    assert claims.answer(two, "b") == "“b”: not asked of these rows."


def test_cards_are_sorted_by_paper_and_verdict():
    def one(id, paper, verdict):
        claim = replace(CLAIMS["corners"], id=id, paper=paper)
        return claim, claims.Finding("", verdict, "")

    fails, holds, other = Verdict.FAILS, Verdict.HOLDS, Verdict.OPEN
    found = [one("a", "P", other), one("b", "Q", holds), one("c", "P", fails), one("d", "P", holds)]
    assert [claim.id for claim, _ in claims.by_verdict(found)] == ["d", "c", "a", "b"]


def test_verdicts_of_the_first_ledger(tmp_path):
    columns = {"id": list("wxy"), "claim": list("abc"), "evidence": "us"}
    ledger = pd.DataFrame(columns | {"verdict": ["fails", "holds", OPEN]})
    earlier = pd.DataFrame({"id": ["w", "x"], "verdict": ["holds", "holds"], "measured": ["much", "little"]})
    earlier.to_csv(tmp_path / "then.csv", index=False)
    found = claims.beside_earlier(ledger, tmp_path / "then.csv").to_dict("records")
    assert found == [{"claim": "a", "then": "holds", "now": "fails", "measured then": "much"}]
    assert claims.beside_earlier(ledger, tmp_path / "none.csv").empty


def test_networks_that_did_not_learn_are_counted_and_told(gates):
    good = curves(growing, models=["vgg19"])
    bad = curves(growing, models=["resnet50"]).assign(val_accuracy=0.25)
    rows = Rows({"learned": good, "chronology": bad})
    told = "18 networks trained, 9 left out; classifiers among them ended at 25 to 25 %"
    assert rows.did_not_learn() == told
    network = rows.deepest_curves("snr_ppp").groupby("model")["network"].unique().str[0].to_dict()
    assert network == {"resnet50": "did not learn", "vgg19": "VGG19 on scenes"}
    assert Rows({}).did_not_learn() == ""


def test_unknown_tables_are_refused():
    with pytest.raises(ValueError, match="measured has rows; it may have untrained, published_networks"):
        Rows({"rows": pd.DataFrame()})
