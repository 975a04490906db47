"""Every notebook through papermill with small parameters, from nothing."""

import ast
import re
from pathlib import Path

import nbformat
import pytest

from pppkit.book.run import execute, known_parameters
from pppkit.experiments import parameters

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
SMALL = {
    "gap_fig_attack": {"profile": "quick", "padding": "zeros"},
    "bhv_reproduction": {"profile": "quick"},
    "claims": {"results": ""},  # it judges published rows and measures nothing
    "explorer": {"profile": "quick", "size": 64},
    "posenet_vs_ppp": {"profile": "quick", "padding": "none,zeros"},
    "ppp_appendix_alignment": {"profile": "quick", "model": "resnet18", "size": 64},
    "ppp_efficientnet_puzzle": {"profile": "quick"},
    "ppp_fig1_emergence": {"profile": "quick", "layer": "features.8", "padding": "zeros"},
    "gap_table1_location": {"profile": "quick", "model": "gapnet", "padding": "zeros"},
    "gap_table2_shift": {"profile": "quick", "padding": "zeros"},
    "intro": {"profile": "quick"},
    "ppp_fig2_principal_point": {"profile": "quick"},
    "ppp_fig3_bhv_data": {"splits": "authors", "background": "1,1,0"},
    "ppp_fig4_gallery": {"profile": "quick", "model": "resnet50", "padding": "reflect"},
    "ppp_fig4_untrained": {"profile": "quick"},
    "ppp_table1_bhv": {"profile": "quick", "padding": "none", "background": "0.8", "networks": 1},
    "ppp_fig5_chronological": {"profile": "quick", "model": "resnet50", "padding": "reflect"},
    "posenet_case_study": {"profile": "quick"},
    "posenet_table1_models": {"profile": "quick"},
    "posenet_table2_depth": {"profile": "quick", "model": "posenet"},
    "posenet_table2_kernel": {"profile": "quick", "model": "cifar_resnet20"},
    "posenet_table3_stages": {"profile": "quick"},
    "posenet_table4_padding": {"profile": "quick"},
    "ppp_published_networks": {"profile": "quick"},
    "posenet_table5_tasks": {"profile": "quick", "padding": "zeros,none,surrounded"},
    "ppp_table2_posenet": {"profile": "quick", "model": "resnet50", "padding": "reflect"},
    "scenes": {"profile": "quick", "seed": 3, "size": 96},
    "your_own_network": {
        "profile": "quick",
        "model": "squeezenet1_1",
        "size": 64,
        "images": 3,
        "padding": "circular",
    },
}

# what a page must say with these parameters
SAYS = {"ppp_appendix_alignment": "15 rows, 60 numbers, 0 differ"}
# their answers are tables and pictures
WITHOUT_PLOTLY = ("bhv_reproduction", "claims", "ppp_appendix_alignment")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return tmp_path_factory.mktemp("results")


def parameters_of(name):
    return known_parameters(NOTEBOOKS / f"{name}.ipynb")


def code_cells(name):
    cells = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4).cells
    return [cell for cell in cells if cell.cell_type == "code"]


def outputs(path):
    cells = nbformat.read(path, as_version=4).cells
    return [out for cell in cells for out in cell.get("outputs", [])]


def test_all_are_here():
    assert set(SMALL) == {p.stem for p in NOTEBOOKS.glob("*.ipynb")}


@pytest.mark.parametrize("name", SMALL)
def test_a_parameter_has_one_name_everywhere(name):
    names = parameters_of(name)
    assert "profile" in names and set(names) <= set(parameters.VOCABULARY)


def test_the_readme_lists_every_parameter_once():
    text = (NOTEBOOKS.parent / "README.md").read_text().split("| parameter |")[1].split("\n\n")[0]
    listed = re.findall(r"^\| `(\w+)` \| (.+) \|$", text, flags=re.MULTILINE)
    assert dict(listed) == parameters.VOCABULARY and len(listed) == len(parameters.VOCABULARY)


