"""From the outbox to SMTP: once, with a stable Message-ID, and in doubt rather than twice."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from app import dispatcher, handlers
from kernel import mail, outbox
from kernel.clock import utc_now
from kernel.db import open_session
from kernel.mail import Attachment, OutgoingMail
from kernel.storage import store
from tests.support.clock import NOW
from tests.support.companies import TestCompany
from tests.support.database import as_owner
from tests.support.delivery import Post, drain, smtp_at
from tests.support.rude import rude_server

JUST_NOW = NOW - timedelta(minutes=1)


def _queue(company: TestCompany, purpose: str = "test") -> UUID:
    with company.transaction() as db:
        actor = company.actor()
        sha256 = store(db, actor, b"%PDF-1.7 test", "application/pdf")
        outgoing = OutgoingMail(
            to_address="lina@xinsheng.example",
            to_name="李娜",
            subject="对账单 ST-2026-10-000042",
            body_text="请查收。\n",
            from_name="伟业电子有限公司",
            attachments=[Attachment("对账单.pdf", sha256)],
        )
        return mail.queue_mail(db, actor, outgoing, purpose=purpose)


def _state(company: TestCompany, mail_id: UUID) -> tuple[str, str | None]:
    with company.reading() as db:
        row = db.execute(
            sa.text("SELECT state, reason FROM mail_message WHERE tenant_id = :t AND id = :i"),
            {"t": company.tenant_id, "i": mail_id},
        ).one()
    return row.state, row.reason


def test_a_mail_arrives_once_with_its_attachment_and_chinese_names(company: TestCompany, post: Post) -> None:
    mail_id = _queue(company)
    assert "sent" in drain(company.tenant_id)
    assert drain(company.tenant_id) == []
    (caught,) = post.to("lina@xinsheng.example")
    assert caught.subject == "对账单 ST-2026-10-000042"
    assert "请查收" in caught.text
    assert [a.filename for a in caught.attachments] == ["对账单.pdf"]
    headers = dict(caught.headers)
    assert headers["Auto-Submitted"] == "auto-generated"
    assert mail_id.hex in headers["Message-ID"]
    assert _state(company, mail_id)[0] == "sent"


def test_papers_of_any_size_and_bytes_arrive_as_they_were_stored(company: TestCompany, post: Post) -> None:
    papers = {"函.pdf": bytes(range(256)) * 800, "表.csv": b"a,b\r\n1,2\r\n", "empty.bin": b""}
    with company.transaction() as db:
        actor = company.actor()
        kinds = {"函.pdf": "application/pdf", "表.csv": "text/csv", "empty.bin": "application/octet-stream"}
        attached = [Attachment(name, store(db, actor, content, kinds[name])) for name, content in papers.items()]
        outgoing = OutgoingMail(
            to_address="lina@xinsheng.example",
            to_name="李娜",
            subject="函",
            body_text="请查收",
            body_html="<p>请查收</p>",
            attachments=attached,
        )
        mail.queue_mail(db, actor, outgoing, purpose="test")
    assert drain(company.tenant_id) == ["sent"]
    (caught,) = post.all()
    assert {each.filename: each.content for each in caught.attachments} == papers
    assert "请查收" in caught.text


def test_two_workers_with_the_same_message_send_it_once(company: TestCompany, post: Post) -> None:
    from app.jobs import deliver

    _queue(company)
    with company.transaction() as db:
        claimed = [c for c in outbox.claim(db, company.tenant_id, utc_now()) if c.kind == mail.SEND_MAIL]
    arguments = (str(claimed[0].tenant_id), str(claimed[0].id), str(claimed[0].fence))
    threads = [threading.Thread(target=deliver, args=arguments) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(post.all()) == 1
    assert _states(company) == ["sent"]


def test_no_mail_server_means_later_with_the_same_message_id(company: TestCompany, post: Post) -> None:
    mail_id = _queue(company)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with smtp_at(f"smtp://127.0.0.1:{port}"):
        assert "retry" in drain(company.tenant_id, rounds=1)
    state, reason = _state(company, mail_id)
    assert state == "queued"
    assert "refused" in (reason or "").lower()
    with company.transaction() as db:
        db.execute(
            sa.text("UPDATE outbox_message SET due_at = :at WHERE tenant_id = :t"),
            {"t": company.tenant_id, "at": JUST_NOW},
        )
    assert "sent" in drain(company.tenant_id)
    assert mail_id.hex in dict(post.all()[0].headers)["Message-ID"]


def test_the_world_is_checked_again_before_sending(
    company: TestCompany, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(handlers.RECHECKS, "check-me", lambda _db, _actor, _mail: "paid")
    mail_id = _queue(company, purpose="check-me")
    assert "suppressed" in drain(company.tenant_id)
    assert post.all() == []
    assert _state(company, mail_id) == ("suppressed", "paid")


def _states(company: TestCompany) -> list[str]:
    with company.reading() as db:
        return list(
            db.execute(
                sa.text("SELECT state FROM mail_message WHERE tenant_id = :t"), {"t": company.tenant_id}
            ).scalars()
        )


KILLED = """
import os, signal, sys
import smtplib
from app.jobs import deliver
def die(*_args, **_values):
    os.kill(os.getpid(), signal.SIGKILL)
