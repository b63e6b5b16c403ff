"""Files that read without a fault and mean something else: another kind of file, or a wrong year."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ar.imports.columns import FileKind
from ar.imports.inputs import MAX_WARNINGS_KEPT
from ar.imports.messages import finding_text
from kernel.i18n import use_language
from kernel.sheets.mapping import parse_mapping
from tests.ar.imports.files import (
    CUSTOMER_HEADERS,
    ITEM_HEADERS,
    RECEIPT_HEADERS,
    TODAY,
    csv_file,
    error_codes,
    import_file,
    posted_documents,
)
from tests.support.world import World

CHINESE_ITEMS = csv_file(
    "客户编码,客户名称,单据号,单据类型,单据日期,到期日,币种,金额",
    "001,深圳华芯,INV-1,发票,2026-10-01,2026-10-31,CNY,1000",
)
NAMED_RECEIPTS = csv_file(
    "客户编码,客户名称,单据号,单据类型,单据日期,币种,金额", "001,深圳华芯,RC-1,收款单,2026-10-01,CNY,1000"
)


@pytest.mark.parametrize(
    ("content", "said", "meant"),
    [
        (CHINESE_ITEMS, "receipts", "open-items"),
        (CHINESE_ITEMS, "customers", "open-items"),
        (
            csv_file("客户编码,客户名称,收款单号,收款日期,币种,金额", "001,A,RC-1,2026-10-01,CNY,1"),
            "customers",
            "receipts",
        ),
    ],
)
def test_a_complete_file_of_another_kind_is_not_booked(
    world: World, content: bytes, said: FileKind, meant: str
) -> None:
    import_file(world, "customers", csv_file("customer_no,name", "001,深圳华芯"))
    report = import_file(world, said, content)
    assert (error_codes(report), report.errors[0].params) == ([(1, "", "looks_like_kind")], {"kind": meant})
    assert posted_documents(world) == {}


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("open-items", CHINESE_ITEMS),
        ("receipts", NAMED_RECEIPTS),
        ("customers", csv_file(CUSTOMER_HEADERS, "001,A,,,,,,,,")),
        ("customers", csv_file("客户编码,客户名称,账期,币种,金额", "001,A,30,CNY,5")),
        ("open-items", csv_file(ITEM_HEADERS, "001,A,INV-1,invoice,2026-10-01,,CNY,1")),
        ("receipts", csv_file(RECEIPT_HEADERS, "001,RC-1,2026-10-01,CNY,1,")),
    ],
)
def test_a_good_file_is_taken_for_what_it_is(world: World, kind: FileKind, content: bytes) -> None:
    import_file(world, "customers", csv_file("customer_no,name", "001,深圳华芯"))
    report = import_file(world, kind, content, apply=False)
    assert (report.rows, report.errors) == (1, [])


def test_a_mapping_has_the_last_word_on_the_kind(world: World) -> None:
    import_file(world, "customers", csv_file("customer_no,name", "001,深圳华芯"))
    mapping = parse_mapping('{"columns": {"receipt_no": "单据号"}}')
    assert import_file(world, "receipts", CHINESE_ITEMS, mapping=mapping).created == 1


@pytest.mark.parametrize("kind", ["open-items", "receipts"])
@pytest.mark.parametrize(
    ("days", "code"),
    [(0, ""), (1, "date_ahead"), (366, "date_ahead"), (367, "date_too_far"), (-3_660, ""), (-3_661, "date_long_ago")],
)
def test_a_wrong_year_is_seen(world: World, kind: FileKind, days: int, code: str) -> None:
    import_file(world, "customers", csv_file("customer_no,name", "001,深圳华芯"))
    on = TODAY + timedelta(days=days)
    column = "document_date" if kind == "open-items" else "received_on"
    row = f"001,A,INV-1,invoice,{on},,CNY,5" if kind == "open-items" else f"001,RC-1,{on},CNY,5,"
    report = import_file(
        world, kind, csv_file(ITEM_HEADERS if kind == "open-items" else RECEIPT_HEADERS, row), apply=False
    )
    found = [(2, column, code)] if code else []
    if code == "date_too_far":
        assert error_codes(report) == found
        assert report.errors[0].params == {"found": str(on), "latest": "2027-11-22"}
    else:
        assert (error_codes(report), [each[:3] for each in report.warnings]) == ([], found)
    with use_language("en"):
        for each in (*report.errors, *report.warnings):
            assert str(on) in finding_text(each.code, each.params)


def test_a_due_date_may_lie_ahead_and_old_files_are_bounded_in_words(world: World) -> None:
    many = MAX_WARNINGS_KEPT + 5
    rows = [f"001,A,INV-{n},invoice,{date(2013, 1, 1)},2026-12-31,CNY,5" for n in range(many)]
    report = import_file(world, "open-items", csv_file(ITEM_HEADERS, *rows), apply=False)
    assert (report.created, len(report.warnings), report.warnings_total) == (many, MAX_WARNINGS_KEPT, many)
