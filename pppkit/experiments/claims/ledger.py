"""The ledger: every claim, judged on result rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

import pandas as pd

from ...results.statistics import Verdict
from . import (
    attacks,
    bhv,
    channels,
    maps,
    measuring,
    paddings,
    posenet,
    published,
    read_outs,
    tasks,
    training,
    untrained,
)
from .base import Claim, Finding
from .rows import CannotTell, NotMeasured, Rows

# Of a ledger.
COLUMNS = ("id", "paper", "place", "evidence", "claim", "check", "measured", "lines", "verdict", "rows")
# In the order of the ledger.
SUBJECTS = (
    *(measuring, untrained, training, published, paddings, maps),
    *(posenet, read_outs, tasks, bhv, channels, attacks),
)
# Every claim by its id, in the order of the ledger.
CLAIMS: dict[str, Claim] = {
    found.id: found for module in SUBJECTS for found in vars(module).values() if isinstance(found, Claim)
}


def judge(rows: Rows, ids: Collection[str] = ()) -> pd.DataFrame:
    """Judges claims on rows that are in memory; the rest is as in `evaluate_claims`.

    Args:
        rows: What was measured.
        ids: Of the claims; empty for all.

    Raises:
        ValueError: For an unknown id.
    """
    return tabulate(findings(rows, ids))


def tabulate(found: Iterable[tuple[Claim, Finding]]) -> pd.DataFrame:
    """The ledger of findings; its columns are those of `evaluate_claims`."""
    return pd.DataFrame([_row(claim, finding) for claim, finding in found], columns=list(COLUMNS))


def findings(rows: Rows, ids: Collection[str] = ()) -> list[tuple[Claim, Finding]]:
    """What `judge` makes rows of: claims, each with what its check found.

    Args:
        rows: What was measured.
        ids: Of the claims; empty for all.

    Raises:
        ValueError: For an unknown id.
    """
    unknown = sorted(set(ids) - set(CLAIMS))
    if unknown:
        raise ValueError(f"ids has {', '.join(unknown)}; claims are {', '.join(CLAIMS)}")
    chosen = [claim for id, claim in CLAIMS.items() if not ids or id in ids]
    found = [(claim, _find(claim, rows)) for claim in chosen]
    return [(claim, finding) for claim, finding in found if finding is not None]


def evaluate_claims(
    folder: str | Path, pooled: bool = True, ids: Collection[str] = (), profile: str | None = None
) -> pd.DataFrame:
    """Judges every claim that a folder's rows can speak to; claims whose rows are missing are left out.

    Args:
        folder: Of result rows.
        pooled: As in `Rows`.
        ids: Of the claims; empty for all.
        profile: As in `Rows.read`.

    Returns:
        One row for each claim: its `id`, the `paper`, the `place` in it, whose networks are `evidence`, the
        `claim`, the `check`, what was `measured`, the check's `lines` each with its verdict, the `verdict`
        of all (one of `Verdict`), and which `rows` it rests on. Where networks were trained but none of them
        learned, a claim about training is open, and `measured` says so.

    Raises:
        ValueError: For an unknown id, or as in `Rows.read`.
    """
    return judge(Rows.read(folder, pooled, profile), ids)


def _find(claim: Claim, rows: Rows) -> Finding | None:
    if not all(rows.has(name) for name in claim.needs):
        return None
    try:
        return claim.find(rows)
    except CannotTell as reason:
        return Finding(str(reason), Verdict.OPEN, "none")
    except NotMeasured:
        return None


def _row(claim: Claim, finding: Finding) -> dict[str, str]:
    told = zip(finding.lines, finding.line_verdicts)
    lines = [f"{line.name}: {verdict}" for line, verdict in told]
    return {
        "id": claim.id,
        "paper": claim.paper,
        "place": claim.place,
        "evidence": str(claim.evidence),
        "claim": claim.text,
        "check": claim.check.format(**finding.names) if finding.names else claim.check,
        "measured": finding.measured,
        "lines": "; ".join(lines),
        "verdict": str(finding.verdict),
        "rows": finding.networks,
    }
