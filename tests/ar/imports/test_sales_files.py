"""Orders, deliveries and sign-offs of another system: what is 60 stays 60, and no hold is passed in silence."""

from __future__ import annotations

from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.credit.rules.exposure import Parts
from ar.customers.file.models import BlacklistEntry
from ar.imports import commands
from ar.imports.columns import FileKind
from ar.imports.inputs import ImportFile, Report
from ar.imports.pipeline import run_import
from ar.sales.models import Delivery, Order, OrderDecision
from kernel.errors import Conflict
from kernel.ids import new_id
from kernel.sheets.mapping import ColumnMapping
from tests.ar.imports.files import TODAY, csv_file, error_codes
from tests.support.world import World

LIMITS = "customer_no,currency,limit,term_days,valid_from,valid_to,grade,reason"
ORDERS = "order_no,customer_no,order_date,currency,term_days,line_no,product,quantity,unit,unit_price,tax_rate"
DELIVERIES = "delivery_no,order_no,shipped_on,mode,line_no,quantity"
SIGN_OFFS = "delivery_no,signed_on,signed_by"

ORDER = csv_file(ORDERS, "SO-1,C1,2026-11-02,CNY,30,1,Speaker,6,pc,10.00,13%")
DELIVERY = csv_file(DELIVERIES, "DN-1,SO-1,2026-11-05,,1,6")
SIGNED = csv_file(SIGN_OFFS, "DN-1,2026-11-08,王敏")


def run(world: World, kind: FileKind, content: bytes, *, apply: bool = True) -> tuple[UUID | None, Report]:
    """Imports a file as the command line does; returns the import and its report."""
    world.today = TODAY
    with world.transaction() as db:
        return commands.import_now(db, world.actor(TODAY), ImportFile(kind, "file.csv", content, ColumnMapping()))


def undo(world: World, job_id: UUID | None) -> int:
    assert job_id is not None
    with world.transaction() as db:
        return commands.undo_now(db, world.actor(TODAY), job_id)


def parts(world: World, customer: str = "C1") -> Parts:
    found = world.credit_account(world.customer_id(customer)).parts
    assert found is not None
    return found


def warned(report: Report) -> list[str]:
    return [warning.code for warning in report.warnings]


def test_60_stays_60_from_order_to_delivery_to_sign_off(world: World) -> None:
    world.debtor("C1")
    _job, report = run(world, "orders", ORDER)
    assert (report.errors, report.created, report.currency_totals()) == ([], 1, [("CNY", 6000)])
    assert parts(world) == Parts(released_orders_minor=6000)
    _job, report = run(world, "deliveries", DELIVERY)
    assert (report.errors, report.created, report.currency_totals()) == ([], 1, [("CNY", 6000)])
    assert parts(world) == Parts(shipped_not_signed_minor=6000)
    _job, report = run(world, "sign-offs", SIGNED)
    assert (report.errors, report.created, report.currency_totals()) == ([], 1, [("CNY", 6000)])
    assert parts(world) == Parts(signed_not_invoiced_minor=6000)
    for kind, content in (("orders", ORDER), ("deliveries", DELIVERY), ("sign-offs", SIGNED)):
        _job, report = run(world, kind, content)  # type: ignore[arg-type]
        assert (report.errors, report.created, report.unchanged) == ([], 0, 1), kind


def test_a_check_writes_nothing_and_says_what_applying_says(world: World) -> None:
    world.debtor("C1")
    with world.transaction() as db:
        seen = run_import(db, world.actor(TODAY), ImportFile("orders", "f.csv", ORDER, ColumnMapping()), apply=False)
    assert world.count_rows(Order) == 0
    _job, report = run(world, "orders", ORDER)
    assert (seen.created, seen.warnings, seen.totals) == (report.created, report.warnings, report.totals)


