"""Reads what customers owe and what their orders commit, per currency: live, or as of a day.

Invariants: one statement whatever the number of customers; written as text, so it carries no limit of who sees what:
what a person may see never changes a sum, and who shows customers to a person asks `kernel.visibility` first.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.bills import rules as bills
from ar.credit.rules.exposure import Parts
from kernel.arrays import array_text


@dataclass(frozen=True, slots=True)
class CurrencyParts:
    """A customer's exposure in one currency, and what the checks ask beside it.

    `conditional_minor`: bills in hand that are not yet paid, a part of the unapplied credit. `past_due_items` are due
    before the day asked for, with `past_due_minor` open on them, the oldest on `oldest_due_on`.
    """

    parts: Parts
    conditional_minor: int
    past_due_items: int
    oldest_due_on: date | None
    past_due_minor: int = 0

    def __add__(self, other: CurrencyParts) -> CurrencyParts:
        dues = [each for each in (self.oldest_due_on, other.oldest_due_on) if each is not None]
        return CurrencyParts(
            self.parts + other.parts,
            self.conditional_minor + other.conditional_minor,
            self.past_due_items + other.past_due_items,
            min(dues, default=None),
            self.past_due_minor + other.past_due_minor,
        )


NO_PARTS: Final = CurrencyParts(Parts(), 0, 0, None)

_SUMS: Final = """
    SELECT customer_id, currency, CAST(sum(receivables) AS bigint), CAST(sum(signed) AS bigint),
        CAST(sum(shipped) AS bigint), CAST(sum(released) AS bigint), CAST(sum(bills) AS bigint),
        CAST(sum(unapplied) AS bigint), CAST(sum(conditional) AS bigint), CAST(sum(past_due) AS bigint), min(oldest),
        CAST(sum(past_due_open) AS bigint)
    FROM ({items} UNION ALL {commitments} UNION ALL {bills}) AS part
    GROUP BY customer_id, currency
"""
_ITEMS: Final = """
    SELECT o.customer_id, o.currency, coalesce(sum({open}) FILTER (WHERE o.side = 1), 0) AS receivables,
        0 AS signed, 0 AS shipped, 0 AS released, 0 AS bills,
        coalesce(sum({open}) FILTER (WHERE o.side = -1), 0) AS unapplied,
        coalesce(sum({open}) FILTER (WHERE o.side = -1 AND o.conditional), 0) AS conditional,
        count(*) FILTER (WHERE o.side = 1 AND o.due_on < :due_before AND {open} > 0) AS past_due,
        min(o.due_on) FILTER (WHERE o.side = 1 AND o.due_on < :due_before AND {open} > 0) AS oldest,
        coalesce(sum({open}) FILTER (WHERE o.side = 1 AND o.due_on < :due_before), 0) AS past_due_open
    FROM open_item AS o {later}
    WHERE o.tenant_id = :tenant AND {exists} {customers}
    GROUP BY o.customer_id, o.currency
"""
_COMMITMENTS: Final = """
    SELECT o.customer_id, o.currency, 0, sum(o.signed_minor), sum(o.shipped_minor), sum(o.released_minor),
        0, 0, 0, 0, CAST(NULL AS date), 0
    FROM {table} AS o
    WHERE o.tenant_id = :tenant AND {exists} {customers}
    GROUP BY o.customer_id, o.currency
"""
_BILLS: Final = """
    SELECT o.customer_id, o.currency, 0, 0, 0, 0, sum(o.amount_minor), 0, 0, 0, CAST(NULL AS date), 0
    FROM bill AS o {step}
    WHERE o.tenant_id = :tenant AND (o.kind <> 'bank' OR :bank_bills) AND {exists} {customers}
    GROUP BY o.customer_id, o.currency
"""
_OF_CUSTOMERS: Final = "AND o.customer_id = ANY(CAST(:customers AS uuid[]))"
_LATER_ALL: Final = """
    LEFT JOIN (
        SELECT item_id, sum(minor) AS minor FROM (
            SELECT debit_item_id AS item_id, amount_minor AS minor FROM allocation
            WHERE tenant_id = :tenant AND effective_on > :as_of
            UNION ALL
            SELECT credit_item_id, amount_minor FROM allocation WHERE tenant_id = :tenant AND effective_on > :as_of
        ) AS applied GROUP BY item_id
    ) AS later ON later.item_id = o.id
