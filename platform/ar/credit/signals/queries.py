"""Reads danger signals for their pages: what waits, one signal, a customer's, and how many came month by month.

Invariant: one statement a page part, lists bounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.signals.models import DangerSignal
from ar.credit.signals.texts import figures_text, signal_name
from ar.customers.models import Customer
from ar.ledger.rules.due_dates import add_months
from kernel.binds import TENANT, TODAY
from kernel.db import columns
from kernel.errors import NotFound
from kernel.views import select_view, value, view, views

STATES: Final = ("waiting", "decided", "all")
TREND_MONTHS: Final = 12
CUSTOMER_SIGNALS: Final = 10


@dataclass(frozen=True, slots=True)
class SignalView:
    """A danger signal; the proposal in minor units of the limit's currency and days, None: nothing to cut."""

    id: UUID
    customer_id: UUID
    customer_no: str
    customer_name: str
    code: str
    source: str
    raised_on: date
    raised_by: str
    figures: Mapping[str, Any]
    note: str
    due_on: date
    proposed_limit_minor: int | None
    proposed_term_days: int | None
    decision: str | None
    decision_reason: str | None
    decided_by: str | None
    decided_at: datetime | None

    @property
    def name(self) -> str:
        """Returns the signal's name."""
        return signal_name(self.code)

    @property
    def text(self) -> str:
        """Returns the figures that fired it, or what the person wrote who saw it."""
        return figures_text(self.code, self.figures) or self.note

    def is_late(self, today: date) -> bool:
        """Whether the day by which it was to be decided has passed."""
        return self.decision is None and self.due_on < today


def _views() -> sa.Select[Any]:
    s, c = DangerSignal, Customer
    return select_view(
        SignalView,
        id=value(s.id),
        customer_id=value(s.customer_id),
        customer_no=value(c.number),
        customer_name=value(c.name),
        code=value(s.code),
        source=value(s.source),
        raised_on=value(s.raised_on),
        raised_by=value(s.raised_by),
        figures=value(s.figures),
        note=value(s.note),
        due_on=value(s.due_on),
        proposed_limit_minor=value(s.proposed_limit_minor),
        proposed_term_days=value(s.proposed_term_days),
        decision=value(s.decision),
        decision_reason=value(s.decision_reason),
        decided_by=value(s.decided_by),
        decided_at=value(s.decided_at),
    ).join(c, sa.and_(c.tenant_id == s.tenant_id, c.id == s.customer_id))


def signals(
    db: Session, tenant_id: UUID, *, state: str = "waiting", code: str = "", offset: int = 0, limit: int = 50
) -> tuple[list[SignalView], int]:
    """Returns the signals of a state, what is due first on top (decided ones: the newest), and how many there are."""
    s = DangerSignal
    where: list[sa.ColumnElement[bool]] = [s.tenant_id == tenant_id]
    if state == "waiting":
        where.append(s.decision.is_(None))
    elif state == "decided":
        where.append(s.decision.is_not(None))
    if code:
        where.append(s.code == code)
    order = (s.due_on, s.id) if state == "waiting" else (s.raised_on.desc(), s.id.desc())
    rows = db.execute(
        _views().where(*where, Customer.tenant_id == tenant_id).order_by(*order).offset(offset).limit(limit)
    ).all()
    total = db.execute(sa.select(sa.func.count()).select_from(s).where(*where)).scalar_one()
    return views(SignalView, rows), total


def signal(db: Session, tenant_id: UUID, signal_id: UUID) -> SignalView:
    """Returns one signal. Raises NotFound(`signal_not_found`)."""
    s = DangerSignal
    rows = db.execute(
        _views().where(s.tenant_id == tenant_id, Customer.tenant_id == tenant_id, s.id == signal_id)
    ).all()
    if not rows:
        raise NotFound("signal_not_found")
    return views(SignalView, rows)[0]


def customer_signals(db: Session, tenant_id: UUID, customer_id: UUID) -> list[SignalView]:
    """Returns the newest signals of a customer, those that wait first."""
    rows = columns(db, _of_customer(), {"tenant": tenant_id, "customer": customer_id}).all()
    return views(SignalView, rows)


@cache
def _of_customer() -> Any:
    s = DangerSignal
    return (
        _views()
        .where(
            s.tenant_id == TENANT,
            Customer.tenant_id == TENANT,
            s.customer_id == sa.bindparam("customer", type_=sa.Uuid),
        )
        .order_by(s.decision.is_not(None), s.raised_on.desc(), s.id.desc())
        .limit(CUSTOMER_SIGNALS)
    )


@dataclass(frozen=True)
class Trend:
    """How many signals came in each of twelve months (the oldest first), by code, the most frequent first."""

    months: tuple[date, ...]
    by_code: tuple[tuple[str, tuple[int, ...]], ...]

    @property
    def by_month(self) -> tuple[int, ...]:
        """Returns how many of any kind came in each month."""
        return tuple(sum(counts[at] for _code, counts in self.by_code) for at in range(len(self.months)))


def trend(db: Session, tenant_id: UUID, today: date) -> Trend:
    """Returns the trend of the last twelve months, this one included."""
    s, this = DangerSignal, today.replace(day=1)
    months = tuple(add_months(this, back) for back in range(1 - TREND_MONTHS, 1))
    month = sa.cast(sa.func.date_trunc("month", sa.cast(s.raised_on, sa.DateTime)), sa.Date).label("month")
    rows = db.execute(
        sa.select(s.code, month, sa.func.count().label("n"))
        .where(s.tenant_id == tenant_id, s.raised_on >= months[0], s.raised_on <= today)
        .group_by(s.code, month)
    )
    found: dict[str, dict[date, int]] = {}
    for row in rows:
        found.setdefault(row.code, {})[row.month] = row.n
    by_code = sorted(found.items(), key=lambda each: (-sum(each[1].values()), each[0]))
    return Trend(months, tuple((code, tuple(counts.get(each, 0) for each in months)) for code, counts in by_code))


@dataclass(frozen=True, slots=True)
class CustomerLabel:
    """Number and name of a customer."""

    id: UUID
    number: str
    name: str


def customer_label(db: Session, tenant_id: UUID, customer_id: UUID) -> CustomerLabel:
    """Returns the customer that a signal is to be noted of. Raises NotFound(`customer_not_found`)."""
    c = Customer
    row = db.execute(
        sa.select(c.id, c.number, c.name).where(c.tenant_id == tenant_id, c.id == customer_id, c.retired_at.is_(None))
    ).first()
    if row is None:
        raise NotFound("customer_not_found")
    return view(CustomerLabel, row)


def signals_waiting() -> sa.Select[Any]:
    """Selects the ids of the signals that wait for a decision (bind: tenant)."""
    return sa.select(DangerSignal.id).where(DangerSignal.tenant_id == TENANT, DangerSignal.decision.is_(None))


def signals_late() -> sa.Select[Any]:
    """Selects those of them whose day has passed (binds: tenant, today)."""
    return signals_waiting().where(DangerSignal.due_on < TODAY)
