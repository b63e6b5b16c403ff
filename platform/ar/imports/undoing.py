"""Undoes an import: reverses what it posted and puts back what it changed, as long as nothing depends on it.

Invariant: nothing is deleted: documents are reversed by the ledger's own commands on the first day that is open to
them; what depends on the import is named, and then nothing is undone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.cases.models import StepTaken
from ar.customers.commands import restore_customers
from ar.imports.models import ImportAllocation, ImportCustomer, ImportDocument, ImportJob
from ar.imports.traces import STATE, customer_states_by_id
from ar.interest.models import InterestLine
from ar.ledger.commands import (
    first_open_on,
    lock_customers,
    lock_open_period,
    reverse_allocation,
    reverse_item,
)
from ar.ledger.models import Allocation, OpenItem
from ar.statements.models import StatementLine
from kernel.actor import Actor
from kernel.counters import lock_counter
from kernel.errors import Conflict
from kernel.i18n import gettext as _
from kernel.journal import record

PROGRESS_EVERY = 50


def undo_import(db: Session, actor: Actor, job_id: UUID, progress: Callable[[int], None] = lambda _done: None) -> int:
    """Undoes an applied import; returns the number of documents reversed.

    Raises Conflict (`import_not_traced`, `import_depended_on` naming what depends on it).
    """
    actor = lock_counter(db, actor, "imports")
    items = _documents(db, actor.tenant_id, job_id)
    actor = lock_customers(db, actor, {item.customer_id for item in items})
    require_undoable(db, actor.tenant_id, job_id)
    open_from = first_open_on(lock_open_period(db, actor.tenant_id))
    for allocation in _own_allocations(db, actor.tenant_id, job_id):
        reverse_allocation(db, actor, allocation.id, effective_on=max(allocation.effective_on, open_from))
    # One document by instalments is reversed as a whole with its first item.
    reversed_entries: set[UUID] = set()
    for done, item in enumerate(items, start=1):
        if item.entry_id not in reversed_entries:
            reversed_entries.add(item.entry_id)
            on = max(item.document_on, item.last_on or item.document_on, open_from)
            reverse_item(db, actor, item.id, effective_on=on)
        if done % PROGRESS_EVERY == 0:
            progress(done)
    customers = _put_back_customers(db, actor, job_id)
    job = ImportJob
    db.execute(
        sa.update(job)
        .where(job.tenant_id == actor.tenant_id, job.id == job_id)
        .values(state="undone", undone_at=actor.now, undone_by=actor.name, error=None)
    )
    data = {"documents": len(items), "customers": customers}
    record(db, actor, "import_undone", subject_id=job_id, data=data)
    return len(items)


def require_undoable(db: Session, tenant_id: UUID, job_id: UUID) -> None:
    """Raises Conflict naming what depends on an import, or that nothing is known of what it wrote."""
    items = [item.id for item in _documents(db, tenant_id, job_id)]
    if not items and not _has_customers(db, tenant_id, job_id):
        raise Conflict("import_not_traced")
    found = depends_on(db, tenant_id, job_id) if items else []
    if found:
        raise Conflict("import_depended_on", what="; ".join(found))


def depends_on(db: Session, tenant_id: UUID, job_id: UUID) -> list[str]:
    """Returns in words what depends on the documents of an import; an empty list when it can be undone."""
    document, own = ImportDocument, ImportAllocation
    mine = sa.select(document.item_id).where(document.tenant_id == tenant_id, document.job_id == job_id)
    ours = sa.select(own.allocation_id).where(own.tenant_id == tenant_id, own.job_id == job_id)
    mirror, a, undone, other = aliased(OpenItem), Allocation, aliased(Allocation), aliased(OpenItem)
    standing = sa.and_(
        a.amount_minor > 0,
        a.id.not_in(ours),
        ~sa.exists().where(undone.tenant_id == tenant_id, undone.reverses_id == a.id),
    )
    applied = _numbers(
        db,
        sa.select(other.document_no)
        .join(
            a,
            sa.and_(
                a.tenant_id == tenant_id,
                sa.or_(
                    sa.and_(a.debit_item_id.in_(mine), a.credit_item_id == other.id),
                    sa.and_(a.credit_item_id.in_(mine), a.debit_item_id == other.id),
                ),
            ),
        )
        .where(other.tenant_id == tenant_id, standing, other.kind != "reversal"),
    )
    reversals = _numbers(
        db, sa.select(mirror.document_no).where(mirror.tenant_id == tenant_id, mirror.reverses_id.in_(mine))
    )
    line, step, charged = StatementLine, StepTaken, InterestLine
    stated = _numbers(db, sa.select(line.document_no).where(line.tenant_id == tenant_id, line.item_id.in_(mine)))
    acted = _count(db, step.tenant_id == tenant_id, step.item_id.in_(mine), step.action_id.is_not(None))
    charges = _count(db, charged.tenant_id == tenant_id, charged.item_id.in_(mine))
    found = [
        (reversals, _("reversals %(numbers)s", numbers=", ".join(reversals))),
        (applied, _("allocations with %(numbers)s", numbers=", ".join(applied))),
        (stated, _("statements that name %(numbers)s", numbers=", ".join(stated))),
        (acted, _("%(count)s reminders or letters", count=acted)),
        (charges, _("%(count)s lines of late interest", count=charges)),
    ]
    return [said for what, said in found if what]


def _numbers(db: Session, query: sa.Select[str]) -> list[str]:
    """Returns at most five document numbers."""
    return sorted(db.execute(query.distinct().limit(5)).scalars())


def _count(db: Session, *conditions: sa.ColumnElement[bool]) -> int:
    return db.execute(sa.select(sa.func.count()).where(*conditions)).scalar_one()


def _documents(db: Session, tenant_id: UUID, job_id: UUID) -> list[Any]:
    """Returns the items that an import posted, with their customers, entries and last movements."""
    document, item, a = ImportDocument, OpenItem, Allocation
    last_on = (
        sa.select(sa.func.max(a.effective_on))
        .where(a.tenant_id == tenant_id, sa.or_(a.debit_item_id == item.id, a.credit_item_id == item.id))
        .scalar_subquery()
    )
    rows = db.execute(
        sa.select(item.id, item.customer_id, item.entry_id, item.document_on, last_on.label("last_on"))
        .join(document, sa.and_(document.tenant_id == tenant_id, document.item_id == item.id))
        .where(item.tenant_id == tenant_id, document.job_id == job_id)
        .order_by(item.customer_id, item.id)
    )
    return list(rows)


def _own_allocations(db: Session, tenant_id: UUID, job_id: UUID) -> list[Any]:
    """Returns the allocations in force that the import made."""
    own, a, undone = ImportAllocation, Allocation, aliased(Allocation)
    return list(
        db.execute(
            sa.select(a.id, a.effective_on)
            .join(own, sa.and_(own.tenant_id == tenant_id, own.allocation_id == a.id))
            .where(
                a.tenant_id == tenant_id,
                own.job_id == job_id,
                ~sa.exists().where(undone.tenant_id == tenant_id, undone.reverses_id == a.id),
            )
            .order_by(a.customer_id, a.id)
        )
    )


def _has_customers(db: Session, tenant_id: UUID, job_id: UUID) -> bool:
    c = ImportCustomer
    query = sa.select(c.customer_id).where(c.tenant_id == tenant_id, c.job_id == job_id).limit(1)
    return db.execute(query).first() is not None


def _put_back_customers(db: Session, actor: Actor, job_id: UUID) -> int:
    """Puts back what the import changed in customers that nobody changed since; returns their number.

    A customer that the import created stays in the list, without documents: nothing is deleted.
    """
    c = ImportCustomer
    rows = db.execute(
        sa.select(c.customer_id, c.before, c.after).where(
            c.tenant_id == actor.tenant_id, c.job_id == job_id, c.before.is_not(None)
        )
    ).all()
    now = customer_states_by_id(db, actor.tenant_id, [row.customer_id for row in rows])
    unchanged = {
        row.customer_id: {name: row.before[name] for name in STATE if row.before[name] != row.after[name]}
        for row in rows
        if now.get(row.customer_id) == row.after
    }
    restore_customers(db, actor, unchanged)
    return len(unchanged)
