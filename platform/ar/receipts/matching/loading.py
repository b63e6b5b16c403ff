"""Loads bank lines as payments to match, and the open items, customers and payer accounts they may belong to.

Invariants: a fixed number of statements for any number of lines (numbers mentioned in texts: one per thousand lines);
the items loaded for a few lines lead to the decisions that all open items would.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, Final, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.models import Customer
from ar.ledger.models import OpenItem
from ar.receipts.models import BankLine, MatchRefusal, PayerAccount
from ar.receipts.rules.candidates import CandidateIndex, CandidateItem, CustomerName, KnownPayer
from ar.receipts.rules.matching import Payment, customers_indicated
from ar.receipts.rules.mentions import (
    candidate_keys,
    candidate_numbers,
    candidate_prefixes,
    normalised_account,
    number_key,
)
from kernel.arrays import array_text
from kernel.views import select_view, value, views

#: Placeholders that banks write in place of a missing end-to-end reference.
NO_REFERENCE: Final = frozenset({"NOTPROVIDED", "NONREF", "NOREF", "NULL"})
PAYMENTS_PER_QUERY: Final = 1_000
#: Up to so many payments are asked for what they may pay; beyond, that is most of what is open.
ASKED_FOR_MAX: Final = 1_000

_OPEN: Final = "tenant_id = :tenant AND open_minor > 0 AND side > 0"
#: Each asked value looks for its own items by an index; an id, or a prefix of ours among `prefixes`.
ASKED_FOR: Final = sa.text(
    f"""
    SELECT i.id, NULL AS prefix FROM unnest(CAST(:customers AS uuid[])) AS w (id) CROSS JOIN LATERAL (
        SELECT id FROM open_item WHERE {_OPEN} AND customer_id = w.id OFFSET 0) AS i
    UNION
    SELECT i.id, NULL FROM unnest(CAST(:amounts AS bigint[])) AS w (minor) CROSS JOIN LATERAL (
        SELECT id FROM open_item WHERE {_OPEN} AND open_minor = w.minor OFFSET 0) AS i
    UNION
    SELECT i.id, NULL FROM unnest(CAST(:keys AS text[])) AS w (key) CROSS JOIN LATERAL (
        SELECT id FROM open_item WHERE {_OPEN} AND number_key = w.key
        UNION ALL
        SELECT id FROM open_item WHERE {_OPEN} AND reference_key = w.key OFFSET 0) AS i
    UNION
    SELECT NULL, w.prefix FROM unnest(CAST(:prefixes AS text[])) AS w (prefix) WHERE EXISTS (
        SELECT FROM open_item WHERE {_OPEN} AND number_key >= w.prefix || '0' AND number_key < w.prefix || ':'
            AND number_key ~ '^[A-Z0-9]+$'
        UNION ALL
        SELECT FROM open_item WHERE {_OPEN} AND reference_key >= w.prefix || '0' AND reference_key < w.prefix || ':'
            AND reference_key ~ '^[A-Z0-9]+$' LIMIT 1)
    UNION
    SELECT w.id, NULL FROM unnest(CAST(:also AS uuid[])) AS w (id)
    """  # noqa: S608 - our own text
)

_SETTLED_DOCUMENTS = sa.text(
    """
    SELECT i.document_no, i.customer_id
    FROM unnest(CAST(:numbers AS text[])) AS n (number)
    JOIN open_item AS i ON i.tenant_id = :tenant AND i.document_no = n.number AND i.side > 0 AND i.open_minor = 0
    WHERE i.tenant_id = :tenant AND NOT EXISTS (
        SELECT FROM open_item AS m WHERE m.tenant_id = :tenant AND m.reverses_id = i.id AND m.frees_number
    )
    """
)


def id_in(column: Any, ids: Iterable[UUID]) -> sa.ColumnElement[bool]:
    """Returns the condition that `column` is one of `ids`, bound as one text for any number of ids.

    A subquery to join with, not `= ANY(array)`, which would parse the text again for every row.
    """
    sent = sa.cast(sa.literal(array_text(ids), sa.Text), sa.ARRAY(sa.Uuid))
    wanted = sa.func.unnest(sent).table_valued(sa.column("id", sa.Uuid), name="wanted").render_derived()
    return cast(sa.ColumnElement[bool], column.in_(sa.select(wanted.c.id)))


def line_columns() -> tuple[Any, ...]:
    """Returns the columns of a bank line that matching needs."""
    b = BankLine
    return (
        b.id,
        b.booked_on,
        b.value_on,
        b.currency,
        b.amount_minor,
        b.remittance,
        b.end_to_end_id,
        b.payer_name,
        b.payer_account,
        b.split,
    )


def payment_text(remittance: str, end_to_end_id: str) -> str:
    """Returns the remittance text with the payer's own end-to-end reference."""
    own = "" if end_to_end_id.strip().upper() in NO_REFERENCE else end_to_end_id
    return f"{remittance} \n{own}".strip()


