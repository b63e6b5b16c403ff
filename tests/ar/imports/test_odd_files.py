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
from ar.imports.mapping import Mapping, read_mapping
from ar.imports.messages import finding_text
from ar.ledger.models import OpenItem
from ar.ledger.reversing import reverse_item
from kernel.i18n import use_language
from kernel.money import MAX_MINOR, decimal_text
from tests.ar.imports.files import CUSTOMER_HEADERS, ITEM_HEADERS, RECEIPT_HEADERS, TODAY, codes, csv, posted, run, xlsx
from tests.ar.imports.test_jobs import job, uploaded, work
from tests.support.companies import TestCompany

UNSEEN = "\u200b"


def item(document_no: str = "INV-1", customer_no: str = "001", name: str = "A", **more: str) -> str:
    """A row of an open-items file."""
    kind, currency, amount = more.get("kind", "invoice"), more.get("currency", "CNY"), more.get("amount", "5")
    return f"{customer_no},{name},{document_no},{kind},2026-10-01,2026-10-31,{currency},{amount}"


def looks(report: Report) -> list[tuple[int, str, str, str]]:
    """(row, column, number, the other number) of the look-alikes."""
    assert {each.code for each in report.warnings} <= {"looks_like"}
    return [(each.row, each.column, each.params["found"], each.params["other"]) for each in report.warnings]


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        (item(UNSEEN), "document_no", "value_missing"),
        (item(customer_no=UNSEEN), "customer_no", "value_missing"),
        (item(name=UNSEEN), "customer_name", "customer_name_missing"),
        (item("9" * 65), "document_no", "too_long"),
        (item(customer_no="9" * 41), "customer_no", "too_long"),
        (item(amount=decimal_text(MAX_MINOR + 1, "CNY")), "amount", "too_large"),
        (item(currency="CLF", amount="99999999999999"), "amount", "too_large"),
        (item(currency="JPY", amount=str(MAX_MINOR + 1)), "amount", "too_large"),
    ],
)
def test_the_check_reports_what_applying_would_refuse(company: TestCompany, row: str, column: str, code: str) -> None:
    for apply in (False, True):
        report = run(company, "open-items", csv(ITEM_HEADERS, row), apply=apply)
        assert (codes(report), report.created) == ([(2, column, code)], 0)
    assert posted(company) == {}


def test_the_largest_amount_and_the_longest_numbers_are_posted(company: TestCompany) -> None:
    rows = [item("9" * 64, "8" * 40, amount=decimal_text(MAX_MINOR, "CNY")), item(currency="CLF", amount="1.2345")]
    assert run(company, "open-items", csv(ITEM_HEADERS, *rows)).created == 2
    assert posted(company)["9" * 64][2] == MAX_MINOR


def test_characters_that_nobody_sees_do_not_make_another_document(company: TestCompany) -> None:
    run(company, "open-items", csv(ITEM_HEADERS, item("INV-1")))
    again = run(company, "open-items", csv(ITEM_HEADERS, item(f"INV{UNSEEN}-1\x07")))
    assert (again.unchanged, again.errors, again.warnings) == (1, [], [])


def test_invisible_constants_of_a_mapping_are_missing_values(company: TestCompany) -> None:
    mapping = read_mapping('{"constants": {"currency": "CNY\\u0000", "kind": "\\u200b"}}')
    content = csv("customer_no,customer_name,document_no,document_date,amount", "001,A,INV-1,2026-10-01,5")
    assert codes(run(company, "open-items", content, mapping=mapping)) == [(2, "kind", "value_missing")]
    assert "\x00" not in mapping.model_dump_json()


def test_a_contact_that_mail_cannot_reach_is_an_error_of_its_row(company: TestCompany) -> None:
    rows = ["001,A,,,,王敏,张三@例子.cn,,,", "002,B,,,,李娜,ap@例子.cn,,,"]
    report = run(company, "customers", csv(CUSTOMER_HEADERS, *rows))
    assert codes(report) == [(2, "contact_email", "email_not_ascii")]
    with use_language("en"):
        assert "Latin letters" in finding_text(report.errors[0].code, report.errors[0].params)
    assert run(company, "customers", csv(CUSTOMER_HEADERS, rows[1])).created == 1


