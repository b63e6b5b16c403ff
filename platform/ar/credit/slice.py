"""Registers credit with the application: assessments, limits, exposure, checks, reviews, signals."""

from __future__ import annotations

from typing import Final

from ar.credit.limits import granting_texts
from ar.credit.limits.take_over_approval import TAKE_OVER
from tenants.slice import Slice

SLICE: Final = Slice(
    name="credit",
    messages=granting_texts.MESSAGES,
    events=granting_texts.EVENTS,
    approvals=(TAKE_OVER,),
    fact_makers=granting_texts.FACT_MAKERS,
)
