"""What a person may tick to pay with some money: a customer's open items, what the law's order would pay, the rest.

May import the ledger's tables, this slice and the kernel. Invariant: it only reads; what is typed is shown as typed,
and the sums are those that booking would make of it.
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
from ar.receipts.posting.commands import suggest
from kernel.actor import Actor
from kernel.errors import RuleBroken
from kernel.money import read_amount

ROWS_MAX: Final = 300


@dataclass(frozen=True, slots=True)
class PickRow:
    """One item to tick: what is open, what the order would pay, what was typed and what that comes to."""

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
    taken_minor: int

    @property
    def name(self) -> str:
        """The number, with the instalment where there are several."""
        return f"{self.document_no}/{self.instalment_no}" if self.instalment_no else self.document_no


@dataclass(frozen=True, slots=True)
class Picking:
    """The table of a customer's items against some money. `available_minor` None: the amount is not readable yet."""

    currency: str
    available_minor: int | None
    rows: list[PickRow]
    more: int

    @property
    def taken_minor(self) -> int:
        """What is ticked comes to this."""
        return sum(row.taken_minor for row in self.rows)

    @property
    def rest_minor(self) -> int:
        """What is left of the money; below zero: too much was ticked."""
        return (self.available_minor or 0) - self.taken_minor


def picking(
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
) -> Picking:
    """The customer's open items, oldest due first, at most ROWS_MAX of them.

    `parts`: ticked items with what was typed, when a form came back; else `proposed` is ticked.
    """
    refused_ids = set(refused)
    rows = _open(db, actor.tenant_id, customer_id, currency)
    shares: dict[UUID, tuple[int, str]] = {}
    if available_minor:
        for share in suggest(
            db, actor, customer_id, currency, available_minor, designation, costs_first=costs_first, refused=refused_ids
        ):
            before = shares.get(share.id, (0, share.why))
            shares[share.id] = (before[0] + share.amount_minor, before[1])
    chosen = dict(proposed)
    taken = _taken(rows, available_minor, parts, currency) if parts is not None else chosen
    made = [
        PickRow(
            **row._mapping,
            suggested_minor=shares.get(row.id, (0, ""))[0],
            why=shares.get(row.id, (0, ""))[1],
            refused=row.id in refused_ids,
            ticked=row.id in (chosen if parts is None else parts),
            typed=(parts or {}).get(row.id, ""),
            taken_minor=taken.get(row.id, 0),
        )
        for row in rows
    ]
    # What is ticked or would be paid is shown whatever the number of items.
    kept = [row for at, row in enumerate(made) if at < ROWS_MAX or row.ticked or row.suggested_minor]
    return Picking(currency, available_minor, kept, len(made) - len(kept))


def parts_of(selected: Iterable[str], amounts: Mapping[str, str]) -> list[dict[str, str]]:
    """The parts a form gives: ticked rows, and rows with an amount; `amounts` by the item's id as text."""
    ids = dict.fromkeys([*selected, *(item_id for item_id, text in amounts.items() if text.strip())])
    return [{"item_id": item_id, "amount": amounts.get(item_id, "").strip()} for item_id in ids]


def _open(db: Session, tenant_id: UUID, customer_id: UUID, currency: str) -> list[Any]:
    i = OpenItem
    return list(
        db.execute(
            sa.select(
                i.id,
                i.kind,
                i.document_no,
                i.instalment_no,
                i.document_on,
                i.due_on,
                i.currency,
                i.open_minor,
                i.reference,
            )
            .where(
                i.tenant_id == tenant_id,
                i.customer_id == customer_id,
                i.currency == currency,
                i.side > 0,
                i.open_minor > 0,
            )
            .order_by(i.due_on, i.document_no, i.instalment_no, i.id)
        ).all()
    )


def _taken(rows: list[Any], available_minor: int | None, parts: Mapping[UUID, str], currency: str) -> dict[UUID, int]:
    """What the ticked rows take: amounts as typed, empty ones what is open as far as the money reaches."""
    given: dict[UUID, int] = {}
    for item_id, text in parts.items():
        try:
            given[item_id] = read_amount(text, currency) if text else -1
        except RuleBroken:
            given[item_id] = 0
    opens = {row.id: row.open_minor for row in rows}
    rest = (available_minor or 0) - sum(minor for minor in given.values() if minor > 0)
    for item_id, minor in given.items():
        if minor < 0:
            given[item_id] = max(0, min(rest, opens.get(item_id, 0)))
            rest -= given[item_id]
    return given
