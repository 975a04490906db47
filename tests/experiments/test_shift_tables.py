"""Tables and sentences about shifted copies, on rows written by hand."""

import pandas as pd
import pytest

from pppkit.experiments.channels import shift_tables as tables

NUMBERS = {  # top-1, consistency of black and of rolled copies, and SNR-PPP, one network each
    ("scenes", "zeros", "plain"): [(96, 90, 92, 0.8), (98, 92, 94, 0.6)],
    ("scenes", "zeros", "augshift"): [(96, 97, 97, 0.5)],
    ("scenes", "circular", "plain"): [(97, 93, 95, 0.4)],
    ("scenes", "circular", "augshift"): [(98, 97, 99, 0.3)],
    ("scenes", "circular", "blurpool"): [(97, 94, 98, 0.2)],
    ("cifar10", "zeros", "plain"): [(89, 85, 84, 0.7)],
    ("cifar10", "zeros", "augshift"): [(80, 99, 99, 0.1)],
}


def rows(numbers=NUMBERS):
    """As `shift_consistency` has them: two rows a network."""
    out = []
    for (data, padding, variant), several in numbers.items():
        model, gate = ("vgg19_bn", 85) if data == "scenes" else ("resnet9", 88)
        more = {"model": model, "width": 0.25, "size": 64, "images": 9, "test": 7, "gate": gate}
        for seed, (top1, black, rolled, snr) in enumerate(several):
            for fill, same in (("zeros", black), ("circular", rolled)):
                names = {"variant": variant, "data": data, "padding": padding, "seed": seed, "fill": fill}
                found = {"top1": top1, "consistency": same, "snr_ppp": snr, "passed": top1 >= gate}
                out.append(names | found | more)
    return pd.DataFrame(out)


@pytest.fixture
def printed(request):
    path = request.config.rootpath / "book/reference/global_pooling_invariance.csv"
    return tables.read_printed(path)


def test_beside_the_paper(printed):
    found = tables.beside_the_paper(rows(), printed)
    plain = found.loc["scenes", "plain"]
    assert plain["top-1", "ours"] == "97.0 ± 1.4" and plain["", "networks"] == 2
    assert found.loc["scenes", "BlurPool"]["consistency", "ours"] == ""  # circular only: not the paper's
    aug = found.loc["cifar10", "AugShift"]
    assert aug["top-1", "ours"] == "80.0"
    assert (aug["top-1", "paper"], aug["consistency", "paper"]) == (92.1, 94.8)
    assert found["top-1", "paper"].isna().tolist() == [True] * 3 + [False] * 6
    assert found.loc["cifar100", "plain"]["consistency", "paper"] == 70.1 and len(found) == 9


def test_by_padding():
    found = tables.by_padding(rows())
    assert len(found) == len(NUMBERS) and found["network"].tolist()[:2] == ["plain", "AugShift"]
    first, last = found.iloc[0], found.iloc[-1]
    assert first["black copies"] == "91.0 ± 1.4" and first["rolled copies"] == "93.0 ± 1.4"
    assert first["SNR-PPP"] == "0.70 ± 0.14" and (first["passed"], last["passed"]) == ("2 of 2", "0 of 1")


def test_points(printed):
    found = tables.points(rows(), printed, "cifar10", "consistency")
    paper = found[found["network"].str.contains("paper")]
    assert paper["value"].tolist() == [90.8, 94.8] and set(paper["padding"]) == {"zeros"}
    assert found[~found["network"].str.contains("paper")]["value"].tolist() == [85, 99]
    scenes = tables.points(rows(), printed, "scenes", "rolled")
    assert scenes["value"].tolist() == [92, 94, 97, 95, 99, 98]
    assert tables.points(rows(), printed, "scenes", "top1")["network"].tolist().count("plain") == 3


def test_gains_are_of_networks_above_their_gates():
    found = tables.gains(rows(), "augshift", "scenes")
    assert found["consistency"].to_dict() == {"zeros": 6, "circular": 4}
    assert found["top1"].to_dict() == {"zeros": -1, "circular": 1}
    assert tables.gains(rows(), "blurpool", "scenes")["rolled"].to_dict() == {"circular": 3}
    assert tables.gains(rows(), "augshift", "cifar10").empty  # AugShift learned too little there
    assert tables.gains(rows(), "blurpool", "cifar10").empty


def test_sentences():
    assert tables.answer(rows()) == (
        "How often an image and its shifted copy get the same class: on scenes from plain networks 92.0 %; "
        "AugShift +5.0 ± 12.7 points (top-1 +0.0 ± 12.7; 2 paddings): neither is told from 0; BlurPool +1.0 "
        "points (top-1 +0.0; circular alone, no interval)."
    )
    sure = {
        key: [(*several[0][:1], 97.01, *several[0][2:])] if key[2] == "augshift" else several
        for key, several in NUMBERS.items()
    }
    sure["scenes", "circular", "plain"] = [(97, 91.02, 95, 0.4)]
    assert "6.0 ± 0.1 points (top-1 +0.0 ± 12.7; 2 paddings): top-1 is not told from 0;" in (
        tables.answer(rows(sure))
    )
    assert tables.padding_sentence(rows()) == (
        "Plain networks on scenes give the same class to black copies most often under circular (93.0 %), "
        "least under zeros (91.0 %); to rolled copies most often under circular (95.0 %), least under zeros "
        "(93.0 %)."
    )
    low = rows().assign(passed=False)
    assert "Too few" in tables.answer(low) and "Too few" in tables.ppp_sentence(low)
    said = tables.ppp_sentence(rows())
    assert said.startswith(
        "The rank correlation of SNR-PPP with consistency is, on scenes, over 6 networks: -"
    )
    assert "CIFAR-10" not in said
    assert "up to 2 networks a cell; ResNet-9 on CIFAR-10" in tables.size_sentence(rows())
