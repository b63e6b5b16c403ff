"""Computes and grants the early-payment discount that was earned by paying in time (R077), and takes it back.

Invariants: only money that came by the last day of the discount earns it, whenever it was applied (ADR 0028); a bill
earns it when it is paid; it never exceeds the open amount; it does not outlive the payment that earned it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.ledger.books.allocation import NewAllocation, allocate
from ar.ledger.books.allocation_reversal import reverse_allocation
from ar.ledger.books.entries import NewItem
from ar.ledger.books.locks import lock_customers
from ar.ledger.books.period_lock import first_open_on, lock_open_period
from ar.ledger.books.posting import post_items
from ar.ledger.books.reversal import reverse_item
from ar.ledger.documents.commands import next_document_number
from ar.ledger.documents.crediting import DISCOUNTS, CreditedDocument, credited
from ar.ledger.documents.inputs import PREFIXES
from ar.ledger.models import Allocation, OpenItem
from ar.ledger.rules.due_dates import last_day_in_time
from ar.ledger.rules.shares import earned_discount, full_discount, share_of
from kernel import idempotency
from kernel.actor import Actor
from kernel.errors import NotFound, RuleBroken
from kernel.views import view
from tenants.queries import work_calendar

#: Kinds of credits that are payments; other credits reduce the amount that the discount is computed on.
_MONEY_KINDS: Final = ("receipt", "bill")


@dataclass(frozen=True, slots=True)
class DiscountOffer:
    """The discount an item grants. Amounts in minor units; `base_minor`: net of credits.

    `until_on`: the last day on which a payment earns it, which after a day off is the next working day, unless agreed
    otherwise (ADR 0029). `paid_minor`: money that came in time, the last of it on `paid_on`;
    `promised_minor`: bills not yet paid.
    """

    customer_id: UUID
    document_no: str
    currency: str
    discount_bps: int
    until_on: date
    open_minor: int
    base_minor: int
    paid_minor: int
    promised_minor: int
    taken_minor: int
    paid_on: date | None
    tax_minor: int
    entry_minor: int

    @property
    def due_minor(self) -> int:
        """Returns the discount that can be taken now, at most the open amount; 0: none."""
        return max(0, min(self.earned_minor - self.taken_minor, self.open_minor))

    @property
    def earned_minor(self) -> int:
        """Returns the discount that was earned by now, taken or not."""
        if not self.paid_minor:
            return 0
        return earned_discount(self.base_minor, self.paid_minor, self.discount_bps)

    @property
    def pay_minor(self) -> int:
        """Returns the payment that, made in time, settles the item together with the discount."""
        return max(0, self.base_minor - full_discount(self.base_minor, self.discount_bps) - self.paid_minor)


_OFFER_SQL: Final = sa.text(
    """
    SELECT i.customer_id, i.document_no, i.currency, i.discount_bps, CAST(:until AS date) AS until_on, i.open_minor,
        i.amount_minor - paid.credited AS base_minor, paid.in_time AS paid_minor, paid.promised AS promised_minor,
        paid.taken AS taken_minor, paid.paid_on, entry.tax AS tax_minor, entry.gross AS entry_minor
    FROM open_item AS i
    CROSS JOIN LATERAL (
        SELECT
            coalesce(sum(a.amount_minor) FILTER (WHERE c.kind <> ALL(CAST(:money AS text[]) || 'discount'::text)), 0)
                ::bigint AS credited,
            coalesce(sum(a.amount_minor) FILTER (WHERE c.kind = 'discount'), 0)::bigint AS taken,
            coalesce(sum(a.amount_minor) FILTER (
                WHERE c.kind = ANY(CAST(:money AS text[])) AND NOT c.conditional
                    AND c.came_on <= CAST(:until AS date)), 0)::bigint AS in_time,
            coalesce(sum(a.amount_minor) FILTER (WHERE c.conditional), 0)::bigint AS promised,
            max(c.came_on) FILTER (
                WHERE c.kind = ANY(CAST(:money AS text[])) AND NOT c.conditional
                    AND c.came_on <= CAST(:until AS date)) AS paid_on
        FROM allocation AS a
        JOIN open_item AS c ON c.tenant_id = :tenant AND c.id = a.credit_item_id
        WHERE a.tenant_id = :tenant AND a.debit_item_id = i.id AND a.reverses_id IS NULL AND NOT EXISTS (
            SELECT FROM allocation AS b WHERE b.tenant_id = :tenant AND b.reverses_id = a.id)
    ) AS paid
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(p.credit_minor) FILTER (WHERE p.account_code = 'output_tax'), 0)::bigint AS tax,
            coalesce(sum(p.debit_minor) FILTER (WHERE p.account_code = 'receivables'), 0)::bigint AS gross
        FROM posting AS p WHERE p.tenant_id = :tenant AND p.entry_id = i.entry_id
    ) AS entry
    WHERE i.tenant_id = :tenant AND i.id = :item AND i.side = 1 AND i.discount_bps IS NOT NULL
    """
).bindparams(sa.bindparam("item", type_=sa.Uuid), sa.bindparam("tenant", type_=sa.Uuid))


_GIVEN_BACK_SQL: Final = sa.text(
    """
    SELECT n.id, n.amount_minor, a.id AS allocation_id, a.credit_item_id, a.effective_on AS moved_on
    FROM open_item AS n
    JOIN allocation AS a ON a.tenant_id = :tenant AND a.debit_item_id = n.id AND a.reverses_id IS NULL
    WHERE n.tenant_id = :tenant AND n.customer_id = :customer AND n.currency = :currency
        AND n.reference = :document AND n.kind = 'debit_note' AND a.amount_minor = n.amount_minor
        AND NOT EXISTS (SELECT FROM open_item AS r WHERE r.tenant_id = :tenant AND r.reverses_id = n.id)
        AND NOT EXISTS (SELECT FROM allocation AS b WHERE b.tenant_id = :tenant AND b.reverses_id = a.id)
        AND EXISTS (SELECT FROM posting AS p WHERE p.tenant_id = :tenant AND p.entry_id = n.entry_id
            AND p.account_code = :discounts)
    ORDER BY n.id DESC
    """
).bindparams(sa.bindparam("tenant", type_=sa.Uuid), sa.bindparam("customer", type_=sa.Uuid))


def discount_offer(db: Session, tenant_id: UUID, item_id: UUID) -> DiscountOffer | None:
    """Returns the discount of an item; None when it grants none. Three statements."""
    i = OpenItem
    granted = db.execute(
        sa.select(i.discount_until_on, i.roll).where(
            i.tenant_id == tenant_id, i.id == item_id, i.side == 1, i.discount_until_on.is_not(None)
        )
    ).first()
    if granted is None:
        return None
    until = last_day_in_time(granted.discount_until_on, granted.roll, work_calendar(db, tenant_id).is_working_day)
    facts = {"tenant": tenant_id, "item": item_id, "money": list(_MONEY_KINDS), "until": until}
    return view(DiscountOffer, db.execute(_OFFER_SQL, facts).one())


def take_discount(db: Session, actor: Actor, item_id: UUID, *, key: str = "") -> UUID:
    """Posts and allocates a credit `DS-…` for the earned discount with its share of tax; returns the credit's item id.

    With a `key` the same request again returns the first result. Raises NotFound(`item_not_found`), RuleBroken
    (`discount_none`, `discount_unpaid`, `discount_bill_unpaid`, `discount_too_late`, `discount_used_up`).
    """
    if not key:
        return _take_discount(db, actor, item_id)
    return idempotency.once(db, actor, f"discount:{key}", {"item": item_id}, lambda: _take_discount(db, actor, item_id))


def _take_discount(db: Session, actor: Actor, item_id: UUID) -> UUID:
    customer_id = _customer_of(db, actor.tenant_id, item_id)
    actor = lock_customers(db, actor, [customer_id])
    offer = discount_offer(db, actor.tenant_id, item_id)
    if offer is None:
        raise RuleBroken("discount_none")
    amount = _require_due_minor(offer, actor.today)
    on = max(offer.paid_on or actor.today, first_open_on(lock_open_period(db, actor.tenant_id)))
    return _grant_discount(db, actor, item_id, offer, amount, on)


def _grant_discount(
    db: Session, actor: Actor, item_id: UUID, offer: DiscountOffer, amount_minor: int, on: date
) -> UUID:
    number = next_document_number(db, actor, "discount", "DS", on.year)
    item = NewItem(
        customer_id=offer.customer_id,
        kind="discount",
        document_no=number,
        document_on=on,
        due_on=on,
        collection_end_on=on,
        currency=offer.currency,
        amount_minor=amount_minor,
        reference=offer.document_no,
        tax_minor=share_of(amount_minor, offer.entry_minor, offer.tax_minor) if offer.tax_minor else 0,
        came_on=offer.paid_on,
    )
    discount_id = post_items(db, actor, [item])[0]
    allocate(db, actor, [NewAllocation(item_id, discount_id, amount_minor)])
    return discount_id


def withdraw_unearned_discounts(db: Session, actor: Actor, item_ids: Iterable[UUID], on: date, *, memo: str) -> None:
    """Takes back the discounts of these items that no payment earns any more; what the rest still earns stays granted.

    The newest are reversed first, on `on` or where later the last movement on the item; a reversed one that is earned
    in part is granted anew by that part. The caller has locked the customer and taken the payment back.
    """
    for item_id in item_ids:
        offer = discount_offer(db, actor.tenant_id, item_id)
        if offer is None or offer.taken_minor <= offer.earned_minor:
            continue
        over = offer.taken_minor - offer.earned_minor
        back_on = max([on, *_last_movement(db, actor.tenant_id, item_id)])
        for allocation_id, discount_id, minor in _discounts_taken(db, actor.tenant_id, item_id):
            if over > 0:
                reverse_allocation(db, actor, allocation_id, effective_on=back_on)
                reverse_item(db, actor, discount_id, effective_on=back_on, memo=memo)
                over -= minor
        if over < 0:
            _grant_discount(db, actor, item_id, offer, -over, back_on)
        _withdraw_given_back(db, actor, offer, back_on, memo=memo)


def _withdraw_given_back(db: Session, actor: Actor, offer: DiscountOffer, on: date, *, memo: str) -> None:
    """Reverses the debit notes by which credit notes took a part of the discount back, the newest first.

    The discount is gone with its payment: asked back with the goods as well, it would be owed twice. What of a note
    still holds is posted anew.
    """
    concerned = credited(db, actor.tenant_id, offer.customer_id, offer.currency, offer.document_no)
    over = concerned.too_much_back_minor if concerned is not None else 0
    if concerned is None or over <= 0:
        return
    for row in db.execute(_GIVEN_BACK_SQL, {"tenant": actor.tenant_id, "document": offer.document_no, **_whose(offer)}):
        if over <= 0:
            break
        back_on = max(on, row.moved_on)
        reverse_allocation(db, actor, row.allocation_id, effective_on=back_on)
        reverse_item(db, actor, row.id, effective_on=back_on, memo=memo)
        over -= row.amount_minor
        if over < 0:
            _give_back(db, actor, offer, concerned, row.credit_item_id, -over, back_on)


def _whose(offer: DiscountOffer) -> dict[str, object]:
    return {"customer": offer.customer_id, "currency": offer.currency, "discounts": DISCOUNTS}


def _give_back(
    db: Session,
    actor: Actor,
    offer: DiscountOffer,
    concerned: CreditedDocument,
    credit_id: UUID,
    amount_minor: int,
    on: date,
) -> None:
    number = next_document_number(db, actor, "debit_note", PREFIXES["debit_note"], on.year)
    note = NewItem(
        customer_id=offer.customer_id,
        kind="debit_note",
        document_no=number,
        document_on=on,
        due_on=on,
        collection_end_on=on,
        currency=offer.currency,
        amount_minor=amount_minor,
        reference=offer.document_no,
        tax_minor=share_of(amount_minor, concerned.amount_minor, concerned.tax_minor) if concerned.tax_minor else 0,
        contra=DISCOUNTS,
    )
    debit_id = post_items(db, actor, [note])[0]
    allocate(db, actor, [NewAllocation(debit_id, credit_id, amount_minor)])


def _last_movement(db: Session, tenant_id: UUID, item_id: UUID) -> list[date]:
    """Returns the day of the last allocation on a document, if there is one."""
    a = Allocation
    last_on = db.execute(
        sa.select(sa.func.max(a.effective_on)).where(a.tenant_id == tenant_id, a.debit_item_id == item_id)
    ).scalar_one()
    return [last_on] if last_on else []


def _discounts_taken(db: Session, tenant_id: UUID, item_id: UUID) -> list[tuple[UUID, UUID, int]]:
    """Returns (allocation, credit, minor units) of the discounts in force on an item, the newest first."""
    a, c, back = Allocation, OpenItem, aliased(Allocation)
    rows = db.execute(
        sa.select(a.id, c.id, a.amount_minor)
        .join(c, sa.and_(c.tenant_id == tenant_id, c.id == a.credit_item_id))
        .where(
            a.tenant_id == tenant_id,
            a.debit_item_id == item_id,
            a.reverses_id.is_(None),
            c.kind == "discount",
            ~sa.exists().where(back.tenant_id == tenant_id, back.reverses_id == a.id),
        )
        .order_by(a.recorded_at.desc(), a.id.desc())
    )
    return [(allocation_id, credit_id, minor) for allocation_id, credit_id, minor in rows]


def _require_due_minor(offer: DiscountOffer, today: date) -> int:
    """Returns the discount that can be taken. Raises RuleBroken when there is none."""
    if offer.due_minor:
        return offer.due_minor
    if offer.paid_minor or not offer.open_minor:
        raise RuleBroken("discount_used_up", document_no=offer.document_no)
    if offer.promised_minor:
        raise RuleBroken("discount_bill_unpaid", document_no=offer.document_no)
    if today > offer.until_on:
        raise RuleBroken("discount_too_late", document_no=offer.document_no, until_on=offer.until_on.isoformat())
    raise RuleBroken("discount_unpaid", document_no=offer.document_no)


def _customer_of(db: Session, tenant_id: UUID, item_id: UUID) -> UUID:
    item = OpenItem
    customer_id = db.execute(
        sa.select(item.customer_id).where(item.tenant_id == tenant_id, item.id == item_id)
    ).scalar_one_or_none()
    if customer_id is None:
        raise NotFound("item_not_found")
    return customer_id
