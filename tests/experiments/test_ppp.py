from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch

from pppkit import InfiniteScene, measure_ppp, models
from pppkit.experiments.ppp import emergence, pitfalls, spectra, untrained
from pppkit.padding import FILLS
from pppkit.scenes import available, open_source


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("results")


def no_more(trial, context):
    raise AssertionError(f"{trial} was measured again")


def test_untrained_networks(folder, satellite):
    trials = untrained.grid("quick", ["scenes", "satellite"])
    paths = {"satellite": satellite}
    rows = untrained.EXPERIMENT.run(folder, trials, paths=paths, progress=False)
    assert len(rows) == (3 * 2 * 2 * 5 + 2) * 4
    assert not rows.duplicated([*untrained.EXPERIMENT.key, "layer"]).any()
    bare = rows[rows["padding"] == "none"]
    assert set(rows["padding"]) == {*FILLS, "none"} and (bare["mae raw"] < 1e-5).all()
    assert (rows["snr_ppp"] >= 0).all() and rows["revision"].notna().all()
    assert len(list((folder / "maps").glob("untrained_quick_*.npz"))) == 3 * 2 * 2
    idle = replace(untrained.EXPERIMENT, measure=no_more)
    assert len(idle.run(folder, untrained.grid("quick", "scenes"))) == len(rows) / 2


def test_an_interrupted_run_goes_on(tmp_path):
    calls = []

    def interrupted(trial, context):
        calls.append(trial)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return untrained.measure(trial, context)

    experiment, trials = replace(untrained.EXPERIMENT, measure=interrupted), untrained.grid("quick", "scenes")
    with pytest.raises(KeyboardInterrupt):
        experiment.run(tmp_path, trials, progress=False)
    kept = experiment.rows(tmp_path)
    assert len(kept) == 2 * 5 * 4  # two whole trials, no part of the third
    rows = experiment.run(tmp_path, trials, progress=False)
    assert calls[2] in calls[3:] and calls[0] not in calls[3:]
    assert rows.iloc[: len(kept)]["snr_ppp"].tolist() == kept["snr_ppp"].tolist()


def test_pitfalls(folder):
    trials = pitfalls.grid("quick", "scenes")
    rows = pitfalls.EXPERIMENT.run(folder, trials, progress=False)
    maps = pitfalls.maps(folder, trials)
    distance = rows.set_index(["pitfall", "variant", "layer"])["distance"]
    assert (
        distance["principal point", "image centred", "layer1"]
        > 5 * distance["principal point", "corrected", "layer1"]
    )
    assert (
        distance["residual shortcut", "input not cropped", "layer2"]
        > 1.5 * distance["residual shortcut", "input cropped", "layer2"]
    )
    # the two correct ways of two pitfalls are the same computation on the same images
    assert distance["residual shortcut", "input cropped"].tolist() == pytest.approx(
        distance["principal point", "corrected"].tolist()
    )
    deep = distance["pooling parity"].xs("features.35", level="layer")
    clean = deep.index[np.isclose(deep, deep.min(), rtol=1e-4)]
    assert list(clean) == ["M = 118", "M = 134"]
    assert ("principal point", "corrected", "layer1") in maps and maps[
        "principal point", "corrected", "layer1"
    ].shape == (56, 56)
    again = replace(pitfalls.EXPERIMENT, measure=no_more).run(folder, trials)
    pd.testing.assert_frame_equal(again, rows)


def test_emergence(folder):
    (trial,) = trials = emergence.grid("quick", "scenes")
    rows = emergence.EXPERIMENT.run(folder, trials, progress=False)
    assert sorted(rows["n"].unique()) == [1, 2, 5, 10, 20] and set(rows["padding"]) == set(emergence.PADDINGS)
    assert emergence.maps(folder, trial)["ppp", "randn", "layer3"].shape == (5, 6, 6)
    again = replace(emergence.EXPERIMENT, measure=no_more).run(folder, trials)
    pd.testing.assert_frame_equal(again, rows)


