"""Proposes that a customer goes on the blacklist or leaves it, and carries out what was approved (R079).

Invariants: nothing changes before the last decision; a customer has one open entry at most; entries stay as history.
The customer's row is locked, as the checks of credit lock it, so that no order passes beside an entry.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.blacklist.inputs import ProposeListing
from ar.customers.file.documents import lock_customer
from ar.customers.file.models import BlacklistEntry
from kernel import journal
from kernel.actor import Actor
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.ids import new_id
from kernel.views import DbRow
from tenants.approvals.engine import ApprovalRequest, request
from tenants.approvals.kinds import Approved

ENTRY: Final = "blacklist_entry"
EXIT: Final = "blacklist_exit"
OPEN_STATES: Final = ("proposed", "listed")


def propose_entry(db: Session, actor: Actor, customer_id: UUID, data: ProposeListing) -> UUID:
    """Proposes to put a customer on the blacklist; returns the entry's id.

    Raises NotFound(`customer_not_found`), RuleBroken(`blacklist_open`), and what requesting an approval raises.
    """
    customer = lock_customer(db, actor, customer_id)
    entry = BlacklistEntry
    known = db.execute(
        sa.select(entry.id).where(
            entry.tenant_id == actor.tenant_id, entry.customer_id == customer_id, entry.state.in_(OPEN_STATES)
        )
    ).first()
    if known is not None:
        raise RuleBroken("blacklist_open")
    entry_id = new_id()
    db.execute(
        sa.insert(entry).values(
            tenant_id=actor.tenant_id,
            id=entry_id,
            customer_id=customer_id,
            state="proposed",
            reason=data.reason,
            proposed_by=actor.name,
            proposed_by_id=actor.user_id,
            proposed_at=actor.now,
        )
    )
    approval_id = _request(db, actor, ENTRY, entry_id, customer_id, customer.number, data.reason)
    _update(db, actor, entry_id, approval_id=approval_id)
    _record(db, actor, "blacklist_proposed", customer_id, entry_id, reason=data.reason)
    return entry_id


def propose_exit(db: Session, actor: Actor, entry_id: UUID, data: ProposeListing) -> UUID:
    """Proposes to take a customer off the blacklist; returns the approval's id.

    Raises NotFound(`blacklist_not_found`), Conflict(`blacklist_not_listed`), and what requesting an approval raises.
    """
    row = _lock_entry(db, actor, entry_id)
    if row.state != "listed":
        raise Conflict("blacklist_not_listed")
    approval_id = _request(db, actor, EXIT, entry_id, row.customer_id, row.number, data.reason)
    _update(db, actor, entry_id, exit_reason=data.reason, exit_approval_id=approval_id)
    _record(db, actor, "blacklist_exit_proposed", row.customer_id, entry_id, reason=data.reason)
    return approval_id


def put_on(db: Session, actor: Actor, approved: Approved) -> None:
    """Puts the customer on the blacklist; runs on final approval. Raises Conflict(`blacklist_settled`)."""
    row = _require(db, actor, approved.subject_id, "proposed")
    _update(db, actor, row.id, state="listed", listed_at=actor.now)
    _record(db, actor, "blacklist_listed", row.customer_id, row.id, reason=row.reason, number=approved.number)


def leave_off(db: Session, actor: Actor, approved: Approved) -> None:
    """Closes an entry that was rejected or withdrawn."""
    row = _lock_entry(db, actor, approved.subject_id)
    _update(db, actor, row.id, state="refused")
    _record(db, actor, "blacklist_refused", row.customer_id, row.id, reason=approved.closing_reason)


def take_off(db: Session, actor: Actor, approved: Approved) -> None:
    """Takes the customer off the blacklist; runs on final approval. Raises Conflict(`blacklist_settled`)."""
    row = _require(db, actor, approved.subject_id, "listed")
    _update(db, actor, row.id, state="delisted", delisted_at=actor.now)
    _record(db, actor, "blacklist_delisted", row.customer_id, row.id, reason=row.exit_reason, number=approved.number)


def keep_on(db: Session, actor: Actor, approved: Approved) -> None:
    """Leaves a customer on the blacklist whose exit was rejected or withdrawn."""
    row = _lock_entry(db, actor, approved.subject_id)
    _update(db, actor, row.id, exit_reason=None, exit_approval_id=None)
    _record(db, actor, "blacklist_kept", row.customer_id, row.id, reason=approved.closing_reason)


def _request(db: Session, actor: Actor, kind: str, entry_id: UUID, customer_id: UUID, number: str, reason: str) -> UUID:
    asked = ApprovalRequest(kind, entry_id, customer_id, None, None, {"customer_no": number}, reason)
    return request(db, actor, asked)


def _require(db: Session, actor: Actor, entry_id: UUID, state: str) -> DbRow:
    row = _lock_entry(db, actor, entry_id)
    if row.state != state:
        raise Conflict("blacklist_settled")
    return row


def _lock_entry(db: Session, actor: Actor, entry_id: UUID) -> DbRow:
    """Locks an entry and its customer, the customer first. Raises NotFound(`blacklist_not_found`)."""
    entry = BlacklistEntry
    where = (entry.tenant_id == actor.tenant_id, entry.id == entry_id)
    customer_id = db.execute(sa.select(entry.customer_id).where(*where)).scalar_one_or_none()
    if customer_id is None:
        raise NotFound("blacklist_not_found")
    number = lock_customer(db, actor, customer_id).number
    row: DbRow = db.execute(
        sa.select(
            entry.id,
            entry.customer_id,
            entry.state,
            entry.reason,
            entry.exit_reason,
            sa.literal(number).label("number"),
        )
        .where(*where)
        .with_for_update()
    ).one()
    return row


def _update(db: Session, actor: Actor, entry_id: UUID, **values: Any) -> None:
    entry = BlacklistEntry
    db.execute(sa.update(entry).where(entry.tenant_id == actor.tenant_id, entry.id == entry_id).values(**values))


def _record(db: Session, actor: Actor, event: str, customer_id: UUID, entry_id: UUID, **facts: Any) -> None:
    journal.record(db, actor, event, customer_id=customer_id, subject_id=entry_id, data=facts)
