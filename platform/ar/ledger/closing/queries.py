"""Lock history and the checklist before locking, for the page of periods."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.ledger.closing.audit.models import DoctorRun
from ar.ledger.documents.models import DocumentDraft
from ar.ledger.models import Entry, OpenItem, PeriodLock, Posting
from kernel.views import select_view, value, views

HISTORY_MAX: Final = 50


@dataclass(frozen=True, slots=True)
class LockChange:
    """One locking or unlocking; `through_on` None: all periods were open afterwards."""

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
    """Facts to review before locking through `through_on`; information, not a condition.

    `drafts`: document drafts dated by then; `unapplied`: credits with an open amount; `revalued_on`: the last exchange
    difference posted; `examined_at`: the last examination of the books.
    """

    through_on: date
    drafts: int
    unapplied: int
    revalued_on: date | None
    examined_at: datetime | None
    examined_ok: bool


def lock_history(db: Session, tenant_id: UUID) -> list[LockChange]:
    """Returns the last HISTORY_MAX lockings and unlockings, newest first."""
    lock = PeriodLock
    rows = db.execute(
        select_view(
            LockChange,
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
    return views(LockChange, rows)


def checklist(db: Session, tenant_id: UUID, through_on: date) -> Checklist:
    """Returns the checklist for locking through a day; one statement."""
    draft, item, entry, posting, run = DocumentDraft, OpenItem, Entry, Posting, DoctorRun
    typed_on = draft.typed["document_on"].astext
    row = db.execute(
        sa.select(
            # Drafts keep dates as typed; text that is no date belongs to no period.
            sa.select(sa.func.count())
            .where(draft.tenant_id == tenant_id, draft.state == "draft", typed_on.regexp_match(r"^\d{4}-\d\d-\d\d$"))
            .where(typed_on <= through_on.isoformat())
            .scalar_subquery(),
            sa.select(sa.func.count())
            .where(item.tenant_id == tenant_id, item.side < 0, item.open_minor > 0, item.document_on <= through_on)
            .scalar_subquery(),
            sa.select(sa.func.max(entry.effective_on))
            .join(posting, sa.and_(posting.tenant_id == tenant_id, posting.entry_id == entry.id))
            .where(entry.tenant_id == tenant_id, entry.kind == "revaluation", posting.account_code == "receivables_fx")
            .where(entry.effective_on <= through_on)
            .scalar_subquery(),
            sa.select(sa.func.jsonb_build_array(run.examined_at, run.ok))
            .where(run.tenant_id == tenant_id)
            .order_by(run.examined_at.desc())
            .limit(1)
            .scalar_subquery(),
        )
    ).one()
    drafts, unapplied, revalued_on, last_run = row
    examined_at, ok = last_run or (None, True)
    return Checklist(
        through_on=through_on,
        drafts=drafts,
        unapplied=unapplied,
        revalued_on=revalued_on,
        examined_at=datetime.fromisoformat(examined_at) if examined_at else None,
        examined_ok=bool(ok),
    )


def suggested_lock_day(locked: date | None, today: date) -> date:
    """Returns the day to suggest for the next lock: the end of last month, or today when that is locked already."""
    end = today.replace(day=1) - timedelta(days=1)
    return end if locked is None or locked < end else today
