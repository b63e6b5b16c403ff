"""Statements that come again are planned once per connection, where the settings allow it (ADR 0050)."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from kernel.db import PREPARE_AFTER, end_reading, make_engine, open_session, read_only_transaction
from kernel.ids import new_id
from tenants.models import User

_PREPARED = sa.text("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%asked again%'")


@pytest.mark.parametrize("prepare", [True, False])
def test_a_statement_that_comes_again_is_prepared_where_that_is_on_and_roles_stay(
    database_url: str, prepare: bool
) -> None:
    engine = make_engine(database_url, prepare=prepare, pool_size=1)
    try:
        for _time in range(PREPARE_AFTER + 2):
            with engine.begin() as connection:
                asked = connection.execute(sa.text("SELECT current_user /* asked again */")).scalar_one()
                assert asked == "huikuan_app"
        with engine.connect() as connection:
            assert connection.execute(_PREPARED).scalar_one() == (1 if prepare else 0)
    finally:
        engine.dispose()


@pytest.mark.parametrize("fails", [False, True])
def test_what_a_page_reads_stays_planned_when_the_page_ends(database_url: str, fails: bool) -> None:
    """The driver drops all that it prepared at a ROLLBACK, so what only reads ends by COMMIT, whatever it met."""
    engine = make_engine(database_url, prepare=True, pool_size=1)
    try:
        for _page in range(PREPARE_AFTER + 2):
            session = open_session(None, read_only=True, bind=engine)
            session.execute(sa.text("SELECT current_user /* asked again */"))
            end_reading(session)
            assert not session.in_transaction()
        if fails:
            with pytest.raises(sa.exc.DBAPIError), read_only_transaction(None, bind=engine) as session:
                session.execute(sa.text("CREATE TABLE nothing_is_written ()"))
        with open_session(None, bind=engine) as session:
            assert session.execute(_PREPARED).scalar_one() == (0 if fails else 1)
    finally:
        engine.dispose()


def test_ending_what_was_read_writes_nothing(database_url: str) -> None:
    engine = make_engine(database_url, pool_size=1)
    try:
        session = open_session(None, read_only=True, bind=engine)
        session.execute(sa.text("SELECT 1"))
        session.add(User(id=new_id(), email="nobody@pages.example", name="Nobody", language="en"))
        end_reading(session)
        with open_session(None, bind=engine) as session:
            found = session.execute(sa.select(User.id).where(User.email == "nobody@pages.example"))
            assert found.all() == []
    finally:
        engine.dispose()
