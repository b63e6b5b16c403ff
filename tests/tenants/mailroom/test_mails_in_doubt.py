"""A mail in doubt, of any purpose, is settled by a person on a page or by a command; the examination passes then."""

from __future__ import annotations

import json
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from app.cli import main
from app.doctor import examine
from app.handlers import MAILS
from kernel import mail, outbox
from kernel.mail import OutgoingMail
from tests.support.companies import TestCompany
from tests.support.database import as_owner
from tests.support.delivery import Post, drain, smtp_at
from tests.support.rude import rude_server

AS_IT_WAS = sorted(each.purpose for each in MAILS if each.send_again is mail.queue_copy)


def _in_doubt(company: TestCompany, purpose: str = "debt_list", subject_id: UUID | None = None) -> UUID:
    with company.transaction() as db:
        outgoing = OutgoingMail(to_address="lina@xinsheng.example", to_name="李娜", subject="账", body_text="请查收")
        mail_id = mail.queue_mail(db, company.actor(), outgoing, purpose=purpose, subject_id=subject_id)
        db.execute(
            sa.text("UPDATE mail_message SET state = 'sending' WHERE tenant_id = :t AND id = :i"),
            {"t": company.tenant_id, "i": mail_id},
        )
    assert drain(company.tenant_id) == ["unknown"]
    return mail_id


def _states(company: TestCompany) -> list[tuple[str, str | None]]:
    sql = sa.text("SELECT state, reason FROM mail_message WHERE tenant_id = :t ORDER BY id")
    with company.reading() as db:
        return [(row.state, row.reason) for row in db.execute(sql, {"t": company.tenant_id})]


def _broken(company: TestCompany) -> list[str]:
    return [line.name for line in examine(company.slug) if line.tenant and not line.ok]


@pytest.mark.parametrize("purpose", sorted({each.purpose for each in MAILS} | {"of a release long gone"}))
@pytest.mark.parametrize(("outcome", "state"), [("arrived", "sent"), ("lost", "failed")])
def test_a_mail_of_any_purpose_can_be_settled(company: TestCompany, purpose: str, outcome: str, state: str) -> None:
    """Also where nothing hangs on it any more: its letter went out by another mail."""
    subject = None if purpose.startswith("statement") else uuid4()
    mail_id = _in_doubt(company, purpose, subject)
    client = company.client("accountant")
    page = client.get(company.url("/mails/")).get_data(as_text=True)
    assert "lina@xinsheng.example" in page
    answer = client.post(company.url(f"/mails/{mail_id}/settlement"), data={"outcome": outcome})
    assert answer.status_code == 303
    assert [each[0] for each in _states(company)] == [state]


def test_the_examination_passes_once_the_doubt_is_settled(company: TestCompany) -> None:
    mail_id = _in_doubt(company)
    assert "mail: nothing was sent perhaps" in _broken(company)
    company.client("admin").post(company.url(f"/mails/{mail_id}/settlement"), data={"outcome": "arrived"})
    assert _broken(company) == []
    with company.reading() as db:
        told = db.execute(
            sa.text("SELECT kind, actor_name FROM journal_event WHERE tenant_id = :t AND subject_id = :i"),
            {"t": company.tenant_id, "i": mail_id},
        ).one()
    assert tuple(told) == ("mail_judged_arrived", "Test admin")


def test_a_mail_whose_work_is_lost_is_named(company: TestCompany) -> None:
    """It would wait for ever: nothing was given up and nothing is in doubt."""
    with company.transaction() as db:
        outgoing = OutgoingMail(to_address="lina@xinsheng.example", to_name="李娜", subject="账", body_text="请查收")
        mail.queue_mail(db, company.actor(), outgoing, purpose="debt_list")
    assert _broken(company) == []
    as_owner(company.tenant_id, "DELETE FROM outbox_message WHERE tenant_id = %s AND kind = 'mail.send'")
    assert _broken(company) == ["mail: what waits to be sent is somebody's work"]


@pytest.mark.parametrize("purpose", ["approval_decided", "bill_reminder", "debt_list"])
def test_sent_again_it_is_a_mail_of_its_own_that_is_rechecked(company: TestCompany, post: Post, purpose: str) -> None:
    assert purpose in AS_IT_WAS
    mail_id = _in_doubt(company, purpose, company.owner_id)
    answer = company.client().post(company.url(f"/mails/{mail_id}/settlement"), data={"outcome": "send_again"})
    assert answer.status_code == 303
    assert [each[0] for each in _states(company)] == ["failed", "queued"]
    outcome = drain(company.tenant_id)
    # The address is nobody's of this company, so its recheck may hold it back, like any other of its purpose.
    assert outcome in (["sent"], ["suppressed"])
    assert len(post.all()) == outcome.count("sent")


