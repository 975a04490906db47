"""Every page of the built book in Chromium, light and dark, wide and on a phone."""

import numpy as np
import pytest

from .conftest import HTML, WITHOUT_WEBGL, pixels

PAGES = sorted(
    p.relative_to(HTML).as_posix()
    for p in HTML.rglob("*.html")
    if "_static" not in p.parts and p != HTML / "index.html"  # which only sends on to the first page
)
# The reference lists every name of a room, and the bibliography every source: they are looked up, not read.
LOOKED_UP = ("api/", "bibliography.html", "search.html")
READ = [path for path in PAGES if not path.startswith(LOOKED_UP)]
TALLEST = 5000  # pixels at 1300 wide
DRAWN = "i => document.querySelectorAll('.plotly-offline')[i].dataset.plotly === 'ready'"
EYE = "d => JSON.stringify(d.querySelector('.plotly-host')._fullLayout.scene._scene.getCamera().eye)"


def reveal(page, i):
    figure = page.locator(".plotly-offline").nth(i)
    figure.scroll_into_view_if_needed()
    page.wait_for_function(DRAWN, arg=i, timeout=60_000)
    return figure


def subplots(figure, kind):
    return figure.evaluate(
        "(d, kind) => d.querySelector('.plotly-host')._fullLayout._subplots[kind].length", kind
    )


def test_there_are_pages():
    assert {"notebooks/intro.html", "bibliography.html", "notebooks/explorer.html"} <= set(PAGES)


@pytest.mark.parametrize("path", PAGES)
def test_page(page, site, complaints, path):
    page.set_viewport_size({"width": 1300, "height": 900})
    page.goto(site + path)
    assert page.locator("h1").first.inner_text()
    if path in READ:
        assert page.evaluate("document.documentElement.scrollHeight") <= TALLEST, "the page is a wall"
    for i in range(page.locator(".plotly-offline").count()):
        figure = reveal(page, i)
        assert figure.locator("svg.main-svg").count() > 0
        if not subplots(figure, "gl3d"):
            continue
        canvas = figure.locator(".gl-container canvas").first
        page.wait_for_timeout(200)
        before, eye = pixels(canvas), figure.evaluate(EYE)
        assert len(np.unique(before.reshape(-1, 3), axis=0)) > 200, f"figure {i} is blank"
        box = canvas.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 40, y + 5, steps=4)
        page.mouse.move(x + 90, y + 10, steps=4)
        page.mouse.up()
        page.wait_for_timeout(300)
        assert figure.evaluate(EYE) != eye, f"figure {i} does not turn"
        assert (np.abs(pixels(canvas) - before).sum(axis=2) > 30).mean() > 0.01
    assert page.locator("[data-mjx-error]").count() == 0
    assert not complaints, complaints


@pytest.fixture(scope="module")
def flat(playwright, browser_type_launch_args):
    """A browser without WebGL."""
    browser = playwright.chromium.launch(**browser_type_launch_args | {"args": WITHOUT_WEBGL})
    yield browser
    browser.close()


def has_surface(path):
    return "data-scene=" in (HTML / path).read_text()


@pytest.mark.parametrize("path", [path for path in READ if has_surface(path)])
def test_no_surface_is_blank_without_webgl(flat, site, path):
    page = flat.new_page(viewport={"width": 1280, "height": 900})
    page.goto(site + path)
    for i, figure in enumerate(page.locator(".plotly-offline").all()):
        if not figure.get_attribute("data-scene"):
            continue
        colours = np.unique(pixels(reveal(page, i)).reshape(-1, 3), axis=0)
        assert len(colours) > 50, f"figure {i} is blank"
    page.close()


@pytest.mark.parametrize("path", READ)
def test_no_figure_is_blank_without_scripts(flat, site, path):
    page = flat.new_page(viewport={"width": 1280, "height": 900}, java_script_enabled=False)
    page.goto(site + path)
    for i, figure in enumerate(page.locator(".plotly-offline").all()):
        assert len(np.unique(pixels(figure).reshape(-1, 3), axis=0)) > 20, f"figure {i} is blank"
    page.close()


