"""A tile server on the loopback address, which can be told to misbehave."""

import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

import numpy as np
from PIL import Image

SIDE = 32  # pixels of a tile


def world(top, left, height, width, zoom):
    """The pixels that the server's tiles are cut from."""
    y = np.arange(top, top + height)[:, None]
    x = np.arange(left, left + width)[None] % (SIDE << zoom)
    return np.stack(np.broadcast_arrays(y * 7 + x, x * 5 + y // 256, y * x // 64), -1).astype(np.uint8)


def tile(zoom, x, y, side=SIDE):
    buffer = BytesIO()
    Image.fromarray(world(y * SIDE, x * SIDE, side, side, zoom)).save(buffer, "PNG")
    return buffer.getvalue()


class Server(ThreadingHTTPServer):
    """Serves `/z/x/y.png`; `odd` has a function of the handler where it should act otherwise."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.log, self.odd, self.agents, self.delay = [], {}, set(), 0.0  # log: time and place, or a mark
        self.now, self.most = 0, 0  # requests at a time
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def handle_error(self, request, client_address):
        """A client that was killed is no error."""

    @property
    def home(self):
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def template(self):
        return self.home + "/{z}/{x}/{y}.png"

    @property
    def asked(self):
        """How often each tile was asked for."""
        return Counter(place for _, place in self.log if isinstance(place, tuple))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        server = self.server
        server.agents.add(self.headers["User-Agent"])
        if self.path.startswith("/mark"):
            server.log.append((time.monotonic(), self.path))
            return self.send(b"")
        z, x, y = self.path.split("?")[0].strip("/").removesuffix(".png").split("/")
        place = (int(z), int(x), int(y))
        with server.lock:
            server.log.append((time.monotonic(), place))
            server.now += 1
            server.most = max(server.most, server.now)
        try:
            time.sleep(server.delay)
            odd = server.odd.get(place)
            if not (odd and odd(self)):
                self.send(tile(*place))
        except (BrokenPipeError, ConnectionResetError):
            pass
        finally:
            with server.lock:
                server.now -= 1

    def send(self, body, code=200, length=None, **headers):
        self.send_response(code)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)
        return True

    def log_message(self, *arguments):
        pass


def always(**answer):
    """Another answer than the tile."""
    return lambda handler: handler.send(**{"body": b""} | answer)


def first(times, odd):
    """An oddity for the first few requests only."""
    left = [times]

    def act(handler):
        left[0] -= 1
        return left[0] >= 0 and odd(handler)

    return act
