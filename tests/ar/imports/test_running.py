"""From file to ledger: counts, totals, dates, allocations; the same file twice; two imports at once."""

from __future__ import annotations

import threading
from datetime import date

import pytest
import sqlalchemy as sa

from ar.customers import queries as customers
from ar.imports.columns import FileKind
from ar.imports.inputs import Report
from ar.imports.messages import finding_text
from ar.ledger.models import Allocation
from kernel.errors import RuleBroken
from kernel.i18n import use_language
from tests.ar.imports.files import (
    CUSTOMER_HEADERS,
    ITEM_HEADERS,
    RECEIPT_HEADERS,
    csv_file,
    error_codes,
    import_file,
    posted_documents,
)
from tests.support.companies import TestCompany
from tests.support.world import World

ITEMS = csv_file(
    ITEM_HEADERS,
    "001,深圳华芯,INV-1,invoice,2026-10-01,2026-10-31,CNY,1000.00",
    "001,深圳华芯,INV-2,invoice,2026-10-05,,CNY,500.00",
    "002,Acme,INV-3,invoice,2026-10-05,,USD,70.10",
    "002,Acme,CN-1,credit_note,2026-10-06,,USD,-0.10",
)


def test_open_items_create_documents_and_unknown_customers(world: World) -> None:
    checked = import_file(world, "open-items", ITEMS, apply=False)
    assert posted_documents(world) == {}
    done = import_file(world, "open-items", ITEMS)
    for report in (checked, done):
        assert (report.rows, report.created, report.unchanged, report.customers_created) == (4, 4, 0, 2)
        assert report.currency_totals() == [("CNY", 150000), ("USD", 7000)]
    assert posted_documents(world) == {
        "INV-1": ("invoice", date(2026, 10, 31), 100000, 100000, None),
        "INV-2": ("invoice", date(2026, 11, 4), 50000, 50000, None),
        "INV-3": ("invoice", date(2026, 11, 4), 7010, 7010, None),
        "CN-1": ("credit_note", date(2026, 10, 6), 10, 10, None),
    }


def test_an_empty_due_date_follows_the_customers_terms(world: World) -> None:
    world.customer("001", "A", term_days=60)
    import_file(world, "open-items", csv_file(ITEM_HEADERS, "001,,INV-1,invoice,2026-10-01,,CNY,1"))
    assert posted_documents(world)["INV-1"][1] == date(2026, 11, 30)


@pytest.mark.parametrize("kind", ["customers", "open-items", "receipts"])
def test_the_same_file_twice_changes_nothing(world: World, kind: str) -> None:
    files = {
        "customers": csv_file(
            CUSTOMER_HEADERS, "001,深圳华芯,公司,,,王敏,ap@hx.example,45,5,中文", "002,Acme,,,,,,,,en"
        ),
        "open-items": ITEMS,
        "receipts": csv_file(
            RECEIPT_HEADERS, "001,RC-1,2026-11-01,CNY,1200,INV-1:1000;INV-2", "002,RC-2,2026-11-01,USD,5,"
        ),
    }
    if kind == "receipts":
        import_file(world, "open-items", ITEMS)
    first = import_file(world, kind, files[kind])  # type: ignore[arg-type]
    assert (first.created, first.errors) == (first.rows, [])
    before = posted_documents(world)
    again = import_file(world, kind, files[kind])  # type: ignore[arg-type]
    assert (again.created, again.updated, again.unchanged, again.errors) == (0, 0, again.rows, [])
    assert posted_documents(world) == before


