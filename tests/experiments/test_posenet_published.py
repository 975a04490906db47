"""PosENet on networks that others have trained: from a file of the tests' own."""

import hashlib

import pandas as pd
import pytest
import torch

from pppkit import models
from pppkit.experiments.context import Context
from pppkit.experiments.posenet import published, published_tables, read_outs
from pppkit.padding import FILLS

EXPERIMENT = published.EXPERIMENT
PATHS = {"source": "scenes", "model": "cifar_resnet20"}


@pytest.fixture
def weights(tmp_path):
    """A folder with the state dict of the untrained ResNet-20 of seed 0, as if somebody had trained it."""
    state = models.build("cifar_resnet20", num_classes=10, init="kaiming", seed=0).state_dict()
    (tmp_path / "weights").mkdir()
    torch.save(state, tmp_path / "weights" / "cifar_resnet20.pt")
    return tmp_path / "weights"


def test_grid():
    trials = published.grid()
    assert [t["weights"] for t in trials[:3]] == ["trained"] * 3 and trials[0]["trial"] == (0, 1, 2, 3, 4)
    assert len(trials) == 3 * 2 * (1 + 2 * 5) * len(FILLS)
    assert len(published.grid(weights="kaiming", model="squeezenet1_0", padding="zeros", count=2)) == 2 * 2
    committed = EXPERIMENT.trials()
    assert all(trial in trials for trial in committed) and len(committed) == 5 * (2 + 1 + 4) + 1
    assert {t["weights"] for t in published.grid("quick")} == {"kaiming", "default"}
    with pytest.raises(ValueError, match="pattern='spiral' is not one of gaussian"):
        published.grid(pattern="spiral")


def test_trained_and_untrained_networks_are_read_alike(tmp_path, weights):
    trials = published.grid("quick", weights=("trained", "kaiming"), **PATHS)
    zeros = [t for t in trials if t["padding"] == "zeros"]
    rows = EXPERIMENT.run(tmp_path / "rows", zeros, paths={"weights": weights}, client=1, progress=False)
    trained, untrained = (rows[rows["weights"] == kind] for kind in ("trained", "kaiming"))
    assert trained["trial"].tolist() == untrained["trial"].tolist() == [0, 1, 2, 3, 4]
    assert trained["spc images"].tolist() == untrained["spc images"].tolist()  # the same numbers in the file
    assert trained["spc images"].nunique() == 5
    content = (weights / "cifar_resnet20.pt").read_bytes()
    assert set(trained["weights_digest"]) == {hashlib.sha256(content).hexdigest()[:16]}
    assert untrained["weights_digest"].isna().all()
    assert (rows["size"] == 32).all() and (rows["channels"] == 16 + 32 + 64).all()


def test_a_missing_file_is_said_before_any_work(tmp_path, weights):
    trial = published.grid("quick", "scenes", "cifar_resnet56", "trained")
    with pytest.raises(ValueError, match="has no cifar_resnet56.pt, the state dict of .*akamaster"):
        EXPERIMENT.run(tmp_path / "rows", trial, paths={"weights": weights}, client=1)
    assert not (tmp_path / "rows").exists()


def test_read_outs_take_the_seed_that_is_given(tmp_path):
    model = models.build("cifar_resnet20", width=0.25, num_classes=2, init="kaiming")
    trial = {"source": "scenes", "padding": "zeros", "pattern": "gaussian", "trial": (0, 1), "seed": 3}
    asked, context = {**trial, **published.READ_OUT}, Context(tmp_path)
    sizes = {"train": 32, "test": 8, "epochs": 1}
    own = read_outs(model, ["layer1"], 32, asked, sizes, context)
    given = read_outs(model, ["layer1"], 32, {**asked, "seed": 9}, sizes, context, seed=3)
    other = read_outs(model, ["layer1"], 32, asked, sizes, context, seed=4)
    assert own.equals(given) and not own["spc images"].equals(other["spc images"])
    assert own["channels"].tolist() == [4, 4] and own["train"].tolist() == [32, 32]


