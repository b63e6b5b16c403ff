"""Requests, decides and withdraws approvals; knows no slice.

Invariants: the customers are locked, then the approval's row, before anything is checked or written: of two people
deciding at once the second is refused, and nobody waits in a circle with who works on the customer; a kind's effect
runs before the approval is closed, in the same transaction, and an error undoes all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kernel import journal
from kernel.actor import Actor
from kernel.counters import document_number, take_numbers
from kernel.errors import Conflict, Forbidden, NotFound, RuleBroken
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.storage import Blob
from kernel.views import DbRow
from tenants.approvals import mails, rows
from tenants.approvals.chains import chain_of, parse_steps, required_steps, steps_json
from tenants.approvals.holders import deciders, missing_role, people_of
from tenants.approvals.kinds import ChainStep, Kind, find_kind, hold_customers, kind_of
from tenants.approvals.models import Approval, ApprovalDecision
from tenants.permissions import ROLE_NAMES, Permission, Role, allows
from tenants.queries import tenant

REASON_MAX: Final = 2000
COMPARE_MAX: Final = 10**18


@dataclass(frozen=True, slots=True)
class Evidence:
    """A stored blob attached to the request, under a file name."""

    sha256: str
    file_name: str


@dataclass(frozen=True)
class ApprovalRequest:
    """A request for approval. `amount_minor` in minor units of `currency`; both None where there is no amount.

    `compare_minor` is the amount in the company's currency, for the thresholds of the chain; when it is None and the
    currency is foreign (or there is no amount), the whole chain decides. `facts` are JSON-able. `steps`: who decides,
    of a kind whose slice chooses that for each request.
    """

    kind: str
    subject_id: UUID
    customer_id: UUID | None
    amount_minor: int | None
    currency: str | None
    facts: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    evidence: Sequence[Evidence] = ()
    compare_minor: int | None = None
    steps: Sequence[ChainStep] | None = None


def request(db: Session, actor: Actor, asked: ApprovalRequest) -> UUID:
    """Requests an approval; returns its id. The caller locks customers first, as the running number comes last (R010).

    Raises RuleBroken(`approval_pending`) while one is open for (kind, subject), RuleBroken(`approval_nobody`) when a
    step has no possible decider, NotFound(`blob_not_found`) for evidence that is not stored.
    """
    kind = kind_of(asked.kind)
    _require_no_open_request(db, actor.tenant_id, asked)
    _require_blobs(db, actor.tenant_id, asked.evidence)
    chain, compare = chain_of(db, actor.tenant_id, kind), asked.compare_minor
    if compare is None and asked.currency == tenant(db, actor.tenant_id).currency:
        compare = asked.amount_minor
    if compare is not None and abs(compare) > COMPARE_MAX:
        compare = None  # too large to compare with thresholds: the whole chain decides
    steps = required_steps(chain.steps, compare) if asked.steps is None else list(asked.steps)
    missing = missing_role(people_of(db, actor.tenant_id, actor.today), [step.role for step in steps], actor.user_id)
    if missing is not None:
        raise RuleBroken("approval_nobody", role=_(ROLE_NAMES[Role(missing)]))
    approval_id, year = new_id(), actor.today.year
    number = document_number("APR", year, take_numbers(db, actor.tenant_id, f"approval:{year}")[0])
    added = db.execute(
        insert(Approval)
        .values(
            tenant_id=actor.tenant_id,
            id=approval_id,
            number=number,
            kind=kind.code,
            subject_id=asked.subject_id,
            customer_id=asked.customer_id,
            amount_minor=asked.amount_minor,
            currency=asked.currency,
            compare_minor=compare,
            facts=dict(asked.facts),
            reason=asked.reason,
            evidence=[{"sha256": file.sha256, "file_name": file.file_name} for file in asked.evidence],
            chain=steps_json(steps),
            chain_version=chain.version,
            state="pending",
            step=0,
            waits_for=steps[0].role,
            requested_at=actor.now,
            requested_by=actor.name,
            requested_by_id=actor.user_id,
        )
        .on_conflict_do_nothing()
        .returning(Approval.id)
    ).first()
    if added is None:
        raise RuleBroken("approval_pending", number="")
    row = rows.load_approval(db, actor.tenant_id, approval_id)
    _record(db, actor, "approval_requested", row, reason=asked.reason, chain=[step.role for step in steps])
    mails.mail_next_deciders(db, actor, row)
    return approval_id


def decide(
    db: Session, actor: Actor, approval_id: UUID, *, approve: bool, reason: str = "", step: int | None = None
) -> str:
    """Records one person's decision on the open step; returns the approval's state afterwards.

    `step` is the one that the person saw (counted from 0). Repeating the same decision changes nothing.
    Raises NotFound(`approval_not_found`), Conflict(`approval_closed`, `approval_moved_on`), Forbidden(`approval_own`,
    `approval_not_yours`, `approval_once`), RuleBroken(`approval_reason_needed`), and
    what the kind raises for a step or in its effect.
    """
    actor, row = _locked(db, actor, approval_id)
    outcome, why = "approved" if approve else "rejected", reason.strip()[:REASON_MAX]
    decisions = rows.decisions(db, actor.tenant_id, approval_id)
    if any(
        decision.decided_by_id == actor.user_id and decision.step == step and decision.outcome == outcome
        for decision in decisions
    ):
        return str(row.state)
    if row.state != "pending":
        raise Conflict("approval_closed", number=row.number)
    if step is not None and step != row.step:
        raise Conflict("approval_moved_on", number=row.number)
    if not approve and not why:
        raise RuleBroken("approval_reason_needed")
    on_behalf_of_id, on_behalf_of = _on_behalf_of(db, actor, row, decisions)
    before_step = kind_of(row.kind).before_step
    if approve and before_step is not None:
        before_step(db, actor, rows.approved_of(row, "pending", why), row.step)
    db.execute(
        sa.insert(ApprovalDecision).values(
            tenant_id=actor.tenant_id,
            id=new_id(),
            approval_id=row.id,
            step=row.step,
            role=row.waits_for,
            outcome=outcome,
            reason=why,
            decided_at=actor.now,
            decided_by=actor.name,
            decided_by_id=actor.user_id,
            on_behalf_of=on_behalf_of,
            on_behalf_of_id=on_behalf_of_id,
        )
    )
    facts = {"step": row.step + 1, "role": row.waits_for, "reason": why, "on_behalf_of": on_behalf_of}
    _record(db, actor, f"approval_step_{outcome}", row, **facts)
    return _advance(db, actor, row, outcome, why)


def withdraw(db: Session, actor: Actor, approval_id: UUID, reason: str) -> None:
    """Withdraws an open request: allowed to the requester, to accountants, and to the system.

    Raises NotFound(`approval_not_found`), Conflict(`approval_closed`), Forbidden(`approval_not_yours_to_withdraw`),
    RuleBroken(`approval_reason_needed`).
    """
    actor, row = _locked(db, actor, approval_id)
    why = reason.strip()[:REASON_MAX]
    if not may_withdraw(actor, row.requested_by_id):
        raise Forbidden("approval_not_yours_to_withdraw")
    if row.state != "pending":
        raise Conflict("approval_closed", number=row.number)
    if not why:
        raise RuleBroken("approval_reason_needed")
    _close(db, actor, row, "withdrawn", why, row.step)


def ask_again(db: Session, actor: Actor, approval_id: UUID) -> None:
    """Queues the mails to those who can decide the open step once more; nothing of an approval that is closed.

    Raises NotFound(`approval_not_found`).
    """
    row = rows.load_approval(db, actor.tenant_id, approval_id)
    if row.state == "pending":
        mails.mail_next_deciders(db, actor, row)


def may_withdraw(actor: Actor, requested_by_id: UUID | None) -> bool:
    """Returns True when the actor may withdraw this request while it is open."""
    own = actor.user_id is not None and actor.user_id == requested_by_id
    return own or actor.kind != "person" or allows(actor.roles, Permission.POST_LEDGER)


def _locked(db: Session, actor: Actor, approval_id: UUID) -> tuple[Actor, DbRow]:
    seen = rows.load_approval(db, actor.tenant_id, approval_id)
    actor = hold_customers(db, actor, rows.approved_of(seen))
    return actor, rows.lock_approval(db, actor.tenant_id, approval_id)


def _advance(db: Session, actor: Actor, row: DbRow, outcome: str, why: str) -> str:
    """Opens the next step, or closes the approval; returns its state."""
    done, steps = row.step + 1, parse_steps(row.chain)
    if outcome == "rejected" or done == len(steps):
        _close(db, actor, row, outcome, why, done)
        return outcome
    approval = Approval
    db.execute(
        sa.update(approval)
        .where(approval.tenant_id == actor.tenant_id, approval.id == row.id)
        .values(step=done, waits_for=steps[done].role)
    )
    mails.mail_next_deciders(db, actor, rows.load_approval(db, actor.tenant_id, row.id))
    return "pending"


def _close(db: Session, actor: Actor, row: DbRow, state: str, why: str, step: int) -> None:
    """Runs the kind's effect, which may refuse, then closes the approval and notifies the requester."""
    kind = find_kind(row.kind) if state == "withdrawn" else kind_of(row.kind)
    effect = _effect(kind, state)
    if effect is not None:
        effect(db, actor, rows.approved_of(row, state, why))
    approval = Approval
    db.execute(
        sa.update(approval)
        .where(approval.tenant_id == actor.tenant_id, approval.id == row.id)
        .values(
            state=state, step=step, waits_for=None, closed_at=actor.now, closed_by=actor.name, closed_reason=why or None
        )
    )
    closed = rows.load_approval(db, actor.tenant_id, row.id)
    _record(db, actor, "approval_withdrawn" if state == "withdrawn" else "approval_decided", closed, reason=why)
    mails.mail_requester(db, actor, closed)


