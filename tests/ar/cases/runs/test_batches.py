"""Letters made in one go: one that fails, others that lock the same customers, and statements that stand already."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from email.message import EmailMessage
from urllib.parse import urlsplit

import sqlalchemy as sa

from ar.cases.commands import release_letters
from ar.cases.letters.sending import prepare_letters
from ar.cases.runs.recording import PREPARE_LETTERS
from ar.ledger.commands import freeze_customers
from ar.statements.commands import issue_statement, send_statement
from ar.statements.models import Confirmation, Statement
from kernel.clock import fixed_clock, moment_on
from kernel.db import TenantSession
from tests.ar.portal.debtor import SIGNER, DebtorBrowser, open_link
from tests.support.database import as_owner
from tests.support.postbox import Postbox
from tests.support.world import World
from tests.support.world.cases import EVERY_ROLE
from tests.support.world.statements import statement_input

#: Ten days later, on the first of December, the letter with the statement to confirm comes.
NOVEMBER = (date(2026, 11, 1), date(2026, 11, 30))
DUE = date(2026, 11, 21)
FIRST = date(2026, 12, 1)


def release_third_letters(world: World) -> int:
    """Works two levels until the first of December and releases the letters of the third, which are not yet made."""
    world.work_days(date(2026, 11, 23), date(2026, 11, 30))
    world.run_day(on=FIRST)
    with world.transaction() as db:
        return release_letters(db, world.actor(FIRST, EVERY_ROLE))


def statement_rows(world: World) -> list[sa.Row]:
    s = Statement
    with world.reading() as db:
        query = sa.select(s.id, s.number, s.period_to, s.superseded_at).where(s.tenant_id == world.tenant_id)
        return list(db.execute(query.order_by(s.id)))


def mail_statement(world: World) -> DebtorBrowser:
    """Mails the statement of November in the morning; returns the debtor's browser at its link."""
    customer = world.customer_id("00001")
    return open_link(world, customer, world.on(FIRST).statement(customer, period=NOVEMBER))


def test_one_letter_that_cannot_be_made_does_not_stop_the_others(world: World, postbox: Postbox) -> None:
    """Given three released letters of which one cannot be printed, then two go out and one waits with its reason."""
    for n in range(3):
        world.invoice(f"0000{n}", number=f"A{n}", due_on=date(2026, 11, 1))
    monday = date(2026, 11, 2)
    world.run_day(on=monday)
    with world.transaction() as db:
        release_letters(db, world.actor(monday))
    # A currency that nobody can write out in words.
    of_one = "UPDATE action SET currency = 'ZZZ' WHERE tenant_id = %s AND customer_id = %s"
    as_owner(world.tenant_id, of_one, world.customer_id("00001"))
    assert sorted(world.send_mail(on=monday)) == ["done", "sent", "sent"]
    (left,) = world.actions("proposed")
    assert (left.customer_id, left.reason, left.decided_by) == (world.customer_id("00001"), "letter_failed", None)
    numbers = sorted(action.number for action in world.actions("delivered"))
    assert numbers == ["DN-2026-000001", "DN-2026-000002"]  # the one that failed took none


def test_letters_with_statements_and_a_single_statement_do_not_wait_crosswise(
    world: World, postbox: Postbox, engine: sa.Engine
) -> None:
    """Given a clerk who holds the second customer and is about to take a number, when the batch comes to both
    customers, then it waits before it takes a number itself, and both come through."""
    first, second = sorted([world.debtor("00001"), world.debtor("00002")])
    world.invoice("00001", number="A1", due_on=DUE)
    world.invoice("00002", number="A2", due_on=DUE)
    assert release_third_letters(world) == 2
    failures: list[BaseException] = []
    made: list[int] = []

    def batch() -> None:
        try:
            with world.transaction() as db:
                made.append(prepare_letters(db, world.actor(FIRST), PREPARE_LETTERS))
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=batch)
    with world.transaction() as db:
        freeze_customers(db, world.actor(), [second])
        thread.start()
        wait_for_a_waiter(db, thread)
        issue_statement(db, world.actor(FIRST), statement_input(second, period=NOVEMBER, send=False))
    thread.join(30)
    assert failures == []
    assert made == [2]
    assert first != second
    assert {action.state for action in world.actions() if action.code == "statement_confirmation"} == {"approved"}


