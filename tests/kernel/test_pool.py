"""The pool: a connection whose server went away while it rested is replaced, and nobody sees an error."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from kernel import db


def test_a_connection_that_died_at_rest_is_replaced(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "RESTED_S", 0.0)
    engine = db.make_engine(database_url, pool_size=1)
    with engine.connect() as connection:
        first = connection.execute(sa.text("SELECT pg_backend_pid()")).scalar_one()
    killer = db.make_engine(database_url, role=None, pool_size=1)
    with killer.connect() as connection:
        connection.execute(sa.text("SELECT pg_terminate_backend(:pid)"), {"pid": first})
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT pg_backend_pid()")).scalar_one() != first
    engine.dispose()
    killer.dispose()


def test_when_one_connection_was_lost_those_that_rest_beside_it_are_replaced(database_url: str) -> None:
    """A server that was restarted costs one page an error, not one for each connection."""
    engine, killer = db.make_engine(database_url, pool_size=2), db.make_engine(database_url, role=None, pool_size=1)
    pid = sa.text("SELECT pg_backend_pid()")
    with engine.connect() as one, engine.connect() as other:
        pids = [each.execute(pid).scalar_one() for each in (one, other)]
    with killer.connect() as connection:
        connection.execute(sa.text("SELECT pg_terminate_backend(pid, 5000) FROM unnest(:pids) AS pid"), {"pids": pids})
    with pytest.raises(sa.exc.DBAPIError), engine.connect() as connection:
        connection.execute(pid)
    with engine.connect() as one, engine.connect() as other:
        assert not {each.execute(pid).scalar_one() for each in (one, other)} & set(pids)
    engine.dispose()
    killer.dispose()
