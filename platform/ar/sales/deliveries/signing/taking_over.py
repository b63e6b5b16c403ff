"""Records the signatures of a file on whole delivery notes, all at once: from their days on the goods are owed (R104).

Invariants: each is what `commands.sign_off` records; notes of an order whose invoice waits for a signature are signed
for one by one, since each posts in the ledger; for the others a constant number of statements.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.commands import lock_credit
from ar.sales.deliveries.models import Delivery, SignOff, SignOffLine
from ar.sales.deliveries.notes import find_deliveries, note_event, notes_positions
from ar.sales.deliveries.signing.commands import require_signable, sign_off, sign_off_row, signed_lines
from ar.sales.deliveries.signing.inputs import SignOffDelivery
from ar.sales.orders.facts import find_orders
from ar.sales.orders.following import FollowedOrders
from kernel.actor import Actor
from kernel.views import DbRow

Signature = tuple[UUID, SignOffDelivery]


def sign_off_many(db: Session, actor: Actor, signatures: Sequence[Signature]) -> list[UUID]:
    """Records signatures without files or strokes, each for all that is out of its note; returns the id of each.

    No note comes twice. Raises as `sign_off`.
    """
    if not signatures:
        return []
    seen = find_deliveries(db, actor.tenant_id, {delivery_id for delivery_id, _data in signatures})
    actor = lock_credit(db, actor, {note.customer_id for note in seen.values()})
    notes = find_deliveries(db, actor.tenant_id, seen, locked=True)
    posting = {note.order_id for note in notes.values() if note.invoice_no is not None}
    ids: list[UUID] = []
    # In the order in which they were given, so that the journal tells them so.
    for posts, run in groupby(signatures, key=lambda each: notes[each[0]].order_id in posting):
        if posts:
            ids += [sign_off(db, actor, delivery_id, data) for delivery_id, data in run]
        else:
            ids += _sign_off_together(db, actor, list(run), notes)
    return ids


def _sign_off_together(
    db: Session, actor: Actor, signatures: Sequence[Signature], notes: dict[UUID, DbRow]
) -> list[UUID]:
    order_ids = {notes[delivery_id].order_id for delivery_id, _data in signatures}
    followed = FollowedOrders(db, actor, find_orders(db, actor.tenant_id, order_ids, locked=True), asks=False)
    positions = notes_positions(db, actor.tenant_id, [delivery_id for delivery_id, _data in signatures])
    rows: list[dict[str, Any]] = []
    lines: list[dict[str, Any]] = []
    for delivery_id, data in signatures:
        note = notes[delivery_id]
        require_signable(actor, note, data, has_file=False, strokes=())
        of_note = signed_lines(note, positions.get(delivery_id, []), None)
        amount_minor = sum(line["amount_minor"] for line in of_note)
        row = sign_off_row(actor, note, data, amount_minor)
        rows.append(row)
        own = {"tenant_id": actor.tenant_id, "sign_off_id": row["id"], "delivery_id": delivery_id}
        lines += [own | line for line in of_note]
        facts = {"on": data.signed_on.isoformat(), "by": data.signed_by, "channel": data.channel}
        followed.record(note_event("delivery_signed", note, amount_minor=amount_minor, **facts))
        followed.recommit(note.order_id, data.signed_on, signed_minor=amount_minor)
    db.execute(sa.insert(SignOff), rows)
    db.execute(sa.insert(SignOffLine), lines)
    # Everything that was out of them is signed for.
    signed = sa.cast(sorted(row["delivery_id"] for row in rows), sa.ARRAY(sa.Uuid))
    own_notes = (Delivery.tenant_id == actor.tenant_id, Delivery.id == sa.any_(signed))
    db.execute(sa.update(Delivery).where(*own_notes).values(state="signed"))
    followed.write()
    return [row["id"] for row in rows]
