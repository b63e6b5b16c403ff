"""Simulating: the seed's dates without a single row written; and the customer's page of escalation."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from app.handlers import HANDLERS
from ar.cases.commands import place_block
from ar.cases.history import block_views, case_strip
from ar.cases.inputs import PlaceBlock
from ar.cases.queries import queue_page, queue_summary, simulated_lines
from ar.cases.simulation import simulate
from ar.customers.lookups import find_contact
from ar.ledger.queries import balance_at
from ar.receipts.queries import cash_state
from ar.statements.commands import issue_statement
from ar.statements.confirmations import answer_statement, enter_code
from ar.statements.inputs import AnswerStatement, DifferenceRow, IssueStatement
from kernel import tokens
from kernel.errors import NotFound, RuleBroken
from kernel.i18n import use_language
from kernel.ids import new_id
from kernel.outbox import OutboxMessage
from tenants.queries import work_calendar
from tests.ar.cases.desk import Desk, Postbox

DUE = date(2026, 3, 31)
MONDAY = date(2026, 11, 2)


def played(desk: Desk, from_on: date, to_on: date, policy: str | None = None) -> list[tuple[str, date, date]]:
    with desk.company.reading() as db, use_language("en"):  # READ ONLY: the database itself refuses a write
        steps = simulate(db, desk.company.actor(from_on), from_on, to_on, policy_code=policy)
        return [(line.step, line.nominal_on, line.runs_on) for line in simulated_lines(steps)]


def test_the_twelve_steps_on_their_nominal_days(desk: Desk) -> None:
    """R210-R221 for an invoice due 2026-03-31; days off move only the execution."""
    desk.invoice("A1", DUE)
    steps = played(desk, DUE, DUE + timedelta(days=240), "twelve-step")
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


def test_the_five_steps_from_sixty_and_ten(desk: Desk) -> None:
    """43, played over 120 days."""
    desk.invoice("A1", date(2026, 6, 30), settlement_days=10)
    steps = {code: nominal for code, nominal, _runs in played(desk, date(2026, 6, 1), date(2026, 9, 29))}
    assert steps == {
        "due_notice": date(2026, 7, 11),
        "overdue_report": date(2026, 7, 15),
        "statement_confirmation": date(2026, 7, 20),
        "demand": date(2026, 7, 25),
        "general_manager": date(2026, 7, 30),
        "warning": date(2026, 8, 4),
    }


def test_a_simulation_takes_items_as_they_stood_on_its_first_day(desk: Desk) -> None:
    item = desk.invoice("A1", DUE)
    desk.pay(item, date(2026, 5, 1))
    assert [code for code, *_days in played(desk, DUE, date(2026, 4, 5))] == ["due_notice"]
    assert played(desk, date(2026, 5, 2), date(2026, 6, 1)) == []


def test_a_simulation_honours_holds_and_refuses_nonsense(desk: Desk) -> None:
    item = desk.invoice("A1", DUE)
    with desk.company.transaction() as db:
        hold = PlaceBlock(
            customer_id=desk.customers["00001"], item_id=item, until_on=date(2026, 4, 20), reason="等待开票"
        )
        place_block(db, desk.company.actor(DUE), hold)
    assert played(desk, DUE, date(2026, 4, 22))[0] == ("due_notice", date(2026, 4, 1), date(2026, 4, 21))
    with pytest.raises(NotFound), desk.company.reading() as db:
        simulate(db, desk.company.actor(DUE), DUE, DUE, policy_code="no-such")
    with pytest.raises(RuleBroken), desk.company.reading() as db:
        simulate(db, desk.company.actor(DUE), DUE, DUE - timedelta(days=1))


def test_from_today_on_it_continues_where_the_item_stands(desk: Desk, postbox: Postbox) -> None:
    desk.invoice("A1", date(2026, 11, 1))
    desk.days(MONDAY, date(2026, 11, 6))
    codes = [code for code, *_days in played(desk, date(2026, 11, 9), date(2026, 11, 30))]
    assert codes == ["statement_confirmation", "demand", "warning"]


def test_the_customers_page_shows_the_ladder_and_a_broken_promise(desk: Desk, postbox: Postbox) -> None:
    item = desk.invoice("A1", date(2026, 11, 1))
    desk.days(MONDAY, date(2026, 11, 6))
    customer_id, today = desk.customers["00001"], date(2026, 11, 9)
    with desk.company.transaction() as db:
        hold = PlaceBlock(
            customer_id=customer_id, item_id=item, kind="promise", until_on=date(2026, 11, 10), reason="周二付"
        )
        place_block(db, desk.company.actor(today), hold)
    desk.run(date(2026, 11, 11))
    with desk.company.reading() as db, use_language("en"):
        strip = case_strip(
            db, desk.company.tenant_id, customer_id, date(2026, 11, 11), work_calendar(db, desk.company.tenant_id)
        )
        (block,) = block_views(db, desk.company.tenant_id, customer_id, date(2026, 11, 13))
    assert strip is not None
    assert (strip.document_no, strip.level, strip.held) == ("A1", 2, "payment promised")
    assert [(step.label, step.state) for step in strip.steps][:4] == [
        ("Due notice", "done"),
        ("Overdue report", "done"),
        ("Statement to confirm", "now"),
        ("Demand letter", "coming"),
    ]
    assert block.state == "broken"


def test_the_queue_groups_by_customer_and_currency_and_says_how_far_the_books_are(desk: Desk) -> None:
    desk.invoice("A1", date(2026, 11, 1))
    desk.invoice("A2", date(2026, 11, 1), currency="USD")
    desk.invoice("B1", date(2026, 11, 1), customer="00002")
    desk.credit("R1", date(2026, 10, 30), 5_000)
    desk.run(MONDAY)
    with desk.company.reading() as db, use_language("en"):
        groups = queue_page(db, desk.company.tenant_id, MONDAY, "letters")
        summary = queue_summary(db, desk.company.tenant_id)
        cash = cash_state(db, desk.company.tenant_id)
    assert [(group.customer_no, group.currency) for group in groups] == [
        ("00001", "CNY"),
        ("00001", "USD"),
        ("00002", "CNY"),
    ]
    assert groups[0].actions[0].lines[0].days_overdue == 1
    assert (summary.letters, summary.to_review, summary.totals_minor) == (3, 3, {"CNY": 200_000, "USD": 100_000})
    assert (cash.booked_through_on, cash.unapplied) == (date(2026, 10, 30), 1)


def test_an_answer_that_agrees_pauses_nothing(desk: Desk) -> None:
    payload = {"statement_id": str(new_id()), "confirmation_id": str(new_id()), "outcome": "agrees"}
    with desk.company.transaction() as db:
        HANDLERS["statements.answered"](db, desk.company.actor(MONDAY), payload)
    assert [line.status for line in desk.run(MONDAY)] == []


def test_a_debtors_difference_pauses_only_the_documents_it_names(desk: Desk, postbox: Postbox) -> None:
    """67: a dispute per line, the balance unchanged; the same news twice is one dispute."""
    desk.invoice("INV-1", date(2026, 11, 1))
    desk.invoice("INV-2", date(2026, 11, 1))
    customer_id, tenant_id = desk.customers["00001"], desk.company.tenant_id
    wanted = IssueStatement(
        customer_id=customer_id, currency="CNY", period_from=date(2026, 10, 1), period_to=date(2026, 10, 31), send=False
    )
    with desk.company.transaction() as db:
        actor = desk.company.actor(date(2026, 11, 1))
        statement_id = issue_statement(db, actor, wanted)
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
        code_id = enter_code(db, actor, link, sent[1])
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
    desk.send(MONDAY)
    with desk.company.reading() as db:
        (payload,) = db.execute(
            sa.select(OutboxMessage.payload).where(
                OutboxMessage.tenant_id == tenant_id, OutboxMessage.kind == "statements.answered"
            )
        ).scalars()
    with desk.company.transaction() as db:
        HANDLERS["statements.answered"](db, desk.company.actor(MONDAY), payload)
    lines = {line.document_no: line for line in desk.run(MONDAY)}
    assert (lines["INV-1"].status, lines["INV-2"].status) == ("proposed", "held")
    assert "20 pieces cracked" in lines["INV-2"].why
    with desk.company.reading() as db:
        views = block_views(db, tenant_id, customer_id, MONDAY)
        assert [(view.kind, view.document_no, view.state) for view in views] == [("dispute", "INV-2", "active")]
        assert balance_at(db, tenant_id, customer_id, "CNY", MONDAY) == 200_000
