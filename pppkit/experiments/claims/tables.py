"""Tables of the ledger that its page shows."""

from __future__ import annotations

import pandas as pd

from ...results.statistics import Verdict

VERDICTS = [str(verdict) for verdict in Verdict]


def verdict_counts(ledger: pd.DataFrame) -> pd.DataFrame:
    """How many claims of each paper have each verdict.

    Args:
        ledger: Of `evaluate_claims`.
    """
    counts = ledger.groupby(["paper", "verdict"]).size().unstack(fill_value=0)
    return counts.reindex(columns=VERDICTS, fill_value=0).rename_axis(columns="verdict")


def summary(ledger: pd.DataFrame) -> str:
    """The same of all papers, as a phrase."""
    counts = ", ".join(f"{(ledger['verdict'] == verdict).sum()} {verdict}" for verdict in VERDICTS)
    return f"{len(ledger)} claims: {counts}"


def by_verdict(ledger: pd.DataFrame) -> pd.DataFrame:
    """The claims that hold first, then those that fail, then the others."""
    order = ledger["verdict"].map(VERDICTS.index).sort_values(kind="stable")
    return ledger.loc[order.index]


def changes(ledger: pd.DataFrame, other: pd.DataFrame, names: tuple[str, str]) -> pd.DataFrame:
    """Claims whose verdict differs between two ledgers.

    Args:
        ledger: Of `evaluate_claims`.
        other: The same on other rows, or with another spread; claims of one ledger alone count as different.
        names: Of the two, as columns.
    """
    verdicts = [found.set_index("claim")["verdict"] for found in (ledger, other)]
    both = pd.concat(verdicts, axis=1, keys=names)
    return both[both[names[0]] != both[names[1]]]