def test_what_the_checks_would_hold_comes_in_with_a_warning_and_a_flag(world: World) -> None:
    world.debtor("C1")
    _job, report = run(world, "orders", ORDER)
    assert warned(report) == ["order_would_be_held"]
    with world.reading() as db:
        d = OrderDecision
        rows = db.execute(sa.select(d.decision, d.reasons).where(d.tenant_id == world.tenant_id)).all()
    assert [row.decision for row in rows] == ["held"]
    assert "no_limit" in {reason["code"] for reason in rows[0].reasons}
    _job, report = run(world, "deliveries", csv_file(DELIVERIES, "DN-1,SO-1,2026-11-05,carrier,1,7"))
    assert warned(report) == ["delivery_would_be_held"]
    with world.reading() as db:
        n = Delivery
        note = db.execute(sa.select(n.state, n.is_history, n.held_codes).where(n.tenant_id == world.tenant_id)).one()
    assert (note.state, note.is_history) == ("shipped", True)
    assert {"no_limit", "quantity"} <= set(note.held_codes)


def test_an_order_of_a_blacklisted_customer_is_refused(world: World) -> None:
    customer_id = world.debtor("C1")
    with world.transaction() as db:
        db.execute(
            sa.insert(BlacklistEntry).values(
                tenant_id=world.tenant_id,
                id=new_id(),
                customer_id=customer_id,
                state="listed",
                reason="fraud",
                proposed_by="林晓",
                proposed_at=world.actor(TODAY).now,
                listed_at=world.actor(TODAY).now,
            )
        )
    _job, report = run(world, "orders", ORDER)
    assert error_codes(report) == [(2, "customer_no", "customer_blacklisted")]
    assert world.count_rows(Order) == 0


@pytest.mark.parametrize(
    ("kind", "rows", "errors"),
    [
        ("orders", ["SO-2,C9,2026-11-02,CNY,30,1,A,1,,1,"], [(2, "customer_no", "customer_unknown")]),
        ("orders", ["SO-2,C1,2026-11-02,CNY,30,1,A,0,,1,"], [(2, "quantity", "quantity_not_positive")]),
        ("orders", ["SO-2,C1,2026-11-02,CNY,30,1,A,1,,-1,"], [(2, "unit_price", "not_a_quantity")]),
        ("orders", ["SO-2,C1,2026-11-02,CNY,30,1,A,1,,1.0000001,"], [(2, "unit_price", "too_many_places")]),
        ("orders", ["SO-2,C1,2026-11-02,CNY,30,x,A,1,,1,"], [(2, "line_no", "not_a_line_no")]),
        ("orders", ["SO-2,C1,2026-11-02,CNY,30,1,,1,,1,"], [(2, "product", "value_missing")]),
        ("orders", ["SO-2,C1,2026-11-02,CNY,30,1,A,1,,1,much"], [(2, "tax_rate", "not_a_quantity")]),
        ("orders", ['SO-2,C1,2026-11-02,CNY,30,1,A,"1,234",,1,'], [(2, "quantity", "ambiguous_amount")]),
        (
            "orders",
            ["SO-2,C1,2026-11-02,CNY,30,1,A,1,,1,", "SO-2,C1,2026-11-02,CNY,30,1,B,1,,1,"],
            [(3, "line_no", "duplicate_in_file")],
        ),
        (
            "orders",
            ["SO-2,C1,2026-11-02,CNY,30,1,A,1,,1,", "SO-2,C1,2026-11-02,USD,30,2,B,1,,1,"],
            [(3, "currency", "paper_differs")],
        ),
        ("orders", ["SO-1,C1,2026-11-02,CNY,30,1,Speaker,7,pc,10,13"], [(2, "quantity", "paper_stands")]),
        ("deliveries", ["DN-2,SO-9,2026-11-05,,1,1"], [(2, "order_no", "order_unknown")]),
        ("deliveries", ["DN-2,SO-1,2026-11-05,,2,1"], [(2, "line_no", "paper_has_no_line")]),
        ("deliveries", ["DN-2,SO-1,2026-11-22,,1,1"], [(2, "shipped_on", "not_yet")]),
        ("deliveries", ["DN-2,SO-1,2026-11-05,pigeon,1,1"], [(2, "mode", "unknown_mode")]),
        (
            "deliveries",
            ["DN-2,SO-1,2026-11-05,,1,1", "DN-2,SO-1,2026-11-06,,1,1"],
            [(3, "shipped_on", "paper_differs")],
        ),
        ("sign-offs", ["DN-9,2026-11-08,王敏"], [(2, "delivery_no", "delivery_unknown")]),
        ("sign-offs", ["DN-1,2026-11-04,王敏"], [(2, "signed_on", "signed_before_shipped")]),
        ("sign-offs", ["DN-1,2026-11-08,"], [(2, "signed_by", "value_missing")]),
        ("sign-offs", ["DN-1,2026-11-08,--"], [(2, "signed_by", "name_illegible")]),
    ],
)
def test_errors_name_row_and_column(
    world: World, kind: FileKind, rows: list[str], errors: list[tuple[int, str, str]]
) -> None:
    world.debtor("C1")
    run(world, "orders", ORDER)
    run(world, "deliveries", DELIVERY)
    headers = {"orders": ORDERS, "deliveries": DELIVERIES, "sign-offs": SIGN_OFFS}[kind]
    _job, report = run(world, kind, csv_file(headers, *rows))
    assert error_codes(report) == errors


