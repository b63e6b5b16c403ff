"""Closing periods: the books are locked through a day, and opened again only when others agree.

May import the door (`periods`), kept balances, tenants' approvals and the kernel. Invariants: the state's row is held
alone, so whoever was booking has committed and whoever books next sees the new day; every change is a row that stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.ledger.books.period_balances import keep_balances
from ar.ledger.books.period_lock import lock_moved, locked_through
from ar.ledger.models import BooksState, DoctorRun, DocumentDraft, Entry, OpenItem, PeriodLock, Posting
from ar.ledger.receivables.inputs import AskUnlock, LockBooks
from kernel import idempotency, journal
from kernel.actor import Actor
from kernel.errors import Conflict, RuleBroken
from kernel.ids import new_id
from kernel.views import select_view, value, views
from tenants.approvals.engine import ApprovalRequest, request
from tenants.approvals.kinds import Approved

UNLOCK: Final = "unlock_period"
HISTORY_MAX: Final = 50

_HOLD_ALONE = sa.text("SELECT locked_through FROM books_state WHERE tenant_id = :tenant FOR UPDATE")


@dataclass(frozen=True, slots=True)
class LockRow:
    """One locking or unlocking; `through_on` None: everything was open afterwards."""

    id: UUID
    kind: str
    through_on: date | None
    before_on: date | None
    reason: str
    approval_id: UUID | None
    recorded_at: datetime
    recorded_by: str


@dataclass(frozen=True, slots=True)
class Checklist:
    """What one would look at before locking through `through_on`; information, not a gate."""

    through_on: date
    drafts: int
    unapplied: int
    revalued_on: date | None
    examined_at: datetime | None
    examined_ok: bool


def lock_books(db: Session, actor: Actor, data: LockBooks) -> UUID:
    """The form's way to `lock_through`; sent twice it locks once."""
    request_facts = data.model_dump(exclude={"key"})
    return idempotency.once(
        db, actor, f"lock:{data.key}", request_facts, lambda: lock_through(db, actor, data.through_on, data.reason)
    )


def lock_through(db: Session, actor: Actor, through_on: date, reason: str = "") -> UUID:
    """Locks the books through a day, both in and out; returns the lock's id. Waits for what is being booked.

    Raises RuleBroken: `lock_in_future` for a day after today, `lock_not_forward` for one that is locked already.
    """
    before_on = _hold_alone(db, actor.tenant_id)
    if through_on > actor.today:
        raise RuleBroken("lock_in_future", today=actor.today.isoformat())
    if before_on is not None and through_on <= before_on:
        raise RuleBroken("lock_not_forward", through_on=before_on.isoformat())
    lock_id = _move(db, actor, "lock", through_on, before_on, reason)
    keep_balances(db, actor.tenant_id, lock_id, through_on)
    journal.record(db, actor, "period_locked", subject_id=lock_id, data=_facts(through_on, before_on, reason))
    return lock_id


def ask_unlock(db: Session, actor: Actor, data: AskUnlock) -> UUID:
    """Asks that the books be opened again after `data.back_to` (None: from the start); returns the approval's id.

    Raises RuleBroken: `books_not_locked`, `unlock_not_back` for a day that is not before the lock, and
    `approval_pending` while another request is open.
    """
    locked = locked_through(db, actor.tenant_id)
    _require_back(locked, data.back_to)
    facts = {
        "locked_through": locked.isoformat() if locked else None,
        "back_to": data.back_to.isoformat() if data.back_to else None,
    }
    ask = ApprovalRequest(
        kind=UNLOCK,
        subject_id=actor.tenant_id,
        customer_id=None,
        amount_minor=None,
        currency=None,
        facts=facts,
        reason=data.reason,
    )
    return request(db, actor, ask)


def unlock(db: Session, actor: Actor, approved: Approved) -> None:
    """The effect of the approval: the lock goes back to the day that was asked for, and no further.

    Raises Conflict(`lock_moved`) when more is locked by now than the approvers were shown.
    """
    before_on = _hold_alone(db, actor.tenant_id)
    asked = approved.facts["back_to"]
    back_to = date.fromisoformat(asked) if asked else None
    _require_back(before_on, back_to)
    if before_on is not None and before_on.isoformat() != approved.facts["locked_through"]:
        raise Conflict("lock_moved", through_on=before_on.isoformat())
    lock_id = _move(db, actor, "unlock", back_to, before_on, approved.reason, approval_id=approved.id)
    data = _facts(back_to, before_on, approved.reason) | {
        "approval_no": approved.number,
        "asked_by": approved.requested_by,
    }
    journal.record(db, actor, "period_unlocked", subject_id=lock_id, data=data)


