"""Letters made in one go: one that fails, others that lock the same customers, and statements that stand already."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from urllib.parse import urlsplit
from uuid import UUID

import sqlalchemy as sa

from ar.cases.commands import approve_all
from ar.cases.recording import PREPARE_LETTERS
from ar.cases.sending import prepare_letters
from ar.statements.commands import issue, lock_for_statements
from ar.statements.inputs import IssueStatement
from ar.statements.models import Confirmation, Statement
from kernel.clock import fixed_clock, moment_on
from kernel.db import TenantSession
from tests.ar.cases.desk import EVERY_ROLE, Desk, Postbox
from tests.ar.portal.debtor import SIGNER, Sent
from tests.support.database import as_owner

#: Ten days later, on the first of December, the letter with the statement to confirm comes.
DUE = date(2026, 11, 21)
FIRST = date(2026, 12, 1)


def november(customer_id: UUID, *, send: bool) -> IssueStatement:
    return IssueStatement(
        customer_id=customer_id,
        currency="CNY",
        period_from=date(2026, 11, 1),
        period_to=date(2026, 11, 30),
        send=send,
    )


def released(desk: Desk) -> int:
    """Two levels done by the first of December; the letters of the third are released, not yet made."""
    desk.days(date(2026, 11, 23), date(2026, 11, 30))
    desk.run(FIRST)
    with desk.company.transaction() as db:
        return approve_all(db, desk.company.actor(FIRST, EVERY_ROLE))


def statements(desk: Desk) -> list[sa.Row]:
    s = Statement
    with desk.company.reading() as db:
        query = sa.select(s.id, s.number, s.period_to, s.superseded_at).where(s.tenant_id == desk.company.tenant_id)
        return list(db.execute(query.order_by(s.id)))


def mailed(desk: Desk) -> Sent:
    """The statement of November, mailed in the morning, and the debtor's browser at its link."""
    with desk.company.transaction() as db:
        issued = issue(db, desk.company.actor(FIRST), november(desk.customers["00001"], send=True))
    assert issued.portal_url
    path = urlsplit(issued.portal_url).path
    customer_id, client = desk.customers["00001"], desk.company.app.test_client()
    return Sent(desk.company, customer_id, issued.statement_id, issued.number, path, client)


def test_one_letter_that_cannot_be_made_does_not_stop_the_others(desk: Desk, postbox: Postbox) -> None:
    """Given three released letters of which one cannot be printed, then two go out and one waits with its reason."""
    for n in range(3):
        desk.invoice(f"A{n}", date(2026, 11, 1), customer=f"0000{n}")
    monday = date(2026, 11, 2)
    desk.run(monday)
    with desk.company.transaction() as db:
        approve_all(db, desk.company.actor(monday))
    # A currency that nobody can write out in words.
    of_one = "UPDATE action SET currency = 'ZZZ' WHERE tenant_id = %s AND customer_id = %s"
    as_owner(desk.company.tenant_id, of_one, desk.customers["00001"])
    assert sorted(desk.send(monday)) == ["done", "sent", "sent"]
    (left,) = desk.actions("proposed")
    assert (left.customer_id, left.reason, left.decided_by) == (desk.customers["00001"], "letter_failed", None)
    numbers = sorted(action.number for action in desk.actions("delivered"))
    assert numbers == ["DN-2026-000001", "DN-2026-000002"]  # the one that failed took none


