"""Registers credit with the application: assessments, limits, exposure, checks, reviews, signals."""

from __future__ import annotations

from typing import Final

from ar.credit.assessments import messages as assessment_texts
from ar.credit.checks import events as check_events
from ar.credit.checks import jobs as check_jobs
from ar.credit.checks import messages as check_texts
from ar.credit.checks.examination import credit_checks
from ar.credit.checks.holds import notice as stop_notice
from ar.credit.checks.proofs.queries import waiting_proofs
from ar.credit.checks.requests import approvals as over_limit
from ar.credit.limits import approvals as limit_approvals
from ar.credit.limits import granting_texts
from ar.credit.limits import messages as limit_texts
from ar.credit.limits.assessed import ASSESSMENT
from ar.credit.limits.guarantees import jobs as guarantee_jobs
from ar.credit.limits.guarantees import mails as guarantee_mails
from kernel.i18n import mark
from tenants.permissions import Permission
from tenants.slice import Heading, NavLine, NumberSeries, Slice

SLICE: Final = Slice(
    name="credit",
    pages=(
        "ar.credit.exposure.routes:bp",
        "ar.credit.checks.account.routes:bp",
        "ar.credit.checks.account.stop_routes:bp",
        "ar.credit.checks.account.guarantee_routes:bp",
        "ar.credit.checks.requests.routes:bp",
        "ar.credit.checks.proofs.routes:bp",
    ),
    commands=("ar.credit.exposure.cli:group",),
    navigation=(
        NavLine(Heading.CREDIT_AND_SALES, 20, mark("Limits and exposure"), "limits.index", also=("customer_credit",)),
        NavLine(Heading.CREDIT_AND_SALES, 25, mark("Orders over the limit"), "over_limit.index", also=("over_limit",)),
        NavLine(
            Heading.CREDIT_AND_SALES,
            27,
            mark("Proofs of payment"),
            "proofs.index",
            Permission.MANAGE_CREDIT,
            also=("proofs",),
            waiting=waiting_proofs,
        ),
    ),
    messages={
        **assessment_texts.MESSAGES,
        **granting_texts.MESSAGES,
        **limit_texts.MESSAGES,
        **check_texts.MESSAGES,
    },
    events={**assessment_texts.EVENTS, **granting_texts.EVENTS, **limit_texts.EVENTS, **check_events.EVENTS},
    fact_makers={**assessment_texts.FACT_MAKERS, **granting_texts.FACT_MAKERS},
    jobs=(*check_jobs.JOBS, *guarantee_jobs.JOBS),
    recurring=(*check_jobs.RECURRING, *guarantee_jobs.RECURRING),
    mails=(*guarantee_mails.MAILS, *stop_notice.MAILS),
    checks=(credit_checks,),
    approvals=(ASSESSMENT, *limit_approvals.APPROVALS, *over_limit.APPROVALS),
    numbers=(
        NumberSeries("assessment numbers", "assessment:{year}", "assessment", "number", "CA-%"),
        NumberSeries("numbers of stop notices", "stop_notice:{year}", "shipping_hold", "notice_number", "SN-%"),
        NumberSeries("over-limit numbers", "over_limit:{year}", "over_limit_request", "number", "OL-%"),
    ),
)
