"""Which terms a debt has: the customer's own before the company's, those of its currency before those of any.

Pure: standard library and this slice's rules. Invariant: what held on the day of default holds for the debt; terms
recorded for a later day never reach back to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from ar.interest.rules.accrual import Terms
from ar.interest.rules.presets import lpr_factor

STANDARD: Final = "standard"
#: Where nothing was ever recorded: the law of a debt in this currency, by art. 18 of the judicial interpretation.
LEGAL_CURRENCY: Final = "CNY"


@dataclass(frozen=True, slots=True)
class TermsRow:
    """Recorded terms. `customer_id` None: the company's; `currency` None: of any currency without its own."""

    customer_id: UUID | None
    currency: str | None
    from_on: date
    terms: Terms


class TermsBook:
    """The recorded terms in the order of recording, asked by customer, currency and day."""

    def __init__(self, rows: Iterable[TermsRow]) -> None:
        self._rows: dict[tuple[UUID | None, str | None], list[TermsRow]] = {}
        for row in rows:
            self._rows.setdefault((row.customer_id, row.currency), []).append(row)

    def of(self, customer_id: UUID, currency: str, on: date) -> Terms:
        """The terms of a debt in default on `on`."""
        for owner in (customer_id, None):
            for code in (currency, None):
                row = self._newest(owner, code, on)
                if row is not None and row.terms.kind != STANDARD:
                    return row.terms
                if row is not None:
                    break  # the customer's row says: as the company's
        return legal(currency)

    def _newest(self, owner: UUID | None, currency: str | None, on: date) -> TermsRow | None:
        rows = [row for row in self._rows.get((owner, currency), ()) if row.from_on <= on]
        # The last of the latest day: of two for one day the one recorded later holds.
        return max(enumerate(rows), key=lambda each: (each[1].from_on, each[0]))[1] if rows else None


def legal(currency: str) -> Terms:
    """What the law gives where neither contract nor company says anything: the LPR for CNY, else nothing."""
    if currency == LEGAL_CURRENCY:
        return Terms("lpr", factor=lpr_factor())
    return Terms("none")
