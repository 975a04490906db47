"""What `measure_ppp` found, and the tally that it grows from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from ..metrics.ppp import DEFAULT_MAE, DEFAULT_SNR, MAE_READINGS, PPP, SNR_READINGS

AS_BUILT = "as built"  # the padding of a model that is measured as it is
MAPS = ("ppp", "optimal", "padded")

Key = tuple[str, str]  # padding, layer


@dataclass
class PPPResult:
    """What `measure_ppp` found.

    Attributes:
        rows: One row for each padding and layer: snr_ppp, mae_ppp with the half-widths of their 95 %
            confidence intervals over images, every reading under its name, n, size, margin, optimal, seed,
            seconds, device, dtype. `optimal` says which way the optimally padded features came, `margin` how
            many pixels around the image had to exist: the canvas's in both ways, or those of the unpadded run
            where photographs were too small for a canvas.
        convergence: The same metrics after fewer images: padding, layer, n, snr_ppp, mae_ppp, and their
            intervals.
        maps: For each (padding, layer) the channel means over all images: `ppp`, `optimal`, `padded`, each
            `(H, W)`.
        snapshots: For each (padding, layer) the same maps after the numbers of images in `counts`,
            `(len(counts), H, W)`.
        counts: Numbers of images at which convergence and snapshots were taken.
    """

    rows: pd.DataFrame
    convergence: pd.DataFrame
    maps: dict[Key, dict[str, np.ndarray]]
    snapshots: dict[Key, dict[str, np.ndarray]]
    counts: list[int] = field(default_factory=list)

    def map(self, layer: str | None = None, padding: str | None = None, kind: str = "ppp") -> np.ndarray:
        """One map `(H, W)`: of the deepest layer and the first padding, unless named. `kind` is one of
        `MAPS`."""
        keys = list(self.maps)
        padding = padding or keys[0][0]
        layer = layer or [k[1] for k in keys if k[0] == padding][-1]
        if (padding, layer) not in self.maps or kind not in MAPS:
            raise ValueError(
                f"no map kind={kind!r} of padding={padding!r}, layer={layer!r}; "
                f"there are {keys} and kinds {MAPS}"
            )
        return self.maps[padding, layer][kind]


class Tally:
    """Metrics of a measurement, and their convergence, while images go by.

    Args:
        counts: Numbers of images at which convergence is recorded.
        device: Where sums are kept.
    """

    def __init__(self, counts: Sequence[int], device: torch.device):
        self.counts, self.device = list(counts), device
        self.done = 0
        self.metrics: dict[Key, PPP] = {}
        self.snapshots: dict[Key, list[dict[str, np.ndarray]]] = {}
        self.convergence: list[dict[str, Any]] = []

    def add(
        self, padding: str | None, optimal: Mapping[str, Tensor], padded: Mapping[str, Tensor], batch: int
    ) -> None:
        """Adds the feature pairs of a batch.

        Raises:
            ValueError: If features are not finite.
        """
        for layer, features in padded.items():
            key = (padding or AS_BUILT, layer)
            if key not in self.metrics:
                # images are this process's own, also while others train: waiting for theirs would wait
                # forever
                metric = PPP(*features.shape[-2:], sync_on_compute=False).to(self.device)
                self.metrics[key], self.snapshots[key] = metric, []
            self.metrics[key].update(optimal[layer], features)
            if not torch.isfinite(self.metrics[key].scalars[:4]).all():
                raise ValueError(
                    f"model: the features of {layer!r} under padding={padding!r} are NaN or infinite within "
                    f"images {self.done} to {self.done + batch - 1}; look at its weights, and at normalize="
                )

    def close(self, batch: int) -> None:
        """Counts a batch, and records convergence where it is due."""
        self.done += batch
        if self.done not in self.counts:
            return
        for key, metric in self.metrics.items():
            self.snapshots[key].append(_maps(metric))
            names = {"padding": key[0], "layer": key[1], "n": self.done}
            self.convergence.append(names | _headline(metric.compute()))

    def result(
        self, layers: Sequence[str], settings: Mapping[str | None, dict[str, Any]], made: dict[str, Any]
    ) -> PPPResult:
        """What was found.

        Args:
            layers: Shallow to deep, for the column `level`.
            settings: Columns in front of the metrics, by padding.
            made: Columns behind them.
        """
        rows, maps = [], {}
        named = {padding or AS_BUILT: columns for padding, columns in settings.items()}
        for (padding, layer), metric in self.metrics.items():
            names = {"padding": padding, "layer": layer, "level": 1 + layers.index(layer), "n": self.done}
            rows.append(names | named[padding] | _metrics(metric) | made)
            maps[padding, layer] = _maps(metric)
        stacks = {
            key: {kind: np.stack([step[kind] for step in steps]) for kind in MAPS}
            for key, steps in self.snapshots.items()
        }
        return PPPResult(pd.DataFrame(rows), pd.DataFrame(self.convergence), maps, stacks, self.counts)


def _maps(metric: PPP) -> dict[str, np.ndarray]:
    sums = metric.sums()
    means = {"ppp": sums.distance, "optimal": sums.optimal, "padded": sums.padded}
    return {kind: (means[kind] / sums.count).cpu().numpy() for kind in MAPS}


def _headline(found: dict[str, Any]) -> dict[str, float]:
    snr, mae = found["snr"][DEFAULT_SNR], found["mae"][DEFAULT_MAE]
    return {"snr_ppp": snr.value, "snr_ppp_ci95": snr.ci95, "mae_ppp": mae.value, "mae_ppp_ci95": mae.ci95}


def _metrics(metric: PPP) -> dict[str, float]:
    found = metric.compute()
    snr = {f"snr {reading}": found["snr"][reading].value for reading in SNR_READINGS}
    mae = {f"mae {reading}": found["mae"][reading].value for reading in MAE_READINGS}
    return _headline(found) | snr | mae
