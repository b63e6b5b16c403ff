"""What a payment is matched against: open items, customers and payers, indexed once for many lines; pure.

Imports this slice's pure modules and the standard library only. Invariant: looking up a line costs what is found for
it, not the size of the books; what one line has taken is no longer open for the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from uuid import UUID

from ar.receipts.rules.mentions import (
    Mention,
    bigrams,
    core_name,
    likeness,
    number_key,
    plain_name,
    prefix_of,
    read_numbers,
    widened,
)

HEAD: Final = 4
#: A pair of characters that half the customers share (科技, 有限) tells nobody apart.
POSTINGS_MAX: Final = 200
ALIKE_PERCENT: Final = 60
ALIKE_MAX: Final = 3


@dataclass(frozen=True, slots=True)
class Item:
    """An open debit document or one instalment of it; `open_minor` is what was open when the index was built."""

    id: UUID
    customer_id: UUID
    kind: str
    document_no: str
    document_on: date
    due_on: date
    currency: str
    open_minor: int
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Party:
    """A customer as a payer may be called."""

    customer_id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Payer:
    """An account from which a customer's money came; `confirmed` once a person has said so."""

    customer_id: UUID
    account: str
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Named:
    """What the text of a line names: items by certainty, numbers that are paid already, and whose they all are."""

    strong: tuple[Item, ...] = ()
    weak: tuple[Item, ...] = ()
    settled: bool = False
    unknown: bool = False
    customers: frozenset[UUID] = field(default_factory=frozenset)

    @property
    def anything(self) -> bool:
        """Some document is named, whether it is open, paid or not in the books."""
        return bool(self.strong or self.weak or self.settled or self.unknown)


