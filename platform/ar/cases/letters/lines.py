"""Loads the items of letters as of now, each with the reason why it is not chased any more (R161, W3).

Invariants: the rule is that of the daily run; three statements whatever the number of letters, one more where a debtor
has unapplied credit, which is taken from what a letter asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.cases.holds.queries import active_holds
from ar.cases.ladder.candidates import unapplied_of
from ar.cases.ladder.policy_versions import PolicyBook, policy_book
from ar.cases.ladder.state import PENDING
from ar.cases.models import StepTaken
from ar.cases.rules.holds import APPLY_FIRST, ActiveHolds, Unapplied, reason_not_to_chase
from ar.ledger.lookups import document_label_of, later_allocations, open_items, open_minor_at
from ar.ledger.models import OpenItem
from kernel.binds import TENANT, TODAY
from kernel.db import columns


class Letter(NamedTuple):
    """A letter whose items are asked for."""

    action_id: UUID
    customer_id: UUID
    currency: str


@dataclass(frozen=True, slots=True)
class LetterLine:
    """One item of a letter as of now; `reason` is the code of why it is not chased any more, else None.

    `document_no` names the instalment too where it is one. `frozen_minor`: open amount when the step was proposed or
    the PDF printed; `covered_minor`: the part of `open_minor` that the debtor's unapplied credit covers (minor units).
    """

    step_id: UUID
    item_id: UUID
    document_no: str
    due_on: date
    open_minor: int
    frozen_minor: int
    level: int
    code: str
    policy_version_id: UUID
    reason: str | None
    covered_minor: int = 0


def letter_claims(db: Session, tenant_id: UUID, today: date, letters: Sequence[Letter]) -> dict[UUID, int]:
    """Returns action id → what the letter asks now, in minor units: what is owed less money in hand (F5)."""
    found = letter_lines(db, tenant_id, today, letters, policy_book(db, tenant_id)) if letters else {}
    return {
        action_id: sum(
            {line.item_id: line.open_minor - line.covered_minor for line in lines if not line.reason}.values()
        )
        for action_id, lines in found.items()
    }


def letter_lines(
    db: Session, tenant_id: UUID, today: date, letters: Sequence[Letter], book: PolicyBook
) -> dict[UUID, tuple[LetterLine, ...]]:
    """Returns action id → its items as of today, by due date; a letter without pending items has none."""
    if not letters:
        return {}
    of_action = {letter.action_id: letter for letter in letters}
    customers = sorted({letter.customer_id for letter in letters})
    asked = {"tenant": tenant_id, "today": today, "actions": sorted(of_action)}
    rows = columns(db, _pending_items(), asked).all()
    holds = active_holds(db, tenant_id, today, customer_ids=customers)
    unapplied = unapplied_of(db, tenant_id, today, customers)
    covered = _covered(db, tenant_id, today, unapplied, holds)
    lines: dict[UUID, list[LetterLine]] = {action_id: [] for action_id in of_action}
    small = _small(rows, of_action, holds, book)
    # A page of the queue has hundreds of items, and to look up by an id costs as much as the rule.
    for row in rows:
        action_id, item_id, open_minor = row.action_id, row.item_id, row.open_minor
        letter = of_action[action_id]
        reason = reason_not_to_chase(
            currency=letter.currency,
            open_minor=open_minor,
            hold=holds.on(item_id, letter.customer_id) if holds else None,
            policy=book.by_id[row.policy_version_id],
            unapplied=unapplied.get((letter.customer_id, letter.currency)) if unapplied else None,
            small_minor=small.get(action_id, 0) if small else 0,
        )
        lines[action_id].append(
            LetterLine(
                step_id=row.step_id,
                item_id=item_id,
                document_no=row.document_no,
                due_on=row.due_on,
                open_minor=open_minor,
                frozen_minor=row.frozen_minor,
                level=row.level,
                code=row.code,
                policy_version_id=row.policy_version_id,
                reason=reason.code if reason else None,
                covered_minor=min(covered.get(item_id, 0), open_minor) if covered else 0,
            )
        )
    return {action_id: _asking(each, of_action[action_id].currency, book) for action_id, each in lines.items()}


def _small(
    rows: Sequence[Any], of_action: Mapping[UUID, Letter], holds: ActiveHolds, book: PolicyBook
) -> dict[UUID, int]:
    """Returns action id → what its items that are too small each, and not held, come to; an item counts once."""
    if not any(policy.tolerance_minor for policy in book.by_id.values()):
        return {}
    found = {
        (row.action_id, row.item_id, row.open_minor, row.policy_version_id)
        for row in rows
        if book.by_id[row.policy_version_id].is_within_tolerance(of_action[row.action_id].currency, row.open_minor)
    }
    sums: dict[UUID, int] = {}
    for action_id, item_id, open_minor, _version_id in found:
        if holds.on(item_id, of_action[action_id].customer_id) is None:
            sums[action_id] = sums.get(action_id, 0) + open_minor
    return sums


def _asking(lines: Sequence[LetterLine], currency: str, book: PolicyBook) -> tuple[LetterLine, ...]:
    """Returns the lines of a letter; none is chased where unapplied credit leaves nothing, or too little, to ask."""
    left = {line.item_id: line.open_minor - line.covered_minor for line in lines if line.reason is None}
    asked_minor = sum(left.values())
    too_little = any(
        book.by_id[line.policy_version_id].is_within_tolerance(currency, asked_minor)
        for line in lines
        if line.reason is None
    )
    if asked_minor and not too_little:
        return tuple(lines)
    return tuple(line if line.reason else replace(line, reason=APPLY_FIRST) for line in lines)


def _covered(
    db: Session, tenant_id: UUID, today: date, unapplied: Mapping[tuple[UUID, str], Unapplied], holds: ActiveHolds
) -> dict[UUID, int]:
    """Returns item id → what of it unapplied credit covers, in minor units.

    Credit covers what is chased before what is held, then what was due first, each amount once: the letters of one
    debtor together ask no more than is owed.
    """
    if not unapplied:
        return {}
    left = {key: each.credit_minor for key, each in unapplied.items()}
    items = open_items(db, tenant_id, as_of=today, customer_ids={customer for customer, _ccy in unapplied})
    covered: dict[UUID, int] = {}
    for item in sorted(items, key=lambda item: holds.on(item.id, item.customer_id) is not None):
        key = (item.customer_id, item.currency)
        if item.side > 0 and item.due_on < today and left.get(key):
            covered[item.id] = min(item.open_minor, left[key])
            left[key] -= covered[item.id]
    return covered


@cache
def _pending_items() -> sa.Select[*tuple[Any, ...]]:
    step, item = StepTaken, OpenItem
    later = later_allocations(TENANT, TODAY)
    return (
        sa.select(
            step.action_id,
            step.id.label("step_id"),
            step.item_id,
            document_label_of(TENANT).label("document_no"),
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
            step.tenant_id == TENANT,
            item.tenant_id == TENANT,
            step.action_id == sa.any_(sa.bindparam("actions", type_=sa.ARRAY(sa.Uuid))),
            step.state.in_(PENDING),
        )
        .order_by(item.due_on, item.document_no, step.level)
    )
