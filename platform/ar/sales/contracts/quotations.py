"""Enters quotations, asks for their approval, and carries out the decision (R094).

Invariants: prices are what the cost accountant checked and the finance director signed: an approved quotation is never
changed; one that came back may be, and is asked again.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.models import Customer
from ar.ledger.commands import lock_customers
from ar.sales.contracts.inputs import EditQuotation, EnterQuotation, QuotationFields, QuotationLine
from ar.sales.contracts.models import Quotation
from kernel import journal
from kernel.actor import Actor
from kernel.counters import document_number, take_numbers
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.ids import new_id
from kernel.versions import check_version
from kernel.views import DbRow
from tenants.approvals.engine import ApprovalRequest, request, withdraw
from tenants.approvals.kinds import Approved

KIND: Final = "quotation"


def enter_quotation(db: Session, actor: Actor, data: EnterQuotation) -> UUID:
    """Enters a quotation as a draft; returns its id.

    Raises NotFound(`customer_not_found`), RuleBroken (`line_twice`, `quotation_days`).
    """
    require_customer(db, actor.tenant_id, data.customer_id)
    actor = lock_customers(db, actor, [data.customer_id])
    values = _values(data)
    quotation_id, year = new_id(), actor.today.year
    number = document_number("QT", year, take_numbers(db, actor.tenant_id, f"quotation:{year}")[0])
    db.execute(
        sa.insert(Quotation).values(
            tenant_id=actor.tenant_id,
            id=quotation_id,
            number=number,
            customer_id=data.customer_id,
            **values,
            state="draft",
            recorded_at=actor.now,
            recorded_by=actor.name,
            recorded_by_id=actor.user_id,
        )
    )
    _record(db, actor, "quotation_entered", data.customer_id, quotation_id, number)
    return quotation_id


def edit_quotation(db: Session, actor: Actor, quotation_id: UUID, data: EditQuotation) -> None:
    """Changes a draft, or a quotation that came back, which is a draft again.

    Raises NotFound(`quotation_not_found`), Conflict (`quotation_settled`, `changed_meanwhile`), and as
    `enter_quotation`.
    """
    actor, row = locked_quotation(db, actor, quotation_id)
    check_version(data, quotation_values(row))
    if row.state not in ("draft", "rejected", "withdrawn"):
        raise Conflict("quotation_settled", number=row.number)
    _update(db, actor, quotation_id, **_values(data), state="draft")
    _record(db, actor, "quotation_changed", row.customer_id, quotation_id, row.number)


def submit_quotation(db: Session, actor: Actor, quotation_id: UUID) -> UUID:
    """Asks for the approval of a quotation; returns the approval's id.

    Raises NotFound(`quotation_not_found`), Conflict(`quotation_settled`), what requesting an approval raises.
    """
    actor, row = locked_quotation(db, actor, quotation_id)
    if row.state not in ("draft", "rejected", "withdrawn"):
        raise Conflict("quotation_settled", number=row.number)
    facts = {"number": row.number, "currency": row.currency, "lines": row.lines}
    asked = ApprovalRequest(
        KIND, quotation_id, customer_id=row.customer_id, amount_minor=None, currency=None, facts=facts, reason=row.note
    )
    approval_id = request(db, actor, asked)
    _update(db, actor, quotation_id, state="submitted", approval_id=approval_id)
    _record(db, actor, "quotation_submitted", row.customer_id, quotation_id, row.number)
    return approval_id


def approve_quotation(db: Session, actor: Actor, approved: Approved) -> None:
    """Makes the prices of a quotation those that contracts must name; runs on final approval."""
    actor, row = locked_quotation(db, actor, approved.subject_id)
    if row.state != "submitted":
        raise Conflict("quotation_settled", number=row.number)
    _update(db, actor, row.id, state="approved", decided_at=actor.now)
    _record(db, actor, "quotation_approved", row.customer_id, row.id, row.number)


def refuse_quotation(db: Session, actor: Actor, approved: Approved) -> None:
    """Gives a quotation back; it can be changed and submitted again."""
    actor, row = locked_quotation(db, actor, approved.subject_id)
    state = "withdrawn" if approved.state == "withdrawn" else "rejected"
    _update(db, actor, row.id, state=state, decided_at=actor.now)
    _record(db, actor, "quotation_refused", row.customer_id, row.id, row.number, reason=approved.closing_reason)


def withdraw_quotation(db: Session, actor: Actor, quotation_id: UUID, reason: str) -> None:
    """Withdraws a quotation that waits for a decision. Raises NotFound, Conflict(`quotation_settled`)."""
    row = find_quotation(db, actor.tenant_id, quotation_id)
    if row.state != "submitted" or row.approval_id is None:
        raise Conflict("quotation_settled", number=row.number)
    withdraw(db, actor, row.approval_id, reason)


def find_quotation(db: Session, tenant_id: UUID, quotation_id: UUID, *, locked: bool = False) -> DbRow:
    """Returns the columns of a quotation. Raises NotFound(`quotation_not_found`)."""
    quotation = Quotation
    columns = (
        quotation.id,
        quotation.number,
        quotation.customer_id,
        quotation.quoted_on,
        quotation.valid_to,
        quotation.currency,
        quotation.lines,
        quotation.state,
        quotation.approval_id,
        quotation.note,
    )
    statement = sa.select(*columns).where(quotation.tenant_id == tenant_id, quotation.id == quotation_id)
    row = db.execute(statement.with_for_update() if locked else statement).first()
    if row is None:
        raise NotFound("quotation_not_found")
    return row


def locked_quotation(db: Session, actor: Actor, quotation_id: UUID) -> tuple[Actor, DbRow]:
    """Locks a quotation after its customer; returns the actor at the moment after, and the quotation."""
    customer_id = find_quotation(db, actor.tenant_id, quotation_id).customer_id
    actor = lock_customers(db, actor, [customer_id])
    return actor, find_quotation(db, actor.tenant_id, quotation_id, locked=True)


def quotation_values(row: DbRow) -> dict[str, Any]:
    """Returns what the form of a quotation shows, as text."""
    return {
        "quoted_on": row.quoted_on.isoformat(),
        "valid_to": row.valid_to.isoformat() if row.valid_to else "",
        "currency": row.currency,
        "note": row.note,
        "lines": [dict(line) for line in row.lines],
    }


def require_customer(db: Session, tenant_id: UUID, customer_id: UUID) -> None:
    """Raises NotFound(`customer_not_found`) for a customer that the actor does not see, or one taken off the lists."""
    customer = Customer
    found = db.execute(
        sa.select(customer.id).where(
            customer.tenant_id == tenant_id, customer.id == customer_id, customer.retired_at.is_(None)
        )
    ).first()
    if found is None:
        raise NotFound("customer_not_found")


def require_distinct(lines: list[QuotationLine]) -> None:
    """Raises RuleBroken(`line_twice`) when two lines have one number."""
    seen: set[int] = set()
    for line in lines:
        if line.line_no in seen:
            raise RuleBroken("line_twice", line_no=line.line_no)
        seen.add(line.line_no)


def _values(data: QuotationFields) -> dict[str, Any]:
    require_distinct(data.lines)
    if data.valid_to is not None and data.valid_to < data.quoted_on:
        raise RuleBroken("quotation_days")
    lines = [
        {
            "line_no": str(line.line_no),
            "product": line.product,
            "specification": line.specification,
            "unit": line.unit,
            "unit_price": format(line.unit_price.normalize(), "f"),
        }
        for line in data.lines
    ]
    return {
        "quoted_on": data.quoted_on,
        "valid_to": data.valid_to,
        "currency": data.currency,
        "note": data.note,
        "lines": lines,
    }


def _update(db: Session, actor: Actor, quotation_id: UUID, **values: object) -> None:
    quotation = Quotation
    where = (quotation.tenant_id == actor.tenant_id, quotation.id == quotation_id)
    db.execute(sa.update(quotation).where(*where).values(**values))


def _record(
    db: Session, actor: Actor, event: str, customer_id: UUID, quotation_id: UUID, number: str, reason: str = ""
) -> None:
    facts = {"number": number, "reason": reason}
    journal.record(db, actor, event, customer_id=customer_id, subject_id=quotation_id, data=facts)
