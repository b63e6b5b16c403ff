"""Pages the list of limits: the database says who is over, counts, sorts and cuts; only what is shown is read whole.

Invariants: a constant number of statements, whose cost follows what is open and not what is shown; the database judges
as `accounts` does, to the minor unit; who sees only some customers gets only their rows, but each sum is whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.exposure.accounts import Converter
from ar.credit.exposure.parts import OUTSTANDING
from ar.credit.exposure.rows import ENDED_DAYS, ENDING_DAYS, STATES, AccountRow, account_rows
from ar.credit.limits.taking_over import select_not_yet_approved
from ar.credit.policy.queries import credit_policy
from ar.customers.models import Customer
from kernel.arrays import array_text


@dataclass(frozen=True, slots=True)
class LimitsPage:
    """The rows of one page in order, how many rows the state has, and how many each of STATES has."""

    rows: Sequence[AccountRow]
    total: int
    counts: dict[str, int]


# What each customer owes and commits in each currency, what was granted to it, and both in one currency. An amount in
# the currency of the limit is never converted; of others each part is rounded by itself, half up. `:company`: the
# currency of who has no limit and owes in several. Factors turn minor units of `source` into such of `target`.
_ACCOUNTS: Final = """
    WITH owed AS (
        SELECT customer_id, currency, CAST(sum(minor) AS bigint) AS minor FROM (
            SELECT customer_id, currency, side * open_minor AS minor
            FROM open_item WHERE tenant_id = :tenant AND open_minor > 0
            UNION ALL
            SELECT customer_id, currency, signed_minor + shipped_minor + released_minor
            FROM commitment WHERE tenant_id = :tenant AND released_minor + shipped_minor + signed_minor > 0
            UNION ALL
            SELECT customer_id, currency, amount_minor
            FROM bill WHERE tenant_id = :tenant AND (kind <> 'bank' OR :bank_bills) AND state = ANY(:outstanding)
        ) AS part
        GROUP BY customer_id, currency
    ), in_force AS (
        SELECT customer_id, kind, currency, amount_minor FROM credit_limit
        WHERE tenant_id = :tenant AND valid_from <= :today AND (valid_to IS NULL OR valid_to >= :today)
    ), added AS (
        SELECT customer_id, currency, sum(amount_minor) AS minor FROM in_force WHERE kind = 'temporary'
        GROUP BY customer_id, currency
    ), granted AS (
        SELECT r.customer_id, r.currency, r.amount_minor IS NULL AS unlimited,
            r.amount_minor + coalesce(CAST(a.minor AS bigint), 0) AS total_minor
        FROM in_force AS r LEFT JOIN added AS a ON a.customer_id = r.customer_id AND a.currency = r.currency
        WHERE r.kind = 'regular'
        UNION ALL
        SELECT DISTINCT t.customer_id, CAST(NULL AS text), false, CAST(NULL AS bigint) FROM in_force AS t
        WHERE t.kind = 'temporary'
            AND NOT EXISTS (SELECT FROM in_force AS r WHERE r.kind = 'regular' AND r.customer_id = t.customer_id)
    ), account AS (
        SELECT customer_id, unlimited, total_minor, CAST(CASE
            WHEN count(minor) = 0 THEN 0
            WHEN limit_currency IS NULL AND count(minor) = 1 THEN sum(minor)
            WHEN count(converted) = count(minor) THEN sum(converted) END AS bigint) AS exposure_minor
        FROM (
            SELECT o.customer_id, o.limit_currency, o.unlimited, o.total_minor, o.minor,
            CASE WHEN o.currency = o.into THEN o.minor ELSE (
                SELECT round(coalesce(sum(i.open_minor) FILTER (WHERE i.side = 1), 0) * f.factor)
                    - round(coalesce(sum(i.open_minor) FILTER (WHERE i.side = -1), 0) * f.factor)
                FROM open_item AS i WHERE i.tenant_id = :tenant AND i.customer_id = o.customer_id
                    AND i.currency = o.currency AND i.open_minor > 0
            ) + (
                SELECT round(coalesce(sum(c.signed_minor), 0) * f.factor)
                    + round(coalesce(sum(c.shipped_minor), 0) * f.factor)
                    + round(coalesce(sum(c.released_minor), 0) * f.factor)
                FROM commitment AS c WHERE c.tenant_id = :tenant AND c.customer_id = o.customer_id
                    AND c.currency = o.currency AND c.released_minor + c.shipped_minor + c.signed_minor > 0
            ) + (
                SELECT round(coalesce(sum(b.amount_minor), 0) * f.factor)
                FROM bill AS b WHERE b.tenant_id = :tenant AND b.customer_id = o.customer_id
                    AND b.currency = o.currency AND (b.kind <> 'bank' OR :bank_bills) AND b.state = ANY(:outstanding)
            ) END AS converted
            FROM (
                SELECT customer_id, owed.currency, owed.minor, coalesce(g.currency, :company) AS into,
                    g.currency AS limit_currency, coalesce(g.unlimited, false) AS unlimited, g.total_minor
                FROM owed FULL JOIN granted AS g USING (customer_id)
            ) AS o
            LEFT JOIN unnest(CAST(:sources AS text[]), CAST(:targets AS text[]), CAST(:factors AS numeric[]))
                AS f(source, target, factor) ON f.source = o.currency AND f.target = o.into
            OFFSET 0
        ) AS each_currency
        GROUP BY customer_id, limit_currency, unlimited, total_minor
    ), ends AS (
        SELECT customer_id, max(valid_to) AS temporary_to FROM credit_limit
        WHERE tenant_id = :tenant AND kind = 'temporary' AND valid_from <= :today AND valid_to >= :ended_from
        GROUP BY customer_id
    )
    SELECT customer_id, total_minor, exposure_minor, temporary_to, total_minor IS NULL AND NOT unlimited AS is_absent,
        NOT unlimited AND (exposure_minor IS NULL OR exposure_minor > coalesce(total_minor, 0)) AS is_over
    FROM account LEFT JOIN ends USING (customer_id)
