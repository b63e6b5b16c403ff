"""Decides whether an order may be confirmed, picked or shipped: the one rule of every checkpoint.

Source: R013, R020, R025, R045, R064, R065, R067, R068, R079, R080, R090, R094, R099, R126, A04, A07, A14, A18.
Pure: facts in, every reason out. Invariants: each checkpoint asks the same; a check is left out only where the policy
says so, and then the decision says so; an approval serves its own order, up to its amount, for no longer a term and
through its day, and no larger excess than its deciders may decide on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, NamedTuple
from uuid import UUID

from ar.credit.rules.exposure import LimitOnDay, excess_bps, is_over
from ar.credit.rules.policy import CheckCode, CreditPolicy
from ar.credit.rules.scoring import Grade

#: What an over-limit request may ask for, and its approval lets pass (Annex 2).
APPROVABLE: Final = frozenset(
    {
        CheckCode.LIMIT,
        CheckCode.GROUP_LIMIT,
        CheckCode.NO_LIMIT,
        CheckCode.NO_RATE,
        CheckCode.TERM,
        CheckCode.LONG_TERM,
        CheckCode.PROOF,
        CheckCode.CLEARED_FUNDS,
    }
)

#: Reasons whose excess is an amount over a limit.
MEASURED: Final = frozenset({CheckCode.LIMIT, CheckCode.GROUP_LIMIT})


class Reason(NamedTuple):
    """Why an order is held: a stored code and the JSON-able parameters of its sentence."""

    code: CheckCode
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """The order as it is now. `committed_minor`: what it still commits, this shipment included (minor units).

    `total_minor`: all of it, with tax. `has_basis`: a sealed contract in force, or a purchase order that stands
    for one. `prepaid_open_minor`: what is open on invoices of the customer's prepaid orders in its currency; money in
    hand goes to them first. `prices_off`, `quantities_over`: lines that depart from the contract, or ship more than was
    ordered.
    `state_fault`: a code when the order or note is in a state in which nothing moves.
    """

    order_id: UUID
    order_no: str
    currency: str
    total_minor: int
    committed_minor: int
    term_days: int | None
    prepaid: bool = False
    prepaid_open_minor: int = 0
    has_basis: bool = True
    prices_off: Sequence[dict[str, Any]] = ()
    quantities_over: Sequence[dict[str, Any]] = ()
    state_fault: str | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """A limit of the day and the exposure against it, this order included, in minor units of the limit's currency.

    `exposure_minor` is None where a rate is missing; `missing_rates` are the currencies without one.
    """

    limit: LimitOnDay
    exposure_minor: int | None
    missing_rates: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ActiveStop:
    """A stop of shipments in force: `kind` as in `shipping_hold`."""

    id: UUID
    kind: str
    reason: str
    until_on: date | None


@dataclass(frozen=True, slots=True)
class ApprovedExcess:
    """An approved over-limit request of this order: up to `order_minor` of `currency`, through `valid_until_on`.

    `term_days`: of the order when it was asked for; a longer one is asked about again. None: there was none in writing.
    `most_bps`: the largest excess of a limit on which its deciders may decide, in basis points; None: any (A18).
    """

    number: str
    currency: str
    order_minor: int
    term_days: int | None
    valid_until_on: date
    codes: frozenset[CheckCode]
    most_bps: int | None = None

    def covers(self, reason: Reason, order: OrderFacts, today: date) -> bool:
        """Whether it was approved that this reason does not hold the order, its term aside."""
        if reason.code not in self.codes or self.currency != order.currency or today > self.valid_until_on:
            return False
        if order.total_minor > self.order_minor:
            return False
        if reason.code in MEASURED and self.most_bps is not None:
            share = excess_bps(int(reason.params["excess_minor"]), int(reason.params["limit_minor"]))
            return share is not None and share <= self.most_bps
        return True

    def is_outgrown(self, order: OrderFacts) -> bool:
        """Whether the order gives the customer longer to pay than those who approved it saw (R064)."""
        if order.prepaid or order.term_days is None:
            return False
        return self.term_days is None or order.term_days > self.term_days


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    """What is known of the customer on the day, as one statement each reads it under the customer's lock.

    `group`: the account of the payer or parent whose limit covers the customer. `past_due_items`: documents past due by
    more than the tolerance, the latest by `past_due_days`. `cleared_minor`: unapplied money in hand in the order's
    currency that no other prepaid order takes; `surplus_minor`: what of it is left beyond all that is otherwise owed
    and committed. `proof_minor`: accepted proofs of payment for this order.
    `unconfirmed`: number and age in days of a statement that stayed unanswered too long. `file_gaps`: codes.
    """

    account: Account
    group: Account | None = None
    past_due_items: int = 0
    past_due_days: int = 0
    cleared_minor: int = 0
    surplus_minor: int = 0
    proof_minor: int = 0
    stops: Sequence[ActiveStop] = ()
    blacklisted_since: date | None = None
    unconfirmed: tuple[str, int] | None = None
    file_gaps: Sequence[str] = ()
    approvals: Sequence[ApprovedExcess] = ()
    overrides: frozenset[CheckCode] = frozenset()


@dataclass(frozen=True, slots=True)
class Decision:
    """What the checks answered. `reasons`: every one that holds the order; none: it passes.

    `waived`: reasons that an approval or an override lets pass, with its number. `off`: checks that the policy leaves
    out.
    """

    reasons: Sequence[Reason] = ()
    waived: Sequence[tuple[Reason, str]] = ()
    off: Sequence[CheckCode] = field(default=())

    @property
    def passes(self) -> bool:
        """Whether nothing holds the order."""
        return not self.reasons


def decide(order: OrderFacts, customer: CustomerFacts, policy: CreditPolicy, today: date) -> Decision:
    """Decides on one order at any checkpoint, on `today`, the company's local date."""
    reasons: list[Reason] = []
    waived: list[tuple[Reason, str]] = []
    for reason in _reasons(order, customer):
        if reason.code in policy.checks_off or reason in reasons:
            continue
        by = _let_pass(reason, order, customer, today)
        if by is None:
            reasons.append(_outgrown(reason, order, customer, today))
        else:
            waived.append((reason, by))
    return Decision(reasons, waived, sorted(policy.checks_off))


