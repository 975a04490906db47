"""The ledger of claims as cards: a sentence, its verdict, a small picture of its evidence, and the rest."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from .tables import Html

if TYPE_CHECKING:  # a room that needs more than figures do
    from ..experiments.claims import Claim, Finding
    from ..results.statistics import Interval

WIDTH, HEIGHT, DOT = 220, 40, 2  # of a picture, in its own units
SHOWN = 1.1  # how much wider a picture is than what its estimates span
FACTS = ("check", "beside the sentence", "measured", "rows", "where")


def claim_cards(found: Sequence[tuple[Claim, Finding]], *answers: str) -> Html:
    """Claims as cards that a page can filter by verdict, paper and evidence.

    Args:
        found: Of `pppkit.experiments.claims.findings`, in the order to show.
        answers: Sentences above the cards.
    """
    above = "".join(f'<p class="ppp-claims-answer">{html.escape(answer)}</p>' for answer in answers)
    cards = "".join(_card(claim, finding) for claim, finding in found)
    return Html(f'{above}<div class="ppp-claims">{cards}</div>', "claims")


def _card(claim: Claim, finding: Finding) -> str:
    told = {"verdict": str(finding.verdict), "paper": claim.paper, "evidence": str(claim.evidence)}
    data = "".join(f' data-{key}="{html.escape(value)}"' for key, value in told.items())
    name = html.escape(claim.id)
    return (
        f'<article class="ppp-claim"{data} aria-labelledby="claim-{name}">'
        f'<p class="ppp-claim-head"><b>{told["verdict"]}</b><span>{html.escape(claim.paper)}</span></p>'
        f'<p class="ppp-claim-text" id="claim-{name}">{html.escape(claim.text)}</p>'
        f"{picture(finding) or _words(finding.measured)}"
        f"<details><summary>{told['evidence']}: details</summary>{_facts(claim, finding)}</details></article>"
    )


def _words(measured: str) -> str:
    return f'<p class="ppp-claim-note">{html.escape(measured)}</p>'


def _facts(claim: Claim, finding: Finding) -> str:
    check = claim.check.format(**finding.names) if finding.names else claim.check
    texts = zip(FACTS, (check, claim.note, finding.measured, finding.networks, claim.place))
    facts = "".join(f"<dt>{name}</dt><dd>{html.escape(text)}</dd>" for name, text in texts if text)
    return f"<dl>{facts}</dl>{_line_list(finding)}"


def _line_list(finding: Finding) -> str:
    """The lines of a check with their verdicts; those beside the check are told apart."""
    if len(finding.lines) < 2:
        return ""
    items = []
    for line, verdict in zip(finding.lines, finding.line_verdicts):
        beside = "" if line.decides else " <i>(shown beside)</i>"
        name = html.escape(line.name)
        items.append(f'<li data-verdict="{verdict}"><b>{verdict}</b> {name}{beside}</li>')
    return f"<ul>{''.join(items)}</ul>"


def picture(finding: Finding) -> str:
    """An SVG of the lines of a check: a row a line, a dot and its interval for each case.

    What lies right of the middle speaks for the claim, what lies left of it against. The widest estimate
    fills the picture, whatever its unit.

    Args:
        finding: Of a claim.

    Returns:
        Empty without a finite estimate.
    """
    estimates = [case.value for line in finding.lines for case in line.intervals.values()]
    reach = SHOWN * max((abs(value) for value in estimates if math.isfinite(value)), default=0.0)
    if not reach:
        return ""
    pitch = HEIGHT / len(finding.lines)
    rows = []
    for place, (line, verdict) in enumerate(zip(finding.lines, finding.line_verdicts)):
        cases = "".join(_drawn(line.intervals.values(), reach, pitch * place, pitch))
        beside = "" if line.decides else ' class="beside"'
        rows.append(f'<g data-verdict="{verdict}"{beside}>{cases}</g>')
    label = f"{sum(value > 0 for value in estimates)} of {len(estimates)} estimates speak for the claim"
    return (
        f'<svg class="ppp-claim-picture" viewBox="0 0 {WIDTH} {HEIGHT + 12}" role="img" aria-label="{label}">'
        f'<path class="zero" d="M{WIDTH / 2:g} 0V{HEIGHT}"/>{"".join(rows)}'
        f'<text x="0" y="{HEIGHT + 9}">against</text>'
        f'<text x="{WIDTH}" y="{HEIGHT + 9}" text-anchor="end">for</text></svg>'
    )


def _drawn(cases: Iterable[Interval], reach: float, top: float, pitch: float) -> Iterable[str]:
    """The marks of one line, one below the other within its row."""
    known = [case for case in cases if math.isfinite(case.value)]
    for place, case in enumerate(known):
        y = top + pitch * (place + 0.5) / len(known)
        low, value, high = (_across(end, reach) for end in (case.low, case.value, case.high))
        yield f'<path d="M{low:.1f} {y:.1f}H{high:.1f}"/>' if high - low > DOT else ""
        yield f'<circle cx="{value:.1f}" cy="{y:.1f}" r="{DOT}"/>'


def _across(value: float, reach: float) -> float:
    """From a value to its place across the picture; what lies beyond ends at its edge."""
    part = max(-1.0, min(1.0, value / reach))
    return WIDTH / 2 + part * (WIDTH / 2 - DOT)
