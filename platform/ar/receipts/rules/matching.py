"""Decides which open items a payment pays: sure, likely with reasons, or to be matched by hand.

Invariants: "sure" requires exactly one explanation and no objection; never across currencies or customers; the same
payment and index give the same decision.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal
from uuid import UUID

from ar.receipts.rules.allocation_order import Debt, allocate_in_legal_order
from ar.receipts.rules.candidates import CandidateIndex, CandidateItem, MentionedDocuments
from ar.receipts.rules.subset_sums import ITEMS_MAX, find_subset_sums
from kernel.money import exponent

Tier = Literal["sure", "likely", "hand"]
PROPOSALS_MAX: Final = 6
SAME_AMOUNT_MAX: Final = 5
#: Weight of each reason when proposals are ranked; weights never make a proposal sure.
REASON_WEIGHTS: Final[dict[str, int]] = {
    "designation": 90,
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
OBJECTION_WEIGHT: Final = 30


@dataclass(frozen=True, slots=True)
class Payment:
    """An incoming payment. `text`: remittance and references; `refused`: items a person has unmatched from it.

    `split`: the payer's own division of it, document number → minor units; below zero a credit note that is set off.
    """

    id: UUID
    booked_on: date
    currency: str
    amount_minor: int
    text: str
    payer_name: str = ""
    payer_account: str = ""
    refused: frozenset[UUID] = frozenset()
    split: tuple[tuple[str, int], ...] = ()

    @property
    def amount_digits(self) -> frozenset[str]:
        """Returns the amount as the digits that a text may write: in whole units where it is whole, and in full."""
        units, rest = divmod(self.amount_minor, 10 ** exponent(self.currency))
        return frozenset({str(self.amount_minor), *(() if rest else (str(units),))})


@dataclass(frozen=True, slots=True)
class Proposal:
    """One explanation of a payment: the customer and the parts (item, minor units). The rest stays unapplied."""

    customer_id: UUID
    parts: tuple[tuple[UUID, int], ...]
    reasons: tuple[str, ...]
    against: tuple[str, ...] = ()

    @property
    def score(self) -> int:
        """Returns the rank among proposals; not a measure of certainty."""
        return sum(REASON_WEIGHTS[reason] for reason in self.reasons) - OBJECTION_WEIGHT * len(self.against)


@dataclass(frozen=True, slots=True)
class Decision:
    """The result for one payment. With `tier` sure the first proposal may be posted without review."""

    tier: Tier
    proposals: tuple[Proposal, ...] = ()
    against: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _PayerEvidence:
    """Customers indicated by the payer's account and name, each with the reasons."""

    reasons: dict[UUID, list[str]]
    by_account: frozenset[UUID]
    by_name: frozenset[UUID]
    in_text: frozenset[UUID]
    certain: UUID | None


def decide(payment: Payment, index: CandidateIndex, today: date) -> Decision:
    """Decides one payment against the open items.

    Sure: either every mentioned document is open, of one customer, in the payment's currency, and the amount is
    exactly theirs; or no document is mentioned, account or name identify the payer with certainty, and exactly one
    set of that customer's open items has this sum. And there is no objection: an account or name of another customer,
    a document already paid or not in the books, another currency, an item a person has unmatched from this payment.
    A payer's own split goes before all of this (Civil Code 560): it is sure where it pays documents in full, and else
    the first proposal.
    """
    mentioned = index.mentioned_documents(payment.text, payment.amount_digits)
    evidence = _payer_evidence(payment, index)
    by_split = _by_split(payment, index)
    found = [
        *([by_split.proposal] if by_split else []),
        *_proposals_by_mention(payment, index, mentioned),
        *_proposals_by_payer(payment, index, evidence, today),
        *_proposals_by_amount(payment, index),
    ]
    proposals = _merge_proposals(found, payment, index, mentioned, evidence)
    sure = _sure_proposal(payment, index, mentioned, evidence, by_split)
    if sure is None:
        return Decision(
            "likely" if proposals else "hand", proposals[:PROPOSALS_MAX], _general_objections(payment, mentioned)
        )
    reasons = next((each.reasons for each in proposals if set(each.parts) == set(sure.parts)), sure.reasons)
    first = Proposal(sure.customer_id, sure.parts, reasons)
    others = tuple(each for each in proposals if set(each.parts) != set(sure.parts))
    return Decision("sure", (first, *others)[:PROPOSALS_MAX])


