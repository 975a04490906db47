"""What the PPP paper's own Table 2 says, where its sentences are asked what they are asked of our rows."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from scipy import stats

from ...models import TITLES
from ...results.statistics import rank_correlation
from . import paddings, posenet, training, untrained

NETWORKS = 5  # of each printed cell
MODEL_AND_PADDING = ["model", "padding"]


def beside_print(printed: pd.DataFrame) -> pd.DataFrame:
    """Claims on the numbers that their paper prints.

    Args:
        printed: Of `read_table2`.

    Returns:
        One row a claim: its text and what the `printed` table says.
    """
    answers: dict[str, Callable[[pd.DataFrame], str]] = {
        untrained.only_zeros_show_in_vgg19.text: _others_in_vgg19,
        training.training_strengthens_snr.text: lambda table: _growth(table, "snr_ppp"),
        training.training_strengthens_mae.text: lambda table: _growth(table, "mae_ppp"),
        paddings.training_matters_more.text: _gains_and_ranges,
        paddings.snr_and_mae_agree.text: _agreement,
        posenet.spread_hides_differences.text: _told_apart,
        posenet.answers_without_padding.text: _deviations_without_padding,
    }
    return pd.DataFrame({"claim": list(answers), "printed": [answer(printed) for answer in answers.values()]})


def _padded(printed: pd.DataFrame) -> pd.DataFrame:
    return printed[printed["padding"] != "none"]


def _by_weights(printed: pd.DataFrame, metric: str) -> pd.DataFrame:
    """A metric of padded networks, a column for untrained ones and one for trained."""
    return _padded(printed).pivot(index=MODEL_AND_PADDING, columns="weights", values=f"{metric}_mean")


def _others_in_vgg19(printed: pd.DataFrame) -> str:
    padded = _padded(printed)
    start = padded[(padded["model"] == "vgg19") & (padded["weights"] == "untrained")]
    zeros = start["padding"] == "zeros"
    other = start.loc[~zeros, "snr_ppp_mean"].max()
    return f"zeros {start.loc[zeros, 'snr_ppp_mean'].item():.4f}, the largest of another padding {other:.4f}"


def _growth(printed: pd.DataFrame, metric: str) -> str:
    """Which cells did not grow."""
    ends = _by_weights(printed, metric)
    fell = [
        f"{TITLES[model]}, {padding}" for model, padding in ends.index[ends["trained"] <= ends["untrained"]]
    ]
    grown = f"it grew in {len(ends) - len(fell)} of {len(ends)} cells"
    return grown + (f", not in {'; '.join(fell)}" if fell else "")


def _gains_and_ranges(printed: pd.DataFrame) -> str:
    parts = []
    for model, part in _by_weights(printed, "snr_ppp").groupby("model", sort=False):
        gain = (part["trained"] - part["untrained"]).mean()
        span = part["trained"].max() - part["trained"].min()
        parts.append(f"{TITLES[str(model)]}: gain {gain:+.2f}, range {span:.2f}")
    return "; ".join(parts)


def _agreement(printed: pd.DataFrame) -> str:
    """Over paddings, of trained networks."""
    padded = _padded(printed)
    trained = padded[padded["weights"] == "trained"]
    ranks = {
        TITLES[str(model)]: rank_correlation(part["snr_ppp_mean"], part["mae_ppp_mean"]).value
        for model, part in trained.groupby("model", sort=False)
    }
    return "rank correlation over paddings: " + "; ".join(
        f"{name} {rank:.2f}" for name, rank in ranks.items()
    )


def _told_apart(printed: pd.DataFrame) -> str:
    """An analysis of variance from means and standard deviations."""
    chances = {}
    for (model, weights), part in _padded(printed).groupby(["model", "weights"], sort=False):
        between = NETWORKS * part["posenet_spc_mean"].var()
        within = (part["posenet_spc_std"] ** 2).mean()
        freedom = (len(part) - 1, len(part) * (NETWORKS - 1))
        chances[f"{weights} {TITLES[str(model)]}"] = float(stats.f.sf(between / within, *freedom))
    apart = [name for name, chance in chances.items() if chance < 0.05]
    listed = f" ({'; '.join(apart)})" if apart else ""
    return f"paddings are told apart (p < 0.05) in {len(apart)} of {len(chances)} cases{listed}"


def _deviations_without_padding(printed: pd.DataFrame) -> str:
    bare = printed[printed["padding"] == "none"]
    deviations, means = bare["posenet_spc_std"], bare["posenet_spc_mean"].abs()
    spread = f"{deviations.min():.3f} to {deviations.max():.3f}"
    return f"standard deviations {spread}, means within ±{means.max():.3f}"
