"""The reference pages hold every public name, and what other pages name there."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from sphinx.util.inventory import InventoryFile

from pppkit.book import api

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "book" / "api"
ROLE = re.compile(r"\{py:\w+\}`(?:[^`<]*<)?~?([\w.]+)>?`")


@pytest.fixture(scope="module")
def documented(tmp_path_factory):
    """Full names in the reference pages, built by themselves with warnings as errors."""
    book = yaml.safe_load((ROOT / "book" / "_config.yml").read_text())["sphinx"]["config"]
    ours = ("autodoc", "autosummary", "default_role", "napoleon", "python", "add_module_names")
    config = {name: value for name, value in book.items() if name.startswith(ours)}
    lines = [f"{name} = {value!r}" for name, value in config.items()]
    source, site = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("site")
    (source / "conf.py").write_text("\n".join(["extensions = ['pppkit.book.api']", *lines]))
    for page in PAGES.glob("*.rst"):
        orphan = "" if page.stem == "index" else ":orphan:\n\n"
        (source / page.name).write_text(orphan + page.read_text())
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", str(source), str(site)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with (site / "objects.inv").open("rb") as file:
        inventory = InventoryFile.load(file, "", lambda base, path: path)
    return {name for kind, names in inventory.items() if kind.startswith("py:") for name in names}


def test_every_room_has_a_page_in_the_book():
    rooms = re.findall(
        r"^\.\. api:: (\S+)$", "".join(p.read_text() for p in PAGES.glob("*.rst")), re.MULTILINE
    )
    assert sorted(rooms) == sorted(api.rooms())
    toc = (ROOT / "book" / "_toc.yml").read_text()
    for page in PAGES.glob("*.rst"):
        assert f"file: api/{page.stem}\n" in toc


def test_every_public_name_is_documented_at_its_home(documented):
    names = {(room, name) for room in api.rooms() for name in api.public(room)}
    missing = {f"{room}.{name}" for room, name in names if f"{api.home(room, name)}.{name}" not in documented}
    assert not missing
    assert {f"pppkit.{name}" for name in api.public("pppkit")} <= documented
    assert "pppkit.scenes.InfiniteScene.crop" in documented  # members, too


def test_pages_link_to_names_that_there_are(documented):
    pages = sorted((ROOT / "book").glob("*.md"))
    links = {(page.name, name) for page in pages for name in ROLE.findall(page.read_text())}
    assert not {link for link in links if link[1] not in documented}
    assert "pppkit.measure_ppp" in {name for _, name in links}


def test_a_name_has_one_home():
    assert api.home("pppkit", "InfiniteScene") == "pppkit.scenes"
    assert api.home("pppkit", "measure_ppp") == "pppkit.measure"
    assert api.home("pppkit.metrics", "SIGMAS") == "pppkit.metrics"


def test_a_constants_comment():
    source = ["# Above,", "# in two lines.", "A = 1", "", "B = (", "    2,", ")  # beside", "C = 3"]

    statements = ast.parse("\n".join(source)).body
    assert [api._comment(source, s) for s in statements] == ["Above, in two lines.", "beside", ""]
