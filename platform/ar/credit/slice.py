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
from ar.credit.reviews import approvals as review_approvals
from ar.credit.reviews import opening
from ar.credit.reviews import texts as review_texts
from ar.credit.signals import approvals as signal_approvals
from ar.credit.signals import measuring, queries, running
from ar.credit.signals import texts as signal_texts
from kernel.i18n import mark
from tenants.permissions import Permission
from tenants.slice import Heading, NavLine, NumberSeries, Slice

SLICE: Final = Slice(
    name="credit",
    pages=(
        "ar.credit.assessments.routes:bp",
        "ar.credit.assessments.sign_routes:bp",
        "ar.credit.assessments.edit_routes:bp",
        "ar.credit.exposure.routes:bp",
        "ar.credit.checks.account.routes:bp",
        "ar.credit.checks.account.stop_routes:bp",
        "ar.credit.checks.account.guarantee_routes:bp",
        "ar.credit.checks.requests.routes:bp",
        "ar.credit.signals.routes:bp",
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
        NavLine(Heading.CREDIT_AND_SALES, 20, mark("Limits and exposure"), "limits.index", also=("customer_credit",)),
        NavLine(Heading.CREDIT_AND_SALES, 25, mark("Orders over the limit"), "over_limit.index", also=("over_limit",)),
        NavLine(
            Heading.CREDIT_AND_SALES,
            40,
            mark("Danger signals"),
            "signals.index",
            waiting=queries.signals_waiting,
            counted_for=Permission.DECIDE_SIGNAL,
        ),
    ),
    commands=("ar.credit.cli:group", "ar.credit.signals.cli:signals_commands"),
    messages=assessment_texts.MESSAGES
    | granting_texts.MESSAGES
    | limit_messages.MESSAGES
    | check_messages.MESSAGES
    | review_texts.MESSAGES
    | signal_texts.MESSAGES,
    events=assessment_texts.EVENTS
    | granting_texts.EVENTS
    | limit_messages.EVENTS
    | check_events.EVENTS
    | review_texts.EVENTS
    | signal_texts.EVENTS,
    fact_makers=assessment_texts.FACT_MAKERS
    | granting_texts.FACT_MAKERS
    | review_texts.FACT_MAKERS
    | signal_texts.FACT_MAKERS,
    jobs=JOBS + opening.JOBS + running.JOBS,
    recurring=opening.RECURRING + running.RECURRING,
    approvals=(
        ASSESSMENT,
        *limits.APPROVALS,
        *over_limit.APPROVALS,
        *review_approvals.APPROVALS,
        *signal_approvals.APPROVALS,
    ),
    numbers=(
        NumberSeries("assessment numbers", "assessment:{year}", "assessment", "number", "CA-%"),
        NumberSeries("over-limit numbers", "over_limit:{year}", "over_limit_request", "number", "OL-%"),
        opening.NUMBERS,
    ),
    signal_sources=(measuring.SOURCE,),
)
