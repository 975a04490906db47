"""What the papers claim, one small function for each claim, and what our result rows say about it."""

from ...results.statistics import Verdict
from .base import Claim, Evidence, Finding, Line, claim
from .ledger import CLAIMS, COLUMNS, evaluate_claims, findings, judge, tabulate
from .papers import DISPUTES, PAPERS, Dispute, Paper, counts, judged
from .printed import beside_print
from .rows import CannotTell, NetworkMap, NotMeasured, Rows
from .tables import answer, beside_earlier, by_verdict, changes, summary

__all__ = [
    "CLAIMS",
    "COLUMNS",
    "DISPUTES",
    "PAPERS",
    "CannotTell",
    "Claim",
    "Dispute",
    "Evidence",
    "Finding",
    "Line",
    "NetworkMap",
    "NotMeasured",
    "Paper",
    "Rows",
    "Verdict",
    "answer",
    "beside_earlier",
    "beside_print",
    "by_verdict",
    "changes",
    "claim",
    "counts",
    "evaluate_claims",
    "findings",
    "judge",
    "judged",
    "summary",
    "tabulate",
]
