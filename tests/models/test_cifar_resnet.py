import pytest
import torch
import torch.nn.functional as F

from pppkit import models, verify_alignment
from pppkit.models.cifar_resnet import Block


@pytest.mark.parametrize(
    "depth, parameters", [(20, 0.27e6), (32, 0.46e6), (44, 0.66e6), (56, 0.85e6), (110, 1.7e6)]
)
def test_numbers_of_parameters_are_those_of_the_paper(depth, parameters):  # He et al. 2016, table 6
    model = models.build(f"cifar_resnet{depth}", num_classes=10)
    convolutions = [m for m in model.modules() if isinstance(m, torch.nn.Conv2d)]
    assert len(convolutions) + 1 == depth
    assert sum(p.numel() for p in model.parameters()) == pytest.approx(parameters, rel=0.03)


def test_names_are_those_of_published_state_dicts():
    names = set(models.build("cifar_resnet20", num_classes=10).state_dict())
    stem = {"conv1.weight", *(f"bn1.{n}" for n in ("weight", "bias", "running_mean", "running_var"))}
    assert (
        stem | {"linear.weight", "linear.bias", "layer1.0.conv1.weight", "layer3.2.bn2.running_var"} <= names
    )
    assert not any("shortcut" in n or "downsample" in n for n in names)


def test_the_shortcut_takes_every_second_pixel_and_pads_channels_on_both_sides():
    x = torch.arange(2 * 2 * 4 * 4.0).view(2, 2, 4, 4)
    out = Block(2, 6, 2).shortcut(x)
    assert torch.equal(out, F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 2, 2)))
    assert Block(2, 2).shortcut(x) is x


def test_its_alignment_is_certified():
    model = models.build("cifar_resnet20", num_classes=10, init="kaiming")
    table = verify_alignment(model, size=32)
    assert list(table.index) == ["layer1", "layer2", "layer3"] and (table["relative"] < 1e-5).all()


def test_a_state_dict_with_a_wrapper_prefix_loads_as_it_is(tmp_path):
    model = models.build("cifar_resnet20", num_classes=10, seed=3)
    torch.save({"state_dict": {f"module.{k}": v for k, v in model.state_dict().items()}}, tmp_path / "r.pt")
    again = models.build("cifar_resnet20", num_classes=10, weights=tmp_path / "r.pt")
    x = torch.rand(2, 3, 32, 32)
    assert torch.equal(model(x), again(x))
