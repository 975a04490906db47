"""Which networks have learned something: those of others, and those trained here above a gate of accuracy."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from ...models import TITLES
from .published_networks import NETWORKS, TRAINED
from .recipes import GATES, passed
from .tables import NETWORK, at_the_end

COLUMNS = ["network", "learned from", "top-1 in %", "networks", "by"]
DATA = {"imagenet": "ImageNet", "cifar10": "CIFAR-10", "scenes": "shapes in scenes"}


def networks_that_learned(published: pd.DataFrame, learned: pd.DataFrame) -> pd.DataFrame:
    """A row for each kind of network that learned: what from, its accuracy, how many, and by whom.

    Args:
        published: Rows of `published_networks`; their accuracy is the published one.
        learned: Rows of `learned`, which may be none; networks below their gate are only counted.
    """
    return pd.DataFrame([*_of_others(published), *_of_ours(learned)], columns=COLUMNS)


def _of_others(rows: pd.DataFrame) -> Iterator[dict[str, str]]:
    for model in rows.loc[rows["weights"] == TRAINED, "model"].unique():
        network = NETWORKS[model]
        names = {"network": TITLES[model], "learned from": DATA[network.data]}
        yield {**names, "top-1 in %": f"{network.accuracy:.1f}", "networks": "1", "by": network.origin}


def _of_ours(rows: pd.DataFrame) -> Iterator[dict[str, str]]:
    if rows.empty:
        return
    last = at_the_end(rows).drop_duplicates(list(NETWORK))
    for (model, data), part in last.assign(learned=passed(rows)).groupby(["model", "data"], sort=False):
        above = part[part["learned"]]
        if above.empty:
            continue
        ends = 100 * above["val_accuracy"].min(), 100 * above["val_accuracy"].max()
        yield {
            "network": TITLES[model],
            "learned from": DATA[data],
            "top-1 in %": " to ".join(dict.fromkeys(f"{end:.1f}" for end in ends)),
            "networks": f"{len(above)} of {len(part)}",
            "by": f"this book (gate {100 * GATES[model, data]:.0f})",
        }
