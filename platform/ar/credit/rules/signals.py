"""Danger signals: which there are, when a computed one fires, and what is proposed then.

Source: R240 to R259 (customers), R260 to R269 (retail outlets), R081, R270. Invariants: a code is stored
and never changed; a signal fires once when its figure reaches the upper mark, and not again before the figure has
fallen below the lower one; arithmetic is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, model_validator

from kernel.i18n import mark

BPS: Final = 10_000


class SignalCode(StrEnum):
    """A danger signal, in the order of the rules."""

    SLOWER_PAYMENT = "slower_payment"
    AGREED_PAYMENT_MISSED = "agreed_payment_missed"
    BANK_CHANGES = "bank_changes"
    LARGE_ORDER = "large_order"
    PAYMENT_METHOD = "payment_method"
    CHEAPER_OFFICE = "cheaper_office"
    STAFF_CHANGES = "staff_changes"
    SUED = "sued"
    FINANCE_AVOIDS = "finance_avoids"
    BROKEN_PROMISES = "broken_promises"
    HEAD_NOT_FOUND = "head_not_found"
    HEAD_ACCIDENT = "head_accident"
    MANAGEMENT_CONFLICT = "management_conflict"
    SPECULATION = "speculation"
    UNANSWERED_CALLS = "unanswered_calls"
    POST_DATED_DRAFTS = "post_dated_drafts"
    BANK_RETURN = "bank_return"
    OWN_RECEIVABLES = "own_receivables"
    DUMPING = "dumping"
    FAST_GROWTH = "fast_growth"
    RETAIL_COSTS_UNPAID = "retail_costs_unpaid"
    RETAIL_HEAD_GONE = "retail_head_gone"
    RETAIL_STAFF_CHANGES = "retail_staff_changes"
    RETAIL_DISCOUNTS = "retail_discounts"
    RETAIL_MERCHANTS_LEAVE = "retail_merchants_leave"
    RETAIL_EMPTY_SHELVES = "retail_empty_shelves"
    RETAIL_GIFTS_FOR_DEBTS = "retail_gifts_for_debts"
    RETAIL_BOUNCED_CHEQUES = "retail_bounced_cheques"
    RETAIL_STOCKTAKING = "retail_stocktaking"
    RETAIL_NO_CUSTOMERS = "retail_no_customers"


NAMES: Final[dict[SignalCode, str]] = {
    SignalCode.SLOWER_PAYMENT: mark("Pays slower than before"),
    SignalCode.AGREED_PAYMENT_MISSED: mark("An agreed payment was not made"),
    SignalCode.BANK_CHANGES: mark("Often changes its bank account"),
    SignalCode.LARGE_ORDER: mark("A sudden large order"),
    SignalCode.PAYMENT_METHOD: mark("Suddenly pays in another way"),
    SignalCode.CHEAPER_OFFICE: mark("Moves to a cheaper office"),
    SignalCode.STAFF_CHANGES: mark("Managers or sales staff change often, more people leave"),
    SignalCode.SUED: mark("Is sued by others"),
    SignalCode.FINANCE_AVOIDS: mark("Its finance people avoid us"),
    SignalCode.BROKEN_PROMISES: mark("Breaks promises to pay again and again"),
    SignalCode.HEAD_NOT_FOUND: mark("The person in charge cannot be found"),
    SignalCode.HEAD_ACCIDENT: mark("An accident happened to the person in charge"),
    SignalCode.MANAGEMENT_CONFLICT: mark("Its management is in serious conflict"),
    SignalCode.SPECULATION: mark("Invests in what it cannot oversee: stocks, futures"),
    SignalCode.UNANSWERED_CALLS: mark("Does not answer or return calls"),
    SignalCode.POST_DATED_DRAFTS: mark("Issues many post-dated drafts"),
    SignalCode.BANK_RETURN: mark("The bank returned its payment"),
    SignalCode.OWN_RECEIVABLES: mark("Cannot collect its own receivables"),
    SignalCode.DUMPING: mark("Sells below our lowest price"),
    SignalCode.FAST_GROWTH: mark("Grows faster than it can be managed"),
    SignalCode.RETAIL_COSTS_UNPAID: mark("Rent, utilities or wages are not paid"),
    SignalCode.RETAIL_HEAD_GONE: mark("The head of the outlet has vanished"),
    SignalCode.RETAIL_STAFF_CHANGES: mark("Its staff change often"),
    SignalCode.RETAIL_DISCOUNTS: mark("Goods are heavily discounted"),
    SignalCode.RETAIL_MERCHANTS_LEAVE: mark("Other merchants move out"),
    SignalCode.RETAIL_EMPTY_SHELVES: mark("Shelves are empty"),
    SignalCode.RETAIL_GIFTS_FOR_DEBTS: mark("Goods are offered to suppliers against debts"),
    SignalCode.RETAIL_BOUNCED_CHEQUES: mark("Many of its cheques bounce"),
    SignalCode.RETAIL_STOCKTAKING: mark("Takes stock at unusual times"),
    SignalCode.RETAIL_NO_CUSTOMERS: mark("Has no customers"),
}
#: The rule of each signal: R240 and on.
RULES: Final = {code: f"R{number}" for number, code in enumerate(SignalCode, 240)}
RETAIL: Final = tuple(code for code in SignalCode if code.startswith("retail_"))
OF_CUSTOMERS: Final = tuple(code for code in SignalCode if code not in RETAIL)
#: Those that the books tell; all others, and these too, may be noted by a person.
COMPUTED: Final = (
    SignalCode.SLOWER_PAYMENT,
    SignalCode.AGREED_PAYMENT_MISSED,
    SignalCode.BANK_CHANGES,
    SignalCode.LARGE_ORDER,
    SignalCode.BROKEN_PROMISES,
    SignalCode.UNANSWERED_CALLS,
    SignalCode.POST_DATED_DRAFTS,
    SignalCode.BANK_RETURN,
)
#: After these nothing more should go out on credit until somebody has looked: the proposal is a limit of zero.
GRAVE: Final = frozenset(
    {
        SignalCode.SUED,
        SignalCode.HEAD_NOT_FOUND,
        SignalCode.BROKEN_PROMISES,
        SignalCode.BANK_RETURN,
        SignalCode.DUMPING,
        SignalCode.RETAIL_HEAD_GONE,
        SignalCode.RETAIL_GIFTS_FOR_DEBTS,
        SignalCode.RETAIL_BOUNCED_CHEQUES,
    }
)


class Marks(BaseModel):
    """A signal fires when its figure is at least `fires_at`, and may fire again once it was below `rearms_below`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fires_at: Annotated[int, Field(ge=1)]
    rearms_below: Annotated[int, Field(ge=1)]

    @model_validator(mode="after")
    def _lower_is_lower(self) -> Marks:
        if self.rearms_below > self.fires_at:
            raise ValueError("policy_signals")
        return self


