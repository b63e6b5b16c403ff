"""Undoes an import: takes back what it posted and puts back what it changed, as long as nothing depends on it.

Invariants: nothing is deleted: documents are reversed, each on the first day that is open to it, and their numbers are
free again; customers that only the import made are retired; what depends on the import is named, and then nothing is
undone. The number of statements does not grow with the number of documents.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.cases.models import CollectionHold, StepTaken
from ar.credit.lookups import followed_limits
from ar.customers.commands import restore_contacts, restore_customers, retire_customers
from ar.customers.lookups import customers_with_files
from ar.imports.models import ImportAllocation, ImportCustomer, ImportDocument, ImportJob, ImportRecord
from ar.imports.sales_files import sales_customers, take_back_sales
from ar.imports.traces import CONTACTS, STATE, customer_states_by_id, others
from ar.interest.models import InterestCharge, InterestLine, InterestTerms
from ar.ledger.commands import freeze_customers, take_back_allocations, take_back_documents
from ar.ledger.lookups import customers_with_drafts
from ar.ledger.models import Allocation, OpenItem
from ar.receipts.models import PayerAccount
from ar.sales.models import Delivery, DeliveryReturn, OrderInvoice, SignOff
from ar.statements.models import Statement, StatementLine
from kernel.actor import Actor
from kernel.arrays import array_text
from kernel.counters import lock_counter
from kernel.errors import Conflict
from kernel.i18n import gettext as _
from kernel.journal import record

#: Papers listed by number for each kind of what depends on an import.
LISTED_MAX: Final = 5
#: States of a step whose letter went out, or whose call or task was done, or may have been.
SENT_STATES: Final = ("delivered", "done", "unknown")


@dataclass(frozen=True, slots=True)
class Paper:
    """A document, statement, letter or charge with its page: `endpoint` and the value of its `argument`."""

    number: str
    endpoint: str
    argument: str
    id: UUID


@dataclass(frozen=True, slots=True)
class Dependant:
    """What of one kind depends on an import: its name, what to do about it, the first papers, the number of all."""

    name: str
    remedy: str
    papers: tuple[Paper, ...]
    count: int

    @property
    def text(self) -> str:
        """Returns it in one sentence part, for a message without links."""
        numbers = ", ".join(paper.number for paper in self.papers)
        return f"{self.name} {numbers}" + (" …" if self.count > len(self.papers) else "")


def undo_import(db: Session, actor: Actor, job_id: UUID) -> int:
    """Undoes an applied import; returns the number of documents taken back.

    Raises Conflict (`import_not_traced`, `import_depended_on` naming what depends on it).
    """
    actor = lock_counter(db, actor, "imports")
    customer_ids, _item_ids = _documents(db, actor.tenant_id, job_id)
    customer_ids |= sales_customers(db, actor.tenant_id, job_id)
    actor = freeze_customers(db, actor, {*customer_ids, *_traced_customers(db, actor.tenant_id, job_id)})
    require_undoable(db, actor.tenant_id, job_id)
    taken_back = take_back_sales(db, actor, job_id)
    take_back_allocations(db, actor, _own_allocations(db, actor.tenant_id, job_id))
    _customer_ids, item_ids = _documents(db, actor.tenant_id, job_id)
    count = take_back_documents(db, actor, item_ids, memo=_("Import undone"))
    retired, restored = _put_back_customers(db, actor, job_id)
    job = ImportJob
    db.execute(
        sa.update(job)
        .where(job.tenant_id == actor.tenant_id, job.id == job_id)
        .values(state="undone", undone_at=actor.now, undone_by=actor.name, error=None)
    )
    data = {"documents": count + taken_back, "customers": restored, "retired": retired}
    record(db, actor, "import_undone", subject_id=job_id, data=data)
    return count + taken_back


def require_undoable(db: Session, tenant_id: UUID, job_id: UUID) -> None:
    """Raises Conflict naming what depends on an import, or that nothing is known of what it wrote."""
    wrote = _documents(db, tenant_id, job_id)[1] or _traced_customers(db, tenant_id, job_id)
    if not wrote and not others(db, tenant_id, job_id):
        raise Conflict("import_not_traced")
    found = depends_on(db, tenant_id, job_id)
    if found:
        raise Conflict("import_depended_on", what="; ".join(each.text for each in found))


def depends_on(db: Session, tenant_id: UUID, job_id: UUID) -> list[Dependant]:
    """Returns what depends on the documents of an import; an empty list when it can be undone."""
    document = ImportDocument
    mine = sa.select(document.item_id).where(document.tenant_id == tenant_id, document.job_id == job_id)
    unapply = _("Undo these allocations on the pages of the documents.")
    take_back = _("Undo the allocation of the discount on its page, then reverse it.")
    stays = _("What was sent to a customer stays as it is: reverse single documents on their own pages instead.")
    found = (
        (_("reversals"), "", _reversals(tenant_id, mine)),
        (_("allocations with"), unapply, _applied(tenant_id, job_id, mine)),
        (_("discounts earned by payments"), take_back, _earned(tenant_id, job_id)),
        (_("statements"), stays, _stated(tenant_id, mine)),
        (_("reminders, letters or tasks"), stays, _acted(tenant_id, mine)),
        (_("late interest"), _("Reverse the charge on its page."), _charged(tenant_id, mine)),
        *_sales(tenant_id, job_id),
    )
    listed = []
    for name, remedy, query in found:
        each = query.subquery("each")
        counted = sa.select(each, sa.func.count().over().label("found")).order_by(each.c.number, each.c.id)
        rows = db.execute(counted.limit(LISTED_MAX)).all()
        papers = tuple(
            Paper(number=row.number, endpoint=row.endpoint, argument=row.argument, id=row.id) for row in rows
        )
        if papers:
            listed.append(Dependant(name, remedy, papers, rows[0].found))
    return listed


def _papers(id_: Any, number: Any, endpoint: str, argument: str) -> sa.Select[Any]:
    """Selects the columns of `Paper`, each paper once."""
    return sa.select(
        id_.label("id"),
        number.label("number"),
        sa.literal(endpoint, sa.Text).label("endpoint"),
        sa.literal(argument, sa.Text).label("argument"),
    ).distinct()


def _reversals(tenant_id: UUID, mine: sa.Select[Any]) -> sa.Select[Any]:
    mirror = OpenItem
    return _papers(mirror.id, mirror.document_no, "ledger.show", "item_id").where(
        mirror.tenant_id == tenant_id, mirror.reverses_id.in_(mine)
    )


def _applied(tenant_id: UUID, job_id: UUID, mine: sa.Select[Any]) -> sa.Select[Any]:
    """Selects the documents applied to the import's own by others than the import."""
    own, a, undone, other = ImportAllocation, Allocation, aliased(Allocation), OpenItem
    ours = sa.select(own.allocation_id).where(own.tenant_id == tenant_id, own.job_id == job_id)
    return (
        _papers(other.id, other.document_no, "ledger.show", "item_id")
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
        .where(
            other.tenant_id == tenant_id,
            other.kind != "reversal",
            a.amount_minor > 0,
            a.id.not_in(ours),
            ~sa.exists().where(undone.tenant_id == tenant_id, undone.reverses_id == a.id),
        )
    )


