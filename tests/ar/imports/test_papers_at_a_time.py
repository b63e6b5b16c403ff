"""Papers of other systems come in by batches: what stands in the books is what one paper at a time leaves there."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.credit.models import Commitment, CommitmentChange
from ar.customers.models import Customer
from ar.imports import commands, importers
from ar.imports.columns import FileKind
from ar.imports.inputs import ImportFile, Report
from ar.ledger.models import OpenItem
from ar.sales.models import Delivery, DeliveryLine, Order, OrderDecision, OrderLine, SignOff, SignOffLine
from kernel.journal import JournalEvent
from kernel.sheets.mapping import ColumnMapping
from tests.ar.imports.files import TODAY, csv_file
from tests.support.companies import TestCompany
from tests.support.statements import counted
from tests.support.world import World, world_of

ORDERS = "order_no,customer_no,order_date,currency,term_days,line_no,product,quantity,unit,unit_price,tax_rate"
DELIVERIES = "delivery_no,order_no,shipped_on,mode,line_no,quantity"
SIGN_OFFS = "delivery_no,signed_on,signed_by"
#: What is compared, with the columns that differ from one run to another: ids made anew are given as names.
TABLES: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (Order, ("number",)),
    (OrderLine, ("order_id", "line_no")),
    (OrderDecision, ("order_id", "id")),
    (Commitment, ("order_id",)),
    (CommitmentChange, ("order_id", "id")),
    (Delivery, ("number",)),
    (DeliveryLine, ("delivery_id", "position")),
    (SignOff, ("delivery_id", "id")),
    (SignOffLine, ("delivery_id", "position")),
    (OpenItem, ("document_no",)),
)
#: Of an import, whatever the number of its papers up to a batch of them.
MOST_STATEMENTS = {"orders": 45, "deliveries": 48, "sign-offs": 38}
NOT_COMPARED = {"tenant_id", "recorded_at", "released_at", "shipped_at", "decided_at", "search_words"}


def buyers(world: World) -> list[str]:
    """Twelve customers of every standing: limits that run out, none, unlimited, dollars, a group, one past due."""
    limits: list[int | None] = [150_000, 60_000, 0, None, 90_000, 500_000, 40_000, 0, 25_000, 70_000, 120_000, 30_000]
    numbers = [f"C{n:02d}" for n in range(len(limits))]
    ids = {}
    for number, limit_minor in zip(numbers, limits, strict=True):
        ids[number] = world.customer(number)
        if number not in ("C06", "C07"):
            world.complete_file(ids[number])
        if limit_minor != 0:
            world.limit(ids[number], limit_minor, currency="USD" if number == "C04" else "CNY")
    world.rate("USD", "7.1234", on=TODAY - timedelta(days=60))
    world.late_invoice(ids["C05"], number="INV-LATE", minor=10_000, days_late=40)
    with world.transaction() as db:
        for member in ("C07", "C08", "C09"):
            own = (Customer.tenant_id == world.tenant_id, Customer.id == ids[member])
            db.execute(sa.update(Customer).where(*own).values(group_head_id=ids["C10"], group_kind="payer"))
    return numbers


def orders_here(world: World) -> dict[str, int]:
    """Orders that were entered here, by number with their lines: under a contract of 8, in advance, held, closed."""
    buyer, other = world.customer_id("C00"), world.customer_id("C11")
    contract = world.contract(buyer, [("Speaker", "10.00")], quantity="8")
    with_lines = [("Speaker", "6", "10.00"), ("Stand", "2", "33.33")]
    world.confirm(world.order(buyer, *with_lines, contract_id=contract, number="H-CONTRACT"))
    world.confirm(world.order(buyer, ("Speaker", "5", "12.00"), contract_id=contract, number="H-CONTRACT-2"))
    world.confirm(world.order(other, ("Speaker", "3", "10.00"), prepaid=True, number="H-PREPAID"))
    world.order(other, ("Speaker", "3", "10.00"), number="H-DRAFT")
    world.confirm(world.order(world.customer_id("C03"), ("Speaker", "3", "10.00"), number="H-UNLIMITED"))
    world.confirm(world.order(world.customer_id("C06"), ("Speaker", "9", "99.99"), number="H-HELD"))
    world.close_short(world.order(buyer, ("Speaker", "4", "10.00"), contract_id=contract, number="H-SHORT"))
    others = ("H-CONTRACT-2", "H-PREPAID", "H-DRAFT", "H-UNLIMITED", "H-HELD", "H-SHORT")
    return {"H-CONTRACT": 2} | dict.fromkeys(others, 1)


def files(seed: int, customers: list[str], here: dict[str, int]) -> list[tuple[FileKind, bytes]]:
    """Random orders of these customers, deliveries of most lines in parts (some too much), signatures for some."""
    rng = random.Random(seed)  # noqa: S311 - the same papers again
    orders, deliveries, signed, lines_of = [], [], [], dict(here)
    for n in range(60):
        number, customer, day = f"SO-{n:03d}", rng.choice(customers), TODAY - timedelta(days=rng.randint(-3, 50))
        currency, term = rng.choice(("CNY", "CNY", "CNY", "USD", "EUR")), rng.choice(("30", "30", "", "90"))
        lines_of[number] = rng.randint(1, 3)
        for line in range(1, lines_of[number] + 1):
            price, quantity = Decimal(rng.randint(0, 9_999)) / 100, rng.randint(1, 9)
            head = f"{number},{customer},{day},{currency},{term}"
            orders.append(f"{head},{line},Product {line},{quantity},pc,{price},13")
    for n in range(110):
        order = rng.choice(sorted(lines_of))
        shipped_on = TODAY - timedelta(days=rng.randint(0, 45))
        for line in rng.sample(range(1, lines_of[order] + 1), rng.randint(1, lines_of[order])):
            deliveries.append(f"DN-{n:03d},{order},{shipped_on},,{line},{rng.choice(('1', '0.333', '2.5', '7'))}")
        if rng.random() < 0.7:
            signed.append(f"DN-{n:03d},{min(TODAY, shipped_on + timedelta(days=rng.randint(0, 9)))},王敏")
    rng.shuffle(signed)
    return [
        ("orders", csv_file(ORDERS, *orders)),
        ("deliveries", csv_file(DELIVERIES, *deliveries)),
        ("sign-offs", csv_file(SIGN_OFFS, *signed)),
    ]


def run(world: World, kind: FileKind, content: bytes) -> tuple[UUID | None, Report]:
    with world.transaction() as db:
        return commands.import_now(db, world.actor(TODAY), ImportFile(kind, "file.csv", content, ColumnMapping()))


def books(world: World) -> dict[str, list[Any]]:
    """What stands in the books, row by row, with the numbers of papers in place of their ids."""
    found: dict[str, list[Any]] = {}
    with world.reading() as db:
        names: dict[UUID, str] = {}
        for table, column in ((Customer, "number"), (Order, "number"), (Delivery, "number"), (OpenItem, "document_no")):
            named = sa.select(table.id, getattr(table, column)).where(table.tenant_id == world.tenant_id)
            for id_, name in db.execute(named):
                names[id_] = f"{table.__tablename__} {name}"
        for table, order in TABLES:
            columns = [each for each in table.__table__.c if each.name not in NOT_COMPARED]
            rows = db.execute(sa.select(*columns).where(table.tenant_id == world.tenant_id)).all()
            rows.sort(key=lambda row: [names.get(getattr(row, name), str(getattr(row, name))) for name in order])
            found[table.__tablename__] = [
                {name: _plain(value, names) for name, value in row._mapping.items()} for row in rows
            ]
        e = JournalEvent
        events = db.execute(
            sa.select(e.kind, e.customer_id, e.subject_id, e.data).where(e.tenant_id == world.tenant_id).order_by(e.id)
        )
        found["journal"] = [
            [row.kind, names.get(row.customer_id), names.get(row.subject_id, ""), row.data]
            for row in events
            if row.kind.startswith(("order_", "delivery_", "import_", "entry_", "document_"))
        ]
    return found


def _plain(value: object, names: dict[UUID, str]) -> str:
    return names.get(value, "an id") if isinstance(value, UUID) else str(value)


def imported(world: World, seed: int) -> tuple[dict[str, list[Any]], list[Any]]:
    """Imports papers into a company of ours; returns its books and what the reports say."""
    world.today = TODAY
    customers, here = buyers(world), orders_here(world)
    told = []
    for kind, content in files(seed, customers, here):
        if kind == "sign-offs":
            _invoices_with_goods(world)
        _job, report = run(world, kind, content)
        assert report.errors == []
        told.append([kind, report.created, report.totals, sorted(map(str, report.warnings))])
    return books(world), told


def _invoices_with_goods(world: World) -> None:
    """Two notes left with an invoice, which the signature posts."""
    with world.reading() as db:
        d = Delivery
        ids = db.execute(
            sa.select(d.id).where(d.tenant_id == world.tenant_id, d.state == "shipped").order_by(d.number).limit(9)
        ).scalars()
        chosen = list(ids)[::4]
    for n, delivery_id in enumerate(chosen):
        world.invoice_with_goods(delivery_id, f"INV-GOODS-{n}")


@pytest.mark.parametrize("seed", [1])
def test_a_batch_leaves_what_one_paper_at_a_time_leaves(
    world: World, other_company: TestCompany, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    together, told = imported(world, seed)
    monkeypatch.setattr(importers, "PAPERS_AT_A_TIME", 1)
    one_by_one, told_one_by_one = imported(world_of(other_company), seed)
    assert told == told_one_by_one
    for name, rows in together.items():
        assert rows == one_by_one[name], name
    assert {row["decision"] for row in together["order_decision"]} == {"pass", "held"}
    assert {row["state"] for row in together["sales_order"]} >= {"released", "held", "closed_short"}


@pytest.mark.parametrize("papers", [8, 40])
def test_the_statements_of_an_import_do_not_grow_with_its_papers(world: World, engine: sa.Engine, papers: int) -> None:
    world.today = TODAY
    numbers = [f"C{n}" for n in range(4)]
    for number in numbers:
        world.customer(number)
    orders = [f"SO-{n},{numbers[n % 4]},2026-11-02,CNY,30,1,Speaker,6,pc,10.00,13%" for n in range(papers)]
    deliveries = [f"DN-{n},SO-{n},2026-11-05,,1,6" for n in range(papers)]
    signed = [f"DN-{n},2026-11-08,王敏" for n in range(papers)]
    kinds: list[tuple[FileKind, bytes, int]] = [
        ("orders", csv_file(ORDERS, *orders), MOST_STATEMENTS["orders"]),
        ("deliveries", csv_file(DELIVERIES, *deliveries), MOST_STATEMENTS["deliveries"]),
        ("sign-offs", csv_file(SIGN_OFFS, *signed), MOST_STATEMENTS["sign-offs"]),
    ]
    for kind, content, most in kinds:
        with counted(engine) as statements:
            _job, report = run(world, kind, content)
        assert (report.created, report.errors) == (papers, [])
        assert len(statements) <= most, (kind, len(statements), statements)
