"""The pages of imports, as a person uses them without a script; and the command line."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import cast
from uuid import UUID

import pytest
from click.testing import CliRunner
from werkzeug.test import TestResponse

from ar.customers.queries import find_numbers
from kernel.tables import open_table
from tests.ar.imports.files import CUSTOMER_HEADERS, ITEM_HEADERS, csv, posted
from tests.ar.imports.test_jobs import BAD, GOOD, job, uploaded, work
from tests.support.companies import TestCompany


def _upload(company: TestCompany, content: bytes, **more: object) -> TestResponse:
    data = {"kind": "open-items", "file": (io.BytesIO(content), "应收.csv"), **more}
    return company.client().post(company.url("/imports/"), data=data, content_type="multipart/form-data")


def _job_id(answer: TestResponse) -> UUID:
    return UUID(answer.headers["Location"].rstrip("/").rsplit("/", 1)[1])


def test_from_upload_to_done(company: TestCompany) -> None:
    client = company.client()
    answer = _upload(company, GOOD)
    assert answer.status_code == 303
    job_id = _job_id(answer)
    path = company.url(f"/imports/{job_id}")
    assert 'hx-trigger="every 2s"' in client.get(path).get_data(as_text=True)
    work(company, "imports.check")
    preview = client.get(path).get_data(as_text=True)
    assert "30.00" in preview
    assert "hx-trigger" not in client.get(f"{path}/progress").get_data(as_text=True)
    assert client.post(f"{path}/application").status_code == 422
    assert client.post(f"{path}/application", data={"totals_confirmed": "1"}).status_code == 303
    work(company, "imports.apply")
    assert "The rows are in your books." in client.get(path).get_data(as_text=True)
    assert sorted(posted(company)) == ["INV-1", "INV-2"]
    assert "应收.csv" in client.get(company.url("/imports/")).get_data(as_text=True)


def test_an_import_that_is_not_ready_says_so_on_its_page(company: TestCompany) -> None:
    path = company.url(f"/imports/{_job_id(_upload(company, GOOD))}")
    early = company.client().post(f"{path}/application", data={"totals_confirmed": "1"})
    assert early.status_code == 422
    assert "This import is not ready to be applied." in early.text
    assert posted(company) == {}


def test_errors_are_shown_and_given_out_beside_their_rows(company: TestCompany) -> None:
    job_id = uploaded(company, BAD)
    work(company, "imports.check")
    client = company.client()
    text = client.get(company.url(f"/imports/{job_id}")).get_data(as_text=True)
    assert "Expected invoice, debit_note or credit_note, found “bill”." in text
    book = client.get(company.url(f"/imports/{job_id}/errors.xlsx"))
    table = open_table(book.get_data())
    (row,) = table.rows()
    assert table.headers[:-1] == ITEM_HEADERS.split(",")
    assert row.cells[0] == "001"
    assert "found “bill”" in row.cells[-1]


def test_errors_are_told_in_the_order_of_the_file(company: TestCompany, tmp_path: Path) -> None:
    content = csv(ITEM_HEADERS, "1,A,INV-1,收据,2026-10-01,,RMB,-5", "2,,INV-2,invoice,2026-10-01,,CNY,1", ",A,,,,,,")
    job_id = uploaded(company, content)
    work(company, "imports.check")
    places = [(error.row, error.column) for error in job(company, job_id).report.errors]
    last = ["customer_no", "document_no", "kind", "document_date", "currency", "amount"]
    assert places == [(2, "kind"), (2, "amount"), (3, "customer_name"), *((4, column) for column in last)]
    client = company.client()
    page = client.get(company.url(f"/imports/{job_id}")).get_data(as_text=True)
    said = ["found “收据”", "found “-5”", "Customer “2” is new", "A value is needed"]
    assert sorted(said, key=page.index) == said
    first, *_rest = open_table(client.get(company.url(f"/imports/{job_id}/errors.xlsx")).get_data()).rows()
    assert first.cells[-1].index("kind: ") < first.cells[-1].index("amount: ")
    file = tmp_path / "items.csv"
    file.write_bytes(content)
    told = cast(list[dict[str, object]], _cli("open-items", str(file), "--tenant", company.slug)[1]["errors"])
    assert [(error["row"], error["column"]) for error in told] == places


@pytest.mark.parametrize("language", ["en", "zh_CN"])
@pytest.mark.parametrize("kind", ["customers", "open-items", "receipts"])
def test_samples_are_files_that_can_be_imported(company: TestCompany, kind: str, language: str) -> None:
    client = company.client(language=language)
    sample = client.get(company.url(f"/imports/samples/{kind}.xlsx")).get_data()
    answer = _upload(company, sample, kind=kind)
    job_id = _job_id(answer)
    work(company, "imports.check")
    codes = {error.code for error in job(company, job_id).report.errors}
    assert codes <= {"customer_unknown"}  # the receipts' sample names a customer that is not there yet


def test_a_form_without_file_or_with_a_wrong_mapping_is_told_so(company: TestCompany) -> None:
    answer = company.client().post(company.url("/imports/"), data={"kind": "customers"})
    assert answer.status_code == 422
    answer = _upload(company, GOOD, mapping=(io.BytesIO(b"{"), "m.json"))
    assert answer.status_code == 422
    assert "The mapping cannot be read" in answer.get_data(as_text=True)


@pytest.mark.parametrize("path", ["", "/progress", "/errors.xlsx"])
def test_other_companies_imports_are_not_found(company: TestCompany, other_company: TestCompany, path: str) -> None:
    job_id = uploaded(other_company)
    assert company.client().get(company.url(f"/imports/{job_id}{path}")).status_code == 404
    posted_to = company.url(f"/imports/{job_id}/application")
    assert company.client().post(posted_to, data={"totals_confirmed": "1"}).status_code == 404


def test_only_those_who_may_import_see_it(company: TestCompany) -> None:
    assert company.client("salesperson").get(company.url("/imports/")).status_code == 403


def _cli(*args: str) -> tuple[int, dict[str, object]]:
    from app.cli.imports import group

    done = CliRunner().invoke(group, [*args, "--json"])
    return done.exit_code, json.loads(done.stdout)


def test_the_command_line_prints_one_object(company: TestCompany, tmp_path: Path) -> None:
    file = tmp_path / "items.csv"
    file.write_bytes(GOOD)
    asked = ("open-items", str(file), "--tenant", company.slug)
    counts = {
        "rows": 2,
        "updated": 0,
        "skipped": 0,
        "totals": [{"currency": "CNY", "amount_minor": 3000}],
        "errors": [],
    }
    assert _cli(*asked, "--dry-run") == (0, {**counts, "created": 2, "unchanged": 0})
    assert posted(company) == {}
    assert _cli(*asked) == (0, {**counts, "created": 2, "unchanged": 0})
    assert _cli(*asked) == (0, {**counts, "created": 0, "unchanged": 2})


def test_the_command_line_fails_on_errors_and_applies_nothing(company: TestCompany, tmp_path: Path) -> None:
    file = tmp_path / "customers.csv"
    file.write_bytes(csv(CUSTOMER_HEADERS, "001,A,,,,,,,,", "002,,,,,,,,,"))
    code, said = _cli("customers", str(file), "--tenant", company.slug)
    assert (code, said["created"]) == (1, 0)
    errors = cast(list[dict[str, object]], said["errors"])
    assert [(e["row"], e["column"], e["code"]) for e in errors] == [(3, "name", "value_missing")]
    with company.reading() as db:
        assert find_numbers(db, company.tenant_id, ["001"]) == {}


def test_the_command_line_names_a_malformed_mapping(company: TestCompany, tmp_path: Path) -> None:
    file, mapping = tmp_path / "items.csv", tmp_path / "mapping.json"
    file.write_bytes(GOOD)
    mapping.write_text("[]")
    code, said = _cli("open-items", str(file), "--tenant", company.slug, "--mapping", str(mapping))
    assert code == 1
    assert said["error"]["code"] == "mapping_malformed"  # type: ignore[index]
