"""Simulating: the seed's dates without a single row written; and the customer's page of escalation."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from app.handlers import HANDLERS
from ar.cases.holds.queries import hold_views
from ar.cases.ladder.queries import ladder_strip
from ar.cases.queue.queries import queue_page, queue_summary
from ar.cases.runs.simulation import simulate
from ar.cases.runs.step_lines import simulated_lines
from ar.customers.lookups import find_contact
from ar.ledger.books.queries import balance_at
from ar.receipts.posting.cash_state import cash_state
from ar.statements.commands import issue_statement
from ar.statements.confirmations import answer_statement, verify_code
from ar.statements.inputs import AnswerStatement, DifferenceRow, IssueStatement
from kernel import tokens
from kernel.errors import NotFound, RuleBroken
from kernel.i18n import use_language
from kernel.ids import new_id
from kernel.outbox import OutboxMessage
from tenants.queries import work_calendar
from tests.support.postbox import Postbox
from tests.support.world import World

DUE = date(2026, 3, 31)
MONDAY = date(2026, 11, 2)


def simulated_steps(
    world: World, from_on: date, to_on: date, policy: str | None = None
) -> list[tuple[str, date, date]]:
    with world.reading() as db, use_language("en"):  # READ ONLY: the database itself refuses a write
        steps = simulate(db, world.actor(from_on), from_on, to_on, policy_code=policy)
        return [(line.step, line.nominal_on, line.runs_on) for line in simulated_lines(steps)]


def test_the_twelve_steps_on_their_nominal_days(world: World) -> None:
    """R210-R221 for an invoice due 2026-03-31; days off move only the execution."""
    world.invoice(number="A1", due_on=DUE)
    steps = simulated_steps(world, DUE, DUE + timedelta(days=240), "twelve-step")
    assert [(code, nominal.strftime("%m-%d")) for code, nominal, _runs in steps] == [
        ("remind_1", "04-01"),
        ("remind_2", "04-05"),
        ("inquiry_call", "04-09"),
        ("formal_1", "04-13"),
        ("solemn_notice", "04-17"),
        ("formal_2", "04-21"),
        ("pressure_call", "04-21"),
        ("manager_call_1", "04-24"),
        ("manager_call_2", "04-27"),
        ("final_notice", "04-30"),
        ("agency", "05-07"),
        ("litigation", "11-07"),
    ]


def test_the_five_steps_from_sixty_and_ten(world: World) -> None:
    """Testcase 43: the exact dates of the ladder, played over 120 days."""
    world.invoice(number="A1", due_on=date(2026, 6, 30), settlement_days=10)
    steps = {code: nominal for code, nominal, _runs in simulated_steps(world, date(2026, 6, 1), date(2026, 9, 29))}
    assert steps == {
        "due_notice": date(2026, 7, 11),
        "overdue_report": date(2026, 7, 15),
        "statement_confirmation": date(2026, 7, 20),
        "demand": date(2026, 7, 25),
        "general_manager": date(2026, 7, 30),
        "warning": date(2026, 8, 4),
    }


def test_a_simulation_takes_items_as_they_stood_on_its_first_day(world: World) -> None:
    item = world.invoice(number="A1", due_on=DUE)
    world.pay(item, on=date(2026, 5, 1))
    assert [code for code, *_days in simulated_steps(world, DUE, date(2026, 4, 5))] == ["due_notice"]
    assert simulated_steps(world, date(2026, 5, 2), date(2026, 6, 1)) == []


def test_a_simulation_honours_holds_and_refuses_nonsense(world: World) -> None:
    item = world.invoice(number="A1", due_on=DUE)
    world.hold(on=DUE, item=item, until_on=date(2026, 4, 20), reason="等待开票")
    assert simulated_steps(world, DUE, date(2026, 4, 22))[0] == ("due_notice", date(2026, 4, 1), date(2026, 4, 21))
    with pytest.raises(NotFound), world.reading() as db:
        simulate(db, world.actor(DUE), DUE, DUE, policy_code="no-such")
    with pytest.raises(RuleBroken), world.reading() as db:
        simulate(db, world.actor(DUE), DUE, DUE - timedelta(days=1))


def test_from_today_on_it_continues_where_the_item_stands(world: World, postbox: Postbox) -> None:
    world.invoice(number="A1", due_on=date(2026, 11, 1))
    world.work_days(MONDAY, date(2026, 11, 6))
    codes = [code for code, *_days in simulated_steps(world, date(2026, 11, 9), date(2026, 11, 30))]
    assert codes == ["statement_confirmation", "demand", "warning"]


def test_the_customers_page_shows_the_ladder_and_a_broken_promise(world: World, postbox: Postbox) -> None:
    item = world.invoice(number="A1", due_on=date(2026, 11, 1))
    world.work_days(MONDAY, date(2026, 11, 6))
    customer_id, today = world.customer_id("00001"), date(2026, 11, 9)
    world.hold(customer_id, on=today, item=item, kind="promise", until_on=date(2026, 11, 10), reason="周二付")
    world.run_day(on=date(2026, 11, 11))
    with world.reading() as db, use_language("en"):
        strip = ladder_strip(db, world.tenant_id, customer_id, date(2026, 11, 11), work_calendar(db, world.tenant_id))
        (hold,) = hold_views(db, world.tenant_id, customer_id, date(2026, 11, 13))
    assert strip is not None
    assert (strip.document_no, strip.level, strip.held) == ("A1", 2, "payment promised")
    assert [(step.label, step.state) for step in strip.steps][:4] == [
        ("Due notice", "done"),
        ("Overdue report", "done"),
        ("Statement to confirm", "now"),
        ("Demand letter", "coming"),
    ]
    assert hold.state == "broken"


def test_the_queue_groups_by_customer_and_currency_and_says_how_far_the_books_are(world: World) -> None:
    world.invoice(number="A1", due_on=date(2026, 11, 1))
    world.invoice(number="A2", due_on=date(2026, 11, 1), currency="USD")
    world.invoice("00002", number="B1", due_on=date(2026, 11, 1))
    world.receipt(number="R1", on=date(2026, 10, 30), minor=5_000)
    world.run_day(on=MONDAY)
    with world.reading() as db, use_language("en"):
        groups = queue_page(db, world.actor(MONDAY), "letters")
        summary = queue_summary(db, world.tenant_id)
        cash = cash_state(db, world.tenant_id)
    assert [(group.customer_no, group.currency) for group in groups] == [
        ("00001", "CNY"),
        ("00001", "USD"),
        ("00002", "CNY"),
    ]
    assert groups[0].actions[0].lines[0].days_overdue == 1
    assert (summary.letters, summary.to_review) == (3, 3)
    assert (cash.booked_through_on, cash.unapplied) == (date(2026, 10, 30), 1)


def test_an_answer_that_agrees_pauses_nothing(world: World) -> None:
    payload = {"statement_id": str(new_id()), "confirmation_id": str(new_id()), "outcome": "agrees"}
    with world.transaction() as db:
        HANDLERS["statements.answered"](db, world.actor(MONDAY), payload)
    assert [line.status for line in world.run_day(on=MONDAY)] == []


def test_a_debtors_difference_pauses_only_the_documents_it_names(world: World, postbox: Postbox) -> None:
    """Testcase 67: a dispute per line, the balance unchanged; the same news twice is one dispute."""
    world.invoice(number="INV-1", due_on=date(2026, 11, 1))
    world.invoice(number="INV-2", due_on=date(2026, 11, 1))
    customer_id, tenant_id = world.customer_id("00001"), world.tenant_id
    wanted = IssueStatement(
        customer_id=customer_id, currency="CNY", period_from=date(2026, 10, 1), period_to=date(2026, 10, 31), send=False
    )
    with world.transaction() as db:
        actor = world.actor(date(2026, 11, 1))
        statement_id = issue_statement(db, actor, wanted).statement_id
        contact = find_contact(db, tenant_id, customer_id, "statements")
        assert contact is not None
        _id, text = tokens.issue(
            db,
            actor,
            "statement",
            subject_id=statement_id,
            customer_id=customer_id,
            contact_id=contact.id,
            life=timedelta(days=9),
        )
        link = tokens.resolve(db, text, "statement", actor.now)
        assert link is not None
        sent = tokens.new_code(db, actor, link.id, contact.email)
        assert sent is not None
        code_id = verify_code(db, actor, link, sent[1])
        assert code_id is not None
        row = DifferenceRow(document_no="INV-2", their_minor=60_000, reason="quality", note="20 pieces cracked")
        answer = AnswerStatement(
            outcome="differs",
            signer_name="王芳",
            signer_title="会计",
            authority=True,
            code_id=code_id,
            differences=(row,),
        )
        answer_statement(db, actor, link, answer)
    world.send_mail(on=MONDAY)
    with world.reading() as db:
        (payload,) = db.execute(
            sa.select(OutboxMessage.payload).where(
                OutboxMessage.tenant_id == tenant_id, OutboxMessage.kind == "statements.answered"
            )
        ).scalars()
    with world.transaction() as db:
        HANDLERS["statements.answered"](db, world.actor(MONDAY), payload)
    lines = {line.document_no: line for line in world.run_day(on=MONDAY)}
    assert (lines["INV-1"].status, lines["INV-2"].status) == ("proposed", "held")
    assert "20 pieces cracked" in lines["INV-2"].why
    with world.reading() as db:
        views = hold_views(db, tenant_id, customer_id, MONDAY)
        assert [(view.kind, view.document_no, view.state) for view in views] == [("dispute", "INV-2", "active")]
        assert balance_at(db, tenant_id, customer_id, "CNY", MONDAY) == 200_000
