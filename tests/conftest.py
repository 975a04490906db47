from pathlib import Path

import numpy as np
import pytest
from PIL import Image

# Notebooks that use each other's quick rows run in one process; every other notebook by itself, every other
# file as a whole.
TOGETHER = (
    {"ppp_fig4_gallery", "ppp_fig5_chronological", "ppp_table2_posenet"},
    {"explorer", "ppp_fig4_untrained"},
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    for item in items:
        group = item.nodeid.split("::")[0]
        if item.path.name == "test_notebooks.py":
            name = next(
                (n for n, names in enumerate(TOGETHER) if any(f"[{k}]" in item.nodeid for k in names)),
                item.nodeid,
            )
            group += f" {name}"
        item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: item.path.name != "test_notebooks.py")  # the longest first


@pytest.fixture(scope="session")
def satellite(tmp_path_factory):
    """A data set like the satellite mosaics: one picture of 3 x 3 tiles, large enough for every canvas."""
    root = tmp_path_factory.mktemp("satellite")
    folder = root / "tile_1" / "images"
    folder.mkdir(parents=True)
    whole = np.random.default_rng(0).integers(0, 256, (1200, 1230, 3)).astype(np.uint8)
    for i in range(9):
        y, x = 400 * (i // 3), 410 * (i % 3)
        Image.fromarray(whole[y : y + 400, x : x + 410]).save(folder / f"image_part_{i + 1:03}.jpg")
    return root


@pytest.fixture(scope="session")
def published():
    """The folder of the published rows."""
    return Path(__file__).parents[1] / "book" / "results"


@pytest.fixture
def streets():
    """Makes a folder of Cityscapes: each picture of one brightness, road on the left, cars on the right."""

    def make(root, part="val", cities=("ulm", "aachen"), count=2, size=(32, 16)):
        level = 10
        for city in cities:
            for kind in ("leftImg8bit", "gtFine"):
                (root / kind / part / city).mkdir(parents=True)
            for i in range(count):
                name = f"{city}_00000{i}_000019"
                picture = Image.new("RGB", size, (level, level, level))
                picture.save(root / "leftImg8bit" / part / city / f"{name}_leftImg8bit.png")
                ids = np.full(size[::-1], 7, np.uint8)
                ids[:, size[0] // 2 :] = 26
                ids[0] = 0
                folder = root / "gtFine" / part / city
                Image.fromarray(ids).save(folder / f"{name}_gtFine_labelIds.png")
                Image.fromarray(ids).save(folder / f"{name}_gtFine_instanceIds.png")
                level += 10
        return root

    return make
