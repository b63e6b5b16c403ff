"""Registers credit with the application: assessments, limits, exposure, checks, reviews, signals."""

from __future__ import annotations

from typing import Final

from ar.credit.assessments import messages as assessment_texts
from ar.credit.assessments.printing import JOBS
from ar.credit.assessments.queries import select_waiting
from ar.credit.checks import events as check_events
from ar.credit.checks import messages as check_messages
from ar.credit.checks.requests import approvals as over_limit
from ar.credit.limits import approvals as limits
from ar.credit.limits import granting_texts
from ar.credit.limits import messages as limit_messages
from ar.credit.limits.assessed import ASSESSMENT
from kernel.i18n import mark
from tenants.permissions import Permission
from tenants.slice import Heading, NavLine, NumberSeries, Slice

SLICE: Final = Slice(
    name="credit",
    pages=(
        "ar.credit.assessments.routes:bp",
        "ar.credit.assessments.sign_routes:bp",
        "ar.credit.assessments.edit_routes:bp",
    ),
    navigation=(
        NavLine(
            Heading.CREDIT_AND_SALES,
            10,
            mark("Assessments"),
            "assessments.index",
            Permission.ASSESS,
            waiting=select_waiting,
        ),
    ),
    commands=("ar.credit.cli:group",),
    messages=assessment_texts.MESSAGES
    | granting_texts.MESSAGES
    | limit_messages.MESSAGES
    | check_messages.MESSAGES,
    events=assessment_texts.EVENTS | granting_texts.EVENTS | limit_messages.EVENTS | check_events.EVENTS,
    fact_makers={**assessment_texts.FACT_MAKERS, **granting_texts.FACT_MAKERS},
    jobs=JOBS,
    approvals=(ASSESSMENT, *limits.APPROVALS, *over_limit.APPROVALS),
    numbers=(
        NumberSeries("assessment numbers", "assessment:{year}", "assessment", "number", "CA-%"),
        NumberSeries("over-limit numbers", "over_limit:{year}", "over_limit_request", "number", "OL-%"),
    ),
)