def _effect(kind: Kind | None, state: str) -> Any:
    if kind is None:
        return None
    return kind.approve if state == "approved" else kind.reject


def _on_behalf_of(db: Session, actor: Actor, row: DbRow, decisions: Sequence[DbRow]) -> tuple[UUID | None, str | None]:
    """Returns (None, None) when the actor decides in their own right, else (id, name) of the person represented."""
    if actor.user_id is None:
        raise Forbidden("approval_not_yours", role=_(ROLE_NAMES[Role(row.waits_for)]))
    if actor.user_id == row.requested_by_id:
        raise Forbidden("approval_own")
    used = rows.used_by(decisions)
    if actor.user_id in used:
        raise Forbidden("approval_once")
    people = people_of(db, actor.tenant_id, actor.today)
    able = deciders(people, row.waits_for, row.requested_by_id, used)
    if actor.user_id not in able:
        raise Forbidden("approval_not_yours", role=_(ROLE_NAMES[Role(row.waits_for)]))
    represented = able[actor.user_id]
    return represented, people.members[represented].name if represented else None


def _require_no_open_request(db: Session, tenant_id: UUID, asked: ApprovalRequest) -> None:
    approval = Approval
    number = db.execute(
        sa.select(approval.number).where(
            approval.tenant_id == tenant_id,
            approval.kind == asked.kind,
            approval.subject_id == asked.subject_id,
            approval.state == "pending",
        )
    ).scalar_one_or_none()
    if number is not None:
        raise RuleBroken("approval_pending", number=number)


def _require_blobs(db: Session, tenant_id: UUID, evidence: Sequence[Evidence]) -> None:
    wanted = {one.sha256 for one in evidence}
    if not wanted:
        return
    stored = db.execute(sa.select(Blob.sha256).where(Blob.tenant_id == tenant_id, Blob.sha256.in_(sorted(wanted))))
    if {row.sha256 for row in stored} != wanted:
        raise NotFound("blob_not_found")


def _record(db: Session, actor: Actor, event: str, row: DbRow, **facts: Any) -> None:
    data = {
        "number": row.number,
        "approval_kind": row.kind,
        "state": row.state,
        "amount_minor": row.amount_minor,
        "currency": row.currency,
        "subject_id": str(row.subject_id),
        **facts,
    }
    journal.record(db, actor, event, customer_id=row.customer_id, subject_id=row.id, data=data)
