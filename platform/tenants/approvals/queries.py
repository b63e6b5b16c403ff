"""Loads the inbox of approvals in its tabs, and one approval with its chain.

Invariant: `waits_for_person` is in SQL what `holders.deciders` is for one approval (a test compares them).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.actor import Actor
from kernel.clock import local_date
from kernel.storage import Blob
from kernel.views import DbRow
from kernel.visibility import visible
from tenants.approvals import rows
from tenants.approvals.chains import parse_steps
from tenants.approvals.engine import may_withdraw
from tenants.approvals.holders import People, deciders, people_of
from tenants.approvals.kinds import Approved, ChainStep, CustomerName, customer_names
from tenants.approvals.models import Approval, ApprovalChain, ApprovalDecision, ApprovalSubstitute
from tenants.models import Membership

TABS = ("mine", "asked", "open", "decided", "stuck")


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One approval in the list; `turn` names who can decide now."""

    id: UUID
    number: str
    kind: str
    customer: CustomerName | None
    amount_minor: int | None
    currency: str | None
    reason: str
    requested_by: str
    requested_on: date
    waiting_days: int
    state: str
    step: int
    steps: int
    waits_for: str | None
    turn: tuple[str, ...]
    closed_at: datetime | None
    closed_by: str | None

    @property
    def stuck(self) -> bool:
        """True when it is open and nobody can decide."""
        return self.state == "pending" and not self.turn


@dataclass(frozen=True, slots=True)
class Inbox:
    """One page of a tab, and the counts of the counted tabs."""

    rows: list[InboxRow]
    total: int
    mine: int
    open: int
    stuck: int


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step of the chain: `state` is done, now, coming or skipped."""

    role: str
    from_minor: int
    state: str
    outcome: str = ""
    decided_by: str = ""
    on_behalf_of: str | None = None
    decided_at: datetime | None = None
    reason: str = ""
    turn: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EvidenceLine:
    """A file attached to the request."""

    sha256: str
    file_name: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ApprovalPage:
    """One approval for its page. `may_decide`: the reader can decide the open step."""

    approval: Approved
    customer: CustomerName | None
    waiting_days: int
    step: int
    lines: list[StepLine]
    evidence: list[EvidenceLine]
    closed_at: datetime | None
    closed_by: str | None
    may_decide: bool
    on_behalf_of: str | None
    is_requester: bool
    may_withdraw: bool


@dataclass(frozen=True, slots=True)
class ChainVersion:
    """One version of a company's chain, with who set it."""

    version: int
    steps: tuple[ChainStep, ...]
    changed_at: datetime
    changed_by: str


def waits_for_person(tenant_id: Any, user_id: Any, today: Any) -> sa.ColumnElement[bool]:
    """Returns the condition that an approval is open and this person can decide it, also as a substitute."""
    substitute = ApprovalSubstitute
    represented = sa.select(substitute.user_id).where(
        substitute.tenant_id == tenant_id,
        substitute.substitute_id == user_id,
        substitute.revoked_at.is_(None),
        substitute.from_on <= today,
        substitute.to_on >= today,
    )
    m = Membership
    may_decide = _holder(tenant_id).where(sa.or_(m.user_id == user_id, m.user_id.in_(represented))).exists()
    free = Approval.requested_by_id.is_distinct_from(user_id)
    return sa.and_(Approval.state == "pending", free, ~_has_taken_part(tenant_id, user_id), may_decide)


def waiting_for_user() -> sa.Select[Any]:
    """Selects the ids of the approvals that wait for the user (binds: tenant, person, today)."""
    tenant_id = sa.bindparam("tenant", type_=sa.Uuid)
    person, today = sa.bindparam("person", type_=sa.Uuid), sa.bindparam("today", type_=sa.Date)
    return (
        sa.select(Approval.id)
        .select_from(Approval)
        .where(Approval.tenant_id == tenant_id, waits_for_person(tenant_id, person, today))
    )


def may_see(db: Session, actor: Actor) -> sa.ColumnElement[bool]:
    """Returns the condition that the actor may see an approval: of a customer they see, or a part in it is theirs."""
    a, tenant_id, who = Approval, actor.tenant_id, actor.user_id
    return sa.or_(
        visible(db, a.customer_id),
        a.requested_by_id == who,
        waits_for_person(tenant_id, who, actor.today),
        _has_taken_part(tenant_id, who),
    )


