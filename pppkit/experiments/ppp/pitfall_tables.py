"""Tables of rows of `pitfalls`: what each pitfall costs, and which margins are clean."""

from __future__ import annotations

import pandas as pd

CLEAN = 1.001  # times the smallest distance of a layer


def of_pitfall(rows: pd.DataFrame, pitfall: str) -> pd.DataFrame:
    """Rows of one pitfall."""
    return rows[rows["pitfall"] == pitfall]


def by_variant(rows: pd.DataFrame, index: list[str], metric: str) -> pd.DataFrame:
    """A metric with a column for each variant, right and wrong."""
    return rows.pivot_table(index=index, columns="variant", values=metric, sort=False)


def cost_sentence(distances: pd.DataFrame) -> str:
    """By how much ignoring the shift multiplies the first layer's distance, a line for each kind of pictures.

    Args:
        distances: Of `by_variant`, of the principal point, by source and layer.
    """
    first = distances.xs("layer1", level="layer")
    factors = first["image centred"] / first["corrected"]
    return "\n".join(
        f"{source}: ignoring the shift multiplies the first layer's distance by {factor:.1f}"
        for source, factor in factors.items()
    )


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
