import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import nn
from torchvision.models import DenseNet

from pppkit import AlignmentError, InfiniteScene, PhotoFolder, measure_ppp, models
from pppkit.alignment import features, prepare_unpadded, unpadded_features
from pppkit.alignment.optimal import plan_optimal
from pppkit.measure import IMAGENET
from pppkit.measure.images import batch_ends, log_counts
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


class Middle:
    """A picture whose every crop is taken from its middle, so that images are the same whatever surrounds
    them."""

    shape = None
    pixels = torch.randint(
        0, 256, (3, 800, 800), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )

    def crop(self, y, x, height, width):
        top, left = (800 - height) // 2, (800 - width) // 2
        return self.pixels[:, top : top + height, left : left + width]


def test_batches_and_wider_canvases_change_nothing(net):
    base = measure(net, n=5).rows
    for other in (measure(net, n=5, batch_size=3), measure(net, n=5, counts=[2])):
        np.testing.assert_allclose(other.rows["snr_ppp"], base["snr_ppp"], rtol=1e-5)
    narrow, wide = (measure(net, Middle(), n=1, optimal="canvas", margin=m).rows for m in (None, 226))
    assert set(narrow["margin"]) == {224} and set(wide["margin"]) == {256}  # the next multiple of the stride
    metrics = [c for c in narrow if c.startswith(("snr", "mae")) and not c.endswith("ci95")]
    np.testing.assert_allclose(wide[metrics], narrow[metrics], rtol=1e-5)


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
    """Without padding anywhere, a difference could only come from the pooled area."""

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
    assert log_counts(480) == [1, 2, 5, 10, 20, 50, 100, 200, 480]
    assert batch_ends(10, 4, [1, 10]) == [1, 5, 9, 10]


def test_map_by_default_is_the_deepest(net):
    result = measure(net, n=1)
    assert result.map() is result.maps["as built", "layer4"]["ppp"]
    with pytest.raises(ValueError, match=r"layer='layer9'"):
        result.map("layer9")