def inbox(
    db: Session,
    actor: Actor,
    *,
    tab: str,
    q: str = "",
    kind: str = "",
    customer_id: UUID | None = None,
    offset: int = 0,
    limit: int = 50,
) -> Inbox:
    """Returns one page of a tab; open approvals oldest first, others newest first."""
    a, tenant_id = Approval, actor.tenant_id
    mine = waits_for_person(tenant_id, actor.user_id, actor.today)
    pending, stuck = a.state == "pending", sa.and_(a.state == "pending", ~_holder(tenant_id).exists())
    wanted = {"mine": mine, "asked": a.requested_by_id == actor.user_id, "open": pending, "stuck": stuck}
    seen = may_see(db, actor)
    where = [a.tenant_id == tenant_id, wanted.get(tab, ~pending), seen, *_filters(q, kind, customer_id)]
    counted = db.execute(
        sa.select(sa.func.count().filter(mine), sa.func.count(), sa.func.count().filter(stuck)).where(
            a.tenant_id == tenant_id, pending, seen
        )
    ).one()
    total = db.execute(sa.select(sa.func.count()).where(*where)).scalar_one()
    newest = tab in {"asked", "decided"}
    order = (a.requested_at.desc(), a.id.desc()) if newest else (a.requested_at, a.id)
    start = min(offset, max(0, (total - 1) // limit * limit))
    found = db.execute(sa.select(*a.__table__.columns).where(*where).order_by(*order).offset(start).limit(limit)).all()
    return Inbox(_lines(db, actor, found), total, counted[0], counted[1], counted[2])


def approval_page(db: Session, actor: Actor, approval_id: UUID) -> ApprovalPage:
    """Returns one approval as this person sees it. Raises NotFound(`approval_not_found`)."""
    row = rows.load_approval(db, actor.tenant_id, approval_id, may_see(db, actor))
    decisions = rows.decisions(db, actor.tenant_id, approval_id)
    people = people_of(db, actor.tenant_id, actor.today)
    able = _deciders_of(people, row, decisions)
    represented = able.get(actor.user_id) if actor.user_id else None
    pending = row.state == "pending"
    return ApprovalPage(
        approval=rows.approved_of(row),
        customer=customer_names(db, actor.tenant_id, [row.customer_id]).get(row.customer_id),
        waiting_days=_waiting_days(row, actor),
        step=row.step,
        lines=_step_lines(row, decisions, _names(people, able)),
        evidence=_evidence(db, actor.tenant_id, row.evidence),
        closed_at=row.closed_at,
        closed_by=row.closed_by,
        may_decide=actor.user_id in able,
        on_behalf_of=people.members[represented].name if represented else None,
        is_requester=actor.user_id is not None and actor.user_id == row.requested_by_id,
        may_withdraw=pending and may_withdraw(actor, row.requested_by_id),
    )


def require_visible(db: Session, actor: Actor, approval_id: UUID) -> None:
    """Raises NotFound(`approval_not_found`) for an approval that the actor may not see."""
    rows.load_approval(db, actor.tenant_id, approval_id, may_see(db, actor))


def chain_versions(db: Session, tenant_id: UUID, kind: str) -> list[ChainVersion]:
    """Returns the versions of a company's chain for a kind, newest first."""
    chain = ApprovalChain
    found = db.execute(
        sa.select(chain.version, chain.steps, chain.changed_at, chain.changed_by)
        .where(chain.tenant_id == tenant_id, chain.kind == kind)
        .order_by(chain.version.desc())
    )
    return [
        ChainVersion(version=r.version, steps=parse_steps(r.steps), changed_at=r.changed_at, changed_by=r.changed_by)
        for r in found
    ]


def filled_roles(db: Session, actor: Actor) -> set[str]:
    """Returns the roles that at least one active member has."""
    return {role for person in people_of(db, actor.tenant_id, actor.today).members.values() for role in person.roles}


def of_subject(db: Session, tenant_id: UUID, subject_id: UUID) -> list[Approved]:
    """Returns the approvals requested for a subject, newest first."""
    a = Approval
    statement = sa.select(*a.__table__.columns).where(a.tenant_id == tenant_id, a.subject_id == subject_id)
    return [rows.approved_of(row) for row in db.execute(statement.order_by(a.requested_at.desc(), a.id.desc()))]


def _has_taken_part(tenant_id: Any, who: Any) -> sa.Exists:
    d = ApprovalDecision
    return (
        sa.select(sa.literal_column("1"))
        .where(
            d.tenant_id == tenant_id,
            d.approval_id == Approval.id,
            sa.or_(d.decided_by_id == who, d.on_behalf_of_id == who),
        )
        .correlate(Approval, Membership)
        .exists()
    )


def _holder(tenant_id: Any) -> sa.Select[Any]:
    """Selects the members in whose right the open step of an approval can be decided."""
    m = Membership
    return (
        sa.select(sa.literal_column("1"))
        .where(
            m.tenant_id == tenant_id,
            m.active,
            Approval.waits_for == sa.any_(m.roles),
            m.user_id.is_distinct_from(Approval.requested_by_id),
            ~_has_taken_part(tenant_id, m.user_id),
        )
        .correlate(Approval)
    )


def _filters(q: str, kind: str, customer_id: UUID | None) -> list[sa.ColumnElement[bool]]:
    a, parts = Approval, []
    if q:
        parts.append(sa.or_(*(c.icontains(q, autoescape=True) for c in (a.number, a.reason, a.requested_by))))
    if kind:
        parts.append(a.kind == kind)
    if customer_id is not None:
        parts.append(a.customer_id == customer_id)
    return parts


def _lines(db: Session, actor: Actor, found: Sequence[DbRow]) -> list[InboxRow]:
    if not found:
        return []
    names = customer_names(db, actor.tenant_id, (row.customer_id for row in found))
    people, decisions = people_of(db, actor.tenant_id, actor.today), _decisions_by_approval(db, actor.tenant_id, found)
    return [
        InboxRow(
            id=row.id,
            number=row.number,
            kind=row.kind,
            customer=names.get(row.customer_id),
            amount_minor=row.amount_minor,
            currency=row.currency,
            reason=row.reason,
            requested_by=row.requested_by,
            requested_on=local_date(row.requested_at, actor.timezone),
            waiting_days=_waiting_days(row, actor),
            state=row.state,
            step=row.step,
            steps=len(row.chain),
            waits_for=row.waits_for,
            turn=_names(people, _deciders_of(people, row, decisions.get(row.id, []))),
            closed_at=row.closed_at,
            closed_by=row.closed_by,
        )
        for row in found
    ]


def _decisions_by_approval(db: Session, tenant_id: UUID, found: Iterable[DbRow]) -> dict[UUID, list[DbRow]]:
    d, by_approval = ApprovalDecision, dict[UUID, list[DbRow]]()
    wanted = [row.id for row in found]
    statement = sa.select(d.approval_id, d.decided_by_id, d.on_behalf_of_id)
    for row in db.execute(statement.where(d.tenant_id == tenant_id, d.approval_id.in_(wanted))):
        by_approval.setdefault(row.approval_id, []).append(row)
    return by_approval


def _deciders_of(people: People, row: DbRow, decisions: Sequence[DbRow]) -> dict[UUID, UUID | None]:
    if row.state != "pending":
        return {}
    return deciders(people, row.waits_for, row.requested_by_id, rows.used_by(decisions))


def _names(people: People, able: dict[UUID, UUID | None]) -> tuple[str, ...]:
    return tuple(people.members[one].name for one in able)


def _waiting_days(row: DbRow, actor: Actor) -> int:
    """Returns the days from the request to its closing, or to today while it is open."""
    until = local_date(row.closed_at, actor.timezone) if row.closed_at else actor.today
    return (until - local_date(row.requested_at, actor.timezone)).days


def _step_lines(row: DbRow, decisions: Sequence[DbRow], turn: tuple[str, ...]) -> list[StepLine]:
    by_step, lines = {d.step: d for d in decisions}, []
    for number, step in enumerate(parse_steps(row.chain)):
        d = by_step.get(number)
        if d is not None:
            lines.append(
                StepLine(
                    step.role,
                    step.from_minor,
                    "done",
                    outcome=d.outcome,
                    decided_by=d.decided_by,
                    on_behalf_of=d.on_behalf_of,
                    decided_at=d.decided_at,
                    reason=d.reason,
                )
            )
        elif row.state == "pending":
            now = number == row.step
            lines.append(StepLine(step.role, step.from_minor, "now" if now else "coming", turn=turn if now else ()))
        else:
            lines.append(StepLine(step.role, step.from_minor, "skipped"))
    return lines


def _evidence(db: Session, tenant_id: UUID, stored: Sequence[dict[str, Any]]) -> list[EvidenceLine]:
    if not stored:
        return []
    wanted = sorted({one["sha256"] for one in stored})
    b = Blob
    sizes = {
        r.sha256: r.size_bytes
        for r in db.execute(sa.select(b.sha256, b.size_bytes).where(b.tenant_id == tenant_id, b.sha256.in_(wanted)))
    }
    return [EvidenceLine(o["sha256"], o["file_name"], sizes.get(o["sha256"], 0)) for o in stored]
