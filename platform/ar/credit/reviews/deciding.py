"""Explains and decides the lines of a review (R071): one by one, or many in one way.

Invariants: only while the review is open; who edits a line second is shown the difference; a cut is lower and a raise
is higher than the limit shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.reviews.inputs import DecideLine, DecideLines, ExplainLine
from ar.credit.reviews.models import ReviewCampaign, ReviewLine
from kernel import journal
from kernel.actor import Actor
from kernel.arrays import array_text
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.money import BadAmount, parse_amount
from kernel.versions import check_version

_DECIDE: Final = sa.text("""
    UPDATE review_line SET decision = :decision, limit_minor = n.limit_minor, term_days = n.term_days, note = :note,
        decided_by = :by, decided_at = :now
    FROM unnest(CAST(:customers AS uuid[]), CAST(:limits AS bigint[]), CAST(:terms AS integer[]))
        AS n(customer_id, limit_minor, term_days)
    WHERE review_line.tenant_id = :tenant AND review_line.campaign_id = :campaign
        AND review_line.customer_id = n.customer_id
""")


def lock_review(db: Session, actor: Actor, campaign_id: UUID, *states: str) -> Any:
    """Locks a review and returns it. Raises NotFound(`review_not_found`), Conflict(`review_not_open`) in no such state."""
    c = ReviewCampaign
    row = db.execute(
        sa.select(c.id, c.number, c.review_on, c.state, c.approval_id)
        .where(c.tenant_id == actor.tenant_id, c.id == campaign_id)
        .with_for_update()
    ).first()
    if row is None:
        raise NotFound("review_not_found")
    if row.state not in states:
        raise Conflict("review_not_open", number=row.number)
    return row


def explain_line(db: Session, actor: Actor, campaign_id: UUID, customer_id: UUID, data: ExplainLine) -> None:
    """Explains a flagged line. Raises as `lock_review`, NotFound(`review_line_not_found`), Conflict(`changed_meanwhile`)."""
    campaign = lock_review(db, actor, campaign_id, "open")
    line = _line(db, actor, campaign_id, customer_id)
    check_version(data, explanation_of(line.explanation))
    values = {"explanation": data.explanation, "explained_by": actor.name, "explained_at": actor.now}
    _update(db, actor, campaign_id, customer_id, values)
    facts = {"number": campaign.number, "explanation": data.explanation}
    journal.record(db, actor, "review_explained", customer_id=customer_id, subject_id=campaign_id, data=facts)


def decide_line(db: Session, actor: Actor, campaign_id: UUID, customer_id: UUID, data: DecideLine) -> None:
    """Decides on one line.

    Raises as `explain_line`, and RuleBroken(`review_limit_needed`, `amount_unreadable`, `review_not_lower`,
    `review_not_higher`, `review_unlimited`).
    """
    campaign = lock_review(db, actor, campaign_id, "open")
    line = _line(db, actor, campaign_id, customer_id)
    check_version(data, decision_of(line))
    limit_minor, term_days = _decided(line.pack, data)
    values = {
        "decision": data.decision,
        "limit_minor": limit_minor,
        "term_days": term_days,
        "note": data.note,
        "decided_by": actor.name,
        "decided_at": actor.now,
    }
    _update(db, actor, campaign_id, customer_id, values)
    facts = {"number": campaign.number, "decision": data.decision, "note": data.note}
    journal.record(db, actor, "review_decided", customer_id=customer_id, subject_id=campaign_id, data=facts)


def decide_lines(db: Session, actor: Actor, campaign_id: UUID, data: DecideLines) -> int:
    """Decides on many lines in one way; returns how many. Lines of other reviews are passed over.

    Raises as `lock_review`, RuleBroken(`review_lines_none`, `review_percent_needed`, `review_unlimited`).
    """
    campaign = lock_review(db, actor, campaign_id, "open")
    if data.decision in ("cut", "raise") and data.percent is None:
        raise RuleBroken("review_percent_needed")
    lines = _lines(db, actor, campaign_id, data.customer_ids)
    if not lines:
        raise RuleBroken("review_lines_none")
    db.connection().execute(
        _DECIDE,
        {
            "tenant": actor.tenant_id,
            "campaign": campaign_id,
            "customers": array_text(line.customer_id for line in lines),
            "limits": array_text(_by_percent(line.pack, data) for line in lines),
            "terms": array_text(line.pack["term_days"] for line in lines),
            "decision": data.decision,
            "note": data.note,
            "by": actor.name,
            "now": actor.now,
        },
    )
    facts = {"number": campaign.number, "decision": data.decision, "note": data.note}
    journal.record_many(
        db,
        actor,
        [journal.NewEvent("review_decided", line.customer_id, campaign_id, facts) for line in lines],
    )
    return len(lines)


def explanation_of(explanation: str) -> dict[str, Any]:
    """Returns an explanation as its form shows it."""
    return {"explanation": explanation}


def decision_of(line: Any) -> dict[str, Any]:
    """Returns a decision as its form shows it."""
    return {
        "decision": line.decision or "",
        "limit": line.limit_minor,
        "term_days": line.term_days,
        "note": line.note,
    }


def _decided(pack: Mapping[str, Any], data: DecideLine) -> tuple[int | None, int | None]:
    """Returns the limit and term that a decision sets; of keep and freeze those shown."""
    before, term_days = pack["limit_minor"], pack["term_days"]
    if data.decision in ("keep", "freeze"):
        return before, term_days
    if data.limit is None:
        raise RuleBroken("review_limit_needed")
    try:
        limit_minor = parse_amount(data.limit, pack["currency"])
    except BadAmount:
        raise RuleBroken("amount_unreadable", amount=data.limit) from None
    if limit_minor < 0:
        raise RuleBroken("amount_unreadable", amount=data.limit)
    new_term = data.term_days if data.term_days is not None else term_days
    _require_direction(data.decision, before, limit_minor, term_days, new_term)
    return limit_minor, new_term


def _require_direction(
    decision: str, before: int | None, limit_minor: int, term_before: int | None, term_days: int | None
) -> None:
    """Asks that a cut is lower (or shorter) and a raise higher (or longer), and neither is the other as well."""
    if before is None:
        if decision == "raise":
            raise RuleBroken("review_unlimited")
        return
    longer = 0 if term_days is None or term_before is None else (term_days > term_before) - (term_days < term_before)
    higher = (limit_minor > before) - (limit_minor < before)
    if decision == "cut" and (higher > 0 or longer > 0 or not (higher or longer)):
        raise RuleBroken("review_not_lower")
    if decision == "raise" and (higher < 0 or longer < 0 or not (higher or longer)):
        raise RuleBroken("review_not_higher")


def _by_percent(pack: Mapping[str, Any], data: DecideLines) -> int | None:
    """Returns the limit after a cut or raise by a whole per cent, rounded down."""
    before = pack["limit_minor"]
    if data.decision in ("keep", "freeze") or data.percent is None:
        return None if before is None else int(before)
    if before is None:
        raise RuleBroken("review_unlimited")
    sign = -1 if data.decision == "cut" else 1
    return int(before) * (100 + sign * data.percent) // 100


def _line(db: Session, actor: Actor, campaign_id: UUID, customer_id: UUID) -> Any:
    found = _lines(db, actor, campaign_id, [customer_id])
    if not found:
        raise NotFound("review_line_not_found")
    return found[0]


def _lines(db: Session, actor: Actor, campaign_id: UUID, customer_ids: Sequence[UUID]) -> Sequence[Any]:
    line = ReviewLine
    ids = sa.cast(sorted(set(customer_ids)), sa.ARRAY(sa.Uuid))
    return db.execute(
        sa.select(
            line.customer_id, line.pack, line.explanation, line.decision, line.limit_minor, line.term_days, line.note
        ).where(
            line.tenant_id == actor.tenant_id, line.campaign_id == campaign_id, line.customer_id == sa.any_(ids)
        )
    ).all()


def _update(db: Session, actor: Actor, campaign_id: UUID, customer_id: UUID, values: dict[str, Any]) -> None:
    line = ReviewLine
    db.execute(
        sa.update(line)
        .where(
            line.tenant_id == actor.tenant_id, line.campaign_id == campaign_id, line.customer_id == customer_id
        )
        .values(values)
    )
