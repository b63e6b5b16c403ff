"""PostgreSQL stops while people work: they are told to wait, nothing breaks, and all goes on when it is back."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from tests.support.companies import TestCompany

# Who the person is, and so their language, is not known while the database is away.
ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
def away(database_url: str) -> Iterator[None]:
    """The database refuses new connections and has dropped those there were."""
    url = make_url(database_url.replace("+psycopg", ""))
    elsewhere = url.set(database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(elsewhere, autocommit=True) as owner:
        switch, name = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}"), sql.Identifier(str(url.database))
        owner.execute(switch.format(name, sql.SQL("false")))
        owner.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [url.database])
        try:
            yield
        finally:
            owner.execute(switch.format(name, sql.SQL("true")))


def test_pages_say_that_the_database_is_away_and_when_to_come_again(
    company: TestCompany, request: pytest.FixtureRequest
) -> None:
    client = company.client()
    before = client.get(company.url("/customers/"))
    assert before.status_code == 200
    request.getfixturevalue("away")
    for answer in (
        client.get(company.url("/customers/"), headers=ENGLISH),
        client.get("/sign-in", headers=ENGLISH),
        client.post(company.url("/customers/"), data={"name": "Example"}, headers=ENGLISH),
    ):
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "The database does not answer for now" in answer.text
        assert "Traceback" not in answer.text
    assert "may or may not have been stored" in answer.text  # the last one would have changed something
    assert client.get("/healthz").status_code == 200  # the process itself is well: no restart for another's fault
    assert client.get("/readyz").status_code == 503


def test_all_goes_on_when_it_is_back(company: TestCompany, database_url: str) -> None:
    client = company.client()
    assert client.get(company.url("/customers/")).status_code == 200
    with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as owner:
        owner.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    # The connection that died under the first request is the last of the old ones.
    answers = [client.get(company.url("/customers/")).status_code for _ in range(2)]
    assert answers[-1] == 200
    assert set(answers) <= {200, 503}
