"""Indexes open items, customers and known payer accounts so that many payments can be matched against them.

Invariants: a lookup costs in proportion to its result, not to the number of open items; what is reserved for one
payment is no longer open for the next.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from uuid import UUID

from ar.receipts.rules.mentions import (
    Mention,
    bigrams,
    find_mentioned_numbers,
    letter_prefix,
    name_similarity_percent,
    name_without_legal_form,
    normalised,
    normalised_name,
    number_key,
)

PREFIX_CHARS: Final = 4
#: A pair of characters shared by more customers than this (科技, 有限) does not distinguish any of them.
CUSTOMERS_PER_BIGRAM_MAX: Final = 200
SIMILARITY_MIN_PERCENT: Final = 60
SIMILAR_CUSTOMERS_MAX: Final = 3


@dataclass(frozen=True, slots=True)
class CandidateItem:
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
class CustomerName:
    """A customer's name as a payer may write it."""

    customer_id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class KnownPayer:
    """An account from which a customer has paid; `confirmed` once a person has confirmed that it is the customer's."""

    customer_id: UUID
    account: str
    confirmed: bool


@dataclass(frozen=True, slots=True)
class MentionedDocuments:
    """Documents mentioned in a payment's text: open items by certainty, and the customers they all belong to.

    `settled`: a mentioned document is already paid; `unknown`: one looks like ours but is not in the books.
    """

    strong: tuple[CandidateItem, ...] = ()
    weak: tuple[CandidateItem, ...] = ()
    settled: bool = False
    unknown: bool = False
    customers: frozenset[UUID] = field(default_factory=frozenset)

    @property
    def any_document(self) -> bool:
        """Tells that any document is mentioned: open, paid or not in the books."""
        return bool(self.strong or self.weak or self.settled or self.unknown)