def wait_for_a_waiter(db: TenantSession, thread: threading.Thread) -> None:
    """Waits until another transaction waits for a row of this one (`pg_locks` is read anew each time)."""
    waiting = sa.text(
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"
        " AND transactionid = CAST(pg_current_xact_id() AS xid)"
    )
    while thread.is_alive() and db.execute(waiting).scalar_one() == 0:
        pass


def test_the_statement_just_mailed_goes_along_and_its_link_stays_open(world: World, postbox: Postbox) -> None:
    """Given November's statement mailed on the first, when the letter of that day asks to confirm, then it encloses
    the same statement; both links lead to it."""
    world.invoice(number="A1", due_on=DUE)
    assert release_third_letters(world) == 1
    morning = mail_statement(world)
    world.send_mail(on=FIRST)
    (statement,) = statement_rows(world)
    assert statement.superseded_at is None
    letter = postbox.mails[-1]
    assert {part.get_filename() for part in letter.iter_attachments()} >= {f"{statement.number}.pdf"}
    text = letter.get_body(("plain",)).get_content()
    link = next(line.strip() for line in text.splitlines() if "/p/" in line)
    with fixed_clock(moment_on(FIRST, world.timezone)):
        for path in (morning.path, urlsplit(link).path):
            page = morning.client.get(path)
            assert page.status_code == 200
            assert statement.number in page.text


def test_a_letter_whose_link_was_closed_while_it_waited_goes_out_with_the_one_that_opens(
    world: World, postbox: Postbox
) -> None:
    """Given a letter that waits, when its statement is sent again meanwhile, then the letter's link opens."""
    world.invoice(number="A1", due_on=DUE)
    assert release_third_letters(world) == 1
    with world.transaction() as db:
        prepare_letters(db, world.actor(FIRST), PREPARE_LETTERS)
    (statement,) = statement_rows(world)
    with world.transaction() as db:
        send_statement(db, world.actor(FIRST), statement.id)
    world.send_mail(on=FIRST)
    letter = [mail for mail in postbox.mails if "DN-2026" in str(list(attachment_names(mail)))][-1]
    link = next(line.strip() for line in letter.get_body(("plain",)).get_content().splitlines() if "/p/" in line)
    with fixed_clock(moment_on(FIRST, world.timezone)):
        page = world.app.test_client().get(urlsplit(link).path)
    assert page.status_code == 200
    assert statement.number in page.text
    assert f"{statement.number}.pdf" in attachment_names(letter)


def test_an_answered_statement_stays_and_is_not_asked_for_again(world: World, postbox: Postbox) -> None:
    """Given November's statement confirmed by the debtor, when the letter comes, then the confirmed one is enclosed,
    stands as before, and no link asks for a second answer."""
    world.invoice(number="A1", due_on=DUE)
    assert release_third_letters(world) == 1
    morning = mail_statement(world)
    with fixed_clock(moment_on(FIRST, world.timezone)):
        entered = morning.enter_code(outcome="agrees", **SIGNER)
        assert morning.post("submit", **entered)[0] in (200, 303)
    assert morning.world.count_rows(Confirmation) == 1
    world.send_mail(on=FIRST)
    (statement,) = statement_rows(world)
    assert statement.superseded_at is None
    letters = [
        mail for mail in postbox.mails if str(mail["Subject"]) and "DN-2026" in str(list(attachment_names(mail)))
    ]
    last = letters[-1]
    assert f"{statement.number}.pdf" in attachment_names(last)
    assert "/p/" not in last.get_body(("plain",)).get_content()


def test_a_statement_of_fewer_days_gives_way_to_that_of_the_letter(world: World, postbox: Postbox) -> None:
    """Given an unanswered statement of the running month, when the letter comes days later, then it states the later
    day and takes its place."""
    world.invoice(number="A1", due_on=date(2026, 11, 1))
    world.work_days(date(2026, 11, 2), date(2026, 11, 10))
    early = (date(2026, 11, 1), date(2026, 11, 5))
    world.on(date(2026, 11, 6)).statement(world.customer_id("00001"), period=early, send=False)
    assert world.work_day(on=date(2026, 11, 11)) == ["statement_confirmation"]
    found = [(row.period_to, row.superseded_at is None) for row in statement_rows(world)]
    assert found == [(date(2026, 11, 5), False), (date(2026, 11, 11) - timedelta(days=1), True)]


def attachment_names(mail: EmailMessage) -> set[str]:
    return {str(part.get_filename()) for part in mail.iter_attachments()}
