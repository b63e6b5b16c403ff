"""Commands of credit for other slices: check an order, commit it, lock what the checks ask.

Invariant: other slices call these; the modules behind them are private to credit.
"""

from __future__ import annotations

from ar.credit.checks.deciding import check_order, lock_credit
from ar.credit.exposure.commands import commit_order
from ar.credit.exposure.inputs import CommitOrder
from ar.credit.limits.inputs import TakenOverLimit
from ar.credit.limits.taking_over import take_back_limits, take_over_limits

__all__ = [
    "CommitOrder",
    "TakenOverLimit",
    "check_order",
    "commit_order",
    "lock_credit",
    "take_back_limits",
    "take_over_limits",
]