def test_emergence_of_networks_each_under_its_own_padding(tmp_path, monkeypatch):
    monkeypatch.setitem(emergence.PROFILES, "quick", {"n": 2, "size": 32, "width": 0.25})
    for seed, padding in enumerate(emergence.PADDINGS):
        net = models.build("resnet50", width=0.0625, num_classes=8, seed=seed)
        models.save(net, tmp_path / "weights" / f"net_{padding}.pt")
    (trial,) = trials = emergence.grid(
        "quick", "scenes", weights=str(tmp_path / "weights" / "net_{padding}.pt")
    )
    rows = emergence.EXPERIMENT.run(tmp_path, trials, progress=False)
    assert set(zip(rows["padding"], rows["weights_seed"])) == {("zeros", "net_zeros"), ("randn", "net_randn")}
    zeros = models.load(tmp_path / "weights" / "net_zeros.pt")
    direct = measure_ppp(zeros, InfiniteScene(0), padding="zeros", size=32, n=2, progress=False)
    found = emergence.maps(tmp_path, trial)["ppp", "zeros", "layer2"][-1]
    np.testing.assert_allclose(found, direct.map("layer2"), rtol=1e-5)
    untrained_too = emergence.grid("quick", "scenes", weights=["", "net_{padding}.pt"])
    both = emergence.EXPERIMENT.run(
        tmp_path, untrained_too, progress=False
    )  # one is there, by its name alone
    assert both["weights_seed"].tolist()[:16] == ["0"] * 16 and len(both) == 2 * 2 * 4 * 2
    pd.testing.assert_frame_equal(both[16:].reset_index(drop=True), rows)
    with pytest.raises(ValueError, match="weights='no_{padding}.pt': .*no_randn.pt does not exist"):
        emergence.EXPERIMENT.run(tmp_path, emergence.grid("quick", "scenes", weights="no_{padding}.pt"))


def test_spectra(folder):
    rows = spectra.EXPERIMENT.run(folder, spectra.grid("quick", "scenes"), progress=False)
    power = rows.set_index("frequency")["power"].reindex(range(128)).to_numpy()
    assert -2.6 < spectra.slope(power) < -1.7  # natural images: about -2
    f = np.arange(1, 129.0)
    assert spectra.slope(np.concatenate([[np.nan], f**-1.5])) == pytest.approx(-1.5)
    again = replace(spectra.EXPERIMENT, measure=no_more).run(folder, spectra.grid("quick", "scenes"))
    pd.testing.assert_frame_equal(again, rows)


def test_white_noise_has_a_flat_spectrum():
    class Noise:
        shape = None

        def crop(self, y, x, height, width):
            return torch.randint(
                0, 256, (3, height, width), generator=torch.Generator().manual_seed(y), dtype=torch.uint8
            )

    assert abs(spectra.slope(spectra.spectrum(Noise(), 6))) < 0.05


@pytest.mark.parametrize("room", [emergence, pitfalls, spectra, untrained])
def test_bad_input_is_named_by_every_experiment(room, tmp_path):
    run = partial(room.EXPERIMENT.run, tmp_path, progress=False)
    nowhere = {"satellite": tmp_path / "nowhere"}
    for call, words in (
        (lambda: room.grid("slow"), "profile='slow' is not one of quick, published, paper"),
        (lambda: room.grid("quick", "moon"), "source='moon' is not one of scenes, satellite"),
        (lambda: run(room.grid("quick", "satellite")), "paths has no folder for 'satellite', 'Semantic"),
        (
            lambda: run(room.grid("quick", "satellite"), paths=nowhere),
            "nowhere' of 'satellite' is not a folder",
        ),
    ):
        with pytest.raises(ValueError, match=words):
            call()
    assert not room.EXPERIMENT.store(tmp_path).path.exists()


def test_sources(satellite):
    assert available({"satellite": ""}) == ["scenes"] and available({"satellite": satellite}) == [
        "scenes",
        "satellite",
    ]
    (mosaic,) = open_source("satellite", {"satellite": satellite})
    assert mosaic.shape == (1200, 1230)