def test_a_note_may_list_a_line_twice_and_both_count(world: World) -> None:
    world.debtor("C1")
    run(world, "orders", ORDER)
    rows = ["DN-1,SO-1,2026-11-05,自提,1,2", "DN-1,SO-1,2026-11-05,自提,1,1.5"]
    _job, report = run(world, "deliveries", csv_file(DELIVERIES, *rows))
    assert (report.errors, report.created) == ([], 1)
    assert parts(world) == Parts(released_orders_minor=2500, shipped_not_signed_minor=3500)


def test_imports_are_undone_from_the_last_to_the_first(world: World) -> None:
    world.debtor("C1")
    jobs = [
        run(world, "orders", ORDER)[0],
        run(world, "deliveries", DELIVERY)[0],
        run(world, "sign-offs", SIGNED)[0],
    ]
    for job_id in jobs[:2]:
        with pytest.raises(Conflict, match="import_depended_on"):
            undo(world, job_id)
    for job_id in reversed(jobs):
        assert undo(world, job_id) == 1
    assert parts(world) == Parts()
    for kind, content in (("orders", ORDER), ("deliveries", DELIVERY), ("sign-offs", SIGNED)):
        _job, report = run(world, kind, content)  # type: ignore[arg-type]
        assert (report.errors, report.created) == ([], 1), kind
    assert parts(world) == Parts(signed_not_invoiced_minor=6000)


def test_chinese_headers_and_words_are_read(world: World) -> None:
    world.debtor("C1")
    orders = csv_file(
        "订单号,客户编码,订单日期,币种,信用期限,行号,品名,数量,单位,含税单价,税率",
        "SO-1,C1,2026-11-02,人民币,30天,1,音箱,6,台,10,0.13",
    )
    assert run(world, "orders", orders)[1].errors == []
    notes = csv_file("送货单号,订单号,发货日期,送货方式,行号,数量", "DN-1,SO-1,2026-11-05,物流,1,6")
    assert run(world, "deliveries", notes)[1].errors == []
    signed = csv_file("送货单号,签收日期,签收人", "DN-1,2026-11-08,王敏")
    assert run(world, "sign-offs", signed)[1].errors == []
    assert parts(world) == Parts(signed_not_invoiced_minor=6000)


@pytest.mark.parametrize("kind", ["limits", "orders", "deliveries", "sign-offs"])
def test_the_pages_of_an_import_say_what_came_in(world: World, kind: FileKind) -> None:
    world.debtor("C1")
    files = {
        "limits": csv_file(LIMITS, "C1,CNY,1000,30,2026-01-01,,A,"),
        "orders": ORDER,
        "deliveries": DELIVERY,
        "sign-offs": SIGNED,
    }
    jobs = {}
    for name, content in files.items():
        jobs[name] = run(world, name, content)[0]  # type: ignore[arg-type]
        if name == kind:
            break
    page = world.client().get(world.url(f"/imports/{jobs[kind]}"))
    assert page.status_code == 200
    assert "Applied" in page.text
    assert world.client().get(world.url("/imports/")).status_code == 200
