"""A statement that is built once answers the same written out as a text, whatever its constants are (ADR 0056)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Session

from kernel.built_once import NONE, text_of
from kernel.db import columns, make_engine, open_session

ASKED = sa.bindparam("asked", type_=sa.Text)
SOME_ID = UUID("0195d6a0-0000-7000-8000-000000000001")
CONSTANTS: list[tuple[Any, Any]] = [
    ("it's 100 % :asked \\ %(asked)s", sa.Text()),
    (7, sa.Integer()),
    (True, sa.Boolean()),
    (date(2028, 2, 29), sa.Date()),
    (SOME_ID, sa.Uuid()),
    (["a'b", "c"], sa.ARRAY(sa.Text)),
    (None, sa.Text()),
]


@pytest.fixture
def db(database_url: str) -> Iterator[Session]:
    """A session whose server keeps plans."""
    engine = make_engine(database_url, prepare=True, pool_size=1)
    with open_session(None, read_only=True, bind=engine) as session:
        yield session
    engine.dispose()


def asked_of(db: Session) -> list[str]:
    """Collects the texts that go to the driver."""
    texts: list[str] = []
    event.listen(db.get_bind(), "before_cursor_execute", lambda _c, _cursor, text, *_more: texts.append(text))
    return texts


@pytest.mark.parametrize(("constant", "kind"), CONSTANTS)
def test_a_constant_comes_back_the_same_at_the_first_run_and_written_out(db: Session, constant: Any, kind: Any) -> None:
    statement = sa.select(sa.literal(constant, kind).label("constant"), ASKED.label("asked"))
    answers = [columns(db, statement, {"asked": f"it's {n} %"}).one() for n in range(4)]
    assert [each.constant for each in answers] == [constant] * 4
    assert [each.asked for each in answers] == [f"it's {n} %" for n in range(4)]


def test_lists_and_pairs_of_constants_are_written_out(db: Session) -> None:
    texts = asked_of(db)
    form, state = sa.column("form", sa.Text), sa.column("state", sa.Text)
    rows = sa.values(form, state, name="rows").data([("letter", "proposed"), ("call", "approved"), ("call", "it's")])
    pairs = sa.tuple_(form, state).in_([("letter", "proposed"), ("call", "it's")])
    statement = sa.select(form).select_from(rows).where(pairs, state.not_in(["approved"]), form != ASKED)
    for _run in range(2):
        assert sorted(columns(db, statement, {"asked": "x"}).scalars()) == ["call", "letter"]
    assert texts[0].count("%(") > 1
    assert texts[1].count("%(") == 1
    assert "'it''s'" in texts[1]


def test_what_a_run_gives_by_name_is_never_written_out_though_the_statement_has_a_value_for_it(db: Session) -> None:
    statement = sa.select(sa.bindparam("wanted", "by default", type_=sa.Text).label("wanted"), ASKED)
    given = [{"wanted": "the first", "asked": "a"}, {"wanted": "the second", "asked": "b"}, {"asked": "c"}]
    answers = [columns(db, statement, params).one().wanted for params in (given[0], *given)]
    assert answers == ["the first", "the first", "the second", "by default"]


def test_a_list_that_each_run_gives_member_by_member_is_left_to_sqlalchemy(db: Session) -> None:
    wanted = sa.bindparam("wanted", type_=sa.Text, expanding=True)
    statement = sa.select(ASKED).where(ASKED.in_(wanted))
    for given in (["a", "b"], ["b"], ["b", "a", "c"]):
        assert columns(db, statement, {"asked": "b", "wanted": given}).scalars().all() == ["b"]


def test_a_statement_of_one_request_has_no_text() -> None:
    params = {"asked": "x"}
    typed = [sa.select(sa.literal(text, sa.Text), ASKED) for text in ("typed by one", "typed by another")]
    assert [text_of(each, params) for each in typed] == [NONE, NONE]


@pytest.mark.parametrize("read_only", [True, False])
def test_what_a_page_asks_again_has_one_plan_and_its_other_statements_are_planned_as_ever(
    database_url: str, read_only: bool
) -> None:
    engine = make_engine(database_url, prepare=True, pool_size=1)
    statement = sa.select(sa.literal("one plan", sa.Text), ASKED)
    mode = sa.text("SHOW plan_cache_mode")
    plans = sa.text("SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement LIKE '%one plan%'")
    with open_session(None, read_only=read_only, bind=engine) as db:
        for n in range(5):
            assert columns(db, statement, {"asked": str(n)}).one()[-1] == str(n)
        inside = db.connection().exec_driver_sql("SHOW plan_cache_mode").scalar_one()
        assert inside == ("force_generic_plan" if read_only else "auto")
        assert db.execute(mode).scalar_one() == "auto"
        generic, custom = db.execute(plans).one()
        assert bool(generic) is read_only
        assert bool(custom) is not read_only
        columns(db, statement, {"asked": "again"})
        db.commit()
        assert db.execute(mode).scalar_one() == "auto"
        assert columns(db, statement, {"asked": "in the next transaction"}).one()[-1] == "in the next transaction"
    engine.dispose()
