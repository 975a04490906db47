import functools
import http.server
import io
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

# No drawing in three dimensions at all, as on old machines and some remote desktops.
WITHOUT_WEBGL = ["--no-sandbox", "--disable-gpu", "--disable-3d-apis"]
ROOT = Path(__file__).parents[2]
HTML = ROOT / "book" / "_build" / "html"


def pixels(locator):
    """What is seen of an element, `(H, W, 3)` whole numbers."""
    seen = Image.open(io.BytesIO(locator.screenshot()))
    return np.asarray(seen.convert("RGB")).astype(int)


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    system = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    quiet = [
        "--disable-quic",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
    ]
    webgl = [
        "--use-gl=angle",
        "--use-angle=swiftshader",
        "--enable-unsafe-swiftshader",
    ]  # surfaces without a graphics card
    found = {"executable_path": system} if system else {}
    return browser_type_launch_args | found | {"args": ["--no-sandbox", *quiet, *webgl]}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    """Films stand still, as for readers who want no motion, unless a test asks for them."""
    return browser_context_args | {"reduced_motion": "reduce"}


@pytest.fixture(scope="session")
def site():
    """Address of the built book."""
    if not (HTML / "index.html").exists():
        pytest.fail("the book is not built; run make book")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(HTML)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.fixture
def complaints(page, site):
    """What a page did that it should not: errors, broken links, requests to other hosts."""
    found = []
    page.on("console", lambda m: m.type == "error" and found.append(m.text))
    page.on("pageerror", lambda e: found.append(f"page error: {e}"))
    page.on(
        "request",
        lambda r: r.url.startswith((site, "data:", "blob:")) or found.append(f"other host: {r.url}"),
    )
    page.on("response", lambda r: r.status >= 400 and found.append(f"{r.status}: {r.url}"))
    return found