def decide_all(payments: Iterable[Payment], index: CandidateIndex, today: date) -> list[Decision]:
    """Decides payments in order; what a sure decision pays is no longer open for those that follow."""
    decisions = []
    for payment in payments:
        decision = decide(payment, index, today)
        if decision.tier == "sure":
            index.reserve(decision.proposals[0].parts)
        decisions.append(decision)
    return decisions


def customers_indicated(payment: Payment, index: CandidateIndex) -> set[UUID]:
    """Returns the customers that the payer's account or name indicates."""
    return set(_payer_evidence(payment, index).reasons)


def _payer_evidence(payment: Payment, index: CandidateIndex) -> _PayerEvidence:
    accounts = index.customers_by_account(payment.payer_account)
    same = index.customers_by_name(payment.payer_name)
    texts = index.customers_named_in(payment.text)
    reasons: dict[UUID, list[str]] = {}
    for customer_id, confirmed in accounts.items():
        reasons.setdefault(customer_id, []).append("account_confirmed" if confirmed else "account_seen")
    for customer_id in same:
        reasons.setdefault(customer_id, []).append("name_same")
    for customer_id in texts:
        reasons.setdefault(customer_id, []).append("name_in_text")
    if not reasons and payment.payer_name:
        for customer_id, _percent in index.similar_customers(payment.payer_name):
            reasons.setdefault(customer_id, []).append("name_alike")
    confirmed_ids = {customer_id for customer_id, confirmed in accounts.items() if confirmed}
    certain_ids = confirmed_ids | same
    certain = next(iter(certain_ids)) if len(certain_ids) == 1 else None
    return _PayerEvidence(reasons, frozenset(accounts), frozenset(same), frozenset(texts), certain)


def _objections(
    payment: Payment,
    mentioned: MentionedDocuments,
    evidence: _PayerEvidence,
    customer_id: UUID,
    parts: Iterable[tuple[UUID, int]],
) -> list[str]:
    """Returns the objections to this customer and these items, as codes."""
    general = _general_objections(payment, mentioned)
    checks = (
        ("other_account", evidence.by_account and customer_id not in evidence.by_account),
        ("other_name", evidence.by_name and customer_id not in evidence.by_name),
        ("other_name_in_text", evidence.in_text - {customer_id}),
        ("other_document", mentioned.customers - {customer_id}),
        ("refused", any(item_id in payment.refused for item_id, _minor in parts)),
    )
    return [*general, *(code for code, holds in checks if holds)]


def _general_objections(payment: Payment, mentioned: MentionedDocuments) -> tuple[str, ...]:
    """Returns the objections to matching this payment automatically at all, as codes."""
    checks = (
        ("settled_document", mentioned.settled),
        ("unknown_document", mentioned.unknown),
        ("other_currency", any(item.currency != payment.currency for item in (*mentioned.strong, *mentioned.weak))),
        ("refused_before", bool(payment.refused)),
    )
    return tuple(code for code, holds in checks if holds)


def _sure_proposal(
    payment: Payment,
    index: CandidateIndex,
    mentioned: MentionedDocuments,
    evidence: _PayerEvidence,
    by_split: _Designated | None,
) -> Proposal | None:
    if payment.split:
        sure = by_split.proposal if by_split and by_split.is_whole else None
    elif mentioned.any_document:
        sure = _sure_by_mention(payment, index, mentioned)
    else:
        sure = _sure_by_sum(payment, index, evidence)
    if sure is None or _objections(payment, mentioned, evidence, sure.customer_id, sure.parts):
        return None
    return sure


@dataclass(frozen=True, slots=True)
class _Designated:
    """The payer's own split as a proposal; `is_whole`: it uses the whole payment and pays every document in full."""

    proposal: Proposal
    is_whole: bool


