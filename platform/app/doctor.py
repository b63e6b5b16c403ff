"""Checks every invariant of the installation and its companies that can be checked from outside.

Invariant: it only reads, and every statement on a company's table carries the tenant.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import redis
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.orm import Session

from app.embedded.redis_server import OLDEST_REDIS_TEXT, is_supported
from app.examination import company_checks, named
from app.migrate import alembic_config
from app.models import TENANT_TABLES
from ar.interest.lookups import stale_rates
from kernel.clock import local_date, utc_now
from kernel.db import APP_ROLE, engine, make_engine, read_only_transaction
from kernel.settings import Settings, settings
from tenants.queries import TenantFacts, active_tenants, tenant_by_slug

POSTGRES_MIN: Final = 150_000


class InvariantCheck(NamedTuple):
    """The check of one invariant: whether it holds, what was found, and the company (None: the installation)."""

    name: str
    ok: bool
    detail: str
    tenant: str | None = None


def examine(slug: str | None = None) -> Iterator[InvariantCheck]:
    """Yields the checks as they are made. With `slug` those of the installation and that company only.

    Raises NotFound for an unknown slug; OperationalError when the database does not answer.
    """
    installation = list(_installation(settings()))
    yield from installation
    if not all(line.ok for line in installation if line.name == AT_HEAD):
        return  # the checks below need the tables of the newest revision
    with read_only_transaction(None) as db:
        companies = [tenant_by_slug(db, slug)] if slug else active_tenants(db)
    for company in companies:
        with read_only_transaction(company.id) as db:
            for check in company_checks(db, company.id):
                yield InvariantCheck(**check._asdict(), tenant=company.slug)
            yield _rates(db, company)


def _rates(db: Session, company: TenantFacts) -> InvariantCheck:
    """Whether the reference rates that the company's terms of late interest rest on are known for today.

    Rates age without anybody's fault: on a machine of one's own a warning is enough.
    """
    stale = stale_rates(db, company.id, local_date(utc_now(), company.timezone))
    remedy = "; ".join(
        f"{series} known through {through or 'no day'}: record what was published (`huikuan interest rate`)"
        for series, through in stale
    )
    return InvariantCheck(
        "interest: the reference rates in use are known for today",
        not (stale and settings().is_production),
        remedy,
        company.slug,
    )


AT_HEAD: Final = "database: at the newest revision"


def _installation(configured: Settings) -> Iterator[InvariantCheck]:
    owner = make_engine(configured.owner_url, role=None, pool_size=1)
    try:
        with owner.connect() as connection:
            version = connection.execute(sa.text("SELECT current_setting('server_version_num')::int")).scalar_one()
            yield InvariantCheck(
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
        yield InvariantCheck(
            "database: the app works as a role that cannot pass row-level security", not bypasses, name
        )
        yield _login(connection, configured)
    yield from _redis(configured)


def _login(connection: sa.Connection, configured: Settings) -> InvariantCheck:
    """Whether the application's login is the tables' owner: what a statement could then take back by RESET ROLE."""
    login, owns = connection.execute(
        sa.text(
            "SELECT session_user, EXISTS (SELECT FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner "
            "WHERE r.rolname = session_user AND c.relnamespace = 'public'::regnamespace)"
        )
    ).one()
    remedy = f"{login} owns the tables: give DATABASE_URL a login that owns nothing, and DATABASE_OWNER_URL this one"
    # On a machine of one's own a warning is enough.
    return InvariantCheck(
        "database: the app logs in as a role that owns nothing",
        not (owns and configured.is_production),
        remedy if owns else login,
    )


def _revision(connection: sa.Connection, configured: Settings) -> InvariantCheck:
    head = ScriptDirectory.from_config(alembic_config(configured.owner_url)).get_current_head()
    current = MigrationContext.configure(connection).get_current_revision()
    detail = str(current) if current == head else f"{current or 'empty'}, not {head}: run `huikuan db migrate`"
    return InvariantCheck(AT_HEAD, current == head, detail)


def _roles(connection: sa.Connection) -> Iterator[InvariantCheck]:
    powers = connection.execute(
        sa.text("SELECT rolsuper OR rolbypassrls OR rolcreaterole FROM pg_roles WHERE rolname = :role"),
        {"role": APP_ROLE},
    ).scalar_one_or_none()
    detail = "there is no such role" if powers is None else "has powers it must not have" if powers else ""
    yield InvariantCheck(f"database: {APP_ROLE} has no powers of its own", powers is False, detail)
    owned = connection.execute(
        sa.text(
            "SELECT c.relname FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner "
            "WHERE r.rolname = :role ORDER BY c.relname"
        ),
        {"role": APP_ROLE},
    ).scalars()
    yield InvariantCheck(**named(f"database: {APP_ROLE} owns nothing", list(owned))._asdict())


def _row_level_security(connection: sa.Connection) -> Iterator[InvariantCheck]:
    guarded = connection.execute(
        sa.text(
            "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace "
            "AND c.relkind IN ('r', 'p') AND c.relrowsecurity AND c.relforcerowsecurity "
            "AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)"
        )
    ).scalars()
    missing = sorted(TENANT_TABLES - set(guarded))
    yield InvariantCheck(**named("database: every company table has forced row-level security", missing)._asdict())


def _redis(configured: Settings) -> Iterator[InvariantCheck]:
    name = "redis: answers"
    if not configured.redis_url:
        yield InvariantCheck(name, not configured.is_production, "not started; `huikuan up` starts it")
        return
    try:
        with redis.Redis.from_url(configured.redis_url, socket_connect_timeout=3, socket_timeout=3) as client:
            # Valkey gives the version of Redis that it stands for.
            version = str(client.info("server")["redis_version"])
    except redis.RedisError as fault:
        yield InvariantCheck(name, False, f"{type(fault).__name__}: {fault}")
        return
    yield InvariantCheck(name, True, "")
    yield InvariantCheck(f"redis: {OLDEST_REDIS_TEXT} or newer", is_supported(version), version)
