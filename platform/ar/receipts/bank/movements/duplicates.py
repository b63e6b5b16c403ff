"""Decides on possible duplicates: a movement of a file is a stored line, or it is another one and becomes a line.

Invariants: a question is decided once; a movement said to be different is money from then on and is matched; of what
was said to be the same the next file is not asked again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.receipts.bank.movements.inputs import DecideDuplicates
from ar.receipts.bank.movements.line_rows import movement_of
from ar.receipts.bank.movements.matching_jobs import queue_matching
from ar.receipts.bank.movements.models import BankLineSighting, PossibleDuplicate
from ar.receipts.bank.movements.statements import keep_chain
from ar.receipts.bank.movements.writing import StatementWriter
from ar.receipts.models import BankFile
from kernel import idempotency
from kernel.actor import Actor
from kernel.counters import lock_counter
from kernel.errors import Conflict, NotFound
from kernel.ids import new_ids
from kernel.journal import record


def decide_duplicates(db: Session, actor: Actor, data: DecideDuplicates) -> int:
    """Decides on these questions, all or none; returns their number. The same key again changes nothing.

    Raises NotFound(`duplicate_not_found`), Conflict(`duplicate_decided`) when another person was first.
    """
    request = data.model_dump(exclude={"key"})
    if not idempotency.first_time(db, actor, f"duplicates:{data.key}", request):
        return 0
    actor = lock_counter(db, actor, "bank_lines")
    rows = _lock_questions(db, actor.tenant_id, data.duplicate_ids)
    if len(rows) != len(set(data.duplicate_ids)):
        raise NotFound("duplicate_not_found")
    if any(row.state != "open" for row in rows):
        raise Conflict("duplicate_decided")
    if data.decision == "same":
        _decide_same(db, actor, rows)
    else:
        _decide_different(db, actor, rows)
    for account_id in sorted({row.bank_account_id for row in rows}):
        keep_chain(db, actor.tenant_id, account_id)
    counts = {"same": 0, "different": 0, data.decision: len(rows)}
    record(db, actor, "possible_duplicates_decided", data=counts)
    return len(rows)


def _lock_questions(db: Session, tenant_id: UUID, ids: Sequence[UUID]) -> Sequence[Any]:
    d, f = PossibleDuplicate, BankFile
    return db.execute(
        sa.select(
            d.id,
            d.bank_account_id,
            d.file_id,
            d.statement_id,
            d.statement_position,
            d.like_line_id,
            d.movement,
            d.state,
            f.format,
        )
        .join(f, sa.and_(f.tenant_id == tenant_id, f.id == d.file_id))
        .where(d.tenant_id == tenant_id, d.id.in_(ids))
        .order_by(d.id)
        .with_for_update(of=d)
    ).all()


def _decide_same(db: Session, actor: Actor, rows: Sequence[Any]) -> None:
    sightings = [
        {
            "tenant_id": actor.tenant_id,
            "id": sighting_id,
            "line_id": row.like_line_id,
            "statement_id": row.statement_id,
            "statement_position": row.statement_position,
            "evidence": "person",
            "words": row.movement["line"]["remittance"],
            "recorded_at": actor.now,
        }
        for row, sighting_id in zip(rows, new_ids(len(rows)), strict=True)
    ]
    db.execute(sa.insert(BankLineSighting), sightings)
    for row in rows:
        _record_decision(db, actor, row.id, state="same")


def _decide_different(db: Session, actor: Actor, rows: Sequence[Any]) -> None:
    for row in rows:
        writer = StatementWriter(db, actor, file_id=row.file_id, source=row.format)
        line = movement_of(row.movement)
        line_id = writer.insert_asked(row.bank_account_id, row.statement_id, row.statement_position, line)
        _record_decision(db, actor, row.id, state="different", line_id=line_id)
    for file_id in sorted({row.file_id for row in rows}):
        queue_matching(db, actor, file_id)


def _record_decision(db: Session, actor: Actor, question_id: UUID, **values: object) -> None:
    d = PossibleDuplicate
    db.execute(
        sa.update(d)
        .where(d.tenant_id == actor.tenant_id, d.id == question_id)
        .values(decided_by=actor.name, decided_at=actor.now, **values)
    )
