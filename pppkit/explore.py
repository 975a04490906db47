"""The explorer for JupyterLab: choose a network, a padding and a layer, and the surface follows."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .checks import needs

needs(__name__, "ipywidgets", "plotly", extra="book")

import ipywidgets as widgets
import plotly.graph_objects as go
from torch import nn

from . import figures, models
from .experiments.ppp.published_networks import NETWORKS, TRAINED, UNTRAINED
from .experiments.ppp.published_tables import KINDS
from .measure import PPPResult, measure_ppp
from .padding import FILLS
from .scenes import available, open_source

MAPS = {"PPP": "ppp", "padded features": "padded", "optimally padded features": "optimal"}
STYLE = {"description_width": "90px"}
ABSENT = (
    "No network here has learned anything: trained weights are files outside this book. Give weights=FOLDER, "
    "the folder of {files} ({origin})."
)


@dataclass(frozen=True)
class Network:
    """A network to explore.

    Attributes:
        name: For `pppkit.models.build`.
        weights: A file with its weights, or one of `pppkit.models.save`, which brings its own network along;
            empty for drawn ones.
        init: Of drawn weights, as in `pppkit.models.build`.
        width: Of its channels.
        num_classes: Outputs.
        size: Side of its input in pixels.
    """

    name: str
    weights: str = ""
    init: str = "default"
    width: float = 1.0
    num_classes: int = 1000
    size: int = 96

    def build(self) -> nn.Module:
        """The network, in eval mode."""
        if self.weights and models.saved(self.weights):
            return models.load(self.weights)
        file, width, classes = self.weights or None, self.width, self.num_classes
        return models.build(self.name, width=width, num_classes=classes, init=self.init, weights=file)


def published(folder: str | Path = "") -> dict[str, Network]:
    """Networks that others have trained, those whose weights are in a folder, and the same untrained.

    Args:
        folder: As `paths["weights"]` of the experiment `published_networks`; empty for untrained ones only.
    """
    trained: dict[str, Network] = {}
    untrained: dict[str, Network] = {}
    for name, network in NETWORKS.items():
        title, file = models.TITLES[name], Path(folder) / network.file
        own = Network(name, num_classes=network.num_classes, size=network.size)
        if folder and file.is_file():
            trained[f"{title}, {KINDS[TRAINED]}"] = replace(own, weights=str(file))
        for init in UNTRAINED:
            untrained[f"{title}, {KINDS[init]}"] = replace(own, init=init)
    return {**trained, **untrained}


def narrow(width: float = 0.25, size: int = 96) -> dict[str, Network]:
    """The PPP paper's networks, untrained, narrow enough to answer at once."""
    return {
        f"{models.TITLES[name]}, untrained, width {width:g}": Network(name, width=width, size=size)
        for name in models.PAPER_MODELS
    }


def checkpoint(file: str | Path, name: str = "", size: int = 96) -> Network:
    """A network of your own.

    Args:
        file: Of `pppkit.models.save`, or with a state dict of `name`.
        name: For `pppkit.models.build`.
        size: Side of its input in pixels.

    Raises:
        ValueError: If the file is not there.
    """
    if not Path(file).is_file():
        raise ValueError(f"file={str(file)!r} does not exist; give a checkpoint of pppkit.models.save")
    return Network(name, str(file), size=size)


def _dropdown(description: str, options: Sequence) -> widgets.Dropdown:
    return widgets.Dropdown(options=options, description=description, style=STYLE)


