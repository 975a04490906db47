"""Claims on made-up rows that decide them, on part of the published rows, and the ledger as published."""

import itertools
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pppkit.experiments import claims
from pppkit.experiments.claims import CLAIMS, NetworkMap, Rows, evaluate_claims, judge
from pppkit.experiments.claims.rows import TABLES
from pppkit.results.statistics import Verdict

PUBLISHED = Path(__file__).parents[2] / "book" / "results"
LEDGER = Path(__file__).with_name("ledger.csv")
OPEN = "cannot be told yet"


def curves(
    shape, networks=3, noise=0.01, models=("resnet50", "vgg19"), paddings=("zeros", "reflect", "randn")
):
    """Rows of networks whose SNR-PPP follows `shape(model, padding, level, t)` for t from 0 to 1."""
    random, out = np.random.default_rng(0), []
    fixed = {"data": "scenes", "profile": "published", "epochs": 10, "source": "scenes"}
    fixed |= {"size": 64, "trained_size": 64}
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
    assert [c.id for c in defined] == list(CLAIMS) and len({c.text for c in defined}) == len(CLAIMS)
    assert {need for c in defined for need in c.needs} == set(TABLES)


def test_networks_that_grow_as_the_paper_says():
    rows = curves(growing)
    initial = rows[rows["epoch"] == 0].assign(snr_ppp=0.1, mae_ppp=0.01)
    found = verdicts({"chronology": rows, "initial": initial})
    assert len(found) == 10 and set(found.values()) == {"holds"}, found


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
        (lambda m, p, level, t: 1 + t - t * (p == "randn") * (level == 3), "randn-middle-layers", "holds"),
        (lambda m, p, level, t: 1 + t + 5 * (p == "zeros"), "training-over-padding", "fails"),
        (lambda m, p, level, t: 1 + 5 * t + (p == "zeros"), "training-over-padding", "holds"),
    ],
)
def test_networks_that_do_not(shape, id, verdict, pooled):
    assert verdicts({"chronology": curves(shape)}, pooled=pooled)[id] == verdict


def test_the_spread_of_a_family_and_of_a_cell():
    """Two networks that differ a little under one padding and much under another."""
    rows = curves(lambda m, p, level, t: 1 + 0.3 * t, models=["vgg19"], networks=2, noise=0)
    loud = (rows["padding"] == "zeros") & (rows["epoch"] == 10)
    rows["snr_ppp"] += 0.2 * rows["seed"] * loud + 1e-4 * rows["seed"] * (rows["epoch"] == 10)
    measured = {"chronology": rows}
    intervals = {p: judge(Rows(measured, pooled=p), ["training-snr"])["verdict"][0] for p in (True, False)}
    assert intervals == {True: "holds", False: OPEN}


def test_trained_beside_the_default_initialisation():
    rows = curves(lambda m, p, level, t: 2 - t)
    start = rows[rows["epoch"] == 0]
    for factor, verdict in ((0.1, "holds"), (2, "fails")):
        initial = start.assign(snr_ppp=factor * start["snr_ppp"], mae_ppp=start["mae_ppp"])
        found = verdicts({"chronology": rows, "initial": initial})
        assert found["training-snr-default"] == verdict and found["training-mae-default"] == "fails"
        assert found["training-snr"] == "fails"
    assert "training-snr-default" not in verdicts({"chronology": rows})
    other = start.assign(seed=start["seed"] + 10)  # networks that were not trained
    assert "training-snr-default" not in verdicts({"chronology": rows, "initial": other})


def test_measurements_elsewhere_do_not_count():
    rows = curves(growing)
    elsewhere = [
        rows.assign(snr_ppp=1 / rows["snr_ppp"], size=224),
        rows.assign(snr_ppp=1 / rows["snr_ppp"], source="satellite"),
        rows.assign(snr_ppp=0.0, mae_ppp=0.0, padding="none"),
    ]
    own, all_rows = Rows({"chronology": rows}), Rows({"chronology": pd.concat([rows, *elsewhere])})
    pd.testing.assert_frame_equal(judge(own), judge(all_rows))


def test_one_network_tells_nothing():
    found = verdicts({"chronology": curves(lambda m, p, level, t: 1 + t, networks=1)})
    assert found["training-snr"] == found["first-tenth"] == found["training-over-padding"] == OPEN


@pytest.mark.parametrize("sign, verdict", [(1, "holds"), (-1, "fails")])
def test_metrics_that_follow_each_other_or_not(sign, verdict):
    rows = curves(lambda m, p, level, t: 1.0, networks=6)
    found = verdicts({"chronology": rows.assign(mae_ppp=sign * rows["snr_ppp"])})
    assert found["snr-and-mae-agree"] == verdict


