"""Claims about shifted copies and the channel attack, on rows written by hand."""

import pandas as pd
import pytest

from pppkit.experiments import claims

HOLDS, FAILS, OPEN = claims.Verdict.HOLDS, claims.Verdict.FAILS, claims.Verdict.OPEN
PADDINGS = ("zeros", "circular", "reflect", "replicate", "randn")


def asked(consistency, top1=(95.0, 95.0), data="scenes", paddings=PADDINGS, passed=True, other="plain"):
    """Rows of a way to learn and of AugShift, with a little spread over paddings."""
    rows = []
    for i, padding in enumerate(paddings):
        for variant, c, t in zip((other, "augshift"), consistency, top1):
            for fill in ("zeros", "circular"):
                more = {"model": "vgg19_bn", "data": data, "padding": padding, "seed": 0, "fill": fill}
                wild = 0 if fill == "zeros" else 50
                found = {"consistency": c + (0.1 * i if variant == "augshift" else 0) - wild, "top1": t}
                rows.append({"variant": variant, "passed": passed, **more, **found})
    return pd.DataFrame(rows)


def judged(id, **tables):
    found = claims.judge(claims.Rows(tables), [id])
    return found.iloc[0] if len(found) else None


def verdict(table, id="gap-augshift"):
    return judged(id, shift_consistency=table)["verdict"]


def test_augshift():
    assert verdict(asked((90, 95.0))) == HOLDS
    assert verdict(asked((95, 90.0))) == FAILS
    assert verdict(asked((90, 95.0), (95, 93.5))) == HOLDS  # the margin
    assert verdict(asked((90, 95.0), (95, 90.0))) == FAILS  # consistent, and wrong
    assert verdict(asked((94.8, 94.6))) == OPEN  # from 0.2 worse to 0.2 better
    assert verdict(asked((90, 95.0), paddings=("zeros",))) == OPEN, "one padding has no spread"


def test_one_padding_is_shown_beside_and_does_not_decide():
    both = pd.concat([asked((90, 95.0)), asked((95, 90.0), data="cifar10", paddings=("zeros",))])
    found = judged("gap-augshift", shift_consistency=both)
    assert found["verdict"] == HOLDS
    assert "VGG19-BN on scenes: +5.2 ± 0.2 consistency, +0.0 ± 0.0 top-1" in found["measured"]
    assert "VGG19-BN on CIFAR-10: -5.0 (one padding) consistency" in found["measured"]


def test_networks_below_their_gates_say_nothing():
    found = judged("gap-augshift", shift_consistency=asked((90, 95.0), passed=False))
    assert found["verdict"] == OPEN and "above its gate" in found["measured"]
    mixed = pd.concat([asked((90, 95.0)), asked((99, 95.0), passed=False)])
    assert verdict(mixed) == HOLDS


def test_augshift_beside_blurpool():
    table = asked((90, 95.0), other="blurpool")
    assert verdict(table, "gap-augshift-blurpool") == HOLDS
    assert judged("gap-augshift", shift_consistency=table) is None  # no plain network
    assert judged("gap-augshift-blurpool", shift_consistency=asked((90, 95.0))) is None


def attacked(cost, random, padding="zeros", draws=10):
    """Rows of an attack: what channels of each ranking cost in each region, in points of mIoU."""
    rows = []
    for top in (2, 4):
        for ranking, losses in cost.items():
            rows += [(ranking, 0, top, region, loss * top) for region, loss in losses.items()]
        for draw in range(draws):
            wobble = 0.1 * (draw % 3 - 1)
            rows += [("random", draw, top, region, loss + wobble) for region, loss in random.items()]
    table = pd.DataFrame(rows, columns=["ranking", "draw", "top", "region", "loss"])
    network = {"model": "vgg_fcn", "data": "satellite", "padding": padding, "seed": 0, "whole": 0.8}
    return table.assign(miou=0.8 - table.pop("loss") / 100, channels=16, **network)


FLAT = {"image": 1.0, "left": 1.0, "centre": 1.0, "right": 1.0}


def by_region(own, rest=1.0):
    """Costs of the three thirds' channels: one number at home, another elsewhere."""
    thirds = ("left", "centre", "right")
    made = {k: {"image": rest} | {t: own if t == k else rest for t in thirds} for k in thirds}
    return made | {"overall": {**FLAT, "image": own}}


@pytest.mark.parametrize("own, expected", [(3.0, HOLDS), (0.1, FAILS), (0.53, OPEN)])
def test_position_channels_beside_random_ones(own, expected):
    found = judged("gap-attack", channel_attack=attacked(by_region(own), FLAT))
    assert found["verdict"] == expected


def test_every_padding_has_a_line():
    both = [attacked(by_region(3.0), FLAT), attacked(by_region(0.0), FLAT, "circular")]
    found = judged("gap-attack", channel_attack=pd.concat(both))
    assert found["verdict"] == FAILS
    assert found["lines"] == "circular on satellite: fails; zeros on satellite: holds"
    assert "circular on satellite -1.0, zeros on satellite +8.0" in found["measured"]


def test_regions():
    id = "gap-attack-region"
    assert judged(id, channel_attack=attacked(by_region(3.0), FLAT))["verdict"] == HOLDS
    assert judged(id, channel_attack=attacked(by_region(0.5), FLAT))["verdict"] == FAILS
    skewed = {**FLAT, "left": 9.0}  # the left is dearer whatever is off: no merit of its channels
    cost = {k: {**v, "left": v["left"] + 4.0} for k, v in by_region(1.0).items()}
    assert judged(id, channel_attack=attacked(cost, skewed))["verdict"] == FAILS
