import json
import math
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from pppkit import figures
from pppkit.figures.tables import without_assets
from pppkit.results.statistics import Interval

Z = np.arange(12.0).reshape(3, 4)


def test_surface():
    fig = figures.surface(Z, "a title")
    np.testing.assert_array_equal(fig.data[0].z, Z)
    assert [b.label for b in fig.layout.updatemenus[0].buttons] == ["Tilted", "From above"]
    assert fig.layout.width is None and fig.layout.height == 480


def test_surface_pair_shows_both_maps():
    fig = figures.surface_pair(Z, Z + 1)
    assert [t.name for t in fig.data] == ["optimal padding", "algorithmic padding"]
    assert fig.data[0].colorscale != fig.data[1].colorscale
    np.testing.assert_array_equal(fig.data[1].z, Z + 1)


def test_emergence_has_a_step_for_each_count_and_one_scale():
    fig = figures.emergence([[Z], [Z / 2], [Z / 3]], [1, 10, 480])
    steps = fig.layout.sliders[0].steps
    assert [f.name for f in fig.frames] == ["1", "10", "480"] == [s.label for s in steps]
    assert all(f.data[0].cmax is None for f in fig.frames)  # a step changes heights only
    np.testing.assert_allclose(fig.frames[1].data[0].z, Z / 2)
    np.testing.assert_allclose(fig.data[0].z, Z)  # it opens on the first step, in the last one's scale
    assert Z.max() / 3 <= fig.data[0].cmax < Z.max() and fig.data[0].cmin < 0
    assert fig.layout.sliders[0].active == 0 and fig.layout.sliders[0].name == "plays once"
    assert len(figures.emergence([[Z, Z]], [1]).data) == 2


def test_surfaces_beside_each_other_share_a_scale():
    fig = figures.surfaces_beside({"a": Z, "b": -2 * Z})
    first, second = fig.data
    assert (first.cmin, first.cmax) == (second.cmin, second.cmax) == (-2 * Z.max(), Z.max())
    assert first.x[-1] < second.x[0] and len(second.x) == Z.shape[1]
    assert [note.text for note in fig.layout.scene.annotations] == ["a", "b"]
    assert [trace.showscale for trace in fig.data] == [True, False]
    with pytest.raises(ValueError, match="maps must have one size"):
        figures.surfaces_beside({"a": Z, "b": Z[:-1]})


def test_gallery_says_how_panels_are_scaled():
    maps = {("zeros", "layer1"): Z, ("zeros", "layer2"): 10 * Z, ("randn", "layer1"): 2 * Z}
    fig = figures.gallery(maps, "maps")
    assert "own scale" in fig.layout.title.text and [t.zmax for t in fig.data] == [11, 110, 22]
    shared = figures.gallery(maps, "maps", normalised=False)
    assert "one scale in each column" in shared.layout.title.text and [t.zmax for t in shared.data] == [
        22,
        110,
        22,
    ]


def test_lines_draw_bands():
    rows = pd.DataFrame(
        {"n": [1, 2, 1, 2], "v": [1.0, 2, 3, 4], "ci": [np.nan, 0.5, 1, 1], "g": ["zeros", "zeros", "x", "x"]}
    )
    fig = figures.lines(rows, "n", "v", "g", band="ci")
    band, line = fig.data[:2]
    assert (
        list(band.y) == [1, 2.5, 1.5, 1]
        and list(line.y) == [1, 2]
        and line.line.color == figures.PALETTE["zeros"]
    )


def test_a_gallerys_buttons_choose_its_scales():
    maps = {("untrained", "zeros"): Z, ("trained", "zeros"): 10 * Z}
    fig = figures.gallery(maps, "maps", switch=True)
    own, one = (button.args for button in fig.layout.updatemenus[0].buttons)
    assert own[0] == {"zmin": [0, 0], "zmax": [11, 110]} and one[0] == {"zmin": [0, 0], "zmax": [110, 110]}
    assert "own scale" in own[1]["title.text"] and "one scale for all" in one[1]["title.text"]


def test_a_strip_shows_every_row():
    rows = pd.DataFrame(
        {"padding": ["zeros", "randn", "zeros"], "v": [1.0, 2, 3], "source": ["a", "a", "paper"]}
    )
    fig = figures.strip(rows, "padding", "v", "source")
    assert sum(len(t.x) for t in fig.data) == 3 and fig.data[1].marker.symbol == "diamond"