def test_saliency_under_randn():
    rows = curves(lambda m, p, level, t: 1 + t, models=["vgg16_sod"])
    for randn, verdict in ((0.2, "holds"), (0.5, "fails"), (0.3, OPEN)):
        score = np.where(rows["padding"] == "randn", randn, 0.3) + 0.01 * (rows["seed"] - 1)
        assert verdicts({"chronology": rows.assign(val_weighted_f=score)})["saliency-randn"] == verdict
    assert "saliency-randn" not in verdicts({"chronology": curves(growing)})


def network_maps(trained, untrained, seeds=(0, 1)):
    """Maps `(H, W)` by padding; networks of one padding differ a little."""
    x = np.linspace(-1, 1, 14)
    return [
        NetworkMap("vgg19", "scenes", padding, seed, z * (1 + 0.01 * seed * x), untrained[padding])
        for padding, z in trained.items()
        for seed in seeds
    ]


def test_shapes_of_maps():
    y, x = np.mgrid[-1:1:14j, -1:1:14j]
    peaked, framed = (x * y) ** 4 + 0.01, np.maximum(abs(x), abs(y)) ** 4 - 0.5 * (x * y) ** 4
    ids = ["corners", "spreads-out", "paddings-alike"]
    both, rim = {"zeros": peaked, "reflect": peaked}, dict.fromkeys(("zeros", "reflect"), (x * y) ** 12)
    assert verdicts({}, network_maps(both, rim)) == dict.fromkeys(ids, "holds")
    assert verdicts({}, network_maps(both, rim, seeds=[0])) == dict.fromkeys(ids, OPEN)
    part = judge(Rows({}, network_maps(both | {"reflect": framed}, rim | {"reflect": framed})))
    part = part.set_index("id")
    assert part.loc["corners", "verdict"] == "fails" and "in 2 of 4" in part.loc["corners", "measured"]
    assert part.loc["spreads-out", "verdict"] == OPEN  # unchanged is not grown
    assert "grew in 2 of 4" in part.loc["spreads-out", "measured"]
    alone = network_maps({"zeros": peaked}, {"zeros": None})
    assert set(verdicts({}, alone)) == {"corners"}  # nothing to compare with


def trials_of_posenet(effect, noise=0.1, constant=0, padding=None):
    random, out = np.random.default_rng(0), []
    paddings = [padding] if padding else ["zeros", "reflect", "replicate", "circular"]
    for weights, pad, seed, trial in itertools.product(
        ("untrained", "trained"), paddings, range(3), range(5)
    ):
        spc = effect * (pad == "zeros") - 0.5 * (weights == "trained") + noise * random.normal()
        row = {"model": "vgg19", "data": "scenes", "source": "scenes", "weights": weights}
        row |= {"padding": pad, "seed": seed, "trial": trial}
        out.append(row | {"spc images": spc, "nan images": constant, "count images": 32})
    return pd.DataFrame(out)


def test_posenet_that_tells_paddings_apart_and_one_that_does_not():
    rows = curves(lambda m, p, level, t: 1 + (p == "zeros"), models=["vgg19"], paddings=["zeros", "reflect"])
    blind = verdicts({"posenet": trials_of_posenet(0.0, 0.3), "chronology": rows})
    assert blind["posenet-hides-differences"] == "holds" and blind["posenet-nan"] == OPEN
    seeing = verdicts({"posenet": trials_of_posenet(1.0, constant=1), "chronology": rows})
    assert seeing["posenet-hides-differences"] == "fails" and seeing["posenet-nan"] == "holds"
    assert seeing["zeros-give-position"] == seeing["posenet-vgg19-zeros"] == "holds"
    assert verdicts({"posenet": trials_of_posenet(-1.0)})["zeros-give-position"] == "fails"


def test_a_padding_on_which_every_map_is_constant_cannot_be_told_apart():
    trials = trials_of_posenet(1.0)
    constant = trials.assign(**{"spc images": trials["spc images"].where(trials["padding"] == "zeros")})
    found = verdicts({"posenet": constant})
    assert found["posenet-hides-differences"] == OPEN and "zeros-give-position" not in found


def test_posenet_scatters_over_trials_or_over_networks():
    trials = trials_of_posenet(1.0)
    assert verdicts({"posenet": trials})["posenet-scatters"] == "holds"
    apart = trials.assign(**{"spc images": trials["spc images"] + trials["seed"]})
    assert verdicts({"posenet": apart})["posenet-scatters"] == "fails"
    one = verdicts({"posenet": trials[trials["seed"] == 0]})
    assert one["posenet-scatters"] == one["posenet-hides-differences"] == OPEN


@pytest.mark.parametrize("noise, effect, verdict", [(0.001, 0.0, "holds"), (0.3, 3.0, "fails")])
def test_which_metric_discriminates_more(noise, effect, verdict):
    paddings, models = ("zeros", "reflect"), ("vgg19", "resnet50", "efficientnet_b0", "vgg16_sod")
    rows = curves(lambda m, p, level, t: 1 + (p == "zeros"), models=models, paddings=paddings, noise=noise)
    read = pd.concat([trials_of_posenet(effect).assign(model=m) for m in models])
    found = judge(Rows({"posenet": read, "chronology": rows}), ["ppp-discriminates"]).iloc[0]
    assert found["verdict"] == verdict and "of 8 cases" in found["measured"]
    assert "ppp-discriminates" not in verdicts({"posenet": read})


