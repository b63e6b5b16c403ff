"""What a run of late interest asks of its documents: when they fall due, and how small they may be.

Pure: the calendar is an argument.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from ar.ledger.rules.due_dates import IsWorkingDay, PaymentTerms, due_on
from kernel.errors import RuleBroken
from kernel.money import BadAmount, parse_amount


@dataclass(frozen=True, slots=True)
class DocumentTerms:
    """The terms of the documents of a run, dated `document_on`.

    `due_days` None: due by each customer's payment terms. `minimum`: the smallest document as typed, in each currency;
    empty: that of the terms of interest.
    """

    document_on: date
    due_days: int | None = None
    minimum: str = ""

    def minimum_minor(self, currency: str, agreed_minor: int | None) -> int:
        """Returns the smallest document in minor units. Raises RuleBroken(`interest_minimum_unreadable`)."""
        if not self.minimum:
            return agreed_minor or 0
        try:
            found = parse_amount(self.minimum, currency)
        except BadAmount:
            found = -1
        if found < 0:
            raise RuleBroken("interest_minimum_unreadable", amount=self.minimum)
        return found

    def due_on(self, terms: PaymentTerms, is_working_day: IsWorkingDay) -> date:
        """Returns when the document of a customer with these payment terms falls due."""
        if self.due_days is None:
            return due_on(terms, self.document_on, is_working_day)
        return self.document_on + timedelta(days=self.due_days)
