"""A file whose columns nobody knows: asked about on a page, remembered for its source, applied, listed, undone."""

from __future__ import annotations

import io
import json
from datetime import date, datetime
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from click.testing import CliRunner

from app.cli import main
from ar.customers.queries import find_numbers
from ar.ledger.closing.commands import lock_through
from ar.ledger.models import OpenItem
from tests.ar.imports.files import (
    GOOD,
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
)
from tests.support.world import World

ODD = csv_file(
    "Kd-Nr;Firma Text;Vorgang;Sorte;Tag;Wert",
    "0017;Müller;A-1;RX;05.03.2026;1.234,56",
    "0017;Müller;A-2;GX;06.03.2026;34,56",
    "Summe;;;;;1.269,12",
    "Erstellt von: Anna;;;;;",
    encoding="cp1252",
)
ANSWER = {
    "column-0": "customer_no",
    "column-1": "customer_name",
    "column-2": "document_no",
    "column-3": "kind",
    "column-4": "document_date",
    "column-5": "amount",
    "kindsword-0": "RX",
    "kinds-0": "invoice",
    "kindsword-1": "GX",
    "kinds-1": "credit_note",
    "constant-currency": "EUR",
    "decimal_mark": ",",
    "date_order": "dmy",
    "rounding": "refuse",
    "remember": "1",
    "name": "Old system",
    "do": "check",
}


def _upload(world: World, content: bytes) -> str:
    data = {"kind": "open-items", "file": (io.BytesIO(content), "alt.csv")}
    answer = world.client().post(world.url("/imports/"), data=data, content_type="multipart/form-data")
    do_last_message(world, "imports.check")
    return str(answer.headers["Location"])


def _id(path: str) -> UUID:
    return UUID(path.rstrip("/").rsplit("/", 1)[1])


def test_unknown_columns_are_asked_for_and_remembered_for_the_source(world: World) -> None:
    client = world.client()
    path = _upload(world, ODD)
    assert job_page(world, _id(path)).state == "asking"
    assert f"{path}/mapping" in client.get(path).text
    page = client.get(f"{path}/mapping").text
    for shown in ("Kd-Nr", "Vorgang", "1.234,56", "Passed over: totals", "Erstellt von: Anna"):
        assert shown in page
    assert page.count('name="column-') == 6
    assert client.post(f"{path}/mapping", data=ANSWER).status_code == 303
    do_last_message(world, "imports.check")
    job = job_page(world, _id(path))
    assert (job.state, job.report.errors) == ("checked", [])
    assert client.post(f"{path}/application", data={"totals_confirmed": "1"}).status_code == 303
    do_last_message(world, "imports.apply")
    found = {number: (kind, amount) for number, (kind, _due, amount, _open, _on) in posted_documents(world).items()}
    assert found == {"A-1": ("invoice", 123456), "A-2": ("credit_note", 3456)}
    again = _upload(world, ODD.replace(b"A-1", b"B-1").replace(b"A-2", b"B-2"))
    job = job_page(world, _id(again))
    assert (job.state, job.report.origin, job.report.created) == ("checked", "remembered", 2)


def test_one_column_chosen_twice_is_said_at_its_field_and_nothing_typed_is_lost(world: World) -> None:
    client = world.client()
    path = _upload(world, ODD)
    wrong = {**ANSWER, "column-1": "customer_no", "skip_rows": "x", "name": "Mine"}
    answer = client.post(f"{path}/mapping", data=wrong)
    assert answer.status_code == 422
    assert "Two columns cannot be the same." in answer.text
    assert "Enter row numbers such as 5, 12-14." in answer.text
    assert 'value="Mine"' in answer.text
    assert 'value="x"' in answer.text
    assert job_page(world, _id(path)).state == "asking"


