"""Claims about networks before training: Table 2 of the PPP paper."""

from __future__ import annotations

import math

import pandas as pd

from ...models import TITLES
from ...results.statistics import Interval
from .base import Evidence, Finding, Line, claim, leading, of_lines
from .rows import Rows, some

LIMIT = 1e-5  # of what counts as zero
PRINTED = 5e-5  # and of what prints as 0.0000
TINY = 1e-30  # a logarithm's floor


def _deep(rows: Rows) -> pd.DataFrame:
    table = rows.table("untrained")
    return some(table[(table["level"] == 4) & (table["init"] == "default")], "untrained networks")


def _below(name: str, values: pd.Series, limit: float, measured: str, networks: str) -> Finding:
    """Whether the largest value is below a limit: by how many powers of ten."""
    room = Interval.around(math.log10(limit / max(values.max(), TINY)), 0)
    return of_lines(measured, [Line(name, lambda level: {"the largest": room})], networks)


def _networks(deep: pd.DataFrame) -> str:
    return f"{deep['weights_seed'].nunique()} networks each, {int(deep['n'].max())} images"


@claim(
    "untrained-none",
    paper="PPP",
    place="4.2, Table 2",
    text="PPP is zero without padding, by definition",
    check="SNR-PPP of VGG19 without padding is below 1e-5",
    evidence=Evidence.UNTRAINED,
    needs=["untrained"],
)
def without_padding(rows: Rows) -> Finding:
    """Rounding is all that is left."""
    deep = _deep(rows)
    found = some(deep[deep["padding"] == "none"], "networks without padding")["snr_ppp"]
    return _below("VGG19 without padding", found, LIMIT, f"at most {found.max():.1e}", _networks(deep))


@claim(
    "untrained-vgg19",
    paper="PPP",
    place="Table 2",
    text="Before training only zero padding shows in VGG19",
    check="SNR-PPP of every other padding prints as 0.0000",
    evidence=Evidence.UNTRAINED,
    needs=["untrained"],
)
def only_zeros_show_in_vgg19(rows: Rows) -> Finding:
    """The largest of single networks, not a mean."""
    deep = _deep(rows)
    vgg = deep[(deep["model"] == "vgg19") & (deep["padding"] != "none")].set_index("padding")["snr_ppp"]
    zeros = some(vgg[vgg.index == "zeros"], "VGG19 with zeros").mean()
    others = some(vgg[vgg.index != "zeros"], "VGG19 with another padding")
    measured = f"zeros {zeros:.4f}, the largest of another padding {others.max():.5f}"
    return _below("VGG19 with other paddings", others, PRINTED, measured, _networks(deep))


@claim(
    "untrained-others",
    paper="PPP",
    place="Table 2",
    text="Before training zeros leave the strongest pattern in ResNet50 and EfficientNet",
    check=(
        "SNR-PPP of zeros minus that of the strongest other padding is positive, "
        "both kinds of pictures together"
    ),
    evidence=Evidence.UNTRAINED,
    needs=["untrained"],
)
def zeros_are_strongest(rows: Rows) -> Finding:
    """Networks of one seed are averaged over the kinds of pictures."""
    deep = _deep(rows)
    padded = deep[(deep["model"] != "vgg19") & (deep["padding"] != "none")]
    cells = {}
    for model, part in padded.groupby("model"):
        means = part.groupby(["padding", "weights_seed"])["snr_ppp"].mean()
        groups = {str(padding): values for padding, values in means.groupby(level="padding")}
        if "zeros" in groups and len(groups) > 1:
            cells[TITLES[str(model)]] = groups
    return leading(some(cells, "networks with zeros and with another padding"), "zeros", _networks(deep))
