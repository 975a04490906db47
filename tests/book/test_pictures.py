import base64
import io
import json
import re

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from PIL import Image

from pppkit import figures
from pppkit.book.pictures.arrays import numbers, scale_colours
from pppkit.book.pictures.axes import axis_of
from pppkit.book.pictures.figure import picture

FLAT = np.zeros((8, 8))


def drawn(figure):
    return picture(json.loads(figure.to_json()))


def pixels(page):
    code = re.search(r'base64,([^"]+)', page)[1]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(code))).convert("RGBA")).astype(int)


def like(image, colour):
    """Where opaque pixels have about that colour."""
    return (image[..., 3] > 200) & (np.abs(image[..., :3] - np.array(colour)).sum(-1) < 60)


def corner(row, column):
    """Where the picture shows a peak in a corner of a map: right and down of the flat rest, in pixels."""
    peak = FLAT.copy()
    peak[row, column] = 1.0
    image = pixels(drawn(figures.surface(peak)))
    rest = np.nonzero(like(image, (68, 1, 84)))
    high = np.nonzero(like(image, scale_colours("Viridis")[64]))  # the mean of a peak and three of the rest
    return high[1].mean() - rest[1].mean(), high[0].mean() - rest[0].mean()


def test_corners_stand_where_plotly_draws_them():
    """Seen from Plotly's tilted camera: x runs from the left to the front, y from the right to the front."""
    assert corner(-1, 0)[0] < -50 and corner(0, -1)[0] > 50
    assert abs(corner(0, 0)[0]) < 25 and abs(corner(-1, -1)[0]) < 25
    assert corner(0, 0)[1] < -30 < corner(-1, -1)[1]


def test_a_picture_of_a_surface_is_small_whole_and_of_what_is_seen():
    noise = np.random.default_rng(0).normal(size=(112, 112))
    page = drawn(figures.surface(FLAT, "a <b>title</b>"))
    assert len(page) < 12_000 and 'alt="Surface: a  title "' in page
    columns = np.nonzero(pixels(page)[..., 3])[1]
    assert columns.min() > 0 and columns.max() < pixels(page).shape[1] - 1  # nothing is cut
    assert len(drawn(figures.surface(noise))) < 30_000
    chosen = figures.selector({("a",): figures.surface(FLAT), ("b",): figures.surface(noise)}, ["network"])
    assert len(drawn(chosen)) < 12_000


def test_surfaces_beside_each_other_have_a_half_each():
    low, high = FLAT, FLAT + 1
    image = pixels(drawn(figures.surfaces_beside({"low": low, "high": high})))
    dark, bright = (np.nonzero(like(image, colour))[1] for colour in ((68, 1, 84), (253, 231, 37)))
    assert len(dark) and len(bright) and dark.max() < bright.min() + 40  # the first stands at the left


def test_a_chart_has_its_points_axes_and_names():
    fig = go.Figure(
        [go.Scatter(x=[1, 3], y=[0, 10], name="one", mode="lines+markers", line={"color": "#010203"})]
    )
    fig.add_trace(go.Scatter(x=[1, 2], y=[1, 1], name="hidden", visible="legendonly"))
    fig.add_trace(go.Scatter(x=[2], y=[5], name="two & three", mode="markers"))
    fig.update_layout(
        height=400, margin={"l": 60, "r": 100, "t": 50, "b": 50}, xaxis={"range": [1, 3], "title": "x"}
    )
    fig.update_yaxes(range=[0, 10])
    page = drawn(fig)
    assert 'points="60.0,350.0 660.0,50.0"' in page and 'stroke="#010203"' in page
    assert '<circle cx="360.0" cy="200.0" r="3"/>' in page
    assert "two &amp; three" in page and "hidden" not in page and ">x</text>" in page


def test_bands_and_bars_and_words():
    fig = go.Figure(go.Scatter(x=["a", "b"], y=[1, 2], error_y={"array": [0.5, None]}, mode="markers"))
    fig.add_trace(go.Scatter(x=["a", "b", "b"], y=[1, 2, 1], fill="toself", fillcolor="rgba(1,2,3,0.2)"))
    page = drawn(fig)
    assert page.count("<polygon") == 1 and "rgba(1,2,3,0.2)" in page
    assert len(re.findall(r'<path d="M[\d.]+,[\d.]+V[\d.]+" stroke', page)) == 1


def test_a_map_is_drawn_the_right_way_up():
    z = np.array([[0.0, 0.0], [1.0, 1.0]])
    top = pixels(drawn(figures.gallery({("a", "b"): z})))[0, 0, :3]  # y runs downwards in a gallery
    np.testing.assert_allclose(top, (68, 1, 84), atol=12)
    top = pixels(drawn(go.Figure(go.Heatmap(z=z, colorscale="Viridis"))))[0, 0, :3]
    np.testing.assert_allclose(top, (253, 231, 37), atol=12)


def test_every_kind_of_figure_has_a_picture():
    rows = pd.DataFrame({"n": [1, 2] * 2, "v": [1.0, 2, 3, 4], "g": ["x", "x", "y", "y"], "f": "facet"})
    photo = np.zeros((40, 30, 3), np.uint8)
    kinds = [
        figures.lines(rows, "n", "v", "g", log_x=True, log_y=True),
        figures.panels(rows, "n", "v", "g", "f"),
        figures.strip(rows, "g", "v", "n"),
        figures.loglog_scatter(rows, "n", "v", "g"),
        figures.stride_diagram(),
        figures.images([photo], ["label"]),
        figures.image_slider([photo], ["1"], ["caption"]),
    ]
    for fig in kinds:
        page = drawn(fig)
        assert "<svg" in page and ("<circle" in page or "<image" in page) and "nan" not in page


def test_axes():
    axis = axis_of({"range": [0, 10]}, [], (100, 200))
    assert axis.place([0, 5, 10]).tolist() == [100, 150, 200]
    assert axis.ticks() == [(v, str(v)) for v in (0, 2, 4, 6, 8, 10)]
    log = axis_of({"type": "log", "range": [0, 2]}, [], (0, 100))
    assert log.place([1, 10, 100]).tolist() == [0, 50, 100] and np.isnan(log.place([0])[0])
    assert [text for _, text in log.ticks()] == ["1", "10", "100"]
    named = axis_of({"tickvals": [0, 1], "ticktext": ["a", "b"]}, [np.array([0, 1])], (0, 1))
    assert named.ticks() == [(0.0, "a"), (1.0, "b")]
    upside = axis_of({"autorange": "reversed"}, [np.array([0, 1])], (0, 100))
    assert upside.place([0])[0] > upside.place([1])[0]


def test_coded_arrays():
    values = np.arange(6, dtype="f4").reshape(2, 3)
    code = json.loads(go.Figure(go.Heatmap(z=values)).to_json())["data"][0]["z"]
    assert "bdata" in code
    np.testing.assert_array_equal(numbers(code), values)
    assert numbers(None).size == 0 and numbers([1, 2]).tolist() == [1, 2]
