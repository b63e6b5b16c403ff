"""Issuing: what is frozen, in whose language, how it supersedes, and who is mailed (testcases 24, 25, 27, 64)."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import date
from threading import Barrier
from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.ledger.books.queries import balance_at
from ar.ledger.books.reversal import reverse_item
from ar.ledger.commands import freeze_customers
from ar.statements import queries
from ar.statements.commands import issue_statement, send_statement
from ar.statements.inputs import parse_period
from ar.statements.jobs import issue_batch, recheck_statement
from ar.statements.models import Statement
from ar.statements.monthly_run import issue_month
from kernel.clock import fixed_clock, moment_on
from kernel.counters import take_numbers
from kernel.errors import RuleBroken
from kernel.outbox import OutboxMessage
from kernel.tokens import AccessToken
from tests.ar.statements.debtors import xinsheng
from tests.support.world import World
from tests.support.world.statements import statement_input

APRIL_2 = date(2026, 4, 2)


def test_a_receipt_allocated_in_april_leaves_the_march_statement_as_it_was(world: World) -> None:
    """Testcase 25: on 31 March the invoice is fully open and the closing balance is the ledger's."""
    customer = xinsheng(world, "0001")
    invoice = world.invoice(customer, number="INV-1", on=date(2026, 3, 10), minor=100_000)
    receipt = world.receipt(customer, number="RC-1", on=date(2026, 3, 25), minor=40_000)
    world.on(date(2026, 4, 5)).allocate(invoice, receipt, minor=40_000, on=date(2026, 4, 5))
    issued = world.on(date(2026, 4, 20)).statement(customer)
    with world.reading() as db:
        view = queries.statement_view(db, world.tenant_id, issued.statement_id, date(2026, 4, 20))
        ledger = balance_at(db, world.tenant_id, customer, "CNY", date(2026, 3, 31))
    open_items = {line.document_no: line.open_minor for line in view.open_items}
    assert open_items == {"INV-1": 100_000, "RC-1": -40_000}
    assert view.closing_minor == ledger == 60_000
    assert dict(view.aging)["unapplied"] == 40_000


def test_a_document_reversed_within_the_month_is_absent(world: World) -> None:
    """Testcase 24: neither the document nor its reversal stands on the statement."""
    customer = xinsheng(world, "0001")
    world.invoice(customer, number="INV-1", on=date(2026, 3, 10), minor=100_000)
    wrong = world.invoice(customer, number="INV-WRONG", on=date(2026, 3, 11), minor=5_000)
    with world.transaction() as db:
        reverse_item(db, world.actor(date(2026, 3, 12)), wrong, effective_on=date(2026, 3, 12))
    issued = world.statement(customer)
    with world.reading() as db:
        view = queries.statement_view(db, world.tenant_id, issued.statement_id, APRIL_2)
    assert [line.document_no for line in view.lines] == ["INV-1", "INV-1"]
    assert view.closing_minor == view.debits_minor == 100_000


def test_the_stored_pdf_hashes_to_what_the_statement_froze(world: World) -> None:
    """Testcase 64: the hash recomputed from the stored PDF is the one that the statement froze."""
    customer = xinsheng(world, "0001")
    world.invoice(customer, number="INV-1", on=date(2026, 3, 10), minor=100_000)
    issued = world.statement(customer)
    with world.reading() as db:
        view = queries.statement_view(db, world.tenant_id, issued.statement_id, APRIL_2)
        number, content = queries.stored_pdf(db, world.tenant_id, issued.statement_id)
        page = queries.statement_page(db, world.tenant_id, issued.statement_id, APRIL_2)
    assert content.startswith(b"%PDF")
    assert hashlib.sha256(content).hexdigest() == view.pdf_sha256
    assert page.hash_holds
    assert number == issued.number == "ST-2026-03-000001"
    assert view.amount_in_words == "人民币壹仟元整"
    assert view.respond_by_on == date(2026, 4, 17)


