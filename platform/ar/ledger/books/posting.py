"""Posts documents as entries with open items, and entries that open no item.

Invariants: one receivables leg per open item, equal to it; nothing is edited (`reversal` mirrors it); the number of
statements does not grow with the number of documents.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import chain
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ar.ledger.books.entries import Leg, NewItem, insert_entries, insert_items, reversing_legs
from ar.ledger.books.locks import hold_books, share_customers
from ar.ledger.books.period_lock import create_books_state
from ar.ledger.books.posting_rules import ACCOUNTS, POSTING_RULES, RECEIVABLES, REVERSAL, document_legs
from ar.ledger.models import Account
from kernel import journal
from kernel.actor import Actor
from kernel.arrays import array_text
from kernel.bookable import LIMITS, is_bookable
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.ids import new_id, new_ids
from kernel.money import MAX_MINOR, exponent, is_money_on, withdrawn_on

__all__ = ["AHEAD_DAYS", "NewItem", "post_entry", "post_items", "reverse_entry", "set_up_books"]

# A document dated further ahead is a mistyped year, which no list would show before that year.
AHEAD_DAYS: Final = 366
BPS: Final = 10_000
#: What the terms of these customers say of days off, of those that differ from the statute; one that is retired.
_FACTS_OF_CUSTOMERS = sa.text(
    """
    SELECT jsonb_object_agg(id, terms ->> 'roll') FILTER (WHERE terms ->> 'roll' <> 'statutory') AS rolls,
        min(number) FILTER (WHERE retired_at IS NOT NULL) AS retired_no
    FROM customer WHERE tenant_id = :tenant AND id = ANY(CAST(:ids AS uuid[]))
    """
)


def set_up_books(db: Session, actor: Actor) -> None:
    """Inserts the chart of accounts and the open period of a new tenant. Idempotent."""
    rows = [
        {"tenant_id": actor.tenant_id, "code": code, "kind": kind, "number": number} for code, kind, number in ACCOUNTS
    ]
    db.execute(insert(Account).values(rows).on_conflict_do_nothing())
    create_books_state(db, actor)


def post_items(db: Session, actor: Actor, items: Sequence[NewItem], *, memo: str = "") -> list[UUID]:
    """Posts documents, each with an entry of its own; returns the item ids in the order given.

    Items that share kind and number are the instalments of one document and of one entry. They are recorded at the
    moment after the customers are held, by the caller (`lock_customers`) or here. Raises RuleBroken for
    an unknown kind, a currency that is no money on that day, an amount that is not positive, dates out of order, in a
    locked period or more than AHEAD_DAYS after today, instalments that do not fit each other; `customer_retired` for a
    customer whose import was undone; NotFound(`customer_not_found`) for a customer of another tenant,
    Conflict(`document_exists`) for a number taken.
    """
    if not items:
        return []
    for item in items:
        _validate(item, actor.today)
    documents = _group_by_document(items)
    actor = share_customers(db, actor, {item.customer_id for item in items})
    sides = [POSTING_RULES[item.kind].side for item in items]
    rolls = _rolls_of_current_customers(db, actor.tenant_id, {item.customer_id for item in items})
    entry_ids, item_ids = new_ids(len(documents)), new_ids(len(items))
    legs = list(chain.from_iterable(map(document_legs, documents.values(), entry_ids)))
    firsts = [parts[0] for parts in documents.values()]
    insert_entries(
        db, actor, entry_ids, [first.kind for first in firsts], [first.document_on for first in firsts], legs, memo=memo
    )
    entry_of = dict(zip(documents, entry_ids, strict=True))
    entries = [entry_of[item.kind, item.document_no] for item in items]
    insert_items(db, actor, item_ids, entries, sides, items, rolls=rolls if max(sides) > 0 else {})
    _record_posted(db, actor, items, item_ids, memo)
    return item_ids


def post_entry(
    db: Session, actor: Actor, kind: str, on: date, legs: Sequence[tuple[str, str, int, int]], *, memo: str
) -> UUID:
    """Posts an entry that opens no item, so it may not touch the receivables; returns its id. Records no event.

    `legs`: (account code, currency, debit, credit) in minor units. Raises RuleBroken (`entry_unbalanced`,
    `period_locked`, `receivables_by_item`).
    """
    if any(account == RECEIVABLES for account, *_rest in legs):
        raise RuleBroken("receivables_by_item")
    actor = hold_books(db, actor)
    entry_id = new_id()
    posting_legs = [Leg(entry_id, account, None, currency, debit, credit) for account, currency, debit, credit in legs]
    insert_entries(db, actor, [entry_id], [kind], [on], posting_legs, memo=memo)
    return entry_id


def reverse_entry(db: Session, actor: Actor, entry_id: UUID, on: date, *, memo: str) -> UUID:
    """Reverses an entry of `post_entry` by its mirror on `on`; returns the mirror's id.

    Raises NotFound(`entry_not_found`), Conflict(`already_reversed`), RuleBroken (`receivables_by_item`,
    `period_locked`).
    """
    actor = hold_books(db, actor)
    mirror_id = new_id()
    legs = reversing_legs(db, actor.tenant_id, {entry_id: mirror_id})
    if not legs:
        raise NotFound("entry_not_found")
    if any(leg.account_code == RECEIVABLES for leg in legs):
        raise RuleBroken("receivables_by_item")
    insert_entries(db, actor, [mirror_id], [REVERSAL], [on], legs, memo=memo, reverses=[entry_id])
    return mirror_id


def _validate(item: NewItem, today: date) -> None:
    if item.kind not in POSTING_RULES:
        raise RuleBroken("kind_unknown", kind=item.kind)
    _validate_currency(item)
    if not is_bookable(item.document_on):
        raise RuleBroken("day_out_of_range", **LIMITS)
    if type(item.amount_minor) is not int or not 0 < item.amount_minor <= MAX_MINOR:
        raise RuleBroken("amount_not_positive", document_no=item.document_no)
    if not item.document_no.strip():
        raise RuleBroken("document_no_missing")
    _validate_amounts(item)
    early = item.due_on < item.document_on and not item.due_as_given
    if early or item.collection_end_on < item.due_on:
        raise RuleBroken("dates_out_of_order", document_no=item.document_no)
    if (item.document_on - today).days > AHEAD_DAYS:
        raise RuleBroken(
            "document_too_far_ahead", document_no=item.document_no, document_on=item.document_on.isoformat()
        )


def _validate_currency(item: NewItem) -> None:
    """Checks that the currency is money, and was on the document's day."""
    try:
        exponent(item.currency)
    except ValueError:
        raise RuleBroken("currency_unknown", currency=item.currency) from None
    if not is_money_on(item.currency, item.document_on):
        raise RuleBroken("currency_withdrawn", currency=item.currency, last_on=str(withdrawn_on(item.currency)))


