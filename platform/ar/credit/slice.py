"""Registers credit with the application: assessments, limits, exposure, checks, reviews, signals."""

from __future__ import annotations

from typing import Final

from ar.credit.assessments import lapsing, printing
from ar.credit.assessments import messages as assessment_texts
from ar.credit.assessments.queries import select_waiting
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
from ar.credit.limits.guarantees.queries import guarantees_due
from ar.credit.policy import messages as policy_texts
from ar.credit.reviews import approvals as review_approvals
from ar.credit.reviews import mails as review_mails
from ar.credit.reviews import opening
from ar.credit.reviews import texts as review_texts
from ar.credit.reviews.queries import lines_to_explain
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
        "ar.credit.policy.routes:bp",
        "ar.credit.exposure.routes:bp",
        "ar.credit.limits.taken_over.routes:bp",
        "ar.credit.limits.guarantees.routes:bp",
        "ar.credit.checks.account.routes:bp",
        "ar.credit.checks.account.stop_routes:bp",
        "ar.credit.checks.account.guarantee_routes:bp",
        "ar.credit.checks.requests.routes:bp",
        "ar.credit.checks.proofs.routes:bp",
        "ar.credit.reviews.routes:bp",
        "ar.credit.reviews.line_routes:bp",
        "ar.credit.signals.routes:bp",
    ),
    commands=("ar.credit.exposure.cli:group", "ar.credit.signals.cli:signals_commands"),
    navigation=(
        NavLine(
            Heading.CREDIT_AND_SALES,
            10,
            mark("Assessments"),
            "assessments.index",
            Permission.ASSESS,
            waiting=select_waiting,
        ),
        NavLine(
            Heading.CREDIT_AND_SALES,
            20,
            mark("Limits and exposure"),
            "limits.index",
            also=("customer_credit", "taken_over"),
        ),
        NavLine(Heading.CREDIT_AND_SALES, 25, mark("Orders over the limit"), "over_limit.index", also=("over_limit",)),
        NavLine(
            Heading.CREDIT_AND_SALES,
            28,
            mark("Guarantees"),
            "guarantees.index",
            waiting=guarantees_due,
            counted_for=Permission.MANAGE_CREDIT,
        ),
        NavLine(
            Heading.CREDIT_AND_SALES,
            27,
            mark("Proofs of payment"),
            "proofs.index",
            Permission.MANAGE_CREDIT,
            also=("proofs",),
            waiting=waiting_proofs,
        ),
        NavLine(
            Heading.CREDIT_AND_SALES,
            30,
            mark("Reviews of limits"),
            "reviews.index",
            waiting=lines_to_explain,
            counted_for=Permission.ASSESS,
        ),
        NavLine(
            Heading.CREDIT_AND_SALES,
            40,
            mark("Danger signals"),
            "signals.index",
            waiting=queries.signals_waiting,
            counted_for=Permission.DECIDE_SIGNAL,
        ),
        NavLine(Heading.CREDIT_AND_SALES, 95, mark("Credit policy"), "credit_policy.show", Permission.MANAGE_CREDIT),
    ),
    messages={
        **policy_texts.MESSAGES,
        **assessment_texts.MESSAGES,
        **granting_texts.MESSAGES,
        **limit_texts.MESSAGES,
        **check_texts.MESSAGES,
        **review_texts.MESSAGES,
        **signal_texts.MESSAGES,
    },
    events={
        **policy_texts.EVENTS,
        **assessment_texts.EVENTS,
        **granting_texts.EVENTS,
        **limit_texts.EVENTS,
        **check_events.EVENTS,
        **review_texts.EVENTS,
        **signal_texts.EVENTS,
    },
    fact_makers={
        **assessment_texts.FACT_MAKERS,
        **granting_texts.FACT_MAKERS,
        **review_texts.FACT_MAKERS,
        **signal_texts.FACT_MAKERS,
    },
    jobs=(
        *printing.JOBS,
        *lapsing.JOBS,
        *check_jobs.JOBS,
        *guarantee_jobs.JOBS,
        *opening.JOBS,
        *review_mails.JOBS,
        *running.JOBS,
    ),
    recurring=(
        *lapsing.RECURRING,
        *check_jobs.RECURRING,
        *guarantee_jobs.RECURRING,
        *opening.RECURRING,
        *review_mails.RECURRING,
        *running.RECURRING,
    ),
    mails=(*lapsing.MAILS, *guarantee_mails.MAILS, *review_mails.MAILS, *stop_notice.MAILS),
    checks=(credit_checks,),
    approvals=(
        ASSESSMENT,
        *limit_approvals.APPROVALS,
        *over_limit.APPROVALS,
        *review_approvals.APPROVALS,
        *signal_approvals.APPROVALS,
    ),
    numbers=(
        NumberSeries("assessment numbers", "assessment:{year}", "assessment", "number", "CA-%"),
        NumberSeries("numbers of stop notices", "stop_notice:{year}", "shipping_hold", "notice_number", "SN-%"),
        NumberSeries("over-limit numbers", "over_limit:{year}", "over_limit_request", "number", "OL-%"),
        opening.NUMBERS,
    ),
    signal_sources=(measuring.SOURCE,),
)
