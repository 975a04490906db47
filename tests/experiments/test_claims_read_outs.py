"""What the PosENet paper says of its read-outs, on made-up rows."""

import itertools

import pandas as pd
import pytest

from pppkit.experiments.claims import Rows, Verdict, judge

PATTERNS = ("horizontal", "vertical", "gaussian", "horizontal waves")
FIRST = {"depth": 1, "kernel": 3, "readout_padding": 0, "stages": "all"}


def cell(model, pattern, spc, blank=0.5, **changed):
    """Five read-outs of one cell, around a mean."""
    weights, padding = ("none", "none") if model == "posenet" else ("trained", "zeros")
    names = {"model": model, "weights": weights, "padding": padding, "source": "scenes", "pattern": pattern}
    tests = {f"spc {test}": blank for test in ("black", "white", "noise")}
    return [
        {**names, **FIRST, **changed, "trial": i, "spc images": spc + noise, **tests}
        for i, noise in enumerate((-0.02, -0.01, 0.0, 0.01, 0.02))
    ]


def made(**spc):
    """Rows in which every claim holds, but for means of SPC that are given."""
    found = {"alone": 0.0, "network": 0.8, "waves": 0.4, "deep": 0.9, "large": 0.9, "small": 0.6}
    found |= {"first": 0.2, "last": 0.7, "padded": 0.4, "blank": 0.5, "bare": 0.1, "before": 0.6, **spc}
    rows = []
    for pattern, model in itertools.product(PATTERNS, ("cifar_resnet20", "squeezenet1_0")):
        own = found["waves" if pattern == "horizontal waves" else "network"]
        rows += cell(model, pattern, own, found["blank"])
        rows += cell(model, pattern, found["deep"], depth=3)
        rows += cell(model, pattern, found["bare"], padding="optimal")
        rows += cell(model, pattern, found["large"], kernel=7) + cell(
            model, pattern, found["small"], kernel=1
        )
        rows += cell(model, pattern, found["first"], stages="1") + cell(
            model, pattern, found["last"], stages="3"
        )
    for pattern in PATTERNS:
        rows += cell("posenet", pattern, found["alone"])
        rows += cell("posenet", pattern, found["padded"], readout_padding=2)
        rows += cell("vgg19_bn", pattern, found["before"], stages="3")
        rows += cell("vgg19_bn", pattern, 0.8, stages="4")
    rows += cell("cifar_resnet20", "horizontal", -1.0)  # untrained: no evidence
    return pd.DataFrame(rows).assign(
        weights=lambda r: r["weights"].where(r["spc images"] > -0.9, "untrained")
    )


def verdicts(rows):
    ledger = judge(Rows({"posenet_tables": rows})).set_index("id")
    return ledger["verdict"].to_dict()


NAMES = (
    *("find-position", "need-no-content", "stripes", "depth", "kernel", "stages", "padding"),
    *("equal-stages", "without-padding"),
)


def test_all_hold():
    assert verdicts(made()) == {f"read-outs-{name}": Verdict.HOLDS for name in NAMES}


@pytest.mark.parametrize(
    "changed, name",
    [
        ({"alone": 0.9, "padded": 1.0}, "find-position"),
        ({"blank": -0.5}, "need-no-content"),
        ({"waves": 0.85}, "stripes"),
        ({"deep": 0.3}, "depth"),
        ({"small": 0.95}, "kernel"),
        ({"first": 0.75}, "stages"),
        ({"padded": -0.2}, "padding"),
        ({"before": 0.9}, "equal-stages"),
        ({"bare": 0.85}, "without-padding"),
    ],
)
def test_each_fails_alone(changed, name):
    found = verdicts(made(**changed))
    assert found.pop(f"read-outs-{name}") == Verdict.FAILS
    assert set(found.values()) == {Verdict.HOLDS}


def test_no_difference_cannot_be_told():
    assert verdicts(made(deep=0.8, waves=0.8))["read-outs-depth"] == Verdict.OPEN


def test_what_was_not_measured_is_left_out():
    rows = made()
    flat = rows[(rows["depth"] == 1) & (rows["stages"] == "all")]
    assert set(verdicts(flat)) == {f"read-outs-{name}" for name in NAMES} - {
        "read-outs-depth",
        "read-outs-stages",
        "read-outs-equal-stages",
    }
    assert verdicts(rows[rows["source"] == "satellite"]) == {}
    assert set(verdicts(rows[rows["model"] == "posenet"])) == {"read-outs-padding"}


def test_networks_of_this_book_are_no_evidence_of_others():
    own = [
        row
        for kernel in (1, 3, 7)
        for row in cell("vgg19_bn", "horizontal", 0.9 - kernel / 10, kernel=kernel)
    ]
    own += cell("vgg_fcn_saliency", "horizontal", -0.9, blank=-0.9)
    assert verdicts(pd.concat([made(), pd.DataFrame(own)])) == verdicts(made())


def test_they_say_how_many_cases_speak():
    ledger = judge(Rows({"posenet_tables": made()})).set_index("id")
    assert ledger.loc["read-outs-kernel", "measured"] == "8 of 8 cases; median difference +0.300"
    assert ledger.loc["read-outs-padding", "evidence"] == "no network"
    assert "pictures alone" in ledger.loc["read-outs-padding", "rows"]
