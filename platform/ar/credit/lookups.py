"""Lookups of credit for other slices: exposure against limits, stops in force, the credit policy.

Invariant: read-only; the modules behind them are private to credit.
"""

from __future__ import annotations

from ar.credit.assessments.messages import STATE_NAMES as ASSESSMENT_STATES
from ar.credit.assessments.queries import AssessmentLine, customer_assessments
from ar.credit.checks.facts import active_stops
from ar.credit.checks.messages import CHECK_NAMES, PROOF_NAMES, PROOF_STATES
from ar.credit.checks.reasons import DecisionText, decision_text, reason_sentences, reasons_json, reasons_of
from ar.credit.exposure.accounts import Accounts, CustomerAccount, customer_accounts
from ar.credit.exposure.messages import PART_LABELS
from ar.credit.exposure.strip import CreditStrip, credit_strip
from ar.credit.limits.guarantees.queries import guarantees_due
from ar.credit.limits.queries import limits_in_force
from ar.credit.limits.taking_over import StandingLimit, followed_limits, not_yet_approved, regular_limits
from ar.credit.policy.queries import contract_notice_days, credit_policy
from ar.credit.reviews.queries import lines_to_explain
from ar.credit.signals.queries import customer_signals, signals_late, signals_waiting
from ar.credit.signals.texts import DECISION_NAMES as SIGNAL_DECISIONS

__all__ = [
    "ASSESSMENT_STATES",
    "CHECK_NAMES",
    "PART_LABELS",
    "PROOF_NAMES",
    "PROOF_STATES",
    "SIGNAL_DECISIONS",
    "Accounts",
    "AssessmentLine",
    "CreditStrip",
    "CustomerAccount",
    "DecisionText",
    "StandingLimit",
    "active_stops",
    "contract_notice_days",
    "credit_policy",
    "credit_strip",
    "customer_accounts",
    "customer_assessments",
    "customer_signals",
    "decision_text",
    "followed_limits",
    "guarantees_due",
    "limits_in_force",
    "lines_to_explain",
    "not_yet_approved",
    "reason_sentences",
    "reasons_json",
    "reasons_of",
    "regular_limits",
    "signals_late",
    "signals_waiting",
]
