"""Long histories by SQL of the server: paid invoices with their receipts behind a few open ones.

May import the stage. Invariant: what it writes is what the commands would have written; the product's own
examination runs over it before anything is measured.
"""

from __future__ import annotations

from typing import Any

import psycopg

from ar.ledger.books.kept_sums import recompute_sums
from bench.stage import STAGED_AT, TODAY, Stage, analyze, session_of, stage_customers

TABLES = ("entry", "posting", "open_item", "allocation")
CUSTOMERS_PER_DOCUMENT = 60  # 300,000 documents are of 5,000 customers
DAYS = 720

# Ascending ids: `part` tells the tables apart, `n` counts within them.
_ID = "(lpad(to_hex({part}), 8, '0') || '-0000-7000-8000-' || lpad(to_hex({n}), 12, '0'))::uuid"


def stage_books(url: str, documents: int, open_items: int, *, customers: int | None = None) -> Stage:
    """A company with that many documents: `open_items` open invoices, the rest pairs of a paid invoice and its receipt.

    Documents and entries are as many; due dates lie within the last two years for what is paid, around today for
    what is open.
    """
    stage = stage_customers(url, customers or max(1, documents // CUSTOMERS_PER_DOCUMENT))
    pairs = (documents - open_items) // 2
    # Values are put in by the client: CREATE TABLE AS takes no parameters of the server's.
    with psycopg.connect(url, cursor_factory=psycopg.ClientCursor) as owner:
        keys = _without_keys(owner)
        owner.execute(
            "CREATE TEMP TABLE who AS SELECT row_number() OVER (ORDER BY number) - 1 AS n, id FROM customer"
            " WHERE tenant_id = %s",
            (stage.tenant_id,),
        )
        owner.execute("CREATE INDEX ON who (n)")
        owner.execute("ANALYZE who")
        _documents(owner, stage, 0x11, "invoice", 1, "XS", open_items, cleared=False)
        _documents(owner, stage, 0x21, "invoice", 1, "XP", pairs, cleared=True)
        _documents(owner, stage, 0x31, "receipt", -1, "SK", pairs, cleared=True)
        owner.execute(
            f"""
            INSERT INTO allocation (tenant_id, id, customer_id, currency, debit_item_id, credit_item_id, amount_minor,
                effective_on, recorded_at, recorded_by)
            SELECT d.tenant_id, {_ID.format(part=0x41, n="g.n")}, d.customer_id, d.currency, d.id, c.id,
                d.amount_minor, c.document_on, %(at)s, 'Bench'
            FROM generate_series(1, %(count)s) AS g (n)
            JOIN open_item d ON d.tenant_id = %(tenant)s AND d.id = {_ID.format(part=0x22, n="g.n")}
            JOIN open_item c ON c.tenant_id = %(tenant)s AND c.id = {_ID.format(part=0x32, n="g.n")}
            """,
            {"tenant": stage.tenant_id, "count": pairs, "at": STAGED_AT},
        )
        for table, name, definition in keys:
            owner.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition} NOT VALID")
            owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    with session_of(stage) as db:
        recompute_sums(db, stage.tenant_id)  # the triggers that keep the sums were off
        db.commit()
    analyze(url)
    return stage


def _without_keys(owner: psycopg.Connection[Any]) -> list[tuple[str, str, str]]:
    """Takes foreign keys and triggers off while history is written: they would be asked ten million times.

    The examination that is measured looks at the outcome instead. Returns (table, name, definition) to put back.
    """
    keys = owner.execute(
        "SELECT conrelid::regclass::text, conname, replace(pg_get_constraintdef(oid), ' NOT VALID', '')"
        " FROM pg_constraint WHERE contype = 'f' AND conrelid = ANY(%s::regclass[])",
        (list(TABLES),),
    ).fetchall()
    for table in TABLES:
        owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    for table, name, _definition in keys:
        owner.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    return keys


def _documents(
    owner: psycopg.Connection[Any],
    stage: Stage,
    part: int,
    kind: str,
    side: int,
    prefix: str,
    count: int,
    *,
    cleared: bool,
) -> None:
    """Documents of one kind with their entries (`part`), items (`part` + 1) and postings (+ 2, + 3)."""
    paid_on = "%(today)s::date - (g.n::bigint * 7 %% %(days)s)::int"
    due_on = f"{paid_on} - 5" if cleared else "%(today)s::date + 20 - (g.n::bigint * 7 %% 120)::int"
    on = paid_on if side < 0 else f"({due_on}) - 30"
    cleared_on = paid_on if cleared else "NULL::date"
    values = {
        "tenant": stage.tenant_id, "count": count, "today": TODAY, "days": DAYS, "at": STAGED_AT, "kind": kind,
        "side": side, "prefix": prefix, "people": len(stage.customers),
    }  # fmt: skip
    owner.execute(
        f"""
        CREATE TEMP TABLE made ON COMMIT DROP AS
        SELECT g.n, w.id AS customer_id, {on} AS document_on, {due_on if side > 0 else on} AS due_on,
            {cleared_on} AS cleared_on, 10000 + (g.n::bigint * 7919 %% 8999999) AS minor
        FROM generate_series(1, %(count)s) AS g (n) JOIN who w ON w.n = g.n %% %(people)s
        """,
        values,
    )
    debit, credit = ("minor", "0") if side > 0 else ("0", "minor")
    contra = "revenue" if side > 0 else "bank"
    owner.execute(
        f"""
        INSERT INTO entry (tenant_id, id, kind, effective_on, recorded_at, recorded_by, memo)
        SELECT %(tenant)s, {_ID.format(part=part, n="n")}, %(kind)s, document_on, %(at)s, 'Bench', ''
        FROM made ORDER BY n
        """,
        values,
    )
    owner.execute(
        f"""
        INSERT INTO posting (tenant_id, id, entry_id, account_code, customer_id, currency, debit_minor, credit_minor)
        SELECT %(tenant)s, {_ID.format(part=part + 2, n="n")}, {_ID.format(part=part, n="n")}, 'receivables',
            customer_id, 'CNY', {debit}, {credit} FROM made
        UNION ALL
        SELECT %(tenant)s, {_ID.format(part=part + 3, n="n")}, {_ID.format(part=part, n="n")}, '{contra}', NULL, 'CNY',
            {credit}, {debit} FROM made
        """,
        values,
    )
    owner.execute(
        f"""
        INSERT INTO open_item (tenant_id, id, customer_id, entry_id, kind, side, document_no, document_on, due_on,
            collection_end_on, currency, amount_minor, open_minor, cleared_on, recorded_at, came_on)
        SELECT %(tenant)s, {_ID.format(part=part + 1, n="n")}, customer_id, {_ID.format(part=part, n="n")}, %(kind)s,
            %(side)s, %(prefix)s || lpad(n::text, 8, '0'), document_on, due_on, due_on, 'CNY', minor,
            CASE WHEN cleared_on IS NULL THEN minor ELSE 0 END, cleared_on, %(at)s,
            CASE WHEN %(side)s < 0 THEN document_on END FROM made ORDER BY n
        """,
        values,
    )
    owner.execute("DROP TABLE made")
