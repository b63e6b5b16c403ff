"""Shipped notes that have not come back signed: the list of any day, Monday's mail, reasons and measures."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from app.dispatcher import Clock
from ar.sales.deliveries.unsigned.commands import choose_measure, explain_unsigned
from ar.sales.deliveries.unsigned.inputs import ChooseMeasure, ExplainUnsigned
from ar.sales.deliveries.unsigned.jobs import SEND_LIST, send_list
from ar.sales.deliveries.unsigned.mails import LIST, MEASURE, still_reads
from ar.sales.deliveries.unsigned.queries import UnsignedNote, age_bands, unsigned_notes
from kernel.clock import fixed_clock, moment_on
from kernel.errors import RuleBroken
from kernel.mail import MailMessage
from kernel.outbox import OutboxMessage
from tenants.models import User
from tests.ar.sales.deliveries.test_shipping import hold as stop
from tests.support.approvals import person
from tests.support.world import World

MONDAY = date(2026, 11, 16)
HOLIDAY = date(2026, 10, 5)  # a Monday in the week of the national holiday
BACK_AT_WORK = date(2026, 10, 8)
TEN = ("阀门", "10", "100.00")


@pytest.fixture(name="customer")
def customer_with_limit(world: World) -> UUID:
    customer = world.customer()
    world.complete_file(customer, date(2026, 1, 1))
    world.limit(customer, 100_000_00)
    return customer


def out(world: World, as_of: date) -> list[UnsignedNote]:
    with world.reading() as db:
        return unsigned_notes(db, world.tenant_id, as_of, today=world.today)


def run_list(world: World, on: date, at: time) -> list[MailMessage]:
    """Runs the job of the day's week at an hour; returns the mails of the list so far."""
    with fixed_clock(moment_on(on, world.timezone, at)), world.transaction() as db:
        send_list(db, replace(world.actor(on), now=moment_on(on, world.timezone, at)), _week(on))
        found = sa.select(MailMessage).where(MailMessage.tenant_id == world.tenant_id, MailMessage.purpose == LIST)
        return list(db.execute(found.order_by(MailMessage.to_address)).scalars())


def _week(on: date) -> dict[str, str]:
    return {"period": f"{on:%G-W%V}"}


def test_nothing_filters_the_list(world: World, customer: UUID) -> None:
    early = world.on(MONDAY - timedelta(days=3))
    blocked = early.shipped_note(early.released_order(customer, TEN))
    closed_order = early.released_order(customer, TEN)
    closed = early.shipped_note(closed_order, (1, "4"))
    early.close_short(closed_order)
    empty_pad = early.shipped_note(early.released_order(customer, TEN))
    with pytest.raises(RuleBroken):
        early.sign(empty_pad, channel="driver", signed_by="", strokes="[[[1, 1]]]", file=None)
    stop(early, customer)
    monday = world.on(MONDAY)
    assert {note.delivery_id for note in out(monday, MONDAY)} == {blocked, closed, empty_pad}
    assert monday.exposed(customer)[1] == 0


def test_the_list_of_a_day_is_that_days(world: World, customer: UUID) -> None:
    early = world.on(date(2026, 11, 2))
    note = early.shipped_note(early.released_order(customer, TEN))
    world.on(date(2026, 11, 10)).sign(note, (1, "8"), short="2 破损")
    world.on(date(2026, 11, 18)).sign(note)
    assert out(world, date(2026, 11, 1)) == []
    whole = out(world, date(2026, 11, 9))
    assert [(each.out_minor, each.days_out, each.is_short) for each in whole] == [(1_000_00, 7, False)]
    part = out(world, date(2026, 11, 17))
    assert [(each.out_minor, each.is_short, each.short_reason) for each in part] == [(200_00, True, "2 破损")]
    assert out(world, date(2026, 11, 18)) == []


def test_a_countered_signature_puts_the_note_back(world: World, customer: UUID) -> None:
    early = world.on(date(2026, 11, 2))
    note = early.shipped_note(early.released_order(customer, TEN))
    signed = early.sign(note)
    world.counter(signed)
    assert [each.delivery_id for each in out(world, world.today)] == [note]
    assert out(world, date(2026, 11, 10)) == []


