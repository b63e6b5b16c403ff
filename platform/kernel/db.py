"""The database: engine, session, and how a transaction enters its tenant.

Invariants: a session belongs to one tenant for its whole life and enters it by `enter_tenant()` as the first statement
of each transaction; a transaction whose login is another role than `huikuan_app` steps down to it at its begin, and
the step ends with it; a read-only session cannot write at all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from itertools import chain, repeat
from typing import Any, TypeVar, cast
from uuid import UUID

import psycopg
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import DeclarativeBase, ORMExecuteState, Session

from kernel.built_once import text_of
from kernel.settings import settings

APP_ROLE = "huikuan_app"
DISPATCH_ROLE = "huikuan_dispatch"

# A connection at rest for less than this is taken to be alive.
RESTED_S = 5.0
# A statement is prepared when it comes so many times on a connection, which keeps so many of them.
PREPARE_AFTER = 3
PREPARED_MAX = 500
# Execution option of an engine that prepares; key in a session's `info` while its statements have one plan.
PREPARES = "huikuan_prepares"
PLANNED_ONCE = "planned_once"

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


#: Key in a session's `info` of the limit that `kernel.visibility` set.
LIMITED = "limited"


class Base(DeclarativeBase):
    """The base of every table; its metadata lists them all."""

    metadata = sa.MetaData(naming_convention=NAMING)


#: Of PostgreSQL: shutting down, crashed, starting up, too many connections; its class 08 is a broken connection.
AWAY_STATES = frozenset({"57P01", "57P02", "57P03", "57P05", "53300"})
AWAY_PAUSES_S = (0.1, 0.2, 0.5, 1.0, 2.0)

Result = TypeVar("Result")

_ENTER = sa.text("SELECT enter_tenant(:tenant)")


class TenantSession(Session):
    """A session that enters `info['tenant_id']` at the start of every transaction."""


@event.listens_for(TenantSession, "after_begin")
def _enter_at_begin(session: Session, _transaction: object, connection: sa.Connection) -> None:
    session.info.pop(PLANNED_ONCE, None)
    tenant_id = session.info.get("tenant_id")
    if tenant_id is not None:
        connection.execute(_ENTER, {"tenant": tenant_id})


def _note_role(dbapi_connection: Any, record: Any, role: str) -> None:
    """Notes whether this login has to step down to `role` in each transaction, or has no other power anyway."""
    before = dbapi_connection.autocommit
    dbapi_connection.autocommit = True
    try:
        with dbapi_connection.cursor() as cursor:
            cursor.execute("SELECT current_user <> %s AND to_regrole(%s) IS NOT NULL", (role, role))
            record.info["step_down_to"] = role if cursor.fetchone()[0] else None
    finally:
        dbapi_connection.autocommit = before


def _step_down(connection: sa.Connection) -> None:
    """Sets the role for this transaction only: behind a pooler the next transaction is somebody else's.

    By the driver's own cursor: it is no statement of the product, and must come before its first.
    """
    role = connection.info.get("step_down_to")
    if role is None:
        return
    statement = f"SET LOCAL ROLE {role}"
    try:
        connection.connection.cursor().execute(statement)
    except psycopg.Error as error:
        lost = isinstance(error, psycopg.OperationalError)
        if lost:
            connection.invalidate(error)
            connection.engine.dispose()  # those that rest were most likely lost with it
        raise sa.exc.DBAPIError.instance(
            statement, None, error, psycopg.Error, connection_invalidated=lost, dialect=connection.dialect
        ) from error


def _note_rest(_dbapi_connection: Any, record: Any) -> None:
    record.info["resting_since"] = time.monotonic()


def _ask_whether_alive(dbapi_connection: Any, record: Any, _proxy: object) -> None:
    """Tests a connection that was idle for RESTED_S; a dead one is replaced by the pool.

    SQLAlchemy's own pre-ping asks at every checkout: two or three round trips on each page.
    """
    since = record.info.get("resting_since")
    if since is None or time.monotonic() - since < RESTED_S:
        return
    try:
        before = dbapi_connection.autocommit
        dbapi_connection.autocommit = True
        dbapi_connection.execute("SELECT 1")
        dbapi_connection.autocommit = before
    except psycopg.OperationalError as error:
        raise sa.exc.DisconnectionError from error


def _keep_prepared(dbapi_connection: Any, _record: Any) -> None:
    dbapi_connection.prepared_max = PREPARED_MAX


def make_engine(url: str, *, role: str | None = APP_ROLE, pool_size: int = 10, prepare: bool = False) -> sa.Engine:
    """Creates an engine that works as `role` (None: as the role of the URL, for migrations).

    `prepare`: what is asked PREPARE_AFTER times is planned once a connection (ADR 0050). Not behind a pooler.
    """
    threshold = PREPARE_AFTER if prepare else None
    made = sa.create_engine(
        url,
        pool_size=pool_size,
        max_overflow=10,
        connect_args={"application_name": "huikuan", "prepare_threshold": threshold},
        execution_options={PREPARES: prepare},
    )
    if prepare:
        event.listen(made, "connect", _keep_prepared)
    event.listen(made, "checkin", _note_rest)
    event.listen(made, "checkout", _ask_whether_alive)
    if role is not None:
        event.listen(made, "connect", lambda connection, record: _note_role(connection, record, role))
        event.listen(made, "begin", _step_down)
    return made


@lru_cache(maxsize=1)
def engine() -> sa.Engine:
    """Returns the process's engine. After a fork the child calls `engine().dispose(close=False)`."""
    return make_engine(settings().database_url, prepare=settings().database_prepare)