def _earned(tenant_id: UUID, job_id: UUID) -> sa.Select[Any]:
    """Selects the discounts in force on documents that the import's allocations in force pay."""
    own, a, b, discount = ImportAllocation, Allocation, aliased(Allocation), OpenItem
    back_a, back_b = aliased(Allocation), aliased(Allocation)
    return (
        _papers(discount.id, discount.document_no, "ledger.show", "item_id")
        .join(b, sa.and_(b.tenant_id == tenant_id, b.credit_item_id == discount.id))
        .join(a, sa.and_(a.tenant_id == tenant_id, a.debit_item_id == b.debit_item_id))
        .join(own, sa.and_(own.tenant_id == tenant_id, own.allocation_id == a.id))
        .where(
            discount.tenant_id == tenant_id,
            discount.kind == "discount",
            own.job_id == job_id,
            b.reverses_id.is_(None),
            ~sa.exists().where(back_a.tenant_id == tenant_id, back_a.reverses_id == a.id),
            ~sa.exists().where(back_b.tenant_id == tenant_id, back_b.reverses_id == b.id),
        )
    )


def _stated(tenant_id: UUID, mine: sa.Select[Any]) -> sa.Select[Any]:
    line, statement = StatementLine, Statement
    return (
        _papers(statement.id, statement.number, "statements.show", "statement_id")
        .join(line, sa.and_(line.tenant_id == tenant_id, line.statement_id == statement.id))
        .where(statement.tenant_id == tenant_id, line.item_id.in_(mine))
    )


