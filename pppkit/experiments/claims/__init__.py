"""The ledger: what the papers claim, and what our rows say about it."""

from .ledger import COLUMNS, VERDICTS, corners, every, intervals, lead, leads, learned, ledger, read_out

__all__ = [
    "COLUMNS",
    "VERDICTS",
    "corners",
    "every",
    "intervals",
    "lead",
    "leads",
    "learned",
    "ledger",
    "read_out",
]
