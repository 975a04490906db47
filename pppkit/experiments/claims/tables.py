"""Tables of the ledger that its page shows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ...results.statistics import Verdict
from .base import Claim, Finding
from .training import training_strengthens_snr

MAIN = training_strengthens_snr.text
VERDICTS = [str(verdict) for verdict in Verdict]


def summary(ledger: pd.DataFrame) -> str:
    """How many claims of all papers have each verdict, as a sentence."""
    holds, fails, open_ = ((ledger["verdict"] == verdict).sum() for verdict in VERDICTS)
    return f"Of {len(ledger)} claims {holds} hold, {fails} fail, and {open_} cannot be told yet."


def answer(ledger: pd.DataFrame, claim: str = MAIN) -> str:
    """The page's sentence: what became of the papers' main claim, by whose networks it was judged on.

    Args:
        ledger: Of `evaluate_claims`.
        claim: Its text.
    """
    told = ledger[ledger["claim"] == claim].set_index("evidence")["verdict"]
    verdicts = ", ".join(f"{verdict} on {evidence}" for evidence, verdict in told.items())
    return f"“{claim}”: {verdicts or 'not asked of these rows'}."


def beside_earlier(ledger: pd.DataFrame, path: str | Path) -> pd.DataFrame:
    """Claims whose verdict was another before, when networks that had not learned were evidence, too.

    Args:
        ledger: Of `evaluate_claims`.
        path: Of a table with the columns `id`, `verdict` and `measured`.

    Returns:
        One row a claim: its text, `then` and `now`, and what was `measured then`. Empty without the file.
    """
    path = Path(path)
    columns = ["id", "verdict", "measured"]
    earlier = pd.read_csv(path) if path.is_file() else pd.DataFrame(columns=columns)
    both = ledger[["id", "claim", "verdict"]].merge(earlier, on="id", suffixes=(" now", " then"))
    changed = both[both["verdict now"] != both["verdict then"]]
    names = {"verdict then": "then", "verdict now": "now", "measured": "measured then"}
    return changed.rename(columns=names)[["claim", "then", "now", "measured then"]].reset_index(drop=True)


def by_verdict(found: Sequence[tuple[Claim, Finding]]) -> list[tuple[Claim, Finding]]:
    """Of each paper the claims that hold first, then those that fail, then the others.

    Args:
        found: Of `findings`.
    """
    papers = list(dict.fromkeys(claim.paper for claim, _ in found))

    def place(one: tuple[Claim, Finding]) -> tuple[int, int]:
        claim, finding = one
        return papers.index(claim.paper), VERDICTS.index(finding.verdict)

    return sorted(found, key=place)


def changes(ledger: pd.DataFrame, other: pd.DataFrame, names: tuple[str, str]) -> pd.DataFrame:
    """Claims whose verdict differs between two ledgers.

    Args:
        ledger: Of `evaluate_claims`.
        other: The same on other rows, or with another spread; claims of one ledger alone count as different.
        names: Of the two, as columns.

    Returns:
        By the claim's text and its evidence.
    """
    verdicts = [found.set_index(["claim", "evidence"])["verdict"] for found in (ledger, other)]
    both = pd.concat(verdicts, axis=1, keys=names)
    return both[both[names[0]] != both[names[1]]]