def test_each_debtor_is_written_to_in_their_own_language(world: World) -> None:
    """Testcase 27: a Chinese user, an English debtor, then a Chinese one: nothing carries over."""
    english = xinsheng(
        world, "E1", name="Northwind GmbH", language="en", contact_email="jane@northwind.example", contact_name="Jane"
    )
    chinese = xinsheng(
        world, "Z1", name="苏州鑫晟电子有限公司", language="zh_CN", contact_email="wang@xinsheng.example"
    )
    for customer, number in ((english, "INV-E"), (chinese, "INV-Z")):
        world.invoice(customer, number=number, on=date(2026, 3, 10), minor=140_950)
    with world.transaction() as db:
        actor = world.actor(APRIL_2)
        issue_month(db, actor, parse_period("2026-03", actor.today))
    with world.transaction() as db:
        jobs = db.execute(
            sa.select(OutboxMessage.payload)
            .where(OutboxMessage.tenant_id == world.tenant_id, OutboxMessage.kind == "statements.issue")
            .order_by(OutboxMessage.id)
        ).scalars()
        for payload in list(jobs):
            issue_batch(db, world.actor(APRIL_2), payload)
    sent = {mail.to_address: mail for mail in world.mails("statement")}
    english_mail, chinese_mail = sent["jane@northwind.example"], sent["wang@xinsheng.example"]
    assert english_mail.subject.startswith("Statement ST-2026-03-")
    assert "One thousand four hundred nine" in english_mail.body_text
    assert not any("\u4e00" <= char <= "\u9fff" for char in english_mail.body_text.replace(_name(world), ""))
    assert "人民币壹仟肆佰零玖元伍角" in chinese_mail.body_text
    assert "One thousand" not in chinese_mail.body_text


def test_issuing_again_supersedes_and_closes_the_old_link(world: World) -> None:
    customer = xinsheng(world, "0001")
    world.invoice(customer, number="INV-1", on=date(2026, 3, 10), minor=100_000)
    first = world.statement(customer)
    second = world.on(date(2026, 4, 3)).statement(customer)
    with world.reading() as db:
        old = queries.statement_view(db, world.tenant_id, first.statement_id, APRIL_2)
        live = db.execute(
            sa.select(AccessToken.subject_id).where(
                AccessToken.tenant_id == world.tenant_id, AccessToken.revoked_at.is_(None)
            )
        ).scalars()
        assert list(live) == [second.statement_id]
    assert old.status == "superseded"
    assert old.superseded_by == second.statement_id
    assert [first.number, second.number] == ["ST-2026-03-000001", "ST-2026-03-000002"]
    with world.transaction() as db:
        held_back = next(m for m in world.mails("statement") if m.subject_id == first.statement_id)
        assert recheck_statement(db, world.actor(APRIL_2), held_back) == "superseded"


def test_without_a_contact_it_is_issued_and_says_that_nobody_was_mailed(world: World) -> None:
    customer = xinsheng(world, "0001", contact_email=None)
    world.invoice(customer, number="INV-1", on=date(2026, 3, 10), minor=100_000)
    issued = world.statement(customer)
    assert issued.sent_to is None
    assert issued.portal_url is None
    assert world.mails("statement") == []
    with world.reading() as db:
        assert queries.statement_view(db, world.tenant_id, issued.statement_id, APRIL_2).status == "not_sent"
    with world.transaction() as db, pytest.raises(RuleBroken) as refused:
        send_statement(db, world.actor(APRIL_2), issued.statement_id)
    assert refused.value.code == "statement_no_contact"


