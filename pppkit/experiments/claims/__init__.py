"""What the papers claim, one small function for each claim, and what our result rows say about it."""

from ...results.statistics import Verdict
from .base import Claim, Finding, claim
from .ledger import CLAIMS, COLUMNS, evaluate_claims, judge
from .rows import NetworkMap, NotMeasured, Rows
from .tables import by_verdict, changes, summary, verdict_counts

__all__ = [
    "CLAIMS",
    "COLUMNS",
    "Claim",
    "Finding",
    "NetworkMap",
    "NotMeasured",
    "Rows",
    "Verdict",
    "by_verdict",
    "changes",
    "claim",
    "evaluate_claims",
    "judge",
    "summary",
    "verdict_counts",
]
