"""Sets and revokes substitutes, who decide approvals for another member between two dates.

Invariant: only the member or an administrator sets or revokes one; decisions substitute_row_id meanwhile stand.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from kernel import idempotency, journal
from kernel.actor import Actor
from kernel.errors import Forbidden, NotFound, RuleBroken
from kernel.ids import new_id
from kernel.views import LATER, select_view, value, view
from tenants.approvals.inputs import NewSubstitute
from tenants.approvals.models import ApprovalSubstitute
from tenants.models import User
from tenants.permissions import Permission, allows
from tenants.queries import member


@dataclass(frozen=True, slots=True)
class SubstituteLine:
    """One line of the list; `state` is now, later, over or revoked."""

    id: UUID
    user_id: UUID
    user: str
    substitute: str
    from_on: date
    to_on: date
    created_by: str
    revoked_at: datetime | None
    revoked_by: str | None
    state: str


def set_substitute(db: Session, actor: Actor, data: NewSubstitute) -> UUID:
    """Names a substitute for a member; returns its id. Idempotent by `data.key`.

    Raises Forbidden(`approval_substitute_not_yours`), NotFound(`person_not_found`),
    RuleBroken(`approval_substitute_self`, `..._days`, `..._past`, `..._cannot`).
    """
    user_id = data.user_id or actor.user_id
    if user_id is None or not _may_manage(actor, user_id):
        raise Forbidden("approval_substitute_not_yours")
    request = data.model_dump(exclude={"key"})
    return idempotency.once(
        db, actor, f"substitute:{data.key}", request, lambda: _set_substitute(db, actor, user_id, data)
    )


def _set_substitute(db: Session, actor: Actor, user_id: UUID, data: NewSubstitute) -> UUID:
    _require_valid(db, actor, user_id, data)
    substitute_row_id = new_id()
    db.execute(
        sa.insert(ApprovalSubstitute).values(
            tenant_id=actor.tenant_id,
            id=substitute_row_id,
            user_id=user_id,
            substitute_id=data.substitute_id,
            from_on=data.from_on,
            to_on=data.to_on,
            created_at=actor.now,
            created_by=actor.name,
        )
    )
    _record(db, actor, "approval_substitute_set", user_id, data.substitute_id, data.from_on, data.to_on)
    return substitute_row_id


def revoke_substitute(db: Session, actor: Actor, substitute_row_id: UUID) -> None:
    """Revokes a substitute at once. Idempotent.

    Raises NotFound(`approval_substitute_not_found`), Forbidden(`approval_substitute_not_yours`).
    """
    s = ApprovalSubstitute
    row = db.execute(
        sa.select(s.user_id, s.substitute_id, s.from_on, s.to_on, s.revoked_at)
        .where(s.tenant_id == actor.tenant_id, s.id == substitute_row_id)
        .with_for_update()
    ).first()
    if row is None:
        raise NotFound("approval_substitute_not_found")
    if not _may_manage(actor, row.user_id):
        raise Forbidden("approval_substitute_not_yours")
    if row.revoked_at is not None:
        return
    db.execute(
        sa.update(s)
        .where(s.tenant_id == actor.tenant_id, s.id == substitute_row_id)
        .values(revoked_at=actor.now, revoked_by=actor.name)
    )
    _record(db, actor, "approval_substitute_revoked", row.user_id, row.substitute_id, row.from_on, row.to_on)


def substitute_lines(db: Session, tenant_id: UUID, today: date, limit: int = 200) -> list[SubstituteLine]:
    """Returns the substitutes: current and future ones first, then past ones, newest first."""
    substitute, of, by = ApprovalSubstitute, aliased(User), aliased(User)
    rows = db.execute(
        select_view(
            SubstituteLine,
            id=value(substitute.id),
            user_id=value(substitute.user_id),
            user=value(of.name),
            substitute=value(by.name),
            from_on=value(substitute.from_on),
            to_on=value(substitute.to_on),
            created_by=value(substitute.created_by),
            revoked_at=value(substitute.revoked_at),
            revoked_by=value(substitute.revoked_by),
            state=LATER,
        )
        .join(of, of.id == substitute.user_id)
        .join(by, by.id == substitute.substitute_id)
        .where(substitute.tenant_id == tenant_id)
        .order_by(
            sa.or_(substitute.revoked_at.is_not(None), substitute.to_on < today),
            substitute.from_on.desc(),
            substitute.id.desc(),
        )
        .limit(limit)
    )
    return [view(SubstituteLine, row, state=_state(row.revoked_at, row.from_on, row.to_on, today)) for row in rows]


def _state(revoked_at: datetime | None, from_on: date, to_on: date, today: date) -> str:
    if revoked_at is not None:
        return "revoked"
    if today > to_on:
        return "over"
    return "later" if today < from_on else "now"


def _may_manage(actor: Actor, user_id: UUID) -> bool:
    return actor.user_id == user_id or allows(actor.roles, Permission.MANAGE_PEOPLE)


def _require_valid(db: Session, actor: Actor, user_id: UUID, data: NewSubstitute) -> None:
    if data.substitute_id == user_id:
        raise RuleBroken("approval_substitute_self")
    if data.to_on < data.from_on:
        raise RuleBroken("approval_substitute_days")
    if data.to_on < actor.today:
        raise RuleBroken("approval_substitute_past")
    people = [member(db, actor.tenant_id, one) for one in (user_id, data.substitute_id)]
    if not all(person.active for person in people):
        raise NotFound("person_not_found")
    if not allows(people[1].roles, Permission.READ):
        raise RuleBroken("approval_substitute_cannot")


def _record(
    db: Session, actor: Actor, event: str, user_id: UUID, substitute_id: UUID, from_on: date, to_on: date
) -> None:
    of, by = member(db, actor.tenant_id, user_id), member(db, actor.tenant_id, substitute_id)
    data = {"of": of.name, "substitute": by.name, "from_on": from_on.isoformat(), "to_on": to_on.isoformat()}
    journal.record(db, actor, event, subject_id=user_id, data=data)
