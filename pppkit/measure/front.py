"""`measure_ppp`: a network, scenes and a padding scheme in; metrics, maps and their convergence out."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from ..alignment.canvas import GlobalPools
from ..alignment.optimal import OptimalPlan
from ..checks import whole
from ..models import default_layers
from ..models.hooks import eager_model, features, input_channels, layer_names, padding_context
from ..scenes import Scene
from .images import IMAGENET, ImageScaling, Normalization, batch_ends
from .plan import Plans, model_device, padding_list, place_images, plan_ways, record_counts
from .result import PPPResult, Tally

Features = dict[str, Tensor]


def measure_ppp(
    model: nn.Module,
    scenes: Scene | Sequence[Scene],
    layers: Sequence[str] | None = None,
    *,
    padding: str | Sequence[str | None] | None = None,
    size: int = 224,
    n: int = 480,
    batch_size: int = 1,
    normalize: Normalization | None = IMAGENET,
    optimal: str = "auto",
    margin: int | None = None,
    counts: Sequence[int] | None = None,
    seed: int = 0,
    device: str | torch.device | None = None,
    generator: torch.Generator | None = None,
    progress: bool = True,
) -> PPPResult:
    """Measures a network's Position-information Pattern from Padding (Lin et al., equations 3 to 5).

    Each image is cut from a scene together with its surroundings. The network runs on the image as it pads
    itself and once more with the real surroundings in padding's place; the aligned features are compared.

    Args:
        model: Any network whose alignment is exact (see `pppkit.alignment.verify_alignment`); runs in eval
            mode. A compiled one is measured as it was written, one of a single input channel on the
            luminance.
        scenes: A scene, or a sequence such as `PhotoFolder`.
        layers: Module paths; None for the layers of interest.
        padding: A padding scheme, several of them (their common optimal features are computed once), or None
            for the padding that the model was built with.
        size: Side of the network's input in pixels.
        n: Number of images.
        batch_size: Images per forward pass.
        normalize: Mean and standard deviation of the channels, subtracted and divided by after scaling to [0,
            1]; None to leave [0, 1]. A network of one channel takes one value each, or the luminance of
            three.
        optimal: How the optimally padded features are computed: `"unpadded"`, the network without padding on
            a crop just large enough (the paper's way); `"canvas"`, the network as it is on a canvas so large
            that its own padding does not reach the image; `"auto"`, the first, which is cheaper, where it
            follows the network's operations, otherwise the second. Both are exact and measure the same
            images.
        margin: Pixels around the image by which images are placed, and which canvases have; None for the
            smallest that is exact, or, where photographs are too small for it, for what the unpadded run
            needs. Larger changes nothing but the images' places.
        counts: Numbers of images at which to record convergence; None for 1, 2, 5, 10, 20, 50, ... n.
        seed: Chooses the windows and, without a generator, randn's numbers.
        device: Where the model must be; None for where it is.
        generator: Random numbers of randn, on the model's device.
        progress: Show a progress bar.

    Returns:
        Rows, maps and their convergence. The memory it takes does not grow with n.

    Raises:
        ValueError: For bad arguments, before any work: an unknown layer or scheme, n < 1, images that are too
            small (it says how large they must be), a model elsewhere than `device`. During the work: features
            that are not finite.
        AlignmentError: If no canvas is large enough for this network.

    Example:
        >>> from pppkit import InfiniteScene, models
        >>> net = models.build("resnet50", width=0.125, num_classes=10)
        >>> result = measure_ppp(net, InfiniteScene(0), padding="zeros", size=64, n=2, progress=False)
        >>> list(result.rows["layer"])
        ['layer1', 'layer2', 'layer3', 'layer4']
    """
    model = eager_model(model)
    size, n, batch_size = whole("size", size), whole("n", n), whole("batch_size", batch_size)
    seed, counts, paddings = whole("seed", seed, 0), record_counts(counts, n), padding_list(padding)
    where = model_device(model, device, generator)
    scaling = ImageScaling.of(input_channels(model), normalize)
    layers = default_layers(model, size) if layers is None else layer_names(model, layers)
    plans = plan_ways(model, layers, size, paddings, optimal, margin)
    images, around = place_images(scenes, n, size, plans, seed, scaling, fixed=margin is not None)
    generators = {p: generator or torch.Generator(where).manual_seed(seed) for p in paddings}

    tally, started = Tally(counts, where), time.perf_counter()
    like = next(model.parameters())
    with tqdm(total=n, desc="PPP", unit="image", disable=not progress) as bar:
        for world, image in images.batches(batch_ends(n, batch_size, counts), like):
            for p, wide, padded in feature_pairs(model, plans, generators, world, image, images.first):
                tally.add(p, wide, padded, len(image))
            tally.close(len(image))
            bar.update(len(image))
    seconds = round(time.perf_counter() - started, 2)
    settings = {p: {"size": size, "margin": around, "optimal": plans[p].way} for p in paddings}
    made = {"seed": seed, "seconds": seconds, "device": _device_name(where), "dtype": _dtype_name(like)}
    return tally.result(layers, settings, made)


def feature_pairs(
    model: nn.Module,
    plans: Plans,
    generators: Mapping[str | None, torch.Generator],
    world: Tensor,
    image: Tensor,
    first: int,
) -> Iterator[tuple[str | None, Features, Features]]:
    """For each padding: its name, the optimally padded and the padded features of a batch.

    Args:
        model: The network.
        plans: By padding (`pppkit.measure.plan.plan_ways`).
        generators: Random numbers of randn, by padding.
        world: Images with their surroundings, `(N, C, H, W)`.
        image: The images themselves, `(N, C, size, size)`.
        first: Row and column of an image's first pixel in `world`.
    """
    done: dict[OptimalPlan, Features] = {}
    for padding, plan in plans.items():
        record = GlobalPools()  # which only the canvas asks
        modes = [*padding_context(padding, generators[padding]), *([record] if plan.way == "canvas" else [])]
        padded = features(model, plan.layers, image, *modes)
        if plan not in done:
            shapes = {name: tuple(t.shape) for name, t in padded.items()}
            done[plan] = plan.features(model, world, first, shapes, record.seen)
        yield padding, done[plan], padded


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def _dtype_name(like: Tensor) -> str:
    return str(like.dtype).removeprefix("torch.")
