"""Draws statements up: reads the figures of customers from the ledger, and prints them under their numbers.

Invariants: several customers cost as many SQL statements as one, and read these customers' rows alone; what was read
without a lock is compared with what is read under it (`LedgerFacts`, `Parties`) before it is stored.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from ar.customers.lookups import ReachableContact, find_contacts
from ar.ledger import lookups as ledger
from ar.statements import queries
from ar.statements.documents import Debtor, Heading, Sender, print_statement
from ar.statements.rules.figures import FiguresDoNotTie, OpenDocument, PostedDocument, StatementFigures, compute_figures
from kernel.actor import Actor
from kernel.errors import HuikuanError, NotFound
from kernel.pdf import Rendered

#: Days from issue within which an answer is asked for (A14).
RESPOND_WITHIN_DAYS: Final = 15


@dataclass(frozen=True, slots=True)
class LedgerFacts:
    """One customer's currency in the ledger over a period: opening balance, documents posted, documents open."""

    opening_minor: int = 0
    posted: tuple[PostedDocument, ...] = ()
    open_documents: tuple[OpenDocument, ...] = ()

    def figures(self, as_of: date, currency: str) -> StatementFigures:
        """Returns the figures of a statement as of `as_of`. Raises HuikuanError(`statement_does_not_tie`)."""
        try:
            return compute_figures(self.opening_minor, self.posted, self.open_documents, as_of=as_of, currency=currency)
        except FiguresDoNotTie as fault:
            raise HuikuanError("statement_does_not_tie", detail=str(fault)) from fault


@dataclass(frozen=True, slots=True)
class Parties:
    """Who states and to whom: the company, and by customer the debtor as printed and the contact it is mailed to."""

    sender: Sender
    debtors: dict[UUID, Debtor]
    contacts: dict[UUID, ReachableContact]

    def of(self, customer_id: UUID) -> tuple[Sender, Debtor, ReachableContact | None]:
        """Returns sender, debtor and contact. Raises NotFound(`statement_customer_unknown`)."""
        if customer_id not in self.debtors:
            raise NotFound("statement_customer_unknown", number=str(customer_id))
        return self.sender, self.debtors[customer_id], self.contacts.get(customer_id)


@dataclass(frozen=True, slots=True)
class DrawnStatement:
    """A statement ready to be stored: heading, parties, figures and the printed PDF."""

    customer_id: UUID
    heading: Heading
    sender: Sender
    debtor: Debtor
    contact: ReachableContact | None
    figures: StatementFigures
    printed: Rendered


def ledger_facts(
    db: Session, tenant_id: UUID, customer_ids: Collection[UUID], from_on: date, to_on: date
) -> dict[tuple[UUID, str], LedgerFacts]:
    """Returns the facts of the customers from `from_on` to `to_on` by (customer id, currency).

    In four statements, two more where debts were written off: the debtor is shown what is owed, not our books (R234).
    """
    opening = ledger.balances_of(db, tenant_id, customer_ids, from_on - timedelta(days=1))
    hidden = ledger.books_only_items(db, tenant_id, customer_ids, to_on)
    for each in hidden.values():
        if each.document_on < from_on:
            key = (each.customer_id, each.currency)
            opening[key] = opening.get(key, 0) - each.side * each.amount_minor
    posted: dict[tuple[UUID, str], list[PostedDocument]] = {}
    for movement in ledger.movements_of(db, tenant_id, customer_ids, from_on, to_on):
        if movement.item_id in hidden:
            continue
        posted.setdefault((movement.customer_id, movement.currency), []).append(
            PostedDocument(
                movement.item_id,
                movement.document_on,
                movement.label,
                movement.kind,
                movement.due_on,
                movement.side,
                movement.amount_minor,
            )
        )
    opened: dict[tuple[UUID, str], list[OpenDocument]] = {}
    for item in _owed_items(db, tenant_id, customer_ids, to_on, hidden):
        opened.setdefault((item.customer_id, item.currency), []).append(
            OpenDocument(item.id, item.document_on, item.label, item.kind, item.due_on, item.side, item.open_minor)
        )
    return {
        key: LedgerFacts(opening.get(key, 0), tuple(posted.get(key, ())), tuple(opened.get(key, ())))
        for key in opening.keys() | posted.keys() | opened.keys()
    }


def _owed_items(
    db: Session, tenant_id: UUID, customer_ids: Collection[UUID], as_of: date, hidden: Collection[UUID]
) -> list[ledger.OpenItemView]:
    """Returns the items open as of a day as the debtor owes them: what our books alone have cleared is open."""
    items = ledger.open_items(db, tenant_id, as_of=as_of, customer_ids=customer_ids)
    cleared = ledger.cleared_in_books_only(db, tenant_id, hidden, as_of) if hidden else {}
    if cleared:
        items += ledger.cleared_items(db, tenant_id, cleared.keys() - {item.id for item in items}, as_of=as_of)
    return [
        replace(item, open_minor=item.open_minor + cleared.get(item.id, 0)) for item in items if item.id not in hidden
    ]


def parties(db: Session, tenant_id: UUID, customer_ids: Collection[UUID]) -> Parties:
    """Returns the parties of the customers' statements, in three statements."""
    contacts = find_contacts(db, tenant_id, customer_ids, "statements")
    debtors = queries.debtors(db, tenant_id, customer_ids)
    for customer_id, contact in contacts.items():
        if customer_id in debtors:
            debtors[customer_id] = replace(debtors[customer_id], attention=contact.name)
    return Parties(queries.sender(db, tenant_id), debtors, contacts)


def draw_up(
    actor: Actor,
    customer_id: UUID,
    currency: str,
    period: tuple[date, date],
    number: int,
    *,
    parties: Parties,
    figures: StatementFigures,
) -> DrawnStatement:
    """Prints the statement of a period (first and last day) under the running `number`; reads no database.

    Raises NotFound(`statement_customer_unknown`), and PrintFailed for a broken template.
    """
    from_on, to_on = period
    sender, debtor, contact = parties.of(customer_id)
    heading = Heading(
        number=f"ST-{from_on:%Y-%m}-{number:06d}",
        issued_on=actor.today,
        period_from=from_on,
        period_to=to_on,
        currency=currency,
        respond_by_on=actor.today + timedelta(days=RESPOND_WITHIN_DAYS),
    )
    printed = print_statement(heading, sender, debtor, figures)
    return DrawnStatement(customer_id, heading, sender, debtor, contact, figures, printed)
