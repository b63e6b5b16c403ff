"""What vanishes when it is cleaned, look-alike numbers, reversed documents, and amounts that cannot be posted."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from ar.customers.models import Customer
from ar.imports.columns import FileKind
from ar.imports.inputs import MAX_WARNINGS_KEPT, Report
from ar.imports.messages import finding_text
from ar.ledger.books.reversal import reverse_item
from ar.ledger.models import OpenItem
from kernel.i18n import use_language
from kernel.money import MAX_MINOR, decimal_text
from kernel.sheets.mapping import ColumnMapping, parse_mapping
from tests.ar.imports.files import (
    CUSTOMER_HEADERS,
    ITEM_HEADERS,
    RECEIPT_HEADERS,
    TODAY,
    csv_file,
    do_last_message,
    error_codes,
    import_file,
    job_page,
    posted_documents,
    upload_file,
    xlsx_file,
)
from tests.support.companies import TestCompany
from tests.support.world import World

UNSEEN = "\u200b"


def item_row(document_no: str = "INV-1", customer_no: str = "001", name: str = "A", **more: str) -> str:
    """A row of an open-items file."""
    kind, currency, amount = more.get("kind", "invoice"), more.get("currency", "CNY"), more.get("amount", "5")
    return f"{customer_no},{name},{document_no},{kind},2026-10-01,2026-10-31,{currency},{amount}"


def lookalikes(report: Report) -> list[tuple[int, str, str, str]]:
    """(row, column, number, the other number) of the look-alikes."""
    assert {each.code for each in report.warnings} <= {"looks_like"}
    return [(each.row, each.column, each.params["found"], each.params["other"]) for each in report.warnings]


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        (item_row(UNSEEN), "document_no", "value_missing"),
        (item_row(customer_no=UNSEEN), "customer_no", "value_missing"),
        (item_row(name=UNSEEN), "customer_name", "customer_name_missing"),
        (item_row("9" * 65), "document_no", "too_long"),
        (item_row(customer_no="9" * 41), "customer_no", "too_long"),
        (item_row(amount=decimal_text(MAX_MINOR + 1, "CNY")), "amount", "too_large"),
        (item_row(currency="CLF", amount="99999999999999"), "amount", "too_large"),
        (item_row(currency="JPY", amount=str(MAX_MINOR + 1)), "amount", "too_large"),
    ],
)
def test_the_check_reports_what_applying_would_refuse(world: World, row: str, column: str, code: str) -> None:
    for apply in (False, True):
        report = import_file(world, "open-items", csv_file(ITEM_HEADERS, row), apply=apply)
        assert (error_codes(report), report.created) == ([(2, column, code)], 0)
    assert posted_documents(world) == {}


def test_the_largest_amount_and_the_longest_numbers_are_posted(world: World) -> None:
    rows = [
        item_row("9" * 64, "8" * 40, amount=decimal_text(MAX_MINOR, "CNY")),
        item_row(currency="CLF", amount="1.2345"),
    ]
    assert import_file(world, "open-items", csv_file(ITEM_HEADERS, *rows)).created == 2
    assert posted_documents(world)["9" * 64][2] == MAX_MINOR


def test_characters_that_nobody_sees_do_not_make_another_document(world: World) -> None:
    import_file(world, "open-items", csv_file(ITEM_HEADERS, item_row("INV-1")))
    again = import_file(world, "open-items", csv_file(ITEM_HEADERS, item_row(f"INV{UNSEEN}-1\x07")))
    assert (again.unchanged, again.errors, again.warnings) == (1, [], [])


def test_invisible_constants_of_a_mapping_are_missing_values(world: World) -> None:
    mapping = parse_mapping('{"constants": {"currency": "CNY\\u0000", "kind": "\\u200b"}}')
    content = csv_file("customer_no,customer_name,document_no,document_date,amount", "001,A,INV-1,2026-10-01,5")
    assert error_codes(import_file(world, "open-items", content, mapping=mapping)) == [(2, "kind", "value_missing")]
    assert "\x00" not in mapping.model_dump_json()


def test_a_contact_that_mail_cannot_reach_is_an_error_of_its_row(world: World) -> None:
    rows = ["001,A,,,,王敏,张三@例子.cn,,,", "002,B,,,,李娜,ap@例子.cn,,,"]
    report = import_file(world, "customers", csv_file(CUSTOMER_HEADERS, *rows))
    assert error_codes(report) == [(2, "contact_email", "email_not_ascii")]
    with use_language("en"):
        assert "Latin letters" in finding_text(report.errors[0].code, report.errors[0].params)
    assert import_file(world, "customers", csv_file(CUSTOMER_HEADERS, rows[1])).created == 1


def reverse_document_numbered(world: World, document_no: str) -> str:
    """Takes a document back; returns the number of the reversal."""
    i = OpenItem
    with world.transaction() as db:
        wanted = (i.tenant_id == world.tenant_id, i.document_no == document_no)
        mirror = reverse_item(db, world.actor(TODAY), db.execute(sa.select(i.id).where(*wanted)).scalar_one())
        number = sa.select(i.document_no).where(i.tenant_id == world.tenant_id, i.id == mirror)
        return str(db.execute(number).scalar_one())


@pytest.mark.parametrize("amount", ["5", "7"])
def test_a_reversed_document_is_neither_unchanged_nor_posted_again(world: World, amount: str) -> None:
    import_file(world, "open-items", csv_file(ITEM_HEADERS, item_row()))
    reversal = reverse_document_numbered(world, "INV-1")
    report = import_file(world, "open-items", csv_file(ITEM_HEADERS, item_row(amount=amount)))
    assert (error_codes(report), report.unchanged) == ([(2, "document_no", "document_reversed")], 0)
    with use_language("en"):
        said = finding_text(report.errors[0].code, report.errors[0].params)
    assert said == f"“INV-1” was posted and reversed by {reversal}. Give the new document a number of its own."
    assert import_file(world, "open-items", csv_file(ITEM_HEADERS, item_row("INV-1-2", amount=amount))).created == 1


def test_a_reversed_receipt_is_named_too(world: World) -> None:
    import_file(world, "open-items", csv_file(ITEM_HEADERS, item_row()))
    receipt = csv_file(RECEIPT_HEADERS, "001,RC-1,2026-11-01,CNY,5,")
    import_file(world, "receipts", receipt)
    reversal = reverse_document_numbered(world, "RC-1")
    report = import_file(world, "receipts", receipt)
    assert error_codes(report) == [(2, "receipt_no", "document_reversed")]
    assert report.errors[0].params["reversal"] == reversal


SPELLINGS = ("INV-9", "inv-9", "ＩＮＶ-9", "INV -9")


def test_spellings_of_one_number_in_a_file_are_shown(world: World) -> None:
    report = import_file(
        world, "open-items", csv_file(ITEM_HEADERS, *(item_row(number) for number in SPELLINGS)), apply=False
    )
    assert report.errors == []
    assert lookalikes(report) == [(row, "document_no", SPELLINGS[row - 2], "INV-9") for row in (3, 4, 5)]
    other_kind = csv_file(ITEM_HEADERS, item_row("INV-9"), item_row("inv-9", kind="credit_note"))
    assert lookalikes(import_file(world, "open-items", other_kind, apply=False)) == []


@pytest.mark.parametrize("spelling", SPELLINGS[1:])
def test_a_document_that_looks_like_a_booked_one_is_shown(world: World, spelling: str) -> None:
    import_file(world, "open-items", csv_file(ITEM_HEADERS, item_row("INV-9"), item_row("INV-90")))
    again = csv_file(ITEM_HEADERS, item_row("INV-9"), item_row(spelling))
    report = import_file(world, "open-items", again, apply=False)
    assert (report.created, report.unchanged, report.errors) == (1, 1, [])
    assert lookalikes(report) == [(3, "document_no", spelling, "INV-9")]
    assert import_file(world, "open-items", again).created == 1  # a warning: some companies do distinguish
    assert lookalikes(import_file(world, "open-items", again)) == []  # both stand in the books by then


def test_another_companys_numbers_are_not_looked_at(world: World, other_company: TestCompany) -> None:
    import_file(other_company, "open-items", csv_file(ITEM_HEADERS, item_row("INV-9", "c1")))
    assert lookalikes(import_file(world, "open-items", csv_file(ITEM_HEADERS, item_row("inv-9", "C1")))) == []


@pytest.mark.parametrize("kind", ["customers", "open-items"])
def test_a_new_customer_that_looks_like_another_is_shown(world: World, kind: FileKind) -> None:
    import_file(world, "customers", csv_file(CUSTOMER_HEADERS, "Ä1,A,,,,,,,,"))
    if kind == "customers":
        content = csv_file(CUSTOMER_HEADERS, "ä 1,A,,,,,,,,", "x2,B,,,,,,,,", "Ｘ2,B,,,,,,,,", "Ä1,A,,,,,,,,")
    else:
        content = csv_file(
            ITEM_HEADERS,
            item_row("1", "ä 1"),
            item_row("2", "x2"),
            item_row("3", "Ｘ2"),
            item_row("4", "Ä1"),
            item_row("5", "x2"),
        )
    report = import_file(world, kind, content, apply=False)
    assert lookalikes(report) == [(2, "customer_no", "ä 1", "Ä1"), (4, "customer_no", "Ｘ2", "x2")]


def test_receipts_are_compared_as_well(world: World) -> None:
    import_file(world, "open-items", csv_file(ITEM_HEADERS, item_row()))
    import_file(world, "receipts", csv_file(RECEIPT_HEADERS, "001,RC-1,2026-11-01,CNY,1,"))
    report = import_file(
        world, "receipts", csv_file(RECEIPT_HEADERS, "001,rc-1,2026-11-01,CNY,1,", "001,RC 1,2026-11-01,CNY,1,")
    )
    assert lookalikes(report) == [(2, "receipt_no", "rc-1", "RC-1")]


def test_warnings_are_bounded_and_counted(world: World) -> None:
    many = MAX_WARNINGS_KEPT + 5
    rows = [item_row(f"{prefix}{number}") for number in range(many) for prefix in ("a", "A")]
    report = import_file(world, "open-items", csv_file(ITEM_HEADERS, *rows), apply=False)
    assert (len(report.warnings), report.warnings_total) == (MAX_WARNINGS_KEPT, many)


def test_the_preview_shows_look_alikes_before_the_totals_are_confirmed(world: World) -> None:
    job_id = upload_file(world, csv_file(ITEM_HEADERS, item_row("INV-9"), item_row("inv-9")))
    do_last_message(world, "imports.check")
    page = world.client().get(world.url(f"/imports/{job_id}")).text
    assert "“inv-9” looks like “INV-9”." in page
    assert page.index("looks like") < page.index('name="totals_confirmed"')


def test_the_command_line_warns_beside_its_object(world: World, tmp_path: Path) -> None:
    from ar.imports.cli import group

    file = tmp_path / "items.csv"
    file.write_bytes(csv_file(ITEM_HEADERS, item_row("INV-9"), item_row("inv-9")))
    done = CliRunner().invoke(group, ["open-items", str(file), "--tenant", world.slug, "--dry-run", "--json"])
    assert done.exit_code == 0
    assert "looks like" not in done.stdout
    assert "row 3, document_no" in done.stderr


def with_nul(content: bytes, *texts: bytes) -> bytes:
    """A workbook with the escape of NUL behind the first character of each of these texts."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            for text in texts:
                data = data.replace(text, text[:1] + b"_x0000_" + text[1:])
            new.writestr(name, data)
    return out.getvalue()


