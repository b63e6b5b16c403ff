"""What is written off in our books is still owed: the debtor is stated the claim, never our write-off (R234, F5)."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.ledger.commands import NewItem, post_items
from ar.statements.checks import statement_checks
from ar.statements.models import Statement, StatementLine
from tests.ar.statements.debtors import xinsheng
from tests.support.world import TODAY, World

PERIOD = (TODAY.replace(day=1), TODAY)


@pytest.fixture
def customer(world: World) -> UUID:
    return xinsheng(world, "0001")


def stated(world: World, customer: UUID, period: tuple[date, date] = PERIOD) -> tuple[int, list[tuple[str, str, int]]]:
    """Issues a statement; returns its closing balance and its lines as (part, document, signed amount)."""
    issued = world.on(period[1]).statement(customer, period=period, send=False)
    s, line = Statement, StatementLine
    with world.reading() as db:
        closing = db.execute(
            sa.select(s.closing_minor).where(s.tenant_id == world.tenant_id, s.id == issued.statement_id)
        ).scalar_one()
        rows = db.execute(
            sa.select(line.part, line.document_no, line.debit_minor - line.credit_minor)
            .where(line.tenant_id == world.tenant_id, line.statement_id == issued.statement_id)
            .order_by(line.part, line.position)
        ).all()
        assert [check.name for check in statement_checks(db, world.tenant_id) if not check.ok] == []
    return closing, [(part, document, minor) for part, document, minor in rows]


def test_a_debt_of_600_that_was_written_off_is_stated_as_owed(world: World, customer: UUID) -> None:
    world.bad_debt(customer, world.late_invoice(customer, number="INV-1", minor=600_00, days_late=400))
    assert stated(world, customer) == (600_00, [("open", "INV-1", 600_00)])


def test_a_part_written_off_leaves_the_whole_claim(world: World, customer: UUID) -> None:
    debt = world.late_invoice(customer, number="INV-1", minor=600_00, days_late=400)
    world.bad_debt(customer, debt, amounts={debt: "250.00"})
    assert stated(world, customer) == (600_00, [("open", "INV-1", 600_00)])


def test_what_was_recovered_since_is_stated_as_paid(world: World, customer: UUID) -> None:
    case = world.bad_debt(customer, world.late_invoice(customer, number="INV-1", minor=600_00, days_late=400))
    recovery = world.recover_money(case, "200.00")
    closing, lines = stated(world, customer, (date(TODAY.year, 1, 1), TODAY))
    assert closing == 400_00
    assert sum(minor for part, _document, minor in lines if part == "open") == 400_00
    assert [minor for part, _document, minor in lines if part == "movement"] == [-200_00]
    world.reverse_recovery(recovery)
    assert stated(world, customer)[0] == 400_00, "the money stays, as an unapplied credit"


def test_a_write_off_taken_back_changes_nothing_for_the_debtor(world: World, customer: UUID) -> None:
    case = world.bad_debt(customer, world.late_invoice(customer, number="INV-1", minor=600_00, days_late=400))
    world.reverse_bad_debt(case)
    assert stated(world, customer) == (600_00, [("open", "INV-1", 600_00)])


def test_the_opening_balance_of_a_later_month_still_has_it(world: World, customer: UUID) -> None:
    world.bad_debt(customer, world.late_invoice(customer, number="INV-1", minor=600_00, days_late=400))
    first = (PERIOD[1] + timedelta(days=32)).replace(day=1)
    later = world.on(first + timedelta(days=9))
    later.invoice(customer, number="INV-2", on=first, minor=100_00)
    assert stated(later, customer, (first, first + timedelta(days=9)))[0] == 700_00


def test_two_instalments_are_stated_under_their_own_names(world: World, customer: UUID) -> None:
    parts = [
        NewItem(customer, "invoice", "INV-7", PERIOD[0], due, due, "CNY", 50_00, instalment_no=n)
        for n, due in ((1, TODAY + timedelta(days=10)), (2, TODAY + timedelta(days=40)))
    ]
    with world.transaction() as db:
        post_items(db, world.actor(TODAY), parts)
    named = {"INV-7 (1/2)", "INV-7 (2/2)"}
    _closing, lines = stated(world, customer)
    assert {document for part, document, _minor in lines if part == "movement"} == named
    assert {document for part, document, _minor in lines if part == "open"} == named
