"""Opens the reviews of every limit: on 1 June and 1 December by the clock, and on demand (R069).

Invariants: one review of a day, and none while another is open; its figures are those of the day it was opened.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.policy.queries import credit_policy
from ar.credit.reviews.mails import tell_those_asked
from ar.credit.reviews.models import ReviewCampaign
from ar.credit.reviews.packs import Pack, packs
from ar.credit.rules.review import REVIEW_MONTHS
from kernel import journal
from kernel.actor import Actor
from kernel.arrays import array_text
from kernel.calendars import WorkCalendar
from kernel.counters import document_number, take_numbers
from kernel.errors import Conflict, RuleBroken
from kernel.ids import new_id
from tenants.queries import work_calendar
from tenants.slice import Job, NumberSeries, Recurring

OPEN_REVIEW: Final = "credit.open_review"
#: So many days after its day a review that the clock missed is still opened.
LATE_DAYS: Final = 28
LINES_AT_ONCE: Final = 2_000
NUMBERS: Final = NumberSeries("limit review numbers", "limit_review:{year}", "review_campaign", "number", "RV-%")

_LINES: Final = sa.text("""
    INSERT INTO review_line (tenant_id, campaign_id, customer_id, pack, flags, explanation, note)
    SELECT :tenant, :campaign, n.customer_id, CAST(n.pack AS jsonb), string_to_array(n.flags, ','), '', ''
    FROM unnest(CAST(:customers AS uuid[]), CAST(:packs AS text[]), CAST(:flags AS text[]))
        AS n(customer_id, pack, flags)
    RETURNING customer_id
""")


def open_review(db: Session, actor: Actor) -> UUID:
    """Opens a review of every customer with a limit, with the figures of today, and mails those it
    waits for; returns its id.

    Raises Conflict(`review_running`, `review_of_day`) and RuleBroken(`review_nothing`) where nobody has a limit.
    """
    _require_none(db, actor)
    found = packs(db, actor.tenant_id, credit_policy(db, actor.tenant_id), actor.today)
    if not found:
        raise RuleBroken("review_nothing")
    campaign_id, year = new_id(), actor.today.year
    number = document_number("RV", year, take_numbers(db, actor.tenant_id, f"limit_review:{year}")[0])
    _require_none(db, actor)  # again, behind the lock on the numbers: of two at once the second is refused
    db.execute(
        sa.insert(ReviewCampaign).values(
            tenant_id=actor.tenant_id,
            id=campaign_id,
            number=number,
            review_on=actor.today,
            state="open",
            opened_by=actor.name,
            opened_at=actor.now,
        )
    )
    for at in range(0, len(found), LINES_AT_ONCE):
        _insert(db, actor, campaign_id, found[at : at + LINES_AT_ONCE])
    flagged = sum(1 for each in found if each.flags)
    facts = {"number": number, "review_on": actor.today.isoformat(), "customers": len(found), "flagged": flagged}
    journal.record(db, actor, "review_opened", subject_id=campaign_id, data=facts)
    tell_those_asked(db, actor, campaign_id)
    return campaign_id


def review_day(today: date, calendar: WorkCalendar) -> date | None:
    """Returns the working day of the review that is due on `today` or was within the last weeks; None between them."""
    for month in REVIEW_MONTHS:
        due_on = calendar.next_working_day(date(today.year, month, 1))
        if due_on <= today <= due_on + timedelta(days=LATE_DAYS):
            return due_on
    return None


def open_due_review(db: Session, actor: Actor) -> UUID | None:
    """Opens the half-yearly review when it is due and was not opened yet; returns its id, None when nothing is due."""
    due_on = review_day(actor.today, work_calendar(db, actor.tenant_id))
    if due_on is None:
        return None
    c = ReviewCampaign
    known = db.execute(
        sa.select(c.id)
        .where(
            c.tenant_id == actor.tenant_id,
            sa.or_(c.review_on.between(due_on, actor.today), c.state.in_(("open", "submitted"))),
        )
        .limit(1)
    ).first()
    if known is not None:
        return None
    try:
        return open_review(db, actor)
    except RuleBroken:
        return None  # nobody has a limit


def _require_none(db: Session, actor: Actor) -> None:
    c = ReviewCampaign
    row = db.execute(
        sa.select(c.number, c.state)
        .where(
            c.tenant_id == actor.tenant_id,
            sa.or_(c.state.in_(("open", "submitted")), sa.and_(c.review_on == actor.today, c.state != "cancelled")),
        )
        .limit(1)
    ).first()
    if row is not None:
        raise Conflict("review_of_day" if row.state == "signed" else "review_running", number=row.number)


def _insert(db: Session, actor: Actor, campaign_id: UUID, found: list[Pack]) -> None:
    db.connection().execute(
        _LINES,
        {
            "tenant": actor.tenant_id,
            "campaign": campaign_id,
            "customers": array_text(each.customer_id for each in found),
            "packs": array_text(json.dumps(each.figures) for each in found),
            "flags": array_text(",".join(each.flags) for each in found),
        },
    )


def open_the_due_review(db: Session, actor: Actor, _payload: dict[str, Any]) -> None:
    """Opens the half-yearly review on its day; a later day makes up for a missed one."""
    open_due_review(db, actor)


JOBS: Final = (Job(OPEN_REVIEW, open_the_due_review),)
RECURRING: Final = (Recurring(OPEN_REVIEW),)
