"""The paper's networks at any width, every torchvision model, and the layers at which they are measured."""

from __future__ import annotations

import pickle
from pathlib import Path

import torch
import torchvision
from torch import nn
from torchvision.models.efficientnet import EfficientNet, MBConvConfig
from torchvision.models.resnet import Bottleneck, ResNet

from ..checks import whole
from .hooks import Hook, blank, eager_model, watching
from .picanet import VGG16SOD

PAPER_MODELS = ("vgg19", "resnet50", "efficientnet_b0")
TITLES = {
    "vgg19": "VGG19",
    "resnet50": "ResNet50",
    "efficientnet_b0": "EfficientNet-B0",
    "vgg16_sod": "VGG16-SOD",
}  # on pages

_EFFICIENTNET_LAYERS = ("features.2", "features.3", "features.5", "features.7")
# Shallow to deep, as marked in the paper's Figures 6 and 7; "efficientnet" is the name in its tables.
LAYERS_OF_INTEREST = {
    "vgg19": ("features.8", "features.17", "features.26", "features.35"),
    "resnet50": ("layer1", "layer2", "layer3", "layer4"),
    "efficientnet_b0": _EFFICIENTNET_LAYERS,
    "efficientnet": _EFFICIENTNET_LAYERS,
    "vgg16_sod": (
        "features.8",
        "features.15",
        "features.22",
        "features.29",
    ),  # the last ReLU of blocks 2 to 5, as in VGG19
}

TORCHVISION = "torchvision/"


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
            `pppkit.picanet`). `"torchvision/NAME"` for any of torchvision's classification models; the prefix
            may be left out for names that the paper's networks do not use.
        width: Multiplies every number of channels; for the paper's networks.
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
    if init not in ("default", "kaiming"):
        raise ValueError(f"init={init!r} is not valid; choose 'default' or 'kaiming'")
    if width <= 0 or num_classes < 1:
        raise ValueError(f"width={width} must be positive and num_classes={num_classes} at least 1")
    key = {"efficientnet": "efficientnet_b0"}.get(name, name)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if key == "vgg16_sod":
            model: nn.Module = VGG16SOD(width)
            model.pppkit_name = key  # type: ignore[assignment]
        elif key in PAPER_MODELS:
            model = {"vgg19": _vgg19, "resnet50": _resnet50, "efficientnet_b0": _efficientnet}[key](
                width, num_classes
            )
            model.pppkit_name = key  # type: ignore[assignment]
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


def save(model: nn.Module, path: str | Path, dtype: torch.dtype | None = None) -> None:
    """Writes a network of `build` with what `load` needs to build it again, whole or not at all.

    Args:
        model: Made by `build`, trained since or not.
        path: The file, say `"resnet50.pt"`.
        dtype: Round floating-point weights, say to `torch.float16` for half the size.

    Raises:
        ValueError: If the model was not made by `build`.
    """
    built = getattr(model, "pppkit_built", None)
    if built is None:
        raise ValueError(
            "model was not made by pppkit.models.build; save its state_dict with torch.save instead"
        )
    state = {
        k: v.to(dtype) if dtype is not None and v.is_floating_point() else v
        for k, v in model.state_dict().items()
    }
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"state_dict": state, "built": built}, path.with_suffix(".part"))
    path.with_suffix(".part").replace(path)


def saved(path: str | Path) -> bool:
    """Whether a file is a checkpoint that `save` wrote."""
    try:
        return "built" in torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, TypeError, OSError):
        return False


def from_checkpoint(path: str | Path, name: str) -> nn.Module:
    """The network of a checkpoint, in eval mode: what `save` wrote, else `build(name)` with these weights."""
    return load(path) if saved(path) else build(name, weights=path)


def load(path: str | Path) -> nn.Module:
    """The network that `save` wrote, in eval mode.

    Raises:
        ValueError: If the file holds something else.
    """
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
        built = dict(saved["built"])
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, TypeError, OSError) as error:
        raise ValueError(
            f"path={str(path)!r} was not written by pppkit.models.save "
            f"({type(error).__name__}: {str(error).splitlines()[0]})"
        ) from error
    return build(built["name"], width=built["width"], num_classes=built["num_classes"], weights=path)


