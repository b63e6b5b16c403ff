"""Inputs of the commands on statements, for form, command line and portal alike.

Invariant: a period is a calendar month that has begun; the running month ends today.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from kernel.errors import RuleBroken
from kernel.i18n import mark
from kernel.inputs import CommandInput

Short = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
Month = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]

#: Reasons of a difference: the five sources of error of R129 and the usual ones of a confirmation letter.
REASONS: Final[dict[str, str]] = {
    "already_paid": mark("Already paid"),
    "in_transit": mark("Goods or payment in transit"),
    "unknown_document": mark("Document not in our books"),
    "goods_returned": mark("Goods transferred, returned or exchanged"),
    "quality": mark("Quality complaint"),
    "price": mark("Price differs"),
    "products_mixed": mark("Products or specifications mixed up"),
    "terms": mark("Credit terms differ by product or condition"),
    "lump_payment": mark("Paid as a lump sum, not document by document"),
    "netting": mark("Netted against rebates, damage or promotion costs"),
    "other": mark("Another reason"),
}
DIFFERENCES_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Period:
    """A month as a statement covers it; `label` is YYYY-MM."""

    label: str
    from_on: date
    to_on: date


def parse_period(label: str, today: date) -> Period:
    """Parses a month YYYY-MM; the running one ends today.

    Raises RuleBroken(`statement_period_bad`, `statement_period_future`).
    """
    try:
        year, month = (int(part) for part in label.strip().split("-")) if len(label.strip()) == 7 else (0, 0)
        from_on = date(year, month, 1)
    except ValueError:
        raise RuleBroken("statement_period_bad", period=label) from None
    if from_on > today:
        raise RuleBroken("statement_period_future", period=label)
    return Period(label.strip(), from_on, min(date(year, month, monthrange(year, month)[1]), today))


class IssueStatement(CommandInput):
    """Freeze, print and (unless `send` is off) mail one customer's statement in one currency."""

    customer_id: UUID
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    period_from: date
    period_to: date
    send: bool = True
    #: Supersede also a statement of the same period that the debtor has answered.
    despite_answer: bool = False
    #: State late interest beside the principal. It may fix the claim at that sum (art. 18), so it is off by default.
    state_interest: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> IssueStatement:
        if self.period_from > self.period_to:
            raise ValueError(mark("The period ends before it begins."))
        return self


class IssueRequest(CommandInput):
    """Issue one customer's statements of a month, every currency; the customer is given by number."""

    customer_no: Short
    period: Month
    despite_answer: bool = False
    state_interest: bool = False


class IssueMonth(CommandInput):
    """Issue the statements of every customer with business or a balance in the month.

    Nothing is issued before `confirmed`.
    """

    month: Month
    confirmed: bool = False


class ResolveDelivery(CommandInput):
    """Record the delivery outcome of a statement's mail in doubt."""

    outcome: Literal["arrived", "not_arrived"]


class DifferenceRow(CommandInput):
    """One document on which the debtor's books differ. `their_minor` is minor units, None when not in their books.

    `line_id` names the statement's line: a number alone may belong to documents of several kinds.
    """

    document_no: Short
    line_id: UUID | None = None
    their_minor: int | None = None
    reason: Literal[
        "already_paid",
        "in_transit",
        "unknown_document",
        "goods_returned",
        "quality",
        "price",
        "products_mixed",
        "terms",
        "lump_payment",
        "netting",
        "other",
    ]
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""


class AnswerStatement(CommandInput):
    """Record a debtor's signed answer (A26): outcome, signer, their authority, and the code that was entered."""

    outcome: Literal["agrees", "differs"]
    signer_name: Short
    signer_title: Short
    authority: Literal[True]
    code_id: UUID
    differences: tuple[DifferenceRow, ...] = Field(default=(), max_length=DIFFERENCES_MAX)
    remote_address: str = ""
    user_agent: Annotated[str, StringConstraints(max_length=400)] = ""
    language: str = "zh_CN"

    @model_validator(mode="after")
    def _differences_belong(self) -> AnswerStatement:
        if (self.outcome == "differs") != bool(self.differences):
            raise ValueError(mark("List at least one difference, or agree."))
        return self
