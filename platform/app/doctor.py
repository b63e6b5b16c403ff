"""Every invariant that can be looked at from outside, one line each: the installation's, then each company's.

Plain SQL where it checks what code keeps, so that it does not share a mistake with it.
Invariant: it only reads, and every statement on a company's table carries the tenant.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple
from uuid import UUID

import redis
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.orm import Session

from app.embedded.redis_server import OLDEST_REDIS_TEXT, is_supported
from app.migrate import alembic_config
from app.models import TENANT_TABLES
from ar.bills.doctor import bills_checks
from ar.ledger.doctor import ledger_checks
from ar.losses.doctor import losses_checks
from ar.statements.doctor import statement_checks
from kernel import journal
from kernel.db import APP_ROLE, engine, make_engine, reading
from kernel.settings import Settings, settings
from tenants.queries import TenantFacts, active_tenants, tenant_by_slug

NAMED_MAX: Final = 5
POSTGRES_MIN: Final = 150_000


class Line(NamedTuple):
    """One invariant: whether it holds, what was seen, and for which company (None: the installation)."""

    name: str
    ok: bool
    detail: str
    tenant: str | None = None


def examine(slug: str | None = None) -> Iterator[Line]:
    """Every line, as it is found. With `slug` the installation and that company alone.

    Raises NotFound for an unknown slug; OperationalError when the database does not answer.
    """
    installation = list(_installation(settings()))
    yield from installation
    if not all(line.ok for line in installation if line.name == AT_HEAD):
        return  # the tables are not those that the checks below know
    with reading(None) as db:
        companies = [tenant_by_slug(db, slug)] if slug else active_tenants(db)
    for company in companies:
        with reading(company.id) as db:
            yield from company_lines(db, company)


AT_HEAD: Final = "database: at the newest revision"


def _installation(configured: Settings) -> Iterator[Line]:
    owner = make_engine(configured.database_url, role=None, pool_size=1)
    try:
        with owner.connect() as connection:
            version = connection.execute(sa.text("SELECT current_setting('server_version_num')::int")).scalar_one()
            yield Line(
                "database: PostgreSQL 15 or newer", version >= POSTGRES_MIN, f"{version // 10_000}.{version % 10_000}"
            )
            yield _revision(connection, configured)
            yield from _roles(connection)
            yield from _row_level_security(connection)
    finally:
        owner.dispose()
    with engine().connect() as connection:
        name, bypasses = connection.execute(
            sa.text("SELECT current_user, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        ).one()
        yield Line("database: the app works as a role that cannot pass row-level security", not bypasses, name)
    yield from _redis(configured)


def _revision(connection: sa.Connection, configured: Settings) -> Line:
    head = ScriptDirectory.from_config(alembic_config(configured.database_url)).get_current_head()
    current = MigrationContext.configure(connection).get_current_revision()
    detail = str(current) if current == head else f"{current or 'empty'}, not {head}: run `huikuan db migrate`"
    return Line(AT_HEAD, current == head, detail)


def _roles(connection: sa.Connection) -> Iterator[Line]:
    powers = connection.execute(
        sa.text("SELECT rolsuper OR rolbypassrls OR rolcreaterole FROM pg_roles WHERE rolname = :role"),
        {"role": APP_ROLE},
    ).scalar_one_or_none()
    detail = "there is no such role" if powers is None else "has powers it must not have" if powers else ""
    yield Line(f"database: {APP_ROLE} has no powers of its own", powers is False, detail)
    owned = connection.execute(
        sa.text(
            "SELECT c.relname FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner "
            "WHERE r.rolname = :role ORDER BY c.relname"
        ),
        {"role": APP_ROLE},
    ).scalars()
    yield _named(f"database: {APP_ROLE} owns nothing", list(owned))


def _row_level_security(connection: sa.Connection) -> Iterator[Line]:
    guarded = connection.execute(
        sa.text(
            "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace "
            "AND c.relkind IN ('r', 'p') AND c.relrowsecurity AND c.relforcerowsecurity "
            "AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)"
        )
    ).scalars()
    yield _named("database: every company table has forced row-level security", sorted(TENANT_TABLES - set(guarded)))


def _redis(configured: Settings) -> Iterator[Line]:
    name = "redis: answers"
    if not configured.redis_url:
        yield Line(name, not configured.is_production, "not started; `huikuan up` starts it")
        return
    try:
        with redis.Redis.from_url(configured.redis_url, socket_connect_timeout=3, socket_timeout=3) as client:
            # Valkey gives the version of Redis that it stands for.
            version = str(client.info("server")["redis_version"])
    except redis.RedisError as fault:
        yield Line(name, False, f"{type(fault).__name__}: {fault}")
        return
    yield Line(name, True, "")
    yield Line(f"redis: {OLDEST_REDIS_TEXT} or newer", is_supported(version), version)


def company_lines(db: Session, company: TenantFacts) -> Iterator[Line]:
    """Every line of one company, within the caller's transaction."""
    for check in (
        *ledger_checks(db, company.id),
        *statement_checks(db, company.id),
        *bills_checks(db, company.id),
        *losses_checks(db, company.id),
    ):
        yield Line(check.name, check.ok, check.detail, company.slug)
    yield _journal(db, company.id)._replace(tenant=company.slug)
    for name, sql in CHECKS:
        rows = db.execute(sa.text(sql), {"tenant": company.id}).scalars()
        yield _named(name, list(rows))._replace(tenant=company.slug)
    for numbered in NUMBERED:
        yield _numbers(db, company.id, *numbered)._replace(tenant=company.slug)


