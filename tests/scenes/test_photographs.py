import importlib.util
import os
import struct
import zlib

import numpy as np
import pytest
from PIL import ExifTags, Image

from pppkit.scenes import Photo, PhotoFolder, TiledPhoto, photographs


def picture(h, w, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (h, w, 3)).astype(np.uint8)


@pytest.fixture
def tiles(tmp_path):
    """A 47 x 31 picture cut 2 x 3 into tiles of unequal size."""
    whole = picture(47, 31)
    for i, (top, bottom) in enumerate(((0, 20), (20, 47))):
        for j, (left, right) in enumerate(((0, 9), (9, 19), (19, 31))):
            (tmp_path / "a" / "images").mkdir(parents=True, exist_ok=True)
            Image.fromarray(whole[top:bottom, left:right]).save(
                tmp_path / "a" / "images" / f"part_{3 * i + j}.png"
            )
    return tmp_path, whole


def test_tiles_form_one_picture(tiles):
    root, whole = tiles
    (photo,) = PhotoFolder(root, grid=(2, 3), pattern="*/images/*.png")
    assert photo.shape == (47, 31) and photo.name == "a/images"
    np.testing.assert_array_equal(photo.crop(0, 0, 47, 31).permute(1, 2, 0).numpy(), whole)
    np.testing.assert_array_equal(photo.crop(17, 5, 11, 20).permute(1, 2, 0).numpy(), whole[17:28, 5:25])
    with pytest.raises(ValueError, match="leaves a/images, which is 47x31"):
        photo.crop(40, 0, 8, 8)


def test_tiles_that_do_not_fit(tiles):
    root, _ = tiles
    files = sorted((root / "a" / "images").iterdir())
    with pytest.raises(ValueError, match="needs 4 files, got 6"):
        TiledPhoto(files, (2, 2))
    with pytest.raises(ValueError, match="do not fit a 3x2 grid"):
        TiledPhoto(files, (3, 2))


def test_photo_folder(tmp_path):
    (tmp_path / "b").mkdir()
    for name, size in (("z.png", (20, 30)), ("b/a.png", (40, 10))):
        Image.fromarray(picture(*size)).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no image")
    folder = PhotoFolder(tmp_path)
    assert len(folder) == 2 and [p.shape for p in folder] == [(40, 10), (20, 30)]
    assert "2 photographs" in repr(folder)


def test_photo_folder_refuses_what_it_cannot_use(tmp_path):
    with pytest.raises(ValueError, match="is not a folder"):
        PhotoFolder(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="holds no image"):
        PhotoFolder(tmp_path)
    (tmp_path / "broken.png").write_bytes(b"not a picture")
    with pytest.raises(ValueError, match="broken.png cannot be read"):
        PhotoFolder(tmp_path)


def test_a_truncated_file_is_named_when_its_pixels_are_read(tmp_path):
    Image.fromarray(picture(200, 200)).save(tmp_path / "cut.jpg")
    data = (tmp_path / "cut.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(data[: len(data) // 3])
    with pytest.raises(ValueError, match="cut.jpg cannot be read"):
        Photo(tmp_path / "cut.jpg").crop(150, 150, 10, 10)


# What each EXIF orientation says of the stored pixels, as steps from the upright picture to them.
STORED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a),
    7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
    8: lambda a: np.rot90(a, -1),
}


@pytest.mark.parametrize("suffix", ["png", "tif", "webp", "jpg"])
@pytest.mark.parametrize("orientation", STORED)
def test_photographs_are_turned_as_viewers_show_them(tmp_path, orientation, suffix):
    upright = np.kron(picture(5, 7), np.ones((8, 8, 1), np.uint8))  # blocks, which compression leaves alone
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    image = Image.fromarray(np.ascontiguousarray(STORED[orientation](upright)))
    image.save(tmp_path / f"a.{suffix}", exif=exif, quality=100, lossless=True, subsampling=0)
    photo = Photo(tmp_path / f"a.{suffix}")
    assert photo.shape == (40, 56)
    shown = photo.crop(0, 0, 40, 56).permute(1, 2, 0).numpy()
    assert np.abs(shown.astype(int) - upright).max() <= (4 if suffix == "jpg" else 0)
    np.testing.assert_array_equal(photo.crop(3, 9, 30, 40).permute(1, 2, 0).numpy(), shown[3:33, 9:49])


