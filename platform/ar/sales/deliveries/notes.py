"""Reads and locks delivery notes for the commands: the note, its lines, how far its order lines have come.

Invariants: a note is locked after its customer; dropped lines and cancelled notes count in nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.commands import lock_credit
from ar.sales.deliveries.models import Delivery, DeliveryLine
from ar.sales.rules.shipping import Progress, mark_of
from kernel import journal
from kernel.actor import Actor
from kernel.arrays import array_text
from kernel.errors import Conflict, Forbidden, NotFound
from kernel.views import DbRow
from tenants.permissions import GRANTS, Permission, Role

_SELLS: Final = frozenset({Role.SALESPERSON, Role.SALES_MANAGER})
#: States of a note that is not on its way yet, and of one that is or was.
OPEN_STATES: Final = ("planned", "picked")
GONE_STATES: Final = ("shipped", "signed", "returned")
#: Who says of any note that it was signed, came back or why it is out; a driver says it of their own.
_ANY_NOTE: Final = GRANTS[Permission.SIGN_OFF] - {Role.DRIVER}

# Of each order line: ordered, and shipped over every note less what came back before it was owed; and its amount.
_PROGRESS: Final = sa.text("""
    SELECT line.order_id, line.line_no, line.product, line.quantity AS ordered,
        coalesce(gone.quantity, 0) - coalesce(back.quantity, 0) AS shipped, line.amount_minor,
        CAST(coalesce(gone.minor, 0) - coalesce(back.minor, 0) AS bigint) AS shipped_minor,
        coalesce(noted.quantity, 0) AS noted
    FROM sales_order_line AS line
    LEFT JOIN LATERAL (
        SELECT sum(l.quantity) AS quantity, sum(l.amount_minor) AS minor
        FROM delivery_line AS l JOIN delivery AS d ON d.tenant_id = l.tenant_id AND d.id = l.delivery_id
        WHERE l.tenant_id = :tenant AND l.order_id = line.order_id AND l.order_line_no = line.line_no AND NOT l.dropped
            AND d.state NOT IN ('planned', 'picked', 'cancelled')
    ) AS gone ON true
    LEFT JOIN LATERAL (
        SELECT sum(l.quantity) AS quantity
        FROM delivery_line AS l JOIN delivery AS d ON d.tenant_id = l.tenant_id AND d.id = l.delivery_id
        WHERE l.tenant_id = :tenant AND l.order_id = line.order_id AND l.order_line_no = line.line_no AND NOT l.dropped
            AND d.state IN ('planned', 'picked')
    ) AS noted ON true
    LEFT JOIN LATERAL (
        SELECT sum(r.quantity) AS quantity, sum(r.amount_minor) AS minor
        FROM delivery_line AS l JOIN delivery_return AS r
            ON r.tenant_id = l.tenant_id AND r.delivery_id = l.delivery_id AND r.position = l.position
        WHERE l.tenant_id = :tenant AND l.order_id = line.order_id AND l.order_line_no = line.line_no
            AND r.credit_item_id IS NULL
    ) AS back ON true
    WHERE line.tenant_id = :tenant AND line.order_id = ANY(CAST(:orders AS uuid[])) AND NOT line.dropped
    ORDER BY line.order_id, line.line_no
""")

# Of each position of a note: shipped, signed for (countered signatures apart), came back unsigned and signed.
_POSITIONS: Final = sa.text("""
    SELECT l.delivery_id, l.position, l.order_line_no, l.quantity, l.amount_minor, l.batch,
        coalesce(signed.quantity, 0) AS signed, CAST(coalesce(signed.minor, 0) AS bigint) AS signed_minor,
        coalesce(back.unsigned, 0) AS unsigned_back,
        CAST(coalesce(back.unsigned_minor, 0) AS bigint) AS unsigned_back_minor,
        coalesce(back.signed, 0) AS signed_back, CAST(coalesce(back.signed_minor, 0) AS bigint) AS signed_back_minor
    FROM delivery_line AS l
    LEFT JOIN LATERAL (
        SELECT sum(sl.quantity) AS quantity, sum(sl.amount_minor) AS minor
        FROM sign_off AS s JOIN sign_off_line AS sl ON sl.tenant_id = s.tenant_id AND sl.sign_off_id = s.id
        WHERE s.tenant_id = :tenant AND s.delivery_id = l.delivery_id AND sl.position = l.position
            AND s.reverses_id IS NULL AND NOT EXISTS (
                SELECT FROM sign_off AS c WHERE c.tenant_id = :tenant AND c.reverses_id = s.id)
    ) AS signed ON true
    LEFT JOIN LATERAL (
        SELECT sum(r.quantity) FILTER (WHERE NOT r.was_signed) AS unsigned,
            sum(r.amount_minor) FILTER (WHERE NOT r.was_signed) AS unsigned_minor,
            sum(r.quantity) FILTER (WHERE r.was_signed) AS signed,
            sum(r.amount_minor) FILTER (WHERE r.was_signed) AS signed_minor
        FROM delivery_return AS r
        WHERE r.tenant_id = :tenant AND r.delivery_id = l.delivery_id AND r.position = l.position
    ) AS back ON true
    WHERE l.tenant_id = :tenant AND l.delivery_id = ANY(CAST(:deliveries AS uuid[])) AND NOT l.dropped
    ORDER BY l.delivery_id, l.position
