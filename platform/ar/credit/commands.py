"""Commands of credit for other slices: check an order, commit it, lock what the checks ask.

Invariant: other slices call these; the modules behind them are private to credit.
"""

from __future__ import annotations

from ar.credit.checks.deciding import check_order, lock_credit
from ar.credit.exposure.commands import commit_order
from ar.credit.exposure.inputs import CommitOrder

__all__ = ["CommitOrder", "check_order", "commit_order", "lock_credit"]
