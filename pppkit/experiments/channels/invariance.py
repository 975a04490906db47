"""Does a network say the same of an image and of its shifted copy? Global Pooling's second table.

Networks learn in three ways: as they are (plain), with antialiased strides (BlurPool), from shifted copies
(AugShift). Plain ones are those of `learned`; the others learn by the same recipe. AugShift sees each image
twice in a step, so half as many in half as many epochs: as many steps, of as many pictures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn

from ... import models
from ...checks import one_of
from ...metrics import consistency
from ...padding import FILLS
from ...training import SCENES, Classifier, fit, open_data
from ..base import Experiment
from ..context import Context, Trial, choices
from ..parameters import narrowed
from ..ppp import learned, recipes
from ..ppp.chronology import needs, remove_resumable
from .location import held_out, layer_pattern
from .shift import SHIFT, AugShift, shifted

VARIANTS = ("plain", "blurpool", "augshift")
KEY = ("variant", *recipes.KEY)
COPIES = ("zeros", "circular")  # what appears at the border of a shifted copy; the paper's is black
CIFAR10, CIFAR100 = "cifar10", "cifar100"
# Which network learns what: ours, and in the paper profile the paper's ResNet-18.
NETWORKS = {SCENES: "vgg19_bn", CIFAR10: "resnet9", CIFAR100: "resnet9"}
RESNET18 = "gapnet"
PROFILES = recipes.PROFILES
CIFAR_SIZE = 32
# The committed rows, a part of the grid: networks by data, variant and padding. Plain are those of `learned`.
_PLAIN = {
    (data, "plain", padding): count
    for (model, data, padding), count in learned.PUBLISHED.items()
    if NETWORKS.get(data) == model
}
PUBLISHED = {
    **_PLAIN,
    **{(SCENES, variant, padding): 2 for variant in VARIANTS[1:] for padding in FILLS if padding != "randn"},
    **{(SCENES, variant, "randn"): 1 for variant in VARIANTS[1:]},
}


def grid(
    profile: str = "published",
    variant: str | Sequence[str] = VARIANTS,
    data: str | Sequence[str] = tuple(NETWORKS),
    padding: str | Sequence[str] = FILLS,
    networks: int | None = None,
) -> list[dict[str, Any]]:
    """Trials, seeds outermost.

    Args:
        profile: One of `PROFILES`.
        variant: Of `VARIANTS`, one or several, and so the others:
        data: Of `NETWORKS`; anything but scenes is a data set's name in the `paths` of a run.
        padding: Of `pppkit.padding.FILLS`.
        networks: Seeds of each cell; None for the profile's number.

    Raises:
        ValueError: For an unknown name.
    """
    one_of("profile", profile, PROFILES)
    return [
        {"variant": v, "model": _network(name, profile), "data": name, "padding": p}
        | {"seed": seed, "profile": profile}
        for seed in range(PROFILES[profile]["networks"] if networks is None else networks)
        for name in choices("data", data, tuple(NETWORKS))
        for p in choices("padding", padding, FILLS)
        for v in choices("variant", variant, VARIANTS)
    ]


def _network(data: str, profile: str) -> str:
    return RESNET18 if profile == "paper" and data != SCENES else NETWORKS[data]


def published() -> list[dict[str, Any]]:
    """The trials of the committed rows; the others are measured by `EXPERIMENT.run(folder, grid(...))`."""
    return [t for t in grid() if t["seed"] < PUBLISHED.get((t["data"], t["variant"], t["padding"]), 0)]


def shown(
    profile: str, variant: str = "", padding: str = "", data: str = "", paths: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """What a page shows, by its parameters.

    Args:
        profile: Of `"published"` the committed rows; of others scenes, and what has a folder.
        variant: The parameter.
        padding: The parameter.
        data: The parameter.
        paths: Folders of data sets by name.

    Raises:
        ValueError: For a name that no trial has.
    """
    given = [name for name in NETWORKS if name == SCENES or (paths or {}).get(name)]
    trials = published() if profile == "published" else grid(profile, data=given)
    return narrowed(trials, variant=variant, padding=padding, data=data)


def like_learned(trial: Trial) -> dict[str, Any]:
    """The trial of `learned` whose recipe this one follows: ResNet-9's on CIFAR-10 where there is no own."""
    same = {k: trial[k] for k in recipes.KEY}
    if trial["data"] != SCENES:
        same["data"] = CIFAR10
    if trial["model"] == RESNET18:
        same["model"] = NETWORKS[CIFAR10]
    return same


