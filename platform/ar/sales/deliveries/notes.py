"""Reads and locks delivery notes for the commands: the note, its lines, how far its order lines have come.

Invariants: a note is locked after its customer; dropped lines and cancelled notes count in nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.commands import lock_credit
from ar.sales.deliveries.models import Delivery, DeliveryLine
from ar.sales.rules.shipping import Progress
from kernel import journal
from kernel.actor import Actor
from kernel.errors import Conflict, Forbidden, NotFound
from kernel.views import DbRow
from tenants.permissions import GRANTS, Permission, Role

#: States of a note that is not on its way yet, and of one that is or was.
OPEN_STATES: Final = ("planned", "picked")
GONE_STATES: Final = ("shipped", "signed", "returned")
#: Who says of any note that it was signed, came back or why it is out; a driver says it of their own.
_ANY_NOTE: Final = GRANTS[Permission.SIGN_OFF] - {Role.DRIVER}

# Of each order line: ordered, and shipped over every note less what came back before it was owed; and its amount.
_PROGRESS: Final = sa.text("""
    SELECT line.line_no, line.product, line.quantity AS ordered, line.amount_minor,
        coalesce(gone.quantity, 0) - coalesce(back.quantity, 0) AS shipped,
        CAST(coalesce(gone.minor, 0) - coalesce(back.minor, 0) AS bigint) AS shipped_minor,
        coalesce(noted.quantity, 0) AS noted
    FROM sales_order_line AS line
    LEFT JOIN LATERAL (
        SELECT sum(l.quantity) AS quantity, sum(l.amount_minor) AS minor
        FROM delivery_line AS l JOIN delivery AS d ON d.tenant_id = l.tenant_id AND d.id = l.delivery_id
        WHERE l.tenant_id = :tenant AND l.order_id = :order AND l.order_line_no = line.line_no AND NOT l.dropped
            AND d.state NOT IN ('planned', 'picked', 'cancelled')
    ) AS gone ON true
    LEFT JOIN LATERAL (
        SELECT sum(l.quantity) AS quantity
        FROM delivery_line AS l JOIN delivery AS d ON d.tenant_id = l.tenant_id AND d.id = l.delivery_id
        WHERE l.tenant_id = :tenant AND l.order_id = :order AND l.order_line_no = line.line_no AND NOT l.dropped
            AND d.state IN ('planned', 'picked')
    ) AS noted ON true
    LEFT JOIN LATERAL (
        SELECT sum(r.quantity) AS quantity, sum(r.amount_minor) AS minor
        FROM delivery_line AS l JOIN delivery_return AS r
            ON r.tenant_id = l.tenant_id AND r.delivery_id = l.delivery_id AND r.position = l.position
        WHERE l.tenant_id = :tenant AND l.order_id = :order AND l.order_line_no = line.line_no
            AND r.credit_item_id IS NULL
    ) AS back ON true
    WHERE line.tenant_id = :tenant AND line.order_id = :order AND NOT line.dropped
    ORDER BY line.line_no
""")

# Of each position of a note: shipped, signed for (countered signatures apart), came back unsigned and signed.
_POSITIONS: Final = sa.text("""
    SELECT l.position, l.order_line_no, l.quantity, l.amount_minor, l.batch,
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
    WHERE l.tenant_id = :tenant AND l.delivery_id = :delivery AND NOT l.dropped
    ORDER BY l.position
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


def find_delivery(db: Session, tenant_id: UUID, delivery_id: UUID, *, locked: bool = False) -> DbRow:
    """Returns the columns of a note that its commands need. Raises NotFound(`delivery_not_found`)."""
    note = Delivery
    columns = (
        note.id,
        note.number,
        note.order_id,
        note.customer_id,
        note.mode,
        note.state,
        note.amount_minor,
        note.carrier,
        note.tracking_no,
        note.driver_id,
        note.picker_up,
        note.planned_on,
        note.shipped_on,
        note.invoice_no,
        note.invoice_on,
    )
    statement = sa.select(*columns).where(note.tenant_id == tenant_id, note.id == delivery_id)
    row = db.execute(statement.with_for_update() if locked else statement).first()
    if row is None:
        raise NotFound("delivery_not_found")
    return row


def locked_delivery(db: Session, actor: Actor, delivery_id: UUID) -> tuple[Actor, DbRow]:
    """Locks a note after its customer; returns the actor at the moment after, and the note. Raises NotFound."""
    actor = lock_credit(db, actor, find_delivery(db, actor.tenant_id, delivery_id).customer_id)
    return actor, find_delivery(db, actor.tenant_id, delivery_id, locked=True)


def require_own_note(actor: Actor, note: DbRow) -> None:
    """Raises Forbidden(`delivery_other_driver`): a driver says of what they drove how it went, others of any note."""
    drives_only = Role.DRIVER in actor.roles and not actor.roles & _ANY_NOTE
    if drives_only and note.driver_id != actor.user_id:
        raise Forbidden("delivery_other_driver", number=note.number)


def require_state(note: DbRow, states: Sequence[str]) -> None:
    """Raises Conflict(`delivery_moved_on`) when the note is in none of the states."""
    if note.state not in states:
        raise Conflict("delivery_moved_on", number=note.number, state=note.state)


def order_progress(db: Session, tenant_id: UUID, order_id: UUID) -> dict[int, LineProgress]:
    """Returns how far each line of an order has come, by line number."""
    db.flush()
    rows = db.connection().execute(_PROGRESS, {"tenant": tenant_id, "order": order_id})
    return {row.line_no: LineProgress(**row._mapping) for row in rows}


def note_positions(db: Session, tenant_id: UUID, delivery_id: UUID) -> list[NotePosition]:
    """Returns the positions of a note with what became of them."""
    db.flush()
    rows = db.connection().execute(_POSITIONS, {"tenant": tenant_id, "delivery": delivery_id})
    return [NotePosition(**row._mapping) for row in rows]


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
    journal.record(
        db, actor, event, customer_id=note.customer_id, subject_id=note.id, data={"number": note.number, **facts}
    )
