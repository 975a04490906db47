import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import nn

from pppkit import InfiniteScene, PhotoFolder, measure_ppp, models
from pppkit.alignment import features, prepare_unpadded, unpadded_features
from pppkit.measure import IMAGENET, _ends, _log_counts
from pppkit.metrics import mae_ppp, ppp_map, snr_ppp
from pppkit.padding import Padding
from pppkit.scenes import windows

SCENE = InfiniteScene(0)


@pytest.fixture(scope="module")
def net():
    return models.build("resnet50", width=0.125, init="kaiming", num_classes=2)


def measure(net, *args, **kwargs):
    return measure_ppp(net, *(args or (SCENE,)), **{"size": 64, "n": 3, "progress": False} | kwargs)


def test_equals_the_papers_way_by_hand(net):
    """The same numbers from the unpadded run, image by image."""
    result = measure(net, padding="reflect", margin=224)
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in IMAGENET)
    plan = prepare_unpadded(net, ["layer3"], 64, "reflect")
    top, left, *_ = plan.margins
    optimal, padded = [], []
    for w in windows(SCENE, 3, 64 + 448):

        def read(y, x, h, wd, w=w):
            return (SCENE.crop(w.y + 224 + y, w.x + 224 + x, h, wd)[None] / 255 - mean) / std

        optimal.append(unpadded_features(net, plan, read(-top, -left, *plan.crop_size))["layer3"])
        padded.append(features(net, ["layer3"], read(0, 0, 64, 64), Padding("reflect"))["layer3"])
    o, p = torch.cat(optimal), torch.cat(padded)
    row = result.rows.set_index("layer").loc["layer3"]
    assert row.snr_ppp == pytest.approx(snr_ppp(o, p).value, rel=1e-4) and row.mae_ppp == pytest.approx(
        mae_ppp(o, p).value, rel=1e-4
    )
    assert row.snr_ppp_ci95 == pytest.approx(snr_ppp(o, p).ci95, rel=1e-3)
    np.testing.assert_allclose(result.map("layer3"), ppp_map(o, p).numpy(), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(
        result.map("layer3", kind="padded"), p.mean((0, 1)).numpy(), rtol=1e-4, atol=1e-6
    )


def test_no_padding_measures_zero():
    net = models.build("vgg19", width=0.0625, init="kaiming")
    result = measure(net, padding="none", size=260, n=1)
    assert (result.rows["mae_ppp"] < 1e-6).all()


def test_paddings_together_or_alone(net):
    together = measure(net, padding=["zeros", "randn", "circular"]).rows.set_index(["padding", "layer"])
    for scheme in ("randn", "circular"):
        alone = measure(net, padding=scheme).rows.set_index(["padding", "layer"])
        pd.testing.assert_frame_equal(
            alone.drop(columns="seconds"), together.loc[[scheme]].drop(columns="seconds")
        )
    assert not np.allclose(together.loc["zeros"]["snr_ppp"], together.loc["circular"]["snr_ppp"])


def test_same_seed_same_numbers(net):
    a, b, c = (measure(net, padding="randn", seed=s).rows["snr_ppp"] for s in (1, 1, 2))
    assert list(a) == list(b) and list(a) != list(c)
    d, e = (
        measure(net, padding="randn", generator=torch.Generator().manual_seed(s)).rows["snr_ppp"]
        for s in (1, 7)
    )
    assert (
        list(d)
        == list(
            measure(net, padding="randn", seed=0, generator=torch.Generator().manual_seed(1)).rows["snr_ppp"]
        )
        != list(e)
    )


def test_batches_and_wider_canvases_change_nothing(net):
    base = measure(net, n=5).rows
    for other in (measure(net, n=5, batch_size=3), measure(net, n=5, counts=[2])):
        np.testing.assert_allclose(other.rows["snr_ppp"], base["snr_ppp"], rtol=1e-5)
    assert measure(net, n=1, margin=226).rows["margin"].iloc[0] == 256  # the next multiple of the stride


def test_as_built_is_the_models_own_padding():
    net = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1, padding_mode="circular"),
        nn.ReLU(),
        nn.Conv2d(4, 4, 3, padding=1, padding_mode="circular"),
    )
    own, circular, zeros = (
        measure(net, layers=["0", "2"], size=16, padding=p).rows for p in (None, "circular", "zeros")
    )
    assert list(own["padding"]) == ["as built"] * 2
    assert list(own["snr_ppp"]) == list(circular["snr_ppp"]) != list(zeros["snr_ppp"])


