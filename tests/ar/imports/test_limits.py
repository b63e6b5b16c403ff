"""Limits of another system come in as taken over: they count at once, and one act of the general manager approves."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from ar.credit.lookups import customer_accounts, not_yet_approved
from ar.credit.rules.exposure import LimitOnDay
from ar.credit.rules.policy import DEFAULT_POLICY
from ar.imports import commands
from ar.imports.columns import FileKind
from ar.imports.inputs import ImportFile, Report
from kernel.errors import Conflict
from kernel.sheets.mapping import ColumnMapping
from tenants.approvals.engine import decide
from tenants.approvals.queries import of_subject
from tests.ar.imports.files import TODAY, csv_file, error_codes
from tests.support.approvals import person
from tests.support.world import World

HEADERS = "customer_no,currency,limit,term_days,valid_from,valid_to,grade,reason"


def run(world: World, kind: FileKind, content: bytes) -> tuple[UUID | None, Report]:
    """Imports a file as the command line does; returns the import and its report."""
    with world.transaction() as db:
        return commands.import_now(db, world.actor(TODAY), ImportFile(kind, "file.csv", content, ColumnMapping()))


def limit_of(world: World, customer: str, on: date = TODAY) -> LimitOnDay:
    customer_id = world.customer_id(customer)
    with world.reading() as db:
        return customer_accounts(db, world.tenant_id, [customer_id], DEFAULT_POLICY, today=on).own[customer_id].limit


def test_absent_zero_and_unlimited_come_in_as_three_things(world: World) -> None:
    for number in ("C1", "C2", "C3", "C4"):
        world.debtor(number)
    rows = [
        "C1,CNY,1000.00,30,2026-01-01,,A,",
        "C2,CNY,0,,2026-01-01,,,",
        "C3,CNY,无限,,2026-01-01,,,",
        "C4,CNY,,,2026-01-01,,,",
    ]
    _job, report = run(world, "limits", csv_file(HEADERS, *rows))
    assert (report.errors, report.created, report.skipped) == ([], 3, 1)
    assert report.currency_totals() == [("CNY", 100_000)]
    first = limit_of(world, "C1")
    assert (first.total_minor, first.term_days, first.grade) == (100_000, 30, "A")
    assert (limit_of(world, "C2").total_minor, limit_of(world, "C2").is_absent) == (0, False)
    assert limit_of(world, "C3").unlimited
    assert limit_of(world, "C4").is_absent
    _again, same = run(world, "limits", csv_file(HEADERS, *rows))
    assert (same.errors, same.created, same.unchanged) == ([], 0, 3)


def test_a_later_limit_ends_the_earlier_one_in_one_file_or_in_two(world: World) -> None:
    world.debtor("C1")
    _job, report = run(
        world, "limits", csv_file(HEADERS, "C1,CNY,1000,,2026-03-01,,,", "C1,CNY,800,,2026-03-15,2026-10-31,,")
    )
    assert (report.errors, report.created) == ([], 2)
    assert [limit_of(world, "C1", date(2026, 3, day)).total_minor for day in (1, 14, 15)] == [100_000, 100_000, 80_000]
    _next, report = run(world, "limits", csv_file(HEADERS, "C1,CNY,900,,2026-06-01,,,"))
    assert report.errors == []
    assert [limit_of(world, "C1", date(2026, month, 1)).total_minor for month in (5, 6, 11)] == [80_000, 90_000, 90_000]


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        ("C9,CNY,1,,2026-01-01,,,", "customer_no", "customer_unknown"),
        ("C1,XXQ,1,,2026-01-01,,,", "currency", "unknown_currency"),
        ("C1,CNY,-1,,2026-01-01,,,", "limit", "limit_negative"),
        ("C1,CNY,much,,2026-01-01,,,", "limit", "not_a_number"),
        ("C1,CNY,1.005,,2026-01-01,,,", "limit", "too_many_decimals"),
        ("C1,CNY,1,soon,2026-01-01,,,", "term_days", "not_whole_number"),
        ("C1,CNY,1,,,,,", "valid_from", "value_missing"),
        ("C1,CNY,1,,2026-02-30,,,", "valid_from", "no_such_day"),
        ("C1,CNY,1,,2026-02-01,2026-01-31,,", "valid_to", "ends_before_it_begins"),
        ("C1,CNY,1,,2026-01-01,,E,", "grade", "unknown_grade"),
    ],
)
def test_errors_of_limits(world: World, row: str, column: str, code: str) -> None:
    world.debtor("C1")
    _job, report = run(world, "limits", csv_file(HEADERS, row))
    assert error_codes(report) == [(2, column, code)]


def test_one_granted_here_is_never_replaced_by_a_file(world: World) -> None:
    world.limit(world.debtor("C1"), 50_000)
    _job, report = run(world, "limits", csv_file(HEADERS, "C1,CNY,9999,,2026-06-01,,,"))
    assert error_codes(report) == [(2, "limit", "limit_granted")]
    _job, report = run(world, "limits", csv_file(HEADERS, "C1,CNY,,,2026-06-01,,,"))
    assert error_codes(report) == [(2, "limit", "limit_stands")]
    assert limit_of(world, "C1").total_minor == 50_000


@pytest.mark.parametrize("approve", [True, False])
def test_one_act_of_the_general_manager_decides_on_all_of_an_import(world: World, approve: bool) -> None:
    customers = [world.debtor("C1"), world.debtor("C2")]
    boss = person(world, "general_manager", today=TODAY)
    job_id, _report = run(world, "limits", csv_file(HEADERS, "C1,CNY,10,,2026-01-01,,,", "C2,CNY,20,,2027-01-01,,,"))
    assert job_id is not None
    with world.reading() as db:
        assert len(not_yet_approved(db, world.tenant_id, customers)) == 2
        (asked,) = of_subject(db, world.tenant_id, job_id)
    assert limit_of(world, "C1").total_minor == 1_000
    with world.transaction() as db:
        decide(db, boss, asked.id, approve=approve, reason="as agreed")
    with world.reading() as db:
        assert not_yet_approved(db, world.tenant_id, customers) == set()
    assert limit_of(world, "C1").is_absent is not approve
    assert limit_of(world, "C2", date(2027, 1, 1)).is_absent is not approve


def test_an_undone_import_lets_the_limit_before_count_again(world: World) -> None:
    world.debtor("C1")
    run(world, "limits", csv_file(HEADERS, "C1,CNY,1000,,2026-03-01,,,"))
    job_id, _report = run(world, "limits", csv_file(HEADERS, "C1,CNY,800,,2026-06-01,,,"))
    assert job_id is not None
    with world.transaction() as db:
        assert commands.undo_now(db, world.actor(TODAY), job_id) == 1
    assert [limit_of(world, "C1", date(2026, month, 1)).total_minor for month in (5, 6, 11)] == [100_000] * 3
    _again, report = run(world, "limits", csv_file(HEADERS, "C1,CNY,700,,2026-06-01,,,"))
    assert (report.errors, report.created) == ([], 1)
    assert limit_of(world, "C1").total_minor == 70_000


def test_an_import_that_a_later_limit_followed_is_not_undone(world: World) -> None:
    world.debtor("C1")
    job_id, _report = run(world, "limits", csv_file(HEADERS, "C1,CNY,1000,,2026-03-01,,,"))
    run(world, "limits", csv_file(HEADERS, "C1,CNY,800,,2026-06-01,,,"))
    assert job_id is not None
    with pytest.raises(Conflict, match="import_depended_on"), world.transaction() as db:
        commands.undo_now(db, world.actor(TODAY), job_id)