def _journal(db: Session, tenant_id: UUID) -> Line:
    found = journal.verify(db, tenant_id)
    seen = f"{found.events} events in {found.batches} batches, {found.unsealed} not sealed yet"
    detail = seen if found.ok else f"batch {found.broken_at} does not hold"
    return Line("journal: the chain of hashes holds", found.ok, detail)


# Each selects a name of every row that breaks its invariant.
CHECKS: Final[tuple[tuple[str, str], ...]] = (
    (
        "files: every file has the hash it is named by",
        """
        SELECT sha256 FROM blob WHERE tenant_id = :tenant
        AND (encode(sha256(content), 'hex') <> sha256 OR octet_length(content) <> size_bytes) ORDER BY sha256
        """,
    ),
    (
        "statements: every PDF is there",
        """
        SELECT s.number FROM statement s WHERE s.tenant_id = :tenant AND NOT EXISTS (SELECT FROM blob b
        WHERE b.tenant_id = :tenant AND b.sha256 = s.pdf_sha256) ORDER BY s.number
        """,
    ),
    (
        "statements: every answer names the PDF that was issued",
        """
        SELECT c.reference FROM confirmation c
        JOIN statement s ON s.tenant_id = c.tenant_id AND s.id = c.statement_id
        WHERE c.tenant_id = :tenant AND s.tenant_id = :tenant AND c.pdf_sha256 <> s.pdf_sha256 ORDER BY c.reference
        """,
    ),
    (
        "statements: opening, debits and credits give the closing balance",
        """
        SELECT number FROM statement WHERE tenant_id = :tenant
        AND closing_minor <> opening_minor + debits_minor - credits_minor ORDER BY number
        """,
    ),
    (
        # What was booked for that period later does not make a frozen statement wrong.
        "statements: the newest ones agree with the ledger as it stood",
        """
        WITH newest AS (
            SELECT DISTINCT ON (customer_id, currency)
                number, customer_id, currency, period_to, issued_at, closing_minor
            FROM statement WHERE tenant_id = :tenant ORDER BY customer_id, currency, issued_at DESC, number DESC
        )
        SELECT n.number FROM newest n CROSS JOIN LATERAL (
            SELECT coalesce(sum(p.debit_minor - p.credit_minor), 0) AS now_minor,
                coalesce(sum(p.debit_minor - p.credit_minor) FILTER (WHERE e.recorded_at <= n.issued_at), 0)
                    AS then_minor
            FROM posting p JOIN entry e ON e.tenant_id = p.tenant_id AND e.id = p.entry_id
            WHERE p.tenant_id = :tenant AND e.tenant_id = :tenant AND p.account_code = 'receivables'
                AND p.customer_id = n.customer_id AND p.currency = n.currency AND e.effective_on <= n.period_to
        ) AS ledger
        WHERE n.closing_minor NOT IN (ledger.now_minor, ledger.then_minor) ORDER BY n.number
        """,
    ),
    (
        # An item that became overdue after the last run, or was opened again, waits for the next one.
        "cases: what the last run found overdue stands on a ladder",
        """
        WITH last AS (
            SELECT id, run_on FROM day_run WHERE tenant_id = :tenant ORDER BY id DESC LIMIT 1
        )
        SELECT i.document_no FROM open_item i CROSS JOIN last
        WHERE i.tenant_id = :tenant AND i.side = 1 AND i.open_minor > 0 AND i.due_on < last.run_on AND i.id < last.id
            AND NOT EXISTS (SELECT FROM ladder_state s WHERE s.tenant_id = :tenant AND s.item_id = i.id)
            AND NOT EXISTS (SELECT FROM allocation a WHERE a.tenant_id = :tenant AND a.debit_item_id = i.id
                AND a.reverses_id IS NOT NULL AND a.id > last.id)
        ORDER BY i.document_no
        """,
    ),
    (
        "work: nothing was given up",
        """
        SELECT kind || ' ' || id || ': ' || left(coalesce(last_error, ''), 80) FROM outbox_message
        WHERE tenant_id = :tenant AND state = 'dead' ORDER BY id
        """,
    ),
    (
        "mail: nothing was sent perhaps",
        "SELECT to_address || ' ' || id FROM mail_message WHERE tenant_id = :tenant AND state = 'unknown' ORDER BY id",
    ),
)

