"""Which names the installation answers to: its own in production, any on a developer's machine."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask

from app.factory import create_app, trusted_hosts
from kernel.settings import Settings, settings

PUBLIC = "https://collect.example:8443/"


def _production() -> Settings:
    return Settings(
        environment="production",
        database_url=settings().database_url,
        redis_url="redis://127.0.0.1:1/0",
        smtp_url="smtp://127.0.0.1:1",
        public_url=PUBLIC,
        secret_key="s" * 40,
        host="10.1.2.3",
        trusted_proxies=1,
    )


@pytest.fixture
def production(engine: sa.Engine) -> Flask:
    """The app as in production; there is no Redis at its address, so each process counts tries for itself."""
    return create_app(_production())


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"X-Forwarded-Host": "evil.example"}])
@pytest.mark.parametrize("path", ["/", "/sign-in", "/c/a/receivables", "/assets/x", "/nothing"])
def test_a_strange_name_gets_a_plain_400_and_leads_nowhere(
    production: Flask, path: str, headers: dict[str, str]
) -> None:
    answer = production.test_client().get(path, headers=headers)
    assert answer.status_code == 400
    assert answer.mimetype == "text/plain"
    assert "does not answer to that name" in answer.text
    assert "evil" not in answer.text + str(answer.headers)
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_a_strange_name_changes_nothing(production: Flask) -> None:
    answer = production.test_client().post("/language", data={"language": "en"}, headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("host", ["collect.example", "collect.example:8443", "localhost:8000", "127.0.0.1", "10.1.2.3"])
def test_its_own_names_are_answered(production: Flask, host: str) -> None:
    assert production.test_client().get("/healthz", headers={"Host": host}).status_code == 200


def test_development_and_tests_answer_to_any_name(app: Flask) -> None:
    assert trusted_hosts(Settings()) is None
    assert app.test_client().get("/sign-in", headers={"Host": "laptop.local:8000"}).status_code == 200


def test_without_redis_tries_are_still_counted(production: Flask) -> None:
    production.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
    client = production.test_client()
    form = {"email": "nobody@acme.example", "password": "wrong password"}
    answers = [client.post("/sign-in", data=form, headers={"Host": "localhost"}).status_code for _ in range(11)]
    assert answers == [422] * 10 + [429]
