"""Lookups of credit for other slices: exposure against limits, stops in force, the credit policy.

Invariant: read-only; the modules behind them are private to credit.
"""

from __future__ import annotations

from ar.credit.assessments.queries import AssessmentLine, customer_assessments
from ar.credit.checks.facts import active_stops
from ar.credit.exposure.accounts import Accounts, CustomerAccount, customer_accounts
from ar.credit.limits.queries import limits_in_force
from ar.credit.policy.queries import credit_policy

__all__ = [
    "Accounts",
    "AssessmentLine",
    "CustomerAccount",
    "active_stops",
    "credit_policy",
    "customer_accounts",
    "customer_assessments",
    "limits_in_force",
]
