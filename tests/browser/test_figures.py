"""What a reader does with figures and tables, on a small page of the book's scripts and styles."""

import functools
import http.server
import json
import shutil
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import plotly
import plotly.graph_objects as go
import pytest
from playwright.sync_api import TimeoutError

from pppkit import figures
from pppkit.book import plotly_mime as mime

from .conftest import WITHOUT_WEBGL, pixels

HEAD = """<!doctype html><html data-theme="light"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<link rel="stylesheet" href="book.css"><link rel="stylesheet" href="tables.css">
<style>:root { --pst-color-background: #fff; --pst-color-text-base: #222 }
html[data-theme=dark] { --pst-color-background: #14181e; --pst-color-text-base: #ced6dd;
  background: #14181e; color: #ced6dd }</style>"""
RAMP = np.add.outer(np.arange(12.0), np.arange(12.0))
EYE = """d => {
  const eye = d.querySelector('.plotly-host')._fullLayout.scene._scene.getCamera().eye;
  return [eye.x, eye.y, eye.z].map(v => v.toFixed(3)).join();
}"""
TITLE = "d => d.querySelector('.plotly-host')._fullLayout.title.text"
FITS = """() => {
  const figure = document.querySelector('.plotly-offline');
  return (figure.querySelector('.plotly-host')._fullLayout || {}).width === figure.clientWidth;
}"""
READY = "() => document.querySelector('.plotly-offline').dataset.plotly === 'ready'"


def html_of(*parts):
    """A page of figures and tables; there is room to scroll below them."""
    written = [
        mime.figure_html(json.loads(part.to_json()))
        if isinstance(part, go.Figure)
        else mime.without_assets(part._repr_html_())
        for part in parts
    ]
    scripts = "".join(f'<script src="{name}" defer></script>' for name in [*mime.SCRIPTS, "tables.js"])
    return f"{HEAD}{scripts}</head><body>{''.join(written)}<p style='height:1500px'>end</p></body></html>"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder that is served, with the book's scripts and styles."""
    made = tmp_path_factory.mktemp("site")
    library = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    for file in (*mime.STATIC.iterdir(), *mime.FIGURES_STATIC.iterdir(), library):
        shutil.copy(file, made)
    return made


