"""Loads orders for their pages: the list, one order with all that belongs to it, what a form offers.

Invariant: a constant number of statements per page.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.credit.lookups import credit_policy
from ar.credit.models import OverLimitRequest, PaymentProof
from ar.customers.lookups import matches
from ar.customers.models import Customer
from ar.ledger.models import Entry, OpenItem
from ar.sales.contracts.models import Contract
from ar.sales.orders.amounts import order_amounts
from ar.sales.orders.billing import BILLING_KINDS
from ar.sales.orders.models import Order, OrderDecision, OrderInvoice
from ar.sales.orders.pages.views import (
    ContractChoice,
    DeliveryLink,
    LinkedInvoice,
    OfferedInvoice,
    OrderLineView,
    OrderPage,
    OrderRow,
    OverLimitLink,
    PastDecision,
    ProofLink,
)
from ar.sales.rules.size import days_of_sales
from kernel.actor import Actor
from kernel.errors import NotFound
from kernel.views import LATER, DbRow, select_view, value, view, views

OFFERED_MAX: Final = 50
DECISIONS_MAX: Final = 20
#: Over how many days sales are averaged for the size warning: half a year.
SALES_DAYS: Final = 180

# The lines with what was shipped of each, and what stands on notes that have not left: by text, since deliveries come
# after orders.
_LINES: Final = sa.text("""
    SELECT l.line_no, l.product, l.unit, l.quantity, l.unit_price, l.tax_rate_bps, l.amount_minor,
        coalesce(sum(d.quantity) FILTER (WHERE n.state NOT IN ('planned', 'picked')), 0) AS shipped,
        coalesce(sum(d.quantity) FILTER (WHERE n.state IN ('planned', 'picked')), 0) AS noted
    FROM sales_order_line AS l
    LEFT JOIN (
        delivery_line AS d JOIN delivery AS n
            ON n.tenant_id = :tenant AND n.id = d.delivery_id AND n.state <> 'cancelled'
    ) ON d.tenant_id = :tenant AND d.order_id = l.order_id AND d.order_line_no = l.line_no AND NOT d.dropped
    WHERE l.tenant_id = :tenant AND l.order_id = :order AND NOT l.dropped
    GROUP BY l.tenant_id, l.order_id, l.line_no
    ORDER BY l.line_no
""")
_DELIVERIES: Final = sa.text("""
    SELECT id, number, state, planned_on, shipped_on, amount_minor FROM delivery
    WHERE tenant_id = :tenant AND order_id = :order ORDER BY planned_on, number