class Explorer:
    """Controls and a surface that shows what they say; measurements are kept, so looking again is instant.

    Args:
        networks: What to choose from, by what the list calls them; None for those of `published` and
            `narrow`.
        paths: Folders by name: `"satellite"` adds the mosaics to the choice of pictures, `"weights"` trained
            networks to that of networks.

    Attributes:
        widget: What to display.
        figure: The Plotly `FigureWidget`.
        result: The measurement on show.
    """

    def __init__(
        self,
        networks: Mapping[str, Network] | None = None,
        *,
        paths: Mapping[str, str | Path | None] | None = None,
    ):
        self.paths = dict(paths or {})
        folder = self.paths.get("weights") or ""
        self.networks = dict(networks or {**published(folder), **narrow()})
        self._measured: dict[tuple, PPPResult] = {}
        self._setting = False
        self.result: PPPResult | None = None
        self._make_controls()
        self.status = widgets.HTML()
        self.figure = go.FigureWidget(figures.surface([[0.0, 0.0], [0.0, 0.0]]))  # type: ignore[arg-type]
        self.figure.update_layout(width=640)
        controls = [self.network, self.source, self.padding, self.layer, self.count, self.kind]
        for control in controls:
            control.observe(self._changed, names="value")
        column = widgets.VBox([*controls, self.status, self._note()], layout={"width": "330px"})
        self.widget = widgets.HBox([column, self.figure])
        self.update()

    def _make_controls(self) -> None:
        first = next(iter(self.networks.values()))
        layers = list(models.LAYERS_OF_INTEREST.get(first.name, ()))
        self.network = _dropdown("network", list(self.networks))
        self.source = _dropdown("pictures", available(self.paths))
        self.padding = _dropdown("padding", list(FILLS))
        self.layer = _dropdown("layer", layers)
        if layers:
            self.layer.index = len(layers) - 1
        self.count = widgets.IntSlider(
            value=8, min=1, max=64, description="images", style=STYLE, continuous_update=False
        )
        self.kind = _dropdown("map", list(MAPS))

    def _note(self) -> widgets.HTML:
        """What to do where no network has weights from a file."""
        if any(network.weights for network in self.networks.values()):
            return widgets.HTML()
        first = next(iter(NETWORKS.values()))
        return widgets.HTML(html.escape(ABSENT.format(files=first.file, origin=first.origin)))

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self.widget)

    def _changed(self, change: dict) -> None:
        if not self._setting:
            self.update()

    def update(self) -> None:
        """Measures what the controls say, unless it was measured before, and shows it."""
        key = (self.network.value, self.source.value, self.padding.value, self.count.value)
        try:
            if key not in self._measured:
                self.status.value = "measuring ..."
                self._measured[key] = self._measure()
            self._show(self._measured[key])
        except Exception as error:  # a widget's callback would swallow it
            self.status.value = f"<b>{html.escape(str(error))}</b>"

    def _measure(self) -> PPPResult:
        network = self.networks[self.network.value]
        scenes = open_source(self.source.value, self.paths)
        chosen = {"padding": self.padding.value, "size": network.size, "n": self.count.value}
        return measure_ppp(network.build(), scenes, progress=False, **chosen)

    def _show(self, result: PPPResult) -> None:
        self.result = result
        layers = list(result.rows["layer"])
        if (
            list(self.layer.options) != layers
        ):  # another network: stay at the same depth, as seen from the end
            above = max(0, len(self.layer.options) - 1 - (self.layer.index or 0))
            self._setting = True
            try:
                self.layer.options = layers
                self.layer.index = max(0, len(layers) - 1 - above)
            finally:
                self._setting = False
        row = result.rows.set_index("layer").loc[self.layer.value]
        with self.figure.batch_update():
            self.figure.data[0].z = result.map(self.layer.value, kind=MAPS[self.kind.value])
            self.figure.layout.title.text = (
                f"{self.network.value}<br>{self.padding.value}, {self.layer.value}: {self.kind.value}"
            )
        self.status.value = (
            f"SNR-PPP {row.snr_ppp:.4f} ± {row.snr_ppp_ci95:.4f}<br>"
            f"MAE-PPP {row.mae_ppp:.4f} ± {row.mae_ppp_ci95:.4f}<br>"
            f"{int(row.n)} images of {int(row['size'])} pixels"
        )
