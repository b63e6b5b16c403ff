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
from kernel.sheets import open_table
from tests.ar.imports.files import (
    BAD,
    CUSTOMER_HEADERS,
    GOOD,
    ITEM_HEADERS,
    csv_file,
    do_last_message,
    job_page,
    posted_documents,
    upload_file,
)
from tests.support.companies import TestCompany
from tests.support.world import World


def _post_file(world: World, content: bytes, **more: object) -> TestResponse:
    data = {"kind": "open-items", "file": (io.BytesIO(content), "应收.csv"), **more}
    return world.client().post(world.url("/imports/"), data=data, content_type="multipart/form-data")


def _job_id(answer: TestResponse) -> UUID:
    return UUID(answer.headers["Location"].rstrip("/").rsplit("/", 1)[1])


def test_from_upload_to_done(world: World) -> None:
    client = world.client()
    answer = _post_file(world, GOOD)
    assert answer.status_code == 303
    job_id = _job_id(answer)
    path = world.url(f"/imports/{job_id}")
    assert 'hx-trigger="every 2s"' in client.get(path).get_data(as_text=True)
    do_last_message(world, "imports.check")
    preview = client.get(path).get_data(as_text=True)
    assert "30.00" in preview
    assert "hx-trigger" not in client.get(f"{path}/progress").get_data(as_text=True)
    assert client.post(f"{path}/application").status_code == 422
    assert client.post(f"{path}/application", data={"totals_confirmed": "1"}).status_code == 303
    do_last_message(world, "imports.apply")
    assert "The rows are in your books." in client.get(path).get_data(as_text=True)
    assert sorted(posted_documents(world)) == ["INV-1", "INV-2"]
    assert "应收.csv" in client.get(world.url("/imports/")).get_data(as_text=True)


def test_errors_are_shown_and_given_out_beside_their_rows(world: World) -> None:
    job_id = upload_file(world, BAD)
    do_last_message(world, "imports.check")
    client = world.client()
    text = client.get(world.url(f"/imports/{job_id}")).get_data(as_text=True)
    assert "Expected an amount such as 1234.50, found “ten”." in text
    book = client.get(world.url(f"/imports/{job_id}/errors.xlsx"))
    table = open_table(book.get_data())
    (row,) = table.rows()
    assert table.headers[:-1] == ITEM_HEADERS.split(",")
    assert row.cells[0] == "001"
    assert "found “ten”" in row.cells[-1]


def test_errors_are_told_in_the_order_of_the_file(world: World, tmp_path: Path) -> None:
    content = csv_file(
        ITEM_HEADERS, "1,A,INV-1,invoice,2026-13-01,,RMB,-5", "2,,INV-2,invoice,2026-10-01,,CNY,1", ",A,,,,,,"
    )
    job_id = upload_file(world, content)
    do_last_message(world, "imports.check")
    places = [(error.row, error.column) for error in job_page(world, job_id).report.errors]
    last = ["customer_no", "document_no", "kind", "document_date", "currency", "amount"]
    assert places == [(2, "document_date"), (2, "amount"), (3, "customer_name"), *((4, column) for column in last)]
    client = world.client()
    page = client.get(world.url(f"/imports/{job_id}")).get_data(as_text=True)
    said = ["no such day", "found “-5”", "Customer “2” is new", "A value is required"]
    assert sorted(said, key=page.index) == said
    first, *_rest = open_table(client.get(world.url(f"/imports/{job_id}/errors.xlsx")).get_data()).rows()
    assert first.cells[-1].index("document_date: ") < first.cells[-1].index("amount: ")
    file = tmp_path / "items.csv"
    file.write_bytes(content)
    told = cast(
        list[dict[str, object]], _run_import_command("open-items", str(file), "--tenant", world.slug)[1]["errors"]
    )
    assert [(error["row"], error["column"]) for error in told] == places


@pytest.mark.parametrize("language", ["en", "zh_CN"])
@pytest.mark.parametrize("kind", ["customers", "open-items", "receipts"])
def test_samples_are_files_that_can_be_imported(world: World, kind: str, language: str) -> None:
    client = world.client(language=language)
    sample = client.get(world.url(f"/imports/samples/{kind}.xlsx")).get_data()
    answer = _post_file(world, sample, kind=kind)
    job_id = _job_id(answer)
    do_last_message(world, "imports.check")
    error_codes = {error.code for error in job_page(world, job_id).report.errors}
    assert error_codes <= {"customer_unknown"}  # the receipts' sample names a customer that is not there yet


