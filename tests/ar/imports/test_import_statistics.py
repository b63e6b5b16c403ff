"""A large import refreshes the statistics of what it filled, so that a new company's statements are planned rightly."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from ar.imports import importers, pipeline
from ar.imports.inputs import ImportFile
from tests.support.world import World

FILE = b"customer_no,document_no,document_date,due_date,kind,currency,amount\n" + b"".join(
    b"00001,INV-%d,2026-10-01,2026-10-31,invoice,CNY,%d.00\n" % (n, n + 1) for n in range(20)
)


def test_a_large_import_asks_for_fresh_statistics(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small here, large by the limit: the statistics are those of the transaction that imports."""
    monkeypatch.setattr(pipeline, "ANALYZED_FROM", 20)
    world.customer("00001")
    with world.transaction() as db:
        report = pipeline.run_import(db, world.actor(), ImportFile("open-items", "items.csv", FILE), apply=True)
        counted = db.execute(sa.text("SELECT reltuples FROM pg_class WHERE oid = 'ledger_sum'::regclass")).scalar_one()
    assert (report.created, report.errors) == (20, [])
    assert counted > 0


def test_an_import_of_orders_has_them_counted_while_they_are_new(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small here, large by the limit. Without, each signature of a new company read all signatures before it."""
    monkeypatch.setattr(importers, "_ANALYZED_AFTER", {20})
    world.customer("00001")
    head = b"order_no,customer_no,order_date,currency,term_days,line_no,product,quantity,unit,unit_price,tax_rate\n"
    rows = b"".join(b"SO-%d,00001,2026-10-01,CNY,30,1,Valve,1,pc,10.00,\n" % n for n in range(20))
    with world.transaction() as db:
        file = ImportFile("orders", "orders.csv", head + rows)
        report = pipeline.run_import(db, world.actor(), file, apply=True)
        counted = db.execute(sa.text("SELECT reltuples FROM pg_class WHERE oid = 'sales_order'::regclass")).scalar_one()
    assert (report.created, report.errors) == (20, [])
    assert counted >= 20
