"""The mail catcher: what is sent by SMTP can be read back as it was sent, and only that."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from app.mailcatcher import catching, list_mail, mail_dir, read_mail
from kernel.errors import NotFound


def _statement(subject: str = "2026年10月对账单") -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["Subject"] = subject
    message["From"] = "远东电子 <ar@far-east.example>"
    message["To"] = "财务 <finance@debtor.example>"
    message["Message-ID"] = "<step-1@huikuan.example>"
    message.set_content("尊敬的客户:\n请核对附件。\n")
    message.add_alternative("<p>请核对附件。</p>", subtype="html")
    message.add_attachment(b"%PDF-1.7 \x00\xff", maintype="application", subtype="pdf", filename="对账单.pdf")
    return message


def _send(url: str, *messages: EmailMessage) -> None:
    where = urlsplit(url)
    with smtplib.SMTP(str(where.hostname), where.port or 0, timeout=10) as server:
        for message in messages:
            server.send_message(message)


def test_sent_mail_is_read_back_with_texts_headers_and_attachment(tmp_path: Path) -> None:
    with catching(tmp_path) as url:
        _send(url, _statement(), _statement("second"))
        newest, first = list_mail(tmp_path)
    assert (newest.subject, first.subject) == ("second", "2026年10月对账单")
    mail = read_mail(tmp_path, first.name)
    assert "请核对附件。" in mail.text
    assert "<p>请核对附件。</p>" in mail.html
    assert ("Message-ID", "<step-1@huikuan.example>") in mail.headers
    assert mail.sender == "远东电子 <ar@far-east.example>"
    assert mail.recipients == "财务 <finance@debtor.example>"
    [pdf] = mail.attachments
    assert (pdf.filename, pdf.content_type, pdf.content) == (
        "对账单.pdf",
        "application/pdf",
        b"%PDF-1.7 \x00\xff",
    )


def test_only_finished_messages_are_left_on_disk(tmp_path: Path) -> None:
    with catching(tmp_path) as url:
        _send(url, _statement())
    assert [p.suffix for p in mail_dir(tmp_path).iterdir()] == [".eml"]


def test_a_message_that_cannot_be_kept_is_refused_for_now(tmp_path: Path) -> None:
    with catching(tmp_path) as url:
        mail_dir(tmp_path).rmdir()
        with pytest.raises(smtplib.SMTPDataError) as refusal:
            _send(url, _statement())
    assert refusal.value.smtp_code == 451
    assert list_mail(tmp_path) == []


def test_old_chinese_charset_shows_rare_characters(tmp_path: Path) -> None:
    raw = b"Subject: x\r\nContent-Type: text/plain; charset=gb2312\r\n\r\n" + "镕和㙍".encode("gb18030")
    folder = mail_dir(tmp_path)
    folder.mkdir()
    (folder / "20261101T080000000000-0123abcd.eml").write_bytes(raw)
    assert read_mail(tmp_path, "20261101T080000000000-0123abcd.eml").text == "镕和㙍"


@pytest.mark.parametrize(
    "name", ["../embedded.json", "..", "", "/etc/passwd", "a.eml", "20261101T080000000000-0123abcd.eml"]
)
def test_names_that_are_not_ours_reach_no_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "embedded.json").write_text("secret")
    mail_dir(tmp_path).mkdir()
    (mail_dir(tmp_path) / "20261101T080000000000-0123abcd.eml").symlink_to(tmp_path / "embedded.json")
    with pytest.raises(NotFound):
        read_mail(tmp_path, name)