@pytest.mark.parametrize(("period", "code"), [("2026-13", "statement_period_bad"), ("march", "statement_period_bad")])
def test_a_month_that_is_none_is_refused(period: str, code: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        parse_period(period, APRIL_2)
    assert refused.value.code == code


def test_a_month_that_has_not_begun_is_refused_and_the_running_one_ends_today() -> None:
    with pytest.raises(RuleBroken) as refused:
        parse_period("2026-05", APRIL_2)
    assert refused.value.code == "statement_period_future"
    assert parse_period("2026-04", APRIL_2).to_on == APRIL_2


def test_a_rolled_back_statement_leaves_no_gap_in_the_numbers(world: World) -> None:
    customer = xinsheng(world, "0001")
    world.invoice(customer, number="INV-1", on=date(2026, 3, 10), minor=100_000)
    with world.transaction() as db:
        issue_statement(db, world.actor(APRIL_2), statement_input(customer))
        db.rollback()
    issued = world.statement(customer)
    assert issued.number == "ST-2026-03-000001"


def test_asking_for_the_month_twice_queues_nothing_twice(world: World) -> None:
    customer = xinsheng(world, "0001")
    settled_before = xinsheng(world, "0002", contact_email="two@debtor.example")
    world.invoice(customer, number="INV-1", on=date(2026, 3, 10), minor=100_000)
    invoice = world.invoice(settled_before, number="INV-2", on=date(2026, 1, 10), minor=5_000)
    receipt = world.receipt(settled_before, number="RC-2", on=date(2026, 1, 20), minor=5_000)
    world.on(date(2026, 1, 20)).allocate(invoice, receipt, minor=5_000)
    actor = world.actor(APRIL_2)
    with world.transaction() as db:
        assert issue_month(db, actor, parse_period("2026-03", actor.today)) == 1
    with world.transaction() as db:
        assert issue_month(db, actor, parse_period("2026-03", actor.today)) == 0
    old_release = {"customer_id": str(customer), "currency": "CNY", "period": "2026-03"}
    for payload in ({"numbers": [1]}, {"numbers": [1]}, old_release):
        with world.transaction() as db:
            issue_batch(db, actor, payload)
    with world.reading() as db:
        number = db.execute(
            sa.select(sa.func.count()).select_from(Statement).where(Statement.tenant_id == world.tenant_id)
        ).scalar_one()
    assert number == 1


def test_a_character_without_a_glyph_is_printed_as_a_mark_and_reported(world: World) -> None:
    customer = xinsheng(world, "0001", name="深圳\U00020bb7电子")
    world.invoice(customer, number="INV-1", on=date(2026, 3, 10), minor=100_000)
    issued = world.statement(customer)
    assert issued.missing_characters == ("\U00020bb7",)


def test_customers_are_locked_in_one_order_whoever_asks(world: World) -> None:
    """Given two rounds that name the same customers the other way round, when they meet, then none is a deadlock."""
    customers = [xinsheng(world, f"{n:04d}", contact_email=f"c{n}@debtor.example") for n in range(6)]
    together = Barrier(2)

    def lock(wanted: list[UUID]) -> int:
        for _round in range(15):
            together.wait(timeout=30)
            with world.transaction() as db:
                freeze_customers(db, world.actor(), wanted)
                take_numbers(db, world.tenant_id, "statement")
        return len(wanted)

    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(copy_context().run, lock, order) for order in (customers, customers[::-1])]
        assert [one.result(timeout=60) for one in waiting] == [6, 6]


def test_an_empty_month_has_nothing_to_state(world: World) -> None:
    customer = xinsheng(world, "0001")
    with pytest.raises(RuleBroken) as refused:
        world.statement(customer)
    assert refused.value.code == "statement_nothing_to_state"


def _name(world: World) -> str:
    with world.reading() as db:
        return queries.sender(db, world.tenant_id).name


def test_paper_portal_and_team_name_the_same_overdue_beside_unapplied_credits(world: World) -> None:
    """Given 5,000.00 overdue and 1,350.00 not yet applied, then 5,000.00 is overdue everywhere, unnetted."""
    customer = xinsheng(world, "0001", language="en")
    world.invoice(customer, number="INV-1", on=date(2026, 1, 10), minor=500_000)
    world.receipt(customer, number="R-1", on=date(2026, 3, 5), minor=135_000)
    issued = world.statement(customer)
    with world.reading() as db:
        view = queries.statement_view(db, world.tenant_id, issued.statement_id, APRIL_2)
        _number, pdf = queries.stored_pdf(db, world.tenant_id, issued.statement_id)
    assert (view.closing_minor, view.overdue_minor, view.unapplied_minor) == (365_000, 500_000, 135_000)
    assert view.overdue_minor == sum(dict(view.aging)[name] for name in ("1-30", "31-60", "61-90", ">90"))
    assert issued.portal_url
    with fixed_clock(moment_on(APRIL_2, "Asia/Shanghai")):
        portal = world.app.test_client().get("/p/" + issued.portal_url.rpartition("/p/")[2])
    team = world.client().get(world.url(f"/statements/{issued.statement_id}"))
    for page in (" ".join(portal.text.split()), team.text):
        assert "Of which overdue" in page
        assert "5,000.00" in page
    assert "Credits not yet applied" in portal.text
    assert "1,350.00" in portal.text
    assert pdf.startswith(b"%PDF")