def test_a_second_decision_is_refused_and_sends_nothing_twice(company: TestCompany) -> None:
    mail_id = _in_doubt(company)
    client = company.client()
    url = company.url(f"/mails/{mail_id}/settlement")
    assert client.post(url, data={"outcome": "send_again"}).status_code == 303
    again = client.post(url, data={"outcome": "send_again"})
    assert again.status_code == 422
    assert "Somebody has settled this e-mail already." in again.get_data(as_text=True)
    assert len(_states(company)) == 2


def test_a_code_is_not_sent_again_and_its_doubt_ends_all_the_same(company: TestCompany) -> None:
    mail_id = _in_doubt(company, "statement_code")
    client = company.client()
    url = company.url(f"/mails/{mail_id}/settlement")
    assert "send again" not in client.get(company.url("/mails/")).get_data(as_text=True)
    assert client.post(url, data={"outcome": "send_again"}).status_code == 422
    assert client.post(url, data={"outcome": "lost"}).status_code == 303


def test_an_invitation_in_doubt_is_sent_again_with_a_new_link(company: TestCompany, post: Post) -> None:
    client = company.client("admin")
    form = {"email": "neu@xinsheng.example", "name": "新人", "roles": ["finance"]}
    assert client.post(company.url("/people/"), data=form).status_code == 303
    with rude_server({"TEXT": "hang up"}) as url, smtp_at(url):
        assert drain(company.tenant_id) == ["unknown"]
    with company.reading() as db:
        sql = sa.text("SELECT id FROM mail_message WHERE tenant_id = :t")
        mail_id = db.execute(sql, {"t": company.tenant_id}).scalar_one()
    answer = client.post(company.url(f"/mails/{mail_id}/settlement"), data={"outcome": "send_again"})
    assert answer.status_code == 303
    assert drain(company.tenant_id) == ["sent"]
    (caught,) = post.to("neu@xinsheng.example")
    assert "/welcome/" in caught.text
    assert "/welcome/…" not in caught.text


@pytest.mark.parametrize("role", ["salesperson", "warehouse", "collector"])
def test_who_is_neither_admin_nor_finance_settles_nothing(company: TestCompany, role: str) -> None:
    mail_id = _in_doubt(company)
    client = company.client(role)
    assert client.get(company.url("/mails/")).status_code == 403
    assert client.post(company.url(f"/mails/{mail_id}/settlement"), data={"outcome": "arrived"}).status_code == 403


def test_a_mail_of_another_company_is_not_found(company: TestCompany, other_company: TestCompany) -> None:
    mail_id = _in_doubt(other_company)
    answer = company.client().post(company.url(f"/mails/{mail_id}/settlement"), data={"outcome": "arrived"})
    assert answer.status_code == 404
    assert _states(other_company)[0][0] == "unknown"


def _run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, list(arguments))
    return done.exit_code, done.output


def test_the_command_line_lists_and_settles(company: TestCompany) -> None:
    mail_id = _in_doubt(company)
    listed = json.loads(_run("mail", "list", "--tenant", company.slug, "--json")[1])
    assert listed["in_doubt"] == 1
    assert listed["mails"][0]["id"] == str(mail_id)
    assert _run("mail", "settle", str(mail_id), "--tenant", company.slug)[0] == 2
    code, said = _run("mail", "settle", str(mail_id), "--tenant", company.slug, "--lost", "--json")
    assert (code, json.loads(said)["outcome"]) == (0, "lost")
    code, said = _run("mail", "settle", str(mail_id), "--tenant", company.slug, "--arrived", "--json")
    assert (code, json.loads(said)["error"]["code"]) == (1, "mail_not_in_doubt")
    assert _broken(company) == []


def test_work_given_up_that_no_retry_can_help_is_closed_with_a_reason(company: TestCompany) -> None:
    with company.transaction() as db:
        message_id = outbox.put(db, company.actor(), "of a release long gone", {})
        db.execute(sa.text("UPDATE outbox_message SET state = 'dead' WHERE tenant_id = :t"), {"t": company.tenant_id})
    assert "work: nothing was given up" in _broken(company)
    asked = ("outbox", "discard", str(message_id), "--tenant", company.slug, "--reason", "no such kind any more")
    assert _run(*asked)[0] == 0
    assert _run(*asked)[0] == 1
    assert _broken(company) == []