class CandidateIndex:
    """Open items with their indexes.

    `settled`: keys of paid documents with their customers. `prefixes`: letters with which numbers begin of open items
    that are not among `items`.
    """

    def __init__(
        self,
        items: Iterable[CandidateItem],
        customers: Iterable[CustomerName],
        payers: Iterable[KnownPayer],
        settled: Mapping[str, Iterable[UUID]] | None = None,
        prefixes: Collection[str] = (),
    ) -> None:
        self.open: dict[UUID, int] = {}
        #: Position of an item among all, oldest due first.
        self.rank: dict[UUID, int] = {}
        self._by_key: dict[str, list[CandidateItem]] = {}
        self._by_reference: dict[str, list[CandidateItem]] = {}
        self._by_amount: dict[tuple[str, int], list[CandidateItem]] = {}
        self._by_customer: dict[tuple[UUID, str], list[CandidateItem]] = {}
        self._settled: dict[str, set[UUID]] = {}
        self._payer_accounts: dict[str, dict[UUID, bool]] = {}
        for payer in payers:
            self._payer_accounts.setdefault(payer.account, {})[payer.customer_id] = payer.confirmed
        self.names: dict[UUID, str] = {}
        self._by_name: dict[str, set[UUID]] = {}
        self._by_prefix: dict[str, list[tuple[str, UUID]]] = {}
        self._by_bigram: dict[str, list[UUID]] | None = None
        for customer in customers:
            self._add_customer(customer)
        self._similar: dict[str, list[tuple[UUID, int]]] = {}
        self.add_items(items, settled or {}, prefixes)

    def add_items(
        self, items: Iterable[CandidateItem], settled: Mapping[str, Iterable[UUID]], prefixes: Collection[str]
    ) -> None:
        """Adds the items that payments may pay to an index that has none yet, of customers and accounts alone."""
        self._settled = {key: set(customers) for key, customers in settled.items()}
        for item in sorted(items, key=lambda each: (each.due_on, each.document_no, each.id.bytes)):
            self._add_item(item)
        self._known = self._by_key.keys() | self._by_reference.keys() | self._settled.keys()
        self._prefixes = {letter_prefix(key) for key in self._known} - {""} | set(prefixes)

    def _add_item(self, item: CandidateItem) -> None:
        self.open[item.id] = item.open_minor
        self.rank[item.id] = len(self.rank)
        for index, number in ((self._by_key, item.document_no), (self._by_reference, item.reference or "")):
            key = number_key(number)
            if key:
                index.setdefault(key, []).append(item)
        self._by_amount.setdefault((item.currency, item.open_minor), []).append(item)
        self._by_customer.setdefault((item.customer_id, item.currency), []).append(item)

    def _add_customer(self, customer: CustomerName) -> None:
        self.names[customer.customer_id] = customer.name
        self._by_name.setdefault(normalised_name(customer.name), set()).add(customer.customer_id)
        core = name_without_legal_form(customer.name)
        if len(core) >= PREFIX_CHARS:
            self._by_prefix.setdefault(core[:PREFIX_CHARS], []).append((core, customer.customer_id))

    def reserve(self, parts: Iterable[tuple[UUID, int]]) -> None:
        """Deducts `parts` (item, minor units) from what is open for the payments that follow."""
        for item_id, amount_minor in parts:
            self.open[item_id] -= amount_minor

    def items_of(self, customer_id: UUID, currency: str) -> list[CandidateItem]:
        """Returns the customer's items still open in a currency, oldest due first."""
        return [item for item in self._by_customer.get((customer_id, currency), ()) if self.open[item.id] > 0]

    def items_by_id(self, item_ids: Iterable[UUID]) -> dict[UUID, CandidateItem]:
        """Returns the items with these ids, reserved or not."""
        ids = set(item_ids)
        return {item.id: item for items in self._by_customer.values() for item in items if item.id in ids}

    def items_with_amount(self, currency: str, amount_minor: int) -> list[CandidateItem]:
        """Returns the items of all customers that are open with exactly this amount, nothing of it reserved."""
        return [
            item for item in self._by_amount.get((currency, amount_minor), ()) if self.open[item.id] == amount_minor
        ]

    def mentioned_documents(self, text: str, amounts: Collection[str] = ()) -> MentionedDocuments:
        """Returns the documents that `text` mentions; `amounts`: what was paid, as digits that may stand in it."""
        strong: list[CandidateItem] = []
        weak: list[CandidateItem] = []
        customers: set[UUID] = set()
        settled = False
        numbers = find_mentioned_numbers(text, self._known, self._prefixes, amounts)
        for mention in numbers.mentions:
            items, certain = self._items_of_mention(mention)
            still_open = [item for item in items if self.open[item.id] > 0]
            (strong if certain else weak).extend(still_open)
            paid = self._settled.get(mention.key, set())
            settled = settled or (not still_open and (bool(items) or bool(paid)))
            customers |= {item.customer_id for item in items} or paid
        return MentionedDocuments(_unique(strong), _unique(weak), settled, numbers.unknown, frozenset(customers))

    def items_numbered(self, number: str, currency: str) -> list[CandidateItem]:
        """Returns the items of one document by its number, oldest due first; empty where the number is not one's."""
        items = [item for item in self._by_key.get(number_key(number), ()) if item.currency == currency]
        exact = [item for item in items if normalised(item.document_no) == normalised(number)] or items
        return exact if len({(item.customer_id, item.kind, item.document_no) for item in exact}) == 1 else []

    def _items_of_mention(self, mention: Mention) -> tuple[list[CandidateItem], bool]:
        """Returns the items with this number, and whether it identifies exactly one document."""
        items = self._by_key.get(mention.key, [])
        exact = [item for item in items if normalised(item.document_no) == mention.written]
        items = exact or items
        if not items:
            return self._by_reference.get(mention.key, []), False
        one = len({(item.customer_id, item.kind, item.document_no) for item in items}) == 1
        return items, mention.strong and one

    def customers_by_account(self, account: str) -> dict[UUID, bool]:
        """Returns the customers known to pay from this account: customer id → confirmed by a person."""
        return self._payer_accounts.get(account, {}) if account else {}

    def customers_by_name(self, name: str) -> set[UUID]:
        """Returns the customers with exactly this name, after normalisation."""
        plain = normalised_name(name)
        return self._by_name.get(plain, set()) if plain else set()

    def customers_named_in(self, text: str) -> set[UUID]:
        """Returns the customers whose name, without its legal form, occurs in the text."""
        plain = normalised_name(text)
        found: dict[UUID, str] = {}
        for at in range(len(plain) - PREFIX_CHARS + 1):
            for core, customer_id in self._by_prefix.get(plain[at : at + PREFIX_CHARS], ()):
                if plain.startswith(core, at):
                    found[customer_id] = core
        # 华信电子 within 华信电子科技: only the longer name counts.
        return {
            customer_id
            for customer_id, core in found.items()
            if not any(core != other and core in other for other in found.values())
        }

    def similar_customers(self, name: str) -> list[tuple[UUID, int]]:
        """Returns (customer, similarity in per cent) of names similar to this one, the most similar first."""
        if name not in self._similar:
            self._similar[name] = self._find_similar(name)
        return self._similar[name]

    def _bigrams(self) -> dict[str, list[UUID]]:
        """Builds the bigram index on first use: most payments are identified without it."""
        if self._by_bigram is None:
            self._by_bigram = {}
            for customer_id, name in self.names.items():
                for pair in bigrams(name_without_legal_form(name)):
                    self._by_bigram.setdefault(pair, []).append(customer_id)
        return self._by_bigram

    def _find_similar(self, name: str) -> list[tuple[UUID, int]]:
        by_bigram = self._bigrams()
        lists = [by_bigram.get(pair, []) for pair in bigrams(name_without_legal_form(name))]
        near = {customer_id for each in lists if len(each) <= CUSTOMERS_PER_BIGRAM_MAX for customer_id in each}
        scored = [(customer_id, name_similarity_percent(name, self.names[customer_id])) for customer_id in near]
        found = [each for each in scored if each[1] >= SIMILARITY_MIN_PERCENT]
        return sorted(found, key=lambda each: (-each[1], each[0].bytes))[:SIMILAR_CUSTOMERS_MAX]


def _unique(items: Sequence[CandidateItem]) -> tuple[CandidateItem, ...]:
    return tuple({item.id: item for item in items}.values())
