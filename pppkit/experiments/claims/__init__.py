"""What the papers claim, one small function for each claim, and what our result rows say about it."""

from ...results.statistics import Verdict
from . import tables
from .base import Claim, Finding, claim
from .ledger import CLAIMS, COLUMNS, evaluate_claims, judge
from .rows import NetworkMap, NotMeasured, Rows

__all__ = [
    "CLAIMS",
    "COLUMNS",
    "Claim",
    "Finding",
    "NetworkMap",
    "NotMeasured",
    "Rows",
    "Verdict",
    "claim",
    "evaluate_claims",
    "judge",
    "tables",
]
