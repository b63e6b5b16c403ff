"""Recognises money that went back, and ranks what it may be the return of."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from ar.receipts.rules.mentions import find_mentioned_numbers, normalised, normalised_name

#: Words by which banks say in the text that a payment was sent back or an entry reversed.
_WORDS: Final = re.compile(
    r"退汇|退票|冲正|冲销|抹账|撤销|退回|汇款退回|代扣退回"
    r"|\b(?:RUECKLASTSCHRIFT|RÜCKLASTSCHRIFT|RUECKGABE|RÜCKGABE|RUECKUEBERWEISUNG|RÜCKÜBERWEISUNG|RETOURE|STORNO"
    r"|STORNIERUNG|RETURNED|RETURN OF|RETURN ITEM|UNPAID|REVERSAL|REVERSED|CHARGEBACK|BOUNCED|DISHONOU?RED"
    r"|R-TRANSACTION|REJECTED|REJECT)\b"
)
#: Those that say so of money in: a payment of ours came back.
_WORDS_OF_MONEY_IN: Final = re.compile(
    r"退汇|退票|汇款退回|付款退回"
    r"|\b(?:RUECKUEBERWEISUNG|RÜCKÜBERWEISUNG|RETURNED PAYMENT|PAYMENT RETURNED|RETURN OF PAYMENT)\b"
)
#: Where they stand beside these, the text speaks of goods or of tax sent back, not of a payment.
_NOT_WORDS: Final = re.compile(r"退货|退税|RETURN OF GOODS|GOODS RETURNED|RETOURE\w* WARE|TAX RETURN")
#: Evidence that a return belongs to an earlier payment, and its weight.
REASON_WEIGHTS: Final[dict[str, int]] = {"reference": 50, "document": 40, "account": 30, "name": 25, "amount": 20}


def says_returned(side: int, *texts: str) -> bool:
    """Tells that a bank's texts call a movement (`side` +1 money in, -1 money out) a return or a reversal."""
    text = normalised(" ".join(texts))
    words = _WORDS if side < 0 else _WORDS_OF_MONEY_IN
    return bool(words.search(text)) and not _NOT_WORDS.search(text)


@dataclass(frozen=True, slots=True)
class Sent:
    """A movement as far as a return is compared by it: amount in minor units, parties, texts.

    `documents`: keys (`mentions.number_key`) of the documents that a payment settled.
    """

    id: Hashable
    on: date
    amount_minor: int
    name: str = ""
    account: str = ""
    text: str = ""
    references: frozenset[str] = frozenset()
    documents: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ReturnCandidate:
    """An earlier payment that a return may belong to, with the reasons."""

    id: Hashable
    reasons: tuple[str, ...]

    @property
    def score(self) -> int:
        """Returns the rank among candidates."""
        return sum(REASON_WEIGHTS[reason] for reason in self.reasons)


def rank_candidates(returned: Sent, payments: Iterable[Sent]) -> list[ReturnCandidate]:
    """Returns the payments that the return may belong to, the likeliest first, of equal ones the latest.

    Only of the same amount or, where a charge was added to the return, of a smaller one that a reference names.
    """
    found: list[tuple[int, date, ReturnCandidate]] = []
    for payment in payments:
        if payment.on > returned.on or payment.amount_minor > returned.amount_minor:
            continue
        reasons = _reasons(returned, payment)
        if payment.amount_minor == returned.amount_minor:
            reasons.append("amount")
        elif "reference" not in reasons and "document" not in reasons:
            continue
        if reasons:
            candidate = ReturnCandidate(payment.id, tuple(reasons))
            found.append((candidate.score, payment.on, candidate))
    found.sort(key=lambda each: (each[0], each[1]), reverse=True)
    return [candidate for _score, _on, candidate in found]


def _reasons(returned: Sent, payment: Sent) -> list[str]:
    reasons = []
    if returned.references & payment.references:
        reasons.append("reference")
    if payment.documents and find_mentioned_numbers(returned.text, payment.documents, ()).mentions:
        reasons.append("document")
    if returned.account and returned.account == payment.account:
        reasons.append("account")
    name = normalised_name(payment.name)
    if name and (normalised_name(returned.name) == name or (len(name) >= 4 and name in normalised_name(returned.text))):
        reasons.append("name")
    return reasons
