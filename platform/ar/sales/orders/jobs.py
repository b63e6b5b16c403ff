"""Jobs of orders: what the ledger and credit tell them of invoices posted, and of orders let pass.

Invariant: each handler is idempotent: what is linked is not linked again, and asking again is the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from ar.credit.commands import ORDER_APPROVED
from ar.ledger.commands import INVOICE_POSTED
from ar.sales.orders.billing import bill_named_orders
from ar.sales.orders.commands import confirm_order
from ar.sales.orders.facts import find_order
from kernel.actor import Actor
from tenants.slice import Job


def link_invoice(db: Session, actor: Actor, payload: Mapping[str, Any]) -> None:
    """Links a posted invoice to the orders and delivery notes of its customer that it names."""
    bill_named_orders(db, actor, [UUID(payload["item_id"])])


def ask_again(db: Session, actor: Actor, payload: Mapping[str, Any]) -> None:
    """Asks a held order again that an approval lets pass, so that it is released without anybody's hand."""
    order_id = UUID(payload["order_id"])
    if find_order(db, actor.tenant_id, order_id).state == "held":
        confirm_order(db, actor, order_id)


JOBS: Final = (
    Job(INVOICE_POSTED, link_invoice),
    Job(ORDER_APPROVED, ask_again),
)
