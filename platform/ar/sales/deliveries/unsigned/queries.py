"""Lists the shipped notes that have not come back signed, as of any day (R101, R308).

Invariant: no filter by the state of customer or order: a note of a blocked customer or a closed order stays on the list
until it is signed for or its goods came back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.models import Customer
from ar.sales.deliveries.models import Delivery, UnsignedReason
from ar.sales.rules.unsigned import AGE_BANDS, REASON_AFTER_DAYS, band_of, days_out, needs_reason
from kernel.arrays import array_text
from kernel.visibility import is_limited

_TENANT: Final = sa.bindparam("tenant", type_=sa.Uuid)

# What is out of each note at the end of a day: neither signed for nor come back by then, and its part of the amount.
_SQL: Final = """
    SELECT d.id AS delivery_id, d.number, d.shipped_on, d.mode, d.carrier, d.tracking_no, o.id AS order_id,
        o.number AS order_no, o.currency, d.customer_id, c.number AS customer_no, c.name AS customer_name,
        coalesce(owner.name, '') AS salesperson, coalesce(driver.name, '') AS driver,
        CAST(d.amount_minor - coalesce(signed.minor, 0) - coalesce(back.minor, 0) AS bigint) AS out_minor,
        coalesce(signed.quantity, 0) > 0 AS is_short, coalesce(signed.short_reason, '') AS short_reason,
        said.id AS reason_id, coalesce(said.reason, '') AS reason, said.given_by, said.measure, said.measure_due_on,
        said.decided_by
    FROM delivery AS d
    JOIN sales_order AS o ON o.tenant_id = d.tenant_id AND o.id = d.order_id
    JOIN customer AS c ON c.tenant_id = d.tenant_id AND c.id = d.customer_id
    LEFT JOIN app_user AS owner ON owner.id = c.owner_id
    LEFT JOIN app_user AS driver ON driver.id = d.driver_id
    LEFT JOIN LATERAL (
        SELECT sum(l.quantity) AS quantity FROM delivery_line AS l
        WHERE l.tenant_id = :tenant AND l.delivery_id = d.id AND NOT l.dropped
    ) AS line ON true
    LEFT JOIN LATERAL (
        SELECT sum(sl.quantity) AS quantity, sum(sl.amount_minor) AS minor,
            string_agg(DISTINCT nullif(sl.short_reason, ''), '; ') AS short_reason
        FROM sign_off AS s JOIN sign_off_line AS sl ON sl.tenant_id = s.tenant_id AND sl.sign_off_id = s.id
        WHERE s.tenant_id = :tenant AND s.delivery_id = d.id AND s.reverses_id IS NULL AND s.signed_on <= :as_of
            AND NOT EXISTS (SELECT FROM sign_off AS x WHERE x.tenant_id = :tenant AND x.reverses_id = s.id
                AND x.signed_on <= :as_of)
    ) AS signed ON true
    LEFT JOIN LATERAL (
        SELECT sum(r.quantity) AS quantity, sum(r.amount_minor) AS minor FROM delivery_return AS r
        WHERE r.tenant_id = :tenant AND r.delivery_id = d.id AND NOT r.was_signed AND r.returned_on <= :as_of
    ) AS back ON true
    LEFT JOIN LATERAL (
        SELECT u.id, u.reason, u.given_by, u.measure, u.measure_due_on, u.decided_by FROM unsigned_reason AS u
        WHERE u.tenant_id = :tenant AND u.delivery_id = d.id ORDER BY u.given_at DESC LIMIT 1
    ) AS said ON true
    WHERE d.tenant_id = :tenant AND d.state = ANY(:states) AND d.shipped_on <= :as_of {seen}
        AND line.quantity > coalesce(signed.quantity, 0) + coalesce(back.quantity, 0)
    ORDER BY d.shipped_on, d.number
