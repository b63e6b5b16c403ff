"""The slow, obvious model that the books are held against: lists of what was told, and sums over them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from ar.ledger.rules.aging import AgingRow, OpenAmount, age


@dataclass(frozen=True)
class Told:
    """A document, or one instalment of it, as it was told; `told_at` counts the steps of the story."""

    id: UUID
    document: str
    customer: str
    kind: str
    side: int
    on: date
    due_on: date
    currency: str
    minor: int
    told_at: int


@dataclass(frozen=True)
class Paid:
    """So much of an item was paid (or, below zero, taken back), effective on a day."""

    item_id: UUID
    on: date
    minor: int
    told_at: int


@dataclass
class Pair:
    """An allocation that was made; `live` until it is taken back."""

    id: UUID
    debit_id: UUID
    credit_id: UUID
    minor: int
    live: bool = True


@dataclass
class SlowBooks:
    """Everything that was told to the books, in order."""

    items: dict[UUID, Told] = field(default_factory=dict)
    paid: list[Paid] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    reversed_documents: set[tuple[str, str]] = field(default_factory=set)
    locked: date | None = None

    def parts(self, item: Told) -> list[Told]:
        """Returns all instalments of the item's document."""
        return [each for each in self.items.values() if (each.kind, each.document) == (item.kind, item.document)]

    def open_minor(self, item_id: UUID, as_of: date | None = None, known: int | None = None) -> int:
        """Returns what is open of an item at the end of a day, as it was known after a step."""
        return self.items[item_id].minor - sum(
            each.minor
            for each in self.paid
            if each.item_id == item_id
            and (as_of is None or each.on <= as_of)
            and (known is None or each.told_at <= known)
        )

    def pay(self, debit_id: UUID, credit_id: UUID, minor: int, on: date, step: int) -> None:
        """Records both sides of an allocation (or of one taken back)."""
        self.paid += [Paid(debit_id, on, minor, step), Paid(credit_id, on, minor, step)]

    def aging(self, as_of: date, known: int | None = None) -> tuple[AgingRow, ...]:
        """Returns the aging by due date, from nothing but what was told."""
        claims: list[OpenAmount] = []
        credits_open: dict[tuple[str, str], int] = defaultdict(int)
        for item in self.items.values():
            if item.on > as_of or (known is not None and item.told_at > known):
                continue
            still = self.open_minor(item.id, as_of, known)
            if item.side > 0:
                claims.append(OpenAmount(item.customer, item.currency, item.due_on, still))
            else:
                credits_open[item.customer, item.currency] += still
        return tuple(age(claims, credits_open, as_of))

    def balance(self, customer: str, currency: str, as_of: date) -> int:
        """Returns what the customer owes in a currency, credits taken off."""
        return sum(
            item.side * self.open_minor(item.id, as_of)
            for item in self.items.values()
            if (item.customer, item.currency) == (customer, currency) and item.on <= as_of
        )

    def days(self) -> list[date]:
        """Returns every day on which something happened."""
        found = {item.on for item in self.items.values()} | {item.due_on for item in self.items.values()}
        return sorted(found | {each.on for each in self.paid})