def test_nul_in_a_workbook_does_not_stop_the_import(world: World) -> None:
    book = xlsx_file(ITEM_HEADERS.split(","), [item_row("INV-77", currency="QQQ").split(",")])
    job_id = upload_file(world, with_nul(book, b"INV-77", b"QQQ", b"currency"))
    do_last_message(world, "imports.check")
    seen = job_page(world, job_id)
    assert seen.state == "refused"
    assert [(error.code, error.params["found"]) for error in seen.report.errors] == [("unknown_currency", "QQQ")]


def test_nul_in_a_csv_does_not_stop_the_import(world: World) -> None:
    job_id = upload_file(world, csv_file(ITEM_HEADERS, item_row("INV\x00-1", name="A\x00\x00")))
    do_last_message(world, "imports.check")
    assert (job_page(world, job_id).state, job_page(world, job_id).report.created) == ("checked", 1)


def test_a_long_cell_is_quoted_in_part(world: World) -> None:
    job_id = upload_file(world, csv_file(ITEM_HEADERS, item_row(amount="x" * 3_000)))
    do_last_message(world, "imports.check")
    (error,) = job_page(world, job_id).report.errors
    assert len(error.params["found"]) < 250


def test_the_name_of_a_file_is_one_line(world: World) -> None:
    from ar.imports import commands
    from ar.imports.inputs import ImportFile

    with world.transaction() as db:
        file = ImportFile("open-items", "a\x00b\r\n.csv\udcff", csv_file(ITEM_HEADERS, item_row()), ColumnMapping())
        job_id = commands.upload(db, world.actor(), file)
    assert job_page(world, job_id).file_name == "ab .csv"


def test_names_of_new_customers_are_one_line(world: World) -> None:
    import_file(
        world,
        "open-items",
        csv_file(ITEM_HEADERS, '001,"Firma\r\nBcc: x@evil.example",INV-1,invoice,2026-10-01,,CNY,5'),
    )
    c = Customer
    with world.reading() as db:
        (name,) = db.execute(sa.select(c.name).where(c.tenant_id == world.tenant_id)).scalars()
    assert name == "Firma Bcc: x@evil.example"
