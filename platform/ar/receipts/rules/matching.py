"""Which documents a payment is for: sure, likely with reasons, or for a person to find; pure.

Imports this slice's pure modules and the standard library only. Invariants: "sure" needs one explanation and nothing
against it; never across currencies or customers; the same line and books give the same decision.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal
from uuid import UUID

from ar.receipts.rules.allocation_order import Debt, in_order
from ar.receipts.rules.candidates import Books, Item, Named
from ar.receipts.rules.subset_sums import ITEMS_MAX, sets_that_sum

Tier = Literal["sure", "likely", "hand"]
PROPOSALS_MAX: Final = 6
OF_AMOUNT_MAX: Final = 5
#: How much a reason counts for when proposals are put in order; they never make one sure.
WEIGHTS: Final[dict[str, int]] = {
    "reference": 60,
    "account_confirmed": 40,
    "name_same": 35,
    "amount": 30,
    "account_seen": 25,
    "set_sum": 20,
    "reference_weak": 20,
    "name_in_text": 20,
    "name_alike": 10,
    "part_payment": 5,
    "overpaid": 5,
    "order": 0,
}
AGAINST: Final = 30


@dataclass(frozen=True, slots=True)
class Line:
    """Money that came in. `text`: everything the bank passed on; `refused`: items a person took off this line."""

    id: UUID
    booked_on: date
    currency: str
    amount_minor: int
    text: str
    payer_name: str = ""
    payer_account: str = ""
    refused: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Proposal:
    """One explanation: this customer, these items with so much each. What is not in `parts` stays unapplied."""

    customer_id: UUID
    parts: tuple[tuple[UUID, int], ...]
    reasons: tuple[str, ...]
    against: tuple[str, ...] = ()

    @property
    def score(self) -> int:
        """For the order among proposals only."""
        return sum(WEIGHTS[reason] for reason in self.reasons) - AGAINST * len(self.against)


@dataclass(frozen=True, slots=True)
class Decision:
    """What is known of a line. With `tier` sure the first proposal may be posted without a person."""

    tier: Tier
    proposals: tuple[Proposal, ...] = ()
    against: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Who:
    """Whom the payer's account and name speak for, each with the reasons."""

    reasons: dict[UUID, list[str]]
    by_account: frozenset[UUID]
    by_name: frozenset[UUID]
    in_text: frozenset[UUID]
    certain: UUID | None


def decide(line: Line, books: Books, today: date) -> Decision:
    """The decision of one line against the books as they stand.

    Sure: either every document that is named is open, of one customer, in the line's currency, and the amount is
    exactly theirs; or nothing is named, account or name say certainly who paid, and exactly one set of that
    customer's open items has this sum. And nothing speaks against it: an account or a name of another customer, a
    document that is paid already or not in the books, another currency, something a person has taken off this line.
    """
    named, who = books.named(line.text), _who(line, books)
    found = [
        *_of_named(line, books, named),
        *_of_customers(line, books, who, today),
        *_of_amount(line, books),
    ]
    proposals = _merged(found, line, books, named, who)
    sure = _sure(line, books, named, who)
    if sure is None:
        return Decision("likely" if proposals else "hand", proposals[:PROPOSALS_MAX], _general(line, named))
    reasons = next((each.reasons for each in proposals if set(each.parts) == set(sure.parts)), sure.reasons)
    first = Proposal(sure.customer_id, sure.parts, reasons)
    others = tuple(each for each in proposals if set(each.parts) != set(sure.parts))
    return Decision("sure", (first, *others)[:PROPOSALS_MAX])


def decide_all(lines: Iterable[Line], books: Books, today: date) -> list[Decision]:
    """The decisions in order; what a sure one takes is gone for the lines after it."""
    decisions = []
    for line in lines:
        decision = decide(line, books, today)
        if decision.tier == "sure":
            books.take(decision.proposals[0].parts)
        decisions.append(decision)
    return decisions


def spoken_for(line: Line, books: Books) -> set[UUID]:
    """The customers for whom the payer's account or name speaks at all."""
    return set(_who(line, books).reasons)