def test_scatter_shows_every_point_even_below_zero():
    rows = pd.DataFrame({"a": [1, 2, 3], "b": [-0.5, 0, 4], "g": ["zeros", "none", "zeros"], "of": [7, 8, 9]})
    fig = figures.scatter(rows, "a", "b", "g", hover=("of", "g"), labels=("across", "up"), ends=(-1, 5))
    zeros, none = fig.data
    assert (zeros.name, list(zeros.x), list(zeros.y)) == ("zeros", [1, 3], [-0.5, 4])
    assert (none.name, list(none.y), list(none.text)) == ("none", [0], ["8, none"])
    assert zeros.marker.color == figures.PALETTE["zeros"] and fig.layout.yaxis.range == (-1, 5)
    assert (fig.layout.xaxis.title.text, fig.layout.yaxis.title.text) == ("across", "up")
    assert fig.layout.xaxis.type != "log" and figures.scatter(rows, "a", "b", "g").layout.yaxis.range is None


def test_a_legend_stays_below_the_axis_title_of_a_low_figure():
    rows = pd.DataFrame({"a": [1.0, 2.0], "b": [1.0, 2.0], "g": ["x", "y"]})
    for draw in (figures.lines, figures.loglog_scatter):
        high, low = (draw(rows, "a", "b", "g", height=height).layout.legend.y for height in (560, 360))
        assert 200 * low == pytest.approx(400 * high) and 200 * low < -50, "as far in pixels of what is drawn"


def test_loglog_scatter_leaves_out_what_has_no_logarithm():
    rows = pd.DataFrame({"a": [1.0, 0.0, 2.0], "b": [1.0, 1.0, 4.0], "g": "x"})
    fig = figures.loglog_scatter(rows, "a", "b", "g")
    assert fig.data[0].name == "equal" and len(fig.data[1].x) == 2


def test_surface_menu_reaches_every_map():
    big = np.ones((112, 112))
    maps = {
        (v, p, s): i * big for i, (v, p, s) in enumerate((v, p, s) for v in "ab" for p in "cd" for s in "ef")
    }
    fig = figures.surface_menu(maps)
    look, pick = fig.layout.updatemenus[:2]
    assert len(fig.data) == 4 and [t.visible for t in fig.data] == [True, False, False, False]
    assert (
        len(look.buttons) == 2
        and len(pick.buttons) == 4
        and list(pick.buttons[2].args[1]) == [False, False, True, False]
    )
    assert [np.unique(z).tolist() for z in look.buttons[1].args[0]["z"]] == [[4.0], [5.0], [6.0], [7.0]]
    assert np.shape(look.buttons[1].args[0]["z"][0]) == (56, 56) and "averaged" in fig.layout.title.text


def test_stride_diagram_shows_the_shift():
    fig = figures.stride_diagram(8, 3, 2, 1)
    traces = {t.name: t for t in fig.data if t.name}
    assert list(traces["padding that is read"].x) == [-1] and list(traces["padding that is not"].x) == [8]
    assert traces["centre of the input"].x[0] - traces["centre of the output"].x[0] == 0.5
    odd = {t.name: t for t in figures.stride_diagram(9, 3, 2, 1).data if t.name}
    assert odd["centre of the input"].x[0] == odd["centre of the output"].x[0]


@pytest.mark.parametrize(
    "fig",
    [
        figures.surface(Z),
        figures.gallery({("a", "b"): Z}),
        figures.images([np.zeros((4, 4, 3), np.uint8)], ["x"]),
    ],
)
def test_figures_are_light_and_follow_the_page(fig):
    assert isinstance(fig, go.Figure) and fig.layout.paper_bgcolor == "rgba(0,0,0,0)"
    assert len(json.dumps(fig.to_plotly_json(), default=str)) < 40_000
    assert "\\(" not in fig.to_json() and "$" not in (fig.layout.title.text or "")


def test_image_slider_has_a_step_for_each_picture():
    pictures = [np.full((4, 5, 3), v, np.uint8) for v in (0, 100, 200)]
    fig = figures.image_slider(pictures, ["1", "2", "3"], ["dark", "grey", "light"], "Light", what="step ")
    assert [f.layout.title.text for f in fig.frames] == [
        f"Light<br><sup>{c}</sup>" for c in ("dark", "grey", "light")
    ]
    assert (
        len({f.data[0].source for f in fig.frames}) == 3
        and fig.data[0].source == fig.frames[0].data[0].source
    )
    assert [(s.label, s.args[0]) for s in fig.layout.sliders[0].steps] == [
        ("1", ("0",)),
        ("2", ("1",)),
        ("3", ("2",)),
    ]


