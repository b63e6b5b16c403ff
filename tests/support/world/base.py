"""The company and the day on which everything in a world is done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from itertools import count
from typing import Any, Self
from uuid import UUID

import sqlalchemy as sa

from kernel.actor import Actor
from tests.support.companies import TestCompany

#: A Friday and a working day in China.
TODAY = date(2026, 11, 20)

_numbers = count(1)


def fresh_key() -> str:
    """Returns an idempotency key that no other command of this process has."""
    return f"key-of-a-test-{next(_numbers):08d}"


def fresh_number() -> int:
    """Returns a number that nothing else in this process has."""
    return next(_numbers)


@dataclass
class Base(TestCompany):
    """A company whose people act on `today`."""

    __test__ = False
    today: date = TODAY

    def on(self, day: date) -> Self:
        """Returns the same company on another day."""
        return replace(self, today=day)

    def actor(
        self,
        today: date | None = None,
        roles: Iterable[str] = ("accountant",),
        name: str = "林晓",
        user_id: UUID | None = None,
    ) -> Actor:
        """Returns a person of the company who acts at nine on `today` (default: the world's day)."""
        return super().actor(today or self.today, roles, name, user_id)

    def count_rows(self, table: type[Any]) -> int:
        """Returns how many rows of a table the company has."""
        model: sa.Table = table.__table__
        with self.reading() as db:
            query = sa.select(sa.func.count()).select_from(model).where(model.c.tenant_id == self.tenant_id)
            return db.execute(query).scalar_one()