# what, counter (`{year}`: one a year), table, column, how its numbers look (SQL LIKE)
NUMBERED: Final[tuple[tuple[str, str, str, str, str], ...]] = (
    ("statement numbers", "statement", "statement", "number", "ST-%"),
    ("confirmation numbers", "confirmation", "confirmation", "reference", "CF-%"),
    ("demand letter numbers", "DN-{year}", "action", "number", "DN-%"),
    ("bad-debt numbers", "bad_debt:{year}", "bad_debt_case", "number", "BD-%"),
    ("provision numbers", "provision:{year}", "provision_run", "number", "PV-%"),
    ("reversal numbers", "reversal:{year}", "open_item", "document_no", "REV-%"),
)


def _numbers(db: Session, tenant_id: UUID, what: str, counter: str, table: str, column: str, like: str) -> Line:
    """No number was given that its counter has not counted, or it would be given twice."""
    year = f"split_part({column}, '-', 2)" if "{year}" in counter else "''"
    prefix = counter.replace("{year}", "")
    kind = "AND kind = 'reversal'" if table == "open_item" else ""
    sql = f"""
        WITH used AS (
            SELECT {year} AS year, max(substring({column} FROM '[0-9]+$')::bigint) AS highest
            FROM {table} WHERE tenant_id = :tenant AND {column} LIKE :like {kind} GROUP BY 1
        )
        SELECT :prefix || u.year || ' at ' || coalesce(c.value, 0) || ', used ' || u.highest FROM used u
        LEFT JOIN tenant_counter c ON c.tenant_id = :tenant AND c.name = :prefix || u.year
        WHERE u.highest > coalesce(c.value, 0) ORDER BY 1
    """  # noqa: S608 - names of our own, from the list above
    rows = db.execute(sa.text(sql), {"tenant": tenant_id, "like": like, "prefix": prefix}).scalars()
    return _named(f"numbers: {what} are counted", list(rows))


def _named(name: str, broken: list[Any]) -> Line:
    more = f" … ({len(broken)} in all)" if len(broken) > NAMED_MAX else ""
    return Line(name, not broken, ", ".join(map(str, broken[:NAMED_MAX])) + more)