def test_a_padding_keeps_its_colour_and_the_papers_values_have_ours():
    rows = pd.DataFrame(
        {
            "x": [0, 1] * 4,
            "y": 1.0,
            "line": [n for n in ("zeros", "full-zeros", "mine", "paper, mine") for _ in range(2)],
        }
    )
    zeros, full, mine, paper = figures.lines(rows, "x", "y", "line").data
    assert zeros.line.color == full.line.color == figures.PALETTE["zeros"] and (
        zeros.line.dash,
        full.line.dash,
    ) == ("solid", "dash")
    assert paper.mode == "markers" and paper.marker.color == mine.line.color != zeros.line.color


def test_panels_have_both_axes():
    rows = pd.DataFrame(
        [
            {"epoch": e, "v": e + p, "std": 0.5, "padding": name, "layer": f"layer {level}"}
            for level in (1, 2, 3, 4)
            for p, name in enumerate(("zeros", "randn"))
            for e in (0, 1, 20)
        ]
    )
    fig = figures.panels(rows, "epoch", "v", "padding", "layer", band="std")
    assert len(fig.data) == 4 * 2 * 2 and [t.name for t in fig.data if t.showlegend] == ["zeros", "randn"]
    linear, logarithmic = (b.args for b in fig.layout.updatemenus[0].buttons)
    assert list(linear[0]["x"][1]) == [0, 1, 20] and list(logarithmic[0]["x"][1]) == [0.5, 1, 20]
    assert all(
        logarithmic[1][f"xaxis{i}.type"] == "log" and linear[1][f"xaxis{i}.type"] == "linear"
        for i in ("", 2, 3, 4)
    )
    assert logarithmic[1]["xaxis.ticktext"] == ["0", "1", "20"] and logarithmic[1]["xaxis.tickvals"][0] == 0.5
    json.loads(fig.to_json())


def made_up_claim(verdict="holds", lines=(), text="a < b", note=""):
    about = {"paper": "P", "place": "3", "check": "is it so", "evidence": "us", "note": note}
    found = {"verdict": verdict, "measured": "m & n", "networks": "two", "names": {}}
    verdicts = [verdict] * len(lines)
    return SimpleNamespace(id="x", text=text, **about), SimpleNamespace(
        **found, lines=lines, line_verdicts=verdicts
    )


def line_of(*cases, decides=True):
    return SimpleNamespace(name="layer 4", decides=decides, intervals=dict(enumerate(cases)))


def test_a_card_says_what_was_claimed_found_and_how():
    page = figures.claim_cards([made_up_claim()], "9 > 8")._repr_html_()
    assert 'data-verdict="holds" data-paper="P" data-evidence="us"' in page
    assert "a &lt; b" in page and "9 &gt; 8" in page and "<dd>m &amp; n</dd>" in page
    assert "<svg" not in page and 'class="ppp-claim-note">m &amp; n' in page  # words where no picture is


def test_columns_that_are_read_and_columns_that_are_compared():
    """Long words have room to break, also where they begin with a number."""
    told = ["11.8 ± 1.1 points", "0.0 points apart on black, 80.7 on grey"]
    table = pd.DataFrame({"gain": ["+1 ± 2", "-3"], "measured": told, "name": ["a", "b"], "n": [1, 2]})
    cells = re.findall(r"<td(.*?)>(.*?)</td>", figures.table(table).text)
    classes = {text: re.findall(r'class="(.*?)"', tag) for tag, text in cells}
    assert classes["+1 ± 2"] == classes["1"] == [] and classes["a"] == ["text"]
    assert classes[told[0]] == classes[told[1]] == ["text long"]


def test_a_card_says_where_a_check_is_not_the_sentence():
    assert "beside the sentence" not in figures.claim_cards([made_up_claim()])._repr_html_()
    page = figures.claim_cards([made_up_claim(note="c < d")])._repr_html_()
    assert "<dt>beside the sentence</dt><dd>c &lt; d</dd>" in page