def test_receipts_pay_documents_on_the_later_date(world: World) -> None:
    import_file(world, "open-items", ITEMS)
    paid_before = "001,RC-1,2026-09-01,CNY,1200.00,INV-1:1000.00;INV-2:50.00"
    paid_after = "001,RC-2,2026-11-03,CNY,450.00,INV-2"
    report = import_file(world, "receipts", csv_file(RECEIPT_HEADERS, paid_before, paid_after))
    assert (report.created, report.errors) == (2, [])
    items = posted_documents(world)
    assert items["INV-1"][3:] == (0, date(2026, 10, 1))
    assert items["INV-2"][3:] == (0, date(2026, 11, 3))
    assert items["RC-1"][3:] == (15000, None)


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        ("009,RC-9,2026-11-01,CNY,1,", "customer_no", "customer_unknown"),
        ("001,RC-9,2026-11-01,CNY,1,INV-9:1", "applies_to", "document_unknown"),
        ("001,RC-9,2026-11-01,CNY,1,INV-3:1", "applies_to", "document_unknown"),
        ("001,RC-9,2026-11-01,USD,1,INV-1:1", "applies_to", "document_unknown"),
        ("002,RC-9,2026-11-01,USD,9,CN-1:0.10", "applies_to", "document_unknown"),
        ("001,RC-9,2026-11-01,CNY,2000,INV-1:1000.01", "applies_to", "exceeds_open"),
        ("001,RC-9,2026-11-01,CNY,10,INV-1:5;INV-2:6", "applies_to", "exceeds_receipt"),
    ],
)
def test_what_a_receipt_cannot_pay_is_refused_and_nothing_is_applied(
    world: World, row: str, column: str, code: str
) -> None:
    import_file(world, "open-items", ITEMS)
    good = "001,RC-1,2026-11-01,CNY,1.00,INV-2:1.00"
    report = import_file(world, "receipts", csv_file(RECEIPT_HEADERS, good, row))
    assert error_codes(report) == [(3, column, code)]
    assert (report.created, report.updated) == (0, 0)
    assert "RC-1" not in posted_documents(world)


def test_earlier_rows_of_the_file_count_as_paid(world: World) -> None:
    import_file(world, "open-items", ITEMS)
    rows = [f"001,RC-{n},2026-11-01,CNY,600,INV-1:600" for n in (1, 2)]
    report = import_file(world, "receipts", csv_file(RECEIPT_HEADERS, *rows))
    assert error_codes(report) == [(3, "applies_to", "exceeds_open")]
    assert report.errors[0].params["open"] == "400.00"


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("001,A,INV-1,invoice,2026-10-02,2026-10-31,CNY,1000.00", "document_date"),
        ("001,A,INV-1,invoice,2026-10-01,2026-11-01,CNY,1000.00", "due_date"),
        ("001,A,INV-1,invoice,2026-10-01,2026-10-31,USD,1000.00", "currency"),
        ("001,A,INV-1,invoice,2026-10-01,2026-10-31,CNY,1000.01", "amount"),
        ("002,A,INV-1,invoice,2026-10-01,2026-10-31,CNY,1000.00", "customer_no"),
    ],
)
def test_a_posted_document_is_never_changed(world: World, row: str, column: str) -> None:
    import_file(world, "open-items", ITEMS)
    before = posted_documents(world)
    report = import_file(world, "open-items", csv_file(ITEM_HEADERS, row))
    assert error_codes(report) == [(2, column, "document_differs")]
    assert posted_documents(world) == before


def test_a_posted_receipt_that_pays_otherwise_is_an_error(world: World) -> None:
    import_file(world, "open-items", ITEMS)
    import_file(world, "receipts", csv_file(RECEIPT_HEADERS, "001,RC-1,2026-11-01,CNY,100,INV-1:100"))
    silent = import_file(world, "receipts", csv_file(RECEIPT_HEADERS, "001,RC-1,2026-11-01,CNY,100,"))
    other = import_file(world, "receipts", csv_file(RECEIPT_HEADERS, "001,RC-1,2026-11-01,CNY,100,INV-2:100"))
    assert silent.unchanged == 1
    assert error_codes(other) == [(2, "applies_to", "allocation_differs")]