def _validate_amounts(item: NewItem) -> None:
    """Checks the tax within the amount, the contra account and the early-payment discount."""
    rule = POSTING_RULES[item.kind]
    if type(item.tax_minor) is not int or not 0 <= item.tax_minor < item.amount_minor:
        raise RuleBroken("tax_too_large", document_no=item.document_no)
    if item.tax_minor and not rule.taxed:
        raise RuleBroken("tax_not_here", document_no=item.document_no)
    if item.contra is not None and item.contra not in (rule.contra, *rule.alternatives):
        raise RuleBroken("account_not_here", account=item.contra)
    if (item.discount_bps is None) != (item.discount_until_on is None):
        raise RuleBroken("discount_incomplete", document_no=item.document_no)
    if item.discount_bps is not None and item.discount_until_on is not None:
        if rule.side < 0 or not 0 < item.discount_bps < BPS:
            raise RuleBroken("discount_out_of_range", document_no=item.document_no)
        if not item.document_on <= item.discount_until_on <= item.due_on:
            raise RuleBroken("discount_day_out_of_order", document_no=item.document_no)


def _group_by_document(items: Sequence[NewItem]) -> dict[tuple[str, str], list[NewItem]]:
    """Groups items by (kind, number), in the order given.

    Raises Conflict(`document_exists`) for a number used twice, RuleBroken (`instalments_miscounted`,
    `instalments_differ`).
    """
    documents: dict[tuple[str, str], list[NewItem]] = {}
    for item in items:
        documents.setdefault((item.kind, item.document_no), []).append(item)
    if len(documents) == len(items) and not any(item.instalment_no for item in items):
        return documents
    for (_kind, number), parts in documents.items():
        numbers = sorted(part.instalment_no for part in parts)
        if len(parts) > 1 and len(set(numbers)) < len(parts):
            raise Conflict("document_exists", document_no=number)
        if numbers not in ([0], list(range(1, len(parts) + 1))):
            raise RuleBroken("instalments_miscounted", document_no=number)
        if len({(part.customer_id, part.document_on, part.currency, part.contra) for part in parts}) > 1:
            raise RuleBroken("instalments_differ", document_no=number)
    return documents


def _rolls_of_current_customers(db: Session, tenant_id: UUID, customer_ids: set[UUID]) -> dict[str, str]:
    """Returns id → roll of the customers whose terms differ from the statute; the caller holds the customers.

    Raises RuleBroken(`customer_retired`) when one of them was retired with the import that created it.
    """
    asked = {"tenant": tenant_id, "ids": array_text(customer_ids)}
    row = db.connection().execute(_FACTS_OF_CUSTOMERS, asked).one()
    if row.retired_no is not None:
        raise RuleBroken("customer_retired", number=row.retired_no)
    return row.rolls or {}


def _record_posted(db: Session, actor: Actor, items: Sequence[NewItem], item_ids: Sequence[UUID], memo: str) -> None:
    """Records one event per call: the facts of a single document, else counts and sums."""
    if len(items) == 1:
        item = items[0]
        facts: dict[str, Any] = {
            "kind": item.kind,
            "document_no": item.document_no,
            "document_on": item.document_on.isoformat(),
            "due_on": item.due_on.isoformat(),
            "currency": item.currency,
            "amount_minor": item.amount_minor,
            "memo": memo,
        }
        journal.record(db, actor, "documents_posted", customer_id=item.customer_id, subject_id=item_ids[0], data=facts)
        return
    sums: dict[tuple[str, str], list[int]] = {}
    for item in items:
        total = sums.setdefault((item.kind, item.currency), [0, 0])
        total[0] += 1
        total[1] += item.amount_minor
    totals = [
        {"kind": kind, "currency": currency, "count": count, "amount_minor": amount}
        for (kind, currency), (count, amount) in sorted(sums.items())
    ]
    journal.record(db, actor, "documents_posted", data={"count": len(items), "totals": totals, "memo": memo})
