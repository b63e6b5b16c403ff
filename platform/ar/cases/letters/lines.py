"""Loads the items of letters as of now, each with the reason why it is not chased any more (R161, W3).

Invariants: the rule is that of the daily run; three statements whatever the number of letters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.cases.holds.queries import active_holds
from ar.cases.ladder.candidates import unapplied_of
from ar.cases.ladder.policy_versions import PolicyBook
from ar.cases.ladder.state import PENDING
from ar.cases.models import StepTaken
from ar.cases.rules.holds import reason_not_to_chase
from ar.ledger.lookups import later_allocations, open_minor_at
from ar.ledger.models import OpenItem
from kernel.actor import Actor


class Letter(NamedTuple):
    """A letter whose items are asked for."""

    action_id: UUID
    customer_id: UUID
    currency: str


@dataclass(frozen=True, slots=True)
class LetterLine:
    """One item of a letter as of now; `reason` is the code of why it is not chased any more, else None.

    `frozen_minor`: open amount when the step was proposed or the PDF printed, in minor units. `instalment_no` is 0 for
    a document due at once.
    """

    step_id: UUID
    item_id: UUID
    document_no: str
    instalment_no: int
    due_on: date
    open_minor: int
    frozen_minor: int
    level: int
    code: str
    policy_version_id: UUID
    reason: str | None


def letter_lines(
    db: Session, actor: Actor, letters: Sequence[Letter], book: PolicyBook
) -> dict[UUID, tuple[LetterLine, ...]]:
    """Returns action id → its items as of today, by due date; a letter without pending items has none."""
    if not letters:
        return {}
    of_action = {letter.action_id: letter for letter in letters}
    customers = sorted({letter.customer_id for letter in letters})
    rows = db.execute(_select_pending_items(actor, sorted(of_action))).all()
    holds = active_holds(db, actor.tenant_id, actor.today, customer_ids=customers)
    unapplied = unapplied_of(db, actor.tenant_id, actor.today, customers)
    lines: dict[UUID, list[LetterLine]] = {action_id: [] for action_id in of_action}
    for row in rows:
        letter, values = of_action[row.action_id], dict(row._mapping)
        reason = reason_not_to_chase(
            currency=letter.currency,
            open_minor=row.open_minor,
            hold=holds.on(row.item_id, letter.customer_id),
            policy=book.by_id[row.policy_version_id],
            unapplied=unapplied.get((letter.customer_id, letter.currency)),
        )
        del values["action_id"]
        lines[row.action_id].append(LetterLine(**values, reason=reason.code if reason else None))
    return {action_id: tuple(each) for action_id, each in lines.items()}


def _select_pending_items(actor: Actor, action_ids: Sequence[UUID]) -> sa.Select[*tuple[Any, ...]]:
    step, item = StepTaken, OpenItem
    later = later_allocations(actor.tenant_id, actor.today)
    return (
        sa.select(
            step.action_id,
            step.id.label("step_id"),
            step.item_id,
            item.document_no,
            item.instalment_no,
            item.due_on,
            open_minor_at(later).label("open_minor"),
            step.open_minor.label("frozen_minor"),
            step.level,
            step.code,
            step.policy_version_id,
        )
        .join(item, sa.and_(item.tenant_id == step.tenant_id, item.id == step.item_id))
        .outerjoin(later, later.c.item_id == item.id)
        .where(
            step.tenant_id == actor.tenant_id,
            item.tenant_id == actor.tenant_id,
            step.action_id.in_(action_ids),
            step.state.in_(PENDING),
        )
        .order_by(item.due_on, item.document_no, step.level)
    )