def test_posenet_without_padding():
    padded = trials_of_posenet(0.0)
    id = "posenet-without-padding"
    for effect, verdict in ((0.0, "fails"), (0.5, "holds"), (-0.5, "holds")):
        bare = trials_of_posenet(0.0, padding="none")
        bare["spc images"] = effect + 0.001 * (-1.0) ** np.arange(len(bare))
        assert verdicts({"posenet": pd.concat([padded, bare])})[id] == verdict
    assert id not in verdicts({"posenet": padded})


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
    assert found == dict(zip([f"bhv-{name}" for name in names], expected))


def test_bhv_checks_name_the_paddings_that_rows_tell():
    checks = judge(Rows({"bhv": bhv_rows(5.0, 20.0, 50.0, 1.0)})).set_index("id")["check"]
    assert "(full-replicate) minus the best other (full-zeros)" in checks["bhv-best-on-black"]
    assert "(none, background 0.0)" in checks["bhv-inconsistent-none"]


def test_bhv_on_part_of_its_cells():
    rows = bhv_rows(5.0, 94.0, 50.0, 1.0)
    black = rows[rows["background"] == "0.0"]
    assert set(verdicts({"bhv": black})) == {"bhv-best-on-black", "bhv-inconsistent", "bhv-inconsistent-none"}
    zeros = rows[rows["padding"] == "full-zeros"]
    assert set(verdicts({"bhv": zeros})) == {"bhv-grey", "bhv-inconsistent"}


@pytest.mark.parametrize("spread", ["family", "cell"])
def test_ledger_of_the_published_rows(spread):
    """To the letter: whoever changes a claim, or a row, changes this file on purpose."""
    golden = pd.read_csv(LEDGER, dtype=str).query("spread == @spread").drop(columns="spread")
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
    for name in TABLES:
        if name == "maps" or not rows.has(name):
            continue
        table = rows.table(name)
        if not set(chosen) & set(table):
            continue
        for column, values in chosen.items():
            table = table[table[column].isin(values)] if column in table else table
        measured[name] = table
    maps = [m for m in rows.maps if all(getattr(m, c, v[0]) in v for c, v in chosen.items())]
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
    for rows in (part, Rows(part._tables, part.maps, pooled=False)):
        found = judge(rows)
        assert set(found["verdict"]) <= set(Verdict)
        assert not found["measured"].str.contains(r"\bnan\b(?! \()|\binf to").any(), found[
            "measured"
        ].tolist()


@pytest.mark.parametrize("name", ["untrained", "chronology", "initial", "posenet", "bhv"])
def test_a_folder_with_part_of_the_rows(tmp_path, name):
    for path in PUBLISHED.glob(f"{name}.*"):
        shutil.copy(path, tmp_path)
    for path in PUBLISHED.glob(f"{name}_trials.*"):
        shutil.copy(path, tmp_path)
    found, able = evaluate_claims(tmp_path), {id for id, c in CLAIMS.items() if set(c.needs) == {name}}
    assert set(found["id"]) == able


def test_a_folder_without_rows(tmp_path):
    assert evaluate_claims(tmp_path).empty and list(evaluate_claims(tmp_path)) == list(claims.COLUMNS)
    with pytest.raises(ValueError, match="nowhere.* is not a folder"):
        evaluate_claims(tmp_path / "nowhere")


def test_some_claims_by_id(published):
    found = judge(published, ["corners", "untrained-none"])
    assert list(found["id"]) == ["untrained-none", "corners"]
    with pytest.raises(ValueError, match="ids has kaput; claims are untrained-none"):
        judge(published, ["kaput", "corners"])


def test_tables_of_the_page():
    verdict = ["fails", "holds", OPEN, "holds"]
    ledger = pd.DataFrame({"claim": list("abcd"), "paper": ["P", "P", "P", "Q"], "verdict": verdict})
    assert claims.summary(ledger) == "4 claims: 2 holds, 1 fails, 1 cannot be told yet"
    assert claims.verdict_counts(ledger).values.tolist() == [[1, 1, 1], [1, 0, 0]]
    assert claims.by_verdict(ledger)["claim"].tolist() == ["b", "d", "a", "c"]
    other = ledger.assign(verdict=["fails", "fails", OPEN, "holds"])
    found = claims.changes(ledger, other, ("before", "after"))
    assert found.to_dict("index") == {"b": {"before": "holds", "after": "fails"}}


def test_unknown_tables_are_refused():
    with pytest.raises(ValueError, match="measured has rows; it may have untrained, chronology"):
        Rows({"rows": pd.DataFrame()})
