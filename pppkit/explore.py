"""The explorer for JupyterLab: choose a network, a padding and a layer, and the surface follows."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path

from .checks import needs

needs(__name__, "ipywidgets", "plotly", extra="book")

import ipywidgets as widgets
import plotly.graph_objects as go

from . import figures, models
from .measure import PPPResult, measure_ppp
from .padding import FILLS
from .scenes import available, open_source

KINDS = {"PPP": "ppp", "padded features": "padded", "optimally padded features": "optimal"}
STYLE = {"description_width": "90px"}


def _dropdown(description: str, options: Sequence) -> widgets.Dropdown:
    return widgets.Dropdown(options=options, description=description, style=STYLE)


def _is_file(network: str) -> bool:
    return network.endswith(".pt")


class Explorer:
    """Controls and a surface that shows what they say; measurements are kept, so looking again is instant.

    Args:
        model: Names for `pppkit.models.build`, and files of `pppkit.models.save`.
        width: Width of the paper's networks: 1 for theirs, less to answer faster.
        size: Side of the input in pixels.
        paths: Folders of data sets by name; `"satellite"` adds the mosaics to the choice of pictures.
        weights: A checkpoint's file to start with; one of `pppkit.models.save` brings its own network along.

    Attributes:
        widget: What to display.
        figure: The Plotly `FigureWidget`.
        result: The measurement on show.
    """

    def __init__(
        self,
        model: Sequence[str] = models.PAPER_MODELS,
        *,
        width: float = 0.25,
        size: int = 96,
        paths: Mapping[str, str | Path | None] | None = None,
        weights: str | Path = "",
    ):
        self.width, self.size, self.paths = width, size, dict(paths or {})
        self._measured: dict[tuple, PPPResult] = {}
        self._setting = False
        self.result: PPPResult | None = None
        self._make_controls(model, str(weights))
        self.status = widgets.HTML()
        self.figure = go.FigureWidget(figures.surface([[0.0, 0.0], [0.0, 0.0]]))  # type: ignore[arg-type]
        self.figure.update_layout(width=640)
        controls = [self.network, self.weights, self.source, self.padding, self.layer, self.count, self.kind]
        for control in controls:
            control.observe(self._changed, names="value")
        column = widgets.VBox([*controls, self.status], layout={"min_width": "330px"})
        self.widget = widgets.HBox([column, self.figure])
        self.update()

    def _make_controls(self, networks: Sequence[str], weights: str) -> None:
        names = [(Path(n).stem if _is_file(n) else n, n) for n in networks]
        layers = list(models.LAYERS_OF_INTEREST.get(networks[0], ()))
        self.network = _dropdown("network", names)
        self.weights = widgets.Text(
            value=weights,
            placeholder="checkpoint file, empty for untrained",
            description="weights",
            style=STYLE,
            continuous_update=False,
        )
        self.source = _dropdown("pictures", available(self.paths))
        self.padding = _dropdown("padding", list(FILLS))
        self.layer = _dropdown("layer", layers)
        self.count = widgets.IntSlider(
            value=8, min=1, max=64, description="images", style=STYLE, continuous_update=False
        )
        self.kind = _dropdown("map", list(KINDS))

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self.widget)

    def _changed(self, change: dict) -> None:
        if not self._setting:
            self.update()

    def update(self) -> None:
        """Measures what the controls say, unless it was measured before, and shows it."""
        key = (
            self.network.value,
            self.weights.value,
            self.source.value,
            self.padding.value,
            self.count.value,
        )
        try:
            if key not in self._measured:
                self.status.value = "measuring ..."
                self._measured[key] = self._measure()
            self._show(self._measured[key])
        except Exception as error:  # a widget's callback would swallow it
            self.status.value = f"<b>{html.escape(str(error))}</b>"

    def _measure(self) -> PPPResult:
        name, weights = self.network.value, self.weights.value
        file = weights or (name if _is_file(name) else "")
        if file:
            model = models.from_checkpoint(file, name)
        else:
            model = models.build(name, width=self.width if name in models.PAPER_MODELS else 1.0)
        scenes = open_source(self.source.value, self.paths)
        return measure_ppp(
            model, scenes, padding=self.padding.value, size=self.size, n=self.count.value, progress=False
        )

    def _show(self, result: PPPResult) -> None:
        self.result = result
        layers = list(result.rows["layer"])
        if list(self.layer.options) != layers:  # another network: stay at the same depth
            level = self.layer.index or 0
            self._setting = True
            try:
                self.layer.options = layers
                self.layer.index = min(level, len(layers) - 1)
            finally:
                self._setting = False
        row = result.rows.set_index("layer").loc[self.layer.value]
        with self.figure.batch_update():
            self.figure.data[0].z = result.map(self.layer.value, kind=KINDS[self.kind.value])
            self.figure.layout.title.text = (
                f"{self.network.label}, {self.padding.value}, {self.layer.value}: {self.kind.value}"
            )
        self.status.value = (
            f"SNR-PPP {row.snr_ppp:.4f} ± {row.snr_ppp_ci95:.4f}<br>"
            f"MAE-PPP {row.mae_ppp:.4f} ± {row.mae_ppp_ci95:.4f}<br>"
            f"{int(row.n)} images of {self.size} pixels"
        )