def photograph(folder, height, width):
    """A picture of blots about eight pixels wide, so that features vary over the image."""
    coarse = np.random.default_rng(0).integers(0, 256, (height // 8, width // 8, 3)).astype(np.uint8)
    Image.fromarray(coarse).resize((width, height)).save(folder / f"{height}x{width}.png")
    return PhotoFolder(folder)


@pytest.mark.parametrize("name, pixels", [("resnet50", 520), ("vgg19", 330), ("efficientnet_b0", 970)])
@pytest.mark.parametrize("source", ["scenes", "photographs"])
def test_both_ways_give_the_same_rows(name, pixels, source, tmp_path):
    """The unpadded run sees less of the world, but the same images."""
    net = models.build(name, width=0.125, init="kaiming", num_classes=2)
    scenes = SCENE if source == "scenes" else photograph(tmp_path, pixels, pixels + 40)
    given = dict(n=3, batch_size=2, padding=["zeros", "reflect"])
    canvas, unpadded, auto = (
        measure(net, scenes, optimal=way, **given) for way in ("canvas", "unpadded", "auto")
    )
    assert set(canvas.rows["optimal"]) == {"canvas"} and set(unpadded.rows["optimal"]) == {"unpadded"}
    pd.testing.assert_frame_equal(auto.rows.drop(columns="seconds"), unpadded.rows.drop(columns="seconds"))
    metrics = [c for c in canvas.rows if c.startswith(("snr", "mae")) and not c.endswith("ci95")]
    np.testing.assert_allclose(unpadded.rows[metrics], canvas.rows[metrics], rtol=1e-5)
    np.testing.assert_allclose(unpadded.rows.filter(like="ci95"), canvas.rows.filter(like="ci95"), rtol=1e-3)
    same = ["padding", "layer", "level", "n", "size", "margin", "seed"]
    pd.testing.assert_frame_equal(unpadded.rows[same], canvas.rows[same])
    for key, maps in canvas.maps.items():
        largest = maps["ppp"].max()
        np.testing.assert_allclose(unpadded.maps[key]["ppp"], maps["ppp"], atol=1e-5 * largest, rtol=1e-4)


def test_smaller_photographs_suffice_without_a_canvas(net, tmp_path):
    """64 pixels and 389 around them, but 64 and 448 for the canvas; what is too small for both says so."""
    small = measure(net, photograph(tmp_path, 453, 480), n=2).rows
    assert set(small["optimal"]) == {"unpadded"} and set(small["margin"]) == {209}
    assert np.isfinite(small["snr_ppp"]).all()
    for arguments, side in (({"optimal": "canvas"}, 512), ({"margin": 224}, 512)):
        with pytest.raises(
            ValueError, match=f"smaller than the {side}x{side} window.*at least {side}x{side}"
        ):
            measure(net, PhotoFolder(tmp_path), **arguments)
    with pytest.raises(ValueError, match="smaller than the 453x453 window.*at least 453x453"):
        measure(net, photograph(tmp_path, 452, 452))


def test_small_photographs_measure_the_image_in_the_middle(net, tmp_path):
    """A photograph of exactly the crop's size holds one image, whose first pixel is 209 from its edges."""
    photo = photograph(tmp_path, 453, 453)[0]
    found = measure(net, photo, padding="zeros", n=1, normalize=None)
    image = photo.crop(209, 209, 64, 64)[None] / 255
    padded = features(net, ["layer2"], image, Padding("zeros"))["layer2"]
    np.testing.assert_allclose(
        found.map("layer2", kind="padded"), padded.mean((0, 1)).numpy(), rtol=1e-5, atol=1e-7
    )


def test_what_the_unpadded_run_refuses_is_measured_on_the_canvas():
    class Roll(nn.Module):
        def forward(self, x):
            return x + 0 * torch.roll(x, 1, 1)  # over channels: exact, but unknown

    net = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), Roll(), nn.Conv2d(4, 4, 3, padding=1))
    known = nn.Sequential(net[0], nn.Identity(), net[2])
    given = dict(layers=["0", "2"], size=16, padding="zeros")
    rows, same = measure(net, **given).rows, measure(known, **given).rows
    assert set(rows["optimal"]) == {"canvas"} and set(same["optimal"]) == {"unpadded"}
    np.testing.assert_allclose(rows["snr_ppp"], same["snr_ppp"], rtol=1e-5)
    with pytest.raises(AlignmentError, match="roll"):
        measure(net, optimal="unpadded", **given)


def test_margins_of_both_ways_are_equal():
    """The canvas's margin measured with NaN, and followed through the network's operations."""
    dense = DenseNet(growth_rate=8, num_init_features=16, num_classes=2).eval()  # as deep as DenseNet-121
    networks = {
        "resnet18": (models.build("resnet18", num_classes=2), 64),
        "densenet": (dense, 64),
        "squeezenet1_1": (models.build("squeezenet1_1", num_classes=2), 97),
        "vgg16_sod": (models.build("vgg16_sod", width=0.125), 64),
    }
    for name, (net, size) in networks.items():
        layers = models.default_layers(net, size)
        poisoned, followed = (plan_optimal(net, layers, size, "zeros", way) for way in ("canvas", "auto"))
        assert followed.way == "unpadded", name
        assert (followed.margin, followed.stride) == (poisoned.margin, poisoned.stride), name
        assert max(followed.before, followed.after) <= poisoned.margin, name


def test_grey_networks_see_the_luminance():
    """One channel: the same rows as a colour network that begins with the luminance."""
    grey = nn.Sequential(nn.Identity(), nn.Conv2d(1, 4, 3, padding=1), nn.ReLU())
    weights = torch.tensor([0.299, 0.587, 0.114])
    colour = nn.Sequential(nn.Conv2d(3, 1, 1, bias=False), grey[1], nn.ReLU())
    colour[0].weight.data = weights.view(1, 3, 1, 1)
    given = dict(layers=["1", "2"], size=16)
    plain, mixed = (measure(m, normalize=None, **given).rows["snr_ppp"] for m in (grey, colour))
    np.testing.assert_allclose(plain, mixed, rtol=1e-4)
    means = (0.4, 0.5, 0.6)
    three, one = (means, (0.2,) * 3), ([float(weights @ torch.tensor(means))], [0.2])
    as_three, as_one = (measure(grey, normalize=norm, **given).rows["mae_ppp"] for norm in (three, one))
    np.testing.assert_allclose(as_three, as_one, rtol=1e-5)
    assert abs(as_three / measure(grey, normalize=None, **given).rows["mae_ppp"] - 1).max() > 1e-3