def measured(values):
    """SNR-PPP and SPC of ResNet-20 by padding, of one trained network and of untrained ones."""
    ppp, read = [], []
    for padding, (trained, untrained) in values.items():
        networks = [("trained", 0, *trained)]
        networks += [(kind, i, *both) for kind in ("kaiming", "default") for i, both in enumerate(untrained)]
        for kind, seed, snr, spc in networks:
            names = {"model": "cifar_resnet20", "weights": kind, "weights_seed": seed, "source": "scenes"}
            names |= {"padding": padding}
            for level in (2, 3):
                found = {"level": level, "snr_ppp": snr if level == 3 else 99.0, "snr_ppp_ci95": 0.01}
                ppp.append(names | found)
            read += [names | {"trial": i, "spc images": spc + off} for i, off in enumerate((-0.01, 0.01))]
    return pd.DataFrame(read), pd.DataFrame(ppp)


# trained (SNR-PPP, SPC); untrained networks of either initialisation
CELLS = {
    "zeros": ((0.9, 0.5), [(0.5, 0.9), (0.51, 0.91), (0.49, 0.89)]),
    "randn": ((0.7, 0.9), [(0.1, 0.1), (0.11, 0.11), (0.09, 0.09)]),
    "reflect": ((0.2, 0.1), [(0.2, 0.1), (0.3, 0.2), (0.1, 0.0)]),
}


def test_both_measures_by_hand():
    read, rows = measured(CELLS)
    found = published_tables.both(read, rows)
    assert len(found) == 3 * 7 and found["snr_ppp"].max() == 0.9  # of the deepest layer
    first = found.iloc[0]
    assert first["spc"] == pytest.approx(0.5)
    # two read-outs 0.02 apart: standard error 0.01, times Student's 12.706
    assert first["spc_ci95"] == pytest.approx(0.12706, abs=1e-4)


def test_verdicts_agree_where_they_do():
    read, rows = measured(CELLS)
    found = published_tables.verdicts(read, rows)
    assert len(found) == 6 and (found["untrained"] == 3).all()
    cells = found[found["start"] == "He et al."].set_index("padding")
    assert cells["SNR-PPP"].to_dict() == {"zeros": "above", "randn": "above", "reflect": "within"}
    assert cells["PosENet"].to_dict() == {"zeros": "below", "randn": "above", "reflect": "within"}
    text = published_tables.answer(read, rows)
    first = "in 1 of 3 cells (He et al.), where SNR-PPP says so in 2 and both say the same in 2"
    assert f"than in any untrained one {first}; in 1 of 3 cells (PyTorch's default)" in text
    assert "correlate by ranks with 0.50 (95 % interval -1.00 to 1.00, 3 cells)" in text
    fresh = read[read["weights"] != "trained"]
    assert published_tables.answer(fresh, rows).startswith("No trained network")
    alone = published_tables.verdicts(read[read["weights"] != "default"], rows)
    assert alone["start"].unique().tolist() == ["He et al."]  # what was not read has no verdict


def test_side_by_side_by_hand():
    read, _ = measured(CELLS)
    counted = published_tables.counted(read[read["weights"] != "default"])
    assert counted.startswith("trained: 1; untrained, He et al.: ") and "PyTorch" not in counted
    table = published_tables.side_by_side(*measured(CELLS))
    zeros = table.loc[("ResNet-20", "scenes", "zeros")]
    assert zeros["SNR-PPP, deepest layer"].tolist() == pytest.approx([0.9, 0.5, 0.5])
    assert zeros["SPC of PosENet"].tolist() == pytest.approx([0.5, 0.9, 0.9])


def test_points_of_both_measures():
    read, rows = measured(CELLS)
    points = published_tables.points(read, rows)
    assert points["measure"].unique().tolist() == ["SNR-PPP, deepest layer", "SPC of PosENet"]
    assert points["weights"].unique().tolist()[0] == "trained" and len(points) == 2 * 21
    assert points["error"].notna().sum() == 2 * 3  # of trained networks
