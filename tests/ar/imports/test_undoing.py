"""An import undone: its numbers are free for the same or the corrected file, and what it made leaves the lists."""

from __future__ import annotations

import threading
from datetime import date
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.lookups import find_numbers
from ar.customers.models import Contact
from ar.customers.queries import customer_list
from ar.imports import commands
from ar.imports.columns import FileKind
from ar.imports.inputs import ImportFile, Report
from ar.ledger.books.as_of import possibly_open_at
from ar.ledger.commands import UnapplyAllocation, reverse_item, unapply_allocation
from ar.ledger.models import Allocation, OpenItem
from ar.ledger.receivables.settlement.discounts import take_discount
from ar.reports.search import search
from kernel.errors import Conflict
from kernel.sheets.mapping import ColumnMapping
from tests.ar.imports.files import CUSTOMER_HEADERS, ITEM_HEADERS, RECEIPT_HEADERS, TODAY, csv_file, error_codes
from tests.support.statements import counted
from tests.support.world import World

ITEMS = csv_file(
    ITEM_HEADERS,
    "001,深圳华芯,INV-1,invoice,2026-10-01,2026-10-31,CNY,1000.00",
    "002,Acme,INV-2,invoice,2026-10-05,,USD,70.10",
    "002,Acme,CN-1,credit_note,2026-10-06,,USD,-0.10",
)
CORRECTED = ITEMS.replace(b"1000.00", b"1200.00")
RECEIPTS = csv_file(RECEIPT_HEADERS, "001,RC-1,2026-11-01,CNY,400,INV-1:400")


def run(world: World, kind: FileKind, content: bytes) -> tuple[UUID | None, Report]:
    """Imports a file as the command line does; returns the import and its report."""
    with world.transaction() as db:
        return commands.import_now(db, world.actor(TODAY), ImportFile(kind, "file.csv", content, ColumnMapping()))


def undo(world: World, job_id: UUID | None) -> int:
    assert job_id is not None
    with world.transaction() as db:
        return commands.undo_now(db, world.actor(TODAY), job_id)


def documents(world: World, number: str) -> list[tuple[int, int, int]]:
    """(edition, amount, open) of the documents of a number, oldest first."""
    i = OpenItem
    with world.reading() as db:
        rows = db.execute(
            sa.select(i.edition, i.amount_minor, i.open_minor)
            .where(i.tenant_id == world.tenant_id, i.document_no == number)
            .order_by(i.edition)
        )
        return [(row.edition, row.amount_minor, row.open_minor) for row in rows]


@pytest.mark.parametrize("again", [ITEMS, CORRECTED], ids=["same", "corrected"])
def test_after_undo_the_same_or_the_corrected_file_comes_in_under_the_same_numbers(world: World, again: bytes) -> None:
    for edition in range(3):
        job_id, report = run(world, "open-items", ITEMS if edition == 0 else again)
        assert (report.errors, report.created, report.customers_created) == ([], 3, 2)
        assert undo(world, job_id) == 3
    job_id, report = run(world, "open-items", again)
    assert (report.errors, report.created) == ([], 3)
    amount = 120000 if again is CORRECTED else 100000
    assert documents(world, "INV-1") == [(0, 100000, 0), (1, amount, 0), (2, amount, 0), (3, amount, amount)]
    _none, unchanged = run(world, "open-items", again)
    assert (unchanged.errors, unchanged.created, unchanged.unchanged) == ([], 0, 3)
    assert world.ledger_findings() == []


def test_an_undone_import_leaves_no_figure_of_the_days_before_today(world: World) -> None:
    job_id, _report = run(world, "open-items", ITEMS)
    undo(world, job_id)
    run(world, "open-items", CORRECTED)
    i = OpenItem
    with world.reading() as db:
        open_at = possibly_open_at(world.tenant_id, date(2026, 10, 20))
        amounts = db.execute(sa.select(i.document_no, i.edition, i.amount_minor).where(*open_at)).all()
    assert sorted(map(tuple, amounts)) == [("CN-1", 1, 10), ("INV-1", 1, 120000), ("INV-2", 1, 7010)]


def test_receipts_are_undone_before_what_they_pay_and_come_in_again(world: World) -> None:
    items, _report = run(world, "open-items", ITEMS)
    receipts, _report = run(world, "receipts", RECEIPTS)
    with pytest.raises(Conflict, match="import_depended_on"):
        undo(world, items)
    assert (undo(world, receipts), documents(world, "INV-1")) == (1, [(0, 100000, 100000)])
    assert undo(world, items) == 3
    run(world, "open-items", CORRECTED)
    _again, report = run(world, "receipts", RECEIPTS)
    assert (report.errors, documents(world, "INV-1")[1]) == ([], (1, 120000, 80000))
    assert world.ledger_findings() == []


