import numpy as np
import pytest
import torch

from pppkit import InfiniteScene, measure_ppp, models
from pppkit.experiments.ppp import emergence, pitfalls, spectra, untrained
from pppkit.padding import FILLS
from pppkit.results import Store
from pppkit.scenes import available, open_source


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("results")


def test_untrained_networks(folder, satellite, monkeypatch):
    rows = untrained.run(folder, "quick", ["scenes", "satellite"], satellite)
    assert len(rows) == (3 * 2 * 2 * 5 + 2) * 4 and not rows.duplicated([*untrained.KEY, "layer"]).any()
    assert (
        set(rows["padding"]) == {*FILLS, "none"}
        and (rows.loc[rows["padding"] == "none", "mae raw"] < 1e-5).all()
    )
    assert (rows["snr_ppp"] >= 0).all() and rows["revision"].notna().all()
    assert len(list((folder / "maps").glob("untrained_quick_*.npz"))) == 3 * 2 * 2
    monkeypatch.setattr(untrained, "measure", lambda *a: pytest.fail("present rows were measured again"))
    assert len(untrained.run(folder, "quick", ["scenes"])) == len(rows) / 2


def test_an_interrupted_run_goes_on(tmp_path, monkeypatch):
    real, calls = untrained.measure, []

    def interrupted(trial, satellite=None):
        calls.append(trial)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(trial, satellite, progress=False)

    monkeypatch.setattr(untrained, "measure", interrupted)
    with pytest.raises(KeyboardInterrupt):
        untrained.run(tmp_path, "quick", ["scenes"])
    kept = Store(tmp_path / "untrained.csv", untrained.KEY).load()
    assert len(kept) == 2 * 5 * 4  # two whole trials, no part of the third
    rows = untrained.run(tmp_path, "quick", ["scenes"])
    assert calls[2] in calls[3:] and calls[0] not in calls[3:]
    assert rows.iloc[: len(kept)]["snr_ppp"].tolist() == kept["snr_ppp"].tolist()


def test_pitfalls(folder):
    rows, maps = pitfalls.run(folder, "quick", "scenes")
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
    again, _ = pitfalls.run(folder, "quick", "scenes")
    assert len(again) == len(rows)


def test_emergence(folder):
    rows, maps = emergence.run(folder, "quick", "scenes")
    assert sorted(rows["n"].unique()) == [1, 2, 5, 10, 20] and set(rows["padding"]) == set(emergence.PADDINGS)
    assert maps["ppp", "randn", "layer3"].shape == (5, 6, 6)
    again, _ = emergence.run(folder, "quick", "scenes")
    assert len(again) == len(rows)


def test_emergence_of_networks_each_under_its_own_padding(tmp_path, monkeypatch):
    monkeypatch.setitem(emergence.PROFILES, "quick", {"n": 2, "size": 32, "width": 0.25})
    for seed, padding in enumerate(emergence.PADDINGS):
        models.save(
            models.build("resnet50", width=0.0625, num_classes=8, seed=seed), tmp_path / f"net_{padding}.pt"
        )
    rows, maps = emergence.run(tmp_path, "quick", "scenes", weights=str(tmp_path / "net_{padding}.pt"))
    assert set(zip(rows["padding"], rows["weights_seed"])) == {("zeros", "net_zeros"), ("randn", "net_randn")}
    zeros = models.load(tmp_path / "net_zeros.pt")
    direct = measure_ppp(zeros, InfiniteScene(0), padding="zeros", size=32, n=2, progress=False)
    np.testing.assert_allclose(maps["ppp", "zeros", "layer2"][-1], direct.map("layer2"), rtol=1e-5)
    emergence.run(tmp_path, "quick", "scenes", model="resnet50")  # an untrained one beside them
    again, _ = emergence.run(tmp_path, "quick", "scenes", weights=str(tmp_path / "net_{padding}.pt"))
    assert (
        again["snr_ppp"].tolist() == pytest.approx(rows["snr_ppp"].tolist(), nan_ok=True)
        and len(again) == 2 * 2 * 4
    )
    with pytest.raises(ValueError, match="weights='no_{padding}.pt': no_randn.pt does not exist"):
        emergence.run(tmp_path, "quick", "scenes", weights="no_{padding}.pt")


def test_spectra(folder):
    rows = spectra.run(folder, "quick", ["scenes"])
    power = rows.set_index("frequency")["power"].reindex(range(128)).to_numpy()
    assert -2.6 < spectra.slope(power) < -1.7  # natural images: about -2
    f = np.arange(1, 129.0)
    assert spectra.slope(np.concatenate([[np.nan], f**-1.5])) == pytest.approx(-1.5)
    assert len(spectra.run(folder, "quick", ["scenes"])) == len(rows)


def test_white_noise_has_a_flat_spectrum():
    class Noise:
        shape = None

        def crop(self, y, x, height, width):
            return torch.randint(
                0, 256, (3, height, width), generator=torch.Generator().manual_seed(y), dtype=torch.uint8
            )

    assert abs(spectra.slope(spectra.spectrum(Noise(), 6))) < 0.05


@pytest.mark.parametrize(
    "call, words",
    [
        (
            lambda p: untrained.run(p, "slow", ["scenes"]),
            "profile='slow' is not one of quick, published, paper",
        ),
        (lambda p: emergence.run(p, "slow", "scenes"), "profile='slow'"),
        (lambda p: pitfalls.run(p, "slow", "scenes"), "profile='slow'"),
        (lambda p: spectra.run(p, "slow", ["scenes"]), "profile='slow'"),
        (
            lambda p: untrained.run(p, "quick", ["satellite"]),
            "needs paths={'satellite': FOLDER}, the folder of the data set",
        ),
        (lambda p: untrained.run(p, "quick", ["satellite"], p / "nowhere"), "is not a folder"),
        (lambda p: open_source("moon"), "source='moon' is not one of scenes, satellite"),
    ],
)
def test_bad_input_is_named(call, words, tmp_path):
    with pytest.raises(ValueError, match=words):
        call(tmp_path)


def test_sources(satellite):
    assert available({"satellite": ""}) == ["scenes"] and available({"satellite": satellite}) == [
        "scenes",
        "satellite",
    ]
    (mosaic,) = open_source("satellite", {"satellite": satellite})
    assert mosaic.shape == (1200, 1230)
