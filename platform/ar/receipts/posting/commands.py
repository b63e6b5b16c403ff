"""Posts a receipt by hand, applies an unapplied credit, and unapplies an allocation.

Invariants: a form sent twice has one effect; an unapplied item is recorded as refused and never allocated again
automatically; the rest of a payment stays visible as unapplied.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.lookups import find_numbers
from ar.ledger.commands import NewAllocation, UnapplyAllocation, allocate, lock_customers, unapply_allocation
from ar.ledger.lookups import accessory_parts_of
from ar.ledger.models import Allocation, OpenItem
from ar.receipts.bank.accounts import ledger_account
from ar.receipts.models import MatchRefusal, Receipt
from ar.receipts.posting.bulk_posting import NewReceipt, post_receipts
from ar.receipts.posting.inputs import ApplyCredit, PostReceipt, UnapplyCredit
from ar.receipts.posting.inputs import Part as TypedPart
from ar.receipts.rules.allocation_order import Debt, Part, Share, allocate_in_legal_order, proportional
from ar.receipts.rules.mentions import find_mentioned_numbers, normalised_account, number_key
from kernel import idempotency
from kernel.actor import Actor
from kernel.arrays import array_text
from kernel.errors import NotFound, RuleBroken
from kernel.ids import new_id, new_ids
from kernel.money import parse_positive_amount
from kernel.views import DbRow

INTEREST: Part = "interest"
COSTS: Part = "costs"
_OPEN_AMOUNTS = sa.text(
    "SELECT id, open_minor FROM open_item WHERE tenant_id = :tenant AND customer_id = :customer"
    " AND currency = :currency AND side > 0 AND id = ANY(CAST(:wanted AS uuid[]))"
)


def post_receipt(db: Session, actor: Actor, data: PostReceipt) -> UUID:
    """Posts a receipt and allocates it as `data.how` says; returns its item id. The same key returns the first result.

    Raises RuleBroken (`receipt_customer_unknown`, `receipt_account_unknown`, `receipt_account_currency`,
    `receipt_in_future`, `amount_unreadable`, `amount_not_positive`, `nothing_ticked`, `receipt_overapplied`,
    `period_locked`), Conflict (`allocation_exceeds_open`, `idempotency_key_reused`).
    """
    request = data.model_dump(exclude={"key"})
    return idempotency.once(db, actor, f"receipt:{data.key}", request, lambda: _post_receipt(db, actor, data))


def _post_receipt(db: Session, actor: Actor, data: PostReceipt) -> UUID:
    found = find_numbers(db, actor.tenant_id, [data.customer_no]).get(data.customer_no)
    if found is None:
        raise RuleBroken("receipt_customer_unknown", number=data.customer_no)
    amount = parse_positive_amount(data.amount, data.currency)
    default = "cash" if data.method == "cash" else "bank"
    contra = ledger_account(db, actor.tenant_id, data.bank_account_id, data.currency, default)
    actor = lock_customers(db, actor, [found.id])
    receipt = NewReceipt(
        customer_id=found.id,
        received_on=data.received_on,
        currency=data.currency,
        amount_minor=amount,
        parts=choose_parts(
            db,
            actor,
            found.id,
            data.currency,
            amount,
            how=data.how,
            typed=data.parts,
            designation=data.designation,
            costs_first=data.costs_first,
        ),
        method=data.method,
        contra=contra,
        bank_account_id=data.bank_account_id,
        payer_name=data.payer_name,
        payer_account=normalised_account(data.payer_account),
        remittance=data.remittance,
        designation=data.designation,
    )
    return post_receipts(db, actor, [receipt], confirmed=True)[0]


def apply_credit(db: Session, actor: Actor, credit_id: UUID, data: ApplyCredit) -> None:
    """Allocates the unapplied amount of a credit. A second call with the same key changes nothing.

    Raises NotFound(`item_not_found`), RuleBroken (`wrong_side`, `nothing_ticked`, `amount_unreadable`,
    `nothing_to_apply`), Conflict (`allocation_exceeds_open`).
    """
    request = {"item": credit_id, **data.model_dump(exclude={"key"})}
    idempotency.once(db, actor, f"apply:{data.key}", request, lambda: _apply_credit(db, actor, credit_id, data))


def _apply_credit(db: Session, actor: Actor, credit_id: UUID, data: ApplyCredit) -> UUID:
    i = OpenItem
    where = (i.tenant_id == actor.tenant_id, i.id == credit_id)
    customer_id = db.execute(sa.select(i.customer_id).where(*where)).scalar_one_or_none()
    if customer_id is None:
        raise NotFound("item_not_found")
    actor = lock_customers(db, actor, [customer_id])
    credit = db.execute(sa.select(i.side, i.currency, i.open_minor, i.document_no).where(*where)).one()
    if credit.side > 0:
        raise RuleBroken("wrong_side", debit_no="", credit_no=credit.document_no)
    parts = choose_parts(
        db,
        actor,
        customer_id,
        credit.currency,
        credit.open_minor,
        how=data.how,
        typed=data.parts,
        designation=designation_of(db, actor.tenant_id, credit_id),
        costs_first=data.costs_first,
        credit_id=credit_id,
    )
    if not parts:
        raise RuleBroken("nothing_to_apply")
    allocate(db, actor, [NewAllocation(debit_id, credit_id, minor) for debit_id, minor in parts])
    return credit_id


def unapply_credit(db: Session, actor: Actor, credit_id: UUID, allocation_id: UUID, data: UnapplyCredit) -> None:
    """Unapplies an allocation of this credit and records its document as refused for this money.

    Raises what `ledger.commands.unapply_allocation` raises.
    """
    unapply_allocation(db, actor, credit_id, allocation_id, UnapplyAllocation(effective_on=data.effective_on))
    a, r = Allocation, Receipt
    debit_id = db.execute(
        sa.select(a.debit_item_id).where(a.tenant_id == actor.tenant_id, a.id == allocation_id)
    ).scalar_one()
    line_id = db.execute(
        sa.select(r.bank_line_id).where(r.tenant_id == actor.tenant_id, r.id == credit_id)
    ).scalar_one_or_none()
    record_refusals(db, actor, [debit_id], credit_id=credit_id, line_id=line_id)


def record_refusals(
    db: Session, actor: Actor, item_ids: Sequence[UUID], *, credit_id: UUID | None = None, line_id: UUID | None = None
) -> None:
    """Records that this money is not for these documents, so that they are not proposed automatically again."""
    if not item_ids:
        return
    rows = [
        {
            "tenant_id": actor.tenant_id,
            "id": refusal_id,
            "line_id": line_id,
            "credit_item_id": credit_id,
            "item_id": item_id,
            "refused_by": actor.name,
            "refused_at": actor.now,
        }
        for refusal_id, item_id in zip(new_ids(len(item_ids)), item_ids, strict=True)
    ]
    db.execute(sa.insert(MatchRefusal), rows)


def choose_parts(
    db: Session,
    actor: Actor,
    customer_id: UUID,
    currency: str,
    amount_minor: int,
    *,
    how: str,
    typed: Sequence[TypedPart] = (),
    designation: str = "",
    costs_first: bool = False,
    credit_id: UUID | None = None,
    line_id: UUID | None = None,
) -> tuple[tuple[UUID, int], ...]:
    """Returns the parts (item, minor units) that the money pays: ticked, in legal order, or none.

    The caller has the lock on the customer. Raises what `parse_ticked_parts` raises.
    """
    if how == "nothing":
        return ()
    if how == "ticked":
        return parse_ticked_parts(db, actor.tenant_id, customer_id, currency, amount_minor, typed)
    refused = refused_items(db, actor.tenant_id, credit_id=credit_id, line_id=line_id)
    shares = suggest_allocation(
        db, actor, customer_id, currency, amount_minor, designation, costs_first=costs_first, refused=refused
    )
    sums: dict[UUID, int] = {}
    for share in shares:
        sums[share.id] = sums.get(share.id, 0) + share.amount_minor
    return tuple(sums.items())


def suggest_allocation(
    db: Session,
    actor: Actor,
    customer_id: UUID,
    currency: str,
    amount_minor: int,
    designation: str = "",
    *,
    costs_first: bool = False,
    refused: Collection[UUID] = (),
) -> list[Share]:
    """Returns the allocation of an amount (minor units) in the legal order (Civil Code 560, 561).

    Items in `refused` are left out; documents whose numbers are in `designation` come first.
    """
    i = OpenItem
    rows = db.execute(
        sa.select(i.id, i.kind, i.document_no, i.reference, i.due_on, i.open_minor)
        .where(
            i.tenant_id == actor.tenant_id,
            i.customer_id == customer_id,
            i.currency == currency,
            i.side > 0,
            i.open_minor > 0,
        )
        .order_by(i.due_on, i.document_no, i.instalment_no)
    ).all()
    designated = [(item_id, None) for item_id in _items_named_in(designation, rows)]
    parts = accessory_parts_of(db, actor.tenant_id, [row.id for row in rows if row.kind == INTEREST])
    debts = _debts([row for row in rows if row.id not in refused], rows, parts)
    return allocate_in_legal_order(amount_minor, debts, actor.today, designated=designated, costs_first=costs_first)


def _debts(
    allowed: Sequence[DbRow], rows: Sequence[DbRow], parts: Mapping[UUID, Sequence[tuple[UUID, str, int]]]
) -> list[Debt]:
    """Returns the allowed items as debts; interest in portions, each with the document that it is for.

    `parts`: what interest says that it is for, less what was credited of it; without it, the document that its
    reference names, if that is open.
    """
    by_no = {row.document_no: row.id for row in rows if row.kind != INTEREST}
    debts = []
    for row in allowed:
        if row.kind != INTEREST:
            debts.append(Debt(id=row.id, due_on=row.due_on, open_minor=row.open_minor))
            continue
        own: Sequence[tuple[UUID | None, str, int]] = parts.get(row.id, ())
        if not any(minor for _of, _part, minor in own):
            own = [(by_no.get(row.reference or ""), INTEREST, row.open_minor)]
        portions = proportional(row.open_minor, [minor for _of, _part, minor in own])
        debts += [
            Debt(id=row.id, due_on=row.due_on, open_minor=minor, part=COSTS if part == COSTS else INTEREST, of=of)
            for (of, part, _whole), minor in zip(own, portions, strict=True)
        ]
    return debts


def _items_named_in(designation: str, rows: Sequence[DbRow]) -> list[UUID]:
    """Returns the items whose document numbers the debtor named, in the debtor's order."""
    by_key: dict[str, list[UUID]] = {}
    for row in rows:
        by_key.setdefault(number_key(row.document_no), []).append(row.id)
    named = find_mentioned_numbers(designation, by_key.keys() - {""}, ()).mentions
    return [item_id for mention in named for item_id in by_key[mention.key]]


