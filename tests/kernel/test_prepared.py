"""Statements that come again are planned once per connection, where the settings allow it (ADR 0050)."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from kernel.db import PREPARE_AFTER, make_engine

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
