"""The attack on channels: rankings by hand, a planted channel, and what setting channels to zero does."""

import pytest
import torch
from torch import nn

from pppkit import models
from pppkit.experiments.channels import attack, attack_tables
from pppkit.experiments.context import Context
from pppkit.experiments.posenet import tasks
from pppkit.metrics import UNLABELLED
from pppkit.training import Images


def test_rankings_by_hand():
    differences = torch.tensor([[1.0, -3.0, 0.1, 2.0], [3.0, -1.0, -0.1, -2.5]])
    assert attack.order(differences, "overall").tolist() == [3, 0, 1, 2]
    assert attack.order(differences, "left").tolist() == [0, 2, 3, 1]
    assert attack.order(differences, "right").tolist() == [1, 3, 2, 0]
    assert attack.order(differences, "centre").tolist() == [2, 0, 1, 3]
    with pytest.raises(ValueError, match="ranking='top' is not one of overall, left, right, centre"):
        attack.order(differences, "top")


class Planted(nn.Module):
    """Channels that do not know left from right, and one that weighs brightness by the column."""

    def __init__(self, width=16, planted=5):
        super().__init__()
        torch.manual_seed(3)
        self.conv, self.planted = nn.Conv2d(3, 8, 3, padding=1), planted
        weight = self.conv.weight.data
        weight.copy_((weight + weight.flip(-1)) / 2)  # mirror-symmetrical kernels
        self.latent = nn.Identity()
        self.register_buffer("column", torch.linspace(-1, 1, width))
        self.head = nn.Conv2d(8, 3, 1)

    def forward(self, x):
        y = self.conv(x).relu()
        y = torch.cat([y[:, : self.planted], (x.mean(1) * self.column)[:, None], y[:, self.planted + 1 :]], 1)
        return self.head(self.latent(y))


