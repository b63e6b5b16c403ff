"""Inputs of the commands of bills: receiving one, and each kind of step.

Invariant: shape is checked here, rules in the commands. `on` is the legally relevant date; `booked_on` the posting
date where `on` lies in a locked period (None: the same).
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from ar.bills.rules import State, StepKind
from kernel.inputs import CommandInput, Key

RequiredText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Party = Annotated[str, StringConstraints(strip_whitespace=True, max_length=120)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]
_PERCENT: Final = re.compile(r"(\d{1,2})(?:[.．](\d{1,4}))?\s*[%％]?")


def parse_annual_rate(text: str) -> int | None:
    """Parses a typed yearly rate ("1.8", "1.8 %") into millionths; None when it is not a positive rate."""
    found = _PERCENT.fullmatch(text.strip())
    if found is None:
        return None
    ppm = int(found[1]) * 10_000 + int((found[2] or "").ljust(4, "0"))
    return ppm or None


class ReceiveBill(CommandInput):
    """A bill received from a customer. Maturity as a date or as a tenor in months or days; both must agree.

    `amount_words`: the amount in capitals, compared with the figures when given (票据法 art. 8).
    `pays`: the documents it is allocated to: the chosen ones, the oldest due first, or none.
    """

    customer_no: RequiredText
    number: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
    kind: Literal["bank", "finance_company", "commercial"]
    drawer: RequiredText
    acceptor: RequiredText
    payee: RequiredText
    issued_on: date
    matures_on: date | None = None
    tenor_months: int | None = Field(default=None, ge=1, le=120)
    tenor_days: int | None = Field(default=None, ge=1, le=3660)
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    amount: str = Field(min_length=1, max_length=40)
    amount_words: str = Field(default="", max_length=120)
    not_transferable: bool = False
    received_on: date
    booked_on: date | None = None
    pays: Literal["oldest", "chosen", "none"] = "oldest"
    item_ids: tuple[UUID, ...] = Field(default=(), max_length=500)
    long_tenor_known: bool = False
    note: Note = ""
    key: Key


class BillStep(CommandInput):
    """A step of a bill; `seen` is the state that its form showed."""

    on: date
    booked_on: date | None = None
    seen: State
    note: Note = ""
    key: Key


class Transfer(BillStep):
    """Pledge or endorse the bill to `counterparty`."""

    counterparty: RequiredText


class Discount(BillStep):
    """Discount the bill with the bank `counterparty` at `rate` per cent a year, with or without recourse.

    `adjust_days`: days the bank adds. `proceeds`: the amount it paid, to be compared with the formula; "": none.
    """

    counterparty: RequiredText
    rate: str = Field(min_length=1, max_length=12)
    adjust_days: int = Field(default=0, ge=0, le=60)
    recourse: Literal["with", "without"]
    proceeds: str = Field(default="", max_length=40)


class Dishonour(BillStep):
    """Record the dishonour: `proof` is the document that proves it (票据法 art. 62), `on` the day it was learned."""

    proof: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class ReverseStep(BillStep):
    """Reverse the last step or cancel the bill, with a reason."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


#: URL part → input of its form.
FORMS: Final[dict[str, type[BillStep]]] = {
    "pledge": Transfer,
    "return": BillStep,
    "endorsement": Transfer,
    "discount": Discount,
    "presentation": BillStep,
    "payment": BillStep,
    "dishonour": Dishonour,
    "notice": BillStep,
    "undoing": ReverseStep,
    "cancellation": ReverseStep,
}
#: URL part → step; the step of a discount also depends on its recourse.
STEPS: Final[dict[str, StepKind]] = {
    "pledge": StepKind.PLEDGE,
    "return": StepKind.RETURN,
    "endorsement": StepKind.ENDORSE,
    "discount": StepKind.DISCOUNT,
    "presentation": StepKind.PRESENT,
    "payment": StepKind.HONOUR,
    "dishonour": StepKind.DISHONOUR,
    "notice": StepKind.NOTIFY,
    "undoing": StepKind.REVERSE,
    "cancellation": StepKind.CANCEL,
}


def step_of(action: str, data: BillStep) -> StepKind:
    """Returns the step that a form requests."""
    if isinstance(data, Discount) and data.recourse == "with":
        return StepKind.DISCOUNT_RECOURSE
    return STEPS[action]
