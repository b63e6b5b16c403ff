"""Posts corrections of interest charged before, as they were shown: credits, further charges, or both.

Invariants: what is posted is what was shown (same fingerprint, else nothing is posted), credits of some chosen lines
limited to what is claimed without the others; a credit settles the charge it corrects as far as that is open, the rest
stays in the customer's favour; no difference is posted twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.interest.commands import KIND, RUN_LOCK, accessory_parts, find_customer_id
from ar.interest.corrections import CorrectionGroup, CorrectionLine, Corrections, corrections
from ar.interest.inputs import CorrectInterest
from ar.interest.models import InterestCorrection, InterestCorrectionLine
from ar.ledger.commands import (
    NewAccessoryPart,
    NewAllocation,
    NewItem,
    insert_allocations,
    lock_customers,
    post_items,
    record_accessory_parts,
)
from ar.ledger.models import OpenItem
from kernel import idempotency, journal
from kernel.actor import Actor
from kernel.counters import document_number, lock_counter, take_numbers
from kernel.errors import Conflict, RuleBroken
from kernel.ids import new_id, new_ids

CREDIT: Final = "interest_credit"
_PREFIXES: Final = {CREDIT: "IC", KIND: "INT"}
_IS_OF: Final[dict[str, Callable[[CorrectionLine], bool]]] = {
    CREDIT: lambda line: line.amount_minor < 0,
    KIND: lambda line: line.amount_minor > 0,
}


def propose(db: Session, actor: Actor, customer_no: str = "", currency: str | None = None) -> Corrections:
    """Returns what is to be put right now; posts nothing. Raises RuleBroken(`interest_customer_unknown`)."""
    customer_id = find_customer_id(db, actor, customer_no)
    return corrections(db, actor.tenant_id, customer_id=customer_id, currency=currency)


def correct_interest(db: Session, actor: Actor, data: CorrectInterest) -> UUID:
    """Posts the chosen lines of what was shown; returns the id of the batch (`InterestCorrection.batch_id`).

    One credit and one further charge per customer and currency at most. The same key returns the first result. Raises
    Conflict(`interest_changed`), RuleBroken (`interest_nothing_to_correct`, `interest_customer_unknown`,
    `interest_correction_ahead`, `period_locked`).
    """
    request = data.model_dump(exclude={"key", "fingerprint"})
    return idempotency.once(
        db, actor, f"interest-correction:{data.key}", request, lambda: _correct_interest(db, actor, data)
    )


def _correct_interest(db: Session, actor: Actor, data: CorrectInterest) -> UUID:
    if data.document_on > actor.today:
        raise RuleBroken("interest_correction_ahead", today=actor.today.isoformat())
    actor = lock_counter(db, actor, RUN_LOCK)
    locked = {group.customer_id for group in propose(db, actor, data.customer_no, data.currency).groups}
    actor = lock_customers(db, actor, locked)
    current = propose(db, actor, data.customer_no, data.currency)
    if current.fingerprint != data.fingerprint or not {group.customer_id for group in current.groups} <= locked:
        raise Conflict("interest_changed")
    groups = current.only(data.lines)
    if not groups:
        raise RuleBroken("interest_nothing_to_correct")
    batch_id = new_id()
    for kind in (CREDIT, KIND):
        _post_documents(db, actor, data, batch_id, kind, groups)
    return batch_id


def _post_documents(
    db: Session, actor: Actor, data: CorrectInterest, batch_id: UUID, kind: str, groups: Sequence[CorrectionGroup]
) -> None:
    """Posts one document of the kind for each group that has lines of it, with the lines and the journal event."""
    chosen = [(group, [line for line in group.lines if _IS_OF[kind](line)]) for group in groups]
    chosen = [(group, lines) for group, lines in chosen if lines]
    if not chosen:
        return
    on, tenant_id = data.document_on, actor.tenant_id
    numbers = take_numbers(db, tenant_id, f"{kind}:{on.year}", len(chosen))
    names = [document_number(_PREFIXES[kind], on.year, number) for number in numbers]
    items = [
        NewItem(
            group.customer_id,
            kind,
            name,
            on,
            on,
            on,
            group.currency,
            abs(sum(line.amount_minor for line in lines)),
            reference=lines[0].charge_no if len({line.charge_no for line in lines}) == 1 else None,
        )
        for (group, lines), name in zip(chosen, names, strict=True)
    ]
    item_ids = post_items(db, actor, items, memo=data.reason)
    _store(db, actor, data, batch_id, chosen, list(zip(names, item_ids, strict=True)))
    if kind == CREDIT:
        _settle_charges(db, actor, chosen, item_ids)
        record_accessory_parts(db, tenant_id, _lowered_parts(chosen, item_ids))
    else:
        parts = [[(line.item_id, line.part, line.amount_minor) for line in lines] for _group, lines in chosen]
        record_accessory_parts(db, tenant_id, accessory_parts(item_ids, parts))
    for (group, lines), name in zip(chosen, names, strict=True):
        facts = {
            "document_no": name,
            "currency": group.currency,
            "amount_minor": sum(line.amount_minor for line in lines),
            "count": len(lines),
            "reason": data.reason,
        }
        journal.record(db, actor, "interest_corrected", customer_id=group.customer_id, subject_id=batch_id, data=facts)


def _store(
    db: Session,
    actor: Actor,
    data: CorrectInterest,
    batch_id: UUID,
    chosen: Sequence[tuple[CorrectionGroup, Sequence[CorrectionLine]]],
    documents: Sequence[tuple[str, UUID]],
) -> None:
    rows: list[dict[str, Any]] = []
    parts: list[dict[str, Any]] = []
    for (group, lines), (name, item_id), correction_id in zip(chosen, documents, new_ids(len(chosen)), strict=True):
        rows.append(
            {
                "tenant_id": actor.tenant_id,
                "id": correction_id,
                "batch_id": batch_id,
                "customer_id": group.customer_id,
                "currency": group.currency,
                "item_id": item_id,
                "document_no": name,
                "reason": data.reason,
                "document_on": data.document_on,
                "amount_minor": sum(line.amount_minor for line in lines),
                "recorded_at": actor.now,
                "recorded_by": actor.name,
            }
        )
        parts += [
            {
                "tenant_id": actor.tenant_id,
                "id": part_id,
                "correction_id": correction_id,
                "line_id": line.line_id,
                "before_minor": line.before_minor,
                "right_minor": line.right_minor,
                "amount_minor": line.amount_minor,
                "segments": [
                    [each.from_on.isoformat(), each.to_on.isoformat(), each.principal_minor, each.amount_minor]
                    for each in line.segments
                ],
            }
            for line, part_id in zip(lines, new_ids(len(lines)), strict=True)
        ]
    db.execute(sa.insert(InterestCorrection), rows)
    db.execute(sa.insert(InterestCorrectionLine), parts)


def _lowered_parts(
    chosen: Sequence[tuple[CorrectionGroup, Sequence[CorrectionLine]]], credit_ids: Sequence[UUID]
) -> list[NewAccessoryPart]:
    """Returns of which parts of the charges the credits take how much, so that payments find what is left of each."""
    parts: list[NewAccessoryPart] = []
    for (_group, lines), credit_id in zip(chosen, credit_ids, strict=True):
        for charge_item_id in dict.fromkeys(line.charge_item_id for line in lines):
            of_charge = [
                (line.item_id, line.part, -line.amount_minor) for line in lines if line.charge_item_id == charge_item_id
            ]
            parts += [
                part._replace(lowers_item_id=charge_item_id) for part in accessory_parts([credit_id], [of_charge])
            ]
    return parts


def _settle_charges(
    db: Session,
    actor: Actor,
    chosen: Sequence[tuple[CorrectionGroup, Sequence[CorrectionLine]]],
    credit_ids: Sequence[UUID],
) -> None:
    """Applies each credit to the charges that it corrects, as far as they are open."""
    i = OpenItem
    wanted = {line.charge_item_id for _group, lines in chosen for line in lines}
    open_minor: dict[UUID, int] = {
        row.id: row.open_minor
        for row in db.execute(
            sa.select(i.id, i.open_minor).where(i.tenant_id == actor.tenant_id, i.id.in_(sorted(wanted)))
        )
    }
    allocations = []
    for (_group, lines), credit_id in zip(chosen, credit_ids, strict=True):
        by_charge: dict[UUID, int] = {}
        for line in lines:
            by_charge[line.charge_item_id] = by_charge.get(line.charge_item_id, 0) - line.amount_minor
        for charge_item_id, minor in by_charge.items():
            part = min(minor, open_minor[charge_item_id])
            if part:
                allocations.append(NewAllocation(charge_item_id, credit_id, part))
    if allocations:
        insert_allocations(db, actor, allocations)
