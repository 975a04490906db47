"""Tables of `posenet_published`: what PosENet says of the networks that `published_networks` measures."""

from __future__ import annotations

import pandas as pd

from ...models import TITLES
from ...results.statistics import rank_correlation, student_interval
from ..ppp.published_networks import TRAINED
from ..ppp.published_tables import ABOVE, BELOW, KINDS, STARTS, WITHIN, compare_cells, deepest

CELL = ["model", "source", "padding"]
NETWORK = [*CELL, "weights", "weights_seed"]
VERDICTS = (ABOVE, WITHIN, BELOW)
MEASURES = {"snr_ppp": "SNR-PPP, deepest layer", "spc": "SPC of PosENet"}


def by_network(read: pd.DataFrame) -> pd.DataFrame:
    """SPC of each network, a mean over its read-outs.

    Args:
        read: Rows of `posenet_published`.

    Returns:
        One row for each of `NETWORK`: `spc` and `spc_ci95`, the half-width of its interval over read-outs.
    """
    found = []
    for key, part in read.groupby(NETWORK, sort=False):
        mean = student_interval(part["spc images"])
        found.append(dict(zip(NETWORK, key)) | {"spc": mean.value, "spc_ci95": mean.half_width})
    return pd.DataFrame(found, columns=[*NETWORK, "spc", "spc_ci95"])


def both(read: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Both measures of each network that both have.

    Args:
        read: Rows of `posenet_published`.
        rows: Rows of `published_networks`.

    Returns:
        One row for each of `NETWORK`: `spc` and `snr_ppp` of the deepest layer with their intervals.
    """
    columns = [*NETWORK, "snr_ppp", "snr_ppp_ci95"]
    return by_network(read).merge(deepest(rows)[columns], on=NETWORK)


def verdicts(read: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """What both measures say of training, by the rule of `published_tables.compare`.

    Args:
        read: Rows of `posenet_published`.
        rows: Rows of `published_networks`.

    Returns:
        One row for each initialisation (`start`) and `CELL`: `SNR-PPP` and `PosENet`, each of `VERDICTS`.
    """
    networks, parts = both(read, rows), []
    trained = networks[networks["weights"] == TRAINED]
    for kind, start in STARTS.items():
        untrained = networks[networks["weights"] == kind]
        ppp, spc = (compare_cells(trained, untrained, CELL, value) for value in ("snr_ppp", "spc"))
        named = ppp[[*CELL, "verdict"]].rename(columns={"verdict": "SNR-PPP"})
        parts.append(named.assign(PosENet=spc["verdict"], start=start))
    return pd.concat(parts, ignore_index=True)


def answer(read: pd.DataFrame, rows: pd.DataFrame) -> str:
    """In how many cells both measures say that a trained network is above its start, and do they rank alike.

    Args:
        read: Rows of `posenet_published`.
        rows: Rows of `published_networks`.
    """
    if TRAINED not in set(read["weights"]):
        return "No trained network is among these rows: give weights=FOLDER to ask PosENet about them."
    parts = []
    for start, part in verdicts(read, rows).groupby("start", sort=False):
        ppp, spc = (int((part[name] == ABOVE).sum()) for name in ("SNR-PPP", "PosENet"))
        same = int((part["SNR-PPP"] == part["PosENet"]).sum())
        parts.append(
            f"in {spc} of {len(part)} cells ({start}), where SNR-PPP says so in {ppp} "
            f"and both give the same verdict in {same}"
        )
    trained = both(read, rows).query("weights == @TRAINED")
    rank = rank_correlation(trained["snr_ppp"], trained["spc"])
    ranks = f"{rank.value:.2f} (95 % interval {rank.low:.2f} to {rank.high:.2f})"
    return (
        f"PosENet finds more position in trained networks than in untrained {'; '.join(parts)}. "
        f"Over the cells of trained networks the two measures correlate by ranks with {ranks}."
    )


def agreement(read: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Cells by both verdicts: a row for each initialisation and verdict of SNR-PPP, a column for PosENet's.

    Args:
        read: Rows of `posenet_published`.
        rows: Rows of `published_networks`.
    """
    found = verdicts(read, rows)
    counts = pd.crosstab([found["start"], found["SNR-PPP"]], found["PosENet"])
    index = pd.MultiIndex.from_product([list(STARTS.values()), VERDICTS], names=["start", "SNR-PPP"])
    return counts.reindex(index, columns=pd.Index(VERDICTS, name="PosENet"), fill_value=0)


def points(read: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Every network as a point for `pppkit.figures.strip_menu`, once for each of `MEASURES`.

    Args:
        read: Rows of `posenet_published`.
        rows: Rows of `published_networks`.

    Returns:
        Columns `network`, `source`, `measure`, `padding`, `weights`, `value`, and `error`, the half-width of
        a trained network's interval: over images of SNR-PPP, over read-outs of SPC.
    """
    networks, parts = both(read, rows), []
    for kind, label in KINDS.items():
        chosen = networks[networks["weights"] == kind]
        for value, measure in MEASURES.items():
            shown = chosen[["source", "padding"]].assign(network=chosen["model"].map(TITLES), measure=measure)
            error = chosen[f"{value}_ci95"] if kind == TRAINED else float("nan")
            parts.append(shown.assign(weights=label, value=chosen[value], error=error))
    found = pd.concat(parts, ignore_index=True)
    order = list(MEASURES.values())
    return found.sort_values("measure", key=lambda names: names.map(order.index), kind="stable")