def _who(line: Line, books: Books) -> _Who:
    accounts = books.by_account(line.payer_account)
    same = books.by_name(line.payer_name)
    texts = books.in_text(line.text)
    reasons: dict[UUID, list[str]] = {}
    for customer_id, confirmed in accounts.items():
        reasons.setdefault(customer_id, []).append("account_confirmed" if confirmed else "account_seen")
    for customer_id in same:
        reasons.setdefault(customer_id, []).append("name_same")
    for customer_id in texts:
        reasons.setdefault(customer_id, []).append("name_in_text")
    if not reasons and line.payer_name:
        for customer_id, _percent in books.alike(line.payer_name):
            reasons.setdefault(customer_id, []).append("name_alike")
    confirmed_ids = {customer_id for customer_id, confirmed in accounts.items() if confirmed}
    certain_ids = confirmed_ids | same
    certain = next(iter(certain_ids)) if len(certain_ids) == 1 else None
    return _Who(reasons, frozenset(accounts), frozenset(same), frozenset(texts), certain)


def _against(line: Line, named: Named, who: _Who, customer_id: UUID, parts: Iterable[tuple[UUID, int]]) -> list[str]:
    """What speaks against this customer and these items, as codes."""
    told = _general(line, named)
    checks = (
        ("other_account", who.by_account and customer_id not in who.by_account),
        ("other_name", who.by_name and customer_id not in who.by_name),
        ("other_name_in_text", who.in_text - {customer_id}),
        ("other_document", named.customers - {customer_id}),
        ("refused", any(item_id in line.refused for item_id, _minor in parts)),
    )
    return [*told, *(code for code, holds in checks if holds)]


def _general(line: Line, named: Named) -> tuple[str, ...]:
    """What speaks against any automatic answer to this line."""
    checks = (
        ("settled_document", named.settled),
        ("unknown_document", named.unknown),
        ("other_currency", any(item.currency != line.currency for item in (*named.strong, *named.weak))),
        ("refused_before", bool(line.refused)),
    )
    return tuple(code for code, holds in checks if holds)


def _sure(line: Line, books: Books, named: Named, who: _Who) -> Proposal | None:
    sure = _sure_by_name(line, books, named) if named.anything else _sure_by_sum(line, books, who)
    if sure is None or _against(line, named, who, sure.customer_id, sure.parts):
        return None
    return sure


def _sure_by_name(line: Line, books: Books, named: Named) -> Proposal | None:
    """The whole of everything that is named, or the one instalment that fits; nothing else may be hinted at."""
    customers = {item.customer_id for item in named.strong}
    if len(customers) != 1 or set(named.weak) - set(named.strong):
        return None
    opens = [(item.id, books.open[item.id]) for item in named.strong]
    if sum(minor for _id, minor in opens) == line.amount_minor:
        return Proposal(customers.pop(), tuple(opens), ("reference", "amount"))
    if len({(item.kind, item.document_no) for item in named.strong}) == 1:
        fitting = [part for part in opens if part[1] == line.amount_minor]
        if len(fitting) == 1:
            return Proposal(customers.pop(), (fitting[0],), ("reference", "amount"))
    return None


def _sure_by_sum(line: Line, books: Books, who: _Who) -> Proposal | None:
    """The only set of the payer's items with this sum, when the payer is certain and all sets could be tried."""
    if who.certain is None:
        return None
    items = [item for item in books.items_of(who.certain, line.currency) if books.open[item.id] <= line.amount_minor]
    if len(items) > ITEMS_MAX:
        return None
    sets = sets_that_sum([books.open[item.id] for item in items], line.amount_minor, limit=2)
    if len(sets) != 1:
        return None
    parts = _parts(books, [items[place] for place in sets[0]])
    return Proposal(who.certain, parts, ("amount" if len(parts) == 1 else "set_sum",))