@lru_cache(maxsize=8)
def _read_only(target: sa.Engine) -> sa.Engine:
    """Returns the same engine and pool with READ ONLY transactions; created once, not on every page."""
    return target.execution_options(postgresql_readonly=True)


def open_session(tenant_id: UUID | None, *, read_only: bool = False, bind: sa.Engine | None = None) -> TenantSession:
    """Opens a session for `tenant_id` (None: registry tables only). The caller commits and closes it."""
    target = bind or engine()
    if read_only:
        target = _read_only(target)
    return TenantSession(target, info={"tenant_id": tenant_id}, expire_on_commit=False)


@contextmanager
def transaction(tenant_id: UUID | None, *, bind: sa.Engine | None = None) -> Iterator[TenantSession]:
    """Opens a unit of work outside HTTP: one commit at the end, rolled back on any error."""
    with open_session(tenant_id, bind=bind) as session, session.begin():
        yield session


@contextmanager
def read_only_transaction(tenant_id: UUID | None, *, bind: sa.Engine | None = None) -> Iterator[TenantSession]:
    """Opens a read-only transaction: the database itself refuses any write."""
    with open_session(tenant_id, read_only=True, bind=bind) as session:
        yield session
        end_reading(session)


def end_reading(session: TenantSession) -> None:
    """Ends what a read-only session read by COMMIT and closes it: at a ROLLBACK the driver drops all that it prepared.

    Nothing is written by it, since the database refuses that. A connection that is lost is only closed.
    """
    session.expunge_all()  # nothing is left that a flush could try to write
    with suppress(sa.exc.SQLAlchemyError):
        session.commit()
    session.close()


def is_away(error: BaseException) -> bool:
    """Returns whether an error says that the database does not answer now, whatever was asked."""
    if not isinstance(error, sa.exc.DBAPIError):
        return isinstance(error, sa.exc.TimeoutError)
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        return error.connection_invalidated or isinstance(error, sa.exc.OperationalError)
    return state in AWAY_STATES or state.startswith("08")


def patiently(work: Callable[[], Result]) -> Result:
    """Does `work`, again and again with growing pauses while the database does not answer; other errors are raised.

    `work` is a whole transaction that may run twice: its COMMIT can arrive although the answer to it does not.
    """
    for pause_s in chain(AWAY_PAUSES_S, repeat(AWAY_PAUSES_S[-1])):
        try:
            return work()
        except (sa.exc.DBAPIError, sa.exc.TimeoutError) as error:
            if not is_away(error):
                raise
        time.sleep(pause_s)
    raise AssertionError("the pauses never end")


def enter_tenant(session: TenantSession, tenant_id: UUID) -> None:
    """Binds a session without a tenant to one, for the current and all later transactions."""
    session.info["tenant_id"] = tenant_id
    if session.in_transaction():
        session.execute(_ENTER, {"tenant": tenant_id})


def columns(
    session: Session, statement: sa.Executable, params: dict[str, Any] | None = None
) -> sa.CursorResult[*tuple[Any, ...]]:
    """Executes a statement that selects columns only, without the ORM's loader; returns its rows.

    For the most opened pages: the loader is a quarter of the cost of a small statement. A limited session takes the
    loader, which adds its limit.
    """
    if LIMITED in session.info:
        return cast("sa.CursorResult[*tuple[Any, ...]]", session.execute(statement, params))
    session.flush()  # as the loader would have done
    connection, text = session.connection(), text_of(statement, params)
    _plan_once(session, connection, bool(text))
    return connection.exec_driver_sql(text, params) if text else connection.execute(statement, params)


def _plan_once(session: Session, connection: sa.Connection, once: bool) -> None:
    """Lets what a reading session asks next have one plan for all values, or leaves that to the server (ADR 0056).

    By the driver's own cursor, since it is no statement of the product; it ends with the transaction.
    """
    if session.info.get(PLANNED_ONCE, False) is once:
        return
    options = connection.get_execution_options()
    if options.get(PREPARES) and options.get("postgresql_readonly"):
        mode = "force_generic_plan" if once else "auto"
        connection.connection.cursor().execute(f"SET LOCAL plan_cache_mode = {mode}")
        session.info[PLANNED_ONCE] = once


@event.listens_for(TenantSession, "do_orm_execute")
def _plan_as_usual(state: ORMExecuteState) -> None:
    if state.session.info.get(PLANNED_ONCE):
        _plan_once(state.session, state.session.connection(), once=False)