def test_the_picture_of_a_claim():
    """The widest estimate nearly fills it, intervals without bounds end at its edges."""
    lines = [
        line_of(Interval(1, 0.5, 1.5), Interval(-2, -math.inf, math.inf)),
        line_of(Interval(math.nan, -1, 1), Interval(0, 0, 0), decides=False),
    ]
    page = figures.claim_cards([made_up_claim("fails", lines)])._repr_html_()
    dots = [float(x) for x in re.findall(r'<circle cx="([\d.]+)"', page)]
    assert dots == pytest.approx([110 + 108 / 2.2, 110 - 108 / 1.1, 110], abs=0.06)
    ends = re.findall(r'<path d="M([\d.]+) [\d.]+H([\d.]+)"/>', page)
    assert [tuple(map(float, pair)) for pair in ends][1] == (2, 218)
    assert page.count('class="beside"') == 1 and "1 of 4 estimates speak for the claim" in page
    assert page.count("<li ") == 2 and "(shown beside)" in page


def test_panels_of_an_odd_number_leave_no_empty_axes_and_fade_lines():
    rows = pd.DataFrame(
        [
            {"epoch": e, "v": e, "padding": name, "layer": f"layer {level}"}
            for level in (1, 2, 3)
            for name in ("zeros", "randn")
            for e in (0, 2)
        ]
    )
    fig = figures.panels(rows, "epoch", "v", "padding", "layer", faded={"randn"})
    assert [axis.visible for axis in fig.select_xaxes()] == [None, None, None, False]
    pale = {t.name: (t.line.dash, t.opacity) for t in fig.data}
    assert pale == {"zeros": ("solid", None), "randn": ("dot", 0.45)}


def test_classes_in_colour():
    shown = figures.coloured(np.array([[0, 1]]))
    assert shown.shape == (1, 2, 3) and shown[0, 0].tolist() == [40, 40, 40]
    assert "#{:02X}{:02X}{:02X}".format(*shown[0, 1]) == figures.CYCLE[0]


def test_menus_choose_rows_and_sections():
    names = [
        (m, v, g, s, c) for m in "AB" for v in "xy" for g in "tu" for s in "12" for c in ("zeros", "randn")
    ]
    rows = pd.DataFrame(names, columns=["menu", "variant", "group", "section", "category"])
    bars = rows["group"].map({"t": 0.1, "u": np.nan})
    rows = rows.assign(value=np.arange(len(rows)), error=bars, layer="layer1")
    columns = {"section": "section", "menu": "menu", "variant": "variant", "error": "error", "hover": "layer"}
    fig = figures.strip_menu(rows, "category", "value", "group", **columns, whole="both")
    assert [t.visible for t in fig.data] == [True, True, False, False]  # x of A
    np.testing.assert_allclose(fig.data[1].y, [4, 5, 6, 7])
    np.testing.assert_allclose(fig.data[1].x, [0.2, 1.2, 3.2, 4.2])  # one place is free between sections
    first, second, third = fig.layout.updatemenus
    assert list(first.buttons[1].args[0]["y"][3]) == [28, 29, 30, 31]  # B, y, u
    assert list(first.buttons[1].args[0]["error_y.array"][2]) == [0.1] * 4
    assert list(fig.data[1].error_y.array) == [None] * 4
    assert second.buttons[1].args[0]["visible"] == [False, False, True, True]
    assert [b.label for b in third.buttons] == ["both", "1", "2"]
    assert third.buttons[0].args[0]["xaxis.range"] == list(fig.layout.xaxis.range)
    low, high = third.buttons[2].args[0]["xaxis.range"]
    assert 2 < low < 2.8 and 4.2 < high < 5


def test_a_long_table_repeats_its_labels_and_scrolls():
    index = pd.MultiIndex.from_product([["zeros", "randn"], range(10)], names=["padding", "seed"])
    rows = pd.DataFrame({"SNR": np.linspace(0, 1, 20), "note": ["a word"] * 20}, index=index)
    page = figures.table(rows, "a < b").text
    assert 'data-rows="20"' in page and "a &lt; b" in page
    assert page.count("<th>zeros</th>") == 10 and "rowspan" not in page
    head = page[page.index("<thead>") : page.index("</thead>")]
    assert head == (
        '<thead><tr><th class="text">padding</th><th class="text">seed</th><th>SNR</th>'
        '<th class="text">note</th></tr>'
    )
    assert "<td>0.053</td>" in page and '<td class="text">a word</td>' in page
    short = figures.table(rows, rows=20, fold="All rows").text
    assert "data-rows" not in short and 'rowspan="10"' in short
    assert short.startswith('<details class="ppp-fold"><summary>All rows</summary>')
    with pytest.raises(ValueError, match="rows=0 must be at least 1"):
        figures.table(rows, rows=0)