def lock_history(db: Session, tenant_id: UUID) -> list[LockRow]:
    """The newest lockings and unlockings, newest first."""
    lock = PeriodLock
    rows = db.execute(
        select_view(
            LockRow,
            id=value(lock.id),
            kind=value(lock.kind),
            through_on=value(lock.through_on),
            before_on=value(lock.before_on),
            reason=value(lock.reason),
            approval_id=value(lock.approval_id),
            recorded_at=value(lock.recorded_at),
            recorded_by=value(lock.recorded_by),
        )
        .where(lock.tenant_id == tenant_id)
        .order_by(lock.id.desc())
        .limit(HISTORY_MAX)
    )
    return views(LockRow, rows)


def checklist(db: Session, tenant_id: UUID, through_on: date) -> Checklist:
    """Drafts dated by then, credits nobody applied, the last exchange difference, the last examination."""
    d, i, e, p, r = DocumentDraft, OpenItem, Entry, Posting, DoctorRun
    typed_on = d.typed["document_on"].astext
    row = db.execute(
        sa.select(
            # As typed: what is no date yet belongs to no period.
            sa.select(sa.func.count())
            .where(d.tenant_id == tenant_id, d.state == "draft", typed_on.regexp_match(r"^\d{4}-\d\d-\d\d$"))
            .where(typed_on <= through_on.isoformat())
            .scalar_subquery(),
            sa.select(sa.func.count())
            .where(i.tenant_id == tenant_id, i.side < 0, i.open_minor > 0, i.document_on <= through_on)
            .scalar_subquery(),
            sa.select(sa.func.max(e.effective_on))
            .join(p, sa.and_(p.tenant_id == tenant_id, p.entry_id == e.id))
            .where(e.tenant_id == tenant_id, e.kind == "revaluation", p.account_code == "receivables_fx")
            .where(e.effective_on <= through_on)
            .scalar_subquery(),
            sa.select(sa.func.jsonb_build_array(r.examined_at, r.ok))
            .where(r.tenant_id == tenant_id)
            .order_by(r.examined_at.desc())
            .limit(1)
            .scalar_subquery(),
        )
    ).one()
    drafts, unapplied, revalued_on, examined = row
    at, ok = examined or (None, True)
    return Checklist(through_on, drafts, unapplied, revalued_on, datetime.fromisoformat(at) if at else None, bool(ok))


def suggested_day(locked: date | None, today: date) -> date:
    """The day that one would lock through next: the end of last month, or today when that is locked already."""
    end = today.replace(day=1) - timedelta(days=1)
    return end if locked is None or locked < end else today


def _hold_alone(db: Session, tenant_id: UUID) -> date | None:
    found: date | None = db.execute(_HOLD_ALONE, {"tenant": tenant_id}).scalar_one()
    return found


def _require_back(locked: date | None, back_to: date | None) -> None:
    if locked is None:
        raise RuleBroken("books_not_locked")
    if back_to is not None and back_to >= locked:
        raise RuleBroken("unlock_not_back", through_on=locked.isoformat())


def _move(
    db: Session,
    actor: Actor,
    kind: str,
    through_on: date | None,
    before_on: date | None,
    reason: str,
    *,
    approval_id: UUID | None = None,
) -> UUID:
    """Writes the state and the row that says so. The id is made under the lock: it tells the order of locks."""
    lock_id = new_id()
    s = BooksState
    db.execute(sa.update(s).where(s.tenant_id == actor.tenant_id).values(locked_through=through_on))
    lock_moved(db)
    db.execute(
        sa.insert(PeriodLock).values(
            tenant_id=actor.tenant_id,
            id=lock_id,
            kind=kind,
            through_on=through_on,
            before_on=before_on,
            reason=reason,
            approval_id=approval_id,
            recorded_at=actor.now,
            recorded_by=actor.name,
        )
    )
    return lock_id


def _facts(through_on: date | None, before_on: date | None, reason: str) -> dict[str, Any]:
    return {
        "through_on": through_on.isoformat() if through_on else None,
        "before_on": before_on.isoformat() if before_on else None,
        "reason": reason,
    }