def settings(trial: Trial) -> dict[str, Any]:
    """Everything that a trial's names stand for.

    Raises:
        ValueError: For an unknown profile or variant.
    """
    one_of("variant", trial["variant"], VARIANTS)
    found = recipes.settings(like_learned(trial))
    if trial["data"] != SCENES:
        found["size"] = CIFAR_SIZE
    if trial["variant"] == "augshift":
        found |= {name: max(1, found[name] // 2) for name in ("epochs", "batch")}
    return found


def name(trial: Trial) -> str:
    """A network's, for files: of a plain one that of `learned`, which is the same."""
    label = recipes.name(trial)
    return label if trial["variant"] == "plain" else f"{trial['variant']}_{label}"


def untrained(trial: Trial, classes: int) -> Classifier:
    """The module of a trial before its training, with the weights that plain, blurred and AugShift share."""
    net: nn.Module = models.build(
        trial["model"],
        width=settings(trial)["width"],
        num_classes=classes,
        init="kaiming",
        seed=trial["seed"],
    )
    if trial["variant"] == "blurpool":
        net = models.blurred(net)
    kind = AugShift if trial["variant"] == "augshift" else Classifier
    return kind(net, trial["padding"], recipes.recipe(like_learned(trial)), seed=trial["seed"])


def measure(trial: Trial, context: Context) -> pd.DataFrame:
    """Trains one network where its weights are not there yet; its top-1, consistency, and PPP.

    Returns:
        A row for each of `COPIES`.
    """
    s = settings(trial)
    data = open_data(context.data(trial["data"]), s["size"], s["images"], s["validation"])
    images, labels = held_out(data.validation)
    module = untrained(trial, len(data.classes))
    file = context.folder / "weights" / f"{name(trial)}.pt"  # not of `inputs`: `verify` trains again
    if file.is_file():
        module.model.load_state_dict(models.load(file).state_dict())
    else:
        learn(module, data.train, data.validation, trial, context)
    module.to(context.device)
    rows = pd.DataFrame(answers(module, images, labels))
    gate = recipes.GATES.get((trial["model"], trial["data"]), float("nan"))
    made = {k: s[k] for k in ("width", "size", "epochs", "batch", "precision")}
    found = {"gate": 100 * gate, "passed": bool(rows["top1"].iloc[0] >= 100 * gate)}
    count = len(data.train)  # type: ignore[arg-type]
    return rows.assign(**found, **pattern(module, s), images=count, test=len(images), **made)


def learn(module: Classifier, train: Any, validation: Any, trial: Trial, context: Context) -> None:
    """Trains a module, and leaves its weights in the context's folder."""
    s = settings(trial)
    fit(
        module,
        train,
        validation,
        epochs=s["epochs"],
        batch=s["batch"],
        precision=s["precision"],
        **context.fitting(_label(trial)),
    )
    models.save(module.model, context.folder / "weights" / f"{name(trial)}.pt")


def _label(trial: Trial) -> str:
    return f"shift_{trial['variant']}_{recipes.name(trial)}"


@torch.no_grad()
def answers(module: Classifier, images: Tensor, labels: Tensor, batch: int = 100) -> list[dict[str, Any]]:
    """What a network says of images and of their shifted copies, in eval mode.

    Args:
        module: With its padding, on any device; its mode is restored.
        images: `(N, 3, S, S)` uint8.
        labels: `(N,)`.
        batch: Images in a forward pass.

    Returns:
        For each of `COPIES` `fill`, `shift`, `top1` of the images and `consistency`, in percent, and `top1
        shifted`, of the copies.
    """
    was_training = module.training

    def scores(x: Tensor) -> Tensor:
        module.on_validation_epoch_start()  # randn draws the same for images and copies
        return torch.cat([module(part.to(module.device)).cpu() for part in x.split(batch)])

    def right(found: Tensor) -> float:
        return 100 * (found.argmax(1) == labels).double().mean().item()

    try:
        module.eval()
        whole, rows = scores(images), []
        for fill in COPIES:
            copies = scores(shifted(images, SHIFT, torch.Generator().manual_seed(0), fill))
            same = 100 * consistency(whole, copies).item()
            rows.append({"fill": fill, "shift": SHIFT, "top1": right(whole), "consistency": same})
            rows[-1]["top1 shifted"] = right(copies)
    finally:
        module.train(was_training)
    return rows


def pattern(module: Classifier, settings: Mapping[str, Any]) -> dict[str, float]:
    """PPP of the deepest layer of interest on endless scenes, of images as large as the network learned."""
    layer = models.default_layers(module.model, settings["size"])[-1]
    return layer_pattern(module, layer, size=settings["size"], n=settings["n"])


def remove_checkpoints(trial: Trial, context: Context) -> None:
    """The weights stay, what resuming needed does not."""
    remove_resumable(context, _label(trial))


EXPERIMENT = Experiment(
    name="shift_consistency",
    title="Global Pooling, Table 2: the same class for an image and its shifted copy",
    key=KEY,
    profiles=PROFILES,
    grid=grid,
    published=published,
    measure=measure,
    resolve=settings,
    needs=needs,
    stored=remove_checkpoints,
    within=("fill",),
    metrics=("top1", "consistency", "snr_ppp"),
    tolerance=5e-2,
)
