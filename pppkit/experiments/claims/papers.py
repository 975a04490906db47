"""The four papers of the book: what each asked, measured and claimed, and who disagrees with whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from ...results.statistics import Verdict


@dataclass(frozen=True)
class Paper:
    """A paper as the front page tells it.

    Attributes:
        name: As the ledger calls it.
        authors: And the year.
        asked: Its question.
        measured: What it measures, and of what.
        claimed: Its answer.
        page: The page to begin with, a name in `notebooks`.
    """

    name: str
    authors: str
    asked: str
    measured: str
    claimed: str
    page: str


@dataclass(frozen=True)
class Dispute:
    """A paper that contradicts another.

    Attributes:
        by: The paper that does, by name.
        of: The paper that is contradicted.
        about: The point.
        claims: The ids of the ledger's claims that speak to it.
    """

    by: str
    of: str
    about: str
    claims: tuple[str, ...] = ()


PAPERS = (
    Paper(
        name="PosENet",
        authors="Islam, Jia and Bruce, 2020",
        asked="Does a network know where in the picture it is?",
        measured="How well a small read-out draws a gradient from frozen features (SPC, MAE).",
        claimed="Yes, deep layers most; zero padding is where it comes from.",
        page="ppp_table2_posenet",
    ),
    Paper(
        name="F-Conv",
        authors="Kayhan and van Gemert, 2020",
        asked="Can a network use place where only order should count?",
        measured="Accuracy on two squares whose place gives the class away (the BHV test).",
        claimed="Yes, and full convolutions prevent it.",
        page="bhv_reproduction",
    ),
    Paper(
        name="Global Pooling",
        authors="Islam, Kowal, Jia, Derpanis and Bruce, 2021",
        asked="How does position survive global average pooling?",
        measured="Location from pooled channels, in order and permuted; what zeroing channels costs.",
        claimed="It lies in the order of the channels.",
        page="gap_table1_location",
    ),
    Paper(
        name="PPP",
        authors="Lin et al., 2022",
        asked="How much of position comes from padding, and when?",
        measured="The distance of padded features to those with the real world around the picture.",
        claimed="Every padding leaves a pattern, and training strengthens it.",
        page="ppp_fig1_emergence",
    ),
)
DISPUTES = (
    Dispute(
        by="PPP",
        of="PosENet",
        about="its read-out finds its own luck as much as the network's position: its spread hides paddings",
        claims=("posenet-hides-differences", "ppp-discriminates", "posenet-scatters"),
    ),
    Dispute(
        by="PPP",
        of="F-Conv",
        about="zeros continue a black background, so its test favours the padding that it proposes",
        claims=("bhv-full-convolutions", "bhv-grey"),
    ),
    Dispute(
        by="PPP",
        of="PosENet",
        about="not zeros alone leave a pattern, and training matters more than the scheme",
        claims=("training-over-padding",),
    ),
)


def counts(ledger: pd.DataFrame, paper: str) -> dict[str, int]:
    """How many of a paper's claims have each verdict."""
    own = ledger.loc[ledger["paper"] == paper, "verdict"]
    return {str(verdict): int((own == verdict).sum()) for verdict in Verdict}


def judged(
    ledger: pd.DataFrame, disputes: Sequence[Dispute] = DISPUTES
) -> list[tuple[Dispute, dict[str, str]]]:
    """The disputes, each with the claims that speak to it and their verdicts, by the claims' texts."""
    told = ledger.drop_duplicates("id").set_index("id")
    return [(one, _verdicts(told, one.claims)) for one in disputes]


def _verdicts(told: pd.DataFrame, ids: Sequence[str]) -> dict[str, str]:
    return {told.loc[id, "claim"]: str(told.loc[id, "verdict"]) for id in ids if id in told.index}