"""
_LATER_EACH: Final = """
    LEFT JOIN LATERAL (
        SELECT sum(minor) AS minor FROM (
            SELECT amount_minor AS minor FROM allocation
            WHERE tenant_id = :tenant AND debit_item_id = o.id AND effective_on > :as_of
            UNION ALL
            SELECT amount_minor FROM allocation
            WHERE tenant_id = :tenant AND credit_item_id = o.id AND effective_on > :as_of
        ) AS applied
    ) AS later ON true
"""
_STEP_BY_THEN: Final = """
    JOIN LATERAL (
        SELECT e.to_state FROM bill_event AS e
        WHERE e.tenant_id = :tenant AND e.bill_id = o.id AND e.effective_on <= :as_of
        ORDER BY e.position DESC LIMIT 1
    ) AS step ON true
"""


def _statement(*, narrowed: bool, dated: bool) -> sa.TextClause:
    customers = _OF_CUSTOMERS if narrowed else ""
    if not dated:
        items = _ITEMS.format(open="o.open_minor", later="", exists="o.open_minor > 0", customers=customers)
        total = "o.released_minor + o.shipped_minor + o.signed_minor > 0"
        commitments = _COMMITMENTS.format(table="commitment", exists=total, customers=customers)
        of_bills = _BILLS.format(step="", exists="o.state = ANY(:outstanding)", customers=customers)
    else:
        items = _ITEMS.format(
            open="(o.open_minor + coalesce(later.minor, 0))",
            later=_LATER_EACH if narrowed else _LATER_ALL,
            exists="o.document_on <= :as_of AND (o.cleared_on IS NULL OR o.cleared_on > :as_of)",
            customers=customers,
        )
        exists = "o.effective_on <= :as_of"
        commitments = _COMMITMENTS.format(table="commitment_change", exists=exists, customers=customers)
        of_bills = _BILLS.format(step=_STEP_BY_THEN, exists="step.to_state = ANY(:outstanding)", customers=customers)
    return sa.text(_SUMS.format(items=items, commitments=commitments, bills=of_bills))


_STATEMENTS: Final = {
    (narrowed, dated): _statement(narrowed=narrowed, dated=dated)
    for narrowed in (True, False)
    for dated in (True, False)
}
#: States of a bill that is neither paid nor given back.
OUTSTANDING: Final = sorted(state.value for state in bills.OUTSTANDING)


def exposure_parts(
    db: Session,
    tenant_id: UUID,
    customer_ids: Collection[UUID] | None,
    *,
    due_before: date,
    bank_bills_count: bool = False,
    as_of: date | None = None,
) -> dict[UUID, dict[str, CurrencyParts]]:
    """Returns the parts of the exposure of the customers (None: of all), by customer and currency.

    `as_of` None: as the books are now; else at the end of that day. Items due before `due_before` are past due.
    Customers without any part are absent.
    """
    values: dict[str, Any] = {
        "tenant": tenant_id,
        "due_before": due_before,
        "bank_bills": bank_bills_count,
        "outstanding": OUTSTANDING,
    }
    if customer_ids is not None:
        values["customers"] = array_text(sorted(customer_ids))
    if as_of is not None:
        values["as_of"] = as_of
    db.flush()
    rows = db.connection().execute(_STATEMENTS[customer_ids is not None, as_of is not None], values)
    found: dict[UUID, dict[str, CurrencyParts]] = {}
    for (
        customer_id,
        currency,
        receivables,
        signed,
        shipped,
        released,
        of_bills,
        unapplied,
        conditional,
        due,
        oldest,
        past_due_minor,
    ) in rows:
        parts = Parts(receivables, signed, shipped, released, of_bills, unapplied)
        found.setdefault(customer_id, {})[currency] = CurrencyParts(parts, conditional, due, oldest, past_due_minor)
    return found
