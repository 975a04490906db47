import pytest
import torch
import torchvision
from torch import nn

from pppkit import Padding, models, verify_alignment


def net(width=0.0625, classes=3):
    return models.build("vgg_fcn", width=width, num_classes=classes, init="kaiming")


def test_the_encoder_is_the_beginning_of_vgg13():
    with torch.device("meta"):
        ours, theirs = net(1.0), torchvision.models.vgg13_bn()
    shapes = [
        [tuple(m.weight.shape) for m in n.modules() if isinstance(m, nn.Conv2d)] for n in (ours, theirs)
    ]
    assert shapes[0][:8] == shapes[1][:8]
    assert all(shape[2:] == (1, 1) for shape in shapes[0][8:])  # the head has no border


def test_maps_of_the_image_s_size_with_and_without_padding():
    model, x = net(), torch.rand(2, 3, 80, 80)
    assert [tuple(model.encoder[: i + 1](x).shape[2:]) for i in range(4)] == [
        (80, 80),
        (40,) * 2,
        (20,) * 2,
        (10,) * 2,
    ]
    assert model(x).shape == model(torch.rand(2, 3, 80, 80)).shape == (2, 3, 80, 80)
    with Padding("none"):
        assert model.encoder(x).shape[2:] == (2, 2) and model(x).shape == (2, 3, 80, 80)


def test_without_padding_the_image_s_border_is_stretched_over():
    model = net().eval()
    blank = torch.zeros(1, 3, 80, 80)
    marked = blank.clone()
    marked[..., 38:42, 38:42] = 1
    for scheme, reach in (("zeros", 62), ("none", 80)):  # a block sees further in a map that was stretched
        with Padding(scheme), torch.no_grad():
            changed = (model(marked) - model(blank)).abs().amax(1)[0] > 1e-6
        rows = changed.any(1).nonzero()
        assert int(rows.max() - rows.min()) + 1 >= reach


def test_the_output_joins_all_blocks_but_the_first():
    model = net().eval()
    for lateral in model.lateral:
        nn.init.zeros_(lateral.weight)
    x = torch.rand(1, 3, 80, 80)
    assert torch.equal(model(x), model(torch.zeros_like(x)))
    for lateral in model.lateral:
        nn.init.ones_(lateral.weight)
        assert not torch.equal(model(x), model(torch.zeros_like(x)))
        nn.init.zeros_(lateral.weight)


def test_its_alignment_is_certified():
    table = verify_alignment(net(), size=64)
    assert tuple(table.index) == models.LAYERS_OF_INTEREST["vgg_fcn"] and (table["relative"] < 1e-5).all()
    assert models.MODELS["vgg_fcn"].task == "masks"


def test_a_width_that_cannot_be():
    with pytest.raises(ValueError, match="width=0 must be positive"):
        net(0)
