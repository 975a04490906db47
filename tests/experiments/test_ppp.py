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
    trials = emergence.grid("quick", "scenes")
    rows = emergence.EXPERIMENT.run(folder, trials, progress=False)
    assert [t["weights"] for t in trials] == ["kaiming", "default"]  # trained ones need files
    assert set(rows["padding"]) == set(FILLS) and len(rows) == 2 * 5 * 4 * 6
    assert sorted(rows["n"].unique()) == [1, 2, 4, 8, 16, 20]
    maps = emergence.maps(folder, trials[0])
    assert maps["ppp", "randn", "features.8"].shape == (6, 11, 11)
    assert not any(layer == "features.2" for _, _, layer in maps)  # before padding
    for kind, padding, layer in maps:
        assert maps[kind, padding, layer].shape == maps["optimal", "zeros", layer].shape
    again = replace(emergence.EXPERIMENT, measure=no_more).run(folder, trials)
    pd.testing.assert_frame_equal(again, rows)


def test_emergence_ends_with_what_is_measured_at_once(folder):
    rows = emergence.EXPERIMENT.run(folder, emergence.grid("quick", "scenes"), progress=False)
    net = models.build("squeezenet1_0", init="kaiming")
    direct = measure_ppp(net, InfiniteScene(0), padding="zeros", size=96, n=20, progress=False)
    last = rows[(rows["weights"] == "kaiming") & (rows["padding"] == "zeros") & (rows["n"] == 20)]
    np.testing.assert_allclose(last["snr_ppp"], direct.rows["snr_ppp"], rtol=1e-5)
    assert last["likeness_padded"].isna().all()  # there are no other images
    maps = emergence.maps(folder, emergence.grid("quick", "scenes")[0])
    found = maps["ppp", "zeros", "features.12"][-1]
    np.testing.assert_allclose(found, direct.map("features.12"), rtol=2e-3)  # ten bits are kept


def test_emergence_of_networks_from_files(tmp_path, monkeypatch):
    monkeypatch.setitem(emergence.PROFILES, "quick", {"n": 2, "size": 32})
    net = models.build("resnet50", width=0.0625, num_classes=8)
    models.save(net, tmp_path / "mine.pt")
    trials = emergence.grid("quick", "scenes", "resnet50", str(tmp_path / "mine.pt"), ["reflect"])
    rows = emergence.EXPERIMENT.run(tmp_path, trials, progress=False)
    assert set(rows["weights"]) == {"mine"} and rows["weights_digest"].str.len().eq(16).all()
    direct = measure_ppp(net, InfiniteScene(0), padding="reflect", size=32, n=2, progress=False)
    found = emergence.maps(tmp_path, trials[0])["ppp", "reflect", "layer2"][-1]
    np.testing.assert_allclose(found, direct.map("layer2"), rtol=2e-3)
    with pytest.raises(ValueError, match="weights='no.pt' is neither a checkpoint's file nor one of trained"):
        emergence.EXPERIMENT.run(tmp_path, emergence.grid("quick", "scenes", weights="no.pt"))


def test_emergence_of_trained_networks_needs_their_files(tmp_path):
    trials = emergence.grid("quick", "scenes", weights="trained")
    with pytest.raises(ValueError, match="paths has no folder for 'weights', state dicts"):
        emergence.EXPERIMENT.run(tmp_path, trials)
    with pytest.raises(ValueError, match="has no squeezenet1_0_imagenet.pt, the state dict of squeezenet1_0"):
        emergence.EXPERIMENT.run(tmp_path, trials, paths={"weights": tmp_path})
    with pytest.raises(ValueError, match="model='resnet50' is not one of squeezenet1_0"):
        emergence.grid("quick", "scenes", "resnet50", "trained")


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
