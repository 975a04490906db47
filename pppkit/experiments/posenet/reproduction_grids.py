"""Trials of PosENet's own tables: networks, read-outs, and which of them each table asks for."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from ...checks import chosen, one_of
from ...padding import FILLS
from ...scenes import SOURCES
from ..context import SATELLITE, WEIGHTS, Trial, as_list, choices
from .encoders import ALONE, ENCODERS, OPTIMAL, PADDINGS, TRAINED, UNTRAINED, encoder
from .patterns import PATTERNS, WAVES

READ_OUT = ("pattern", "depth", "kernel", "readout_padding", "stages")
KEY = ("model", "weights", "padding", "source", *READ_OUT, "trial", "profile")
PROFILES: dict[str, dict[str, Any]] = {
    "quick": {"train": 64, "test": 16, "noise": 4, "epochs": 15, "trials": 5, "size": 64},
    "published": {"train": 256, "test": 32, "noise": 8, "epochs": 15, "trials": 5, "size": 224},
    "paper": {"train": 10553, "test": 850, "noise": 850, "epochs": 15, "trials": 5, "size": 224},
}
ALL = "all"
FIVE = ("horizontal", "vertical", "gaussian", *WAVES)  # the paper's order; its stripes are waves
THREE = ("horizontal", "gaussian", "horizontal waves")
SETTINGS = {"depth": 1, "kernel": 3, "readout_padding": 0, "stages": ALL}
# Networks of the published rows by table: the picture alone, and what others and this book have trained.
_Kinds = dict[str, tuple[str, ...]]
_BOTH = (TRAINED, UNTRAINED)
_SMALL: _Kinds = {ALONE: ("none",), "cifar_resnet20": (TRAINED,)}
_FIRST: _Kinds = {**_SMALL, "squeezenet1_0": (TRAINED,)}
_NETWORKS: _Kinds = {name: kinds for name, kinds in _FIRST.items() if name != ALONE}
_MORE: _Kinds = {"cifar_resnet56": (TRAINED,)}
_OWN: _Kinds = {name: (TRAINED,) for name in ("vgg19_bn", "vgg_fcn_saliency", "vgg_fcn_segmentation")}
_BARE: _Kinds = {name: (UNTRAINED,) for name in ("vgg16", "resnet152")}  # their weights are a download
_STARTS: _Kinds = {name: _BOTH for name in ("cifar_resnet20", "vgg19_bn", "vgg_fcn_saliency")}
PUBLISHED: dict[str, _Kinds] = {
    "models": {**_FIRST, **_MORE, **_OWN, **_BARE, **_STARTS},
    "depth": _SMALL,
    "kernel": {**_FIRST, "vgg16": (UNTRAINED,)},
    "stages": {**_NETWORKS, **_MORE, "vgg19_bn": (TRAINED,), "vgg16": (UNTRAINED,)},
    "padding": {**_FIRST, **_OWN},
}
TABLES = tuple(PUBLISHED)
ON_MOSAICS: _Kinds = {**_FIRST, **_MORE}  # of Table 1, on the satellite pictures as well
BY_STAGE = "vgg19_bn"  # read stage by stage under every padding that it learned with
WIDE = ("vgg16", "resnet152")  # of so many channels that a kernel of 7 takes an hour


def grid(
    profile: str = "published",
    model: str | Sequence[str] = (ALONE, "cifar_resnet20"),
    weights: str | Sequence[str] = ("none", UNTRAINED),
    padding: str | Sequence[str] = ("none", "zeros"),
    source: str | Sequence[str] = "scenes",
    pattern: str | Sequence[str] = FIVE,
    depth: int | Sequence[int] = 1,
    kernel: int | Sequence[int] = 3,
    readout_padding: int | Sequence[int] = 0,
    stages: str | Sequence[str] = ALL,
) -> list[dict[str, Any]]:
    """One trial for each network: all read-outs of the values that are given, trained side by side.

    Args:
        profile: One of `PROFILES`.
        model: Of `pppkit.experiments.posenet.encoders.ENCODERS`, one or several; and so the others:
        weights: Kinds of weights; a network takes those that it can have.
        padding: Of the network; it takes those under which it runs.
        source: Of `pppkit.scenes.SOURCES`.
        pattern: Of `PATTERNS`.
        depth: Of the read-out, and so the others.
        kernel: Their size.
        readout_padding: Their padding.
        stages: `"all"`, or a stage's number from 1 on.

    Raises:
        ValueError: For an unknown name, or where no network is left.
    """
    one_of("profile", profile, PROFILES)
    names = choices("model", model, tuple(ENCODERS))
    columns = {
        "pattern": tuple(choices("pattern", pattern, PATTERNS)),
        "depth": tuple(as_list(depth)),
        "kernel": tuple(as_list(kernel)),
        "readout_padding": tuple(as_list(readout_padding)),
        "stages": tuple(map(str, as_list(stages))),
        "trial": tuple(range(PROFILES[profile]["trials"])),
    }
    found = [
        {"model": name, "weights": kind, "padding": scheme, "source": pictures, **columns, "profile": profile}
        for name, kind, scheme, pictures in itertools.product(
            names, as_list(weights), as_list(padding), choices("source", source, SOURCES)
        )
        if kind in ENCODERS[name].weights and scheme in ENCODERS[name].paddings
    ]
    if not found:
        known = {name: (ENCODERS[name].weights, ENCODERS[name].paddings) for name in names}
        raise ValueError(f"weights={weights!r}, padding={padding!r}: no network has both; they have {known}")
    return found


def table(
    name: str,
    profile: str = "published",
    networks: Mapping[str, Sequence[str]] | None = None,
    source: str | Sequence[str] = "scenes",
) -> list[dict[str, Any]]:
    """The trials behind one of the paper's tables, network by network.

    Args:
        name: Of `TABLES`.
        profile: One of `PROFILES`.
        networks: Kinds of weights by the encoder's name; None for those of the published rows.
        source: Of `pppkit.scenes.SOURCES`.

    Raises:
        ValueError: For an unknown name.
    """
    one_of("name", name, TABLES)
    found = []
    for model, weights in (PUBLISHED[name] if networks is None else networks).items():
        padding = "none" if model == ALONE else "zeros"
        own = {"profile": profile, "model": model, "weights": weights, "padding": padding, "source": source}
        found += [trial for part in _parts(name, model, own) for trial in grid(**part)]
    return found


def _parts(name: str, model: str, own: dict[str, Any]) -> list[dict[str, Any]]:
    """What a table asks of one network: arguments of `grid`, the paper's first read-out before others."""
    three = {**own, "pattern": THREE}
    first = {**own, "pattern": FIVE}
    large = model != ALONE and ENCODERS[model].size > 80 and own["profile"] != "paper"  # takes long
    if name == "depth":  # a deep read-out of a network takes minutes, of a wide one hours
        few: Sequence[str] = THREE[:1] if own["profile"] == "quick" and model != ALONE else THREE
        return [first, *({**own, "pattern": few, "depth": depth} for depth in (2, 3))]
    if name == "kernel":
        kernels = (1,) if large and model in WIDE else (1, 7)
        return [first, *({**three, "kernel": kernel} for kernel in kernels)]
    if name == "stages":
        numbers = [str(i + 1) for i in range(len(ENCODERS[model].layers))]
        return [first, {**own, "pattern": THREE[:2], "stages": numbers}]
    if name == "padding" and model == ALONE:
        return [first, {**three, "readout_padding": (1, 2)}]
    if name == "padding" and ENCODERS[model].each:
        return [first, {**first, "padding": [name for name in PADDINGS if name not in ("zeros", OPTIMAL)]}]
    if name == "padding":
        schemes = [OPTIMAL] if large else ENCODERS[model].paddings
        others = [scheme for scheme in schemes if scheme not in ("none", "zeros")]
        return [first, {**three, "padding": others}]
    return [first]


