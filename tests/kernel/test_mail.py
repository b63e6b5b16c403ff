"""Mails as evidence: what was sent is not rewritten, by nobody; only secrets are taken out, and a doubt is settled."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from kernel import mail
from kernel.storage import store
from tests.support.companies import TestCompany

LINK = "https://a.example/p/" + "x1_-" * 12
BODY = f"请核对。\n\n{LINK}\n"


def _mail(company: TestCompany, *states: str, papers: bool = True) -> UUID:
    """A mail that went through these states; it begins as `queued`."""
    with company.transaction() as db:
        actor = company.actor()
        sha256 = store(db, actor, b"%PDF-1.7 test", "application/pdf")
        attached = [mail.Attachment("对账单.pdf", sha256)] if papers else []
        outgoing = mail.OutgoingMail(
            "lina@xinsheng.example", "李娜", "对账单", BODY, f"<p>{LINK}</p>", attachments=attached
        )
        mail_id = mail.queue_mail(db, actor, outgoing, purpose="test")
        before = "queued"
        for state in states:
            assert mail.change_state(db, company.tenant_id, mail_id, state, actor.now, from_state=before)
            before = state
    return mail_id


def _try(company: TestCompany, mail_id: UUID, change: str) -> None:
    with company.transaction() as db:
        changed = db.execute(
            sa.text(f"UPDATE mail_message SET {change} WHERE tenant_id = :tenant AND id = :id"),
            {"tenant": company.tenant_id, "id": mail_id},
        )
        assert changed.rowcount == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "change", ["to_address = 'x@y.example'", "message_id = '<x>'", "created_at = '2026-12-17T02:00Z'"]
)
def test_whom_a_mail_went_to_is_never_the_applications_to_change(company: TestCompany, change: str) -> None:
    with pytest.raises(DBAPIError, match="permission denied"):
        _try(company, _mail(company), change)


@pytest.mark.parametrize("state", ["sent", "failed", "suppressed", "unknown"])
@pytest.mark.parametrize(
    "change",
    [
        "body_text = 'we never asked for money'",
        "body_text = '(code removed)', body_html = NULL",
        "body_text = without_links(body_text), body_html = 'another text'",
        "subject = 'another subject'",
        "attachments = '[]'",
        "state = 'queued'",
        "state = 'suppressed', reason = 'another reason'",
        "sent_at = '2020-01-01'",
    ],
)
def test_a_settled_mail_stays_as_it_went(company: TestCompany, state: str, change: str) -> None:
    mail_id = _mail(company, "sending", state)
    with pytest.raises(DBAPIError, match=r"keeps its reader|the words of a mail stay|said once"):
        _try(company, mail_id, change)


@pytest.mark.parametrize(
    "change", ["body_text = 'another text'", "subject = 'x'", "body_text = without_links(body_text)"]
)
def test_what_is_on_its_way_is_not_rewritten(company: TestCompany, change: str) -> None:
    with pytest.raises(DBAPIError, match=r"keeps its reader|the words of a mail stay"):
        _try(company, _mail(company, "sending"), change)


def test_a_forged_text_cannot_slip_in_with_the_outcome(company: TestCompany) -> None:
    with pytest.raises(DBAPIError, match="the words of a mail stay"):
        _try(
            company,
            _mail(company),
            "state = 'sent', sent_at = '2026-12-17T02:00Z', body_text = 'another text'",
        )


def test_the_owner_cannot_rewrite_or_delete_a_sent_mail_either(company: TestCompany, database_url: str) -> None:
    mail_id = _mail(company, "sending", "sent")
    for statement in (
        "UPDATE mail_message SET to_address = 'x@y.example' WHERE tenant_id = %s AND id = %s",
        "DELETE FROM mail_message WHERE tenant_id = %s AND id = %s",
    ):
        with psycopg.connect(database_url.replace("+psycopg", "")) as connection:
            connection.execute("SELECT enter_tenant(%s)", [company.tenant_id])
            with pytest.raises(psycopg.Error, match=r"keeps its reader|never changed or deleted"):
                connection.execute(statement, [company.tenant_id, mail_id])


def test_a_queued_mail_may_still_be_written_anew_and_tried_again(company: TestCompany) -> None:
    mail_id = _mail(company, "sending", "queued")
    _try(company, mail_id, "subject = 'what is open today', body_text = 'less', attachments = '[]'")


def test_secrets_are_taken_out_of_links_and_the_words_stay_readable(company: TestCompany) -> None:
    mail_id = _mail(company, "sending", "sent")
    for _ in range(2):
        with company.transaction() as db:
            mail.redact_links(db, company.tenant_id, mail_id)
    with company.reading() as db:
        row = mail.get(db, company.tenant_id, mail_id)
    assert row.body_text == "请核对。\n\nhttps://a.example/p/…\n"
    assert row.body_html == "<p>https://a.example/p/…</p>"


def test_a_mail_with_a_code_is_emptied_and_one_with_papers_is_not(company: TestCompany) -> None:
    code, statement = _mail(company, "sending", "sent", papers=False), _mail(company, "sending", "sent")
    with company.transaction() as db:
        mail.redact(db, company.tenant_id, code)
    with pytest.raises(DBAPIError, match="the words of a mail stay"), company.transaction() as db:
        mail.redact(db, company.tenant_id, statement)


@pytest.mark.parametrize("found", ["sent", "failed"])
def test_a_person_may_settle_a_doubt_once(company: TestCompany, found: str) -> None:
    mail_id = _mail(company, "sending", "unknown", found)
    with pytest.raises(DBAPIError, match="said once"):
        _try(company, mail_id, "state = 'unknown'")