def test_the_mapping_of_a_known_file_can_be_changed_and_looked_at_first(world: World) -> None:
    job_id = upload_file(world, GOOD)
    do_last_message(world, "imports.check")
    client = world.client()
    path = world.url(f"/imports/{job_id}")
    assert f"{path}/mapping" in client.get(path).text
    columns = {f"column-{place}": name for place, name in enumerate(ITEM_HEADERS.split(","))}
    look = {**columns, "do": "look", "rounding": "refuse", "skip_rows": "3"}
    assert client.post(f"{path}/mapping", data=look).status_code == 303
    do_last_message(world, "imports.check")
    assert job_page(world, job_id).state == "asking"
    assert client.post(f"{path}/mapping", data={**look, "do": "check"}).status_code == 303
    do_last_message(world, "imports.check")
    job = job_page(world, job_id)
    assert (job.state, job.report.created, [g.code for g in job.report.passed_over]) == ("checked", 1, ["asked"])


def test_what_lies_in_the_locked_period_is_said_row_by_row_and_can_be_posted_as_an_opening(world: World) -> None:
    rows = [
        "001,A,I-1,invoice,2026-08-01,2026-08-31,CNY,5",
        "001,A,C-1,credit_note,2026-08-02,,CNY,2",
        "001,A,I-2,invoice,2026-11-01,2026-11-30,CNY,7",
    ]
    content = csv_file(ITEM_HEADERS, *rows)
    with world.transaction() as db:
        lock_through(db, world.actor(), date(2026, 10, 31))
    job_id = upload_file(world, content)
    do_last_message(world, "imports.check")
    job = job_page(world, job_id)
    assert job.state == "refused"
    assert [(e.row, e.column, e.code) for e in job.report.errors] == [
        (2, "document_date", "locked_period"),
        (3, "document_date", "locked_period"),
    ]
    client = world.client()
    path = world.url(f"/imports/{job_id}")
    assert "2026-11-01" in client.get(path).text
    assert client.post(f"{path}/openings").status_code == 303
    do_last_message(world, "imports.check")
    client.post(f"{path}/application", data={"totals_confirmed": "1"})
    do_last_message(world, "imports.apply")
    found = posted_documents(world)
    assert {number: (each[0], str(each[1])) for number, each in found.items()} == {
        "I-1": ("opening", "2026-08-31"),
        "C-1": ("credit_note", "2026-11-01"),
        "I-2": ("invoice", "2026-11-30"),
    }
    again = upload_file(world, content)
    do_last_message(world, "imports.check")
    client.post(world.url(f"/imports/{again}/openings"))
    do_last_message(world, "imports.check")
    assert (job_page(world, again).report.created, job_page(world, again).report.unchanged) == (0, 3)


def test_a_receipt_of_the_locked_period_keeps_its_day_and_is_posted_on_the_first_open_one(world: World) -> None:
    import_file(world, "open-items", csv_file(ITEM_HEADERS, "001,A,I-1,invoice,2026-09-01,2026-09-30,CNY,1000"))
    with world.transaction() as db:
        lock_through(db, world.actor(), date(2026, 10, 31))
    content = csv_file(RECEIPT_HEADERS, "001,RC-1,2026-10-02,CNY,1000,I-1")
    checked = import_file(world, "receipts", content, apply=False)
    assert [(each.code, each.params["open_from"]) for each in checked.warnings] == [("came_before_lock", "2026-11-01")]
    assert import_file(world, "receipts", content).errors == []
    i = OpenItem
    with world.reading() as db:
        where = (i.tenant_id == world.tenant_id, i.document_no == "RC-1")
        posted = db.execute(sa.select(i.document_on, i.came_on, i.open_minor).where(*where)).one()
    assert tuple(posted) == (date(2026, 11, 1), date(2026, 10, 2), 0)
    again = import_file(world, "receipts", content)
    assert (again.created, again.unchanged, again.errors) == (0, 1, [])