def _acted(tenant_id: UUID, mine: sa.Select[Any]) -> sa.Select[Any]:
    step, item = StepTaken, OpenItem
    return (
        _papers(step.action_id, item.document_no, "cases.action", "action_id")
        .join(item, sa.and_(item.tenant_id == tenant_id, item.id == step.item_id))
        .where(step.tenant_id == tenant_id, step.item_id.in_(mine), step.state.in_(SENT_STATES))
    )


def _charged(tenant_id: UUID, mine: sa.Select[Any]) -> sa.Select[Any]:
    """Selects the charges that bear interest on the import's documents and are not reversed."""
    line, charge, item, mirror = InterestLine, InterestCharge, OpenItem, aliased(OpenItem)
    return (
        _papers(charge.id, item.document_no, "interest.charge", "charge_id")
        .join(item, sa.and_(item.tenant_id == tenant_id, item.id == charge.item_id))
        .join(line, sa.and_(line.tenant_id == tenant_id, line.charge_id == charge.id))
        .where(
            charge.tenant_id == tenant_id,
            line.item_id.in_(mine),
            ~sa.exists().where(mirror.tenant_id == tenant_id, mirror.reverses_id == charge.item_id),
        )
    )


def _sales(tenant_id: UUID, job_id: UUID) -> list[tuple[str, str, sa.Select[Any]]]:
    """Returns what depends on limits, orders, deliveries and sign-offs, by name and remedy."""

    def mine(kind: str) -> sa.Select[Any]:
        r = ImportRecord
        return sa.select(r.record_id).where(r.tenant_id == tenant_id, r.job_id == job_id, r.kind == kind)

    note, signed, counter, back = Delivery, SignOff, aliased(SignOff), DeliveryReturn
    bill, item, mirror = OrderInvoice, OpenItem, aliased(OpenItem)
    later = _("A later limit counts by now: change the limit on the page Limits instead.")
    delivered = _papers(note.id, note.number, "deliveries.show", "delivery_id").where(
        note.tenant_id == tenant_id, note.state != "cancelled", note.order_id.in_(mine("order"))
    )
    stands = ~sa.exists().where(counter.tenant_id == tenant_id, counter.reverses_id == signed.id)
    signatures = (
        _papers(note.id, note.number, "deliveries.show", "delivery_id")
        .join(signed, sa.and_(signed.tenant_id == tenant_id, signed.delivery_id == note.id))
        .where(note.tenant_id == tenant_id, note.id.in_(mine("delivery")), signed.reverses_id.is_(None), stands)
    )
    signed_notes = sa.select(signed.delivery_id).where(signed.tenant_id == tenant_id, signed.id.in_(mine("sign_off")))
    returns = (
        _papers(note.id, note.number, "deliveries.show", "delivery_id")
        .join(back, sa.and_(back.tenant_id == tenant_id, back.delivery_id == note.id))
        .where(
            note.tenant_id == tenant_id,
            sa.or_(note.id.in_(mine("delivery")), sa.and_(note.id.in_(signed_notes), back.was_signed)),
        )
    )
    invoices = (
        _papers(item.id, item.document_no, "ledger.show", "item_id")
        .join(bill, sa.and_(bill.tenant_id == tenant_id, bill.entry_id == item.entry_id))
        .where(
            item.tenant_id == tenant_id,
            sa.or_(
                bill.order_id.in_(mine("order")),
                bill.delivery_id.in_(mine("delivery")),
                bill.delivery_id.in_(signed_notes),
            ),
            ~sa.exists().where(mirror.tenant_id == tenant_id, mirror.reverses_id == item.id),
        )
    )
    followed = followed_limits(tenant_id, mine("limit")).add_columns(
        sa.literal("customers.show", sa.Text).label("endpoint"), sa.literal("customer_id", sa.Text).label("argument")
    )
    return [
        (_("later limits of"), later, followed),
        (_("deliveries"), _("Undo the import of the deliveries first, or cancel them."), delivered),
        (_("signatures on"), _("Undo the import of the sign-offs first, or take them back."), signatures),
        (_("returned goods of"), _("What came back stays as it is: correct single papers on their pages."), returns),
        (_("invoices"), _("Reverse the invoice on its page."), invoices),
    ]