def load_weights(model: nn.Module, weights: str | Path, name: str) -> None:
    """Loads a state_dict from a file, or torchvision's published weights by name.

    Accepts what training code usually saves: the state_dict itself, or a dict that holds it under
    `state_dict`, `model` or `model_state_dict`; a common prefix such as `module.` is removed.

    Args:
        model: Receives the weights.
        weights: A file, or a name such as `"IMAGENET1K_V1"` or `"DEFAULT"` for torchvision models.
        name: The model's name in `build`.

    Raises:
        ValueError: If there is no such file or name, the file holds no state_dict, or it does not fit.
    """
    path = Path(weights)
    if path.is_file():
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
        except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
            raise ValueError(
                f"weights={str(path)!r} is not a checkpoint of tensors only; save model.state_dict() "
                f"({str(error).splitlines()[0]})"
            ) from error
        for key in ("state_dict", "model", "model_state_dict"):
            if isinstance(state, dict) and isinstance(state.get(key), dict):
                state = state[key]
        if (
            not isinstance(state, dict)
            or not all(isinstance(v, torch.Tensor) for v in state.values())
            or not state
        ):
            raise ValueError(f"weights={str(path)!r} holds no state_dict (tensors by name)")
        state = _without_prefix(state, set(model.state_dict()))
    else:
        bare = name.removeprefix(TORCHVISION)
        known = (
            [] if name in LAYERS_OF_INTEREST else [w.name for w in torchvision.models.get_model_weights(bare)]
        )
        if str(weights) not in [*known, *(["DEFAULT"] if known else [])]:
            offer = (
                f"torchvision's weights {', '.join(known)}"
                if known
                else f"none is published for the paper's {name}"
            )
            raise ValueError(
                f"weights={str(weights)!r} is neither a file nor published weights of {name}: {offer}"
            )
        state = torchvision.models.get_model_weights(bare)[str(weights)].get_state_dict(
            progress=True, check_hash=True
        )
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        lines = str(error).splitlines()
        raise ValueError(
            f"weights={str(weights)!r} does not fit {name}: {' '.join(line.strip() for line in lines[1:4])}"
        ) from error


def _without_prefix(state: dict[str, torch.Tensor], wanted: set[str]) -> dict[str, torch.Tensor]:
    """Removes what wrappers put in front of every name (`module.`, `model.`), if that makes the names fit."""
    first = next(iter(state))
    for cut in range(first.count(".")):
        prefix = ".".join(first.split(".")[: cut + 1]) + "."
        if first.removeprefix(prefix) in wanted and all(k.startswith(prefix) for k in state):
            return {k.removeprefix(prefix): v for k, v in state.items()}
    return state


def _scaled(channels: int, width: float) -> int:
    return max(1, round(channels * width))


class VGG19(nn.Module):
    """VGG19 as in the paper's Figure 6: sixteen convolutions, global average pooling, one linear layer.

    `features` has torchvision's names. Without the last max pooling the fourth layer of interest is 14x14 at
    224 pixels.
    """

    def __init__(self, width: float = 1.0, num_classes: int = 1000):
        super().__init__()
        stages = [[_scaled(c, width)] * n for c, n in ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))]
        self.features = torchvision.models.vgg.make_layers(
            [c for stage in stages for c in (*stage, "M")][:-1]
        )
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(stages[-1][-1], num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Class scores `(N, num_classes)` of images `(N, 3, H, W)`."""
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


def _vgg19(width: float, num_classes: int) -> nn.Module:
    model = VGG19(width, num_classes)
    for module in model.features:
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            nn.init.zeros_(module.bias)  # type: ignore[arg-type]
    return model


def _resnet50(width: float, num_classes: int) -> nn.Module:
    if width != 1:
        model = _ScaledResNet50(width, num_classes)
    else:
        model = ResNet(Bottleneck, [3, 4, 6, 3], num_classes=num_classes)
    model.conv1 = nn.Conv2d(3, model.conv1.out_channels, 3, stride=2, padding=1, bias=False)
    nn.init.kaiming_normal_(model.conv1.weight, mode="fan_out", nonlinearity="relu")
    model.maxpool = nn.MaxPool2d(2, 2)
    return model


class _ScaledResNet50(ResNet):
    """torchvision's ResNet50 with every number of channels multiplied."""

    def __init__(self, width: float, num_classes: int):
        self._width = width
        super().__init__(Bottleneck, [3, 4, 6, 3], num_classes=num_classes)
        stem = _scaled(64, width)
        self.conv1, self.bn1 = nn.Conv2d(3, stem, 7, 2, 3, bias=False), nn.BatchNorm2d(stem)
        self.fc = nn.Linear(self.inplanes, num_classes)

    def _make_layer(self, block, planes, blocks, stride=1, dilate=False):
        if planes == 64:
            self.inplanes = _scaled(64, self._width)
        return super()._make_layer(block, _scaled(planes, self._width), blocks, stride, dilate)


def _efficientnet(width: float, num_classes: int) -> nn.Module:
    stages = [
        (1, 3, 1, 32, 16, 1),
        (6, 3, 2, 16, 24, 2),
        (6, 5, 2, 24, 40, 2),
        (6, 3, 2, 40, 80, 3),
        (6, 5, 1, 80, 112, 3),
        (6, 5, 2, 112, 192, 4),
        (6, 3, 1, 192, 320, 1),
    ]
    return EfficientNet(
        [MBConvConfig(*stage, width_mult=width) for stage in stages], dropout=0.2, num_classes=num_classes
    )


def _torchvision(name: str, width: float, num_classes: int) -> nn.Module:
    bare = name.removeprefix(TORCHVISION)
    known = torchvision.models.list_models(module=torchvision.models)
    if bare not in known:
        raise ValueError(
            f"name={name!r} is not a model; choose one of {', '.join((*PAPER_MODELS, 'vgg16_sod'))}, "
            f"or torchvision/ and one of {', '.join(known)}"
        )
    if width != 1:
        raise ValueError(
            f"width={width} applies to the paper's networks only ({', '.join(PAPER_MODELS)}), not to {name}"
        )
    extra = {"init_weights": True} if bare in ("googlenet", "inception_v3") else {}
    return torchvision.models.get_model(bare, weights=None, num_classes=num_classes, **extra)


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
