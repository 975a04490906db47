"""Tables of `posenet_published`: what PosENet says of the networks that `published_networks` measures.

PosENet takes long and reads few untrained networks of a kind, so a trained one is only compared with each of
those: above all of them, below all of them, or neither. PPP is asked for the same networks.
"""

from __future__ import annotations

import pandas as pd

from ...models import TITLES
from ...results.statistics import rank_correlation, student_interval
from ..ppp.published_networks import TRAINED
from ..ppp.published_tables import ABOVE, BELOW, KINDS, STARTS, WITHIN, deepest

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
    """What both measures say of training.

    Args:
        read: Rows of `posenet_published`.
        rows: Rows of `published_networks`.

    Returns:
        One row for each `CELL` with a trained network and each initialisation of which there are untrained
        ones (`start`): `untrained`, how many; `SNR-PPP` and `PosENet`, each of `VERDICTS`.
    """
    networks, found = both(read, rows), []
    trained = networks[networks["weights"] == TRAINED]
    for kind, start in STARTS.items():
        fresh = dict(tuple(networks[networks["weights"] == kind].groupby(CELL)))
        for row in trained.to_dict("records"):
            key = tuple(row[name] for name in CELL)
            if key in fresh:
                others = fresh[key]
                told = {
                    "SNR-PPP": _verdict(row["snr_ppp"], others["snr_ppp"]),
                    "PosENet": _verdict(row["spc"], others["spc"]),
                }
                found.append(dict(zip(CELL, key)) | {"start": start, "untrained": len(others)} | told)
    return pd.DataFrame(found, columns=[*CELL, "start", "untrained", "SNR-PPP", "PosENet"])


def _verdict(value: float, others: pd.Series) -> str:
    if value > others.max():
        return ABOVE
    return BELOW if value < others.min() else WITHIN


def answer(read: pd.DataFrame, rows: pd.DataFrame) -> str:
    """In how many cells either measure puts a trained network above its start, and whether both rank alike.

    Args:
        read: Rows of `posenet_published`.
        rows: Rows of `published_networks`.
    """
    if read.empty or TRAINED not in set(read["weights"]):
        return "No trained network is among these rows: give weights=FOLDER to ask PosENet about them."
    parts = []
    for start, part in verdicts(read, rows).groupby("start", sort=False):
        ppp, spc = (int((part[name] == ABOVE).sum()) for name in ("SNR-PPP", "PosENet"))
        same = int((part["SNR-PPP"] == part["PosENet"]).sum())
        parts.append(
            f"in {spc} of {len(part)} cells ({start}), where SNR-PPP says so in {ppp} "
            f"and both say the same in {same}"
        )
    trained = both(read, rows).query("weights == @TRAINED")
    rank = rank_correlation(trained["snr_ppp"], trained["spc"])
    ranks = f"{rank.value:.2f} (95 % interval {rank.low:.2f} to {rank.high:.2f}, {len(trained)} cells)"
    return (
        f"PosENet finds position better in a trained network than in any untrained one "
        f"{'; '.join(parts) or 'nowhere yet'}. "
        f"Over trained networks, paddings and pictures the two measures correlate by ranks with {ranks}."
    )


def counted(read: pd.DataFrame) -> str:
    """How many networks of a kind PosENet has read: fewer than PPP was measured of.

    Args:
        read: Rows of `posenet_published`.
    """
    counts = read.groupby("weights")["weights_seed"].nunique()
    return "; ".join(f"{label}: {counts[kind]}" for kind, label in KINDS.items() if kind in counts)


def side_by_side(read: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Both measures of every cell: a row for each network, kind of pictures and padding.

    Args:
        read: Rows of `posenet_published`.
        rows: Rows of `published_networks`.

    Returns:
        For each measure a column for each kind of weights, means over networks.
    """
    found = both(read, rows).rename(columns=MEASURES)
    means = found.groupby([*CELL, "weights"], sort=False)[list(MEASURES.values())].mean()
    table = means.unstack("weights", sort=False)
    kinds = [(m, kind) for m in MEASURES.values() for kind in KINDS if (m, kind) in table]
    named = table[kinds].rename(columns=KINDS, level=1).rename(index=TITLES, level=0)
    return named.rename_axis(index=["network", "pictures", "padding"], columns=[None, None])


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
