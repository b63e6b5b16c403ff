"""Records that an invoice was sent, and that the customer confirmed its receipt (R108).

Invariants: rows are added, never changed, the newest counts; nothing comes before it was issued, nor after today.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

import sqlalchemy as sa
from pydantic import StringConstraints
from sqlalchemy.orm import Session

from ar.ledger.books.locks import lock_customers
from ar.ledger.models import OpenItem
from ar.ledger.receivables.sending.models import InvoiceSending
from ar.ledger.receivables.sending.queries import sending_of
from kernel import journal
from kernel.actor import Actor
from kernel.errors import NotFound, RuleBroken
from kernel.ids import new_id
from kernel.inputs import CommandInput


class RecordSending(CommandInput):
    """Records `sent` or `received` of an invoice on a day; `detail`: how it went, or who confirmed it."""

    kind: Literal["sent", "received"]
    happened_on: date
    detail: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""


def record_sending(db: Session, actor: Actor, item_id: UUID, data: RecordSending) -> None:
    """Records when an invoice was sent or came.

    Raises NotFound(`item_not_found`), RuleBroken (`sending_no_invoice`, `sending_day`, `sending_who_confirmed`).
    """
    item = OpenItem
    row = db.execute(
        sa.select(item.customer_id, item.entry_id, item.kind, item.document_no, item.document_on).where(
            item.tenant_id == actor.tenant_id, item.id == item_id
        )
    ).first()
    if row is None:
        raise NotFound("item_not_found")
    if row.kind != "invoice":
        raise RuleBroken("sending_no_invoice", document_no=row.document_no)
    actor = lock_customers(db, actor, [row.customer_id])
    known = sending_of(db, actor.tenant_id, row.entry_id)
    first_on = row.document_on
    if data.kind == "received":
        first_on = max(first_on, known.sent_on or first_on)
        if not data.detail:
            raise RuleBroken("sending_who_confirmed")
    if not first_on <= data.happened_on <= actor.today:
        raise RuleBroken("sending_day", first=first_on.isoformat(), today=actor.today.isoformat())
    db.execute(
        sa.insert(InvoiceSending).values(
            tenant_id=actor.tenant_id,
            id=new_id(),
            customer_id=row.customer_id,
            entry_id=row.entry_id,
            kind=data.kind,
            happened_on=data.happened_on,
            detail=data.detail,
            recorded_at=actor.now,
            recorded_by=actor.name,
        )
    )
    facts = {"document_no": row.document_no, "on": data.happened_on.isoformat(), "detail": data.detail}
    journal.record(db, actor, f"invoice_{data.kind}", customer_id=row.customer_id, subject_id=item_id, data=facts)