def test_a_new_customer_needs_a_name(world: World) -> None:
    report = import_file(world, "open-items", csv_file(ITEM_HEADERS, "001,,INV-1,invoice,2026-10-01,,CNY,1"))
    assert error_codes(report) == [(2, "customer_name", "customer_name_missing")]
    with world.reading() as db:
        assert customers.find_numbers(db, world.tenant_id, ["001"]) == {}


def test_customers_update_only_what_the_file_speaks_about(world: World) -> None:
    import_file(world, "customers", csv_file(CUSTOMER_HEADERS, "001,A,个体户,,,Bo,bo@a.example,45,5,en"))
    report = import_file(world, "customers", csv_file("客户编码,客户名称,账期", "001,A,60天"))
    assert (report.created, report.updated, report.errors) == (0, 1, [])
    with world.reading() as db:
        facts = customers.find_numbers(db, world.tenant_id, ["001"])["001"]
        detail = customers.customer_detail(db, world.tenant_id, facts.id)
    assert (facts.terms["days"], facts.settlement_days, facts.language) == (60, 5, "en")
    assert (detail.entity_type, len(detail.contacts)) == ("sole_trader", 1)


def test_checking_customers_counts_and_stores_nothing(world: World) -> None:
    report = import_file(world, "customers", csv_file(CUSTOMER_HEADERS, "001,A,,,,,,,,", "002,B,,,,,,,,"), apply=False)
    assert (report.created, report.updated) == (2, 0)
    with world.reading() as db:
        assert customers.find_numbers(db, world.tenant_id, ["001"]) == {}


def test_an_owner_who_is_no_member_is_an_error_and_a_wrong_tax_id_a_warning(world: World) -> None:
    row = "001,A,,91350100M000100Y44,nobody@else.example,,,,,"
    report = import_file(world, "customers", csv_file(CUSTOMER_HEADERS, row))
    assert error_codes(report) == [(2, "owner_email", "owner_unknown")]
    assert [(w.row, w.code) for w in report.warnings] == [(2, "tax_id_doubtful")]


def test_missing_columns_are_named_at_the_header(world: World) -> None:
    report = import_file(world, "open-items", csv_file("customer_no,customer_name,document_no", "1,A,INV-1"))
    assert {(row, code) for row, _column, code in error_codes(report)} == {(1, "column_missing")}
    assert [column for _row, column, _code in error_codes(report)] == ["kind", "document_date", "currency", "amount"]


def test_missing_columns_bear_the_readers_name_for_them(world: World) -> None:
    report = import_file(world, "receipts", csv_file("客户编码,收款日期,币种,收款金额", "1,2026-11-01,CNY,1"))
    ((row, column, code),) = error_codes(report)
    assert (row, column, code) == (1, "receipt_no", "column_missing")
    for language, name in (("zh_CN", "收款单号 (receipt_no)"), ("en", "Receipt number (receipt_no)")):
        with use_language(language):
            assert f"“{name}”" in finding_text(code, report.errors[0].params)


@pytest.mark.parametrize(
    ("headers", "said", "meant"),
    [
        (CUSTOMER_HEADERS, "receipts", "customers"),
        ("客户编码,客户名称,联系人,邮箱,账期", "receipts", "customers"),
        (RECEIPT_HEADERS, "open-items", "receipts"),
        (ITEM_HEADERS, "receipts", "open-items"),
        ("客户档案,,\n客户编码,客户名称,账期", "open-items", "customers"),
    ],
)
def test_a_file_of_another_kind_is_recognised(world: World, headers: str, said: FileKind, meant: str) -> None:
    report = import_file(world, said, csv_file(headers, "1,2,3,4,5,6"))
    first, *missing = report.errors
    assert (first.column, first.code, first.params) == ("", "looks_like_kind", {"kind": meant})
    assert {error.code for error in missing} == {"column_missing"}
    with use_language("en"):
        words = meant.replace("-", " ")
        assert finding_text(first.code, first.params) == (
            f"This looks like {words}. Choose that kind or correct the headers."
        )