""")


@dataclass(frozen=True, slots=True)
class LineProgress(Progress):
    """How far an order line has come, with its amounts in minor units. `noted`: on notes that are not shipped yet."""

    amount_minor: int
    shipped_minor: int
    noted: Decimal


@dataclass(frozen=True, slots=True)
class NotePosition:
    """One position of a note: shipped, signed for, and come back before and after its signature (minor units)."""

    position: int
    order_line_no: int
    quantity: Decimal
    amount_minor: int
    batch: str
    signed: Decimal
    signed_minor: int
    unsigned_back: Decimal
    unsigned_back_minor: int
    signed_back: Decimal
    signed_back_minor: int

    @property
    def outstanding(self) -> Decimal:
        """Returns what is out: neither signed for nor come back."""
        return self.quantity - self.signed - self.unsigned_back

    @property
    def settled(self) -> tuple[Decimal, int]:
        """Returns quantity and minor units of what was signed for or came back unsigned."""
        return self.signed + self.unsigned_back, self.signed_minor + self.unsigned_back_minor

    @property
    def kept(self) -> Decimal:
        """Returns what was signed for and has not come back."""
        return self.signed - self.signed_back


_COLUMNS: Final = (
    Delivery.id,
    Delivery.number,
    Delivery.order_id,
    Delivery.customer_id,
    Delivery.mode,
    Delivery.state,
    Delivery.amount_minor,
    Delivery.carrier,
    Delivery.tracking_no,
    Delivery.driver_id,
    Delivery.picker_up,
    Delivery.planned_on,
    Delivery.shipped_on,
    Delivery.invoice_no,
    Delivery.invoice_on,
)


def find_delivery(db: Session, tenant_id: UUID, delivery_id: UUID, *, locked: bool = False) -> DbRow:
    """Returns the columns of a note that its commands need. Raises NotFound(`delivery_not_found`)."""
    statement = sa.select(*_COLUMNS).where(Delivery.tenant_id == tenant_id, Delivery.id == delivery_id)
    row = db.execute(statement.with_for_update() if locked else statement).first()
    if row is None:
        raise NotFound("delivery_not_found")
    return row


def find_deliveries(
    db: Session, tenant_id: UUID, delivery_ids: Collection[UUID], *, locked: bool = False
) -> dict[UUID, DbRow]:
    """Returns the columns of these notes as `find_delivery`. Raises NotFound(`delivery_not_found`) if one is not."""
    wanted, note = sa.cast(sorted(delivery_ids), sa.ARRAY(sa.Uuid)), Delivery
    statement = sa.select(*_COLUMNS).where(note.tenant_id == tenant_id, note.id == sa.any_(wanted)).order_by(note.id)
    rows = db.execute(statement.with_for_update() if locked else statement).all()
    if len(rows) != len(set(delivery_ids)):
        raise NotFound("delivery_not_found")
    return {row.id: row for row in rows}


def locked_delivery(db: Session, actor: Actor, delivery_id: UUID) -> tuple[Actor, DbRow]:
    """Locks a note after its customer; returns the actor at the moment after, and the note. Raises NotFound."""
    actor = lock_credit(db, actor, [find_delivery(db, actor.tenant_id, delivery_id).customer_id])
    return actor, find_delivery(db, actor.tenant_id, delivery_id, locked=True)


def require_state(note: DbRow, states: Sequence[str]) -> None:
    """Raises Conflict(`delivery_moved_on`) when the note is in none of the states."""
    if note.state not in states:
        raise Conflict("delivery_moved_on", number=note.number, state=note.state)


def is_anothers_note(actor: Actor, driver_id: UUID | None) -> bool:
    """Whether the actor is a driver and nothing else, and the note is not theirs to deliver."""
    drives_only = Role.DRIVER in actor.roles and not actor.roles & _ANY_NOTE
    return drives_only and driver_id != actor.user_id


def require_own_note(actor: Actor, note: DbRow) -> None:
    """Raises Forbidden(`delivery_other_driver`) for a driver on a note that another delivers."""
    if is_anothers_note(actor, note.driver_id):
        raise Forbidden("delivery_other_driver", number=note.number)


def require_no_seller(actor: Actor, note: DbRow) -> None:
    """Raises Forbidden(`delivery_return_credits`) for who sells and nothing else: who wins by a sale credits none."""
    if actor.roles & _SELLS and not actor.roles & (_ANY_NOTE - _SELLS):
        raise Forbidden("delivery_return_credits", number=note.number)


def order_progress(db: Session, tenant_id: UUID, order_id: UUID) -> dict[int, LineProgress]:
    """Returns how far each line of an order has come, by line number."""
    return orders_progress(db, tenant_id, [order_id]).get(order_id, {})


def orders_progress(db: Session, tenant_id: UUID, order_ids: Collection[UUID]) -> dict[UUID, dict[int, LineProgress]]:
    """Returns how far each line of the orders has come, by order and line number."""
    db.flush()
    rows = db.connection().execute(_PROGRESS, {"tenant": tenant_id, "orders": array_text(sorted(order_ids))})
    found: dict[UUID, dict[int, LineProgress]] = {}
    for row in rows:
        values = dict(row._mapping)
        order_id = values.pop("order_id")
        found.setdefault(order_id, {})[row.line_no] = LineProgress(**values)
    return found


def note_positions(db: Session, tenant_id: UUID, delivery_id: UUID) -> list[NotePosition]:
    """Returns the positions of a note with what became of them."""
    return notes_positions(db, tenant_id, [delivery_id]).get(delivery_id, [])


def notes_positions(db: Session, tenant_id: UUID, delivery_ids: Collection[UUID]) -> dict[UUID, list[NotePosition]]:
    """Returns the positions of the notes with what became of them, by note."""
    db.flush()
    rows = db.connection().execute(_POSITIONS, {"tenant": tenant_id, "deliveries": array_text(sorted(delivery_ids))})
    found: dict[UUID, list[NotePosition]] = {}
    for row in rows:
        values = dict(row._mapping)
        delivery_id = values.pop("delivery_id")
        found.setdefault(delivery_id, []).append(NotePosition(**values))
    return found


def require_unmoved(note: DbRow, positions: Sequence[NotePosition], seen: str) -> None:
    """Raises Conflict(`delivery_counts_changed`) when a note came further than the form that was `seen` ("": none).

    The same paper counted twice, by the driver and in the office, would be two signatures.
    """
    come = [(each.position, each.signed, each.unsigned_back + each.signed_back) for each in positions]
    if seen and seen != mark_of(come):
        raise Conflict("delivery_counts_changed", number=note.number)


def line_parts(db: Session, tenant_id: UUID, delivery_id: UUID) -> list[tuple[int, int, Decimal]]:
    """Returns (position, order line, quantity) of a note."""
    line = DeliveryLine
    rows = db.execute(
        sa.select(line.position, line.order_line_no, line.quantity)
        .where(line.tenant_id == tenant_id, line.delivery_id == delivery_id, line.dropped.is_(False))
        .order_by(line.position)
    )
    return [(row.position, row.order_line_no, row.quantity) for row in rows]


def settled_state(positions: Sequence[NotePosition]) -> str:
    """Returns the state of a shipped note: out, signed for, or all of it returned."""
    if any(each.outstanding > 0 for each in positions):
        return "shipped"
    return "signed" if any(each.signed > 0 for each in positions) else "returned"


def update_note(db: Session, actor: Actor, delivery_id: UUID, **values: object) -> None:
    """Writes columns of a note that the caller has locked."""
    note = Delivery
    db.execute(sa.update(note).where(note.tenant_id == actor.tenant_id, note.id == delivery_id).values(**values))


def record_event(db: Session, actor: Actor, event: str, note: DbRow, **facts: object) -> None:
    """Records a journal event of a note."""
    journal.record_many(db, actor, [note_event(event, note, **facts)])


def note_event(event: str, note: DbRow, **facts: object) -> journal.NewEvent:
    """Returns the journal event of something that happened to a note."""
    return journal.NewEvent(event, note.customer_id, note.id, {"number": note.number, **facts})