def test_receipts_whose_payment_earned_a_discount_are_undone_after_the_discount(world: World) -> None:
    paid = world.document(
        "00001",
        kind="invoice",
        number="D-1",
        on=date(2026, 10, 20),
        minor=1000_00,
        discount_bps=200,
        discount_until_on=date(2026, 11, 10),
    )
    job_id, report = run(world, "receipts", csv_file(RECEIPT_HEADERS, "00001,RC-1,2026-10-30,CNY,980,D-1:980"))
    assert (job_id is not None, report.errors) == (True, [])
    with world.transaction() as db:
        discount_id = take_discount(db, world.actor(TODAY), paid)
    discount_no = world.open_item(discount_id).document_no
    with pytest.raises(Conflict, match="import_depended_on") as refused:
        undo(world, job_id)
    assert refused.value.params["what"] == f"discounts earned by payments {discount_no}"
    page = world.client().get(world.url(f"/imports/{job_id}")).text
    assert f">{discount_no}</a>" in page
    assert "Undo the allocation of the discount on its page, then reverse it." in page
    with world.transaction() as db:
        withdraw_discount(db, world, discount_id)
    assert (undo(world, job_id), documents(world, "D-1")) == (1, [(0, 100000, 100000)])
    assert world.ledger_findings() == []


def withdraw_discount(db: Session, world: World, discount_id: UUID) -> None:
    """Undoes the discount as the page names it: its allocation first, then the document."""
    a = Allocation
    where = (a.tenant_id == world.tenant_id, a.credit_item_id == discount_id)
    allocation_id = db.execute(sa.select(a.id).where(*where)).scalar_one()
    unapply_allocation(db, world.actor(TODAY), discount_id, allocation_id, UnapplyAllocation())
    reverse_item(db, world.actor(TODAY), discount_id)


def test_a_document_that_a_person_reversed_stays_reversed_for_a_file(world: World) -> None:
    run(world, "open-items", ITEMS)
    i = OpenItem
    with world.transaction() as db:
        where = (i.tenant_id == world.tenant_id, i.document_no == "INV-1")
        reverse_item(db, world.actor(TODAY), db.execute(sa.select(i.id).where(*where)).scalar_one())
    _none, report = run(world, "open-items", ITEMS)
    assert error_codes(report) == [(2, "document_no", "document_reversed")]


