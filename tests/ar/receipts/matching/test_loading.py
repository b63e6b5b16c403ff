"""What a few payments may pay is asked for, and leads to the decisions that all open items would."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.ledger.books.posting import NewItem
from ar.receipts.matching import loading
from ar.receipts.rules.matching import Payment, decide_all
from kernel.ids import new_id
from tests.support.world import TODAY, World

#: Written otherwise than in the books, beside other figures, partly known, of a prefix of ours, of none.
TEXTS = (
    "INV-2026-0001",
    "pays inv 2026 0001 and INV/2026/0002",
    "ＩＮＶ－２０２６－０００３ 货款",
    "INV20260004, INV-2026-9999",
    "INV, 2026-0001",
    "RG 11500 BETRAG 11500,00",
    "PO-77/88",
    "INV 7",
    "XS99",
    "深圳鑫晟电子 货款",
    "nothing of ours 123456",
    "",
)


@pytest.fixture
def books(world: World) -> World:
    """Documents of three customers, with references of theirs; some paid, some equal in amount."""
    ids = [world.customer(f"000{n}", name) for n, name in enumerate(("深圳鑫晟电子", "Beta Ltd", "Gamma GmbH"))]

    def item(customer: UUID, number: str, minor: int, reference: str | None = None) -> NewItem:
        due = date(2026, 11, 1)
        return NewItem(customer, "invoice", number, date(2026, 10, 1), due, due, "CNY", minor, reference)

    booked = world.book(
        [
            item(ids[0], "INV-2026-0001", 100_00),
            item(ids[0], "INV-2026-0002", 50_00, "PO-77-88"),
            item(ids[1], "INV 2026 0003", 100_00),
            item(ids[1], "inv2026-0004", 70_00),
            item(ids[2], "11500", 11_500_00),
            item(ids[2], "发票INV-5", 9_00),
            item(ids[2], "XS-1", 8_00),
            item(ids[2], "PAID-1", 30_00),
        ]
    )
    world.allocate(booked[-1], world.receipt(ids[2], number="R", on=date(2026, 10, 9), minor=30_00), minor=30_00)
    return world


def test_few_payments_are_decided_as_if_all_open_items_were_loaded(
    books: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    payments = [
        Payment(new_id(), TODAY, "CNY", minor, text, payer_name=name, split=split)
        for text in TEXTS
        for minor in (100_00, 150_00, 11_500_00, 1)
        for name in ("", "深圳鑫晟电子", "Beta", "Gamma Gmbh")
        for split in ((), (("INV 2026/0001", 60_00), ("INV-2026-0002", 40_00)))
    ]
    with books.reading() as db:
        asked_for = [
            decide_all([each], loading.load_candidates(db, books.tenant_id, [each]), TODAY) for each in payments[::7]
        ]
        together = decide_all(payments, loading.load_candidates(db, books.tenant_id, payments), TODAY)
        monkeypatch.setattr(loading, "ASKED_FOR_MAX", 0)
        of_all = loading.load_candidates(db, books.tenant_id, payments)
        assert [
            decide_all([each], loading.load_candidates(db, books.tenant_id, [each]), TODAY) for each in payments[::7]
        ] == asked_for
        assert decide_all(payments, of_all, TODAY) == together
    assert {decision.tier for decision in together} == {"sure", "likely", "hand"}


def test_what_a_few_payments_mention_is_found_by_indexes(books: World) -> None:
    """Under row-level security too: the sequential reading of all that is open would cost the more, the more is."""
    # So many that the statistics tell a look from a reading of all.
    buyer, due = books.customer("00009"), date(2026, 10, 1)
    books.book([NewItem(buyer, "invoice", f"MANY-{n}", due, due, due, "CNY", 1_00 + n, f"PO-{n}") for n in range(500)])
    with books.transaction() as db:
        db.execute(sa.text("SELECT analyze_ledger()"))
    with books.reading() as db:
        db.execute(sa.text("SET LOCAL enable_seqscan = off"))
        wanted = dict.fromkeys(("customers", "amounts", "also"), "{}")
        wanted |= {"tenant": books.tenant_id, "keys": "{INV20260001}", "prefixes": "{INV,NIX}"}
        asked = sa.text(f"EXPLAIN {loading.ASKED_FOR.text}")
        plan = "\n".join(db.execute(asked, wanted).scalars())
        found = db.execute(loading.ASKED_FOR, wanted).all()
    for condition in ("number_key = w", "reference_key = w"):
        assert any("Index Cond" in line and condition in line for line in plan.splitlines()), plan
    assert [row.prefix for row in found if row.prefix] == ["INV"]
    assert len([row.id for row in found if row.id]) == 1
