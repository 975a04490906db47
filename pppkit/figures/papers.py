"""The map of the papers: a card each, with what became of its claims, and who disagrees with whom."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from .tables import Html

if TYPE_CHECKING:  # a room that needs more than figures do
    from ..experiments.claims import Dispute, Paper

FACTS = ("asked", "measured", "claimed")


def papers_map(
    papers: Sequence[Paper],
    verdicts: Mapping[str, Mapping[str, int]],
    disputes: Sequence[tuple[Dispute, Mapping[str, str]]],
) -> Html:
    """Papers as cards in the order of their years, and below who contradicts whom, with the verdicts so far.

    Args:
        papers: Their names are unique.
        verdicts: By paper, how many of its claims have each verdict, of `pppkit.experiments.claims.counts`.
        disputes: Of `pppkit.experiments.claims.judged`.
    """
    cards = "".join(_card(paper, verdicts.get(paper.name, {})) for paper in papers)
    lines = "".join(_line(dispute, told) for dispute, told in disputes)
    listed = f'<ul class="ppp-disputes">{lines}</ul>' if disputes else ""
    return Html(f'<div class="ppp-papers">{cards}</div>{listed}', "papers")


def _card(paper: Paper, verdicts: Mapping[str, int]) -> str:
    facts = "".join(f"<dt>{name}</dt><dd>{html.escape(getattr(paper, name))}</dd>" for name in FACTS)
    return (
        f'<article class="ppp-paper"><p class="ppp-paper-head"><a href="{html.escape(paper.page)}.html">'
        f"{html.escape(paper.name)}</a> <span>{html.escape(paper.authors)}</span></p>"
        f"<dl>{facts}</dl>{_bar(verdicts)}</article>"
    )


def _bar(verdicts: Mapping[str, int]) -> str:
    """Its claims as a bar: a part for each verdict, as wide as it is frequent."""
    known = {verdict: count for verdict, count in verdicts.items() if count}
    if not known:
        return '<p class="ppp-paper-none">none of its claims is judged yet</p>'
    words = ", ".join(f"{count} {verdict}" for verdict, count in known.items())
    parts = "".join(f'<i data-verdict="{v}" style="flex-grow: {count}"></i>' for v, count in known.items())
    total = sum(known.values())
    claims = "claim" if total == 1 else "claims"
    return f'<p class="ppp-paper-bar" aria-hidden="true">{parts}</p><p>{total} {claims} judged: {words}</p>'


def _line(dispute: Dispute, told: Mapping[str, str]) -> str:
    badges = "".join(_badge(claim, verdict) for claim, verdict in told.items())
    text = f"{dispute.by} against {dispute.of}: {dispute.about}."
    return f"<li>{html.escape(text)}{badges}</li>"


def _badge(claim: str, verdict: str) -> str:
    """A verdict; the sentence that it judges appears under the pointer."""
    return f' <b data-verdict="{verdict}" title="{html.escape(claim)}">{verdict}</b>'
