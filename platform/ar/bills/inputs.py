"""What can be asked of bills: one model per command, for the form as for any other edge. Imports Pydantic only.

Invariant: shape is checked here, rules in the commands. `on` is the day that counts in law; `booked_on` the day of
the books where that one lies in a closed period (None: the same).
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from ar.bills.rules import State, Step
from kernel.i18n import mark
from kernel.inputs import CommandInput, Key

Short = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Party = Annotated[str, StringConstraints(strip_whitespace=True, max_length=120)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]
#: Far enough for every paper, near enough for arithmetic with dates.
_FIRST, _LAST = date(1990, 1, 1), date(2100, 12, 31)
_PERCENT: Final = re.compile(r"(\d{1,2})(?:[.．](\d{1,4}))?\s*[%％]?")


def _sensible(on: date) -> date:
    if not _FIRST <= on <= _LAST:
        raise ValueError(mark("Enter a date such as 2026-11-21."))
    return on


Sensible = Annotated[date, AfterValidator(_sensible)]


def read_percent(text: str) -> int | None:
    """A yearly rate as typed ("1.8", "1.8 %") in millionths; None when it is not one."""
    found = _PERCENT.fullmatch(text.strip())
    if found is None:
        return None
    ppm = int(found[1]) * 10_000 + int((found[2] or "").ljust(4, "0"))
    return ppm or None


class ReceiveBill(CommandInput):
    """A bill taken from a customer. Its maturity as a date or as a tenor in months or days; both must agree.

    `amount_words`: the amount in capitals, checked against the figures when it is given (票据法 art. 8).
    `pays`: which documents it is set against: the ticked ones, the oldest due first, or none yet.
    """

    customer_no: Short
    number: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
    kind: Literal["bank", "finance_company", "commercial"]
    drawer: Short
    acceptor: Short
    payee: Short
    issued_on: Sensible
    matures_on: Sensible | None = None
    tenor_months: int | None = Field(default=None, ge=1, le=120)
    tenor_days: int | None = Field(default=None, ge=1, le=3660)
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    amount: str = Field(min_length=1, max_length=40)
    amount_words: str = Field(default="", max_length=120)
    not_transferable: bool = False
    received_on: Sensible
    booked_on: Sensible | None = None
    pays: Literal["oldest", "chosen", "none"] = "oldest"
    item_ids: tuple[UUID, ...] = Field(default=(), max_length=500)
    long_tenor_known: bool = False
    note: Note = ""
    key: Key


class BillStep(CommandInput):
    """A step of a bill that was seen in the state `seen`."""

    on: Sensible
    booked_on: Sensible | None = None
    seen: State
    note: Note = ""
    key: Key


class HandOn(BillStep):
    """To whom it is pledged or endorsed."""

    counterparty: Short


class Discount(BillStep):
    """Sold to, or lent against by, the bank `counterparty` at `rate` per cent a year.

    `adjust_days`: days the bank adds. `proceeds`: what it paid, when it is to be checked against the formula.
    """

    counterparty: Short
    rate: str = Field(min_length=1, max_length=12)
    adjust_days: int = Field(default=0, ge=0, le=60)
    recourse: Literal["with", "without"]
    proceeds: str = Field(default="", max_length=40)


class Dishonour(BillStep):
    """Refused: `proof` says by which paper (票据法 art. 62), in `on` the day it was learned."""

    proof: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class TakeBackStep(BillStep):
    """Undo the last step, or cancel the bill, with the reason that stays."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


#: The word in the address → what its form is read into.
FORMS: Final[dict[str, type[BillStep]]] = {
    "pledge": HandOn,
    "return": BillStep,
    "endorsement": HandOn,
    "discount": Discount,
    "presentation": BillStep,
    "payment": BillStep,
    "dishonour": Dishonour,
    "notice": BillStep,
    "undoing": TakeBackStep,
    "cancellation": TakeBackStep,
}
#: The same word → the step; a discount is told apart by its recourse.
STEPS: Final[dict[str, Step]] = {
    "pledge": Step.PLEDGE,
    "return": Step.RETURN,
    "endorsement": Step.ENDORSE,
    "discount": Step.DISCOUNT,
    "presentation": Step.PRESENT,
    "payment": Step.HONOUR,
    "dishonour": Step.DISHONOUR,
    "notice": Step.NOTIFY,
    "undoing": Step.UNDO,
    "cancellation": Step.CANCEL,
}


def step_of(action: str, data: BillStep) -> Step:
    """The step that a form asks for."""
    if isinstance(data, Discount) and data.recourse == "with":
        return Step.DISCOUNT_RECOURSE
    return STEPS[action]