def test_errors_stand_in_the_order_of_the_file(world: World) -> None:
    headers = "amount,kind,document_no,customer_no,customer_name,document_date,currency"
    rows = [
        "1,invoice,INV-1,1,A,2026-10-01,CNY",
        "five,报价,INV-2,1,A,soon,RMB",
        "1,invoice,INV-3,2,,2026-10-01,CNY",  # judged last, by the books
        "1,invoice,INV-1,1,A,2026-10-01,CNY",  # judged when all rows are read
        "ten,invoice,INV-4,1,A,2026-10-01,CNY",
    ]
    report = import_file(world, "open-items", csv_file(headers, *rows))
    assert [(row, column) for row, column, _code in error_codes(report)] == [
        (3, "amount"),
        (3, "kind"),
        (3, "document_date"),
        (4, "customer_name"),
        (5, "document_no"),
        (6, "amount"),
    ]


def test_a_row_with_a_wrong_cell_is_held_against_the_books_and_the_file_as_well(world: World) -> None:
    report = import_file(world, "receipts", csv_file(RECEIPT_HEADERS, "9,RC-1,soon,CNY,1,", "9,RC-1,later,CNY,1,"))
    expected = [(2, "customer_no"), (2, "received_on"), (3, "customer_no"), (3, "receipt_no"), (3, "received_on")]
    assert [(row, column) for row, column, _code in error_codes(report)] == expected
    rows = [
        "1,,INV-1,quote,2026-10-01,,CNY,1",
        "2,B,INV-2,quote,2026-10-01,,CNY,1",
        "2,,INV-3,invoice,2026-10-01,,CNY,1",
    ]
    report = import_file(world, "open-items", csv_file(ITEM_HEADERS, *rows))
    assert [(row, column) for row, column, _code in error_codes(report)] == [
        (2, "customer_name"),
        (2, "kind"),
        (3, "kind"),
    ]
    report = import_file(world, "customers", csv_file(CUSTOMER_HEADERS, "1,,,,nobody@else.example,,,,,"))
    assert [(row, column) for row, column, _code in error_codes(report)] == [(2, "name"), (2, "owner_email")]


def test_all_that_differs_from_a_posted_document_is_said(world: World) -> None:
    import_file(world, "open-items", ITEMS)
    row = "002,A,INV-1,invoice,2026-10-02,2026-10-31,CNY,1000.01"
    report = import_file(world, "open-items", csv_file(ITEM_HEADERS, row))
    assert [column for _row, column, _code in error_codes(report)] == ["customer_no", "document_date", "amount"]
    assert (report.unchanged, {code for _row, _column, code in error_codes(report)}) == (0, {"document_differs"})


def test_a_file_that_cannot_be_read_is_refused_as_a_whole(world: World) -> None:
    with pytest.raises(RuleBroken, match="table_kind"):
        import_file(world, "customers", b"%PDF-1.7 not a table")


def test_two_imports_of_the_same_file_at_once_post_it_once(world: World) -> None:
    gate, reports = threading.Barrier(2), []

    def go() -> None:
        gate.wait()
        reports.append(import_file(world, "open-items", ITEMS))

    threads = [threading.Thread(target=go) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((report.created, report.unchanged) for report in reports) == [(0, 4), (4, 0)]


def test_companies_do_not_see_each_others_numbers(world: World, other_company: TestCompany) -> None:
    for each in (world, other_company):
        report: Report = import_file(each, "open-items", ITEMS)
        assert report.created == 4
    report = import_file(other_company, "receipts", csv_file(RECEIPT_HEADERS, "001,RC-1,2026-11-01,CNY,1000,INV-1"))
    assert report.created == 1
    assert posted_documents(world)["INV-1"][3] == 100000
    with world.reading() as db:
        count = sa.select(sa.func.count()).select_from(Allocation).where(Allocation.tenant_id == world.tenant_id)
        assert db.execute(count).scalar_one() == 0