def reverse(company: TestCompany, document_no: str) -> str:
    """Takes a document back; returns the number of the reversal."""
    i = OpenItem
    with company.transaction() as db:
        wanted = (i.tenant_id == company.tenant_id, i.document_no == document_no)
        mirror = reverse_item(db, company.actor(TODAY), db.execute(sa.select(i.id).where(*wanted)).scalar_one())
        number = sa.select(i.document_no).where(i.tenant_id == company.tenant_id, i.id == mirror)
        return str(db.execute(number).scalar_one())


@pytest.mark.parametrize("amount", ["5", "7"])
def test_a_reversed_document_is_neither_unchanged_nor_posted_again(company: TestCompany, amount: str) -> None:
    run(company, "open-items", csv(ITEM_HEADERS, item()))
    reversal = reverse(company, "INV-1")
    report = run(company, "open-items", csv(ITEM_HEADERS, item(amount=amount)))
    assert (codes(report), report.unchanged) == ([(2, "document_no", "document_reversed")], 0)
    with use_language("en"):
        said = finding_text(report.errors[0].code, report.errors[0].params)
    assert said == f"“INV-1” was posted and taken back by {reversal}. Give the new document a number of its own."
    assert run(company, "open-items", csv(ITEM_HEADERS, item("INV-1-2", amount=amount))).created == 1


def test_a_reversed_receipt_is_named_too(company: TestCompany) -> None:
    run(company, "open-items", csv(ITEM_HEADERS, item()))
    receipt = csv(RECEIPT_HEADERS, "001,RC-1,2026-11-01,CNY,5,")
    run(company, "receipts", receipt)
    reversal = reverse(company, "RC-1")
    report = run(company, "receipts", receipt)
    assert codes(report) == [(2, "receipt_no", "document_reversed")]
    assert report.errors[0].params["reversal"] == reversal


SPELLINGS = ("INV-9", "inv-9", "ＩＮＶ-9", "INV -9")


def test_spellings_of_one_number_in_a_file_are_shown(company: TestCompany) -> None:
    report = run(company, "open-items", csv(ITEM_HEADERS, *(item(number) for number in SPELLINGS)), apply=False)
    assert report.errors == []
    assert looks(report) == [(row, "document_no", SPELLINGS[row - 2], "INV-9") for row in (3, 4, 5)]
    other_kind = csv(ITEM_HEADERS, item("INV-9"), item("inv-9", kind="credit_note"))
    assert looks(run(company, "open-items", other_kind, apply=False)) == []


@pytest.mark.parametrize("spelling", SPELLINGS[1:])
def test_a_document_that_looks_like_a_booked_one_is_shown(company: TestCompany, spelling: str) -> None:
    run(company, "open-items", csv(ITEM_HEADERS, item("INV-9"), item("INV-90")))
    again = csv(ITEM_HEADERS, item("INV-9"), item(spelling))
    report = run(company, "open-items", again, apply=False)
    assert (report.created, report.unchanged, report.errors) == (1, 1, [])
    assert looks(report) == [(3, "document_no", spelling, "INV-9")]
    assert run(company, "open-items", again).created == 1  # a warning: some companies do distinguish
    assert looks(run(company, "open-items", again)) == []  # both stand in the books by then


def test_another_companys_numbers_are_not_looked_at(company: TestCompany, other_company: TestCompany) -> None:
    run(other_company, "open-items", csv(ITEM_HEADERS, item("INV-9", "c1")))
    assert looks(run(company, "open-items", csv(ITEM_HEADERS, item("inv-9", "C1")))) == []


@pytest.mark.parametrize("kind", ["customers", "open-items"])
def test_a_new_customer_that_looks_like_another_is_shown(company: TestCompany, kind: FileKind) -> None:
    run(company, "customers", csv(CUSTOMER_HEADERS, "Ä1,A,,,,,,,,"))
    if kind == "customers":
        content = csv(CUSTOMER_HEADERS, "ä 1,A,,,,,,,,", "x2,B,,,,,,,,", "Ｘ2,B,,,,,,,,", "Ä1,A,,,,,,,,")
    else:
        content = csv(
            ITEM_HEADERS, item("1", "ä 1"), item("2", "x2"), item("3", "Ｘ2"), item("4", "Ä1"), item("5", "x2")
        )
    report = run(company, kind, content, apply=False)
    assert looks(report) == [(2, "customer_no", "ä 1", "Ä1"), (4, "customer_no", "Ｘ2", "x2")]