class Books:
    """The open items with their indexes. `settled`: keys of documents that are paid, with their customers."""

    def __init__(
        self,
        items: Iterable[Item],
        parties: Iterable[Party],
        payers: Iterable[Payer],
        settled: Mapping[str, Iterable[UUID]] | None = None,
    ) -> None:
        self.open: dict[UUID, int] = {}
        #: Where an item stands among all, the oldest due first.
        self.place: dict[UUID, int] = {}
        self._by_key: dict[str, list[Item]] = {}
        self._by_reference: dict[str, list[Item]] = {}
        self._by_amount: dict[tuple[str, int], list[Item]] = {}
        self._by_customer: dict[tuple[UUID, str], list[Item]] = {}
        self._settled = {key: set(customers) for key, customers in (settled or {}).items()}
        for item in sorted(items, key=lambda each: (each.due_on, each.document_no, each.id.bytes)):
            self._add(item)
        self._known = self._by_key.keys() | self._by_reference.keys() | self._settled.keys()
        self._prefixes = {prefix_of(key) for key in self._known} - {""}
        self._payers: dict[str, dict[UUID, bool]] = {}
        for payer in payers:
            self._payers.setdefault(payer.account, {})[payer.customer_id] = payer.confirmed
        self.names: dict[UUID, str] = {}
        self._by_name: dict[str, set[UUID]] = {}
        self._by_head: dict[str, list[tuple[str, UUID]]] = {}
        self._by_bigram: dict[str, list[UUID]] | None = None
        for party in parties:
            self._meet(party)
        self._alike: dict[str, list[tuple[UUID, int]]] = {}

    def _add(self, item: Item) -> None:
        self.open[item.id] = item.open_minor
        self.place[item.id] = len(self.place)
        for index, number in ((self._by_key, item.document_no), (self._by_reference, item.reference or "")):
            key = number_key(number)
            if key:
                index.setdefault(key, []).append(item)
        self._by_amount.setdefault((item.currency, item.open_minor), []).append(item)
        self._by_customer.setdefault((item.customer_id, item.currency), []).append(item)

    def _meet(self, party: Party) -> None:
        self.names[party.customer_id] = party.name
        self._by_name.setdefault(plain_name(party.name), set()).add(party.customer_id)
        core = core_name(party.name)
        if len(core) >= HEAD:
            self._by_head.setdefault(core[:HEAD], []).append((core, party.customer_id))

    def take(self, parts: Iterable[tuple[UUID, int]]) -> None:
        """What a line has taken is not open for the lines after it."""
        for item_id, amount_minor in parts:
            self.open[item_id] -= amount_minor

    def items_of(self, customer_id: UUID, currency: str) -> list[Item]:
        """The customer's items still open in a currency, oldest due first."""
        return [item for item in self._by_customer.get((customer_id, currency), ()) if self.open[item.id] > 0]

    def items_by_id(self, wanted: Iterable[UUID]) -> dict[UUID, Item]:
        """The items of these ids, open or taken."""
        ids = set(wanted)
        return {item.id: item for items in self._by_customer.values() for item in items if item.id in ids}

    def of_amount(self, currency: str, amount_minor: int) -> list[Item]:
        """Items of anybody that are open with exactly this amount and untouched so far."""
        return [
            item for item in self._by_amount.get((currency, amount_minor), ()) if self.open[item.id] == amount_minor
        ]

    def named(self, text: str) -> Named:
        """The documents that `text` names."""
        strong: list[Item] = []
        weak: list[Item] = []
        customers: set[UUID] = set()
        settled = False
        reading = read_numbers(text, self._known, self._prefixes)
        for mention in reading.mentions:
            items, certain = self._of(mention)
            standing = [item for item in items if self.open[item.id] > 0]
            (strong if certain else weak).extend(standing)
            paid = self._settled.get(mention.key, set())
            settled = settled or (not standing and (bool(items) or bool(paid)))
            customers |= {item.customer_id for item in items} or paid
        return Named(_once(strong), _once(weak), settled, reading.unknown, frozenset(customers))

    def _of(self, mention: Mention) -> tuple[list[Item], bool]:
        """The items of a number, and whether it can only be that one document's."""
        items = self._by_key.get(mention.key, [])
        exact = [item for item in items if widened(item.document_no) == mention.written]
        items = exact or items
        if not items:
            return self._by_reference.get(mention.key, []), False
        one = len({(item.customer_id, item.kind, item.document_no) for item in items}) == 1
        return items, mention.strong and one

    def by_account(self, account: str) -> dict[UUID, bool]:
        """Whose account this is known to be, and whether a person has confirmed it."""
        return self._payers.get(account, {}) if account else {}

    def by_name(self, name: str) -> set[UUID]:
        """The customers of exactly this name."""
        plain = plain_name(name)
        return self._by_name.get(plain, set()) if plain else set()

    def in_text(self, text: str) -> set[UUID]:
        """The customers whose name, without its legal form, stands in the text."""
        plain = plain_name(text)
        found: dict[UUID, str] = {}
        for at in range(len(plain) - HEAD + 1):
            for core, customer_id in self._by_head.get(plain[at : at + HEAD], ()):
                if plain.startswith(core, at):
                    found[customer_id] = core
        # 华信电子 within 华信电子科技: only the longer name was meant.
        return {
            customer_id
            for customer_id, core in found.items()
            if not any(core != other and core in other for other in found.values())
        }

    def alike(self, name: str) -> list[tuple[UUID, int]]:
        """The customers with a name like this one, with how much in per cent; the most alike first."""
        if name not in self._alike:
            self._alike[name] = self._find_alike(name)
        return self._alike[name]

    def _bigrams(self) -> dict[str, list[UUID]]:
        """Built when the first stranger's name is looked for: most lines are known otherwise."""
        if self._by_bigram is None:
            self._by_bigram = {}
            for customer_id, name in self.names.items():
                for pair in bigrams(core_name(name)):
                    self._by_bigram.setdefault(pair, []).append(customer_id)
        return self._by_bigram

    def _find_alike(self, name: str) -> list[tuple[UUID, int]]:
        by_bigram = self._bigrams()
        lists = [by_bigram.get(pair, []) for pair in bigrams(core_name(name))]
        near = {customer_id for each in lists if len(each) <= POSTINGS_MAX for customer_id in each}
        scored = [(customer_id, likeness(name, self.names[customer_id])) for customer_id in near]
        found = [each for each in scored if each[1] >= ALIKE_PERCENT]
        return sorted(found, key=lambda each: (-each[1], each[0].bytes))[:ALIKE_MAX]


def _once(items: Sequence[Item]) -> tuple[Item, ...]:
    return tuple({item.id: item for item in items}.values())
