import asyncio
import importlib.util
import json
import math
import subprocess
import sys
import time
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pppkit import PhotoFolder
from pppkit.scenes.__main__ import main
from pppkit.scenes.tiles import Manners, Mosaic, Refused, TileServer, around, collect, inside, read_places
from pppkit.scenes.tiles.manners import retry_after
from pppkit.scenes.tiles.mosaics import pixel_of, place_of

HERE = Path(__file__).parent
spec = importlib.util.spec_from_file_location("tile_server", HERE / "tile_server.py")
tile_server = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tile_server)
SIDE, always, first, world = tile_server.SIDE, tile_server.always, tile_server.first, tile_server.world

QUICK = Manners(rate=1000, at_once=3, wait=0.01, timeout=5)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    made = tile_server.Server()
    yield made
    made.shutdown()
    made.server_close()


def ours(server, **changes):
    return TileServer(
        **{"template": server.template, "attribution": "© Loop", "terms": "CC BY 4.0"} | changes
    )


def mosaic(name="a", top=100, left=200, height=70, width=90, zoom=5):
    return Mosaic(name, zoom, top, left, height, width, SIDE)


def pixels(photo):
    return photo.crop(0, 0, *photo.shape).permute(1, 2, 0).numpy()


# Where mosaics are


def test_web_mercator_against_known_tiles():
    # openstreetmap's wiki: zoom 17 at 50.0, 10.0 is tile 69176, 44479 (their formula, worked by hand)
    n = 2**17
    y = (1 - math.asinh(math.tan(math.radians(50))) / math.pi) / 2 * n
    row, column = pixel_of(50, 10, 256 * n)
    assert (int(column // 256), int(row // 256)) == (int((10 + 180) / 360 * n), int(y))
    assert pixel_of(85.0511287798066, -180, 256) == pytest.approx((0, 0), abs=1e-9)
    for place in ((0, 0), (51.5, -0.1), (-33.9, 151.2), (84, 179)):
        assert place_of(*pixel_of(*place, 2**20), 2**20) == pytest.approx(place)


def test_a_mosaic_around_a_place():
    (m,) = around([("Dubai", 25.2, 55.3)], 17, (1000, 2048))
    assert (m.height, m.width) == (1000, 2048) and m.centre == pytest.approx((25.2, 55.3), abs=1e-5)
    south, west, north, east = m.bounds
    assert south < 25.2 < north and west < 55.3 < east
    assert len(m.tiles) == len(m.rows) * len(m.columns) and set(t[0] for t in m.tiles) == {17}
    assert m.metres == pytest.approx(156543.034 * math.cos(math.radians(25.2)) / 2**17, rel=1e-4)


def test_mosaics_side_by_side_in_a_box():
    found = inside(-20, 100, 20, 160, 6, 100, SIDE, "box")
    size = SIDE << 6
    top, left = pixel_of(20, 100, size)
    bottom, right = pixel_of(-20, 160, size)
    assert len(found) == int((bottom - top) / 100) * int((right - left) / 100)
    covered = np.zeros((size, size), int)
    for m in found:
        covered[m.top : m.top + 100, m.left : m.left + 100] += 1
        assert top <= m.top and m.top + 100 <= bottom and left <= m.left and m.left + 100 <= right
    assert covered.max() == 1
    assert found[0].name == "box_0_0" and len({m.name for m in found}) == len(found)


def test_a_box_across_the_date_line_and_the_tiles_there():
    (m,) = inside(-20, 170, 20, 190, 5, (100, 50), SIDE)
    assert m.left < SIDE << 5 < m.left + m.width
    assert {x for _, x, _ in m.tiles} == {31, 0}


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: around([], 3, 10), "places: there are none"),
        (lambda: around([("a", 0, 0), ("A", 1, 1)], 3, 10), "a name is given twice: a"),
        (lambda: around([("a/b", 0, 0)], 3, 10), "name='a/b' must be a plain file name"),
        (lambda: around([("..", 0, 0)], 3, 10), "name='..' must be a plain file name"),
        (lambda: around([(".lock", 0, 0)], 3, 10), "must be a plain file name"),
        (lambda: around([("a", 86, 0)], 3, 10), "latitude=86 must lie between -85"),
        (lambda: around([("a", 0, 181)], 3, 10), "longitude=181 must lie"),
        (lambda: around([("a", 84.9, 0)], 3, 1000), "rows -.* leave the world"),
        (lambda: around([("a", 0, 0)], 0, 257), "are more than the world's 256"),
        (lambda: around([("a", 0, 0)], 31, 10), "zoom=31 must be at most 30"),
        (lambda: around([("a", 0, 0)], 3, (1, 2, 3)), "size=.* must be a side"),
        (lambda: inside(10, 0, 0, 10, 3, 10), "is no box"),
        (lambda: inside(0, 10, 10, 0, 3, 10), "is no box"),
        (lambda: inside(0, 0, 1, 1, 3, 100), "too few for one mosaic of 100x100"),
        (lambda: read_places("nowhere.csv"), "does not exist"),
    ],
)
def test_bad_places(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_places_from_a_file(tmp_path):
    (tmp_path / "p.csv").write_text("name, latitude, longitude\n007,1.5,2\nRome,41.9,12.5\n")
    assert read_places(tmp_path / "p.csv") == [("007", 1.5, 2.0), ("Rome", 41.9, 12.5)]
    (tmp_path / "q.csv").write_text("name,lat\na,1\n")
    with pytest.raises(ValueError, match="lacks the columns latitude, longitude"):
        read_places(tmp_path / "q.csv")


# What may be asked of a server


@pytest.mark.parametrize(
    "template, words",
    [
        ("file:///etc/{z}/{x}/{y}", "must be http or https"),
        ("ftp://host/{z}/{x}/{y}", "must be http or https"),
        ("https://{z}.host/{x}/{y}/{z}", "on one host that is spelled out"),
        ("https://me:secret@host/{z}/{x}/{y}", "without a user's name"),
        ("https://host/../{z}/{x}/{y}", "no '..'"),
        ("https://host/%2E%2e/{z}/{x}/{y}", "no '..'"),
        ("https://host/{z}/{x}/{y}#a", "no '#'"),
        ("https://host\\evil/{z}/{x}/{y}", "must be an address"),
        ("https://host/{z}/{x}/{y} ", "must be an address"),
        ("https://host/{z}/{x}", "needs {z}, {x} and one of"),
        ("https://host/{z}/{x}/{y}/{-y}", "needs {z}, {x} and one of"),
        ("https://host/{z}/{x}/{y}/{q}", "{q} is not one of"),
        ("https://host/{z}/{x}/{y}/{", "a brace too many"),
        ("https://host:0x/{z}/{x}/{y}", "must be an address"),
        (3, "template=3 must be an address"),
    ],
)
def test_bad_templates(template, words):
    with pytest.raises(ValueError) as error:
        TileServer(template, "a", "b")
    assert words in str(error.value)


def test_attribution_terms_and_key_are_asked_for():
    good = "https://host/{z}/{x}/{y}?k={key}"
    for attribution, terms, key, words in (
        ("", "t", "k", "attribution='' must be"),
        ("a", " ", "k", "terms=' ' must be"),
        ("a", "t", "", "key must be given"),
        ("a", "t", "../x", "key must have"),
    ):
        with pytest.raises(ValueError, match=words):
            TileServer(good, attribution, terms, key)
    made = TileServer(good, "a", "t", "s3cret")
    assert made.address(3, 1, 2) == "https://host/3/1/2?k=s3cret" and "s3cret" not in repr(made)
    south = TileServer("https://host/{z}/{x}/{-y}", "a", "t")
    assert south.address(3, 1, 2) == "https://host/3/1/5"


@pytest.mark.parametrize(
    "location",
    [
        "https://elsewhere/1/2/3",
        "//elsewhere/1/2/3",
        "http://host/1/2/3",
        "https://host:444/1/2/3",
        "https://host.elsewhere/1",
        "https://me@host/1",
        "file:///etc/passwd",
    ],
)
def test_redirects_that_leave_the_host(location):
    with pytest.raises(Refused, match="not followed"):
        TileServer("https://host/{z}/{x}/{y}", "a", "t").follow("https://host/1/2/3", location)


def test_redirects_that_stay():
    plain = TileServer("http://host/{z}/{x}/{y}", "a", "t")
    assert plain.follow("http://host/1/2/3", "/b/1?q=2") == "http://host/b/1?q=2"
    assert plain.follow("http://host/1/2/3", "https://host/1/2/3") == "https://host/1/2/3"


def test_retry_after():
    assert retry_after("7") == 7
    date = datetime.now(UTC) + timedelta(seconds=60)
    assert retry_after(format_datetime(date, usegmt=True)) == pytest.approx(60, abs=2)
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0 and retry_after("-3") is None


@pytest.mark.parametrize(
    "bad", [{"rate": 0}, {"at_once": 0}, {"attempts": 1.5}, {"timeout": 0}, {"wait": -1}, {"contact": "a\nb"}]
)
def test_bad_manners(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        Manners(**bad)


# Collecting


def test_mosaics_have_the_servers_pixels_and_their_provenance(server, tmp_path):
    wanted = [
        mosaic("a"),
        mosaic("b", 333, 64, 64, 32),
        mosaic("c", 0, 1000, 40, 60),
    ]  # b: whole tiles; c: date line
    rows = collect(ours(server), wanted, tmp_path / "out", manners=QUICK, progress=False)
    assert rows["state"].tolist() == ["collected"] * 3 and rows["fetched"].tolist() == [12, 3, 6]
    photos = PhotoFolder(tmp_path / "out")
    assert [p.name for p in photos] == ["a", "b", "c"]
    for photo, m in zip(photos, wanted):
        np.testing.assert_array_equal(pixels(photo), world(m.top, m.left, m.height, m.width, m.zoom))
    about = json.loads((tmp_path / "out" / "a.json").read_text())
    assert about["mosaic"] == asdict(wanted[0]) and about["source"] == server.template
    assert (about["attribution"], about["terms"]) == ("© Loop", "CC BY 4.0")
    assert (about["latitude"], about["longitude"]) == pytest.approx(wanted[0].centre)
    age = datetime.now(UTC) - datetime.fromisoformat(about["first_tile"])
    assert timedelta(0) <= age < timedelta(seconds=60) and about["different_tiles"] == 12
    assert Image.open(tmp_path / "out" / "a.png").text["Copyright"] == "© Loop"
    assert set(server.asked.values()) == {1} and server.most <= 3
    assert server.agents == {QUICK.agent} and "pppkit/" in QUICK.agent
    again = collect(ours(server), wanted, tmp_path / "out", manners=QUICK, progress=False)
    assert again["state"].tolist() == ["present"] * 3 and set(server.asked.values()) == {1}


def test_mosaics_share_tiles(server, tmp_path):
    wanted = [mosaic("a"), mosaic("b", 110, 210)]
    rows = collect(ours(server), wanted, tmp_path, manners=QUICK, progress=False)
    assert set(server.asked.values()) == {1} and rows["fetched"].sum() == len(
        set(wanted[0].tiles + wanted[1].tiles)
    )


def test_it_is_killed_20_times(server, tmp_path):
    command = [sys.executable, str(HERE / "collect_and_die.py"), server.template, str(tmp_path / "out"), "20"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    kills = json.loads((tmp_path / "kills.json").read_text())
    assert [k["signal"] for k in kills] == [9] * 20
    counts = [len(k["tiles"]) for k in kills]
    assert counts == sorted(counts) and counts[-1] > 20 and any(k["parts"] for k in kills)
    spec = importlib.util.spec_from_file_location("collect_and_die", HERE / "collect_and_die.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    rows = collect(
        script.server(server.template), script.MOSAICS, tmp_path / "out", manners=QUICK, progress=False
    )
    assert set(rows["state"]) <= {"present", "collected"}
    # what was on disk after a kill was never asked for again
    segments, on_disk = [[]], [set(), *({tuple(t) for t in k["tiles"]} for k in kills)]
    for _, place in server.log:
        segments.append([]) if isinstance(place, str) else segments[-1].append(place)
    assert len(segments) == 21
    for known, asked in zip(on_disk, segments):
        assert not known.intersection(asked) and len(asked) == len(set(asked))
    # none is lost: pixels are the server's; none is doubled: one picture for each mosaic
    photos = PhotoFolder(tmp_path / "out")
    assert [p.name for p in photos] == sorted(m.name for m in script.MOSAICS)
    for photo, m in zip(photos, script.MOSAICS):
        np.testing.assert_array_equal(pixels(photo), world(m.top, m.left, m.height, m.width, m.zoom))


def test_slow_broken_and_truncated_tiles_are_asked_for_again(server, tmp_path):
    m = mosaic()
    good = tile_server.tile(*m.tiles[2])
    odd = {
        0: lambda h: time.sleep(1) or True,  # silent until the client has hung up
        1: always(code=500),
        2: always(body=good[: len(good) // 2], length=len(good)),  # the connection ends early
        3: always(body=good[: len(good) // 2]),  # the file itself is cut
        4: always(body=b"<html>Sorry</html>"),
        5: always(code=503, Retry_After="0"),
    }

    def hang_up(handler, act):
        handler.close_connection = True
        return act(handler)

    server.odd = {m.tiles[i]: first(2, lambda h, act=act: hang_up(h, act)) for i, act in odd.items()}
    rows = collect(ours(server), [m], tmp_path, manners=replace(QUICK, timeout=0.4), progress=False)
    assert rows["state"].item() == "collected" and rows["failed"].item() == 0
    assert [server.asked[t] for t in m.tiles] == [3] * 6 + [1] * 6
    np.testing.assert_array_equal(pixels(PhotoFolder(tmp_path)[0]), world(100, 200, 70, 90, 5))


def test_drops_that_never_end_are_given_up(server, tmp_path):
    def drip(handler):
        handler.send(b"", length=10**6)
        for _ in range(40):
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.05)
        return True

    m = mosaic(height=10, width=10)
    server.odd = {m.tiles[0]: drip}
    start = time.monotonic()
    manners = replace(QUICK, timeout=0.3, attempts=2)
    rows = collect(ours(server), [m], tmp_path, manners=manners, progress=False)
    assert rows["failed"].item() == 1 and "TimeoutError" in rows["reason"].item()
    assert time.monotonic() - start < 1.9


def test_missing_tiles_make_no_mosaic_and_are_asked_for_once(server, tmp_path):
    a, b = mosaic("a"), mosaic("b", 400, 400)
    server.odd = {a.tiles[3]: always(code=404), a.tiles[5]: always(code=204), b.tiles[0]: always(code=418)}
    rows = collect(ours(server), [a, b], tmp_path, manners=QUICK, progress=False)
    assert rows["state"].tolist() == ["incomplete"] * 2
    assert rows["missing"].tolist() == [2, 0] and rows["failed"].tolist() == [0, 1]
    assert rows["reason"][1] == f"tile {'/'.join(map(str, b.tiles[0]))}: the server answers 418"
    assert not list(tmp_path.glob("*.png"))
    del server.odd[b.tiles[0]], server.odd[a.tiles[3]]
    rows = collect(ours(server), [a, b], tmp_path, manners=QUICK, progress=False)
    assert rows["state"].tolist() == ["incomplete", "collected"] and rows["fetched"].tolist() == [0, 1]
    assert server.asked[a.tiles[3]] == 1 and server.asked[b.tiles[0]] == 2


def test_everybody_waits_when_the_server_asks_for_it(server, tmp_path):
    m = mosaic()
    server.odd = {m.tiles[1]: first(1, always(code=429, Retry_After="1"))}
    collect(ours(server), [m], tmp_path, manners=QUICK, progress=False)
    times = sorted(t for t, _ in server.log)
    assert max(b - a for a, b in pairwise(times)) > 0.9
    assert server.asked[m.tiles[1]] == 2


def test_a_wait_too_long_ends_the_run(server, tmp_path):
    m = mosaic()
    server.odd = {m.tiles[4]: first(1, always(code=429, Retry_After="3600"))}
    with pytest.raises(Refused, match="asks to wait for 3600 seconds: come back then"):
        collect(ours(server), [m], tmp_path, manners=replace(QUICK, at_once=1), progress=False)
    assert len(server.log) == 5
    rows = collect(ours(server), [m], tmp_path, manners=QUICK, progress=False)
    assert rows["fetched"].item() == 8  # four were kept


@pytest.mark.parametrize("code", [401, 403])
def test_a_server_that_refuses_is_left_alone(server, tmp_path, code):
    m = mosaic()
    server.odd = dict.fromkeys(m.tiles, always(code=code))
    with pytest.raises(Refused, match=f"answers {code} .*look at its terms, and the key"):
        collect(ours(server), [m], tmp_path, manners=replace(QUICK, at_once=1), progress=False)
    assert len(server.log) == 1


def test_a_server_that_has_fallen_silent_is_left_alone(server, tmp_path):
    m = mosaic()
    server.odd = dict.fromkeys(m.tiles, always(code=500))
    manners = replace(QUICK, attempts=2, failures=3, at_once=1)
    with pytest.raises(
        Refused, match="3 tiles in a row could not be had, the last because the server answers 500"
    ):
        collect(ours(server), [m], tmp_path, manners=manners, progress=False)
    assert len(server.log) == 6


def test_redirects(server, tmp_path):
    m, elsewhere = mosaic(), tile_server.Server()
    x, y = m.tiles[1][1:]
    server.odd = {m.tiles[0]: always(code=302, Location=f"/5/{x}/{y}.png")}
    rows = collect(ours(server), [m], tmp_path / "a", manners=QUICK, progress=False)
    assert rows["state"].item() == "collected" and server.asked[m.tiles[1]] == 2
    server.odd = {m.tiles[0]: always(code=302, Location=f"{elsewhere.home}/5/{x}/{y}.png")}
    with pytest.raises(Refused, match="sends us to http://127.0.0.1: not followed"):
        collect(ours(server), [m], tmp_path / "b", manners=QUICK, progress=False)
    assert not elsewhere.log
    elsewhere.shutdown()
    elsewhere.server_close()
    z, x, y = m.tiles[0]
    server.odd = {m.tiles[0]: always(code=302, Location=f"/{z}/{x}/{y}.png")}
    rows = collect(ours(server), [m], tmp_path / "c", manners=QUICK, progress=False)
    assert rows["reason"].item().endswith("it is redirected more than 3 times")


def test_the_rate_holds(server, tmp_path):
    manners = replace(QUICK, rate=25, at_once=4)
    collect(ours(server), [mosaic()], tmp_path, manners=manners, progress=False)
    times = sorted(t for t, _ in server.log)
    assert len(times) == 12 and times[-1] - times[0] > 11 / 25 - 0.03


def test_no_more_at_once_than_allowed(server, tmp_path):
    server.delay = 0.05
    collect(ours(server), [mosaic()], tmp_path, manners=replace(QUICK, at_once=2), progress=False)
    assert server.most == 2


def as_bytes(image, kind="PNG"):
    buffer = BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def test_pictures_that_are_no_tiles(server, tmp_path):
    m = mosaic(height=10, width=10)
    image = Image.fromarray(world(96, 192, SIDE, SIDE, 5))
    see_through = image.copy()
    see_through.putalpha(128)
    opaque = image.copy()
    opaque.putalpha(255)
    once = replace(QUICK, attempts=1)

    def state(body, name):
        server.odd = {m.tiles[0]: always(body=body)}
        return collect(ours(server), [m], tmp_path / name, manners=once, progress=False).iloc[0]

    assert "transparent in places" in state(as_bytes(see_through), "a")["reason"]
    assert "cannot be decoded" in state(as_bytes(image, "BMP"), "b")["reason"]
    assert "more than 8388608 bytes" in state(b"\0" * (8 * 2**20 + 1), "c")["reason"]
    assert state(as_bytes(opaque), "d")["state"] == "collected"
    assert state(as_bytes(image.quantize(256)), "e")["state"] == "collected"
    with pytest.raises(Refused, match="it has 64x64 pixels, not 32x32; give tile="):
        state(as_bytes(image.resize((64, 64))), "f")


def test_a_damaged_file_is_fetched_again(server, tmp_path):
    m = mosaic()
    server.odd = {m.tiles[-1]: first(1, always(code=418))}
    collect(ours(server), [m], tmp_path, manners=QUICK, progress=False)
    z, x, y = m.tiles[0]
    (tmp_path / "tiles" / str(z) / str(x) / f"{y}.tile").write_bytes(b"rot")
    rows = collect(ours(server), [m], tmp_path, manners=QUICK, progress=False)
    assert rows["state"].item() == "collected" and rows["fetched"].item() == 2


def test_folders_that_belong_to_something_else(server, tmp_path):
    def go(m, template=server.template, **more):
        collect(ours(server, template=template), m, tmp_path, manners=QUICK, progress=False, **more)

    with pytest.raises(ValueError, match=r"need 12 tiles .*more than most=11"):
        go([mosaic()], most=11)
    assert not server.log
    go([mosaic()])
    with pytest.raises(ValueError, match="has another picture called a"):
        go([mosaic(top=101)])
    with pytest.raises(ValueError, match="choose another folder for another server"):
        go([mosaic()], server.template + "?b")
    with pytest.raises(ValueError, match="mosaics must be at least one"):
        go([])
    with pytest.raises(ValueError, match="each name once"):
        go([mosaic("b"), mosaic("B", 300)])


def test_two_collectors_do_not_fill_one_folder(server, tmp_path):
    from filelock import FileLock

    with FileLock(tmp_path / ".lock"), pytest.raises(ValueError, match="is being filled by another process"):
        collect(ours(server), [mosaic()], tmp_path, manners=QUICK, progress=False)


def test_where_a_loop_runs_already(server, tmp_path):
    async def notebook():
        return collect(ours(server), [mosaic()], tmp_path, manners=QUICK, progress=False)

    assert asyncio.run(notebook())["state"].item() == "collected"


def test_the_key_stays_out_of_files_and_messages(server, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("TILES_KEY", "s3cret")
    (tmp_path / "places.csv").write_text("name,latitude,longitude\nhere,10,20\n")
    common = [
        "--attribution",
        "a",
        "--terms",
        "t",
        "--zoom",
        "5",
        "--size",
        "60",
        "--tile",
        "32",
        "--rate",
        "900",
    ]
    where = ["collect", str(tmp_path / "out"), "--url", server.template + "?k={key}", *common]
    assert main([*where, "--places", str(tmp_path / "places.csv"), "--plan"]) == 0
    assert "1 mosaics of 9 tiles" in capsys.readouterr().out and not server.log
    assert main([*where, "--places", str(tmp_path / "places.csv")]) == 0
    said = capsys.readouterr()
    assert "here collected" in " ".join(said.out.split()) and "s3cret" not in said.out + said.err
    kept = b"".join(p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file())
    assert b"s3cret" not in kept and b"{key}" in kept
    assert len(PhotoFolder(tmp_path / "out")) == 1


def test_the_command_says_what_is_wrong(server, tmp_path, capsys):
    common = [
        "collect",
        str(tmp_path),
        "--url",
        server.template,
        "--attribution",
        "a",
        "--terms",
        "t",
        "--zoom",
        "5",
    ]
    assert main([*common, "--box", "1,2,3"]) == 2
    assert "must be SOUTH,WEST,NORTH,EAST" in capsys.readouterr().err
    small = ["--tile", "32", "--size", "40", "--rate", "900"]
    box = ["--box=-8,20,8,40"]
    server.odd = {place: always(code=404) for place in [(5, 18, 16)]}
    assert main([*common, *small, *box]) == 1
    assert "incomplete" in capsys.readouterr().out
    assert main([*common, "--tile", "16", "--size", "20", *box]) == 2  # its own folder
    assert "choose another folder" in capsys.readouterr().err
