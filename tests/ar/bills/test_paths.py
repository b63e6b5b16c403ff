"""Every way that a bill can go: what the books say after each step, and that ledger and bills agree with each other."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.bills import lookups, queries
from ar.ledger.books.queries import balance_at, open_items
from ar.ledger.models import Allocation, OpenItem
from kernel.errors import RuleBroken
from kernel.journal import JournalEvent
from tests.support.world import World
from tests.support.world.bills import MATURES

FACE, OWED = 50_000_000, 64_000_000
SOLD = {"bank": 49_770_000, "finance_costs": 230_000}
# INV-1 due first is paid whole, INV-2 gets the rest; INV-3 stays.
AFTER = {"INV-2": (5_000_000, date(2026, 4, 30)), "INV-3": (9_000_000, date(2026, 5, 31))}
BEFORE = {"INV-1": (30_000_000, date(2026, 3, 31)), "INV-2": (25_000_000, date(2026, 4, 30)), **AFTER}
BEFORE["INV-2"] = (25_000_000, date(2026, 4, 30))
DISCOUNT_ON = date(2026, 6, 30)


def balances_moved(world: World) -> dict[str, int]:
    """Returns the balances that a bill can move, those of the invoices aside."""
    found = world.account_balances()
    found.pop("revenue", None)
    return found


def test_receiving_reclassifies_oldest_due_first(world: World, bill: UUID) -> None:
    assert balances_moved(world) == {"receivables": OWED - FACE, "notes_receivable": FACE}
    assert world.signed_open() == AFTER
    page = world.bill_page(bill)
    assert [(each.document_no, each.amount_minor) for each in page.paid] == [
        ("INV-1", 30_000_000),
        ("INV-2", 20_000_000),
    ]
    assert (page.row.matures_on, page.row.state) == (MATURES, "held")
    assert world.bills_findings() == []


PATHS: list[tuple[str, list[tuple[str, date, dict[str, str]]], dict[str, int], str]] = [
    ("paid", [("presentation", MATURES, {}), ("payment", date(2026, 10, 8), {})], {"bank": FACE}, "honoured"),
    (
        "pledged, back, presented, paid",
        [
            ("pledge", date(2026, 5, 1), {}),
            ("return", date(2026, 9, 1), {}),
            ("presentation", MATURES, {}),
            ("payment", MATURES, {}),
        ],
        {"bank": FACE},
        "honoured",
    ),
    ("pledged", [("pledge", date(2026, 5, 1), {})], {"notes_receivable": FACE}, "pledged"),
    (
        "presented from the pledge",
        [("pledge", date(2026, 5, 1), {}), ("presentation", MATURES, {})],
        {"notes_receivable": FACE},
        "presented",
    ),
    ("endorsed", [("endorsement", date(2026, 5, 1), {})], {"payables": FACE}, "endorsed"),
    (
        "endorsed, paid",
        [("endorsement", date(2026, 5, 1), {}), ("payment", MATURES, {})],
        {"payables": FACE},
        "honoured",
    ),
    ("sold", [("discount", DISCOUNT_ON, {"proceeds": "497,700.00"})], SOLD, "discounted"),
    ("sold, paid", [("discount", DISCOUNT_ON, {}), ("payment", MATURES, {})], SOLD, "honoured"),
    (
        "lent against",
        [("discount", DISCOUNT_ON, {"recourse": "with"})],
        {**SOLD, "short_term_loans": -FACE, "notes_receivable": FACE},
        "discounted_recourse",
    ),
    (
        "lent against, paid",
        [("discount", DISCOUNT_ON, {"recourse": "with"}), ("payment", MATURES, {})],
        SOLD,
        "honoured",
    ),
    (
        "sold, undone, endorsed",
        [("discount", DISCOUNT_ON, {}), ("undoing", DISCOUNT_ON, {}), ("endorsement", date(2026, 7, 1), {})],
        {"payables": FACE},
        "endorsed",
    ),
    (
        "paid by mistake, undone",
        [("presentation", MATURES, {}), ("payment", MATURES, {}), ("undoing", date(2026, 10, 1), {})],
        {"notes_receivable": FACE},
        "presented",
    ),
    # The bank's loss: the customer's debt stays settled.
    ("sold, refused", [("discount", DISCOUNT_ON, {}), ("dishonour", MATURES, {})], SOLD, "dishonoured"),
]


@pytest.mark.parametrize(("steps", "moved", "state"), [path[1:] for path in PATHS], ids=[path[0] for path in PATHS])
def test_ways_on_which_the_debt_stays_settled(
    world: World, bill: UUID, steps: list[tuple[str, date, dict[str, str]]], moved: dict[str, int], state: str
) -> None:
    for action, on, values in steps:
        world.take_bill_step(bill, action, on=on, **values)
        assert world.bills_findings() == [], action
    assert balances_moved(world) == {"receivables": OWED - FACE, **moved}
    assert world.signed_open() == AFTER
    assert world.bill_page(bill).row.state == state


REFUSED: list[tuple[str, list[tuple[str, date, dict[str, str]]], dict[str, int]]] = [
    ("held", [], {}),
    ("pledged", [("pledge", date(2026, 5, 1), {})], {}),
    ("presented", [("presentation", MATURES, {})], {}),
    ("endorsed", [("endorsement", date(2026, 5, 1), {})], {"payables": FACE, "bank": -FACE}),
    (
        "lent against",
        [("discount", DISCOUNT_ON, {"recourse": "with"})],
        {"bank": -230_000, "finance_costs": 230_000},
    ),
]


@pytest.mark.parametrize(("steps", "moved"), [path[1:] for path in REFUSED], ids=[path[0] for path in REFUSED])
def test_dishonour_opens_the_invoices_again_with_their_first_due_dates(
    world: World, bill: UUID, steps: list[tuple[str, date, dict[str, str]]], moved: dict[str, int]
) -> None:
    for action, on, values in steps:
        world.take_bill_step(bill, action, on=on, **values)
    day = date(2026, 10, 12)
    world.take_bill_step(bill, "dishonour", on=day)
    assert world.bills_findings() == []
    assert balances_moved(world) == {"receivables": OWED, **moved}
    assert world.signed_open() == BEFORE
    # The day before stays as it was seen.

    with world.reading() as db:
        item = db.execute(
            sa.select(OpenItem.customer_id).where(OpenItem.tenant_id == world.tenant_id).limit(1)
        ).scalar_one()
        assert balance_at(db, world.tenant_id, item, "CNY", date(2026, 10, 11)) == OWED - FACE
        assert balance_at(db, world.tenant_id, item, "CNY", day) == OWED
        then = open_items(db, world.tenant_id, as_of=date(2026, 10, 11))
        assert {each.document_no: each.open_minor for each in then} == {n: minor for n, (minor, _on) in AFTER.items()}
        kinds = db.execute(sa.select(JournalEvent.kind).where(JournalEvent.tenant_id == world.tenant_id)).scalars()
        assert "bill_dishonoured" in set(kinds)
    page = world.bill_page(bill)
    in_hand = not steps or steps[-1][0] == "pledge"  # and so not presented within the ten days
    assert (page.row.state, page.row.notice_by_on, page.deadlines.late) == ("dishonoured", date(2026, 10, 15), in_hand)
    world.take_bill_step(bill, "notice", on=date(2026, 10, 13))
    assert world.bill_page(bill).row.notified_on == date(2026, 10, 13)
    assert world.bills_findings() == []


def test_dishonour_takes_back_whatever_stands_by_then(world: World, bill: UUID) -> None:
    """People moved the credit meanwhile, and paid the rest of an invoice in cash."""
    page = world.bill_page(bill)
    with world.reading() as db:
        a = Allocation
        first = db.execute(
            sa.select(a.id).where(a.tenant_id == world.tenant_id, a.amount_minor == 30_000_000)
        ).scalar_one()
        items = dict(
            db.execute(sa.select(OpenItem.document_no, OpenItem.id).where(OpenItem.tenant_id == world.tenant_id)).all()
        )
    world.on(date(2026, 5, 2)).unapply(first, on=date(2026, 5, 2))
    world.allocate(items["INV-3"], page.item_id, minor=9_000_000, on=date(2026, 5, 3))
    customer = world.customer()
    cash = world.receipt(customer, number="R-1", on=date(2026, 6, 1), minor=5_000_000)
    world.allocate(items["INV-2"], cash, minor=5_000_000, on=date(2026, 10, 5))
    assert world.bill_page(bill).item_open_minor == 21_000_000
    with pytest.raises(RuleBroken, match="effective_too_early"):
        world.take_bill_step(bill, "dishonour", on=date(2026, 10, 1))
    assert world.bill_page(bill).row.state == "held"
    world.take_bill_step(bill, "dishonour", on=date(2026, 10, 1), booked_on=date(2026, 10, 5))
    assert world.signed_open() == {
        "INV-1": (30_000_000, date(2026, 3, 31)),
        "INV-2": (20_000_000, date(2026, 4, 30)),
        "INV-3": (9_000_000, date(2026, 5, 31)),
    }
    assert world.bill_page(bill).row.notice_by_on == date(2026, 10, 4), "the law counts from the day it was learned"
    assert world.bills_findings() == []


def test_a_cancelled_bill_frees_its_number(world: World, bill: UUID) -> None:
    world.take_bill_step(bill, "cancellation", on=date(2026, 4, 2))
    assert world.signed_open() == BEFORE
    assert balances_moved(world) == {"receivables": OWED}
    again = world.bill("B1", amount="50000.00")
    assert world.bill_page(again).row.amount_minor == 5_000_000
    assert world.bills_findings() == []


def test_the_rest_of_a_bill_stays_as_a_credit(world: World) -> None:
    big = world.bill("BIG", amount="700000.00")
    assert world.bill_page(big).item_open_minor == 6_000_000
    assert world.signed_open() == {"BIG": (-6_000_000, date(2026, 4, 1))}
    assert world.bills_findings() == []


def test_only_the_ticked_documents_are_paid_and_none_when_none(world: World) -> None:
    with world.reading() as db:
        ids = {each.document_no: each.id for each in queries.open_documents(db, world.tenant_id, "00001", MATURES)}
    world.bill("B2", amount="100000.00", pays="chosen", item_ids=[ids["INV-3"], ids["INV-2"]])
    assert world.signed_open()["INV-2"][0] == 15_000_000
    assert world.signed_open()["INV-3"][0] == 9_000_000
    world.bill("B3", amount="10.00", pays="none")
    assert world.signed_open()["B3"][0] == -1_000
    assert world.bills_findings() == []


def test_what_is_outstanding_follows_the_day(world: World, bill: UUID) -> None:
    def outstanding_on(on: date) -> list[tuple[str, str, bool]]:
        with world.reading() as db:
            found = lookups.outstanding_bills(db, world.tenant_id, None, on)
        return [(each.number, each.state, each.recourse) for each in found]

    world.take_bill_step(bill, "endorsement", on=date(2026, 5, 1))
    other = world.bill("B2", amount="1000.00", kind="commercial")
    world.take_bill_step(other, "discount", on=DISCOUNT_ON)
    world.take_bill_step(bill, "payment", on=MATURES)
    assert outstanding_on(date(2026, 3, 31)) == []
    assert outstanding_on(date(2026, 4, 1)) == [("B1", "held", False), ("B2", "held", False)]
    assert outstanding_on(date(2026, 5, 1)) == [("B1", "endorsed", True), ("B2", "held", False)]
    assert outstanding_on(DISCOUNT_ON) == [("B1", "endorsed", True)]
    assert outstanding_on(MATURES) == []


def test_the_examination_names_what_was_tampered_with(world: World, bill: UUID) -> None:
    with world.transaction() as db:
        db.execute(sa.text("UPDATE bill SET state = 'endorsed' WHERE tenant_id = :tenant"), {"tenant": world.tenant_id})
    found = world.bills_findings()
    assert len([line for line in found if line.startswith("bills:")]) == 3
    assert any("CNY 50000000 <> 0" in line for line in found)
    # A bill booked past the desk is no bill of ours.
    world.document(
        world.customer(), kind="bill", number="STRAY", on=date(2026, 4, 1), minor=100, due_on=date(2026, 4, 1)
    )
    assert any("STRAY" in line for line in world.bills_findings())
