"""Takes over the limits that a company granted before it came here, all of an import at once, and takes them back.

Source: R060, R070. Invariants: what was taken over counts from the import on and is flagged until the general manager
approved the import by one act; a refusal ends it, from that day on; a limit that was granted here is never replaced
by one taken over; a constant number of statements, whatever the number of limits.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final, NamedTuple, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from ar.credit.limits.inputs import TakenOverLimit
from ar.credit.limits.models import CreditLimit
from ar.customers.models import Customer
from ar.ledger.commands import lock_customers
from kernel import journal
from kernel.actor import Actor
from kernel.errors import RuleBroken
from kernel.i18n import gettext as _
from kernel.ids import new_id
from tenants.approvals.engine import ApprovalRequest, request, withdraw
from tenants.approvals.kinds import Approved
from tenants.approvals.models import Approval

TAKE_OVER_KIND: Final = "limit_take_over"
_DAY: Final = timedelta(days=1)


class StandingLimit(NamedTuple):
    """A regular limit that stands in the books; `amount_minor` None: unlimited; both days count."""

    id: UUID
    customer_id: UUID
    currency: str
    amount_minor: int | None
    term_days: int | None
    grade: str | None
    valid_from: date
    valid_to: date | None
    source: str

    def reaches(self, from_on: date, through_on: date | None) -> bool:
        """Whether it counts on any day from `from_on` through `through_on` (None: without end)."""
        return (self.valid_to is None or self.valid_to >= from_on) and (
            through_on is None or self.valid_from <= through_on
        )


class TakenOver(NamedTuple):
    """What was written: the limits, and the earlier ones that they end, by id with the end they had before."""

    limit_ids: Sequence[UUID]
    ended: Mapping[UUID, date | None]


def regular_limits(db: Session, tenant_id: UUID, customer_ids: Collection[UUID]) -> dict[UUID, list[StandingLimit]]:
    """Returns the regular limits of the customers that count on any day, the earliest first."""
    limit = CreditLimit
    rows = db.execute(
        sa.select(*(getattr(limit, name) for name in StandingLimit._fields))
        .where(
            limit.tenant_id == tenant_id,
            limit.customer_id == sa.any_(_ids(customer_ids)),
            limit.kind == "regular",
            sa.or_(limit.valid_to.is_(None), limit.valid_to >= limit.valid_from),
        )
        .order_by(limit.customer_id, limit.valid_from)
    )
    found: dict[UUID, list[StandingLimit]] = {}
    for row in rows:
        found.setdefault(row.customer_id, []).append(StandingLimit(**row._mapping))
    return found


def take_over_limits(db: Session, actor: Actor, import_id: UUID, limits: Sequence[TakenOverLimit]) -> TakenOver:
    """Writes the limits of an import and asks the general manager for them all by one act.

    Of one customer a later one ends the one before it on the day before. In a company without a general manager
    they stay flagged. Raises NotFound(`customer_not_found`), RuleBroken(`limit_granted_here`) for a customer whose
    limit was granted here.
    """
    if not limits:
        return TakenOver([], {})
    actor = lock_customers(db, actor, {each.customer_id for each in limits})
    standing = regular_limits(db, actor.tenant_id, {each.customer_id for each in limits})
    ended: dict[UUID, date | None] = {}
    ends_on: dict[date, list[UUID]] = {}
    written: list[tuple[TakenOverLimit, date | None]] = []
    for customer_id, own in _by_customer(limits).items():
        starts = [each.valid_from for each in own]
        for before in standing.get(customer_id, ()):
            if before.source != "taken_over" and any(before.reaches(each.valid_from, each.valid_to) for each in own):
                raise RuleBroken("limit_granted_here")
            first = next((each for each in own if each.valid_from > before.valid_from), None)
            if first is not None and before.reaches(first.valid_from, first.valid_to):
                ended[before.id] = before.valid_to
                ends_on.setdefault(first.valid_from - _DAY, []).append(before.id)
        starts += [each.valid_from for each in standing.get(customer_id, ())]
        for each in own:
            later = [on - _DAY for on in starts if on > each.valid_from]
            written.append((each, min([*later, *([each.valid_to] if each.valid_to else [])], default=None)))
    for day_before, ids in ends_on.items():
        _end(db, actor.tenant_id, ids, day_before)
    approval_id = _ask(db, actor, import_id, limits)
    rows = [_row(actor, each, ends, approval_id) for each, ends in written]
    db.execute(sa.insert(CreditLimit), rows)
    journal.record_many(db, actor, [_event(row) for row in rows])
    return TakenOver([row["id"] for row in rows], ended)


def take_back_limits(
    db: Session, actor: Actor, limit_ids: Sequence[UUID], ended: Mapping[UUID, date | None]
) -> dict[UUID, UUID]:
    """Takes back what an import took over; the limits that it ended count again, written anew: old id → new id.

    An approval that waits for nothing else is withdrawn; one that was asked for limits of other imports too goes on.
    The caller holds the customers' lock, and knows that nothing followed these limits.
    """
    limit = CreditLimit
    for ids in (limit_ids, list(ended)):
        void = sa.update(limit).where(limit.tenant_id == actor.tenant_id, limit.id == sa.any_(_ids(ids)))
        db.execute(void.values(valid_to=limit.valid_from - 1))
    earlier = db.execute(
        sa.select(*CreditLimit.__table__.c).where(limit.tenant_id == actor.tenant_id, limit.id == sa.any_(_ids(ended)))
    ).all()
    again = {row.id: new_id() for row in earlier}
    if again:
        rows = [{**row._mapping, "id": again[row.id], "valid_to": ended[row.id]} for row in earlier]
        db.execute(sa.insert(CreditLimit), rows)
    for approval_id in db.execute(_waiting_for_nothing(actor.tenant_id, limit_ids)).scalars().all():
        withdraw(db, replace(actor, kind="system"), approval_id, _("Import undone"))
    return again


def _waiting_for_nothing(tenant_id: UUID, limit_ids: Sequence[UUID]) -> sa.Select[Any]:
    """Selects the open approvals of limits, all of whose limits count on no day any more."""
    limit, left, approval = CreditLimit, aliased(CreditLimit), Approval
    asked = sa.select(limit.approval_id).where(limit.tenant_id == tenant_id, limit.id == sa.any_(_ids(limit_ids)))
    counting = sa.exists().where(
        left.tenant_id == tenant_id,
        left.approval_id == approval.id,
        sa.or_(left.valid_to.is_(None), left.valid_to >= left.valid_from),
    )
    return sa.select(approval.id).where(
        approval.tenant_id == tenant_id,
        approval.kind == TAKE_OVER_KIND,
        approval.state == "pending",
        approval.id.in_(asked),
        ~counting,
    )


def followed_limits(tenant_id: UUID, limit_ids: sa.Select[Any]) -> sa.Select[Any]:
    """Selects the customers of whom a limit was written after those of an import (`id`, `number`)."""
    mine, other = CreditLimit, aliased(CreditLimit)
    found = (
        sa.select(Customer.id, Customer.number)
        .join(mine, sa.and_(mine.tenant_id == tenant_id, mine.customer_id == Customer.id))
        .join(
            other,
            sa.and_(
                other.tenant_id == tenant_id,
                other.customer_id == mine.customer_id,
                other.kind == "regular",
                sa.tuple_(other.recorded_at, other.id) > sa.tuple_(mine.recorded_at, mine.id),
                other.id.not_in(limit_ids),
                sa.or_(other.valid_to.is_(None), other.valid_to >= other.valid_from),
            ),
        )
        .where(Customer.tenant_id == tenant_id, mine.id.in_(limit_ids))
        .distinct()
    )
    return cast(sa.Select[Any], found)


def customers_of(db: Session, tenant_id: UUID, approved: Approved) -> list[UUID]:
    """Returns the customers whose limits an approval decides on."""
    limit = CreditLimit
    of_import = sa.select(limit.customer_id).where(limit.tenant_id == tenant_id, limit.approval_id == approved.id)
    return list(db.execute(of_import.distinct()).scalars())


def grant_taken_over(_db: Session, _actor: Actor, _approved: Approved) -> None:
    """Leaves the limits of an import as they are: approved, they are no longer flagged."""


def refuse_taken_over(db: Session, actor: Actor, approved: Approved) -> None:
    """Ends the limits of an import that was rejected or withdrawn on the day before, those to come altogether."""
    limit = CreditLimit
    day_before = actor.today - _DAY
    of_import = (
        limit.tenant_id == actor.tenant_id,
        limit.approval_id == approved.id,
        sa.or_(limit.valid_to.is_(None), limit.valid_to > day_before),
    )
    actor = lock_customers(db, actor, customers_of(db, actor.tenant_id, approved))
    ends = sa.func.greatest(sa.bindparam("day_before", day_before, sa.Date), limit.valid_from - 1)
    db.execute(sa.update(limit).where(*of_import).values(valid_to=ends))
    facts = {"limits": approved.facts.get("limits"), "reason": approved.closing_reason}
    journal.record(db, actor, "limits_taken_over_refused", subject_id=approved.subject_id, data=facts)


def not_yet_approved(db: Session, tenant_id: UUID, customer_ids: Collection[UUID]) -> set[UUID]:
    """Returns those of the limits in the books that were taken over and wait for the general manager, by limit."""
    own = CreditLimit.customer_id == sa.any_(_ids(customer_ids))
    return set(db.execute(_waiting(tenant_id, CreditLimit.id).where(own)).scalars())


def customers_not_yet_approved(
    db: Session, tenant_id: UUID, on: date, customer_ids: Collection[UUID] | None = None
) -> set[UUID]:
    """Returns those of the customers (None: of all) whose limit in force on a day was taken over and waits for the
    general manager.
    """
    own = () if customer_ids is None else (CreditLimit.customer_id == sa.any_(_ids(customer_ids)),)
    return set(db.execute(select_not_yet_approved(tenant_id, on).where(*own)).scalars())


def select_not_yet_approved(tenant_id: UUID, on: date) -> sa.Select[UUID]:
    """Selects the customers whose limit in force on a day was taken over and waits for the general manager."""
    limit = CreditLimit
    in_force = (limit.valid_from <= on, sa.or_(limit.valid_to.is_(None), limit.valid_to >= on))
    return _waiting(tenant_id, limit.customer_id).where(*in_force)


def _waiting(tenant_id: UUID, shown: InstrumentedAttribute[UUID]) -> sa.Select[UUID]:
    """Selects a column of the limits that were taken over and are not decided on: asked for, or by nobody yet."""
    limit, approval = CreditLimit, Approval
    return (
        sa.select(shown)
        .outerjoin(approval, sa.and_(approval.tenant_id == tenant_id, approval.id == limit.approval_id))
        .where(
            limit.tenant_id == tenant_id,
            limit.source == "taken_over",
            sa.or_(limit.valid_to.is_(None), limit.valid_to >= limit.valid_from),
            sa.or_(approval.id.is_(None), approval.state == "pending"),
        )
    )


def _ask(db: Session, actor: Actor, import_id: UUID, limits: Sequence[TakenOverLimit]) -> UUID | None:
    """Requests the approval of an import's limits; None in a company in which nobody could give it."""
    facts = {"limits": len(limits), "customers": len({each.customer_id for each in limits})}
    asked = ApprovalRequest(TAKE_OVER_KIND, import_id, None, None, None, facts, limits[0].reason)
    try:
        approval_id = request(db, actor, asked)
    except RuleBroken as fault:
        if fault.code != "approval_nobody":
            raise
        approval_id = None
    journal.record(db, actor, "limits_taken_over", subject_id=import_id, data=facts)
    return approval_id


