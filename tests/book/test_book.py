import html
import json
import shutil
import subprocess
from pathlib import Path

import nbformat
import plotly.graph_objects as go
import pytest
import yaml

from pppkit import figures
from pppkit.book.__main__ import main
from pppkit.book.plotly_mime import FIGURE, SCRIPTS, WIDGET, PlotlyMime, figure_html, mathjax
from pppkit.book.run import execute, execute_all, fingerprint, known_parameters, parameter_values

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def notebook(path, *cells):
    made = [nbformat.v4.new_code_cell(source, metadata={"tags": tags}) for source, tags in cells]
    nbformat.write(
        nbformat.v4.new_notebook(
            cells=made,
            metadata={"kernelspec": {"name": "python3", "display_name": "x", "language": "python"}},
        ),
        path,
    )
    return path


SMALL = (("a = 1\nb = 'x'", ["parameters"]), ("print(a, b)", []))


def test_execution_with_parameters_and_twice_the_same_bytes(tmp_path):
    source = notebook(tmp_path / "n.ipynb", *SMALL)
    for name in ("one", "two"):
        execute(source, tmp_path / f"{name}.ipynb", {"a": 5}, progress=False)
    one, two = ((tmp_path / f"{n}.ipynb").read_bytes() for n in ("one", "two"))
    assert b"5 x" in one and one == two
    assert not list(tmp_path.glob("*.part.ipynb"))


def test_unknown_parameters_are_refused(tmp_path, capsys):
    source = notebook(tmp_path / "n.ipynb", *SMALL)
    with pytest.raises(ValueError, match="n.ipynb has no c, d; it has a, b"):
        execute(source, tmp_path / "o.ipynb", {"c": 1, "d": 2, "a": 3})
    with pytest.raises(SystemExit) as stop:
        main(["run", str(source), str(tmp_path / "o.ipynb"), "-p", "nope", "1"])
    assert stop.value.code == 2 and "has no nope" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["run", str(tmp_path / "nowhere.ipynb"), str(tmp_path / "o.ipynb")])
    assert "does not exist" in capsys.readouterr().err
    assert not (tmp_path / "o.ipynb").exists()
    with pytest.raises(SystemExit):
        main(["build", "--root", str(tmp_path)])
    assert "is not a pppkit checkout" in capsys.readouterr().err


def test_values_from_the_command_line():
    read = {"3": 3, "-1": -1, "0.5": 0.5, "1e-3": 0.001, "True": True, "None": None}
    text = ("zeros", "none", "1,1,0", "[1]", "", "vgg19,resnet50", "a b", "1x", "../data", "'quoted'")
    found = parameter_values([(name, name) for name in [*read, *text]])
    assert found == read | {name: name for name in text}
    assert [type(found[name]) for name in read] == [type(value) for value in read.values()]


def test_only_what_changed_is_run(tmp_path):
    sources, output, results = (tmp_path / n for n in ("notebooks", "executed", "results"))
    for folder in (sources, results):
        folder.mkdir()
    for name in ("a", "b"):
        notebook(sources / f"{name}.ipynb", *SMALL)
    assert execute_all(sources, output, results) == ["a.ipynb", "b.ipynb"]
    assert execute_all(sources, output, results) == []
    notebook(sources / "a.ipynb", ("a = 2\nb = 'y'", ["parameters"]), ("print(a)", []))
    assert execute_all(sources, output, results) == ["a.ipynb"]
    (results / "rows.csv").write_text("n\n1\n")
    assert execute_all(sources, output, results) == ["a.ipynb", "b.ipynb"]
    (results / "rows.csv.lock").touch()
    assert execute_all(sources, output, results) == []
    (results / "rows.parquet").write_bytes(b"rows")
    assert execute_all(sources, output, results) == ["a.ipynb", "b.ipynb"]
    (sources / "b.ipynb").unlink()
    execute_all(sources, output, results)
    assert [p.name for p in output.glob("*.ipynb")] == ["a.ipynb"]


def test_fingerprints_see_parameters(tmp_path):
    source = notebook(tmp_path / "n.ipynb", *SMALL)
    assert (
        fingerprint(source, {"a": 1}, [])
        == fingerprint(source, {"a": 1}, [])
        != fingerprint(source, {"a": 2}, [])
    )


def test_a_selector_becomes_dropdowns_in_the_book():
    one, two = (go.Figure(go.Scatter(y=[i, 2])).update_layout(title=f"figure {i}") for i in (0, 1))
    two.update_layout(margin={"t": 80})
    both = figures.selector({("VGG19", "1"): one, ("VGG19", "2"): two}, names=["network", "layer"])
    page = figure_html(json.loads(both.to_json()))
    found = json.loads(html.unescape(page.split('data-selector="')[1].split('"')[0]))
    assert found == {"names": ["network", "layer"], "keys": [["VGG19", "1"], ["VGG19", "2"]]}
    figure = json.loads(page.split('json">')[1].split("</script>")[0])
    assert figure["layout"]["updatemenus"] == [] and figure["layout"]["margin"]["t"] == 60
    assert "data-selector" not in figure_html(json.loads(one.to_json()))