def test_letters_with_statements_and_a_single_statement_do_not_wait_crosswise(
    desk: Desk, postbox: Postbox, engine: sa.Engine
) -> None:
    """Given a clerk who holds the second customer and is about to take a number, when the batch comes to both
    customers, then it waits before it takes a number itself, and both come through."""
    first, second = sorted([desk.customer("00001"), desk.customer("00002")])
    desk.invoice("A1", DUE, customer="00001")
    desk.invoice("A2", DUE, customer="00002")
    assert released(desk) == 2
    failures: list[BaseException] = []
    made: list[int] = []

    def batch() -> None:
        try:
            with desk.company.transaction() as db:
                made.append(prepare_letters(db, desk.company.actor(FIRST), PREPARE_LETTERS))
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=batch)
    with desk.company.transaction() as db:
        lock_for_statements(db, desk.company.tenant_id, [second])
        thread.start()
        wait_for_a_waiter(db, thread)
        issue(db, desk.company.actor(FIRST), november(second, send=False))
    thread.join(30)
    assert failures == []
    assert made == [2]
    assert first != second
    assert {action.state for action in desk.actions() if action.code == "statement_confirmation"} == {"approved"}


def wait_for_a_waiter(db: TenantSession, thread: threading.Thread) -> None:
    """Until another transaction waits for a row of this one (`pg_locks` is read anew each time)."""
    waiting = sa.text(
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"
        " AND transactionid = CAST(pg_current_xact_id() AS xid)"
    )
    while thread.is_alive() and db.execute(waiting).scalar_one() == 0:
        pass


def test_the_statement_just_mailed_goes_along_and_its_link_stays_open(desk: Desk, postbox: Postbox) -> None:
    """Given November's statement mailed on the first, when the letter of that day asks to confirm, then it encloses
    the same statement; both links lead to it."""
    desk.invoice("A1", DUE)
    assert released(desk) == 1
    morning = mailed(desk)
    desk.send(FIRST)
    (statement,) = statements(desk)
    assert statement.superseded_at is None
    letter = postbox.mails[-1]
    assert {part.get_filename() for part in letter.iter_attachments()} >= {f"{statement.number}.pdf"}
    text = letter.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    link = next(line.strip() for line in text.splitlines() if "/p/" in line)
    with fixed_clock(moment_on(FIRST, desk.company.timezone)):
        for path in (morning.path, urlsplit(link).path):
            page = morning.client.get(path)
            assert page.status_code == 200
            assert statement.number in page.text


def test_an_answered_statement_stays_and_is_not_asked_for_again(desk: Desk, postbox: Postbox) -> None:
    """Given November's statement confirmed by the debtor, when the letter comes, then the confirmed one is enclosed,
    stands as before, and no link asks for a second answer."""
    desk.invoice("A1", DUE)
    assert released(desk) == 1
    morning = mailed(desk)
    with fixed_clock(moment_on(FIRST, desk.company.timezone)):
        entered = morning.enter(outcome="agrees", **SIGNER)
        assert morning.post("submit", **entered)[0] in (200, 303)
    assert morning.rows(Confirmation) == 1
    desk.send(FIRST)
    (statement,) = statements(desk)
    assert statement.superseded_at is None
    letters = [mail for mail in postbox.mails if str(mail["Subject"]) and "DN-2026" in str(list(names(mail)))]
    last = letters[-1]
    assert f"{statement.number}.pdf" in names(last)
    assert "/p/" not in last.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_a_statement_of_fewer_days_gives_way_to_that_of_the_letter(desk: Desk, postbox: Postbox) -> None:
    """Given an unanswered statement of the running month, when the letter comes days later, then it states the later
    day and takes its place."""
    desk.invoice("A1", date(2026, 11, 1))
    desk.days(date(2026, 11, 2), date(2026, 11, 10))
    early = IssueStatement(
        customer_id=desk.customers["00001"],
        currency="CNY",
        period_from=date(2026, 11, 1),
        period_to=date(2026, 11, 5),
        send=False,
    )
    with desk.company.transaction() as db:
        issue(db, desk.company.actor(date(2026, 11, 6)), early)
    assert desk.work(date(2026, 11, 11)) == ["statement_confirmation"]
    found = [(row.period_to, row.superseded_at is None) for row in statements(desk)]
    assert found == [(date(2026, 11, 5), False), (date(2026, 11, 11) - timedelta(days=1), True)]


def names(mail) -> set[str]:  # type: ignore[no-untyped-def]
    return {str(part.get_filename()) for part in mail.iter_attachments()}
