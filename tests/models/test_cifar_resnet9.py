import pytest
import torch
from torch import nn

from pppkit import models, verify_alignment


def test_its_size_is_that_of_the_original():  # Page 2018: 6.57 million parameters with ten classes
    model = models.build("resnet9", num_classes=10)
    assert sum(p.numel() for p in model.parameters()) == pytest.approx(6.57e6, rel=0.002)
    layers = [m for m in model.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    assert len(layers) == 9


def test_each_layer_of_interest_halves_the_map():
    model = models.build("resnet9", width=0.125, num_classes=10)
    sizes, x = [], torch.rand(1, 3, 32, 32)
    for name in models.LAYERS_OF_INTEREST["resnet9"]:
        x = model.get_submodule(name)(x)
        sizes.append(tuple(x.shape[1:]))
    assert sizes == [(8, 32, 32), (16, 16, 16), (32, 8, 8), (64, 4, 4)]


def test_a_residual_of_nothing_is_the_identity():
    model = models.build("resnet9", width=0.125, num_classes=10)
    residual = model.layer1[1]
    nn.init.zeros_(residual.conv2[1].weight)  # of the batch normalisation that ends it
    x = torch.rand(2, 16, 8, 8)
    assert torch.equal(residual(x), x)


@pytest.mark.parametrize("name", ["resnet9", "vgg19_bn"])
def test_its_alignment_is_certified(name):
    model = models.build(name, width=0.125, num_classes=10, init="kaiming")
    table = verify_alignment(model, size=64)
    assert tuple(table.index) == models.LAYERS_OF_INTEREST[name] and (table["relative"] < 1e-5).all()


def test_vgg19_with_batch_normalisation_ends_its_stages_where_vgg19_does():
    plain, normalised = (models.build(name, width=0.125, num_classes=10) for name in ("vgg19", "vgg19_bn"))
    for with_norm, without in zip(models.LAYERS_OF_INTEREST["vgg19_bn"], models.LAYERS_OF_INTEREST["vgg19"]):
        stages = [
            sum(isinstance(m, nn.Conv2d) for m in model.features[: int(layer.split(".")[1]) + 1])
            for model, layer in ((normalised, with_norm), (plain, without))
        ]
        assert stages[0] == stages[1]
        assert isinstance(normalised.get_submodule(with_norm), nn.ReLU)
