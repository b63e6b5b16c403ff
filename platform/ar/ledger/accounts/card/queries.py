"""Queries a customer's account card: all documents and allocations of a period, with the running balance.

Invariants: only documents move the balance, allocations show what paid what; opening + debits − credits = closing =
aging less unapplied; three statements whatever the size; SQL computes the running balance, so that a page costs no more
than its rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.models import Customer
from ar.ledger.models import OpenItem
from ar.ledger.rules.aging import BUCKETS, AgingRow, bucket_minors, bucket_ranges
from kernel.db import columns
from kernel.errors import NotFound
from kernel.views import LATER, select_view, value, view
from web.paging import PageAsked

DOCUMENT: Final = 0
ALLOCATION: Final = 1
PAGE_ROWS: Final = 200
#: The columns of a line.
LINE_FIELDS: Final = (
    *("on", "part", "item_id", "kind", "document_no", "instalment_no", "due_on", "reference"),
    *("debit_minor", "credit_minor", "applied_minor", "other_id", "other_no", "open_minor", "balance_minor"),
)


@dataclass(frozen=True, slots=True)
class CardRequest:
    """A card's customer, currency and period (both days included), as known at a moment (None: now)."""

    customer_id: UUID
    currency: str
    from_on: date
    to_on: date
    known_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CardCustomer:
    """The card's customer; `currencies`: those of the customer's documents."""

    id: UUID
    number: str
    name: str
    language: str
    currencies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CardSums:
    """The card's figures in minor units of its currency; balances are signed, owed to the company +.

    `aging` is as of the period's end; its `unapplied_minor` is the open amount of credits then.
    """

    opening_minor: int
    debit_minor: int
    credit_minor: int
    documents: int
    allocations: int
    aging: AgingRow

    @property
    def closing_minor(self) -> int:
        """Returns the balance at the period's end."""
        return self.opening_minor + self.debit_minor - self.credit_minor

    @property
    def lines(self) -> int:
        """Returns the number of rows of the whole card."""
        return self.documents + self.allocations


@dataclass(frozen=True, slots=True)
class Card:
    """A card; `lines` are database rows (columns LINE_FIELDS) of the whole period or of one page.

    A document's line has a debit or a credit and its open amount at the period's end; an allocation's line has only
    the applied amount (negative: unapplied), from the credit `document_no` to the debit `other_no`.
    """

    asked: CardRequest
    customer: CardCustomer
    sums: CardSums
    lines: Sequence[Any]


def card_customer(db: Session, tenant_id: UUID, customer_id: UUID) -> CardCustomer:
    """Returns the customer and its currencies. Raises NotFound(`customer_not_found`)."""
    customer, item = Customer, OpenItem
    known = (
        sa.select(sa.func.array_agg(sa.distinct(item.currency)))
        .where(item.tenant_id == tenant_id, item.customer_id == customer.id)
        .scalar_subquery()
    )
    row = columns(
        db,
        select_view(
            CardCustomer,
            id=value(customer.id),
            number=value(customer.number),
            name=value(customer.name),
            language=value(customer.language),
            currencies=LATER,
        )
        .add_columns(known.label("known"))
        .where(customer.tenant_id == tenant_id, customer.id == customer_id),
    ).first()
    if row is None:
        raise NotFound("customer_not_found")
    return view(CardCustomer, row, currencies=tuple(sorted(row.known or ())))


def card_sums(db: Session, tenant_id: UUID, asked: CardRequest) -> CardSums:
    """Returns the card's figures, from all of the customer's documents in the currency up to the period's end."""
    values = _parameters(tenant_id, asked)
    for at, due in enumerate(bucket_ranges(asked.to_on)):
        values |= {f"first{at}": due.first_on or date.min, f"last{at}": due.last_on or date.max}
    row = columns(db, _sums_statement(asked.known_at is not None), values).one()
    return view(CardSums, row, aging=AgingRow("", asked.currency, bucket_minors(row), row.unapplied_minor))


def card_lines(
    db: Session, tenant_id: UUID, asked: CardRequest, *, opening_minor: int, offset: int = 0, limit: int | None = None
) -> Sequence[Any]:
    """Returns the card's rows from `offset` on, at most `limit`; the running balance starts at `opening_minor`."""
    values = _parameters(tenant_id, asked) | {"opening": opening_minor, "offset": offset, "limit": limit}
    return columns(db, _lines_statement(asked.known_at is not None), values).all()


def account_card(
    db: Session,
    tenant_id: UUID,
    asked: CardRequest,
    *,
    customer: CardCustomer | None = None,
    paged: PageAsked | None = None,
) -> Card:
    """Returns the whole card, or one page of it. Three statements, two when `customer` is given.

    Raises NotFound(`customer_not_found`).
    """
    customer_shown = customer or card_customer(db, tenant_id, asked.customer_id)
    sums = card_sums(db, tenant_id, asked)
    page = paged.page(sums.lines) if paged else None
    offset, limit = (page.offset, page.size) if page else (0, None)
    lines = card_lines(db, tenant_id, asked, opening_minor=sums.opening_minor, offset=offset, limit=limit)
    return Card(asked, customer_shown, sums, lines)


def _parameters(tenant_id: UUID, asked: CardRequest) -> dict[str, Any]:
    known = {"known_at": asked.known_at} if asked.known_at is not None else {}
    return {
        "tenant": tenant_id,
        "customer": asked.customer_id,
        "currency": asked.currency,
        "from_on": asked.from_on,
        "to_on": asked.to_on,
        **known,
    }


