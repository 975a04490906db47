"""The ledger of claims as a styled table."""

from __future__ import annotations

import pandas as pd
from pandas.io.formats.style import Styler

TONES = {"holds": "#009E7333", "fails": "#D55E0033", "cannot be told yet": "#7f7f7f33"}
COLUMNS = {
    "place": "where",
    "claim": "claim",
    "check": "our check",
    "measured": "measured",
    "verdict": "verdict",
    "rows": "rows",
}
CELLS = "text-align: left; white-space: normal; min-width: 7em; vertical-align: top"


def ledger_table(ledger: pd.DataFrame, caption: str = "") -> Styler:
    """Claims with their verdicts in colour, text in several lines.

    Args:
        ledger: Of `pppkit.experiments.claims.evaluate_claims`; columns that are missing are not shown.
        caption: Above the table.
    """
    shown = ledger[[column for column in COLUMNS if column in ledger]].rename(columns=COLUMNS)
    table = shown.style.hide(axis="index").set_caption(caption)
    table = table.set_table_styles([{"selector": "td, th", "props": CELLS}])
    return table.map(lambda verdict: f"background-color: {TONES[verdict]}", subset=["verdict"])