def test_ages_are_counted_in_bands(world: World, customer: UUID) -> None:
    for days in (0, 7, 8, 15, 40):
        early = world.on(world.today - timedelta(days=days))
        early.shipped_note(early.released_order(customer, TEN))
    assert [band.count for band in age_bands(out(world, world.today))] == [2, 1, 1, 1]


def test_on_monday_at_half_past_nine_each_reader_gets_one(world: World, customer: UUID) -> None:  # R101, A22
    early = world.on(MONDAY - timedelta(days=14))
    early.shipped_note(early.released_order(customer, TEN), number="DL-OLD")
    for role in ("order_follow_up", "warehouse", "sales_manager"):
        person(world, role, today=MONDAY)
    accountant = person(world, "accountant", today=MONDAY)
    assert run_list(world, MONDAY, time(9, 29)) == []
    with world.reading() as db:
        due = sa.select(OutboxMessage.due_at).where(
            OutboxMessage.tenant_id == world.tenant_id, OutboxMessage.kind == SEND_LIST
        )
        assert db.execute(due).scalar_one() == moment_on(MONDAY, world.timezone, time(9, 30))
    mails = run_list(world, MONDAY, time(9, 30))
    assert len(mails) == 2
    for day, at in ((MONDAY, time(18)), (MONDAY + timedelta(days=2), time(10))):
        assert [mail.id for mail in run_list(world, day, at)] == [mail.id for mail in mails]
    text = mails[0].body_text
    assert "DL-OLD" in text
    assert "say why" in text or "说明" in text
    with world.transaction() as db:
        assert still_reads(db, world.actor(), mails[0]) is None
    assert {mail.to_address for mail in mails} >= {_address(world, accountant.user_id)}


def _address(world: World, user_id: UUID | None) -> str:
    with world.reading() as db:
        return db.execute(sa.select(User.email).where(User.id == user_id)).scalar_one()


def test_a_holiday_monday_goes_to_the_next_working_day(world: World, customer: UUID) -> None:  # A22
    early = world.on(date(2026, 9, 28))
    early.shipped_note(early.released_order(customer, TEN))
    person(world, "order_follow_up", today=HOLIDAY)
    assert run_list(world, HOLIDAY, time(12)) == []
    assert len(run_list(world, BACK_AT_WORK, time(9, 30))) == 1


def test_the_clock_queues_the_list_once_a_week(world: World) -> None:
    just_after_midnight = moment_on(MONDAY, world.timezone, time(0, 5))
    for _process in range(2):
        Clock().tick(just_after_midnight)
    with world.reading() as db:
        found = sa.select(sa.func.count()).where(
            OutboxMessage.tenant_id == world.tenant_id, OutboxMessage.kind == SEND_LIST
        )
        assert db.execute(found).scalar_one() == 1


def test_a_reason_and_then_a_measure_that_the_accountants_are_told(world: World, customer: UUID) -> None:  # R102
    early = world.on(world.today - timedelta(days=14))
    note = early.shipped_note(early.released_order(customer, TEN))
    person(world, "accountant")
    assert out(world, world.today)[0].waits_for == "reason"
    measure = ChooseMeasure(measure="carrier", due_on=world.today + timedelta(days=3))
    with pytest.raises(RuleBroken) as early_measure, world.transaction() as db:
        choose_measure(db, world.actor(), note, measure)
    assert early_measure.value.code == "unsigned_reason_unknown"
    with world.transaction() as db:
        explain_unsigned(db, world.actor(), note, ExplainUnsigned(reason="快递未回"))
    assert out(world, world.today)[0].waits_for == "measure"
    with world.transaction() as db:
        choose_measure(db, world.actor(), note, measure)
        told = sa.select(MailMessage).where(MailMessage.tenant_id == world.tenant_id, MailMessage.purpose == MEASURE)
        assert db.execute(told).scalars().one().subject_id == note
    shown = out(world, world.today)[0]
    assert (shown.reason, shown.measure, shown.waits_for) == ("快递未回", "carrier", "")
    world.sign(note)
    with pytest.raises(RuleBroken) as gone, world.transaction() as db:
        explain_unsigned(db, world.actor(), note, ExplainUnsigned(reason="too late"))
    assert gone.value.code == "unsigned_not_out"
