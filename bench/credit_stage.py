"""Sets the stage of credit and sales: open items, orders on every step of their way, limits and bills, at full size.

Written by the server from a series, for a million rows through a client take longer than what is measured. Invariants:
as of `bench.stage`: entries balance, commitments are the sum of their changes and of what their orders came to; the
sums of the ledger are kept by its own triggers.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import psycopg

from ar.credit.rules.policy import CheckCode, CreditPolicy
from bench.stage import STAGED_AT, TODAY, Stage, stage_customers

#: Of the issue: 1,000,000 open items and 200,000 orders of 50,000 customers.
ITEMS_EACH: Final = 20
ORDERS_EACH: Final = 4
#: Every so many customers nothing is past due and a limit has room: what ships, leaves.
GOOD_EVERY: Final = 10
_AT: Final = int(STAGED_AT.timestamp() * 1000)


def _id(kind: int, number: str) -> str:
    """SQL of the ascending version 7 id of a row of some kind."""
    return f"CAST('{_AT:012x}7{kind:03x}8000' || lpad(to_hex({number}), 12, '0') AS uuid)"


# Balance and period are true by construction, and looked at row by row they are half of the filling.
_ROW_BY_ROW: Final = (
    ("posting", "posting_balances"),
    ("entry", "entry_has_postings"),
    ("entry", "entry_open_period"),
)
# A customer's items lie apart from one another, as they come in over the months.
_SERIES: Final = """
    CREATE TEMP TABLE own ON COMMIT DROP AS
        SELECT row_number() OVER (ORDER BY number) - 1 AS place, id FROM customer WHERE tenant_id = %(tenant)s;
    CREATE UNIQUE INDEX ON own (place);
    ANALYZE own;
    CREATE TEMP TABLE item ON COMMIT DROP AS
        SELECT n, own.id AS customer_id, own.place, kind, CASE kind WHEN 'invoice' THEN 1 ELSE -1 END AS side,
            10000 + n * 7919 %% 89990000 AS minor,
            CAST(%(today)s AS date) + CASE WHEN own.place %% %(good)s = 0 THEN 10 + CAST(n %% 20 AS integer)
                ELSE 20 - CAST(n * 37 %% 121 AS integer) END AS due_on
        FROM generate_series(CAST(0 AS bigint), %(items)s - 1) AS n
        JOIN own ON own.place = n %% %(customers)s
        CROSS JOIN LATERAL (SELECT CASE WHEN n %% 200 = 7 THEN 'bill' WHEN n %% 40 = 3 THEN 'receipt' ELSE 'invoice' END
            AS kind) AS k;
    ANALYZE item;
    CREATE TEMP TABLE ordered ON COMMIT DROP AS
        SELECT m, own.id AS customer_id, m / %(customers)s %% 4 AS step
        FROM generate_series(CAST(0 AS bigint), %(customers)s * %(orders)s - 1) AS m
        JOIN own ON own.place = m %% %(customers)s;
    ANALYZE ordered;
"""
_LEDGER: Final = """
    INSERT INTO entry (tenant_id, id, kind, effective_on, recorded_at, recorded_by, memo)
        SELECT %(tenant)s, {entry}, kind, due_on - 30, %(at)s, 'Bench', '' FROM item ORDER BY n;
    INSERT INTO posting (tenant_id, id, entry_id, account_code, customer_id, currency, debit_minor, credit_minor)
        SELECT %(tenant)s, {posting}, {entry}, 'receivables', customer_id, 'CNY',
            CASE WHEN side > 0 THEN minor ELSE 0 END, CASE WHEN side > 0 THEN 0 ELSE minor END FROM item
        UNION ALL
        SELECT %(tenant)s, {contra}, {entry}, CASE WHEN side > 0 THEN 'revenue' ELSE 'bank' END, NULL, 'CNY',
            CASE WHEN side > 0 THEN 0 ELSE minor END, CASE WHEN side > 0 THEN minor ELSE 0 END FROM item;
    INSERT INTO open_item (tenant_id, id, customer_id, entry_id, kind, side, document_no, document_on, due_on,
            collection_end_on, currency, amount_minor, open_minor, reference, recorded_at, came_on, conditional)
        SELECT %(tenant)s, {item}, customer_id, {entry}, kind, side, 'XS' || lpad(CAST(n AS text), 8, '0'),
            due_on - 30, due_on, due_on, 'CNY', minor, minor, NULL, %(at)s, CASE WHEN side < 0 THEN due_on - 30 END,
            kind = 'bill'
        FROM item ORDER BY n;
    INSERT INTO bill (tenant_id, id, number, attempt, kind, customer_id, item_id, drawer, acceptor, payee, issued_on,
            matures_on, received_on, currency, amount_minor, transferable, note, state, state_on, recorded_at,
            recorded_by)
        SELECT %(tenant)s, {bill}, 'HP' || n, 1, 'commercial', customer_id, {item}, 'A', 'A', 'B',
            %(since)s, %(since)s + 180, %(since)s, 'CNY', minor, true, '', 'held', %(since)s, %(at)s, 'Bench'
        FROM item WHERE kind = 'bill';
