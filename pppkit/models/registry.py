"""Networks by name: the papers' at any width, and every torchvision model."""

from __future__ import annotations

from pathlib import Path

import torch
import torchvision
from torch import nn

from ..checks import number, one_of, shown, whole

# Each of these registers its networks.
from . import cifar_resnet, cifar_resnet9, classifiers, gapnet, picanet, segmentation, vgg_fcn  # noqa: F401
from .entries import ALIASES, LAYERS_OF_INTEREST, MODELS, TORCHVISION, describe
from .hooks import WRAPPERS, Hook, blank, eager_model, watching
from .weights import load_weights

# The networks of the PPP paper.
PAPER_MODELS = ("vgg19", "resnet50", "efficientnet_b0")
for _alias, _name in ALIASES.items():
    LAYERS_OF_INTEREST[_alias] = LAYERS_OF_INTEREST[_name]

# The first of these is before any padding: its PPP is 0. The others end what a max pooling begins.
describe("squeezenet1_0", "SqueezeNet 1.0", ("features.2", "features.5", "features.8", "features.12"))


def build(
    name: str,
    *,
    width: float = 1.0,
    num_classes: int = 1000,
    init: str = "default",
    weights: str | Path | None = None,
    seed: int = 0,
) -> nn.Module:
    """Builds a network, in eval mode.

    Args:
        name: `"vgg19"`, `"resnet50"` or `"efficientnet_b0"` for the paper's networks (appendix A.1: the VGG
            ends in a global average pooling after its last convolution, the ResNet starts with a 3x3 stride-2
            convolution and a 2x2 stride-2 max pooling), `"vgg16_sod"` for its saliency network (see
            `pppkit.models.picanet`), `"cifar_resnet20"`, 32, 44, 56 and 110 for those of He et al. (see
            `pppkit.models.cifar_resnet`), `"resnet9"` for one that learns CIFAR-10 in minutes, `"vgg19_bn"`
            for the paper's VGG19 with batch normalisation, `"vgg_fcn"` for one that labels pixels (see
            `pppkit.models.vgg_fcn`). `"torchvision/NAME"` for any of torchvision's
            classification models and, with logits as their output, of its segmentation models; the prefix may
            be left out for names that are not in `MODELS`.
        width: Multiplies every number of channels; for the networks of `MODELS`.
        num_classes: Outputs of the classifier.
        init: `"default"` leaves each layer as `reset_parameters` makes it; `"kaiming"` is what torchvision's
            code does to these architectures (He et al. 2015, fan_out).
        weights: A file with a state_dict, or for torchvision models the name of published weights
            (downloaded; needs a network), say `"IMAGENET1K_V1"`.
        seed: Of the initial weights. The global random state is left as it was.

    Returns:
        The network. `weights` and `seed` are all that its numbers depend on.

    Raises:
        ValueError: For an unknown name, init, or weights, or a checkpoint that does not fit.
    """
    one_of("init", init, ("default", "kaiming"))
    seed, num_classes = whole("seed", seed, 0), whole("num_classes", num_classes)
    if number("width", width, remedy="it multiplies every number of channels") <= 0:
        raise ValueError(f"width={width} must be positive: it multiplies every number of channels")
    own = ALIASES.get(name, name) if isinstance(name, str) else ""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if own in MODELS:
            model = MODELS[own].make(width, num_classes)
            model.pppkit_name = own  # type: ignore[assignment]
        else:
            model = _torchvision(name, width, num_classes)
        if init == "default":
            for module in model.modules():
                if isinstance(module, (nn.Conv2d, nn.Linear)):
                    module.reset_parameters()
    if weights is not None:
        load_weights(model, weights, name)
    built = {"name": name, "width": width, "num_classes": num_classes}
    model.pppkit_built = built  # type: ignore[assignment]
    return model.eval()


def _torchvision(name: str, width: float, num_classes: int) -> nn.Module:
    known = torchvision.models.list_models(module=torchvision.models)
    bare = name.removeprefix(TORCHVISION) if isinstance(name, str) else ""
    if bare not in (*known, *segmentation.NAMES):
        raise ValueError(
            f"name={shown(name)} is not a model; choose one of {', '.join([*MODELS, *ALIASES])}, "
            f"or torchvision/ and one of {', '.join([*known, *segmentation.NAMES])}"
        )
    if width != 1:
        raise ValueError(f"width={width} applies to {', '.join(MODELS)} only, not to {name}; leave it at 1")
    if bare in segmentation.NAMES:
        return segmentation.network(bare, num_classes)
    extra = {"init_weights": True} if bare in ("googlenet", "inception_v3") else {}
    model = torchvision.models.get_model(bare, weights=None, num_classes=num_classes, **extra)
    if bare not in (*MODELS, *ALIASES):
        model.pppkit_name = bare
    return model


def default_layers(model: nn.Module, size: int = 224, count: int = 4) -> tuple[str, ...]:
    """Layers at which to measure a network that has no layers of interest of its own.

    For each of the last `count` resolutions that a forward pass goes through, the last of the outermost
    modules that end
    there: for torchvision's ResNets, `layer1` to `layer4`.

    Args:
        model: Takes images `(1, C, size, size)`.
        size: Side of the image in pixels.
        count: How many layers at most.

    Returns:
        Module paths, shallow to deep.

    Raises:
        ValueError: If no layer gives a feature map, or the model cannot be watched (see
            `pppkit.models.hooks.eager_model`).
    """
    size, count = whole("size", size), whole("count", count)
    model = getattr(model, "_orig_mod", model)
    if isinstance(model, WRAPPERS):
        return tuple(f"module.{name}" for name in default_layers(model.module, size, count))
    if (known := getattr(model, "pppkit_name", None)) in LAYERS_OF_INTEREST:
        return LAYERS_OF_INTEREST[known][-count:]
    model = eager_model(model)
    ended: list[tuple[tuple[int, ...], str]] = []

    def hook(name: str) -> Hook:
        def record(module, inputs, output):
            is_map = isinstance(output, torch.Tensor) and output.dim() == 4
            if (
                is_map
                and output.shape[2] == output.shape[3] > 1
                and not isinstance(module, nn.AdaptiveAvgPool2d)
            ):
                ended.append((tuple(output.shape[2:]), name))

        return record

    with watching(model, {name: hook(name) for name, _ in model.named_modules() if name}):
        model(blank(model, size, size))
    names = [n for _, n in ended]
    by_size: dict[tuple[int, ...], str] = {}
    for shape, name in ended:
        best = by_size.get(shape)
        if names.count(name) == 1 and (best is None or name.count(".") <= best.count(".")):
            by_size[shape] = name
    if not by_size:
        raise ValueError(
            "layers: no layer of this model gives a feature map (N, C, H, W); name the layers yourself"
        )
    return tuple(by_size[shape] for shape in sorted(by_size, reverse=True)[-count:])
