"""Tables of credit: assessments, limits, guarantees, commitments, holds, over-limit requests, reviews and signals.

Design overview:
- A *limit* is dated: a regular one is replaced by the next from its first day on, a temporary one adds until its end.
  No row, an amount of zero and `unlimited` are three things.
- A *commitment* is what one order will still become owed, by how far it went: released, shipped, signed. Sales writes
  it by a command of credit, so that exposure counts each amount once on its way from order to invoice.
- A *shipping hold* stops shipments of a customer until it ends or somebody lifts it; each has a cause of its own.
- An *over-limit request* lets one order pass, up to its amount and until a day.

Invariants: opinions, changes of commitments and settings are inserted and never changed; what a person decides carries
who, when and why; two regular limits of a customer never overlap (a trigger, under the customer's lock).
"""

from __future__ import annotations

from ar.credit.assessments.models import ASSESSMENT_STATES, GRADES, Assessment, AssessmentOpinion
from ar.credit.checks.models import HOLD_KINDS, PROOF_KINDS, CheckOverride, OverLimitRequest, PaymentProof, ShippingHold
from ar.credit.exposure.models import Commitment, CommitmentChange
from ar.credit.limits.models import (
    GUARANTEE_KINDS,
    LIMIT_KINDS,
    LIMIT_SOURCES,
    REQUEST_STATES,
    CreditLimit,
    Guarantee,
    LimitChange,
)
from ar.credit.policy.models import CreditSettings
from ar.credit.reviews.models import CAMPAIGN_STATES, DECISIONS, ReviewCampaign, ReviewLine
from ar.credit.signals.models import SIGNAL_SOURCES, DangerSignal, SignalState

__all__ = [
    "ASSESSMENT_STATES",
    "CAMPAIGN_STATES",
    "DECISIONS",
    "GRADES",
    "GUARANTEE_KINDS",
    "HOLD_KINDS",
    "LIMIT_KINDS",
    "LIMIT_SOURCES",
    "PROOF_KINDS",
    "REQUEST_STATES",
    "SIGNAL_SOURCES",
    "Assessment",
    "AssessmentOpinion",
    "CheckOverride",
    "Commitment",
    "CommitmentChange",
    "CreditLimit",
    "CreditSettings",
    "DangerSignal",
    "Guarantee",
    "LimitChange",
    "OverLimitRequest",
    "PaymentProof",
    "ReviewCampaign",
    "ReviewLine",
    "ShippingHold",
    "SignalState",
]
