"""Which networks have learned something: those of others, and those trained here above a gate of accuracy."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from ...models import TITLES
from .published_networks import NETWORKS, TRAINED
from .recipes import SALIENCY, gates, passed, scores
from .tables import NETWORK, at_the_end

COLUMNS = ["network", "learned from", "score in %", "networks", "by"]
DATA = {"imagenet": "ImageNet", "cifar10": "CIFAR-10", "scenes": "shapes in scenes"}


def networks_that_learned(published: pd.DataFrame, learned: pd.DataFrame) -> pd.DataFrame:
    """A row for each kind of network that learned: what from, its score, how many, and by whom.

    The score is top-1 accuracy, or the weighted F-measure of masks.

    Args:
        published: Rows of `published_networks`; their accuracy is the published one.
        learned: Rows of `learned`, which may be none; networks below their gate are only counted.
    """
    return pd.DataFrame([*_of_others(published), *_of_ours(learned)], columns=COLUMNS)


def _of_others(rows: pd.DataFrame) -> Iterator[dict[str, str]]:
    for model in rows.loc[rows["weights"] == TRAINED, "model"].unique():
        network = NETWORKS[model]
        names = {"network": TITLES[model], "learned from": DATA[network.data]}
        yield {**names, "score in %": f"{network.accuracy:.1f}", "networks": "1", "by": network.origin}


def _of_ours(rows: pd.DataFrame) -> Iterator[dict[str, str]]:
    if rows.empty:
        return
    last = at_the_end(rows).drop_duplicates(list(NETWORK))
    for (model, data), part in last.assign(learned=passed(rows)).groupby(["model", "data"], sort=False):
        above = part[part["learned"]]
        if above.empty:
            continue
        percent = 100 * scores(above)
        ends = dict.fromkeys(f"{end:.1f}" for end in (percent.min(), percent.max()))
        yield {
            "network": TITLES[model],
            "learned from": f"masks of {DATA[data]}" if model in SALIENCY else DATA[data],
            "score in %": " to ".join(ends),
            "networks": f"{len(above)} of {len(part)}",
            "by": f"this book (gate {100 * gates(above).iloc[0]:.0f})",
        }
