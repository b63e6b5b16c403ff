"""The pages of development: caught mail is read, its links work here, and its HTML can do nothing."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app import development
from app.factory import create_app
from app.mailcatcher import mail_dir
from kernel.settings import settings

NAME = "20261121T101010000000-0a1b2c3d.eml"


@pytest.fixture
def client(engine: sa.Engine) -> Iterator[FlaskClient]:
    """The app with the pages of development, and one caught mail."""
    made = create_app()
    made.register_blueprint(development.bp)
    folder = mail_dir(settings().var_dir)
    folder.mkdir(parents=True, exist_ok=True)
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = "请确认 <对账单>", "us@a.example", "them@b.example"
    mail.set_content(f"请点击 {settings().base_url}/p/abc?x=1。\nhttps://elsewhere.example/.\n")
    mail.add_alternative("<p>hello</p><script>alert(1)</script>", subtype="html")
    mail.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="对账单.pdf")
    path = folder / NAME
    path.write_bytes(mail.as_bytes())
    yield made.test_client()
    path.unlink()


def test_the_list_leads_to_the_mail_and_its_link_to_this_site(client: FlaskClient) -> None:
    assert f'href="/mail/{NAME}"' in client.get("/mail?lang=en").get_data(as_text=True)
    html = client.get(f"/mail/{NAME}?lang=en").get_data(as_text=True)
    assert 'href="/p/abc?x=1"' in html
    assert 'href="https://elsewhere.example/"' in html
    assert "&lt;对账单&gt;" in html
    assert "<script>alert" not in html


def test_the_html_is_shown_in_a_sandbox(client: FlaskClient) -> None:
    answer = client.get(f"/mail/{NAME}/html")
    assert "<p>hello</p>" in answer.get_data(as_text=True)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox ")
    assert "default-src 'none'" in policy
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy


def test_attachments_are_files_and_other_names_reach_nothing(client: FlaskClient) -> None:
    answer = client.get(f"/mail/{NAME}/attachments/1")
    assert answer.data == b"%PDF-1.4"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    for path in (f"/mail/{NAME}/attachments/2", f"/mail/{NAME}/attachments/0", "/mail/secret_key", "/mail/..%2Fx.eml"):
        assert client.get(path).status_code == 404


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_every_component_is_shown(client: FlaskClient, language: str) -> None:
    answer = client.get(f"/design?lang={language}")
    assert answer.status_code == 200
    assert f'lang="{language.replace("_", "-")}"' in answer.get_data(as_text=True)


def test_they_exist_in_development_alone(engine: sa.Engine) -> None:
    client = create_app().test_client()
    assert [client.get(path).status_code for path in ("/mail", f"/mail/{NAME}", "/design")] == [404, 404, 404]
