"""Tables of rows of `pitfalls`: what each pitfall costs, and which margins are clean."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ...alignment.printed import PRINTED_MODELS
from ...models import TITLES

CLEAN = 1.001  # times the smallest distance of a layer
THEIRS = {theirs: TITLES[ours] for ours, theirs in PRINTED_MODELS.items()}
NAMES = {"image and maps centred": "both centred"}  # of variants, where pages call them otherwise


def named(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of `pitfalls` with variants as pages call them."""
    return rows.assign(variant=rows["variant"].replace(NAMES))


def panels(maps: Mapping[tuple[str, ...], np.ndarray], pitfall: str) -> dict[tuple[str, str], np.ndarray]:
    """Maps of one pitfall for a gallery, by variant and layer.

    Args:
        maps: Of `pitfalls.maps`.
        pitfall: Of `pitfalls.PITFALLS`.
    """
    return {(NAMES.get(v, v), layer): z for (which, v, layer), z in maps.items() if which == pitfall}


def of_pitfall(rows: pd.DataFrame, pitfall: str) -> pd.DataFrame:
    """Rows of one pitfall."""
    return rows[rows["pitfall"] == pitfall]


def by_variant(rows: pd.DataFrame, index: list[str], metric: str) -> pd.DataFrame:
    """A metric with a column for each variant, right and wrong."""
    return rows.pivot_table(index=index, columns="variant", values=metric, sort=False)


def answer(distances: pd.DataFrame) -> str:
    """The page's sentence: by how much ignoring the shift multiplies the first layer's distance.

    Args:
        distances: Of `by_variant`, of the principal point, by source and layer.
    """
    first = distances.xs("layer1", level="layer")
    factors = first["image centred"] / first["corrected"]
    listed = " and ".join(f"by {factor:.1f} on {source}" for source, factor in factors.items())
    return f"Ignoring the shift multiplies the first layer's distance {listed}: content, taken for padding."


def shifts_from_the_middle(table: pd.DataFrame) -> pd.Series:
    """Input pixels between image and maps, layer by layer, when all of them are cut from the middle.

    Args:
        table: Of `pppkit.margins`.
    """
    middle = (table["optimal_height"] - table["regular_height"]) // 2
    apart = (table["top"] - middle) * table["stride"].astype(int)
    return (apart - apart["input"]).drop("input").abs()


def shifts_sentence(table: pd.DataFrame) -> str:
    """`shifts_from_the_middle` in input pixels and in pixels of the layers' maps."""
    shifts = shifts_from_the_middle(table)
    first, *others = [f"{shift} at {layer}" for layer, shift in shifts.items()]
    first = first.replace(" at", f" input pixel{'s' * int(shifts.iloc[0] != 1)} at")
    shares = shifts / table["stride"].drop("input").astype(int)
    return (
        f"*Both centred* cuts everything from the middle: image and maps are then apart by "
        f"{', '.join([first, *others])}, which is {', '.join(map('{:.2f}'.format, shares))} feature pixels."
    )


def even_margins(printed: pd.DataFrame) -> dict[str, bool]:
    """Whether all margins that the paper prints of a network are even, by its name.

    Args:
        printed: The appendix's tables.
    """
    odd = printed[["margin_top_left", "margin_bottom_right"]] % 2
    groups = odd.groupby(printed["model"], sort=False)
    return {THEIRS.get(str(name), str(name)): not part.any(axis=None) for name, part in groups}


def even_sentence(printed: pd.DataFrame) -> str:
    """Of which networks all printed margins are even; the argument is that of `even_margins`."""
    even = even_margins(printed)
    yes, no = (", ".join(name for name, found in even.items() if found is kind) for kind in (True, False))
    parts = [f"all are even in {yes}"] * bool(yes) + [f"not all in {no}"] * bool(no)
    return f"Of the margins that the paper prints {', '.join(parts)}."


def parity(rows: pd.DataFrame, source: str) -> pd.DataFrame:
    """Rows of the pooling's parity on one kind of pictures, with the pixels `M`, sorted by layer and M."""
    found = of_pitfall(rows, "pooling parity")
    found = found[found["source"] == source]
    found = found.assign(M=found["variant"].str.removeprefix("M = ").astype(int))
    level = found.groupby("variant").cumcount()  # layers come from shallow to deep
    return found.assign(level=level).sort_values(["level", "M"])


def clean_margins(found: pd.DataFrame) -> list[int]:
    """The M at which every layer has its smallest distance.

    Args:
        found: Of `parity`.
    """
    lowest = found.groupby("layer")["distance"].transform("min")
    layers = found[found["distance"] < CLEAN * lowest].groupby("M")["layer"].nunique()
    return [int(m) for m in layers[layers == found["layer"].nunique()].index]