"""
# Steps: released; shipped and not signed; signed and not invoiced; half of it shipped.
_SALES: Final = """
    INSERT INTO sales_order (tenant_id, id, number, customer_id, their_number, ordered_on, currency, total_minor,
            term_days, prepaid, note, state, is_history, recorded_at, recorded_by, released_at)
        SELECT %(tenant)s, {order}, 'SO' || m, customer_id, '', %(since)s, 'CNY', 50000, 30, false, '',
            'released', true, %(at)s, 'Bench', %(at)s FROM ordered;
    INSERT INTO sales_order_line (tenant_id, order_id, line_no, product, unit, quantity, unit_price, amount_minor)
        SELECT %(tenant)s, {order}, 1, 'P', 'pc', 10, 50, 50000 FROM ordered;
    INSERT INTO delivery (tenant_id, id, number, order_id, customer_id, mode, state, amount_minor, carrier, tracking_no,
            picker_up, planned_on, shipped_on, shipped_by, shipped_at, is_history, held_codes, recorded_at, recorded_by)
        SELECT %(tenant)s, {note}, 'DN' || m, {order}, customer_id, 'direct',
            CASE step WHEN 2 THEN 'signed' ELSE 'shipped' END, CASE step WHEN 3 THEN 25000 ELSE 50000 END, '', '', '',
            %(since)s, %(since)s, 'Bench', %(at)s, true, '[]', %(at)s, 'Bench' FROM ordered WHERE step > 0;
    INSERT INTO delivery_line (tenant_id, delivery_id, position, order_id, order_line_no, quantity, amount_minor, batch)
        SELECT %(tenant)s, {note}, 1, {order}, 1, CASE step WHEN 3 THEN 5 ELSE 10 END,
            CASE step WHEN 3 THEN 25000 ELSE 50000 END, '' FROM ordered WHERE step > 0;
    INSERT INTO sign_off (tenant_id, id, delivery_id, customer_id, signed_on, signed_by, channel, amount_minor,
            file_name, note, recorded_at, recorded_by)
        SELECT %(tenant)s, {signed}, {note}, customer_id, %(since)s, '王敏', 'import', 50000, '', '', %(at)s,
            'Bench' FROM ordered WHERE step = 2;
    INSERT INTO sign_off_line (tenant_id, sign_off_id, position, delivery_id, quantity, amount_minor, short_reason)
        SELECT %(tenant)s, {signed}, 1, {note}, 10, 50000, '' FROM ordered WHERE step = 2;
    INSERT INTO commitment (tenant_id, order_id, customer_id, currency, released_minor, shipped_minor, signed_minor,
            prepaid)
        SELECT %(tenant)s, {order}, customer_id, 'CNY', CASE step WHEN 0 THEN 50000 WHEN 3 THEN 25000 ELSE 0 END,
            CASE step WHEN 1 THEN 50000 WHEN 3 THEN 25000 ELSE 0 END, CASE step WHEN 2 THEN 50000 ELSE 0 END, false
        FROM ordered;
    INSERT INTO commitment_change (tenant_id, id, order_id, customer_id, currency, effective_on, released_minor,
            shipped_minor, signed_minor, recorded_at)
        SELECT tenant_id, {change}, order_id, customer_id, currency, %(since)s, released_minor,
            shipped_minor, signed_minor, %(at)s FROM commitment WHERE tenant_id = %(tenant)s;
    INSERT INTO credit_limit (tenant_id, id, customer_id, kind, currency, amount_minor, unlimited, term_days, grade,
            valid_from, source, reason, recorded_at, recorded_by)
        SELECT %(tenant)s, {limit}, id, 'regular', 'CNY',
            CASE WHEN place %% 4 = 1 THEN 10000000 ELSE 1000000000000 END, false, 30, 'A', %(since)s, 'taken_over',
            'bench', %(at)s, 'Bench' FROM own;
"""
_IDS: Final = {
    "entry": _id(1, "n"),
    "posting": _id(2, "n"),
    "contra": _id(3, "n"),
    "item": _id(4, "n"),
    "bill": _id(5, "n"),
    "order": _id(6, "m"),
    "note": _id(7, "m"),
    "signed": _id(8, "m"),
    "change": _id(9, "row_number() OVER ()"),
    "limit": _id(10, "place"),
}
_FILLED: Final = (
    "customer, entry, posting, open_item, ledger_sum, bill, sales_order, sales_order_line, delivery, delivery_line, "
    "sign_off, sign_off_line, commitment, commitment_change, credit_limit"
)
_stages: dict[tuple[str, int], Stage] = {}


def stage_credit(url: str, items: int) -> Stage:
    """A company with `items` open items, ITEMS_EACH a customer, and ORDERS_EACH orders; the same one when asked again.

    The check of the customer file is off, so that notes of good customers (`good_customers`) leave.
    """
    known = _stages.get((url, items))
    if known is not None:
        return known
    customers = max(1, items // ITEMS_EACH)
    stage = stage_customers(url, customers)
    values: dict[str, Any] = {
        "tenant": stage.tenant_id,
        "items": items,
        "customers": customers,
        "orders": ORDERS_EACH,
        "good": GOOD_EVERY,
        "today": TODAY,
        "since": TODAY - timedelta(days=40),
        "at": STAGED_AT,
    }
    with psycopg.connect(url, cursor_factory=psycopg.ClientCursor) as owner:
        owner.execute("SELECT set_config('app.tenant_id', %s, true)", (str(stage.tenant_id),))
        for table, trigger in _ROW_BY_ROW:
            owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
        for statements in (_SERIES, _LEDGER.format(**_IDS), _SALES.format(**_IDS)):
            owner.execute(statements, values)
        for table, trigger in _ROW_BY_ROW:
            owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER {trigger}")
        policy = CreditPolicy(checks_off=frozenset({CheckCode.FILE}))
        owner.execute(
            "INSERT INTO credit_settings (tenant_id, version, data, recorded_at, recorded_by) "
            "VALUES (%s, 1, %s, %s, 'Bench')",
            (stage.tenant_id, policy.model_dump_json(), STAGED_AT),
        )
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(f"VACUUM ANALYZE {_FILLED}")
    _stages[url, items] = stage
    return stage


def good_customers(stage: Stage) -> tuple[Any, ...]:
    """The customers with room and nothing past due."""
    return stage.customers[::GOOD_EVERY]