def test_a_receipt_waits_while_the_books_are_locked_beyond_today(world: World) -> None:
    world.customer("001", "A")
    with world.transaction() as db:
        lock_through(db, world.actor(TODAY), TODAY)
    report = import_file(world, "receipts", csv_file(RECEIPT_HEADERS, "001,RC-1,2026-10-02,CNY,1000,"))
    assert error_codes(report) == [(2, "received_on", "no_open_day")]


def _run(*args: str) -> tuple[int, dict[str, object]]:
    from ar.imports.cli import group

    done = CliRunner().invoke(group, [*args, "--json"])
    return done.exit_code, json.loads(done.stdout)


def test_an_import_is_listed_and_undone_while_nothing_depends_on_it(world: World, tmp_path: Path) -> None:
    items, receipts = tmp_path / "items.csv", tmp_path / "receipts.csv"
    items.write_bytes(GOOD)
    receipts.write_bytes(csv_file(RECEIPT_HEADERS, "001,RC-1,2026-10-05,CNY,10,INV-1"))
    for kind, file in (("open-items", items), ("receipts", receipts)):
        assert _run(kind, str(file), "--tenant", world.slug)[0] == 0
    listed = _run("list", "--tenant", world.slug)[1]["imports"]
    assert isinstance(listed, list)
    second, first = listed
    moment = datetime.fromisoformat(str(first["at"])).astimezone(ZoneInfo("Asia/Shanghai"))
    text = CliRunner().invoke(main, ["import", "list", "--tenant", world.slug]).output
    assert f"{moment:%Y-%m-%d %H:%M}  已应用  未清单据  items.csv" in text  # the company's time, in its words
    assert (first["kind"], first["state"], first["created"], first["totals"]) == (
        "open-items",
        "applied",
        2,
        [{"currency": "CNY", "amount_minor": 3000}],
    )
    code, said = _run("undo", first["id"], "--tenant", world.slug)
    assert code == 1
    assert said["error"]["code"] == "import_depended_on"  # type: ignore[index]
    assert "RC-1" in said["error"]["message"]  # type: ignore[index]
    assert _run("undo", second["id"], "--tenant", world.slug) == (0, {"import": second["id"], "reversed": 1})
    assert _run("undo", second["id"], "--tenant", world.slug)[0] == 1
    path = world.url(f"/imports/{first['id']}")
    client = world.client()
    assert "Undo the import" in client.get(path).text
    assert client.post(f"{path}/undo").status_code == 303
    do_last_message(world, "imports.undo")
    assert job_page(world, UUID(str(first["id"]))).state == "undone"
    assert all(each[3] == 0 for each in posted_documents(world).values())
    assert "Undone" in client.get(world.url("/imports/")).text


def test_customers_that_an_import_changed_are_put_back(world: World, tmp_path: Path) -> None:
    import_file(world, "customers", csv_file("customer_no,name,term_days", "1,A,30"))
    file = tmp_path / "customers.csv"
    file.write_bytes(csv_file("customer_no,name,term_days", "1,B,60", "2,New,30"))
    assert _run("customers", str(file), "--tenant", world.slug)[0] == 0
    (listed,) = _run("list", "--tenant", world.slug)[1]["imports"]  # type: ignore[misc]
    assert _run("undo", listed["id"], "--tenant", world.slug)[0] == 0  # type: ignore[index]
    with world.reading() as db:
        assert find_numbers(db, world.tenant_id, ["1"])["1"].name == "A"


def test_a_salesperson_is_matched_by_name_and_else_listed(world: World) -> None:
    rows = ["1,A,Owner", "2,B,Nobody Known", "3,C,Nobody Known"]
    with world.reading() as db:
        from tenants.queries import members

        name = members(db, world.tenant_id)[0].name
    report = import_file(
        world, "customers", csv_file("客户编码,客户名称,业务员", *rows).replace(b"Owner", name.encode())
    )
    assert [(group.code, group.findings, group.rows) for group in report.warning_groups] == [
        ("owner_not_found", 2, [3, 4])
    ]