""")


def order_list(
    db: Session,
    actor: Actor,
    *,
    q: str = "",
    state: str = "all",
    mine: bool = False,
    customer_id: UUID | None = None,
    offset: int = 0,
    limit: int = 50,
) -> tuple[list[OrderRow], dict[str, int]]:
    """Returns one page of orders, the newest first, and how many there are by state.

    `q` finds by the order's number, the customer's own number for it, or the customer; `mine`: of customers whose
    owner is the actor.
    """
    order, customer, tenant_id = Order, Customer, actor.tenant_id
    joined = sa.and_(customer.tenant_id == tenant_id, customer.id == order.customer_id)
    where: list[Any] = [order.tenant_id == tenant_id]
    if customer_id is not None:
        where.append(order.customer_id == customer_id)
    if mine:
        where.append(customer.owner_id == actor.user_id)
    if q:
        named = sa.or_(
            order.number.ilike(f"%{_like(q)}%", escape="\\"), order.their_number.ilike(f"%{_like(q)}%", escape="\\")
        )
        of_customer = matches(tenant_id, q)
        where.append(sa.or_(named, sa.and_(*of_customer)) if of_customer else named)
    counted = (
        sa.select(order.state, sa.func.count().label("orders"))
        .join(customer, joined)
        .where(*where)
        .group_by(order.state)
    )
    counts: dict[str, int] = {row.state: row.orders for row in db.execute(counted.group_by(order.state))}
    if state != "all":
        where.append(order.state == state)
    chosen = _rows(tenant_id).where(*where).order_by(order.ordered_on.desc(), order.id.desc())
    rows = db.execute(chosen.offset(offset).limit(limit)).all()
    return [_order_row(row) for row in rows], counts


def order_page(db: Session, actor: Actor, order_id: UUID) -> OrderPage:
    """Returns one order. Raises NotFound(`order_not_found`)."""
    order, contract, tenant_id = Order, aliased(Contract), actor.tenant_id
    more = (order.contract_id, order.term_days, order.note, order.is_history, order.recorded_at, order.closed_reason)
    row = db.execute(
        _rows(tenant_id)
        .add_columns(*more, contract.number.label("contract_no"))
        .outerjoin(contract, sa.and_(contract.tenant_id == tenant_id, contract.id == order.contract_id))
        .where(order.tenant_id == tenant_id, order.id == order_id)
    ).first()
    if row is None:
        raise NotFound("order_not_found")
    head, values = _order_row(row), {"tenant": tenant_id, "order": order_id}
    amounts = order_amounts(db, tenant_id, order_id)
    billable = max(head.total_minor, amounts.shipped_minor) > amounts.invoiced_minor
    return OrderPage(
        row=head,
        contract_id=row.contract_id,
        contract_no=row.contract_no,
        term_days=row.term_days,
        note=row.note,
        is_history=row.is_history,
        recorded_at=row.recorded_at,
        closed_reason=row.closed_reason,
        lines=tuple(views(OrderLineView, db.connection().execute(_LINES, values).all())),
        amounts=amounts,
        decisions=_decisions(db, tenant_id, order_id),
        invoices=_invoices(db, tenant_id, order_id),
        offered=_offered(db, tenant_id, head) if billable else (),
        deliveries=tuple(views(DeliveryLink, db.connection().execute(_DELIVERIES, values).all())),
        requests=_requests(db, tenant_id, order_id),
        proofs=_proofs(db, tenant_id, order_id),
        large_by_days=_large_by_days(db, actor, head),
    )


def contract_choices(db: Session, tenant_id: UUID, customer_id: UUID) -> list[ContractChoice]:
    """Returns the contracts that an order of the customer can name, sealed or not yet, the latest first."""
    contract = Contract
    return views(
        ContractChoice,
        db.execute(
            select_view(
                ContractChoice,
                id=value(contract.id),
                number=value(contract.number),
                title=value(contract.title),
                currency=value(contract.currency),
                term_days=value(contract.term_days),
                ends_on=value(contract.ends_on),
            )
            .where(
                contract.tenant_id == tenant_id,
                contract.customer_id == customer_id,
                contract.form != "supplement",
                contract.state.not_in(("ended", "cancelled")),
            )
            .order_by(contract.starts_on.desc(), contract.number)
        ).all(),
    )


def suggested_customers(db: Session, tenant_id: UUID, text: str, limit: int = 12) -> list[tuple[str, str]]:
    """Returns (number, name) of customers that a text finds, for the field that asks for one."""
    conditions = matches(tenant_id, text)
    if not conditions:
        return []
    customer = Customer
    rows = db.execute(
        sa.select(customer.number, customer.name)
        .where(customer.tenant_id == tenant_id, *conditions)
        .order_by(customer.number)
        .limit(limit)
    )
    return [(row.number, row.name) for row in rows]


def customer_no(db: Session, tenant_id: UUID, customer_id: UUID) -> str:
    """Returns the number of a customer; empty for one that the actor does not see."""
    customer = Customer
    where = (customer.tenant_id == tenant_id, customer.id == customer_id)
    return db.execute(sa.select(customer.number).where(*where)).scalar() or ""


def _like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _rows(tenant_id: UUID) -> sa.Select[*tuple[Any, ...]]:
    order, customer, decision = Order, Customer, OrderDecision
    reasons = (
        sa.select(decision.reasons)
        .where(decision.tenant_id == tenant_id, decision.order_id == order.id)
        .order_by(decision.decided_at.desc(), decision.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return (
        select_view(
            OrderRow,
            id=value(order.id),
            number=value(order.number),
            customer_id=value(order.customer_id),
            customer_no=value(customer.number),
            customer_name=value(customer.name),
            their_number=value(order.their_number),
            ordered_on=value(order.ordered_on),
            currency=value(order.currency),
            total_minor=value(order.total_minor),
            state=value(order.state),
            prepaid=value(order.prepaid),
            recorded_by=value(order.recorded_by),
            codes=LATER,
        )
        .add_columns(sa.case((order.state == "held", reasons)).label("reasons"))
        .join(customer, sa.and_(customer.tenant_id == tenant_id, customer.id == order.customer_id))
    )


def _order_row(row: DbRow) -> OrderRow:
    held_by = [str(each["code"]) for each in row.reasons or () if "waived_by" not in each]
    return view(OrderRow, row, codes=tuple(dict.fromkeys(held_by)))


def _decisions(db: Session, tenant_id: UUID, order_id: UUID) -> tuple[PastDecision, ...]:
    decision = OrderDecision
    rows = db.execute(
        select_view(
            PastDecision,
            checkpoint=value(decision.checkpoint),
            decision=value(decision.decision),
            reasons=value(decision.reasons),
            decided_at=value(decision.decided_at),
            decided_by=value(decision.decided_by),
        )
        .where(decision.tenant_id == tenant_id, decision.order_id == order_id)
        .order_by(decision.decided_at.desc(), decision.id.desc())
        .limit(DECISIONS_MAX)
    )
    return tuple(views(PastDecision, rows.all()))


def _invoices(db: Session, tenant_id: UUID, order_id: UUID) -> tuple[LinkedInvoice, ...]:
    link, item, mirror = OrderInvoice, OpenItem, aliased(Entry)
    delivery = sa.table("delivery", sa.column("tenant_id", sa.Uuid), sa.column("id", sa.Uuid), sa.column("number"))
    first_item = (
        sa.select(item.id)
        .where(item.tenant_id == tenant_id, item.entry_id == link.entry_id)
        .order_by(item.instalment_no)
        .limit(1)
        .scalar_subquery()
    )
    reversed_ = sa.exists().where(mirror.tenant_id == tenant_id, mirror.reverses_id == link.entry_id)
    rows = db.execute(
        select_view(
            LinkedInvoice,
            document_no=value(link.document_no),
            invoiced_on=value(link.invoiced_on),
            amount_minor=value(link.amount_minor),
            item_id=value(first_item),
            is_reversed=value(reversed_),
            delivery_no=value(delivery.c.number),
        )
        .outerjoin(delivery, sa.and_(delivery.c.tenant_id == tenant_id, delivery.c.id == link.delivery_id))
        .where(link.tenant_id == tenant_id, link.order_id == order_id)
        .order_by(link.invoiced_on, link.id)
    )
    return tuple(views(LinkedInvoice, rows.all()))


def _offered(db: Session, tenant_id: UUID, order: OrderRow) -> tuple[OfferedInvoice, ...]:
    """Returns the invoices of the customer from the order's day on that bill no order; first those that name it."""
    item, link, mirror = OpenItem, OrderInvoice, aliased(Entry)
    names_order = sa.func.bool_or(item.reference == order.number)
    rows = db.execute(
        select_view(
            OfferedInvoice,
            entry_id=value(item.entry_id),
            document_no=value(item.document_no),
            document_on=value(item.document_on),
            amount_minor=value(sa.cast(sa.func.sum(item.amount_minor), sa.BigInteger)),
            names_order=value(names_order),
        )
        .where(
            item.tenant_id == tenant_id,
            item.customer_id == order.customer_id,
            item.currency == order.currency,
            item.kind.in_(BILLING_KINDS),
            item.document_on >= order.ordered_on,
            ~sa.exists().where(link.tenant_id == tenant_id, link.entry_id == item.entry_id),
            ~sa.exists().where(mirror.tenant_id == tenant_id, mirror.reverses_id == item.entry_id),
        )
        .group_by(item.entry_id, item.document_no, item.document_on)
        .order_by(names_order.desc(), item.document_on.desc(), item.document_no)
        .limit(OFFERED_MAX)
    )
    return tuple(views(OfferedInvoice, rows.all()))