def lines_to_read(source):
    """Lines of code without imports, parameters' comments and empty lines."""
    tree = ast.parse(source)
    imports = {
        line
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for line in range(node.lineno, node.end_lineno + 1)
    }
    lines = enumerate(source.splitlines(), 1)
    return [line for number, line in lines if line.strip() and number not in imports]


@pytest.mark.parametrize("name", SMALL)
def test_a_page_keeps_what_a_reader_should_see(name):
    for cell in code_cells(name):
        tags = cell.metadata.get("tags", [])
        assert "parameters" in tags or len(lines_to_read(cell.source)) <= 8, cell.source
        assert max(map(len, cell.source.splitlines())) <= 110


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.timeout(900)
def test_runs_with_other_parameters(name, tmp_path, results):
    given = ({"results": str(results)} if "results" in parameters_of(name) else {}) | SMALL[name]
    execute(NOTEBOOKS / f"{name}.ipynb", tmp_path / "out.ipynb", given, progress=False)
    found = outputs(tmp_path / "out.ipynb")
    assert not [o for o in found if o.output_type == "error"]
    drawn = any("application/vnd.plotly.v1+json" in o.get("data", {}) for o in found)
    assert drawn == (name not in WITHOUT_PLOTLY)
    assert not any("widget-state" in key for o in found for key in o.get("data", {}))
    assert SAYS.get(name, "") in "".join(o.get("text", "") for o in found)


def test_figure_1_of_a_network_of_ones_own(tmp_path):
    from pppkit import models

    net = models.build("resnet50", width=0.0625, num_classes=8)
    models.save(net, tmp_path / "mine.pt")
    given = {"profile": "quick", "model": "resnet50", "weights": str(tmp_path / "mine.pt")}
    given["results"] = str(tmp_path)
    execute(NOTEBOOKS / "ppp_fig1_emergence.ipynb", tmp_path / "out.ipynb", given, progress=False)
    text = (tmp_path / "out.ipynb").read_text()
    assert "ResNet50, mine, zeros, scenes, layer 4" in text and "untrained" not in text.split("measured")[1]


def test_satellite_mosaics_by_parameter(tmp_path, satellite, results):
    execute(
        NOTEBOOKS / "scenes.ipynb",
        tmp_path / "out.ipynb",
        {"profile": "quick", "satellite": str(satellite), "results": str(tmp_path)},
        progress=False,
    )
    assert "satellite: slope" in (tmp_path / "out.ipynb").read_text()


def test_your_own_checkpoint_and_photographs(tmp_path, satellite):
    import torch

    from pppkit import models

    torch.save(models.build("resnet18", num_classes=7, seed=4).state_dict(), tmp_path / "w.pt")
    photos = next((satellite / "tile_1").iterdir())
    given = {
        "model": "resnet18",
        "weights": str(tmp_path / "w.pt"),
        "num_classes": 7,
        "source": str(photos),
        "size": 32,
        "images": 2,
    }
    execute(NOTEBOOKS / "your_own_network.ipynb", tmp_path / "out.ipynb", given, progress=False)
    assert "9 photographs" in (tmp_path / "out.ipynb").read_text()


@pytest.mark.parametrize(
    "name, given, words",
    [
        ("ppp_fig1_emergence", {"profile": "slow"}, "profile='slow'"),
        ("your_own_network", {"source": "nowhere"}, "source='nowhere' is neither scenes nor satellite nor"),
        ("ppp_fig4_gallery", {"model": "vgg19,vgg"}, "model='vgg' is not one of .*efficientnet_b0, vgg19"),
        ("your_own_network", {"model": "vgg"}, "name='vgg' is not a model"),
        ("claims", {"results": "nowhere"}, "folder='nowhere' is not a folder of result rows"),
        (
            "ppp_table1_bhv",
            {"profile": "quick", "padding": "mirror"},
            "padding='mirror' is not one of",
        ),
    ],
)
def test_bad_values_end_in_a_sentence(name, given, words, tmp_path):
    with pytest.raises(Exception, match=words):
        execute(NOTEBOOKS / f"{name}.ipynb", tmp_path / "out.ipynb", given, progress=False)