# An allocation has the customer and currency of its documents and is never dated before either, so the customer's
# debits lead to all allocations effective by the day. Document numbers are joined here, where the planner's estimates
# are sound: joining these parts once more would look so expensive that it started JIT compilation.
_SHARED_CTES: Final = """
    WITH doc AS MATERIALIZED (
        SELECT i.id, i.kind, i.side, i.document_no, i.instalment_no, i.document_on, i.due_on, i.reference,
            i.amount_minor, i.recorded_at
        FROM open_item i
        WHERE i.tenant_id = :tenant AND i.customer_id = :customer AND i.currency = :currency
            AND i.document_on <= :to_on {item_known}
    ), pay AS MATERIALIZED (
        SELECT a.id, a.debit_item_id, a.credit_item_id, a.amount_minor, a.effective_on, a.recorded_at,
            d.document_no AS debit_no
        FROM doc d JOIN allocation a ON a.tenant_id = :tenant AND a.debit_item_id = d.id
        WHERE d.side = 1 AND a.effective_on <= :to_on {allocation_known}
    ), paid AS (
        SELECT item_id, sum(amount_minor) AS minor FROM (
            SELECT debit_item_id AS item_id, amount_minor FROM pay
            UNION ALL SELECT credit_item_id, amount_minor FROM pay
        ) AS both_sides GROUP BY item_id
    )
"""
_SUMS: Final = """
    SELECT coalesce(sum(d.side * d.amount_minor) FILTER (WHERE d.document_on < :from_on), 0)::bigint AS opening_minor,
        coalesce(sum(d.amount_minor) FILTER (WHERE d.side = 1 AND d.document_on >= :from_on), 0)::bigint AS debit_minor,
        coalesce(sum(d.amount_minor) FILTER (WHERE d.side = -1 AND d.document_on >= :from_on), 0)::bigint
            AS credit_minor,
        count(*) FILTER (WHERE d.document_on >= :from_on) AS documents,
        (SELECT count(*) FROM pay WHERE effective_on >= :from_on) AS allocations,
        coalesce(sum(d.amount_minor - coalesce(paid.minor, 0)) FILTER (WHERE d.side = -1), 0)::bigint
            AS unapplied_minor,
        {buckets}
    FROM doc d LEFT JOIN paid ON paid.item_id = d.id
"""
_BUCKET: Final = """coalesce(sum(d.amount_minor - coalesce(paid.minor, 0)) FILTER (
            WHERE d.side = 1 AND d.due_on BETWEEN :first{at} AND :last{at}), 0)::bigint AS bucket_{at}"""
# Within a day in the order of recording; a document before its allocations.
_LINES: Final = """, line AS (
        SELECT d.document_on AS on_day, 0 AS part, d.id AS item_id, d.kind, d.document_no, d.instalment_no,
            CASE WHEN d.side = 1 THEN d.due_on END AS due_on, d.reference,
            CASE WHEN d.side = 1 THEN d.amount_minor END AS debit_minor,
            CASE WHEN d.side = -1 THEN d.amount_minor END AS credit_minor,
            NULL::bigint AS applied_minor, NULL::uuid AS other_id, NULL::text AS other_no,
            (d.amount_minor - coalesce(paid.minor, 0))::bigint AS open_minor,
            d.recorded_at, d.id AS line_id
        FROM doc d LEFT JOIN paid ON paid.item_id = d.id WHERE d.document_on >= :from_on
        UNION ALL
        SELECT p.effective_on, 1, p.credit_item_id, c.kind, c.document_no, c.instalment_no, NULL, NULL, NULL, NULL,
            p.amount_minor, p.debit_item_id, p.debit_no, NULL, p.recorded_at, p.id
        FROM pay p JOIN open_item c ON c.tenant_id = :tenant AND c.id = p.credit_item_id
        WHERE p.effective_on >= :from_on
    )
    SELECT on_day AS "on", part, item_id, kind, document_no, instalment_no, due_on, reference, debit_minor,
        credit_minor, applied_minor, other_id, other_no, open_minor,
        (:opening + sum(coalesce(debit_minor, 0) - coalesce(credit_minor, 0)) OVER (
            ORDER BY on_day, recorded_at, part, line_id ROWS UNBOUNDED PRECEDING))::bigint AS balance_minor
    FROM line ORDER BY on_day, recorded_at, part, line_id OFFSET :offset LIMIT :limit
"""


def _shared_ctes(known: bool) -> str:
    return _SHARED_CTES.format(
        item_known="AND i.recorded_at <= :known_at" if known else "",
        allocation_known="AND a.recorded_at <= :known_at" if known else "",
    )


@cache
def _sums_statement(known: bool) -> sa.TextClause:
    buckets = ",\n        ".join(_BUCKET.format(at=at) for at in range(len(BUCKETS)))
    return sa.text(_shared_ctes(known) + _SUMS.format(buckets=buckets))


@cache
def _lines_statement(known: bool) -> Any:
    types: dict[str, Any] = {"limit": sa.BigInteger, "offset": sa.BigInteger, "opening": sa.BigInteger}
    bound = [sa.bindparam(name, type_=kind) for name, kind in types.items()]
    return sa.text(_shared_ctes(known) + _LINES).bindparams(*bound).columns(*(sa.column(name) for name in LINE_FIELDS))
