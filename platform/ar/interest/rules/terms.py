"""Looks up the terms in force for a debt: the customer's before the company's, its currency's before any.

Invariant: the terms in force on the day of default apply to the debt; later terms have no retroactive effect.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from ar.interest.rules.accrual import AccrualTerms
from ar.interest.rules.presets import lpr_factor

STANDARD: Final = "standard"
#: Without recorded terms, statutory interest on debts in this currency (art. 18 of the judicial interpretation).
LEGAL_CURRENCY: Final = "CNY"


@dataclass(frozen=True, slots=True)
class TermsRow:
    """Recorded terms. `customer_id` None: the company's; `currency` None: any currency without its own."""

    customer_id: UUID | None
    currency: str | None
    from_on: date
    terms: AccrualTerms


class TermsBook:
    """Recorded terms, looked up by customer, currency and day."""

    def __init__(self, rows: Iterable[TermsRow]) -> None:
        self._rows: dict[tuple[UUID | None, str | None], list[TermsRow]] = {}
        for row in rows:
            self._rows.setdefault((row.customer_id, row.currency), []).append(row)

    def in_force(self, customer_id: UUID, currency: str, on: date) -> AccrualTerms:
        """Returns the terms of a debt in default on `on`."""
        for owner in (customer_id, None):
            for code in (currency, None):
                row = self._latest(owner, code, on)
                if row is not None and row.terms.kind != STANDARD:
                    return row.terms
                if row is not None:
                    break  # standard: the company's terms apply
        return statutory_terms(currency)

    def _latest(self, owner: UUID | None, currency: str | None, on: date) -> TermsRow | None:
        rows = [row for row in self._rows.get((owner, currency), ()) if row.from_on <= on]
        # The latest day; of several for one day the last recorded.
        return max(enumerate(rows), key=lambda each: (each[1].from_on, each[0]))[1] if rows else None


def statutory_terms(currency: str) -> AccrualTerms:
    """Returns the statutory terms without any recorded ones: a multiple of the LPR for CNY, else no interest."""
    if currency == LEGAL_CURRENCY:
        return AccrualTerms("lpr", factor=lpr_factor())
    return AccrualTerms("none")