@pytest.mark.parametrize("path", PAGES)
def test_on_a_phone(page, site, complaints, path):
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(site + path)
    if page.locator(".plotly-offline").count():
        reveal(page, 0)
    assert page.evaluate("document.documentElement.scrollWidth") <= 391, "the page scrolls sideways"
    assert not complaints, complaints


@pytest.mark.parametrize("path", ["notebooks/ppp_fig1_emergence.html", "notebooks/ppp_fig4_untrained.html"])
def test_figures_follow_light_and_dark(page, site, path):
    page.goto(site + path)
    ink = "d => getComputedStyle(d.querySelector('.plotly-host .gtitle')).fill"
    colours = []
    for theme in ("light", "dark"):
        page.evaluate(
            "t => { document.documentElement.dataset.theme = t; document.documentElement.dataset.mode = t }",
            theme,
        )
        page.wait_for_timeout(300)
        colours.append(reveal(page, 0).evaluate(ink))
    assert colours[0] != colours[1]


def test_surfaces_far_from_the_screen_are_dropped(page, site):
    """A browser keeps about sixteen WebGL contexts; a page may have more surfaces."""
    page.goto(site + "notebooks/ppp_fig1_emergence.html")
    reveal(page, 0)
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    page.wait_for_function("document.querySelectorAll('.plotly-offline')[0].dataset.plotly === undefined")


ACTIVE = "d => d.querySelector('.plotly-host')._fullLayout.sliders[0].active"


def test_the_slider_changes_the_surface(page, site):
    page.goto(site + "notebooks/ppp_fig1_emergence.html")
    figure = reveal(page, 0)
    z = "d => { const z = d.querySelector('.plotly-host')._fullData[0].z; return Array.from(z[0]).join() }"
    first = figure.evaluate(z)
    assert figure.evaluate(ACTIVE) == 0  # it opens on one image
    figure.evaluate(
        "d => { const host = d.querySelector('.plotly-host');"
        " const frames = host._fullLayout.sliders[0].steps.map(step => step.args[0][0]);"
        " Plotly.animate(host, [frames.at(-1)], {mode: 'immediate', frame: {duration: 0, redraw: true}}) }"
    )
    page.wait_for_timeout(300)
    assert figure.evaluate(z) != first
    assert figure.evaluate(ACTIVE) == figure.evaluate(
        "d => d.querySelector('.plotly-host')._fullLayout.sliders[0].steps.length - 1"
    )


def test_the_film_plays_once(page, site):
    page.emulate_media(reduced_motion="no-preference")
    page.goto(site + "notebooks/ppp_fig1_emergence.html")
    figure = reveal(page, 0)
    page.wait_for_function(
        "() => { const slider = document.querySelector('.plotly-host')._fullLayout.sliders[0];"
        " return slider.active === slider.steps.length - 1 }",
        timeout=60_000,
    )
    last = figure.evaluate(ACTIVE)
    page.wait_for_timeout(1500)
    assert figure.evaluate(ACTIVE) == last  # and stays there


def test_the_explorers_menus_work_together(page, site):
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(site + "notebooks/explorer.html")
    figure = reveal(page, 1)  # of untrained networks
    visible = "d => d.querySelector('.plotly-host')._fullData.findIndex(t => t.visible === true)"
    shape = "d => d.querySelector('.plotly-host')._fullData.find(t => t.visible === true).z.length"
    for menu, item in ((0, 3), (1, 2)):
        figure.locator("g.updatemenu-header").nth(menu).click(force=True)
        page.wait_for_timeout(400)
        figure.locator("g.updatemenu-dropdown-button").nth(item).click(force=True)
        page.wait_for_timeout(400)
    assert figure.evaluate(visible) == 2
    assert figure.evaluate(shape) == figure.evaluate(
        "d => JSON.parse(d.querySelector('script').textContent)"
        ".layout.updatemenus[0].buttons[3].args[0].z[2].length"
    )


def test_the_home_page_leads_to_every_page(page, site):
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(site + "notebooks/intro.html")
    links = page.eval_on_selector_all(
        "nav.bd-links a, .bd-sidebar a", "all => all.map(a => a.href.split('#')[0])"
    )
    assert {
        site + p for p in PAGES if p not in ("search.html", "genindex.html", "notebooks/intro.html")
    } <= set(links)
