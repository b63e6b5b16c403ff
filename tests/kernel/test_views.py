"""Views are made by the names of columns, and a column that is missing is refused at the first row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from uuid import UUID

import pytest
import sqlalchemy as sa

from kernel.views import LATER, from_json, json_of, json_view, select_view, value, view, view_columns, views

DUE_ON = date(2026, 3, 31)
SOME_ID = UUID("0195d6a0-0000-7000-8000-000000000001")


@dataclass(frozen=True, slots=True)
class Debt:
    """An amount owed."""

    id: UUID
    number: str
    due_on: date
    minor: int


@dataclass(frozen=True, slots=True)
class LateDebt(Debt):
    """The same with how late it is."""

    days_late: int


class Named(NamedTuple):
    """A number with a name."""

    number: str
    name: str


@pytest.fixture
def connection(engine: sa.Engine) -> Iterator[sa.Connection]:
    with engine.connect() as made:
        yield made


def _debts() -> sa.Select[*tuple[object, ...]]:
    return select_view(
        Debt,
        minor=value(sa.literal(1200)),
        due_on=value(sa.literal(DUE_ON)),
        number=value(sa.literal("A-1")),
        id=value(sa.literal(SOME_ID)),
    )


def test_the_order_of_the_columns_means_nothing(connection: sa.Connection) -> None:
    expected = Debt(id=SOME_ID, number="A-1", due_on=DUE_ON, minor=1200)
    assert views(Debt, connection.execute(_debts())) == [expected]
    assert view(Debt, connection.execute(_debts()).one()) == expected


def test_columns_of_no_field_are_passed_over(connection: sa.Connection) -> None:
    rows = connection.execute(_debts().add_columns(sa.literal("KWD").label("currency")))
    assert [debt.number for debt in views(Debt, rows)] == ["A-1"]


def test_a_field_without_a_column_is_refused(connection: sa.Connection) -> None:
    rows = connection.execute(sa.select(sa.literal("A-1").label("number"), sa.literal(1).label("id")))
    with pytest.raises(TypeError, match="Debt: not exactly one column for due_on, minor"):
        views(Debt, rows)


def test_two_columns_of_one_name_are_refused(connection: sa.Connection) -> None:
    rows = connection.execute(sa.text("SELECT '1' AS number, '2' AS number, 'Weiye' AS name"))
    with pytest.raises(TypeError, match="Named: not exactly one column for number"):
        views(Named, rows)


def test_what_python_fills_is_given_when_the_row_is_read(connection: sa.Connection) -> None:
    columns = view_columns(
        LateDebt,
        id=value(sa.literal(SOME_ID)),
        number=value(sa.literal("A-1")),
        due_on=value(sa.literal(DUE_ON)),
        minor=value(sa.literal(1200)),
        days_late=LATER,
    )
    row = connection.execute(sa.select(*columns)).one()
    assert view(LateDebt, row, days_late=4).days_late == 4
    with pytest.raises(TypeError, match="days_late"):
        view(LateDebt, row)


def test_no_rows_are_no_views(connection: sa.Connection) -> None:
    assert views(Debt, connection.execute(_debts().where(sa.false()))) == []


def test_views_in_a_json_column_come_back_as_they_were(connection: sa.Connection) -> None:
    debts = _debts().subquery("debts")
    whole = sa.select(sa.func.jsonb_agg(json_of(Debt, debts))).scalar_subquery()
    pairs = sa.func.jsonb_build_array(json_view(Named, number=value(debts.c.number), name=value(sa.literal("伟业"))))
    found, named = connection.execute(sa.select(whole, pairs).select_from(debts)).one()
    assert from_json(Debt, found) == (Debt(id=SOME_ID, number="A-1", due_on=DUE_ON, minor=1200),)
    assert from_json(Named, named) == (Named("A-1", "伟业"),)
    assert from_json(Debt, None) == ()