def test_a_table_keeps_a_stylers_colours_and_brings_its_script_along():
    rows = pd.DataFrame({"v": [1.25, 2.5], "w": [3, 4]})
    styled = rows.style.format("{:.1f}", subset=["v"]).hide(axis="index")
    styled = styled.map(lambda v: "color: red" if v == 2.5 else "", subset=["v"])
    shown = figures.table(styled)
    name = shown.text.split('<table id="')[1].split('"')[0]
    assert f"#{name}_row1_col0 {{" in shown.text and f'<td id="{name}_row1_col0">2.5</td>' in shown.text
    assert "<td>3</td>" in shown.text  # without the name that no colour asks for
    page = shown._repr_html_()
    assert "pppkitTables" in page and without_assets(page) == shown.text
    assert figures.table(styled).text == shown.text  # the same bytes in each run


def test_a_selector_shows_one_figure_of_several():
    curves = go.Figure([go.Scatter(y=[1, 2]), go.Scatter(y=[3, 4], visible="legendonly")])
    curves.update_layout(title="curves", xaxis2={"title": {"text": "x"}})
    surface = figures.surface(Z, "a surface")
    fig = figures.selector({("VGG19", "curves"): curves, ("VGG19", "map"): surface}, ("network", "what"))
    assert [t.visible for t in fig.data] == [True, "legendonly", False]
    found = fig.layout.meta["selector"]
    assert found["names"] == ["network", "what"]
    first, second = found["choices"]
    assert (first["start"], second["start"], second["visible"]) == (0, 2, [True])
    assert second["layout"]["title"]["text"] == "a surface" and second["layout"]["xaxis2"]["visible"] is False
    assert first["layout"]["scene"] == {"domain": {"x": [0, 0.001], "y": [0, 0.001]}}  # nowhere
    assert fig.layout.scene.domain.x == (0, 0.001) and fig.layout.xaxis.visible is None
    assert "template" not in first["layout"]  # both have that
    assert first["layout"]["updatemenus[0]"] == {"visible": False}  # in the place of the surface's buttons
    menu = fig.layout.updatemenus[-1]
    assert [b.label for b in menu.buttons] == ["VGG19, curves", "VGG19, map"]
    assert list(menu.buttons[1].args[0]["visible"]) == [False, False, True]
    assert fig.layout.margin.t == 60 + found["room"]  # 60 is Plotly's own
    json.loads(fig.to_json())


def test_what_moves_in_a_selectors_figures_moves_its_own_traces():
    film = figures.emergence([[Z], [2 * Z]], [1, 10])
    fig = figures.selector({("a",): film, ("b",): film}, ["network"])
    assert [(f.name, list(f.traces)) for f in fig.frames] == [
        ("0:1", [0]),
        ("0:10", [0]),
        ("1:1", [1]),
        ("1:10", [1]),
    ]
    other = fig.layout.meta["selector"]["choices"][1]["layout"]
    assert [s["args"][0] for s in other["sliders"][0]["steps"]] == [["1:1"], ["1:10"]]
    assert other["updatemenus[1]"]["buttons"][0]["args"][0] == ["1:1", "1:10"]  # plays its own film
    menu = figures.surface_menu({("n", "p", "s"): Z, ("m", "p", "s"): Z})
    fig = figures.selector({"a": film, "b": menu}, ["what"], height=500)
    buttons = fig.layout.meta["selector"]["choices"][1]["layout"]["updatemenus[1]"]["buttons"]
    assert buttons[0]["args"] == [{"visible": [True]}, [1]] and fig.layout.height == 500


def test_a_selector_refuses_keys_that_do_not_fit():
    fig = figures.surface(Z)
    with pytest.raises(ValueError, match="'a',\\) must be a tuple of 2: one part for each of names="):
        figures.selector({("a", "b"): fig, "a": fig}, ["network", "layer"])
    with pytest.raises(ValueError, match="must hold at least one figure"):
        figures.selector({}, ["network"])


def test_the_map_of_the_papers():
    from pppkit.experiments.claims import DISPUTES, PAPERS

    told = {"PPP": {"holds": 2, "fails": 1, "cannot be told yet": 0}, "PosENet": {"holds": 1}}
    page = figures.papers_map(PAPERS, told, [(DISPUTES[0], {"a < b": "fails"})])._repr_html_()
    assert page.count("<article") == 4 and "3 claims judged: 2 holds, 1 fails" in page
    assert "1 claim judged: 1 holds" in page and page.count("none of its claims is judged yet") == 2
    assert 'title="a &lt; b">fails</b>' in page, "the sentence is text"
    assert '<style class="pppkit-asset">' in page and "<script" not in page
