"""Records signatures on delivery notes, whole or short, and counters wrong ones; from that day on it is owed (R104).

Invariants: a signature is inserted and never changed; an empty pad without a legible name is none; an
invoice that went with the goods is posted by the signature, due from its day.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.sales.deliveries.billing.commands import post_waiting_invoice
from ar.sales.deliveries.billing.proposals import deliveries_to_invoice
from ar.sales.deliveries.models import SignOff, SignOffLine
from ar.sales.deliveries.notes import (
    NotePosition,
    find_delivery,
    locked_delivery,
    note_positions,
    record_event,
    require_own_note,
    require_state,
    require_unmoved,
    settled_state,
    update_note,
)
from ar.sales.deliveries.signing.files import store_file
from ar.sales.deliveries.signing.inputs import CounterSignOff, SignedLine, SignOffDelivery
from ar.sales.orders.commands import recommit
from ar.sales.rules.shipping import part_of_line, plain
from ar.sales.rules.signatures import (
    Evidence,
    Expected,
    Strokes,
    has_stroke,
    parse_strokes,
    signature_fault,
    strokes_svg,
)
from kernel import storage
from kernel.actor import Actor
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.ids import new_id
from kernel.uploads import UploadedFile
from kernel.views import DbRow


def sign_off(
    db: Session, actor: Actor, delivery_id: UUID, data: SignOffDelivery, file: UploadedFile | None = None
) -> UUID:
    """Records a signature for what is out of a shipped note, or less of it with a reason; returns its id.

    Raises NotFound(`delivery_not_found`), Forbidden(`delivery_other_driver`), Conflict (`delivery_moved_on`,
    `delivery_counts_changed`), RuleBroken (`sign_off_day`, `sign_off_strokes`, `sign_off_too_much`,
    `sign_off_short_reason`, `sign_off_nothing`, what `rules.signatures.signature_fault` and `files.store_file` name).
    """
    actor, note = locked_delivery(db, actor, delivery_id)
    try:
        strokes = parse_strokes(data.strokes)
    except ValueError:
        raise RuleBroken("sign_off_strokes") from None
    require_signable(actor, note, data, has_file=file is not None, strokes=strokes)
    positions = note_positions(db, actor.tenant_id, delivery_id)
    require_unmoved(note, positions, data.seen)
    lines = signed_lines(note, positions, data.lines)
    sha256, name = store_file(db, actor, file) if file is not None else (None, "")
    drawn = storage.store(db, actor, strokes_svg(strokes), "image/svg+xml") if has_stroke(strokes) else None
    amount_minor = sum(line["amount_minor"] for line in lines)
    row = sign_off_row(actor, note, data, amount_minor)
    row |= {"file_sha256": sha256, "file_name": name, "signature_sha256": drawn}
    sign_off_id: UUID = row["id"]
    db.execute(sa.insert(SignOff).values(row))
    own = {"tenant_id": actor.tenant_id, "sign_off_id": sign_off_id, "delivery_id": delivery_id}
    db.execute(sa.insert(SignOffLine), [own | line for line in lines])
    _settle(db, actor, note)
    facts = {"on": data.signed_on.isoformat(), "by": data.signed_by, "channel": data.channel}
    record_event(db, actor, "delivery_signed", note, amount_minor=amount_minor, **facts)
    recommit(db, actor, note.order_id, effective_on=data.signed_on)
    post_waiting_invoice(db, actor, note)
    return sign_off_id


def require_signable(actor: Actor, note: DbRow, data: SignOffDelivery, *, has_file: bool, strokes: Strokes) -> None:
    """Raises what `sign_off` names when a note cannot be signed for so, its lines and its file apart."""
    require_own_note(actor, note)
    require_state(note, ("shipped",))
    if not note.shipped_on <= data.signed_on <= actor.today:
        days = {"shipped_on": note.shipped_on.isoformat(), "today": actor.today.isoformat()}
        raise RuleBroken("sign_off_day", **days)
    evidence = Evidence(data.signed_by, has_file, strokes)
    fault = signature_fault(data.channel, Expected(note.mode, note.picker_up), evidence, data.note)
    if fault is not None:
        raise RuleBroken(fault, picker_up=note.picker_up)


def sign_off_row(actor: Actor, note: DbRow, data: SignOffDelivery, amount_minor: int) -> dict[str, Any]:
    """Returns the row of a new signature on a note, without a file."""
    return {
        "tenant_id": actor.tenant_id,
        "id": new_id(),
        "delivery_id": note.id,
        "customer_id": note.customer_id,
        "signed_on": data.signed_on,
        "signed_by": data.signed_by,
        "channel": data.channel,
        "amount_minor": amount_minor,
        "file_sha256": None,
        "file_name": "",
        "signature_sha256": None,
        "note": data.note,
        "reverses_id": None,
        "recorded_at": actor.now,
        "recorded_by": actor.name,
        "recorded_by_id": actor.user_id,
    }


def counter_sign_off(db: Session, actor: Actor, sign_off_id: UUID, data: CounterSignOff) -> UUID:
    """Takes a signature back by a counter-entry, so that the note is out again; returns the entry's id.

    Raises NotFound(`sign_off_not_found`), Conflict(`sign_off_countered`), RuleBroken (`sign_off_invoiced`,
    `sign_off_returned`).
    """
    signed = _find_sign_off(db, actor.tenant_id, sign_off_id)
    actor, note = locked_delivery(db, actor, signed.delivery_id)
    _require_standing(db, actor, sign_off_id)
    billed = deliveries_to_invoice(db, actor.tenant_id, [note.order_id]).get(note.id)
    if billed is not None and billed.invoiced_minor > billed.signed_minor - signed.amount_minor:
        raise RuleBroken("sign_off_invoiced", number=note.number)
    counter_id = new_id()
    db.execute(
        sa.insert(SignOff).values(
            tenant_id=actor.tenant_id,
            id=counter_id,
            delivery_id=note.id,
            customer_id=note.customer_id,
            signed_on=actor.today,
            signed_by=signed.signed_by,
            channel=signed.channel,
            amount_minor=signed.amount_minor,
            file_sha256=None,
            file_name="",
            signature_sha256=None,
            note=data.reason,
            reverses_id=sign_off_id,
            recorded_at=actor.now,
            recorded_by=actor.name,
            recorded_by_id=actor.user_id,
        )
    )
    if any(each.kept < 0 for each in note_positions(db, actor.tenant_id, note.id)):
        raise RuleBroken("sign_off_returned", number=note.number)
    _settle(db, actor, note)
    record_event(db, actor, "delivery_sign_off_countered", note, reason=data.reason)
    recommit(db, actor, note.order_id)
    return counter_id


def signed_lines(
    note: DbRow, positions: Sequence[NotePosition], asked: Sequence[SignedLine] | None
) -> list[dict[str, Any]]:
    """Returns the rows of a signature: what is signed for of each position that is out, with its part of the amount."""
    out = {each.position: each for each in positions if each.outstanding > 0}
    wanted = {line.position: line for line in asked or ()}
    unknown = sorted(line.position for line in wanted.values() if line.quantity > 0 and line.position not in out)
    if unknown:
        raise RuleBroken("sign_off_too_much", position=unknown[0], out="0")
    rows: list[dict[str, Any]] = []
    for position, each in sorted(out.items()):
        line = wanted.get(position)
        quantity = each.outstanding if asked is None else line.quantity if line else Decimal(0)
        reason = line.short_reason if line else ""
        if quantity > each.outstanding:
            raise RuleBroken("sign_off_too_much", position=position, out=plain(each.outstanding))
        if quantity < each.outstanding and not reason.strip() and note.mode != "consignment":
            raise RuleBroken("sign_off_short_reason", position=position, out=plain(each.outstanding))
        amount = part_of_line(each.amount_minor, each.quantity, each.settled, quantity)
        rows.append({"position": position, "quantity": quantity, "amount_minor": amount, "short_reason": reason})
    if not any(row["quantity"] > 0 for row in rows):
        raise RuleBroken("sign_off_nothing", number=note.number)
    return rows


def _settle(db: Session, actor: Actor, note: DbRow) -> None:
    state = settled_state(note_positions(db, actor.tenant_id, note.id))
    if state != find_delivery(db, actor.tenant_id, note.id).state:
        update_note(db, actor, note.id, state=state)


def _find_sign_off(db: Session, tenant_id: UUID, sign_off_id: UUID) -> DbRow:
    signed = SignOff
    row = db.execute(
        sa.select(signed.delivery_id, signed.signed_by, signed.channel, signed.amount_minor).where(
            signed.tenant_id == tenant_id, signed.id == sign_off_id, signed.reverses_id.is_(None)
        )
    ).first()
    if row is None:
        raise NotFound("sign_off_not_found")
    return row


def _require_standing(db: Session, actor: Actor, sign_off_id: UUID) -> None:
    counter = SignOff
    statement = sa.select(sa.exists().where(counter.tenant_id == actor.tenant_id, counter.reverses_id == sign_off_id))
    if db.execute(statement).scalar_one():
        raise Conflict("sign_off_countered")
