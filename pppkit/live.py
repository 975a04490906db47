"""A read-out that learns while you look, for JupyterLab: choose a network, a padding and a pattern."""

from __future__ import annotations

import html
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .checks import needs

needs(__name__, "ipywidgets", "plotly", extra="book")

import ipywidgets as widgets
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from .experiments.context import WEIGHTS, Context
from .experiments.posenet import PATTERNS, Bank, learn, mean_maps, pattern, reproduction, scores
from .experiments.posenet.encoders import ALONE, ENCODERS, TRAINED
from .experiments.ppp.published_networks import NETWORKS
from .figures.style import COLORSCALE, finish
from .results.maps import block_means

STYLE = {"description_width": "90px"}
LISTED = (ALONE, *NETWORKS, "vgg16")  # encoders that need no training's folder
KERNELS = (1, 3, 7)
SIDE = 56  # of the maps on show


def networks(paths: Mapping[str, Any] | None = None) -> dict[str, tuple[str, str]]:
    """What can be read: encoders and their weights by what the list calls them, small ones first.

    Args:
        paths: Folders by name; with `"weights"` the list holds the trained networks whose files are there.
    """
    folder, found = (paths or {}).get(WEIGHTS), {}
    context = Context(Path(), {WEIGHTS: folder} if folder else {})
    for name in LISTED:
        encoder = ENCODERS[name]
        trained = [TRAINED] if folder and TRAINED in encoder.weights else []
        for kind in [*trained, encoder.weights[-1]]:
            try:
                encoder.check({"model": name, "weights": kind}, context)
            except ValueError:  # its file is not in the folder
                continue
            words = "" if kind == "none" else f", {kind}"
            found[f"{encoder.title}{words}"] = (name, kind)
    return found


class LiveReadOut:
    """Controls, and what a read-out draws after each epoch beside what it is to draw.

    Args:
        profile: Of `posenet_tables`: how many pictures, of which size, for how many epochs.
        paths: Folders by name: `"weights"` adds trained networks.

    Attributes:
        widget: What to display.
        figure: The Plotly `FigureWidget`: the target, the drawing, and the error by epoch.
        losses: The error after each epoch of the last training.
    """

    def __init__(self, profile: str = "quick", *, paths: Mapping[str, Any] | None = None):
        self.profile, self.context = profile, Context(Path(), {k: v for k, v in (paths or {}).items() if v})
        self.networks = networks(self.context.paths)
        self.losses: list[float] = []
        self._make_controls()
        self.status = widgets.HTML("press <b>learn</b>")
        self.figure = go.FigureWidget(_panels())
        controls = [self.network, self.padding, self.pattern, self.kernel, self.start, self.status]
        self.widget = widgets.HBox([widgets.VBox(controls, layout={"width": "330px"}), self.figure])
        self._new_network()

    def _make_controls(self) -> None:
        names = {
            "network": list(self.networks),
            "padding": [],
            "pattern": list(PATTERNS),
            "kernel": [1, 3, 7],
        }
        for name, options in names.items():
            setattr(self, name, widgets.Dropdown(options=options, description=name, style=STYLE))
        self.kernel.value = 3
        self.start = widgets.Button(description="learn")
        self.start.on_click(lambda button: self.learn())
        self.network.observe(self._new_network, names="value")
        self.pattern.observe(self._new_target, names="value")

    network: widgets.Dropdown
    padding: widgets.Dropdown
    pattern: widgets.Dropdown
    kernel: widgets.Dropdown

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self.widget)

    def _new_network(self, change: Any = None) -> None:
        name, _ = self.networks[self.network.value]
        self.padding.options = [p for p in ENCODERS[name].paddings if name == ALONE or p != "none"]
        self.padding.value = self.padding.options[0]
        self._new_target()

    def _new_target(self, change: Any = None) -> None:
        with self.figure.batch_update():
            self.figure.data[0].z = block_means(pattern(self.pattern.value).numpy(), SIDE)

    def learn(self) -> None:
        """Reads the network's features, unless they are those of the last time, and trains one read-out."""
        self.start.disabled, self.losses = True, []
        try:
            self._learn()
        except Exception as error:  # a widget's callback would swallow it
            self.status.value = f"<b>{html.escape(str(error))}</b>"
        finally:
            self.start.disabled = False

    def _learn(self) -> None:
        self.status.value = "reading features ..."
        name, kind = self.networks[self.network.value]
        own = {"padding": self.padding.value, "pattern": self.pattern.value, "kernel": self.kernel.value}
        (trial,) = reproduction.grid(self.profile, name, kind, **own)
        features = reproduction.read(trial, self.context)
        trial["trial"] = (0,)
        bank, _ = reproduction.bank(trial, [maps.shape[1] for maps in features["train"]])
        epochs = reproduction.settings(trial)["epochs"]
        for loss in learn(bank, features["train"], epochs):
            self.losses.append(float(loss[0]))
            self._show(bank, features["images"])
            self.status.value = f"epoch {len(self.losses)} of {epochs}: error {self.losses[-1]:.4f}"
        (score,) = scores(bank, features["images"])
        self.status.value += (
            f"<br>SPC {score['spc']:.3f}, MAE {score['mae']:.3f} on {int(score['count'])} pictures"
        )

    def _show(self, bank: Bank, pictures: list) -> None:
        drawn = block_means(mean_maps(bank, pictures, [0])[0].numpy(), SIDE)
        with self.figure.batch_update():
            self.figure.data[1].z = drawn
            self.figure.data[2].x = list(range(1, len(self.losses) + 1))
            self.figure.data[2].y = self.losses


def _panels() -> go.Figure:
    """A target, a drawing, and a line, all empty."""
    fig = make_subplots(1, 3, column_titles=["target", "drawn", "error by epoch"], horizontal_spacing=0.06)
    empty = [[0.0] * SIDE] * SIDE
    for column in (1, 2):
        look = {"colorscale": COLORSCALE, "showscale": False, "zmin": 0, "zmax": 1}
        fig.add_trace(go.Heatmap(z=empty, **look), 1, column)
        anchor = {"scaleanchor": "x" if column == 1 else "x2", "constrain": "domain"}  # maps are square
        fig.update_yaxes(autorange="reversed", visible=False, **anchor, row=1, col=column)
        fig.update_xaxes(visible=False, constrain="domain", row=1, col=column)
    fig.add_trace(go.Scatter(x=[], y=[], mode="lines+markers"), 1, 3)
    fig.update_yaxes(rangemode="tozero", row=1, col=3)
    fig.update_layout(width=760)
    return finish(fig, 300, showlegend=False)
