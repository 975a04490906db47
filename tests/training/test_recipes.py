import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from pppkit.training import Classifier, Recipe
from pppkit.training.recipes import moved


def generator():
    return torch.Generator().manual_seed(0)


def test_the_rate_rises_to_the_largest_and_falls_to_nearly_nothing():
    recipe, steps = Recipe(warm_up=0.2), 100
    rates = [recipe.rate(step, steps) for step in range(steps)]
    assert rates[:3] == pytest.approx([1 / 20, 2 / 20, 3 / 20])
    assert max(rates) == rates[19] == rates[20] == 1.0
    assert rates[60] == pytest.approx(0.5) and rates[99] < 1e-3
    assert sorted(rates[20:], reverse=True) == rates[20:]


def test_the_cosine_is_torchs():
    steps = 50
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps - 1)
    ours = Recipe(warm_up=0.0)  # one step of warm-up, the least there is
    for step in range(1, steps):
        assert ours.rate(step, steps) == pytest.approx(theirs.get_last_lr()[0], abs=1e-6)
        optimizer.step()
        theirs.step()


@pytest.mark.parametrize(
    "fill, mode", [("reflect", "reflect"), ("zeros", "constant"), ("replicate", "replicate")]
)
def test_each_image_moves_to_its_own_place(fill, mode):
    x = torch.rand(5, 3, 8, 9, generator=generator())
    by = torch.tensor([[0, 4, 2, 1, 3], [2, 0, 2, 4, 3]])
    wide = F.pad(x, (2, 2, 2, 2), mode=mode)
    out = moved(x, by, 2, fill)
    for image, (row, column) in enumerate(by.T.tolist()):
        assert torch.equal(out[image], wide[image, :, row : row + 8, column : column + 9])
    assert torch.equal(out[2], x[2]), "in the middle nothing moves"
    assert out.is_contiguous(memory_format=torch.channels_last)


def test_masks_go_with_their_images():
    masks = (torch.rand(16, 12, 12, generator=generator()) > 0.5).float()
    images = (255 * masks[:, None].expand(-1, 3, -1, -1)).to(torch.uint8)
    x, target = Recipe(shift=3).augment(images, masks, generator())
    assert x.dtype == torch.uint8 and torch.equal(x[:, 0] / 255, target)
    assert not torch.equal(target, masks)


def test_augmentation_can_be_left_out_and_repeats_with_its_generator():
    x, labels = torch.rand(8, 3, 8, 8), torch.arange(8)
    same, target = Recipe(flip=False).augment(x, labels, generator())
    assert torch.equal(same, x) and torch.equal(target, labels)
    one, _ = Recipe(shift=2).augment(x, labels, generator())
    two, _ = Recipe(shift=2).augment(x, labels, generator())
    assert torch.equal(one, two) and not torch.equal(one, x)


def test_optimizers():
    weights = [nn.Parameter(torch.zeros(2))]
    sgd = Recipe("sgd", lr=0.3, weight_decay=1e-4).optimize(weights, 10)["optimizer"]
    assert isinstance(sgd, torch.optim.SGD)
    assert (
        sgd.defaults["nesterov"] and sgd.defaults["momentum"] == 0.9 and sgd.defaults["weight_decay"] == 1e-4
    )
    assert isinstance(Recipe().optimize(weights, 10)["optimizer"], torch.optim.AdamW)


def test_smoothed_labels_enter_the_loss():
    net = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 4))
    output, target = torch.tensor([[2.0, 0.0, 0.0, 0.0]]), torch.tensor([0])
    sharp = Classifier(net).loss(output, target).item()
    smooth = Classifier(net, None, Recipe(label_smoothing=0.2)).loss(output, target).item()
    log_sum = math.log(math.exp(2) + 3)
    assert sharp == pytest.approx(log_sum - 2)
    assert smooth == pytest.approx(0.8 * (log_sum - 2) + 0.2 * (log_sum - 0.5))


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"optimizer": "adam"}, "optimizer='adam' is not one of adamw, sgd"),
        ({"lr": -0.1}, "lr=-0.1 must not be negative"),
        ({"weight_decay": -1}, "weight_decay=-1 must not be negative"),
        ({"shift": -1}, "shift=-1 must not be negative"),
        ({"warm_up": 1}, "warm_up=1 must be at least 0 and below 1"),
        ({"label_smoothing": 1.5}, "label_smoothing=1.5 must be at least 0 and below 1"),
        ({"shift_fill": "black"}, "shift_fill='black' is not one of zeros, reflect"),
    ],
)
def test_bad_recipes_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        Recipe(**arguments)


@pytest.mark.parametrize("clip, longest", [(0.5, 0.5), (0.0, math.inf)])
def test_gradients_are_clipped_to_the_recipe(clip, longest):
    module = Classifier(nn.Sequential(nn.Flatten(), nn.Linear(12, 2)), recipe=Recipe(clip=clip))
    for parameter in module.parameters():
        parameter.grad = torch.ones_like(parameter)
    before = math.sqrt(sum(p.numel() for p in module.parameters()))
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    module.configure_gradient_clipping(optimizer, None, None)
    found = math.sqrt(sum(p.grad.square().sum().item() for p in module.parameters()))
    assert found == pytest.approx(min(before, longest), rel=1e-5)
