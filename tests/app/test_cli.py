"""The operator's commands: what they print, what they change, how they end. Against a real database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from sqlalchemy.engine import make_url

from app.cli import main
from app.migrate import MigrationError, head_revision, is_current, migrate
from ar.cases.models import DayRun
from ar.statements.commands import issue_statement
from ar.statements.inputs import IssueStatement
from ar.statements.models import Statement
from kernel import journal, outbox, storage
from kernel.db import TenantSession
from kernel.ids import new_id
from kernel.settings import settings
from tests.support.companies import TestCompany
from tests.support.world import world_of

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT: dict[str, str] = {}


def _run(*arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(main, arguments, input=typed, catch_exceptions=False)


def _json(*arguments: str, code: int = 0, typed: str | None = None) -> Any:
    result = _run(*arguments, "--json", typed=typed)
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


@pytest.fixture(scope="session", autouse=True)
def compiled(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Compiled modules are shared by the processes below, also where this one writes none: each starts in a second."""
    ENVIRONMENT["PYTHONPYCACHEPREFIX"] = str(tmp_path_factory.mktemp("pyc"))


def _process(*arguments: str, typed: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """The command as a process of its own, with its own settings."""
    unwanted = {"DATABASE_URL", "REDIS_URL", "PYTHONDONTWRITEBYTECODE"}
    inherited = {name: value for name, value in os.environ.items() if name not in unwanted}
    return subprocess.run(
        [sys.executable, "-c", "from app.cli import main; main()", *arguments],
        env={**inherited, **ENVIRONMENT, "PYTHONPATH": str(ROOT / "platform"), **environment},
        input=typed,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


# --- help


@pytest.mark.parametrize("arguments", [("--help",), ("bank", "--help"), ("statement", "-h"), ()])
def test_help_loads_no_slice_and_no_database(arguments: tuple[str, ...]) -> None:
    """Help is answered from the index: what a command needs is imported when it is called."""
    heavy = "{'sqlalchemy', 'flask', 'pydantic', 'psycopg', 'ar', 'tenants', 'kernel'} & set(sys.modules)"
    code = f"import atexit, sys; atexit.register(lambda: print({heavy})); from app.cli import main; main()"
    asked = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, **ENVIRONMENT, "PYTHONPATH": str(ROOT / "platform")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Usage:" in asked.stdout + asked.stderr
    assert asked.stdout.endswith("set()\n"), asked.stdout


@pytest.mark.parametrize("command", ["up", "down", "status", "demo"])
def test_what_only_starts_or_stops_processes_loads_no_slice(command: str) -> None:
    """Each of the processes loads the slices itself; nobody waits for them twice."""
    code = (
        "import sys; from app.cli import main; "
        f"main.commands['{command}'].make_context('{command}', []); import app.migrate; "
        "print([name for name in ('ar', 'alembic', 'typst') if name in sys.modules])"
    )
    asked = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **ENVIRONMENT, "PYTHONPATH": str(ROOT / "platform")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert asked.stdout == "[]\n", asked.stdout + asked.stderr


def test_an_unknown_command_is_wrong_usage_and_says_so() -> None:
    result = _run("statemnt", "issue")
    assert result.exit_code == 2
    assert "No such command 'statemnt'" in result.output


# --- companies and people


def test_a_company_is_made_and_its_owner_comes_in(company: TestCompany) -> None:
    slug = f"cli-{uuid4().hex[:8]}"
    made = _json(
        *("tenant", "create", slug, "--name", "华芯科技", "--currency", "usd", "--language", "en"),
        *("--policy", "twelve-step", "--owner", f"Boss@{slug}.example", "--owner-name", "王强"),
    )
    assert made["tenant"] == {
        "id": made["tenant"]["id"],
        "slug": slug,
        "name": "华芯科技",
        "currency": "USD",
        "timezone": "Asia/Shanghai",
        "language": "en",
        "policy": "twelve-step",
    }
    assert UUID(made["tenant"]["id"])
    assert made["owner"]["email"] == f"boss@{slug}.example"
    client = company.app.test_client()
    path = "/welcome/" + made["owner"]["welcome_url"].split("/welcome/")[1]
    answer = client.post(path, data={"password": "a long sentence", "again": "a long sentence"})
    assert answer.headers["Location"] == f"/c/{slug}/"
    assert client.get(f"/c/{slug}/people/").status_code == 200
    assert slug in [row["slug"] for row in _json("tenant", "list")["tenants"]]
    assert _json("tenant", "show", slug)["tenant"]["review_mode"] is True


def test_a_taken_name_is_an_error_and_wrong_usage_another(company: TestCompany) -> None:
    again = ("tenant", "create", company.slug, "--name", "x", "--owner", "a@b.example")
    error = _json(*again, code=1)["error"]
    assert error["code"] == "slug_taken"
    assert company.slug in error["message"]
    told = _run(*again)
    assert (told.exit_code, told.stdout) == (1, "")
    assert company.slug in told.stderr
    assert _run("tenant", "create", "x", "--name", "x").exit_code == 2
    assert _run("tenant", "create", "x", "--name", "x", "--owner", "a@b.example", "--policy", "none").exit_code == 2
    assert _json("tenant", "show", "nobody", code=1)["error"]["code"] == "tenant_not_found"


@pytest.mark.parametrize(
    "wrong", [("--currency", "ABC"), ("--timezone", "Mars/Olympus"), ("--owner", "not an address")]
)
def test_what_cannot_be_is_refused(company: TestCompany, wrong: tuple[str, str]) -> None:
    slug = f"cli-{uuid4().hex[:8]}"
    options = {"--name": "x", "--owner": "a@b.example"} | dict([wrong])
    error = _json("tenant", "create", slug, *(part for pair in options.items() for part in pair), code=2)["error"]
    assert error["code"] == "invalid_input"
    assert _json("tenant", "show", slug, code=1)["error"]["code"] == "tenant_not_found"


def test_every_wrong_option_is_named_with_what_is_allowed() -> None:
    told = _run("tenant", "create", "Bad Slug!", "--name", "x", "--owner", "notmail", "--currency", "ABC")
    assert (told.exit_code, told.stdout) == (2, "")
    assert told.stderr.splitlines() == [
        "slug: use 1 to 40 lower-case letters, digits and hyphens; no hyphen at either end",
        "owner: Enter an e-mail address such as name@example.com.",
        "currency: Enter a three-letter currency code, such as CNY.",
    ]


def test_what_is_said_is_in_the_language_of_the_terminal(company: TestCompany, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.delenv("LC_MESSAGES", raising=False)
    for locale, said in (("C.UTF-8", "Nothing to do."), ("zh_CN.UTF-8", "无需处理。")):
        monkeypatch.setenv("LANG", locale)
        told = _run("simulate", "--tenant", company.slug, "--from", "2026-11-02", "--to", "2026-11-03")
        assert told.stdout.strip() == said


def test_a_person_is_added_and_signs_in_with_a_set_password(company: TestCompany) -> None:
    email = f"clerk@{company.slug}.example"
    person = ("tenant", "add-person", company.slug, "--email", email, "--name", "陈静", "--role", "finance")
    told = _json(*person, "--role", "admin")["person"]
    assert (told["email"], told["roles"]) == (email, ["admin", "finance"])
    assert "/welcome/" in told["welcome_url"]
    assert _json("tenant", "set-password", email, "--password-stdin", typed="short\n", code=2)["error"]["code"]
    assert _json("tenant", "set-password", email, "--password-stdin", typed="a long sentence\n") == {"email": email}
    answer = company.app.test_client().post("/sign-in", data={"email": email, "password": "a long sentence"})
    assert answer.headers["Location"] == company.url("/")
    assert _json(*person)["person"]["welcome_url"] is None
    unknown = _json("tenant", "set-password", "nobody@x.example", "--password-stdin", typed="x\n", code=1)
    assert unknown["error"]["code"] == "user_not_found"


# --- journal


def test_the_journal_is_sealed_and_verified(company: TestCompany) -> None:
    before = _json("journal", "verify", "--tenant", company.slug)
    assert (before["ok"], before["batches"]) == (True, 0)
    sealed = _json("journal", "seal", "--tenant", company.slug)
    assert sealed == {"events": before["unsealed"], "batches": 1}
    after = _json("journal", "verify", "--tenant", company.slug)
    assert (after["events"], after["unsealed"], after["batches"]) == (before["unsealed"], 0, 1)


def test_a_forged_event_is_found(company: TestCompany, database_url: str) -> None:
    _json("journal", "seal", "--tenant", company.slug)
    _forge(
        database_url,
        company.tenant_id,
        "journal_event",
        "UPDATE journal_event SET actor_name = 'somebody' WHERE tenant_id = %s",
    )
    found = _json("journal", "verify", "--tenant", company.slug, code=1)
    assert (found["error"]["code"], found["error"]["broken_at"]) == ("journal_broken", 1)
    assert "journal: the chain of hashes holds" in _violations(company)


def test_the_removal_of_the_newest_batch_is_found_by_a_head_noted_outside(
    company: TestCompany, database_url: str
) -> None:
    where = ("journal", "verify", "--tenant", company.slug)
    _json("journal", "seal", "--tenant", company.slug)
    first = _json(*where)
    _overdue_invoice(company)
    _json("journal", "seal", "--tenant", company.slug)
    noted = _json(*where)
    assert noted["head"] != first["head"]
    kept = ("--expect", noted["head"], "--at-least", str(noted["recorded"]))
    assert _json(*where, *kept)["ok"]
    assert _json(*where, "--expect", first["head"].upper())["ok"]
    _forge(
        database_url,
        company.tenant_id,
        "journal_event",
        "DELETE FROM journal_event WHERE tenant_id = %s AND sealed_in = 2",
    )
    _forge(
        database_url,
        company.tenant_id,
        "journal_batch",
        "DELETE FROM journal_batch WHERE tenant_id = %s AND number = 2",
    )
    assert _json(*where)["ok"], "the chain that is left is whole in itself"
    assert _json(*where, "--expect", first["head"])["ok"]
    gone = _json(*where, *kept, code=1)
    assert (gone["error"]["code"], gone["error"]["expected"]) == ("journal_anchor_gone", noted["head"])
    text = _run(*where, *kept)
    assert text.exit_code == 1
    assert noted["head"] in text.stderr


def test_the_removal_of_events_not_yet_sealed_is_found_by_their_count(company: TestCompany, database_url: str) -> None:
    where = ("journal", "verify", "--tenant", company.slug)
    noted = _json(*where)
    assert noted["unsealed"] == noted["recorded"] > 0
    assert f"Count: {noted['recorded']}" in _run(*where).stdout
    _forge(database_url, company.tenant_id, "journal_event", "DELETE FROM journal_event WHERE tenant_id = %s")
    assert _json(*where)["ok"]
    gone = _json(*where, "--at-least", str(noted["recorded"]), code=1)
    assert (gone["error"]["code"], gone["error"]["recorded"]) == ("journal_events_gone", 0)


# --- doctor


def test_a_company_in_order_passes_every_check(company: TestCompany) -> None:
    _overdue_invoice(company)
    told = _json("doctor", "--tenant", company.slug)
    assert told["ok"]
    assert {line["tenant"] for line in told["checks"]} == {None, company.slug}
    assert len(told["checks"]) > 15
    text = _run("doctor", "--tenant", company.slug)
    assert text.exit_code == 0
    assert all(line.startswith(("ok  ", "All ")) for line in text.stdout.splitlines())


def test_a_file_that_was_changed_is_found(company: TestCompany, database_url: str) -> None:
    with company.transaction() as db:
        sha256 = storage.store(db, company.actor(), b"as it was", "text/plain")
    _forge(database_url, company.tenant_id, "blob", "UPDATE blob SET content = 'as it is!' WHERE tenant_id = %s")
    (line,) = _violations(company).values()
    assert sha256 in line["detail"]


def test_work_that_was_given_up_and_mail_in_doubt_are_found(company: TestCompany) -> None:
    with company.transaction() as db:
        outbox.put(db, company.actor(), "statements.issue", {})
        o = outbox.OutboxMessage
        db.execute(sa.update(o).where(o.tenant_id == company.tenant_id).values(state="dead", last_error="broke"))
    text = _run("doctor", "--tenant", company.slug)
    assert text.exit_code == 1
    (line,) = [line for line in text.stdout.splitlines() if line.startswith("FAIL")]
    assert "statements.issue" in line
    assert "broke" in line


def test_a_statement_that_does_not_add_up_is_found(company: TestCompany) -> None:
    customer_id = _overdue_invoice(company)
    with company.transaction() as db:
        _statement(db, company, customer_id, "ST-2026-11-000007", closing_minor=1)
    assert set(_violations(company)) == {
        "statements: opening, debits and credits give the closing balance",
        "statements: the movements lead from the opening to the closing balance",
        "statements: the open items add up to the closing balance",
        "statements: the newest ones agree with the ledger as it stood",
        "numbers: statement numbers are counted",
        "statements: no number is missing without a reason",
    }


@pytest.mark.parametrize(
    ("table", "forgery", "broken"),
    [
        (
            "statement_line",
            (
                "UPDATE statement_line SET debit_minor = debit_minor + 1, balance_minor = balance_minor + 1 "
                "WHERE tenant_id = %s AND part = 'movement'"
            ),
            {"statements: the movements lead from the opening to the closing balance"},
        ),
        (
            "statement_line",
            "DELETE FROM statement_line WHERE tenant_id = %s AND part = 'open'",
            {"statements: the open items add up to the closing balance"},
        ),
        (
            "statement_line",
            "UPDATE statement_line SET balance_minor = balance_minor - 1 WHERE tenant_id = %s AND part = 'movement'",
            {"statements: the balance after each line follows from the line before"},
        ),
        (
            "statement",
            (
                "UPDATE statement SET pdf_sha256 = (SELECT min(sha256) FROM blob b "
                "WHERE b.tenant_id = statement.tenant_id AND b.sha256 <> statement.pdf_sha256) WHERE tenant_id = %s"
            ),
            {"statements: PDF and closing balance are those that the journal noted"},
        ),
    ],
)
def test_a_statement_that_was_changed_after_its_issue_is_found(
    company: TestCompany, database_url: str, table: str, forgery: str, broken: set[str]
) -> None:
    customer_id = _overdue_invoice(company)
    with company.transaction() as db:
        actor = company.actor()
        storage.store(db, actor, b"another paper", "application/pdf")
        period = {"period_from": actor.today - timedelta(days=120), "period_to": actor.today - timedelta(days=1)}
        issue_statement(db, actor, IssueStatement(customer_id=customer_id, currency="CNY", **period))
    assert _json("doctor", "--tenant", company.slug)["ok"]
    _forge(database_url, company.tenant_id, table, forgery)
    found = _violations(company)
    assert set(found) == broken
    assert all("ST-" in line["detail"] for line in found.values())


def test_a_document_that_the_run_forgot_is_found(company: TestCompany) -> None:
    _overdue_invoice(company)
    with company.transaction() as db:
        actor = company.actor()
        later = actor.now + timedelta(hours=7)  # what was booked within six hours before it waits for the next run
        run = {"tenant_id": actor.tenant_id, "id": new_id(), "run_on": actor.today, "started_at": later}
        db.execute(sa.insert(DayRun).values(**run, counts={}))
    (line,) = _violations(company).values()
    assert (line["name"], line["detail"]) == ("cases: what the last run found overdue stands on a ladder", "FP-1")


def test_doctor_for_an_unknown_company_is_an_error(company: TestCompany) -> None:
    assert _json("doctor", "--tenant", "nobody", code=1)["error"]["code"] == "tenant_not_found"


def _violations(company: TestCompany) -> dict[str, Any]:
    told = _json("doctor", "--tenant", company.slug, code=1)
    assert told["error"]["code"] == "violation"
    return {line["name"]: line for line in told["checks"] if not line["ok"]}


def _overdue_invoice(company: TestCompany) -> UUID:
    """A customer who owes 100.00 since long; its id."""
    today = company.actor().today
    world = world_of(company, today)
    customer = world.customer("K1", "新盛电子")
    issued_on, due_on = today - timedelta(days=90), today - timedelta(days=60)
    world.invoice(customer, number="FP-1", on=issued_on, due_on=due_on, minor=100_00)
    return customer


def _statement(db: TenantSession, company: TestCompany, customer_id: UUID, number: str, **wrong: int) -> None:
    actor = company.actor()
    figures = {"opening_minor": 0, "debits_minor": 10_000, "credits_minor": 0, "closing_minor": 10_000} | wrong
    db.execute(
        sa.insert(Statement).values(
            tenant_id=actor.tenant_id,
            id=new_id(),
            number=number,
            customer_id=customer_id,
            currency="CNY",
            period_from=date(2020, 1, 1),
            period_to=actor.today,
            **figures,
            overdue_minor=0,
            aging=[],
            language="zh_CN",
            amount_in_words="",
            pdf_sha256=storage.store(db, actor, number.encode(), "application/pdf"),
            issued_at=actor.now,
            issued_by="test",
        )
    )


def _forge(database_url: str, tenant_id: UUID, table: str, statement: str) -> None:
    """What somebody with the owner's password could do, past grants and triggers."""
    with psycopg.connect(database_url.replace("+psycopg", "")) as connection:
        connection.execute("SELECT enter_tenant(%s)", [tenant_id])
        connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        connection.execute(statement, [tenant_id])
        connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


# --- the database and the server, as processes of their own


@pytest.fixture
def empty_database(database_url: str) -> Iterator[str]:
    """The URL of a database without a table."""
    name = f"huikuan_empty_{uuid4().hex[:8]}"
    plain = database_url.replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    yield make_url(plain).set(database=name).render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Gives this process other settings until the end of the test (for commands that open no session)."""

    def change(**environment: str) -> None:
        monkeypatch.delenv("DATABASE_URL", raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()

    yield change
    monkeypatch.undo()
    settings.cache_clear()


def test_an_empty_database_says_what_to_do_and_is_migrated(empty_database: str, configure: Callable[..., None]) -> None:
    before = _process("tenant", "list", "--json", DATABASE_URL=empty_database)
    assert before.returncode == 1
    error = json.loads(before.stdout)["error"]
    assert error["code"] == "not_migrated"
    assert "huikuan db migrate" in error["message"]
    assert "FAIL database: at the newest revision" in _process("doctor", DATABASE_URL=empty_database).stdout
    configure(DATABASE_URL=empty_database)
    _json("db", "wait")
    head = (ROOT / "migrations" / "HEAD").read_text().strip()
    assert head.startswith(_json("db", "migrate")["revision"])
    after = _process("tenant", "list", "--json", DATABASE_URL=empty_database)
    assert json.loads(after.stdout) == {"tenants": []}


def test_an_owner_that_may_not_make_roles_is_told_what_to_do(empty_database: str, database_url: str) -> None:
    """And the migration's lock is gone with it: the next try does not wait for ever."""
    role = f"plain_{uuid4().hex[:8]}"
    url = make_url(empty_database)
    with psycopg.connect(empty_database, autocommit=True) as owner:
        owner.execute(f"CREATE ROLE {role} LOGIN NOCREATEROLE PASSWORD 'plain'")
        try:
            owner.execute(f"GRANT ALL ON SCHEMA public TO {role}")
            plain = url.set(username=role, password="plain").render_as_string(hide_password=False)
            for _ in range(2):
                told = _process("db", "migrate", DATABASE_URL=plain)
                assert told.returncode == 1
                assert (
                    "Give it CREATEROLE, or let an administrator run migrations/sql/0001_roles.sql once" in told.stderr
                )
                assert "Traceback" not in told.stderr
        finally:
            owner.execute(f"DROP OWNED BY {role}")
            owner.execute(f"DROP ROLE {role}")


def test_one_statement_tells_a_database_that_is_at_the_newest_revision(empty_database: str) -> None:
    url = make_url(empty_database).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    assert not is_current(url), "there is nothing in it"
    with psycopg.connect(empty_database, autocommit=True) as owner:
        owner.execute("CREATE TABLE alembic_version (version_num text)")
        assert not is_current(url)
        owner.execute("INSERT INTO alembic_version VALUES (%s)", [head_revision()])
        assert is_current(url)
        migrate(url)  # does nothing: the tables of the revisions are not there, and none is missed
        owner.execute("UPDATE alembic_version SET version_num = '0001_spine'")
        assert not is_current(url)
    assert not is_current("postgresql+psycopg://nobody@127.0.0.1:9/none")


def test_a_migrated_database_is_at_the_newest_revision(database_url: str) -> None:
    assert is_current(make_url(database_url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False))


def test_a_migration_that_failed_keeps_no_lock(empty_database: str) -> None:
    with psycopg.connect(empty_database, autocommit=True) as owner:
        owner.execute("CREATE TABLE tenant (id int)")  # the first revision stumbles over it
        with pytest.raises(MigrationError, match='relation "tenant" already exists'):
            migrate(make_url(empty_database).set(drivername="postgresql+psycopg").render_as_string(hide_password=False))
        owner.execute("SET lock_timeout = '5s'")
        owner.execute("SELECT pg_advisory_lock(72741901)")  # raises when it is still held


def test_a_database_that_is_away_is_a_sentence(configure: Callable[..., None]) -> None:
    url = "postgresql://nobody@127.0.0.1:9/none"
    away = _process("tenant", "list", DATABASE_URL=url)
    assert away.returncode == 1
    assert "does not answer" in away.stderr
    assert "Traceback" not in away.stderr
    configure(DATABASE_URL=url)
    assert _json("db", "wait", "--seconds", "0", code=1)["error"]["code"] == "database_unreachable"


def test_settings_that_are_wrong_are_a_sentence(configure: Callable[..., None]) -> None:
    configure(PORT="many")
    told = _run("status")
    assert told.exit_code == 1
    assert "PORT: a whole number from 1 to 65535" in told.stderr


def test_status_without_anything_running(tmp_path: Path, configure: Callable[..., None]) -> None:
    configure(VAR_DIR=str(tmp_path))
    rows = _json("status")["processes"]
    assert [(row["name"], row["state"]) for row in rows] == [
        ("supervisor", "stopped"),
        ("postgres", "stopped"),
        ("redis", "stopped"),
    ]
    assert _run("down").stdout == "Nothing was running.\n"


def test_a_reset_removes_nothing_that_may_not_be_a_demo(tmp_path: Path, configure: Callable[..., None]) -> None:
    configure(DATABASE_URL="postgresql://127.0.0.1:9/none", VAR_DIR=str(tmp_path))
    elsewhere = _run("demo", "--reset")
    assert elsewhere.exit_code == 1
    assert "DATABASE_URL" in elsewhere.stderr
    configure(VAR_DIR=str(tmp_path))
    (tmp_path / "postgres").mkdir()
    assert _run("demo", "--reset", typed="n\n").exit_code == 1
    assert (tmp_path / "postgres").is_dir()


def test_help_and_wrong_words_need_no_database() -> None:
    assert "doctor" in _run("--help").output
    assert _run("no-such-command").exit_code == 2


def test_sealing_twice_leaves_nothing(company: TestCompany) -> None:
    _json("journal", "seal", "--tenant", company.slug)
    assert _json("journal", "seal", "--tenant", company.slug) == {"events": 0, "batches": 0}
    with company.reading() as db:
        assert journal.verify(db, company.tenant_id).ok