def test_two_files_with_the_same_freed_numbers_at_once_come_in_once(world: World) -> None:
    job_id, _report = run(world, "open-items", ITEMS)
    undo(world, job_id)
    seen: list[Report] = []
    threads = [threading.Thread(target=lambda: seen.append(run(world, "open-items", ITEMS)[1])) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((report.created, report.unchanged, len(report.errors)) for report in seen) == [(0, 3, 0), (3, 0, 0)]
    assert documents(world, "INV-1") == [(0, 100000, 0), (1, 100000, 100000)]


def shown(world: World) -> list[str]:
    """Numbers of the customers on the list."""
    with world.reading() as db:
        return [line.number for line in customer_list(db, world.tenant_id, today=TODAY, sort="number").lines]


def test_customers_that_only_the_undone_import_made_leave_the_lists_and_come_back(world: World) -> None:
    world.customer("009", "Known")
    job_id, _report = run(world, "open-items", ITEMS)
    world.invoice("002", number="OTHER-1")
    undo(world, job_id)
    assert shown(world) == ["002", "009"]  # 002 has a document of its own
    with world.reading() as db:
        assert find_numbers(db, world.tenant_id, ["001"]) == {}
    _again, report = run(world, "open-items", ITEMS)
    assert (report.errors, report.customers_created, shown(world)) == ([], 1, ["001", "002", "009"])


def contacts(world: World) -> dict[str, tuple[str, bool]]:
    """E-mail → (name, active) of all contacts."""
    c = Contact
    with world.reading() as db:
        rows = db.execute(sa.select(c.email, c.name, c.active).where(c.tenant_id == world.tenant_id))
        return {row.email: (row.name, row.active) for row in rows}


def test_contacts_added_and_fields_changed_are_put_back_save_what_was_changed_since(world: World) -> None:
    run(
        world, "customers", csv_file(CUSTOMER_HEADERS, "1,A,company,,,Old name,a@x.example,30,0,en", "2,B,,,,,,30,0,en")
    )
    second = csv_file(
        CUSTOMER_HEADERS,
        "1,A,company,,,New name,a@x.example,60,5,en",
        "1b,C,company,,,,c@x.example,30,0,en",
        "2,B2,,,,Added,b@x.example,45,0,en",
    )
    job_id, _report = run(world, "customers", second)
    third, _report = run(world, "customers", csv_file("customer_no,term_days,name", "2,90,B2"))
    undo(world, job_id)
    with world.reading() as db:
        found = find_numbers(db, world.tenant_id, ["1", "1b", "2"])
    assert (found["1"].terms["days"], found["1"].settlement_days, "1b" in found) == (30, 0, False)
    assert (found["2"].name, found["2"].terms["days"]) == ("B", 90)
    assert contacts(world) == {
        "a@x.example": ("Old name", True),
        "b@x.example": ("Added", False),
        "c@x.example": ("", False),
    }
    _again, report = run(world, "customers", second)
    assert (report.created, report.updated) == (1, 2)
    assert {email: active for email, (_name, active) in contacts(world).items()} == {
        "a@x.example": True,
        "b@x.example": True,
        "c@x.example": True,
    }
    assert third is not None


def test_a_withdrawn_number_may_be_given_on_the_form(world: World) -> None:
    job_id, _report = run(world, "customers", csv_file("customer_no,name", "7,Mistyped"))
    undo(world, job_id)
    client = world.client()
    form = {"number": "7", "name": "Right", "entity_type": "company", "language": "en", "term_base": "invoice",
            "term_months": "0", "term_days": "30", "settlement_days": "0"}  # fmt: skip
    assert client.post(world.url("/customers/"), data=form).status_code == 303
    assert shown(world) == ["7"]


def test_undoing_costs_as_many_statements_for_many_documents_as_for_one(world: World, engine: sa.Engine) -> None:
    def undone(first: int, count: int) -> int:
        rows = [f"{n:05},C{n},N-{n},invoice,2026-10-01,,CNY,10" for n in range(first, first + count)]
        items, _report = run(world, "open-items", csv_file(ITEM_HEADERS, *rows))
        pays = [f"{n:05},R-{n},2026-10-05,CNY,10,N-{n}" for n in range(first, first + count)]
        job_id, _report = run(world, "receipts", csv_file(RECEIPT_HEADERS, *pays))
        with counted(engine) as seen:
            undo(world, job_id)
            undo(world, items)
        return len(seen)

    assert undone(1, 1) == undone(100, 40)


def test_the_page_names_what_depends_with_links_and_how_to_go_on(world: World) -> None:
    job_id, _report = run(world, "open-items", ITEMS)
    run(world, "receipts", RECEIPTS)
    page = world.client().get(world.url(f"/imports/{job_id}")).text
    assert ">RC-1</a>" in page
    assert "Undo these allocations on the pages of the documents." in page
    assert "Undo the import</button>" not in page


def test_search_tells_the_edition_in_force_from_the_one_taken_back(world: World) -> None:
    job_id, _report = run(world, "open-items", ITEMS)
    undo(world, job_id)
    run(world, "open-items", CORRECTED)
    with world.reading() as db:
        hits = search(db, world.tenant_id, "INV-1", currency="CNY").hits
    found = [(hit.minor, hit.is_reversed) for hit in hits if hit.group == "document"]
    assert found == [(120000, False), (0, True)]


def test_an_order_that_an_undone_invoice_billed_commits_again_on_every_day(world: World) -> None:
    customer = world.buyer(100_00, "C1")
    order = world.released_order(customer, ("valve", "1", "60"), number="SO-77", on=date(2026, 11, 2))
    file = csv_file(ITEM_HEADERS, "C1,,INV-9,invoice,2026-11-02,,CNY,60")
    job_id, _report = run(world, "open-items", file)
    with world.reading() as db:
        own = sa.select(OpenItem.id).where(OpenItem.tenant_id == world.tenant_id, OpenItem.document_no == "INV-9")
        invoice = db.execute(own).scalar_one()
    world.bill_order(order, invoice)
    assert world.commits(order) == (0, 0, 0)
    assert world.credit_account(customer).exposure_minor == 60_00
    undo(world, job_id)
    assert world.commits(order) == (60_00, 0, 0)
    for on in (None, TODAY):
        assert world.credit_account(customer, on).exposure_minor == 60_00, on
    again, _report = run(world, "open-items", file)
    assert again is not None
    assert world.credit_account(customer).exposure_minor == 120_00, "a new edition bills nothing until it is linked"