def _requests(db: Session, tenant_id: UUID, order_id: UUID) -> tuple[OverLimitLink, ...]:
    asked = OverLimitRequest
    rows = db.execute(
        select_view(
            OverLimitLink,
            id=value(asked.id),
            number=value(asked.number),
            state=value(asked.state),
            order_minor=value(asked.order_minor),
            currency=value(asked.currency),
            valid_until_on=value(asked.valid_until_on),
        )
        .where(asked.tenant_id == tenant_id, asked.order_id == order_id)
        .order_by(asked.number.desc())
    )
    return tuple(views(OverLimitLink, rows.all()))


def _proofs(db: Session, tenant_id: UUID, order_id: UUID) -> tuple[ProofLink, ...]:
    proof = PaymentProof
    rows = db.execute(
        select_view(
            ProofLink,
            id=value(proof.id),
            kind=value(proof.kind),
            state=value(proof.state),
            currency=value(proof.currency),
            amount_minor=value(proof.amount_minor),
            file_name=value(proof.file_name),
        )
        .where(proof.tenant_id == tenant_id, proof.order_id == order_id)
        .order_by(proof.uploaded_at)
    )
    return tuple(views(ProofLink, rows.all()))


def _large_by_days(db: Session, actor: Actor, order: OrderRow) -> int | None:
    """Returns how many days of the customer's sales an order is, when it is more than the policy allows (R105)."""
    since, until = order.ordered_on - timedelta(days=SALES_DAYS), order.ordered_on
    sold_minor = _sold_minor(db, actor.tenant_id, order, since, until)
    most_days = credit_policy(db, actor.tenant_id).large_order_days
    return days_of_sales(order.total_minor, sold_minor, SALES_DAYS, most_days)


def _sold_minor(db: Session, tenant_id: UUID, order: OrderRow, since: date, until: date) -> int:
    item, link = OpenItem, OrderInvoice
    total = sa.cast(sa.func.coalesce(sa.func.sum(item.amount_minor), 0), sa.BigInteger)
    of_this_order = sa.exists().where(
        link.tenant_id == tenant_id, link.entry_id == item.entry_id, link.order_id == order.id
    )
    return int(
        db.execute(
            sa.select(total).where(
                item.tenant_id == tenant_id,
                item.customer_id == order.customer_id,
                item.currency == order.currency,
                item.kind.in_(BILLING_KINDS),
                item.document_on >= since,
                item.document_on <= until,
                ~of_this_order,
            )
        ).scalar_one()
    )
