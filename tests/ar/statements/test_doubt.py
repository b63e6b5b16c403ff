"""A mail of which nobody knows whether it arrived: a person says so, or another takes its place; then none is open."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
import sqlalchemy as sa

from app.doctor import examine
from ar.cases.commands import settle_unknown
from ar.cases.inputs import SettleUnknown
from ar.statements import queries
from ar.statements.commands import Issued, issue
from kernel.clock import fixed_clock, moment_on
from kernel.journal import JournalEvent
from kernel.mail import MailMessage
from tests.ar.cases.desk import Desk
from tests.ar.statements.books import add_customer, mails, march
from tests.ar.statements.books import post as book
from tests.support.companies import TestCompany
from tests.support.delivery import Post, drain, smtp_at
from tests.support.rude import rude_server

APRIL_2 = date(2026, 4, 2)
MONDAY = date(2026, 11, 2)
HANGS_UP = {"TEXT": "hang up"}


@pytest.fixture
def doubtful(company: TestCompany) -> Iterator[Issued]:
    """A statement whose mail the server hung up on, after the text."""
    with fixed_clock(moment_on(APRIL_2, "Asia/Shanghai")):
        customer = add_customer(company, "0001")
        with company.transaction() as db:
            book(db, company, customer, ("invoice", "INV-1", date(2026, 3, 10), 100_000))
            issued = issue(db, company.actor(APRIL_2), march(customer))
        with rude_server(HANGS_UP) as url, smtp_at(url):
            assert "unknown" in drain(company.tenant_id)
        yield issued


def _in_doubt(company: TestCompany) -> list[str]:
    """What `huikuan doctor` says of mails."""
    return [line.detail for line in examine(company.slug) if "sent perhaps" in line.name and not line.ok]


def _states(company: TestCompany) -> list[tuple[str, str | None]]:
    return [(mail.state, mail.reason) for mail in mails(company, "statement")]


def _judge(company: TestCompany, issued: Issued, outcome: str, role: str = "accountant") -> int:
    (mail,) = mails(company, "statement")
    path = company.url(f"/statements/{issued.statement_id}/deliveries/{mail.id}/outcome")
    return company.client(role).post(path, data={"outcome": outcome}).status_code


def _status(company: TestCompany, issued: Issued) -> str:
    with company.reading() as db:
        return queries.statement_view(db, company.tenant_id, issued.statement_id, APRIL_2).status


def test_a_person_says_that_the_statement_arrived(company: TestCompany, doubtful: Issued) -> None:
    assert _in_doubt(company)
    page = company.client().get(company.url(f"/statements/{doubtful.statement_id}")).text
    assert "It arrived" in page
    assert "It did not arrive" in page
    assert _judge(company, doubtful, "nonsense") == 422
    assert _states(company)[0][0] == "unknown", "nothing was said"
    assert _judge(company, doubtful, "arrived") == 303
    assert _states(company) == [("sent", "judged_arrived")]
    assert _status(company, doubtful) == "sent"
    assert _in_doubt(company) == []
    page = company.client().get(company.url(f"/statements/{doubtful.statement_id}")).text
    assert "It did not arrive" not in page
    assert "a person says that it arrived" in page
    assert _judge(company, doubtful, "not_arrived") == 422, "it was judged before"
    j = JournalEvent
    with company.reading() as db:
        event = db.execute(
            sa.select(j.actor_kind, j.data).where(j.tenant_id == company.tenant_id, j.kind == "statement_mail_arrived")
        ).one()
    assert (event.actor_kind, event.data["to"]) == ("person", "lina@xinsheng.example")


def test_what_did_not_arrive_leaves_the_statement_unsent(company: TestCompany, doubtful: Issued) -> None:
    assert _judge(company, doubtful, "not_arrived") == 303
    assert _states(company) == [("failed", "judged_lost")]
    assert _status(company, doubtful) == "not_sent"
    assert _in_doubt(company) == []


def test_sending_again_settles_the_one_before_as_replaced(company: TestCompany, doubtful: Issued, post: Post) -> None:
    client, url = company.client(), company.url(f"/statements/{doubtful.statement_id}")
    assert client.post(f"{url}/deliveries").status_code == 303
    assert "sent" in drain(company.tenant_id)
    assert _states(company) == [("failed", "replaced"), ("sent", None)]
    assert len(post.to("lina@xinsheng.example")) == 1
    assert _in_doubt(company) == []
    assert "sent again since" in client.get(url).text


def test_only_who_may_issue_judges_and_only_mails_of_that_statement(
    company: TestCompany, other_company: TestCompany, doubtful: Issued
) -> None:
    assert _judge(company, doubtful, "arrived", "cost_accountant") == 403
    (mail,) = mails(company, "statement")
    path = f"/statements/{doubtful.statement_id}/deliveries/{mail.id}/outcome"
    assert other_company.client().post(other_company.url(path), data={"outcome": "arrived"}).status_code == 404
    assert _states(company)[0][0] == "unknown"


@pytest.mark.parametrize(("outcome", "state"), [("arrived", "sent"), ("send_again", "failed")])
def test_a_letter_that_was_judged_leaves_no_mail_in_doubt(company: TestCompany, outcome: str, state: str) -> None:
    desk = Desk(company)
    desk.invoice("A1", date(2026, 11, 1))
    desk.run(MONDAY)
    (letter,) = desk.actions()
    desk.approve(MONDAY, letter.id)
    with rude_server(HANGS_UP) as url, smtp_at(url):
        assert desk.send(MONDAY) == ["unknown"]
    assert _in_doubt(company)
    with company.transaction() as db:
        settle_unknown(db, company.actor(MONDAY), letter.id, SettleUnknown.model_validate({"outcome": outcome}))
    m = MailMessage
    with company.reading() as db:
        assert db.execute(sa.select(m.state).where(m.tenant_id == company.tenant_id)).scalars().all() == [state]
    assert _in_doubt(company) == []
