"""Says how far an order is over what was granted, and who decides on it (A18, R064).

Source: A18: up to 10 % the sales manager, up to 30 % the finance director, above it the general manager; each after the
ones before. Pure. Invariant: what cannot be measured (no limit, no rate, past due, grade C and D) takes every step.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ar.credit.rules.decision import MEASURED, Reason
from ar.credit.rules.exposure import excess_bps
from ar.credit.rules.policy import CheckCode, CreditPolicy


@dataclass(frozen=True, slots=True)
class Excess:
    """How far an order is over: minor units of `currency`, and of the limit in basis points, rounded up.

    None where it cannot be measured. `days`: of the oldest document past due.
    """

    minor: int | None
    currency: str | None
    bps: int | None
    days: int | None


def excess_of(reasons: Iterable[Reason]) -> Excess:
    """Returns the largest excess among the reasons that hold an order."""
    minor, currency, bps, days, measured = None, None, None, None, True
    for reason in reasons:
        if reason.code is CheckCode.TERM:
            days = int(reason.params["days"])
        if reason.code not in MEASURED:
            measured = False
            continue
        over, limit = int(reason.params["excess_minor"]), int(reason.params["limit_minor"])
        share = excess_bps(over, limit)
        if share is None:
            measured = False
        if minor is None or over > minor:
            minor, currency = over, str(reason.params["currency"])
        bps = share if bps is None else max(bps, share or 0)
    return Excess(minor, currency, bps if measured else None, days)


def deciders_of(excess: Excess, policy: CreditPolicy) -> tuple[str, ...]:
    """Returns the roles that decide in turn on an excess."""
    if excess.bps is not None and excess.bps <= policy.over_limit_manager_bps:
        return ("sales_manager",)
    if excess.bps is not None and excess.bps <= policy.over_limit_director_bps:
        return ("sales_manager", "finance_director")
    return ("sales_manager", "finance_director", "general_manager")


def most_bps(deciders: Iterable[str], policy: CreditPolicy) -> int | None:
    """Returns the largest excess of a limit on which these roles may decide, in basis points; None: any."""
    roles = set(deciders)
    if "general_manager" in roles:
        return None
    return policy.over_limit_director_bps if "finance_director" in roles else policy.over_limit_manager_bps
