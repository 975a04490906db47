import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="session")
def satellite(tmp_path_factory):
    """A data set laid out like the satellite mosaics: one picture of 3 x 3 tiles, large enough for every canvas."""
    root = tmp_path_factory.mktemp("satellite")
    folder = root / "tile_1" / "images"
    folder.mkdir(parents=True)
    whole = np.random.default_rng(0).integers(0, 256, (1200, 1230, 3)).astype(np.uint8)
    for i in range(9):
        y, x = 400 * (i // 3), 410 * (i % 3)
        Image.fromarray(whole[y : y + 400, x : x + 410]).save(folder / f"image_part_{i + 1:03}.jpg")
    return root
