"""Registers credit with the application: assessments, limits, exposure, checks, reviews, signals."""

from __future__ import annotations

from typing import Final

from ar.credit.checks import events as check_events
from ar.credit.checks import messages as check_messages
from ar.credit.checks.requests import approvals as over_limit
from ar.credit.limits import approvals as limits
from ar.credit.limits import granting_texts
from ar.credit.limits import messages as limit_messages
from tenants.slice import NumberSeries, Slice

SLICE: Final = Slice(
    name="credit",
    messages=granting_texts.MESSAGES | limit_messages.MESSAGES | check_messages.MESSAGES,
    events=granting_texts.EVENTS | limit_messages.EVENTS | check_events.EVENTS,
    fact_makers=granting_texts.FACT_MAKERS,
    approvals=(*limits.APPROVALS, *over_limit.APPROVALS),
    numbers=(NumberSeries("over-limit numbers", "over_limit:{year}", "over_limit_request", "number", "OL-%"),),
)