def _documents(db: Session, tenant_id: UUID, job_id: UUID) -> tuple[set[UUID], list[UUID]]:
    """Returns the customers and the ids of the items that an import posted."""
    document, item = ImportDocument, OpenItem
    rows = db.execute(
        sa.select(item.id, item.customer_id)
        .join(document, sa.and_(document.tenant_id == tenant_id, document.item_id == item.id))
        .where(item.tenant_id == tenant_id, document.job_id == job_id)
    ).all()
    return {row.customer_id for row in rows}, [row.id for row in rows]


def _own_allocations(db: Session, tenant_id: UUID, job_id: UUID) -> list[UUID]:
    """Returns the allocations in force that the import made."""
    own, a, undone = ImportAllocation, Allocation, aliased(Allocation)
    return list(
        db.execute(
            sa.select(a.id)
            .join(own, sa.and_(own.tenant_id == tenant_id, own.allocation_id == a.id))
            .where(
                a.tenant_id == tenant_id,
                own.job_id == job_id,
                ~sa.exists().where(undone.tenant_id == tenant_id, undone.reverses_id == a.id),
            )
        ).scalars()
    )


def _traced_customers(db: Session, tenant_id: UUID, job_id: UUID) -> list[UUID]:
    c = ImportCustomer
    return list(db.execute(sa.select(c.customer_id).where(c.tenant_id == tenant_id, c.job_id == job_id)).scalars())


def _put_back_customers(db: Session, actor: Actor, job_id: UUID) -> tuple[int, int]:
    """Retires the customers that the import created and nothing else uses, and puts back what it changed in others.

    A field that somebody changed since stays as it is. Returns the numbers of customers retired and put back.
    """
    c = ImportCustomer
    rows = db.execute(
        sa.select(c.customer_id, c.before, c.after).where(c.tenant_id == actor.tenant_id, c.job_id == job_id)
    ).all()
    now = customer_states_by_id(db, actor.tenant_id, [row.customer_id for row in rows])
    new = [row.customer_id for row in rows if row.before is None and now.get(row.customer_id) == row.after]
    retired = sorted(set(new) - _used(db, actor.tenant_id, job_id, new))
    retire_customers(db, actor, retired)
    changed: dict[UUID, dict[str, Any]] = {}
    contacts: list[tuple[UUID, str, str | None]] = []
    for row in rows:
        if row.before is None or row.customer_id not in now:
            continue
        state = now[row.customer_id]
        names = [name for name in STATE if row.before[name] != row.after[name] == state[name]]
        if names:
            changed[row.customer_id] = {name: row.before[name] for name in names}
        was, became = row.before.get(CONTACTS, {}), row.after.get(CONTACTS, {})
        touched = [email for email, name in became.items() if was.get(email) != name == state[CONTACTS].get(email)]
        contacts += [(row.customer_id, email, was.get(email)) for email in touched]
    restore_customers(db, actor, changed)
    restore_contacts(db, actor, contacts)
    return len(retired), len(changed.keys() | {customer_id for customer_id, _email, _name in contacts})


def _used(db: Session, tenant_id: UUID, job_id: UUID, customer_ids: Sequence[UUID]) -> set[UUID]:
    """Returns those of the customers that something beside this import uses."""
    item, mirror, other, job = OpenItem, aliased(OpenItem), ImportCustomer, ImportJob
    taken_back = sa.exists().where(mirror.tenant_id == tenant_id, mirror.reverses_id == item.id, mirror.frees_number)
    used: Iterable[sa.Select[Any]] = (
        sa.select(item.customer_id).where(item.tenant_id == tenant_id, ~item.frees_number, ~taken_back),
        sa.select(other.customer_id)
        .join(job, sa.and_(job.tenant_id == tenant_id, job.id == other.job_id))
        .where(other.tenant_id == tenant_id, other.job_id != job_id, job.state != "undone"),
        *(
            sa.select(model.customer_id).where(model.tenant_id == tenant_id)
            for model in (
                Statement,
                CollectionHold,
                InterestTerms,
                PayerAccount,
            )
        ),
        customers_with_files(tenant_id),
        customers_with_drafts(tenant_id),
    )
    asked = sa.cast(sa.literal(array_text(customer_ids), sa.types.NullType()), sa.ARRAY(sa.Uuid()))
    found: set[UUID] = set()
    for query in used if customer_ids else ():
        found.update(db.execute(query.where(query.selected_columns[0] == sa.any_(asked)).distinct()).scalars())
    return found