def test_the_attack_finds_a_planted_channel_first():
    network, x = Planted().eval(), torch.rand(6, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    found = attack.flip_difference(lambda images: attack.pooled(network, "latent", images, "zeros"), x)
    assert attack.order(found, "overall")[0] == 5
    others = [k for k in range(8) if k != 5]
    assert found[:, others].abs().max() < 1e-6 < found[:, 5].abs().min()


def test_channels_that_are_off():
    network, x = Planted().eval(), torch.rand(5, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    network.head.weight.data *= 50
    with torch.no_grad():
        whole = network(x).argmax(1)
    assert len(whole.unique()) > 1
    none = torch.tensor([], dtype=torch.long)
    assert torch.equal(attack.attacked(network, "latent", x, "zeros", none).long(), whole)
    everything = attack.attacked(network, "latent", x, "zeros", torch.arange(8))
    assert (everything == int(network.head.bias.argmax())).all()  # only the bias is left
    assert torch.equal(network(x).argmax(1), whole)  # the network is as it was


def test_random_draws_are_orders_of_all_channels():
    first, again, other = attack.drawn(32, 0), attack.drawn(32, 0), attack.drawn(32, 1)
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert sorted(first.tolist()) == list(range(32))


def test_regions_are_thirds_of_the_width():
    truth = torch.zeros(1, 4, 9, dtype=torch.uint8)
    truth[..., :3] = 1
    predicted = torch.zeros(1, 4, 9, dtype=torch.uint8)
    found = attack.by_region(predicted, truth, 2)
    assert found == {"image": pytest.approx(24 / 36 / 2), "left": 0, "centre": 1, "right": 1}
    truth[..., :3] = UNLABELLED
    assert attack.by_region(predicted, truth, 2)["image"] == 1


def test_the_pattern_by_channel_is_what_padding_does():
    network = models.build("vgg_fcn", width=0.0625, num_classes=2, init="kaiming")
    pixels = torch.randint(
        256, (2, 3, 112, 112), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    images = Images(pixels, torch.zeros(2, 32, 32))
    first = attack.pattern_by_channel(network, "encoder.block1", images, "zeros", 40)
    assert first.shape == (4, 32, 32) and first[:, 2:-2, 2:-2].abs().max() < 1e-5 < first[:, 0].max()
    deep = attack.pattern_by_channel(network, attack.LAYER, images, "zeros", 40)
    assert deep.shape == (32, 4, 4) and (deep.mean((1, 2)) > 0).any()
    black = Images(torch.zeros_like(pixels), images.tensors[1])
    flat = attack.pattern_by_channel(network, attack.LAYER, black, "reflect", 40)
    assert flat.abs().max() < 1e-5  # a reflected border of a black image is what lies there


def test_a_run(tmp_path, monkeypatch):
    monkeypatch.setitem(
        tasks.PROFILES,
        "quick",
        {"width": 0.0625, "images": 6, "validation": 4, "epochs": 1, "n": 2, "networks": 1},
    )
    trial = attack.grid("quick", "scenes", "reflect")[0]
    with pytest.raises(ValueError, match="does not exist; train the network first"):
        attack.EXPERIMENT.run(tmp_path, [trial], progress=False)
    ((training, first),) = attack.after(trial)
    training.run(tmp_path, [first], progress=False)
    rows = attack.EXPERIMENT.run(tmp_path, [trial], progress=False)
    assert set(rows["ranking"]) == {*attack.RANKINGS, attack.STRONGEST, attack.RANDOM} and set(
        rows["region"]
    ) == set(attack.REGIONS)
    assert len(rows) == (5 + 2) * 2 * 4 and set(rows["top"]) == {4, 16} and rows["channels"].eq(32).all()
    assert rows["miou"].between(0, 1).all() and rows.groupby("region")["whole"].nunique().eq(1).all()
    shown = attack.maps(tmp_path, trial)
    flip = torch.from_numpy(shown["flip",])
    kept = [int(key[1]) for key in shown if key[0] == "features"]
    assert sorted(kept) == sorted(flip.argsort(descending=True)[: attack.SHOWN].tolist())
    assert attack.measure(trial, Context(tmp_path))["miou"].tolist() == rows["miou"].tolist()


def test_grids():
    own = attack.grid()
    assert {(t["model"], t["data"]) for t in own} == {("vgg_fcn", "satellite")} and len(own) == 5
    streets = [t for t in attack.grid("paper") if t["data"] == "cityscapes"]
    assert [(t["model"], t["padding"]) for t in streets] == [("deeplabv3_resnet50", "zeros")]
    given = attack.startable("quick", {"cityscapes": "x", "satellite": ""}, "lraspp_mobilenet_v3_large")
    assert [t["model"] for t in given] == ["lraspp_mobilenet_v3_large"]
    assert {t["data"] for t in attack.startable("quick")} == {"scenes"}
    assert attack.after(streets[0]) == []
    with pytest.raises(ValueError, match="model='vgg19' is not one of deeplab"):
        attack.grid(model="vgg19")


def test_torchvisions_networks_on_cityscapes(tmp_path, streets):
    """As the paper's: a DeepLab or another with the user's weights, on street scenes from a folder."""
    name = "lraspp_mobilenet_v3_large"
    paths = {"cityscapes": streets(tmp_path / "data"), "weights": tmp_path}
    (trial,) = attack.grid("quick", "cityscapes", model=name)
    with pytest.raises(ValueError, match=f"{name}_cityscapes.pt does not exist; put a state_dict"):
        attack.EXPERIMENT.run(tmp_path / "rows", [trial], paths=paths, progress=False)
    with pytest.raises(ValueError, match="paths has no folder for 'weights'"):
        attack.EXPERIMENT.run(tmp_path / "rows", [trial], paths={"cityscapes": tmp_path}, progress=False)
    network = models.build(f"torchvision/{name}", num_classes=19)
    torch.save(network.state_dict(), tmp_path / f"{name}_cityscapes.pth")
    rows = attack.EXPERIMENT.run(tmp_path / "rows", [trial], paths=paths, progress=False)
    assert len(rows) == (5 + 2) * 2 * 4 and rows["layer"].eq("backbone.16").all()
    assert rows["channels"].eq(960).all() and rows["images"].eq(4).all()
    assert "ppp rank" not in rows or rows["ppp rank"].isna().all()  # streets have no surroundings
    assert ("ppp",) not in attack.maps(tmp_path / "rows", trial)
    assert attack_tables.answer(rows).endswith(".") and "PPP" not in attack_tables.answer(rows)
    assert (
        attack_tables.patterns(rows).empty and attack_tables.channel_points(tmp_path / "rows", [trial]).empty
    )
    assert list(attack_tables.features(tmp_path / "rows", [trial])) == ["zeros"]