def _marks() -> dict[SignalCode, Marks]:
    """Returns the shipped marks: days, payments, accounts, bps of a month, promises, calls, drafts, returns."""
    at = {
        SignalCode.SLOWER_PAYMENT: (15, 5),
        SignalCode.AGREED_PAYMENT_MISSED: (1, 1),
        SignalCode.BANK_CHANGES: (2, 2),
        SignalCode.LARGE_ORDER: (3 * BPS + 1, 2 * BPS),
        SignalCode.BROKEN_PROMISES: (2, 2),
        SignalCode.UNANSWERED_CALLS: (3, 1),
        SignalCode.POST_DATED_DRAFTS: (3, 2),
        SignalCode.BANK_RETURN: (1, 1),
    }
    return {code: Marks(fires_at=fires, rearms_below=rearms) for code, (fires, rearms) in at.items()}


class SignalPolicy(BaseModel):
    """When computed signals fire, and by how much a limit is cut then.

    `marks` are in the unit of each figure: whole days slower, counts, and for a large order basis points of an average
    month (30,001: more than three months). `cut_bps`: the proposed limit after a signal that is not grave.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    marks: dict[SignalCode, Marks] = Field(default_factory=_marks)
    cut_bps: Annotated[int, Field(ge=0, le=BPS)] = BPS // 2

    @model_validator(mode="after")
    def _is_whole(self) -> SignalPolicy:
        if set(self.marks) != set(COMPUTED):
            raise ValueError("policy_signals")
        return self


def is_active(marks: Marks, value: int, *, was_active: bool) -> bool:
    """Whether a signal's condition holds now, given whether it held before."""
    return value >= (marks.rearms_below if was_active else marks.fires_at)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is proposed after a signal: minor units and days; None: there is no limit or term to cut."""

    limit_minor: int | None
    term_days: int | None


def proposal_for(
    code: SignalCode,
    policy: SignalPolicy,
    limit_minor: int | None,
    term_days: int | None,
    *,
    exposure_minor: int | None,
) -> Proposal:
    """Returns the proposed limit and term after a signal: zero after a grave one, else the policy's share of both.

    `limit_minor` None: none was granted, or it is unlimited; an unlimited customer is measured by what is owed
    (`exposure_minor`, None: unknown). Amounts and days are rounded down.
    """
    if code in GRAVE:
        return Proposal(0, 0)
    basis = limit_minor if limit_minor is not None else exposure_minor
    return Proposal(
        None if basis is None else max(0, basis) * policy.cut_bps // BPS,
        None if term_days is None else term_days * policy.cut_bps // BPS,
    )
