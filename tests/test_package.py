"""The package as others install it: what it asks for, what it imports, and a wheel in a fresh environment.

The fresh environment of `make test` links the core's packages, and no others, from the running environment,
since a torch of its own would be a download of gigabytes. With PPPKIT_OLDEST set (`make oldest`, ten minutes)
the oldest versions that pyproject.toml allows are downloaded, and the core's tests run beside them.
"""

import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import distribution
from pathlib import Path
from shutil import copy, copytree, ignore_patterns

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CORE = [Requirement(text) for text in PROJECT["dependencies"]]
EXTRAS = {
    name: [Requirement(text) for text in texts] for name, texts in PROJECT["optional-dependencies"].items()
}
CORE_TESTS = ("padding", "scenes", "models", "alignment", "metrics", "measure")
ROOMS = {
    "pppkit.training": "training",
    "pppkit.results": "sweep",
    "pppkit.scenes.tiles": "tiles",
    "pppkit.experiments.ppp.untrained": "sweep",
    "pppkit.figures": "figures",
    "pppkit.explore": "book",
    "pppkit.live": "book",
    "pppkit.book": "book",
}

MEASURE = """
import json, sys
import pppkit
from pppkit import models

net = models.build("resnet50", width=0.125, num_classes=10, seed=0)
result = pppkit.measure_ppp(net, pppkit.InfiniteScene(0), padding="reflect", size=64, n=2, progress=False)
print(json.dumps({"home": pppkit.__file__, "snr_ppp": list(result.rows["snr_ppp"])}))
"""

# Imports that pppkit's own modules make; torchmetrics imports scipy by itself where it is installed.
LIGHT = """
import builtins

original, asked = builtins.__import__, set()

def recording(name, globals=None, locals=None, fromlist=(), level=0):
    if level == 0 and (globals or {}).get("__name__", "").split(".")[0] == "pppkit":
        asked.add(name.split(".")[0])
    return original(name, globals, locals, fromlist, level)

builtins.__import__ = recording
import pppkit
print(*sorted(asked))
"""

REFUSED = """
import importlib, json
import torch
import pppkit

def error(call, *args):
    try:
        call(*args)
    except ImportError as caught:
        return str(caught)

said = {room: error(importlib.import_module, room) for room in %r}
said["pppkit.metrics.spearman"] = error(pppkit.metrics.spearman, torch.rand(1, 3, 3), torch.rand(3, 3))
said["pppkit.metrics.weighted_f"] = error(pppkit.metrics.weighted_f, torch.rand(1, 3, 3), torch.ones(3, 3))
print(json.dumps(said))
"""