def test_squeeze_and_excitation_sees_the_same_area(net):
    """With circular weights of zero everywhere but in the pooled path, a difference could only come from the pooled area."""

    class Excite(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 3, 1)

        def forward(self, x):
            x = self.conv(x)
            return x * torch.sigmoid(nn.functional.adaptive_avg_pool2d(x, 1))

    plain = nn.Sequential(Excite(), nn.Conv2d(3, 3, 1, stride=2))  # no padding at all
    assert measure(plain, layers=["1"], size=16, margin=32).rows["snr_ppp"].max() < 1e-6


def test_convergence(net):
    result = measure(net, n=12, counts=[1, 4, 8], padding=["zeros", "reflect"])
    assert result.counts == [1, 4, 8, 12]
    last = result.convergence[result.convergence["n"] == 12].reset_index(drop=True)
    pd.testing.assert_frame_equal(
        last[["padding", "layer", "snr_ppp", "mae_ppp"]],
        result.rows[["padding", "layer", "snr_ppp", "mae_ppp"]],
    )
    stack = result.snapshots["zeros", "layer2"]["ppp"]
    assert stack.shape == (4, 8, 8) and np.array_equal(stack[-1], result.map("layer2", "zeros"))
    first = measure(net, n=4, padding="zeros")
    np.testing.assert_allclose(first.map("layer2"), stack[1])  # the first four of twelve are the same four
    assert _log_counts(480) == [1, 2, 5, 10, 20, 50, 100, 200, 480] and _ends(10, 4, [1, 10]) == [1, 5, 9, 10]


def test_map_by_default_is_the_deepest(net):
    result = measure(net, n=1)
    assert result.map() is result.maps["as built", "layer4"]["ppp"]
    with pytest.raises(ValueError, match=r"layer='layer9'"):
        result.map("layer9")


def test_photographs(net, tmp_path):
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (530, 600, 3)).astype(np.uint8)).save(tmp_path / "a.png")
    result = measure(net, PhotoFolder(tmp_path), n=2, normalize=None)
    assert np.isfinite(result.rows["snr_ppp"]).all()
    Image.fromarray(rng.integers(0, 256, (100, 600, 3)).astype(np.uint8)).save(tmp_path / "b.png")
    with pytest.raises(ValueError, match="smaller than the 512x512 canvas.*at least 512x512"):
        measure(net, PhotoFolder(tmp_path))


def test_training_mode_and_hooks_are_restored(net):
    net.train()
    try:
        measure(net, n=1)
        assert (
            net.training
            and all(m.training for m in net.modules())
            and not any(m._forward_hooks for m in net.modules())
        )
    finally:
        net.eval()


def test_progress(net, capsys):
    measure(net, n=2)
    assert capsys.readouterr().err == ""
    measure(net, n=2, progress=True)
    assert "2/2" in capsys.readouterr().err


def test_features_that_are_not_finite(net):
    class Root(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.last = nn.Conv2d(3, 2, 3, padding=1, bias=False), nn.ReLU()

        def forward(self, x):
            return self.last(self.conv(x).sqrt())  # fine on a blank image, NaN on any other

    with pytest.raises(
        ValueError, match="features of 'last' under padding=None are NaN or infinite within images 0 to 0"
    ):
        measure(Root(), layers=["last"], size=16)


@pytest.mark.parametrize(
    "arguments, words",
    [
        (dict(n=0), "n=0 must be a whole number of at least 1"),
        (dict(size=0), "size=0"),
        (dict(batch_size=1.5), "batch_size=1.5"),
        (dict(padding="mirror"), "'mirror' is not a padding scheme; choose one of zeros"),
        (dict(padding=["zeros", "zeros"]), "only once"),
        (dict(padding=[]), "at least one"),
        (dict(padding="none"), "padding='none' changes the sizes"),
        (dict(layers=["layer9"]), "no module 'layer9'"),
        (
            dict(device="cuda"),
            r"device='cuda', but the model is on cpu; move it there with model.to\('cuda'\)",
        ),
        (dict(device="meta"), "device='meta'"),
        (dict(margin=31), "margin=31 must be even and at least"),
    ],
)
def test_bad_input_is_named_before_any_work(net, arguments, words, monkeypatch):
    monkeypatch.setattr("pppkit.scenes.Window.read", lambda self: pytest.fail("work was begun"))
    with pytest.raises(ValueError, match=words):
        measure(net, **arguments)


def test_models_on_other_devices(net):
    split = nn.Sequential(nn.Conv2d(3, 2, 1), nn.Conv2d(2, 2, 1, device="meta"))
    with pytest.raises(ValueError, match="lie on"):
        measure(split, layers=["1"])
    with pytest.raises(ValueError, match="non-empty sequence of scenes"):
        measure(net, [])
