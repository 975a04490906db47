"""What the parameters of notebooks are called and choose: a name means the same thing on every page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..checks import chosen, one_of, whole
from ..scenes import InfiniteScene, PhotoFolder
from ..scenes.sources import SOURCES, available, open_source
from .context import WEIGHTS
from .ppp import chronology, own_networks

VOCABULARY = {
    "profile": "how much is measured: `quick`, `published` or `paper`",
    "results": "folder of the rows; empty for the profile's own",
    "model": "a name of `pppkit.models.build`, several by commas, or empty for all",
    "padding": "a padding scheme, several by commas, or empty for all",
    "data": "what networks were trained on: `scenes`, `cifar10` or `satellite`, or empty for all",
    "source": "measured pictures: `scenes`, `satellite`, or empty for all; a folder for your own network",
    "satellite": "folder of the satellite mosaics",
    "cifar10": "folder of CIFAR-10, with `train/CLASS/` and `test/CLASS/`",
    "cifar100": "folder of CIFAR-100, likewise",
    "cityscapes": "folder of Cityscapes, with `leftImg8bit/` and `gtFine/`",
    "weights": "a checkpoint's file, several by commas, or the folder of published networks' state dicts",
    "networks": "how many networks are trained in each cell",
    "images": "how many pictures are measured, or 0 for the profile's number",
    "size": "side of the input in pixels",
    "layer": "module path of a layer, several by commas, or empty for the layers of interest",
    "num_classes": "outputs of a checkpoint's classifier",
    "seed": "of the random numbers",
    "workers": "how many processes, or the address of a Dask scheduler; empty for one on each core",
    "background": "of the BHV test: a name, a grey level from 0 to 1, or `red,green,blue`",
    "splits": "of the BHV test: `disjoint`, or `authors` as in their script",
}
IMAGES = {"quick": 4, "published": 16, "paper": 480}  # of a network of one's own


def pictures(source: str, paths: Mapping[str, Any] | None = None, seed: int = 0) -> Any:
    """What a network of one's own is measured on.

    Args:
        source: `"scenes"`, `"satellite"`, or a folder of photographs.
        paths: Folders of data sets by name.
        seed: Of the scenes.

    Raises:
        ValueError: For a folder that does not exist.
    """
    if source == "scenes":
        return InfiniteScene(seed)
    if source in SOURCES:
        return open_source(source, paths)
    if not Path(source).is_dir():
        raise ValueError(f"source={source!r} is neither {' nor '.join(SOURCES)} nor a folder of photographs")
    return PhotoFolder(source)


def image_count(profile: str, images: int = 0) -> int:
    """How many pictures a network of one's own is measured on: the profile's number where none is given."""
    one_of("profile", profile, IMAGES)
    return whole("images", images, least=0) or IMAGES[profile]


def sources(profile: str, source: str = "", paths: Mapping[str, Any] | None = None) -> list[str]:
    """The pictures that a page shows.

    Args:
        profile: Of `"published"` the rows of every source are there; of others those are measured whose
            folder is given.
        source: The parameter.
        paths: Folders of data sets by name.

    Raises:
        ValueError: For a source that does not exist.
    """
    return chosen("source", source, SOURCES) if source or profile == "published" else available(paths)


def networks(
    profile: str, model: str = "", padding: str = "", data: str = "", paths: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """The trained networks that a page shows: trials of `chronology`.

    Args:
        profile: Of `"published"` those whose rows are committed, of others the grid on scenes, and on
            CIFAR-10 where its folder is given.
        model: The parameter.
        padding: The parameter.
        data: The parameter.
        paths: Folders of data sets by name.

    Raises:
        ValueError: For a name that none of them has, with those they have.
    """
    if profile == "published":
        trials = chronology.published()
    else:
        trials = chronology.grid(profile)
        for name, folder in (paths or {}).items():
            if folder and name not in SOURCES:
                trials += chronology.grid(profile, data=name)
    return narrowed(trials, data=data, model=model, padding=padding)


def weights_and_paths(weights: str, **paths: str) -> tuple[list[str], dict[str, str]]:
    """What the parameter `weights` stands for: checkpoints, or the folder of published networks' weights.

    Args:
        weights: The parameter: a folder, files by commas, or empty.
        **paths: Folders of data sets by name.

    Returns:
        The files, and the folders with that of the weights as `"weights"`, empty where there is none.
    """
    if weights and Path(weights).is_dir():
        return [], {**paths, WEIGHTS: weights}
    files = [file.strip() for file in weights.split(",") if file.strip()]
    return files, {**paths, WEIGHTS: ""}


def trained_networks(
    folder: str | Path,
    profile: str,
    model: str = "",
    padding: str = "",
    data: str = "",
    paths: Mapping[str, Any] | None = None,
    unpadded: bool = False,
) -> list[dict[str, Any]]:
    """The trained networks that a page shows, those with a gate of accuracy first.

    Args:
        folder: Of the rows.
        profile: Of `"published"` the networks whose rows are there; of others all that can be trained here.
        model: The parameter.
        padding: The parameter.
        data: The parameter.
        paths: Folders of data sets by name.
        unpadded: Whether networks that do not pad are among them.

    Returns:
        Trials of `learned` and of `chronology`, for `pppkit.experiments.ppp.own_networks.run`.

    Raises:
        ValueError: For a name that none of them has, with those they have.
    """
    published = profile == "published"
    gated = own_networks.measured(folder, profile) if published else own_networks.startable(profile, paths)
    toys = own_networks.without_learned(networks(profile, paths=paths), gated)
    shown = [trial for trial in (*gated, *toys) if unpadded or trial["padding"] != "none"]
    return narrowed(shown, data=data, model=model, padding=padding)


def narrowed(trials: Sequence[Mapping[str, Any]], **parameters: str) -> list[Any]:
    """Those of some trials whose columns have the values asked for.

    Args:
        trials: Mappings with the columns.
        **parameters: By column a name, several by commas, or `""` for all.

    Raises:
        ValueError: For a value that no trial has, with those they have.

    Example:
        >>> trials = [{"model": "a", "padding": "zeros"}, {"model": "b", "padding": "randn"}]
        >>> narrowed(trials, model="", padding="randn")
        [{'model': 'b', 'padding': 'randn'}]
    """
    kept = list(trials)
    for name, value in parameters.items():
        names = chosen(name, value, [t[name] for t in kept])
        kept = [t for t in kept if t[name] in names]
    return kept
