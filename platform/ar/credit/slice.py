"""Registers credit with the application: assessments, limits, exposure, checks, reviews, signals."""

from __future__ import annotations

from typing import Final

from ar.credit.assessments import messages as assessment_texts
from ar.credit.limits import granting_texts
from ar.credit.limits.assessed import ASSESSMENT
from tenants.slice import NumberSeries, Slice

SLICE: Final = Slice(
    name="credit",
    commands=("ar.credit.cli:group",),
    messages={**assessment_texts.MESSAGES, **granting_texts.MESSAGES},
    events={**assessment_texts.EVENTS, **granting_texts.EVENTS},
    fact_makers={**assessment_texts.FACT_MAKERS, **granting_texts.FACT_MAKERS},
    approvals=(ASSESSMENT,),
    numbers=(NumberSeries("assessment numbers", "assessment:{year}", "assessment", "number", "CA-%"),),
)
