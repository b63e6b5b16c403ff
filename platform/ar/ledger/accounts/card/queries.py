"""The customer's account card: every document and allocation of a period in the order of the books.

May import the tables of customers and ledger, `aging`, kernel and web.paging. Invariants: documents alone move the
balance, allocations only say what paid what; opening + debits − credits = closing = aging less unapplied; three
statements whatever the size, the running balance carried by SQL, so that a page costs no more than its rows.
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
#: The fields of a line, in the order of its row.
LINE_FIELDS: Final = (
    *("on", "part", "item_id", "kind", "document_no", "instalment_no", "due_on", "reference"),
    *("debit_minor", "credit_minor", "applied_minor", "other_id", "other_no", "open_minor", "balance_minor"),
)


@dataclass(frozen=True, slots=True)
class CardAsked:
    """Which card: one customer, one currency, a period with both days, as known at a moment (None: now)."""

    customer_id: UUID
    currency: str
    from_on: date
    to_on: date
    known_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CardCustomer:
    """Whose card it is; `currencies` are those of the customer's documents."""

    id: UUID
    number: str
    name: str
    language: str
    currencies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CardSums:
    """The card's figures, minor units of its currency; balances are signed, owed to us +.

    `aging` is as of the period's end, its `unapplied_minor` what was received and not applied by then.
    """

    opening_minor: int
    debit_minor: int
    credit_minor: int
    documents: int
    allocations: int
    aging: AgingRow

    @property
    def closing_minor(self) -> int:
        """The balance at the period's end."""
        return self.opening_minor + self.debit_minor - self.credit_minor

    @property
    def lines(self) -> int:
        """How many rows the whole card has."""
        return self.documents + self.allocations


@dataclass(frozen=True, slots=True)
class Card:
    """The card; `lines` are light rows (named by LINE_FIELDS) of the whole period or of the page asked for.

    A document's line has a debit or a credit and what of it was open at the period's end; an allocation's line has
    only what was applied (negative: taken back), from the credit `document_no` to the debit `other_no`.
    """

    asked: CardAsked
    customer: CardCustomer
    sums: CardSums
    lines: Sequence[Any]


def card_customer(db: Session, tenant_id: UUID, customer_id: UUID) -> CardCustomer:
    """Whose card it would be, to choose the currency. Raises NotFound(`customer_not_found`)."""
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


def card_sums(db: Session, tenant_id: UUID, asked: CardAsked) -> CardSums:
    """The figures of the card, from all of the customer's documents in the currency by then."""
    values = _values(tenant_id, asked)
    for at, each in enumerate(bucket_ranges(asked.to_on)):
        values |= {f"first{at}": each.first_on or date.min, f"last{at}": each.last_on or date.max}
    row = columns(db, _reading_sums(asked.known_at is not None), values).one()
    return view(CardSums, row, aging=AgingRow("", asked.currency, bucket_minors(row), row.unapplied_minor))


def card_lines(
    db: Session, tenant_id: UUID, asked: CardAsked, *, opening_minor: int, offset: int = 0, limit: int | None = None
) -> Sequence[Any]:
    """The card's rows from `offset` on, at most `limit`; `opening_minor` is where the running balance begins."""
    values = _values(tenant_id, asked) | {"opening": opening_minor, "offset": offset, "limit": limit}
    return columns(db, _reading_lines(asked.known_at is not None), values).all()


def card(
    db: Session,
    tenant_id: UUID,
    asked: CardAsked,
    *,
    customer: CardCustomer | None = None,
    paged: PageAsked | None = None,
) -> Card:
    """The whole card, or a page of it: three statements, two for a customer who was read before.

    Raises NotFound(`customer_not_found`).
    """
    whose = customer or card_customer(db, tenant_id, asked.customer_id)
    sums = card_sums(db, tenant_id, asked)
    page = paged.page(sums.lines) if paged else None
    offset, limit = (page.offset, page.size) if page else (0, None)
    lines = card_lines(db, tenant_id, asked, opening_minor=sums.opening_minor, offset=offset, limit=limit)
    return Card(asked, whose, sums, lines)


def _values(tenant_id: UUID, asked: CardAsked) -> dict[str, Any]:
    known = {"known_at": asked.known_at} if asked.known_at is not None else {}
    return {
        "tenant": tenant_id,
        "customer": asked.customer_id,
        "currency": asked.currency,
        "from_on": asked.from_on,
        "to_on": asked.to_on,
        **known,
    }


# An allocation lies within its customer and currency and is never dated before either of its documents, so the
# customer's debits lead to all that had taken effect by the day. Numbers are read where the estimates are sound:
# joining these parts with each other once more would look so dear to the planner that it compiled first.
_BY_THEN: Final = """
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
# Within a day in the order in which things were recorded; a document before what is applied of it.
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


def _by_then(known: bool) -> str:
    return _BY_THEN.format(
        item_known="AND i.recorded_at <= :known_at" if known else "",
        allocation_known="AND a.recorded_at <= :known_at" if known else "",
    )


@cache
def _reading_sums(known: bool) -> sa.TextClause:
    buckets = ",\n        ".join(_BUCKET.format(at=at) for at in range(len(BUCKETS)))
    return sa.text(_by_then(known) + _SUMS.format(buckets=buckets))


@cache
def _reading_lines(known: bool) -> Any:
    types: dict[str, Any] = {"limit": sa.BigInteger, "offset": sa.BigInteger, "opening": sa.BigInteger}
    bound = [sa.bindparam(name, type_=kind) for name, kind in types.items()]
    return sa.text(_by_then(known) + _LINES).bindparams(*bound).columns(*(sa.column(name) for name in LINE_FIELDS))