def test_turned_tiles_form_one_picture(tmp_path):
    whole, exif = picture(20, 60), Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    for i in range(2):
        tile = np.ascontiguousarray(np.rot90(whole[:, 30 * i : 30 * i + 30]))
        Image.fromarray(tile).save(tmp_path / f"{i}.png", exif=exif)
    photo = TiledPhoto(sorted(tmp_path.iterdir()), (1, 2))
    assert photo.shape == (20, 60)
    np.testing.assert_array_equal(photo.crop(0, 0, 20, 60).permute(1, 2, 0).numpy(), whole)


@pytest.mark.parametrize("mode", ["L", "1", "P"])
def test_images_with_one_rgb_picture_are_shown_in_rgb(tmp_path, mode):
    image = Image.fromarray(picture(12, 9)).convert(mode)
    image.save(tmp_path / "a.png")
    expected = np.asarray(image.convert("RGB"))
    np.testing.assert_array_equal(
        Photo(tmp_path / "a.png").crop(0, 0, 12, 9).permute(1, 2, 0).numpy(), expected
    )
    if mode == "L":
        assert (expected == np.asarray(image)[..., None]).all()


@pytest.mark.parametrize(
    "mode, suffix, message",
    [
        ("RGBA", "png", "is a RGBA image; put it on a background and save it as RGB"),
        ("LA", "png", "is a LA image; put it on a background"),
        ("CMYK", "tif", "is a CMYK image; convert it with its colour profile"),
        ("I;16", "png", "is a I(;16)? image; scale the values that should show to 0 ... 255"),
        ("F", "tif", "is a F image; scale the values"),
        ("LAB", "tif", r"is a LAB image; save it as RGB .Image.open.path..convert.'RGB'."),
    ],
)
def test_images_without_one_rgb_picture_are_refused(tmp_path, mode, suffix, message):
    Image.new(mode, (9, 12)).save(tmp_path / f"a.{suffix}")
    with pytest.raises(ValueError, match=message):
        Photo(tmp_path / f"a.{suffix}")


def test_a_palette_with_a_transparent_colour_is_refused(tmp_path):
    Image.fromarray(picture(12, 9)).convert("P").save(tmp_path / "a.png", transparency=3)
    with pytest.raises(ValueError, match="is a P image; put it on a background"):
        Photo(tmp_path / "a.png")


@pytest.mark.parametrize(
    "window, message",
    [
        ((0.5, 0, 8, 8), "y=0.5 must be a whole number"),
        ((0, True, 8, 8), "x=True must be a whole number"),
        ((0, 0, 0, 8), "height=0 must be a whole number of at least 1"),
        ((0, 0, 8, None), "width=None must be a whole number"),
        ((-1, 0, 8, 8), "y=-1, x=0, 8x8 leaves a, which is 20x30 pixels; move it inside or make it smaller"),
        ((13, 0, 8, 8), "leaves a, which is 20x30"),
        ((0, 23, 8, 8), "leaves a, which is 20x30"),
    ],
)
def test_bad_windows(tmp_path, window, message):
    Image.fromarray(picture(20, 30)).save(tmp_path / "a.png")
    with pytest.raises(ValueError, match=message):
        Photo(tmp_path / "a.png").crop(*window)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda p: Photo(None), "path=None must be a path, as text or pathlib.Path"),
        (lambda p: Photo(p / "none.png"), "none.png cannot be read as an image"),
        (lambda p: PhotoFolder(3), "root=3 must be a path"),
        (lambda p: PhotoFolder(p, grid=3), "grid=3 must be two whole numbers; grid is .rows, columns."),
        (lambda p: PhotoFolder(p, grid=(1, 0)), "grid=0 must be a whole number of at least 1; grid is"),
        (lambda p: PhotoFolder(p, grid=(1, True)), "grid=True must be a whole number"),
        (lambda p: PhotoFolder(p, grid=(1, 2)), "needs 2 files, got 1; pass .rows, columns. of the tiles"),
        (lambda p: PhotoFolder(p, pattern="*.jpg"), "holds no image that matches '.*.jpg'; check the folder"),
    ],
)
def test_bad_arguments(tmp_path, make, message):
    Image.fromarray(picture(20, 30)).save(tmp_path / "a.png")
    with pytest.raises(ValueError, match=message):
        make(tmp_path)