smtplib.SMTP.data = die
deliver(*sys.argv[1:4])
"""


def test_a_worker_killed_while_sending_leaves_a_mail_in_doubt_not_a_second_one(
    company: TestCompany, post: Post, database_url: str
) -> None:
    mail_id = _queue(company)
    with company.transaction() as db:
        claimed = next(c for c in outbox.claim(db, company.tenant_id, utc_now()) if c.kind == mail.SEND_MAIL)
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "DATABASE_URL": database_url, "PYTHONPATH": str(root / "platform")}
    died = subprocess.run(
        [sys.executable, "-c", KILLED, str(claimed.tenant_id), str(claimed.id), str(claimed.fence)],
        env=environment,
        check=False,
        timeout=60,
    )
    assert died.returncode == -signal.SIGKILL
    assert _state(company, mail_id)[0] == "sending"
    with company.transaction() as db:
        db.execute(
            sa.text("UPDATE outbox_message SET lease_until = :at WHERE tenant_id = :t"),
            {"t": company.tenant_id, "at": JUST_NOW},
        )
    assert "unknown" in drain(company.tenant_id)
    assert _state(company, mail_id)[0] == "unknown"
    assert post.all() == []


@pytest.mark.parametrize(
    ("answers", "outcome", "state", "address_bad"),
    [
        ({"MAIL": "550 5.7.1 sender quota exceeded"}, "retry", "queued", None),
        ({"MAIL": "530 5.7.0 authentication required"}, "retry", "queued", None),
        ({"MAIL": "451 greylisted"}, "retry", "queued", None),
        ({"RCPT": "550 5.1.1 no such user"}, "failed", "failed", True),
        ({"RCPT": "550 5.7.1 blocked by policy"}, "failed", "failed", False),
        ({"RCPT": "550 5.7.1 relaying denied"}, "retry", "queued", None),
        ({"RCPT": "530 5.7.0 authentication required"}, "retry", "queued", None),
        ({"RCPT": "501 5.1.3 bad recipient syntax"}, "failed", "failed", False),
        ({"RCPT": "450 mailbox busy"}, "retry", "queued", None),
        ({"DATA": "554 spam"}, "failed", "failed", False),
        ({"DATA": "530 5.7.0 authentication required"}, "retry", "queued", None),
        ({"TEXT": "550 spam"}, "failed", "failed", False),
        ({"TEXT": "hang up"}, "unknown", "unknown", False),
    ],
)
def test_what_the_server_says_decides_what_becomes_of_the_mail(
    company: TestCompany, answers: dict[str, str], outcome: str, state: str, address_bad: bool | None
) -> None:
    """Only a refused recipient is a bad address; a line that breaks after the text is nobody's guess; what the server
    holds against us, and not against this mail, passes."""
    mail_id = _queue(company)
    with rude_server(answers) as url, smtp_at(url):
        assert outcome in drain(company.tenant_id, rounds=1)
    assert _state(company, mail_id)[0] == state
    with company.reading() as db:
        row = mail.get(db, company.tenant_id, mail_id)
        assert mail.address_is_bad(row) is bool(address_bad)


@pytest.mark.parametrize(
    ("scheme", "answers"),
    [
        ("smtp://mailer:wrong@", {"EHLO": "250-rude\r\n250 AUTH PLAIN", "AUTH": "535 5.7.8 wrong password"}),
        ("smtp+starttls://", {"EHLO": "250-rude\r\n250 STARTTLS", "STAR": "554 5.7.3 no encryption today"}),
    ],
)
def test_a_wrong_sign_in_or_missing_encryption_of_ours_ends_no_mail(
    company: TestCompany, scheme: str, answers: dict[str, str]
) -> None:
    mail_id = _queue(company)
    with rude_server(answers) as url, smtp_at(url.replace("smtp://", scheme)):
        assert "retry" in drain(company.tenant_id, rounds=1)
    state, reason = _state(company, mail_id)
    assert state == "queued"
    assert "5.7." in (reason or "")


def test_a_server_that_is_away_for_days_gives_the_mail_back_to_a_person(company: TestCompany) -> None:
    mail_id = _queue(company)
    with rude_server({"MAIL": "451 later"}) as url, smtp_at(url):
        for _ in range(mail.TRIES_MAX):
            assert _state(company, mail_id)[0] == "queued"
            drain(company.tenant_id, rounds=1)
            with company.transaction() as db:
                db.execute(
                    sa.text("UPDATE outbox_message SET due_at = :at WHERE tenant_id = :t AND state = 'ready'"),
                    {"t": company.tenant_id, "at": JUST_NOW},
                )
    state, reason = _state(company, mail_id)
    assert state == "failed"
    assert "given up" in (reason or "")


def test_a_name_with_a_line_break_neither_injects_a_header_nor_stops_the_mail(company: TestCompany, post: Post) -> None:
    with company.transaction() as db:
        outgoing = OutgoingMail(
            to_address="lina@xinsheng.example", to_name="Evil\r\nBcc: x@y.example", subject="a\nb", body_text="x"
        )
        mail.queue_mail(db, company.actor(), outgoing, purpose="test")
    assert "sent" in drain(company.tenant_id)
    headers = dict(post.all()[0].headers)
    assert "Bcc" not in headers
    assert headers["Subject"] == "a b"


def test_a_suspended_company_sends_nothing(company: TestCompany, post: Post) -> None:
    _queue(company)
    as_owner(company.tenant_id, "UPDATE tenant SET state = 'suspended' WHERE id = %s")
    with open_session(None, bind=dispatcher.dispatch_engine()) as db:
        assert company.tenant_id not in {work.tenant_id for work in outbox.due_work(db, utc_now())}


def test_the_clock_puts_one_run_a_day_at_the_tenants_local_time(company: TestCompany) -> None:
    from datetime import UTC, datetime

    # 08:30 in Shanghai is 00:30 UTC.
    early, late = datetime(2026, 11, 23, 0, 29, tzinfo=UTC), datetime(2026, 11, 23, 0, 31, tzinfo=UTC)

    def runs() -> list[str]:
        with company.reading() as db:
            return list(
                db.execute(
                    sa.text("SELECT key FROM outbox_message WHERE tenant_id = :t AND kind = 'cases.run_day'"),
                    {"t": company.tenant_id},
                ).scalars()
            )

    dispatcher.Clock().tick(early)
    assert runs() == []
    for _ in range(3):
        dispatcher.Clock().tick(late)
    assert runs() == ["cases.run_day:2026-11-23"]
