"""Decides whether an open item is chased: the one rule of the daily run and of the recheck before sending.

Pure: facts in, reason out. Invariants: reasons are tried in this order: paid, on hold, below tolerance, unapplied
credit; their codes are stored with the decision and never change.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from ar.cases.rules.policy import Policy

PAID: Final = "paid"
TOLERANCE: Final = "tolerance"
APPLY_FIRST: Final = "apply_first"
#: The reason's code, by the kind of the hold.
HOLD_CODES: Final = {"block": "blocked", "dispute": "disputed", "promise": "promised"}
#: Days that a promised payment may take through the banks before the promise counts as broken.
PROMISE_GRACE_DAYS: Final = 2


class Reason(NamedTuple):
    """A reason not to chase an item: a stored code, and the JSON-able parameters of its explanation."""

    code: str
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ActiveHold:
    """A hold in force on a day: on a whole customer, or on one item when `item_id` is given."""

    id: UUID
    customer_id: UUID
    item_id: UUID | None
    kind: str
    until_on: date | None
    reason: str

    @property
    def ends_on(self) -> date | None:
        """Returns the last day on hold; None for a hold without end."""
        return last_held_day(self.kind, self.until_on)

    @property
    def code(self) -> str:
        """Returns the code of the reason that this hold gives."""
        return HOLD_CODES[self.kind]


@dataclass(frozen=True)
class ActiveHolds:
    """All holds in force on a day, by item and by customer."""

    by_item: dict[UUID, ActiveHold]
    by_customer: dict[UUID, ActiveHold]

    def __bool__(self) -> bool:
        return bool(self.by_item or self.by_customer)

    def on(self, item_id: UUID, customer_id: UUID) -> ActiveHold | None:
        """Returns the hold on an item, if any; its own comes before the customer's."""
        return self.by_item.get(item_id) or self.by_customer.get(customer_id)


@dataclass(frozen=True, slots=True)
class Unapplied:
    """A customer's unapplied credit and overdue debt in one currency, in minor units."""

    credit_minor: int
    overdue_minor: int

    def covers(self, policy: Policy, currency: str) -> bool:
        """Returns whether applying the credit would leave nothing overdue, or too little to chase."""
        left_minor = self.overdue_minor - self.credit_minor
        return self.overdue_minor > 0 and (left_minor <= 0 or policy.is_within_tolerance(currency, left_minor))


def reason_not_to_chase(
    *,
    currency: str,
    open_minor: int,
    hold: ActiveHold | None,
    policy: Policy,
    unapplied: Unapplied | None,
    small_minor: int = 0,
) -> Reason | None:
    """Returns why an item with `open_minor` open as of today is not chased; None when it is.

    `small_minor`: what the items of the same letter that are too small each come to; together they may be worth one.
    """
    if open_minor == 0:
        return Reason(PAID, {})
    if hold is not None:
        until = hold.until_on.isoformat() if hold.until_on else None
        return Reason(hold.code, {"reason": hold.reason, "until_on": until})
    if policy.is_within_tolerance(currency, max(open_minor, small_minor)):
        tolerance = policy.tolerance_minor[currency]
        return Reason(
            TOLERANCE, {"open_minor": max(open_minor, small_minor), "tolerance_minor": tolerance, "currency": currency}
        )
    if unapplied is not None and unapplied.covers(policy, currency):
        amounts = {"credit_minor": unapplied.credit_minor, "overdue_minor": unapplied.overdue_minor}
        return Reason(APPLY_FIRST, {**amounts, "currency": currency})
    return None


def last_held_day(kind: str, until_on: date | None) -> date | None:
    """Returns the last day of a hold until `until_on`: a promise has PROMISE_GRACE_DAYS more; None is without end."""
    if until_on is None or kind != "promise":
        return until_on
    return until_on + timedelta(days=PROMISE_GRACE_DAYS)