def refused_items(
    db: Session, tenant_id: UUID, *, credit_id: UUID | None = None, line_id: UUID | None = None
) -> set[UUID]:
    """Returns the items that a person has refused for, or unapplied from, this credit or bank line."""
    m, a = MatchRefusal, Allocation
    both = sa.union(
        sa.select(m.item_id).where(m.tenant_id == tenant_id, m.line_id == line_id),
        sa.select(m.item_id).where(m.tenant_id == tenant_id, m.credit_item_id == credit_id),
        sa.select(a.debit_item_id).where(
            a.tenant_id == tenant_id, a.credit_item_id == credit_id, a.reverses_id.is_not(None)
        ),
    )
    return set(db.execute(both).scalars())


def parse_ticked_parts(
    db: Session,
    tenant_id: UUID,
    customer_id: UUID,
    currency: str,
    amount_minor: int,
    typed: Sequence[TypedPart],
) -> tuple[tuple[UUID, int], ...]:
    """Parses the ticked items' amounts; an empty amount takes what is open, as far as the money suffices.

    Raises RuleBroken (`nothing_ticked`, `amount_unreadable`, `amount_not_positive`, `receipt_overapplied`),
    NotFound(`item_not_found`).
    """
    if not typed:
        raise RuleBroken("nothing_ticked")
    item_ids = [part.item_id for part in typed]
    params = {"tenant": tenant_id, "customer": customer_id, "currency": currency, "wanted": array_text(item_ids)}
    opens: dict[UUID, int] = {row.id: row.open_minor for row in db.connection().execute(_OPEN_AMOUNTS, params)}
    if opens.keys() != {part.item_id for part in typed}:
        raise NotFound("item_not_found")
    typed_minor = {part.item_id: parse_positive_amount(part.amount, currency) for part in typed if part.amount}
    rest = amount_minor - sum(typed_minor.values())
    if rest < 0:
        raise RuleBroken("receipt_overapplied")
    parts: dict[UUID, int] = dict(typed_minor)
    for part in typed:
        if part.item_id not in parts:
            parts[part.item_id] = min(rest, opens[part.item_id])
            rest -= parts[part.item_id]
    return tuple((item_id, minor) for item_id, minor in parts.items() if minor)


def designation_of(db: Session, tenant_id: UUID, credit_id: UUID) -> str:
    """Returns the debtor's designation of this credit; empty when it is not a receipt entered here."""
    r = Receipt
    found = db.execute(sa.select(r.designation).where(r.tenant_id == tenant_id, r.id == credit_id)).scalar_one_or_none()
    return found or ""


def new_idempotency_key() -> str:
    """Returns an idempotency key for a caller without a form."""
    return str(new_id())