def _by_customer(limits: Sequence[TakenOverLimit]) -> dict[UUID, list[TakenOverLimit]]:
    found: dict[UUID, list[TakenOverLimit]] = {}
    for each in sorted(limits, key=lambda limit: limit.valid_from):
        found.setdefault(each.customer_id, []).append(each)
    return found


def _row(actor: Actor, limit: TakenOverLimit, ends_on: date | None, approval_id: UUID | None) -> dict[str, Any]:
    return {
        "tenant_id": actor.tenant_id,
        "id": new_id(),
        **limit.model_dump(),
        "kind": "regular",
        "unlimited": limit.amount_minor is None,
        "valid_to": ends_on,
        "source": "taken_over",
        "approval_id": approval_id,
        "recorded_at": actor.now,
        "recorded_by": actor.name,
    }


def _event(row: Mapping[str, Any]) -> journal.NewEvent:
    days = {name: row[name].isoformat() if row[name] else None for name in ("valid_from", "valid_to")}
    values = {name: row[name] for name in ("currency", "amount_minor", "term_days", "source", "reason")}
    facts = {"limit_kind": "regular", **values, "grade": str(row["grade"]) if row["grade"] else None, **days}
    return journal.NewEvent("credit_limit_granted", row["customer_id"], row["id"], facts)


def _end(db: Session, tenant_id: UUID, limit_ids: Collection[UUID], ends_on: date) -> None:
    limit = CreditLimit
    ended = sa.update(limit).where(limit.tenant_id == tenant_id, limit.id == sa.any_(_ids(limit_ids)))
    db.execute(ended.values(valid_to=ends_on))


def _ids(ids: Collection[UUID]) -> sa.ColumnElement[Any]:
    return sa.cast(sorted(ids), sa.ARRAY(sa.Uuid))