def run(*command, **kwargs):
    """Runs a command away from the checkout and its PYTHONPATH; returns what it prints."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, env=clean, check=False, **kwargs
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def pins():
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_the_lock_is_plain_pins_within_the_ranges():
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+]+", pin) for pin in pins())
    locked = {canonicalize_name(name): version for name, version in (pin.split("==") for pin in pins())}
    for wanted in [*CORE, *(r for requirements in EXTRAS.values() for r in requirements)]:
        if wanted.name != "pppkit":
            version = locked.get(canonicalize_name(wanted.name))
            assert version, f"{wanted.name} is not locked"
            assert wanted.specifier.contains(version, prereleases=True), f"{wanted} but {version} is locked"


def test_requirements_are_ranges_with_a_lower_bound():
    for wanted in [*CORE, *(r for requirements in EXTRAS.values() for r in requirements)]:
        operators = {part.operator for part in wanted.specifier}
        assert wanted.name == "pppkit" or ">=" in operators, wanted
        assert operators <= {">=", "<"} and ("<" not in operators or wanted.name == "jupyter-book"), wanted


def test_import_asks_for_the_core_only():
    asked = set(run(sys.executable, "-c", LIGHT, cwd=ROOT).split())
    modules = {"PIL" if r.name == "pillow" else r.name for r in CORE}
    assert asked - set(sys.stdlib_module_names) <= modules
    assert {"torch", "torchmetrics", "numpy"} <= asked  # it was seen at all


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from the sdist, as the package index would get both."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        copy(ROOT / name, source)
    copytree(ROOT / "pppkit", source / "pppkit", ignore=ignore_patterns("__pycache__"))
    run(sys.executable, "-m", "build", "--outdir", source / "dist", source)
    (sdist,) = (source / "dist").glob("*.tar.gz")
    (built,) = (source / "dist").glob("*.whl")
    assert sdist.stat().st_size < 1_000_000 and built.stat().st_size < 1_000_000
    return built


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    files = {p.relative_to(ROOT).as_posix() for p in (ROOT / "pppkit").rglob("*") if p.is_file()}
    files = {name for name in files if "__pycache__" not in name and not Path(name).name.startswith(".")}
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
        (metadata,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        text = archive.read(metadata).decode()
    assert packed == files
    assert set(re.findall(r"^Provides-Extra: (\S+)$", text, re.MULTILINE)) == set(EXTRAS)


def with_dependencies(names):
    """Installed distributions that these need, themselves included."""
    found, waiting = {}, list(names)
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name not in found:
            found[name] = distribution(name)
            wanted = map(Requirement, found[name].requires or [])
            waiting += [r.name for r in wanted if r.marker is None or r.marker.evaluate({"extra": ""})]
    return found.values()


@pytest.fixture(scope="module")
def core_python(wheel, tmp_path_factory):
    """A fresh environment's Python, with the wheel and links to the core's packages."""
    home = tmp_path_factory.mktemp("core") / "env"
    run(sys.executable, "-m", "venv", "--without-pip", home)
    (site,) = home.glob("lib/python*/site-packages")
    for found in with_dependencies(r.name for r in CORE):
        for top in {file.parts[0] for file in found.files} - {"..", "__pycache__"}:
            if not top.endswith(".pth") and not (site / top).exists():
                (site / top).symlink_to(Path(found.locate_file(top)).resolve())
    python = home / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python)
    run(*pip, "install", "--no-index", "--no-deps", wheel)
    assert "No broken requirements" in run(*pip, "check")
    return python


def test_the_wheel_measures_beside_the_core_alone(core_python, tmp_path):
    found = json.loads(run(core_python, "-c", MEASURE, cwd=tmp_path).splitlines()[-1])
    here = json.loads(run(sys.executable, "-c", MEASURE, cwd=ROOT).splitlines()[-1])
    assert core_python.parents[1] in Path(found["home"]).parents
    assert found["snr_ppp"] == pytest.approx(here["snr_ppp"], rel=1e-6)
    assert len(found["snr_ppp"]) == 4 and min(found["snr_ppp"]) > 0


def test_rooms_name_the_extra_that_they_need(core_python, tmp_path):
    said = json.loads(run(core_python, "-c", REFUSED % list(ROOMS), cwd=tmp_path).splitlines()[-1])
    wanted = ROOMS | {"pppkit.metrics.spearman": "training", "pppkit.metrics.weighted_f": "training"}
    for name, extra in wanted.items():
        assert f"pip install 'pppkit[{extra}]'" in (said[name] or ""), name


@pytest.mark.skipif("PPPKIT_OLDEST" not in os.environ, reason="downloads 3 GB: make oldest")
@pytest.mark.timeout(2400)
def test_the_core_beside_the_oldest_versions(wheel, tmp_path):
    def lowest(requirement):
        (bound,) = (part.version for part in requirement.specifier if part.operator == ">=")
        return f"{requirement.name}=={bound}"

    scipy = next(r for r in EXTRAS["training"] if r.name == "scipy")
    python = tmp_path / "env" / "bin" / "python"
    run(sys.executable, "-m", "venv", tmp_path / "env")
    tools = ("pytest", "pytest-timeout", "pytest-xdist", "pysodmetrics")
    run(python, "-m", "pip", "install", "--no-cache-dir", wheel, *map(lowest, [*CORE, scipy]), *tools)
    found = json.loads(run(python, "-c", MEASURE, cwd=tmp_path).splitlines()[-1])
    here = json.loads(run(sys.executable, "-c", MEASURE, cwd=ROOT).splitlines()[-1])
    assert found["snr_ppp"] == pytest.approx(here["snr_ppp"], rel=1e-4)
    copytree(ROOT / "tests", tmp_path / "tests")  # without the package beside them
    copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "book").symlink_to(ROOT / "book")  # the printed tables
    tests = [f"tests/{name}" for name in CORE_TESTS]
    print(run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, cwd=tmp_path)[-2000:])