def _by_split(payment: Payment, index: CandidateIndex) -> _Designated | None:
    """Proposes the payer's own split; None where none of its documents is open or they are several customers'.

    A credit note that is set off pays nothing itself: its amount is left open on the documents named last, for a person
    to apply the note to.
    """
    wanted = [(index.items_numbered(number, payment.currency), minor) for number, minor in payment.split if minor > 0]
    customers = {item.customer_id for items, _minor in wanted for item in items}
    if len(customers) != 1:
        return None
    parts: dict[UUID, int] = {}
    for items, minor in wanted:
        rest = minor
        for item in items:
            share = min(rest, index.open[item.id] - parts.get(item.id, 0))
            if share > 0:
                parts[item.id] = parts.get(item.id, 0) + share
                rest -= share
    beyond = sum(parts.values()) - payment.amount_minor
    for item_id in reversed(list(parts)):
        taken = min(max(beyond, 0), parts[item_id])
        parts[item_id] -= taken
        beyond -= taken
    paid = tuple((item_id, minor) for item_id, minor in parts.items() if minor > 0)
    is_whole = (
        sum(minor for _id, minor in paid) == payment.amount_minor == sum(minor for _number, minor in payment.split)
        and all(minor > 0 for _number, minor in payment.split)
        and all(minor == index.open[item_id] for item_id, minor in paid)
    )
    return _Designated(Proposal(customers.pop(), paid, ("designation",)), is_whole) if paid else None


def _sure_by_mention(payment: Payment, index: CandidateIndex, mentioned: MentionedDocuments) -> Proposal | None:
    """Proposes all mentioned items in full, or the one instalment with this amount; None if any mention is weak."""
    customers = {item.customer_id for item in mentioned.strong}
    if len(customers) != 1 or set(mentioned.weak) - set(mentioned.strong):
        return None
    opens = [(item.id, index.open[item.id]) for item in mentioned.strong]
    if sum(minor for _id, minor in opens) == payment.amount_minor:
        return Proposal(customers.pop(), tuple(opens), ("reference", "amount"))
    if len({(item.kind, item.document_no) for item in mentioned.strong}) == 1:
        fitting = [part for part in opens if part[1] == payment.amount_minor]
        if len(fitting) == 1:
            return Proposal(customers.pop(), (fitting[0],), ("reference", "amount"))
    return None


def _sure_by_sum(payment: Payment, index: CandidateIndex, evidence: _PayerEvidence) -> Proposal | None:
    """Proposes the only set of the payer's items with this sum; the payer is certain and every set was examined."""
    if evidence.certain is None:
        return None
    items = [
        item
        for item in index.items_of(evidence.certain, payment.currency)
        if index.open[item.id] <= payment.amount_minor
    ]
    if len(items) > ITEMS_MAX:
        return None
    sets = find_subset_sums([index.open[item.id] for item in items], payment.amount_minor, limit=2)
    if len(sets) != 1:
        return None
    parts = _whole_items(index, [items[place] for place in sets[0]])
    return Proposal(evidence.certain, parts, ("amount" if len(parts) == 1 else "set_sum",))


def _proposals_by_mention(payment: Payment, index: CandidateIndex, mentioned: MentionedDocuments) -> list[Proposal]:
    """Proposes per customer the mentioned items in text order, each in full until the money is used up."""
    found = []
    strong_ids = {item.id for item in mentioned.strong}
    both = [item for item in (*mentioned.strong, *mentioned.weak) if item.currency == payment.currency]
    for customer_id in dict.fromkeys(item.customer_id for item in both):
        items = list({item.id: item for item in both if item.customer_id == customer_id}.values())
        reasons = ["reference" if any(item.id in strong_ids for item in items) else "reference_weak"]
        total, rest, parts = sum(index.open[item.id] for item in items), payment.amount_minor, []
        for item in items:
            minor = min(rest, index.open[item.id])
            if minor:
                parts.append((item.id, minor))
            rest -= minor
        exact = "amount" if total == payment.amount_minor else "part_payment" if rest == 0 else "overpaid"
        found.append(Proposal(customer_id, tuple(parts), (*reasons, exact)))
        fitting = [item for item in items if index.open[item.id] == payment.amount_minor]
        if len(items) > 1:
            found += [Proposal(customer_id, _whole_items(index, [item]), (*reasons, "amount")) for item in fitting]
    return found