def test_a_form_without_file_or_with_a_wrong_mapping_is_told_so(world: World) -> None:
    answer = world.client().post(world.url("/imports/"), data={"kind": "customers"})
    assert answer.status_code == 422
    answer = _post_file(world, GOOD, mapping=(io.BytesIO(b"{"), "m.json"))
    assert answer.status_code == 422
    assert "The mapping cannot be read" in answer.get_data(as_text=True)


@pytest.mark.parametrize("path", ["", "/progress", "/errors.xlsx"])
def test_other_companies_imports_are_not_found(world: World, other_company: TestCompany, path: str) -> None:
    job_id = upload_file(other_company)
    assert world.client().get(world.url(f"/imports/{job_id}{path}")).status_code == 404
    posted_to = world.url(f"/imports/{job_id}/application")
    assert world.client().post(posted_to, data={"totals_confirmed": "1"}).status_code == 404


def test_only_those_who_may_import_see_it(world: World) -> None:
    assert world.client("salesperson").get(world.url("/imports/")).status_code == 403


def _run_import_command(*args: str) -> tuple[int, dict[str, object]]:
    from ar.imports.cli import group

    done = CliRunner().invoke(group, [*args, "--json"])
    return done.exit_code, json.loads(done.stdout)


def test_a_list_of_imports_without_any_says_so(world: World) -> None:
    from ar.imports.cli import group

    listed = CliRunner().invoke(group, ["list", "--tenant", world.slug])
    assert (listed.exit_code, listed.stdout) == (0, "Nothing was imported yet.\n")
    assert _run_import_command("list", "--tenant", world.slug) == (0, {"imports": []})


def test_the_command_line_prints_one_object(world: World, tmp_path: Path) -> None:
    file = tmp_path / "items.csv"
    file.write_bytes(GOOD)
    asked = ("open-items", str(file), "--tenant", world.slug)
    counts = {
        "rows": 2,
        "updated": 0,
        "skipped": 0,
        "totals": [{"currency": "CNY", "amount_minor": 3000}],
        "errors": [],
    }
    assert _run_import_command(*asked, "--dry-run") == (0, {**counts, "created": 2, "unchanged": 0})
    assert posted_documents(world) == {}
    assert _run_import_command(*asked) == (0, {**counts, "created": 2, "unchanged": 0})
    assert _run_import_command(*asked) == (0, {**counts, "created": 0, "unchanged": 2})


def test_the_command_line_fails_on_errors_and_applies_nothing(world: World, tmp_path: Path) -> None:
    file = tmp_path / "customers.csv"
    file.write_bytes(csv_file(CUSTOMER_HEADERS, "001,A,,,,,,,,", "002,,,,,,,,,"))
    code, said = _run_import_command("customers", str(file), "--tenant", world.slug)
    assert (code, said["created"]) == (1, 0)
    errors = cast(list[dict[str, object]], said["errors"])
    assert [(e["row"], e["column"], e["code"]) for e in errors] == [(3, "name", "value_missing")]
    with world.reading() as db:
        assert find_numbers(db, world.tenant_id, ["001"]) == {}


def test_the_command_line_names_a_malformed_mapping(world: World, tmp_path: Path) -> None:
    file, mapping = tmp_path / "items.csv", tmp_path / "mapping.json"
    file.write_bytes(GOOD)
    mapping.write_text("[]")
    code, said = _run_import_command("open-items", str(file), "--tenant", world.slug, "--mapping", str(mapping))
    assert code == 1
    assert said["error"]["code"] == "mapping_malformed"  # type: ignore[index]


def test_an_import_that_is_not_ready_says_so_on_its_page(world: World) -> None:
    path = world.url(f"/imports/{_job_id(_post_file(world, GOOD))}")
    early = world.client().post(f"{path}/application", data={"totals_confirmed": "1"})
    assert early.status_code == 422
    assert "This import is not ready to be applied." in early.text
    assert posted_documents(world) == {}
