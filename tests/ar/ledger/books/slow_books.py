"""A slow, obvious reference model of the books: lists of what was posted, and sums over them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from ar.ledger.rules.aging import AgingRow, OpenAmount, age


@dataclass(frozen=True)
class PostedItem:
    """A document, or one instalment of it, as posted; `step` counts the steps of the test."""

    id: UUID
    document: str
    customer: str
    kind: str
    side: int
    on: date
    due_on: date
    currency: str
    minor: int
    step: int


@dataclass(frozen=True)
class AppliedAmount:
    """An amount applied to an item (below zero: unapplied), effective on a day."""

    item_id: UUID
    on: date
    minor: int
    step: int


@dataclass
class AppliedPair:
    """An allocation; `live` until it is reversed."""

    id: UUID
    debit_id: UUID
    credit_id: UUID
    minor: int
    live: bool = True


@dataclass
class SlowBooks:
    """Everything that was posted and applied, in order."""

    items: dict[UUID, PostedItem] = field(default_factory=dict)
    applied: list[AppliedAmount] = field(default_factory=list)
    pairs: list[AppliedPair] = field(default_factory=list)
    reversed_documents: set[tuple[str, str]] = field(default_factory=set)
    locked: date | None = None

    def parts(self, item: PostedItem) -> list[PostedItem]:
        """Returns all instalments of the item's document."""
        return [each for each in self.items.values() if (each.kind, each.document) == (item.kind, item.document)]

    def open_minor(self, item_id: UUID, as_of: date | None = None, known: int | None = None) -> int:
        """Returns the open amount of an item at the end of a day, as known after a step."""
        return self.items[item_id].minor - sum(
            each.minor
            for each in self.applied
            if each.item_id == item_id and (as_of is None or each.on <= as_of) and (known is None or each.step <= known)
        )

    def apply(self, debit_id: UUID, credit_id: UUID, minor: int, on: date, step: int) -> None:
        """Records both sides of an allocation (or of its reversal)."""
        self.applied += [AppliedAmount(debit_id, on, minor, step), AppliedAmount(credit_id, on, minor, step)]

    def aging(self, as_of: date, known: int | None = None) -> tuple[AgingRow, ...]:
        """Returns the aging by due date, from this model alone."""
        claims: list[OpenAmount] = []
        credits_open: dict[tuple[str, str], int] = defaultdict(int)
        for item in self.items.values():
            if item.on > as_of or (known is not None and item.step > known):
                continue
            open_minor = self.open_minor(item.id, as_of, known)
            if item.side > 0:
                claims.append(OpenAmount(item.customer, item.currency, item.due_on, open_minor))
            else:
                credits_open[item.customer, item.currency] += open_minor
        return tuple(age(claims, credits_open, as_of))

    def balance(self, customer: str, currency: str, as_of: date) -> int:
        """Returns the customer's balance in a currency, less credits."""
        return sum(
            item.side * self.open_minor(item.id, as_of)
            for item in self.items.values()
            if (item.customer, item.currency) == (customer, currency) and item.on <= as_of
        )

    def days(self) -> list[date]:
        """Returns the days of all documents, due dates and allocations."""
        found = {item.on for item in self.items.values()} | {item.due_on for item in self.items.values()}
        return sorted(found | {each.on for each in self.applied})
