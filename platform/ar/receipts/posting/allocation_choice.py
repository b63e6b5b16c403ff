"""Open items a user can select for a payment, with the suggested split.

Invariants: read only; typed amounts are shown as typed, and the sums are those that posting would make of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.ledger.models import OpenItem
from ar.receipts.posting.commands import suggest_allocation
from ar.receipts.rules.allocation_order import Share
from kernel.actor import Actor
from kernel.errors import RuleBroken
from kernel.money import parse_positive_amount

ROWS_MAX: Final = 300


@dataclass(frozen=True, slots=True)
class AllocationChoiceRow:
    """An open item to select: open, suggested and allocated amounts in minor units, and the amount as typed.

    `why`: the rule of the suggestion. `refused`: a person has unmatched it from this money before.
    """

    id: UUID
    kind: str
    document_no: str
    instalment_no: int
    document_on: date
    due_on: date
    currency: str
    open_minor: int
    reference: str | None
    suggested_minor: int
    why: str
    refused: bool
    ticked: bool
    typed: str
    allocated_minor: int

    @property
    def name(self) -> str:
        """Returns the document number, with the instalment number where there is one."""
        return f"{self.document_no}/{self.instalment_no}" if self.instalment_no else self.document_no


@dataclass(frozen=True, slots=True)
class AllocationChoice:
    """A customer's open items to allocate money to. `available_minor` None: the amount typed is not readable.

    `more`: number of open items left out.
    """

    currency: str
    available_minor: int | None
    rows: list[AllocationChoiceRow]
    more: int

    @property
    def allocated_minor(self) -> int:
        """Returns the sum of the selected items, in minor units."""
        return sum(row.allocated_minor for row in self.rows)

    @property
    def rest_minor(self) -> int:
        """Returns what stays unapplied, in minor units; negative when more is selected than available."""
        return (self.available_minor or 0) - self.allocated_minor


def allocation_choice(
    db: Session,
    actor: Actor,
    customer_id: UUID,
    currency: str,
    available_minor: int | None,
    *,
    parts: Mapping[UUID, str] | None = None,
    proposed: Iterable[tuple[UUID, int]] = (),
    refused: Iterable[UUID] = (),
    designation: str = "",
    costs_first: bool = False,
) -> AllocationChoice:
    """Returns the customer's open items, oldest due first, at most ROWS_MAX besides those selected or suggested.

    `parts`: the ticked items with the amounts as typed, from a submitted form; None selects `proposed`.
    """
    refused_ids = set(refused)
    rows = _open_items(db, actor.tenant_id, customer_id, currency)
    shares: dict[UUID, tuple[int, str]] = {}
    if available_minor:
        suggested = suggest_allocation(
            db, actor, customer_id, currency, available_minor, designation, costs_first=costs_first, refused=refused_ids
        )
        shares = _sum_by_item(suggested)
    proposed_minor = dict(proposed)
    allocated = _typed_amounts(rows, available_minor, parts, currency) if parts is not None else proposed_minor
    choices = [
        AllocationChoiceRow(
            **row._mapping,
            suggested_minor=shares.get(row.id, (0, ""))[0],
            why=shares.get(row.id, (0, ""))[1],
            refused=row.id in refused_ids,
            ticked=row.id in (proposed_minor if parts is None else parts),
            typed=(parts or {}).get(row.id, ""),
            allocated_minor=allocated.get(row.id, 0),
        )
        for row in rows
    ]
    # Selected and suggested items are always shown.
    shown = [row for at, row in enumerate(choices) if at < ROWS_MAX or row.ticked or row.suggested_minor]
    return AllocationChoice(currency, available_minor, shown, len(choices) - len(shown))


def _sum_by_item(shares: Iterable[Share]) -> dict[UUID, tuple[int, str]]:
    """Returns item id → (minor units, first rule) of the suggested shares."""
    sums: dict[UUID, tuple[int, str]] = {}
    for share in shares:
        minor, why = sums.get(share.id, (0, share.why))
        sums[share.id] = (minor + share.amount_minor, why)
    return sums


def ticked_parts(selected: Iterable[str], amounts: Mapping[str, str]) -> list[dict[str, str]]:
    """Returns the parts of a form: ticked rows and rows with an amount; `amounts` by item id, both as text."""
    ids = dict.fromkeys([*selected, *(item_id for item_id, text in amounts.items() if text.strip())])
    return [{"item_id": item_id, "amount": amounts.get(item_id, "").strip()} for item_id in ids]


def _open_items(db: Session, tenant_id: UUID, customer_id: UUID, currency: str) -> list[Any]:
    item = OpenItem
    return list(
        db.execute(
            sa.select(
                item.id,
                item.kind,
                item.document_no,
                item.instalment_no,
                item.document_on,
                item.due_on,
                item.currency,
                item.open_minor,
                item.reference,
            )
            .where(
                item.tenant_id == tenant_id,
                item.customer_id == customer_id,
                item.currency == currency,
                item.side > 0,
                item.open_minor > 0,
            )
            .order_by(item.due_on, item.document_no, item.instalment_no, item.id)
        ).all()
    )


def _typed_amounts(
    rows: list[Any], available_minor: int | None, parts: Mapping[UUID, str], currency: str
) -> dict[UUID, int]:
    """Returns minor units per ticked item: the typed amount, or what is open as far as the money suffices."""
    amounts: dict[UUID, int] = {}
    for item_id, text in parts.items():
        try:
            amounts[item_id] = parse_positive_amount(text, currency) if text else -1
        except RuleBroken:
            amounts[item_id] = 0
    open_minor = {row.id: row.open_minor for row in rows}
    rest = (available_minor or 0) - sum(minor for minor in amounts.values() if minor > 0)
    for item_id, minor in amounts.items():
        if minor < 0:
            amounts[item_id] = max(0, min(rest, open_minor.get(item_id, 0)))
            rest -= amounts[item_id]
    return amounts