"""
#: Of who sees their own customers only.
_OF_SEEN: Final = "AND d.customer_id = ANY(CAST(:seen AS uuid[]))"


@dataclass(frozen=True, slots=True)
class UnsignedNote:
    """A note that is out. `out_minor`: with tax, of what is neither signed for nor back; `is_short`: a part is signed.

    `reason` and `measure` are the latest that were given; `days_out` counts from the day of shipment.
    """

    delivery_id: UUID
    number: str
    shipped_on: date
    days_out: int
    needs_reason: bool
    mode: str
    carrier: str
    tracking_no: str
    order_id: UUID
    order_no: str
    currency: str
    customer_id: UUID
    customer_no: str
    customer_name: str
    salesperson: str
    driver: str
    out_minor: int
    is_short: bool
    short_reason: str
    reason_id: UUID | None
    reason: str
    given_by: str | None
    measure: str | None
    measure_due_on: date | None
    decided_by: str | None

    @property
    def waits_for(self) -> str:
        """Returns what has to be said next: `reason` after two weeks, then `measure`, else nothing."""
        if not self.needs_reason:
            return ""
        return "" if self.measure else "measure" if self.reason else "reason"

    def as_json(self) -> dict[str, Any]:
        """Returns the note for `--json`."""
        hidden = ("delivery_id", "order_id", "customer_id", "reason_id")
        values = {each.name: getattr(self, each.name) for each in fields(self) if each.name not in hidden}
        return {"delivery_no": values.pop("number"), **values}


@dataclass(frozen=True, slots=True)
class AgeBand:
    """How many notes have been out for so many days; `last` None: and more."""

    first: int
    last: int | None
    count: int


def unsigned_notes(db: Session, tenant_id: UUID, as_of: date, *, today: date) -> list[UnsignedNote]:
    """Returns the notes that were out at the end of a day, the oldest first, of the customers that the actor sees."""
    db.flush()
    states = ["shipped"] if as_of >= today else ["shipped", "signed", "returned"]
    values: dict[str, Any] = {"tenant": tenant_id, "as_of": as_of, "states": states}
    limited = is_limited(db)
    if limited:
        customer = Customer
        own = db.execute(sa.select(customer.id).where(customer.tenant_id == tenant_id)).scalars()
        values["seen"] = array_text(sorted(own))
    rows = db.connection().execute(sa.text(_SQL.format(seen=_OF_SEEN if limited else "")), values).all()
    return [
        UnsignedNote(
            days_out=days_out(row.shipped_on, as_of), needs_reason=needs_reason(row.shipped_on, as_of), **row._mapping
        )
        for row in rows
    ]


def age_bands(notes: Sequence[UnsignedNote]) -> list[AgeBand]:
    """Returns how many notes are in each age band."""
    places = [band_of(note.days_out) for note in notes]
    return [AgeBand(first, last, places.count(place)) for place, (first, last) in enumerate(AGE_BANDS)]


def select_waiting_for_reason() -> sa.Select[Any]:
    """Selects the notes that follow-up has to explain (binds: tenant, today)."""
    return sa.select(Delivery.id).where(*_late(), ~_said())


def select_waiting_for_measure() -> sa.Select[Any]:
    """Selects the notes whose reason waits for the sales manager's measure (binds: tenant, today)."""
    return sa.select(Delivery.id).where(*_late(), _said(), ~_said(UnsignedReason.measure.is_not(None)))


def _late() -> tuple[sa.ColumnElement[bool], ...]:
    note, today = Delivery, sa.bindparam("today", type_=sa.Date)
    two_weeks_ago = sa.cast(today - REASON_AFTER_DAYS, sa.Date)
    return (note.tenant_id == _TENANT, note.state == "shipped", note.shipped_on <= two_weeks_ago)


def _said(*where: sa.ColumnElement[bool]) -> sa.Exists:
    said = UnsignedReason
    return sa.exists().where(said.tenant_id == _TENANT, said.delivery_id == Delivery.id, *where)


def as_json(as_of: date, notes: Sequence[UnsignedNote]) -> dict[str, Any]:
    """Returns the list for `--json`."""
    return {"as_of": as_of, "count": len(notes), "rows": [note.as_json() for note in notes]}