"""
_COLUMNS: Final = (
    sa.column("customer_id", sa.Uuid),
    sa.column("total_minor", sa.BigInteger),
    sa.column("exposure_minor", sa.BigInteger),
    sa.column("temporary_to", sa.Date),
    sa.column("is_absent", sa.Boolean),
    sa.column("is_over", sa.Boolean),
)


def limits_page(
    db: Session, tenant_id: UUID, today: date, *, state: str, q: str, sort: str, offset: int, limit: int
) -> LimitsPage:
    """Returns a page of the list as the books are now: rows of `state` (one of STATES) whose customer contains `q`.

    `sort`: `customer`, `used` or `exposure`, with `-` in front the largest first.
    """
    account, customer = sa.text(_ACCOUNTS).columns(*_COLUMNS).subquery("account"), Customer
    listed = sa.select(account, customer.number.label("number")).join(
        account, sa.and_(customer.tenant_id == tenant_id, customer.id == account.c.customer_id)
    )
    if q:
        listed = listed.where(
            sa.or_(
                sa.func.lower(customer.number).contains(q.lower(), autoescape=True),
                sa.func.lower(customer.name).contains(q.lower(), autoescape=True),
            )
        )
    row = listed.cte("listed")
    holds = _conditions(row, today, waiting=select_not_yet_approved(tenant_id, today))
    counted = sa.select(*(sa.func.count().filter(holds[each]).label(each) for each in STATES)).select_from(row)
    order = _order(row, sort)
    shown = sa.select(row.c.customer_id, sa.func.row_number().over(order_by=order).label("place"))
    page = shown.where(holds[state]).order_by(*order).offset(offset).limit(limit).subquery("page")
    numbers = counted.subquery("numbers")
    found = db.execute(
        sa.select(numbers, page.c.customer_id)
        .select_from(numbers.outerjoin(page, sa.true()))
        .order_by(page.c.place.nulls_last()),
        _values(db, tenant_id, today),
    ).all()
    ids = [each.customer_id for each in found if each.customer_id is not None]
    of = {each.customer_id: each for each in account_rows(db, tenant_id, today, customer_ids=ids)} if ids else {}
    counts = {each: getattr(found[0], each) for each in STATES}
    return LimitsPage([of[each] for each in ids], counts[state], counts)


def _values(db: Session, tenant_id: UUID, today: date) -> dict[str, Any]:
    converter = Converter(db, tenant_id, today)
    factors = converter.factors()
    return {
        "tenant": tenant_id,
        "today": today,
        "ended_from": today - timedelta(days=ENDED_DAYS),
        "bank_bills": credit_policy(db, tenant_id).bank_bills_count,
        "outstanding": OUTSTANDING,
        "company": converter.company,
        "sources": array_text(source for source, _target in factors),
        "targets": array_text(target for _source, target in factors),
        "factors": array_text(factors.values()),
    }


def _conditions(row: sa.CTE, today: date, *, waiting: sa.Select[UUID]) -> dict[str, sa.ColumnElement[bool]]:
    """Returns the condition of each of STATES, as `rows.in_state` says it of a row.

    `waiting`: selects the customers whose limit was taken over and is not approved.
    """
    ends = row.c.temporary_to
    return {
        "all": sa.true(),
        "over": row.c.is_over,
        "ending": ends.between(today, today + timedelta(days=ENDING_DAYS)),
        "ended": ends < today,
        "none": row.c.is_absent,
        "taken_over": row.c.customer_id.in_(waiting),
    }


def _order(row: sa.CTE, sort: str) -> list[sa.ColumnElement[Any]]:
    number = row.c.number.collate("C")
    name, falls = sort.removeprefix("-"), sort.startswith("-")
    if name == "customer":
        by = [number, row.c.customer_id]
        return [each.desc() for each in by] if falls else by
    exposure, total = row.c.exposure_minor, sa.cast(row.c.total_minor, sa.Numeric)
    used_bps = sa.func.div(sa.func.greatest(exposure, 0) * sa.literal(10_000, sa.Numeric), total)
    used = sa.case((sa.and_(total > 0, exposure.is_not(None)), used_bps), else_=-1)
    key = used if name == "used" else sa.func.coalesce(exposure, -1)
    return [key.desc() if falls else key, number, row.c.customer_id]