def payments_of(db: Session, tenant_id: UUID, rows: Sequence[Any]) -> list[Payment]:
    """Converts rows of `line_columns` to payments, with the items that people have unmatched from them."""
    m = MatchRefusal
    ids = [row.id for row in rows]
    refused: dict[UUID, set[UUID]] = {}
    if ids:
        found = db.execute(sa.select(m.line_id, m.item_id).where(m.tenant_id == tenant_id, id_in(m.line_id, ids)))
        for line_id, item_id in found:
            if line_id is not None:
                refused.setdefault(line_id, set()).add(item_id)
    return [
        Payment(
            id=row.id,
            booked_on=row.booked_on,
            currency=row.currency,
            amount_minor=row.amount_minor,
            text=payment_text(row.remittance, row.end_to_end_id),
            payer_name=row.payer_name,
            payer_account=normalised_account(row.payer_account),
            refused=frozenset(refused.get(row.id, ())),
            split=tuple((str(number), int(minor)) for number, minor in row.split or ()),
        )
        for row in rows
    ]


def load_candidates(
    db: Session, tenant_id: UUID, payments: Sequence[Payment], also: Iterable[UUID] = ()
) -> CandidateIndex:
    """Loads what the payments may pay: open debit items, with customers, payer accounts and paid documents mentioned.

    Of few payments the items mentioned, of their amounts, of the customers they indicate, and `also`; of many all open
    ones, which is no more then. The decisions are the same.
    """
    names = _customer_names(db, tenant_id)
    accounts = array_text(sorted({payment.payer_account for payment in payments} - {""}))
    is_theirs = PayerAccount.account_key == sa.any_(sa.cast(sa.literal(accounts, sa.Text), sa.ARRAY(sa.Text)))
    payers = views(KnownPayer, db.execute(_payers(tenant_id).where(is_theirs)))
    settled = _settled_numbers(db, tenant_id, payments)
    if len(payments) > ASKED_FOR_MAX:
        return CandidateIndex(views(CandidateItem, db.execute(_items(tenant_id))), names, payers, settled)
    index = CandidateIndex((), names, payers)
    customers = {customer_id for payment in payments for customer_id in customers_indicated(payment, index)}
    keys = {key for payment in payments for key in candidate_keys(payment.text)}
    keys |= {number_key(number) for payment in payments for number, _minor in payment.split} - {""}
    wanted = {
        "tenant": tenant_id,
        "customers": array_text(customers),
        "amounts": array_text(sorted({payment.amount_minor for payment in payments})),
        "keys": array_text(sorted(keys)),
        "prefixes": array_text(sorted({each for payment in payments for each in candidate_prefixes(payment.text)})),
        "also": array_text(also),
    }
    asked_for = db.execute(ASKED_FOR, wanted).all()
    ids = {row.id for row in asked_for if row.id}
    items = views(CandidateItem, db.execute(_items(tenant_id).where(id_in(OpenItem.id, ids))))
    index.add_items(items, settled, {row.prefix for row in asked_for if row.prefix})
    return index


def _items(tenant_id: UUID) -> sa.Select[*tuple[Any, ...]]:
    item = OpenItem
    return select_view(
        CandidateItem,
        id=value(item.id),
        customer_id=value(item.customer_id),
        kind=value(item.kind),
        document_no=value(item.document_no),
        document_on=value(item.document_on),
        due_on=value(item.due_on),
        currency=value(item.currency),
        open_minor=value(item.open_minor),
        reference=value(item.reference),
    ).where(item.tenant_id == tenant_id, item.open_minor > 0, item.side > 0)


def _payers(tenant_id: UUID) -> sa.Select[*tuple[Any, ...]]:
    payer = PayerAccount
    return select_view(
        KnownPayer,
        customer_id=value(payer.customer_id),
        account=value(payer.account_key),
        confirmed=value(payer.confirmed_at.is_not(None)),
    ).where(payer.tenant_id == tenant_id)


def _customer_names(db: Session, tenant_id: UUID) -> list[CustomerName]:
    customer = Customer
    rows = db.execute(
        select_view(CustomerName, customer_id=value(customer.id), name=value(customer.name)).where(
            customer.tenant_id == tenant_id, customer.retired_at.is_(None)
        )
    )
    return views(CustomerName, rows)


def _settled_numbers(db: Session, tenant_id: UUID, payments: Iterable[Payment]) -> dict[str, set[UUID]]:
    settled: dict[str, set[UUID]] = {}
    rest = iter(payments)
    while batch := list(islice(rest, PAYMENTS_PER_QUERY)):
        numbers = sorted({number for payment in batch for number in candidate_numbers(payment.text)})
        if not numbers:
            continue
        for number, customer_id in db.execute(
            _SETTLED_DOCUMENTS, {"tenant": tenant_id, "numbers": array_text(numbers)}
        ):
            settled.setdefault(number_key(number), set()).add(customer_id)
    return settled
