"""The explorer inside a real JupyterLab: its controls measure, and the surface follows."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from .conftest import ROOT

Z = """() => {
  const plots = [...document.querySelectorAll('.jp-OutputArea-output .js-plotly-plot')].filter(p =>
  p._fullData && p._fullData[0].type === 'surface'); const plot = plots[plots.length - 1]; return plot ?
  plot._fullLayout.title.text + '|' + Array.from(plot._fullData[0].z, row => Array.from(row).join()).join(';')
  : '';
}"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Address of a JupyterLab on a copy of the notebooks."""
    folder = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "book" / "results", folder / "book" / "results")
    (folder / "notebooks").mkdir()
    shutil.copy(ROOT / "notebooks" / "explorer.ipynb", folder / "notebooks")
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    options = [
        "--no-browser",
        "--allow-root",
        f"--port={port}",
        "--ip=127.0.0.1",
        "--IdentityProvider.token=",
        "--LabApp.news_url=",
        f"--notebook-dir={folder / 'notebooks'}",
    ]
    home = {
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
    }
    binary = Path(sys.executable).with_name("jupyter")
    server = subprocess.Popen(
        [str(binary), "lab", *options],
        env=os.environ | home,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    for _ in range(120):
        try:
            urllib.request.urlopen(f"{url}/api", timeout=5).close()
            break
        except OSError:
            time.sleep(0.5)
    yield url
    server.terminate()
    server.wait(20)


def test_the_surface_follows_the_controls(page, lab):
    page.set_viewport_size({"width": 1400, "height": 1000})
    page.goto(f"{lab}/lab/tree/explorer.ipynb?reset", wait_until="domcontentloaded")
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=40_000)
    page.wait_for_selector(".jp-Toolbar-kernelName:has-text('Python 3')", timeout=60_000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    controls = page.locator(".jupyter-widgets select")
    controls.first.wait_for(timeout=180_000)
    controls.first.scroll_into_view_if_needed()  # JupyterLab draws what is on the screen
    page.wait_for_function(
        f"({Z})().startsWith('SqueezeNet 1.0, untrained, He et al.<br>zeros')", timeout=90_000
    )
    seen = [page.evaluate(Z)]
    said = page.locator(".jupyter-widgets.widget-html")
    assert "SNR-PPP" in said.first.inner_text()
    assert "No network here has learned anything" in said.last.inner_text()  # no folder of weights is given
    for label, value, title in (
        ("padding", "circular", "<br>circular, "),
        ("layer", "features.8", "features.8"),
        ("network", "ResNet50, untrained, width 0.25", "ResNet50, untrained, width 0.25<br>circular"),
    ):
        box = page.locator(".widget-dropdown", has=page.locator(f"label:text-is('{label}')")).locator(
            "select"
        )
        box.select_option(label=value)
        page.wait_for_function(f"({Z})().includes('{title}')", timeout=90_000)
        page.wait_for_timeout(500)
        seen.append(page.evaluate(Z))
    assert len({s.split("|")[1] for s in seen}) == 4, "the surface did not follow"