def _of_named(line: Line, books: Books, named: Named) -> list[Proposal]:
    """Per customer the named items, each whole in the order they stand until the money ends."""
    found = []
    strong_ids = {item.id for item in named.strong}
    both = [item for item in (*named.strong, *named.weak) if item.currency == line.currency]
    for customer_id in dict.fromkeys(item.customer_id for item in both):
        items = list({item.id: item for item in both if item.customer_id == customer_id}.values())
        reasons = ["reference" if any(item.id in strong_ids for item in items) else "reference_weak"]
        total, rest, parts = sum(books.open[item.id] for item in items), line.amount_minor, []
        for item in items:
            minor = min(rest, books.open[item.id])
            if minor:
                parts.append((item.id, minor))
            rest -= minor
        exact = "amount" if total == line.amount_minor else "part_payment" if rest == 0 else "overpaid"
        found.append(Proposal(customer_id, tuple(parts), (*reasons, exact)))
        fitting = [item for item in items if books.open[item.id] == line.amount_minor]
        if len(items) > 1:
            found += [Proposal(customer_id, _parts(books, [item]), (*reasons, "amount")) for item in fitting]
    return found


def _of_customers(line: Line, books: Books, who: _Who, today: date) -> list[Proposal]:
    """For each customer whom account or name speak for: the sets that fit, else what the law's order would pay."""
    found = []
    for customer_id, reasons in who.reasons.items():
        items = books.items_of(customer_id, line.currency)
        small = [item for item in items if books.open[item.id] <= line.amount_minor]
        sets = sets_that_sum([books.open[item.id] for item in small], line.amount_minor, limit=3)
        for places in sets:
            why = "amount" if len(places) == 1 else "set_sum"
            found.append(Proposal(customer_id, _parts(books, [small[at] for at in places]), (*reasons, why)))
        single = next((item for item in items if books.open[item.id] == line.amount_minor), None)
        if single is not None and not sets:
            found.append(Proposal(customer_id, _parts(books, [single]), (*reasons, "amount")))
        elif not sets:
            debts = [Debt(item.id, item.due_on, books.open[item.id]) for item in items]
            shares = in_order(line.amount_minor, debts, today)
            parts = tuple((share.id, share.amount_minor) for share in shares)
            found.append(Proposal(customer_id, parts, (*reasons, "order")))
    return found


def _of_amount(line: Line, books: Books) -> list[Proposal]:
    """Items of anybody with exactly this amount; a hint and no more."""
    items = books.of_amount(line.currency, line.amount_minor)[:OF_AMOUNT_MAX]
    return [Proposal(item.customer_id, _parts(books, [item]), ("amount",)) for item in items]


def _merged(found: Sequence[Proposal], line: Line, books: Books, named: Named, who: _Who) -> tuple[Proposal, ...]:
    """One proposal per set of parts with all its reasons and what speaks against it, the best first."""
    reasons: dict[tuple[UUID, frozenset[tuple[UUID, int]]], list[str]] = {}
    parts: dict[tuple[UUID, frozenset[tuple[UUID, int]]], tuple[tuple[UUID, int], ...]] = {}
    for each in found:
        key = (each.customer_id, frozenset(each.parts))
        parts.setdefault(key, each.parts)
        own = who.reasons.get(each.customer_id, [])
        reasons.setdefault(key, []).extend(why for why in (*each.reasons, *own) if why not in reasons.get(key, []))
    made = [
        Proposal(
            key[0],
            parts[key],
            tuple(sorted(dict.fromkeys(why), key=lambda code: -WEIGHTS[code])),
            tuple(_against(line, named, who, key[0], parts[key])),
        )
        for key, why in reasons.items()
    ]
    return tuple(sorted(made, key=lambda each: (-each.score, len(each.parts), _place(books, each))))


def _place(books: Books, proposal: Proposal) -> tuple[str, bytes, list[int]]:
    """Where equals stand: by the customer's name, then the oldest items first."""
    places = [books.place[item_id] for item_id, _minor in proposal.parts]
    return books.names.get(proposal.customer_id, ""), proposal.customer_id.bytes, places


def _parts(books: Books, items: Sequence[Item]) -> tuple[tuple[UUID, int], ...]:
    return tuple((item.id, books.open[item.id]) for item in items)