def test_receipts_are_compared_as_well(company: TestCompany) -> None:
    run(company, "open-items", csv(ITEM_HEADERS, item()))
    run(company, "receipts", csv(RECEIPT_HEADERS, "001,RC-1,2026-11-01,CNY,1,"))
    report = run(company, "receipts", csv(RECEIPT_HEADERS, "001,rc-1,2026-11-01,CNY,1,", "001,RC 1,2026-11-01,CNY,1,"))
    assert looks(report) == [(2, "receipt_no", "rc-1", "RC-1")]


def test_warnings_are_bounded_and_counted(company: TestCompany) -> None:
    many = MAX_WARNINGS_KEPT + 5
    rows = [item(f"{prefix}{number}") for number in range(many) for prefix in ("a", "A")]
    report = run(company, "open-items", csv(ITEM_HEADERS, *rows), apply=False)
    assert (len(report.warnings), report.warnings_total) == (MAX_WARNINGS_KEPT, many)


def test_the_preview_shows_look_alikes_before_the_totals_are_confirmed(company: TestCompany) -> None:
    job_id = uploaded(company, csv(ITEM_HEADERS, item("INV-9"), item("inv-9")))
    work(company, "imports.check")
    page = company.client().get(company.url(f"/imports/{job_id}")).text
    assert "“inv-9” looks like “INV-9”." in page
    assert page.index("looks like") < page.index('name="totals_confirmed"')


def test_the_command_line_warns_beside_its_object(company: TestCompany, tmp_path: Path) -> None:
    from ar.imports.cli import group

    file = tmp_path / "items.csv"
    file.write_bytes(csv(ITEM_HEADERS, item("INV-9"), item("inv-9")))
    done = CliRunner().invoke(group, ["open-items", str(file), "--tenant", company.slug, "--dry-run", "--json"])
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


def test_nul_in_a_workbook_does_not_stop_the_import(company: TestCompany) -> None:
    book = xlsx(ITEM_HEADERS.split(","), [item("INV-77", currency="QQQ").split(",")])
    job_id = uploaded(company, with_nul(book, b"INV-77", b"QQQ", b"currency"))
    work(company, "imports.check")
    seen = job(company, job_id)
    assert seen.state == "refused"
    assert [(error.code, error.params["found"]) for error in seen.report.errors] == [("unknown_currency", "QQQ")]


def test_nul_in_a_csv_does_not_stop_the_import(company: TestCompany) -> None:
    job_id = uploaded(company, csv(ITEM_HEADERS, item("INV\x00-1", name="A\x00\x00")))
    work(company, "imports.check")
    assert (job(company, job_id).state, job(company, job_id).report.created) == ("checked", 1)


def test_a_long_cell_is_quoted_in_part(company: TestCompany) -> None:
    job_id = uploaded(company, csv(ITEM_HEADERS, item(amount="x" * 3_000)))
    work(company, "imports.check")
    (error,) = job(company, job_id).report.errors
    assert len(error.params["found"]) < 250


def test_the_name_of_a_file_is_one_line(company: TestCompany) -> None:
    from ar.imports import commands
    from ar.imports.inputs import ImportFile

    with company.transaction() as db:
        file = ImportFile("open-items", "a\x00b\r\n.csv\udcff", csv(ITEM_HEADERS, item()), Mapping())
        job_id = commands.upload(db, company.actor(), file)
    assert job(company, job_id).file_name == "ab .csv"


def test_names_of_new_customers_are_one_line(company: TestCompany) -> None:
    run(company, "open-items", csv(ITEM_HEADERS, '001,"Firma\r\nBcc: x@evil.example",INV-1,invoice,2026-10-01,,CNY,5'))
    c = Customer
    with company.reading() as db:
        (name,) = db.execute(sa.select(c.name).where(c.tenant_id == company.tenant_id)).scalars()
    assert name == "Firma Bcc: x@evil.example"