def _proposals_by_payer(
    payment: Payment, index: CandidateIndex, evidence: _PayerEvidence, today: date
) -> list[Proposal]:
    """Proposes for each indicated customer the sets with this sum, else an allocation in the legal order."""
    found = []
    for customer_id, reasons in evidence.reasons.items():
        items = index.items_of(customer_id, payment.currency)
        small = [item for item in items if index.open[item.id] <= payment.amount_minor]
        sets = find_subset_sums([index.open[item.id] for item in small], payment.amount_minor, limit=3)
        for places in sets:
            why = "amount" if len(places) == 1 else "set_sum"
            found.append(Proposal(customer_id, _whole_items(index, [small[at] for at in places]), (*reasons, why)))
        single = next((item for item in items if index.open[item.id] == payment.amount_minor), None)
        if single is not None and not sets:
            found.append(Proposal(customer_id, _whole_items(index, [single]), (*reasons, "amount")))
        elif not sets:
            debts = [Debt(item.id, item.due_on, index.open[item.id]) for item in items]
            shares = allocate_in_legal_order(payment.amount_minor, debts, today)
            parts = tuple((share.id, share.amount_minor) for share in shares)
            found.append(Proposal(customer_id, parts, (*reasons, "order")))
    return found


def _proposals_by_amount(payment: Payment, index: CandidateIndex) -> list[Proposal]:
    """Proposes items of any customer with exactly this amount, as a hint only."""
    items = index.items_with_amount(payment.currency, payment.amount_minor)[:SAME_AMOUNT_MAX]
    return [Proposal(item.customer_id, _whole_items(index, [item]), ("amount",)) for item in items]


def _merge_proposals(
    found: Sequence[Proposal],
    payment: Payment,
    index: CandidateIndex,
    mentioned: MentionedDocuments,
    evidence: _PayerEvidence,
) -> tuple[Proposal, ...]:
    """Merges proposals with the same parts, with all reasons and objections, the best first."""
    reasons: dict[tuple[UUID, frozenset[tuple[UUID, int]]], list[str]] = {}
    parts: dict[tuple[UUID, frozenset[tuple[UUID, int]]], tuple[tuple[UUID, int], ...]] = {}
    for each in found:
        key = (each.customer_id, frozenset(each.parts))
        parts.setdefault(key, each.parts)
        own = evidence.reasons.get(each.customer_id, [])
        reasons.setdefault(key, []).extend(why for why in (*each.reasons, *own) if why not in reasons.get(key, []))
    proposals = [
        Proposal(
            key[0],
            parts[key],
            tuple(sorted(dict.fromkeys(why), key=lambda code: -REASON_WEIGHTS[code])),
            tuple(_objections(payment, mentioned, evidence, key[0], parts[key])),
        )
        for key, why in reasons.items()
    ]
    # The payer's own split first, whatever speaks for the others.
    return tuple(
        sorted(
            proposals,
            key=lambda each: (
                "designation" not in each.reasons,
                -each.score,
                len(each.parts),
                _tie_break(index, each),
            ),
        )
    )


def _tie_break(index: CandidateIndex, proposal: Proposal) -> tuple[str, bytes, list[int]]:
    """Orders proposals of equal score: by the customer's name, then the oldest items first."""
    places = [index.rank[item_id] for item_id, _minor in proposal.parts]
    return index.names.get(proposal.customer_id, ""), proposal.customer_id.bytes, places


def _whole_items(index: CandidateIndex, items: Sequence[CandidateItem]) -> tuple[tuple[UUID, int], ...]:
    return tuple((item.id, index.open[item.id]) for item in items)