def grey(path, level, side=12):
    Image.new("RGB", (side, side), (level,) * 3).save(path)


def test_a_file_that_is_written_anew_is_read_anew(tmp_path):
    path = tmp_path / "a.bmp"  # equally large whatever it shows
    grey(path, 10)
    photo = Photo(path)
    assert (photo.crop(0, 0, 12, 12) == 10).all()
    grey(path, 200)
    os.utime(path, ns=(0, 10**9))  # two writes may fall into one tick of the file system's clock
    assert (photo.crop(0, 0, 12, 12) == 200).all()
    grey(path, 200, side=20)
    with pytest.raises(
        ValueError, match="a.bmp is 20x20 pixels now, but was 12x12 when a was opened; open it"
    ):
        photo.crop(0, 0, 12, 12)
    path.unlink()
    with pytest.raises(ValueError, match="a.bmp cannot be read as an image"):
        photo.crop(0, 0, 12, 12)


def test_a_relative_path_stays_where_it_was(tmp_path, monkeypatch):
    photos = []
    for level in (10, 200):
        folder = tmp_path / str(level)
        folder.mkdir()
        grey(folder / "a.bmp", level)
        os.utime(folder / "a.bmp", ns=(0, 0))
        monkeypatch.chdir(folder)
        photos.append(Photo("a.bmp"))
        assert (photos[-1].crop(0, 0, 12, 12) == level).all()
    assert (photos[0].crop(0, 0, 12, 12) == 10).all()


@pytest.mark.parametrize("suffix", ["png", "tif", "jpg"])
def test_pillows_limit_of_size_is_the_programs(tmp_path, monkeypatch, suffix):
    path = tmp_path / f"a.{suffix}"
    grey(path, 10)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 50)
    spec = importlib.util.spec_from_file_location("pppkit.scenes.again", photographs.__file__)
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    assert Image.MAX_IMAGE_PIXELS == 50  # an import changes nothing
    assert (Photo(path).crop(0, 0, 12, 12) == 10).all()
    assert Image.MAX_IMAGE_PIXELS == 50
    with pytest.raises(Image.DecompressionBombError):
        Image.open(path)


def png(path, values):
    """An RGB image of 16 bits a channel, which Pillow cannot write."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    height, width = values.shape[:2]
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0))
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    data = header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + data)


def tif(path, values):
    """The same as a TIFF file of one strip."""
    height, width = values.shape[:2]
    fields = [(256, 3, 1, width), (257, 3, 1, height), (258, 3, 3, 8), (259, 3, 1, 1), (262, 3, 1, 2)]
    fields += [(273, 4, 1, 14), (277, 3, 1, 3), (278, 3, 1, height), (279, 4, 1, values.size * 2)]
    data = struct.pack("<HHH", 16, 16, 16) + values.astype("<u2").tobytes()
    table = b"".join(struct.pack("<HHII", *field) for field in fields)
    start = struct.pack("<2sHI", b"II", 42, 8 + len(data))
    path.write_bytes(start + data + struct.pack("<H", len(fields)) + table + bytes(4))


@pytest.mark.parametrize("write", [png, tif])
def test_colour_of_more_than_eight_bits_is_refused(tmp_path, write):
    """Pillow opens it as RGB, and cuts off the lower byte."""
    path = tmp_path / f"a.{write.__name__}"
    write(path, picture(12, 9).astype(np.uint16) * 256 + 17)
    with Image.open(path) as image:
        assert image.mode == "RGB" and (np.asarray(image) == picture(12, 9)).all()
    message = f"a.{write.__name__} is a 16-bit RGB image; scale the values that should show to 0 ... 255"
    with pytest.raises(ValueError, match=message):
        Photo(path)


def test_a_damaged_header_is_named(tmp_path):
    """Pillow says OverflowError of a bitmap that is too large for its own types."""
    grey(tmp_path / "a.bmp", 10)
    data = bytearray((tmp_path / "a.bmp").read_bytes())
    data[18:22] = struct.pack("<I", 2**32 - 1)
    (tmp_path / "a.bmp").write_bytes(data)
    with pytest.raises(ValueError, match="a.bmp cannot be read as an image"):
        Photo(tmp_path / "a.bmp").crop(0, 0, 1, 1)