def published() -> list[dict[str, Any]]:
    """The trials of the committed rows, network by network."""
    others = [scheme for scheme in FILLS if scheme != "zeros"]
    stages = [str(i + 1) for i in range(len(ENCODERS[BY_STAGE].layers))]
    found: list[dict[str, Any]] = []
    for part in (
        *(table(name) for name in TABLES),
        table("models", networks=ON_MOSAICS, source=SATELLITE),
        grid(model=BY_STAGE, weights=TRAINED, padding=others, pattern=THREE[:2], stages=stages),
    ):
        found += [trial for trial in part if trial not in found]
    order = list(PUBLISHED["models"])
    return sorted(found, key=lambda trial: (order.index(trial["model"]), trial["weights"], trial["padding"]))


def shown(
    name: str, profile: str, model: str = "", source: str = "", paths: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """The trials that the page of a table shows.

    Args:
        name: Of `TABLES`.
        profile: Of `"published"` those whose rows are committed; of others PosENet alone and ResNet-20,
            trained where the folder of weights is given.
        model: The parameter: encoders by commas, or empty.
        source: The parameter; empty for scenes, of published rows of Table 1 for both kinds of pictures.
        paths: Folders of data sets by name.

    Raises:
        ValueError: For an unknown name.
    """
    pictures = chosen("source", source or "scenes", SOURCES)
    networks: dict[str, Sequence[str]] = {}
    if profile == "published":
        known = PUBLISHED[name]
        networks = {m: known[m] for m in chosen("model", model, tuple(known))}
        found = table(name, profile, networks, pictures)
        if name == "models" and not source:
            mosaics = {m: kinds for m, kinds in ON_MOSAICS.items() if m in networks}
            found += table(name, profile, mosaics, SATELLITE) if mosaics else []
        return found
    for one in [ALONE, *(chosen("model", model, tuple(ENCODERS)) if model else _SMALL)]:
        kinds = ENCODERS[one].weights
        networks[one] = (TRAINED if TRAINED in kinds and (paths or {}).get(WEIGHTS) else kinds[-1],)
    return table(name, profile, networks, pictures)


def settings(trial: Trial) -> dict[str, Any]:
    """Everything that a trial's names stand for.

    Raises:
        ValueError: For an unknown name.
    """
    one_of("profile", trial["profile"], PROFILES)
    found = dict(PROFILES[trial["profile"]])
    return {**found, "size": min(found["size"], encoder(trial).size)}
