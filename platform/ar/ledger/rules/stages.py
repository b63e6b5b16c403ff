"""The eight stages of a receivable (R132), with the day limits of A15.

Pure: standard library only, `today` is an argument. Invariant: dates move a stage forward and never reach bad debt; a
recorded decision may only advance it early, and into the last three stages only with approval.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from ar.ledger.rules.due_dates import add_months

WARNING_DAYS: Final = 7
ULTIMATUM_DAYS: Final = 30
PROFESSIONAL_DAYS: Final = 37
LEGAL_MONTHS: Final = 6
DOUBTFUL_DAYS: Final = 60
#: Documents that arise from sales; only these can become doubtful, and reports show them separately.
TRADE_KINDS: Final = ("invoice", "debit_note", "opening")


class Stage(StrEnum):
    """The stages in order, from before the due date to bad debt."""

    CONTRACT = "contract"
    WARNING = "warning"
    DUE = "due"
    OVERDUE = "overdue"
    ULTIMATUM = "ultimatum"
    PROFESSIONAL = "professional"
    LEGAL = "legal"
    BAD_DEBT = "bad_debt"

    @property
    def number(self) -> int:
        """Position of the stage, 1 to 8."""
        return _NUMBERS[self]


_NUMBERS: Final = {stage: number for number, stage in enumerate(Stage, start=1)}
STAGES_NEEDING_APPROVAL: Final = frozenset({Stage.PROFESSIONAL, Stage.LEGAL, Stage.BAD_DEBT})


@dataclass(frozen=True, slots=True)
class Advance:
    """A recorded decision to treat an item as in stage `to` from `decided_on` on."""

    to: Stage
    decided_on: date
    approved: bool = False


def stage_of(due_on: date, today: date, advance: Advance | None = None) -> Stage:
    """Returns the stage of an open item as of `today` (R132, A15); an advance never moves it back."""
    stage = _stage_by_dates(due_on, today)
    if advance is None or advance.decided_on > today:
        return stage
    if advance.to in STAGES_NEEDING_APPROVAL and not advance.approved:
        return stage
    return max(stage, advance.to, key=_NUMBERS.__getitem__)


def legal_from_on(due_on: date) -> date:
    """Returns the first day of the legal stage: due + 37 days + 6 calendar months, month end clipped (A08, A15)."""
    return add_months(due_on + timedelta(days=PROFESSIONAL_DAYS), LEGAL_MONTHS)


def doubtful_from_on(document_on: date, collection_end_on: date) -> date:
    """Returns the first day on which an open trade receivable counts as doubtful (R138, A16).

    The day after 60 days from shipment, or after the collection period where that is longer; the document's date stands
    for the day of shipment. A flag for people: nothing is posted.
    """
    allowed = max(DOUBTFUL_DAYS, (collection_end_on - document_on).days)
    return document_on + timedelta(days=allowed + 1)


def _stage_by_dates(due_on: date, today: date) -> Stage:
    days = (today - due_on).days
    if days < -WARNING_DAYS:
        return Stage.CONTRACT
    if days < 0:
        return Stage.WARNING
    if days == 0:
        return Stage.DUE
    if days < ULTIMATUM_DAYS:
        return Stage.OVERDUE
    if days < PROFESSIONAL_DAYS:
        return Stage.ULTIMATUM
    return Stage.LEGAL if today >= legal_from_on(due_on) else Stage.PROFESSIONAL
