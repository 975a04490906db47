"""What the papers claim, one small function for each claim, and what our result rows say about it."""

from ...results.statistics import Verdict
from .base import Claim, Evidence, Finding, Line, claim
from .ledger import CLAIMS, COLUMNS, evaluate_claims, findings, judge
from .rows import CannotTell, NetworkMap, NotMeasured, Rows
from .tables import by_verdict, changes, summary, verdict_counts

__all__ = [
    "CLAIMS",
    "COLUMNS",
    "CannotTell",
    "Claim",
    "Evidence",
    "Finding",
    "Line",
    "NetworkMap",
    "NotMeasured",
    "Rows",
    "Verdict",
    "by_verdict",
    "changes",
    "claim",
    "evaluate_claims",
    "findings",
    "judge",
    "summary",
    "verdict_counts",
]