def test_compiled_networks_are_measured_as_they_were_written(net):
    a, b = (measure(m, padding="reflect", n=1).rows["snr_ppp"] for m in (net, torch.compile(net)))
    assert list(a) == list(b)


def test_wrapped_networks_are_measured_as_what_they_hold(net):
    plain, wrapped = (measure(m, padding="reflect", n=1).rows for m in (net, nn.DataParallel(net)))
    assert list(wrapped["layer"]) == [f"module.{name}" for name in plain["layer"]]
    assert list(wrapped["snr_ppp"]) == list(plain["snr_ppp"])


def test_numpy_integers_are_numbers(net):
    one = np.int64(1)
    rows = measure(net, size=np.int64(64), n=one, batch_size=one, seed=np.uint8(3), counts=np.array([1])).rows
    assert list(rows["snr_ppp"]) == list(measure(net, n=1, seed=3).rows["snr_ppp"])


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
        (dict(margin=31), "margin=31 must be a whole number of at least 224"),
        (dict(margin=225), "margin=225 must be even"),
    ],
)
def test_bad_input_is_named_before_any_work(net, arguments, words, monkeypatch):
    monkeypatch.setattr("pppkit.scenes.Window.read", lambda self: pytest.fail("work was begun"))
    with pytest.raises(ValueError, match=words):
        measure(net, **arguments)


def test_models_on_other_devices(net):
    split = nn.Sequential(nn.Conv2d(3, 2, 1), nn.Conv2d(2, 2, 1, device="meta"))
    with pytest.raises(ValueError, match="model: '1.weight' is on the meta device"):
        measure(split, layers=["1"])
    with pytest.raises(ValueError, match="model: its parameters lie on no device"):
        measure(nn.Sequential(nn.AvgPool2d(2)), layers=["0"])
    with pytest.raises(ValueError, match="non-empty sequence of scenes"):
        measure(net, [])


def test_a_scene_in_zero_to_one_is_refused_and_left_as_it_is(net):
    class Own:
        shape = (800, 800)
        pixels = torch.rand(3, 800, 800)

        def crop(self, y, x, height, width):
            return self.pixels[:, y : y + height, x : x + width]

    before = Own.pixels.clone()
    with pytest.raises(ValueError, match="Own.* gave float32 tensor .* must be a uint8 tensor"):
        measure(net, Own(), n=1, normalize=None)
    assert torch.equal(Own.pixels, before)


def test_networks_compiled_in_place_are_measured_as_they_were_written():
    net = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1)).eval()
    given, graphs = dict(layers=["2"], size=16, n=1), []

    def backend(graph, inputs):
        graphs.append(graph)
        return graph.forward

    plain = [measure(net, padding=p, **given).rows["snr_ppp"][0] for p in (None, "reflect")]
    net.compile(backend=backend)
    with torch.no_grad():
        net(torch.zeros(1, 3, 16, 16))  # from now on it sees no new hook
    assert [measure(net, padding=p, **given).rows["snr_ppp"][0] for p in (None, "reflect")] == plain
    assert len(graphs) == 1
    with torch.no_grad():
        net(torch.zeros(3, 3, 20, 20))
    assert len(graphs) > 1  # it is compiled still


@pytest.mark.parametrize("name", ["mirror", "foo"])
def test_an_unknown_scheme_is_named_as_it_was_passed(net, name):
    with pytest.raises(ValueError, match=f"^padding='{name}' is not a padding scheme"):
        measure(net, padding=["zeros", name])
    with pytest.raises(ValueError, match=f"^scheme='{name}' is not a padding scheme"):
        Padding(name)
