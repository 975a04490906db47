"""torchvision's segmentation networks by name: logits, weights with and without their second head."""

import pytest
import torch
import torchvision

from pppkit import alignment, models
from pppkit.models.segmentation import NAMES, encoder_end


@pytest.mark.parametrize(
    "name", ["lraspp_mobilenet_v3_large", "deeplabv3_mobilenet_v3_large", "fcn_resnet50"]
)
def test_logits_are_torchvisions(name):
    ours = models.build(f"torchvision/{name}", num_classes=19)
    theirs = torchvision.models.get_model(name, weights=None, weights_backbone=None, num_classes=19).eval()
    theirs.load_state_dict(ours.state_dict())
    x = torch.rand(1, 3, 64, 128)
    with torch.no_grad():
        assert torch.equal(ours(x), theirs(x)["out"]) and ours(x).shape == (1, 19, 64, 128)
    layer = encoder_end(ours)
    latent = alignment.features(ours, [layer], x)[layer]
    assert torch.equal(latent, theirs.backbone(x)["high" if "lraspp" in name else "out"])
    assert models.build(name, num_classes=3)(x).shape[1] == 3  # the prefix may be left out


def test_weights_with_a_second_head(tmp_path):
    name = "deeplabv3_mobilenet_v3_large"
    theirs = torchvision.models.get_model(
        name, weights=None, weights_backbone=None, num_classes=4, aux_loss=True
    )
    assert any(key.startswith("aux_classifier.") for key in theirs.state_dict())
    torch.save({"model": theirs.state_dict()}, tmp_path / "net.pth")
    ours = models.build(f"torchvision/{name}", num_classes=4, weights=tmp_path / "net.pth")
    assert all(torch.equal(v, theirs.state_dict()[k]) for k, v in ours.state_dict().items())
    with pytest.raises(ValueError, match="does not fit"):
        models.build(f"torchvision/{name}", num_classes=5, weights=tmp_path / "net.pth")


def test_names_are_offered():
    with pytest.raises(ValueError, match="is not a model; .*deeplabv3_resnet50"):
        models.build("deeplab")
    assert "lraspp_mobilenet_v3_large" in NAMES
    with pytest.raises(ValueError, match="width=0.5 applies to"):
        models.build("torchvision/fcn_resnet50", width=0.5)