@pytest.fixture(scope="module")
def address(folder):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    handler = functools.partial(Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture
def shown(page, folder, address):
    """Shows parts on a page and waits until the first figure is drawn; returns that figure."""

    def show(*parts, on=page):
        (folder / "page.html").write_text(html_of(*parts))
        on.goto(f"{address}/page.html")
        if any(isinstance(part, go.Figure) for part in parts):
            on.wait_for_function(READY, timeout=120_000)
        return on.locator(".plotly-offline").first

    return show


def middle(figure):
    box = figure.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def scrolls(page, act):
    """Whether something that is done moves the page; a busy machine may take its time."""
    before = page.evaluate("scrollY")
    act()
    try:
        page.wait_for_function("before => Math.abs(scrollY - before) > 20", arg=before, timeout=30_000)
    except TimeoutError:
        return False
    return True


def turns(page, figure, act):
    """Whether something that is done turns or zooms a surface."""
    before = figure.evaluate(EYE)
    act()
    try:
        page.wait_for_function(
            f"before => ({EYE})(document.querySelector('.plotly-offline')) !== before",
            arg=before,
            timeout=30_000,
        )
    except TimeoutError:
        return False
    return True


def test_the_wheel_scrolls_the_page_until_a_figure_is_clicked(page, shown):
    figure = shown(figures.surface(RAMP))
    start = figure.evaluate(EYE)

    def wheel():
        page.mouse.wheel(0, 60)

    page.mouse.move(*middle(figure))
    assert scrolls(page, wheel) and figure.evaluate(EYE) == start
    page.keyboard.down("Control")
    assert turns(page, figure, wheel)
    page.keyboard.up("Control")
    assert turns(page, figure, page.get_by_role("button", name="Reset view").click)
    assert figure.evaluate(EYE) == start
    page.mouse.click(*middle(figure))
    before = page.evaluate("scrollY")
    assert turns(page, figure, wheel) and page.evaluate("scrollY") == before
    page.keyboard.press("Escape")
    assert scrolls(page, wheel)


@pytest.fixture
def phone(browser):
    context = browser.new_context(viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    yield context.new_page()
    context.close()


def drag(session, *fingers, right=0, down=0):
    """Moves fingers, each from its place, by that many pixels."""

    def touch(kind, share):
        places = [(x + share * right, y + share * down) for x, y in fingers]
        points = [] if kind == "touchEnd" else [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(places)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 0)
    for step in range(1, 9):
        touch("touchMove", step / 8)
    touch("touchEnd", 1)


def test_one_finger_scrolls_the_page_and_two_turn_a_surface(phone, shown):
    figure = shown(figures.surface(RAMP), on=phone)
    session, start = phone.context.new_cdp_session(phone), figure.evaluate(EYE)
    assert scrolls(phone, lambda: drag(session, middle(figure), down=-120))
    x, y = middle(figure)
    drag(session, (x, y), right=40)
    phone.wait_for_timeout(500)
    assert figure.evaluate(EYE) == start
    assert turns(phone, figure, lambda: drag(session, (x - 30, y), (x + 30, y), right=40))
    phone.touchscreen.tap(x, y)
    phone.wait_for_selector(".plotly-offline[data-active]")
    assert turns(phone, figure, lambda: drag(session, (x, y), right=40))
    phone.touchscreen.tap(20, figure.bounding_box()["y"] + figure.bounding_box()["height"] + 60)
    phone.wait_for_selector(".plotly-offline:not([data-active])")


def choices():
    names = [("VGG19", "1"), ("VGG19", "2"), ("ResNet50", "2")]
    curves = {name: go.Figure(go.Scatter(y=[i, 2 * i])) for i, name in enumerate(names)}
    return figures.selector(
        {name: fig.update_layout(title=" ".join(name), height=300) for name, fig in curves.items()},
        ["network", "layer"],
    )


def test_dropdowns_choose_one_figure_by_mouse_and_by_keyboard(page, shown):
    figure = shown(choices())
    network, layer = page.get_by_label("network"), page.get_by_label("layer")
    assert figure.evaluate(TITLE) == "VGG19 1"
    layer.focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_function(f"() => ({TITLE})(document.querySelector('.plotly-offline')) === 'VGG19 2'")
    network.select_option("ResNet50")
    page.wait_for_function(f"() => ({TITLE})(document.querySelector('.plotly-offline')) === 'ResNet50 2'")
    drawn = "d => d.querySelector('.plotly-host')._fullData.map(t => Array.from(t.y).join())"
    assert figure.evaluate(drawn) == ["2,4"]
    layer.select_option("1")  # ResNet50 has none: the network changes with it
    page.wait_for_function(f"() => ({TITLE})(document.querySelector('.plotly-offline')) === 'VGG19 1'")
    assert network.input_value() == "VGG19"
    assert page.locator(".updatemenu-header").count() == 0  # JupyterLab's menu


def test_choices_have_their_own_axes_buttons_and_films(page, shown):
    panels = pd.DataFrame({"n": [0, 1] * 2, "v": [1.0, 2, 3, 4], "g": "x", "f": ["a", "a", "b", "b"]})
    film = figures.image_slider([np.full((4, 5, 3), v, np.uint8) for v in (0, 99)], "12", "ab", "film")
    curves = figures.panels(panels, "n", "v", "g", "f", title="panels")
    figure = shown(
        figures.selector(
            {"map": figures.gallery({("a", "b"): RAMP}), "film": film, "curves": curves}, ["kind"]
        )
    )
    axes = "d => d.querySelector('.plotly-host')._fullLayout._subplots.xaxis.length"
    assert figure.evaluate(axes) == 1
    page.get_by_label("kind").select_option("film")
    page.wait_for_function(f"() => ({TITLE})(document.querySelector('.plotly-offline')).includes('film')")
    rail = figure.locator(".slider-rail-touch-rect")
    rail.click(position={"x": rail.bounding_box()["width"] - 4, "y": 5})
    page.wait_for_function(f"() => ({TITLE})(document.querySelector('.plotly-offline')).includes('b<')")
    page.get_by_label("kind").select_option("curves")
    page.wait_for_function(f"() => ({TITLE})(document.querySelector('.plotly-offline')) === 'panels'")
    assert figure.evaluate(axes) == 2
    figure.get_by_text("logarithmic ns").click(force=True)
    first = "() => document.querySelector('.plotly-host')._fullData[0].x[0] === 0.5"
    page.wait_for_function(first)


def test_a_choice_outlives_the_change_to_dark(page, shown):
    figure = shown(choices())
    page.get_by_label("layer").select_option("2")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.wait_for_timeout(500)
    page.wait_for_function(READY)
    assert figure.evaluate(TITLE) == "VGG19 2"


def test_a_figure_is_as_wide_as_its_room(page, shown):
    """Whatever changes the room: a sidebar, a window. Below 560 pixels it is drawn as on a phone."""
    figure = shown(go.Figure(go.Scatter(x=[0, 1], y=[0, 1]), {"height": 300}))
    for room in (500, 900, 700):
        figure.evaluate("(d, room) => { d.parentNode.style.width = room + 'px'; }", room)
        page.wait_for_function(FITS, timeout=20_000)
        assert figure.evaluate("d => d.clientWidth") == room
        assert figure.evaluate("d => d._narrow") == (room < 560)


def test_without_webgl_a_surface_is_seen_from_above(playwright, browser_type_launch_args, shown):
    browser = playwright.chromium.launch(**browser_type_launch_args | {"args": WITHOUT_WEBGL})
    page = browser.new_page()
    figure = shown(
        figures.selector(
            {("a",): figures.surface(RAMP, "a"), ("b",): figures.surface(-RAMP, "b")}, ["network"]
        ),
        on=page,
    )
    assert len(np.unique(pixels(figure).reshape(-1, 3), axis=0)) > 20
    assert "no WebGL" in page.locator(".plotly-hint").inner_text()
    page.get_by_label("network").select_option("b")
    page.wait_for_function(f"() => ({TITLE})(document.querySelector('.plotly-offline')) === 'b'")
    browser.close()


def test_without_scripts_and_on_paper_figures_are_pictures(browser, page, shown, folder, address):
    shown(figures.surface(RAMP), choices())
    page.emulate_media(media="print")
    visible = "all => all.map(e => getComputedStyle(e).display !== 'none')"
    assert page.eval_on_selector_all(".plotly-picture", visible) == [True, True]
    assert not any(page.eval_on_selector_all(".plotly-host", visible))
    context = browser.new_context(java_script_enabled=False)
    bare = context.new_page()
    bare.goto(f"{address}/page.html")
    surface, chart = bare.locator(".plotly-offline").all()
    assert len(np.unique(pixels(surface).reshape(-1, 3), axis=0)) > 50
    assert "VGG19 1" in chart.inner_text() and chart.locator("polyline").count() == 1
    context.close()


def rows():
    index = pd.MultiIndex.from_product([["zeros", "randn"], range(10)], names=["padding", "seed"])
    return pd.DataFrame({"SNR": [f"{(7 * i) % 20 - 5:.1f} ± 0.1" for i in range(20)]}, index=index)


def test_a_long_table_sorts_and_searches(page, shown):
    shown(figures.table(rows(), "a caption"))
    first = page.locator("tbody tr:visible").first
    head = page.get_by_role("button", name="SNR")
    head.click()
    assert "-5.0 ± 0.1" in first.inner_text()
    head.press("Enter")
    assert "14.0 ± 0.1" in first.inner_text()
    assert head.locator("..").get_attribute("aria-sort") == "descending"
    page.get_by_label("Search").fill("RANDN 13.0")
    assert page.locator("tbody tr:visible").count() == 1
    assert "1 of 20 rows" in page.locator(".ppp-find").inner_text()
    box = page.locator(".ppp-scroll").bounding_box()
    assert box["height"] < 500


def test_tables_and_buttons_can_be_read_in_the_dark(page, shown):
    panels = pd.DataFrame({"n": [0, 1] * 2, "v": [1.0, 2, 3, 4], "g": "x", "f": ["a", "a", "b", "b"]})
    figure = shown(figures.panels(panels, "n", "v", "g", "f"), figures.table(rows()))
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.wait_for_timeout(500)
    page.wait_for_function(READY)
    pressed = figure.locator(".updatemenu-item-rect").first.evaluate("e => getComputedStyle(e).fill")
    cell = page.locator("td").first.evaluate("e => getComputedStyle(e).color")
    head = page.locator("thead").evaluate("e => getComputedStyle(e).backgroundColor")
    assert sum(map(int, pressed[4:-1].split(","))) < 400  # dark
    assert (cell, head) == ("rgb(206, 214, 221)", "rgb(20, 24, 30)")


def test_panels_stand_one_under_the_other_on_a_phone(phone, shown):
    panels = pd.DataFrame({"n": [0, 1] * 2, "v": [1.0, 2, 3, 4], "g": "x", "f": ["a", "a", "b", "b"]})
    title = "A title that is much too long for the width of a phone and has to be broken"
    figure = shown(figures.panels(panels, "n", "v", "g", "f", title=title), on=phone)
    axis = "(d, name) => (a => [a._offset, a._length])(d.querySelector('.plotly-host')._fullLayout[name])"
    (top, height), (below, _) = (figure.evaluate(axis, name) for name in ("yaxis", "yaxis2"))
    assert top + height < below and figure.evaluate(axis, "xaxis2")[1] > 200
    text = figure.locator(".gtitle").bounding_box()
    assert text["x"] + text["width"] <= 390 and figure.evaluate(TITLE).count("<br>") >= 1
    assert figure.locator(".modebar-btn").count() == 0