def is_covered(order: OrderFacts, customer: CustomerFacts) -> bool:
    """Whether the order asks for no credit: it is worth nothing, or was paid in advance with money that is cleared."""
    in_hand = customer.cleared_minor - order.prepaid_open_minor if order.prepaid else customer.surplus_minor
    return order.total_minor == 0 or in_hand >= order.committed_minor


def _let_pass(reason: Reason, order: OrderFacts, customer: CustomerFacts, today: date) -> str | None:
    if reason.code in customer.overrides:
        return ""
    for approval in customer.approvals:
        if approval.covers(reason, order, today) and not approval.is_outgrown(order):
            return approval.number
    return None


def _outgrown(reason: Reason, order: OrderFacts, customer: CustomerFacts, today: date) -> Reason:
    """Returns the reason, with the approval that would let it pass were the order's term not longer by now."""
    for approval in customer.approvals:
        if approval.covers(reason, order, today):
            terms = {"approved_days": approval.term_days, "term_days": order.term_days}
            return Reason(reason.code, {**reason.params, "approval": approval.number, **terms})
    return reason


def _reasons(order: OrderFacts, customer: CustomerFacts) -> Iterator[Reason]:
    if order.state_fault is not None:
        yield Reason(CheckCode.STATE, {"state": order.state_fault})
    if customer.blacklisted_since is not None:
        yield Reason(CheckCode.BLACKLIST, {"since": customer.blacklisted_since.isoformat()})
    for stop in customer.stops:
        until = stop.until_on.isoformat() if stop.until_on else None
        yield Reason(CheckCode.HOLD, {"kind": stop.kind, "reason": stop.reason, "until": until})
    if not is_covered(order, customer):
        yield from _credit_reasons(order, customer)
    if not order.has_basis:
        yield Reason(CheckCode.CONTRACT, {})
    for line in order.prices_off:
        yield Reason(CheckCode.PRICE, dict(line))
    for line in order.quantities_over:
        yield Reason(CheckCode.QUANTITY, dict(line))


def _credit_reasons(order: OrderFacts, customer: CustomerFacts) -> Iterator[Reason]:
    if order.prepaid:
        missing = order.committed_minor + order.prepaid_open_minor - max(0, customer.cleared_minor)
        yield Reason(CheckCode.CLEARED_FUNDS, {"missing_minor": missing, "currency": order.currency})
    elif order.term_days is None:
        yield Reason(CheckCode.NO_TERM, {})
    grade = customer.account.limit.grade
    if not order.prepaid and grade not in (Grade.C, Grade.D):
        yield from _term_reasons(order, customer)
    if grade == Grade.C and not order.prepaid:
        # Ships against accepted proofs of payment instead of a limit (R045): for all of it, invoiced or not, so that
        # no proof serves twice.
        if customer.proof_minor < order.total_minor:
            missing = order.total_minor - customer.proof_minor
            yield Reason(CheckCode.PROOF, {"missing_minor": missing, "currency": order.currency})
    elif grade == Grade.D and not order.prepaid:
        missing = order.committed_minor - max(0, customer.surplus_minor)
        yield Reason(CheckCode.CLEARED_FUNDS, {"missing_minor": missing, "currency": order.currency})
    elif not order.prepaid and not _lives_on_group(customer):
        yield from _account_reasons(customer.account, CheckCode.LIMIT)
    if customer.group is not None and not order.prepaid:
        yield from _account_reasons(customer.group, CheckCode.GROUP_LIMIT)
    if customer.past_due_items:
        yield Reason(CheckCode.TERM, {"items": customer.past_due_items, "days": customer.past_due_days})
    if customer.unconfirmed is not None:
        number, days = customer.unconfirmed
        yield Reason(CheckCode.STATEMENT, {"number": number, "days": days})
    if customer.file_gaps:
        yield Reason(CheckCode.FILE, {"gaps": list(customer.file_gaps)})


def _term_reasons(order: OrderFacts, customer: CustomerFacts) -> Iterator[Reason]:
    """Yields a reason when the order gives a longer term than was granted with the limit that covers it (R064)."""
    covering = customer.group if customer.group is not None and _lives_on_group(customer) else customer.account
    granted = covering.limit.term_days
    if granted is not None and order.term_days is not None and order.term_days > granted:
        yield Reason(CheckCode.LONG_TERM, {"term_days": order.term_days, "granted_days": granted})


def _lives_on_group(customer: CustomerFacts) -> bool:
    """Whether the customer has no limit of its own and is covered by that of its payer or parent."""
    return customer.account.limit.is_absent and customer.group is not None and not customer.group.limit.is_absent


def _account_reasons(account: Account, code: CheckCode) -> Iterator[Reason]:
    limit = account.limit
    if limit.unlimited:
        return
    if limit.is_absent:
        if code is CheckCode.LIMIT:
            yield Reason(CheckCode.NO_LIMIT, {})
        return
    if account.exposure_minor is None:
        yield Reason(CheckCode.NO_RATE, {"currencies": list(account.missing_rates)})
    elif is_over(limit, account.exposure_minor):
        total = limit.total_minor or 0
        params = {"excess_minor": account.exposure_minor - total, "limit_minor": total, "currency": limit.currency}
        yield Reason(code, params)