class Data:
    def __init__(self, mime_type, content):
        self.mime_type, self.content = mime_type, content


def test_renderer():
    class Renderer:
        files = []

        def add_js_file(self, key, name, attributes):
            self.files.append(name)

    renderer = Renderer()
    (node,) = PlotlyMime.handle_mime(
        renderer, Data(FIGURE, {"data": [{"name": "</script>"}], "layout": {"height": 321}}), False
    )
    page = node.astext()
    assert "height:321px" in page and "</script>" not in page.split('json">')[1].rsplit("</script>", 1)[0]
    assert renderer.files == list(SCRIPTS)
    assert "JupyterLab" in PlotlyMime.handle_mime(renderer, Data(WIDGET, {}), False)[0].astext()
    assert PlotlyMime.handle_mime(renderer, Data("text/plain", ""), False) is None
    assert mathjax().is_file()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebooks_are_sources(path):
    node = json.loads(path.read_text())
    tags = [cell["metadata"].get("tags", []) for cell in node["cells"]]
    assert sum("parameters" in t for t in tags) == 1 and known_parameters(path)
    for cell in node["cells"]:
        assert not cell.get("outputs") and not cell.get("execution_count")
        assert "!pip" not in "".join(cell["source"])
    text = "".join("".join(c["source"]) for c in node["cells"] if c["cell_type"] == "markdown")
    assert text.startswith("# ") and "## Try" in text and "## References" in text


def test_every_page_is_in_the_book():
    toc = (ROOT / "book" / "_toc.yml").read_text()
    for path in NOTEBOOKS:
        assert f": notebooks/{path.stem}\n" in toc  # the root, or a chapter
    for page in (ROOT / "book").glob("*.md"):
        assert f": {page.stem}\n" in toc


def test_conda_users_get_the_same_versions():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    (pip,) = [d["pip"] for d in environment["dependencies"] if isinstance(d, dict)]
    assert pip[0] == "-r requirements.lock"
    assert [d for d in environment["dependencies"] if isinstance(d, str)] == ["python=3.11", "pip"]


def test_published_rows_are_complete():
    from pppkit.experiments import EXPERIMENTS

    results = ROOT / "book" / "results"
    for name, experiment in EXPERIMENTS.items():
        if not experiment.store(results).path.exists():
            continue  # not published yet
        assert not experiment.missing(results, experiment.trials()), name
        rows = experiment.rows(results)
        assert not rows.duplicated([*experiment.key, *experiment.within]).any(), name
    for path in results.rglob("*"):
        assert path.stat().st_size < (4_000_000 if path.suffix == ".parquet" else 1_000_000), path.name


@pytest.fixture
def checkout(tmp_path):
    """A tiny checkout; its Python writes down what it was asked, and fails while there is a file `broken`."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    inputs = (
        "notebooks/a.ipynb",
        "notebooks/b.ipynb",
        "pppkit/one.py",
        "pppkit/book/static/book.css",
        "book/_toc.yml",
        "book/results/rows.csv",
    )
    for name in ("pyproject.toml", "requirements.lock", *inputs):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(
        '#!/bin/sh\necho "$@" >> asked\nmkdir -p book/_build/html book/notebooks\n! test -e broken\n'
    )
    python.chmod(0o755)
    (tmp_path / ".venv" / ".ready").touch()
    return tmp_path


def made(checkout):
    """How often `make book` started Python."""
    asked = checkout / "asked"
    asked.unlink(missing_ok=True)
    subprocess.run(["make", "book"], cwd=checkout, capture_output=True, check=False)
    return asked.read_text().count("-m pppkit.book build") if asked.exists() else 0


def test_make_starts_python_only_where_an_input_is_newer(checkout):
    assert made(checkout) == 1 and made(checkout) == 0
    for name in (
        "notebooks/b.ipynb",
        "pppkit/one.py",
        "pppkit/book/static/book.css",
        "book/_toc.yml",
        "book/results/rows.csv",
    ):
        (checkout / name).touch()
        assert made(checkout) == 1, name
        assert made(checkout) == 0, name
    (checkout / "book" / "page.md").write_text("# New")
    assert made(checkout) == 1
    (checkout / "book" / "page.md").unlink()
    assert made(checkout) == 1
    for name in (
        "book/results/rows.csv.lock",
        "notebooks/.ipynb_checkpoints/a.ipynb",
        "book/notebooks/a.ipynb",
        "README.md",
    ):
        (checkout / name).parent.mkdir(exist_ok=True)
        (checkout / name).touch()
    assert made(checkout) == 0
    (checkout / "requirements.lock").touch()
    assert made(checkout) == 1 and made(checkout) == 0


def test_make_tries_a_failed_build_again(checkout):
    (checkout / "broken").touch()
    assert made(checkout) == 1 and made(checkout) == 1
    (checkout / "broken").unlink()
    assert made(checkout) == 1 and made(checkout) == 0
    shutil.rmtree(checkout / "book" / "_build" / "html")
    assert made(checkout) == 1
