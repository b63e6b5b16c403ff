"""Registers credit with the application: assessments, limits, exposure, checks, reviews, signals."""

from __future__ import annotations

from typing import Final

from ar.credit.limits import granting_texts
from ar.credit.reviews import approvals as review_approvals
from ar.credit.reviews import opening
from ar.credit.reviews import texts as review_texts
from ar.credit.reviews.queries import lines_to_explain
from ar.credit.signals import approvals as signal_approvals
from ar.credit.signals import measuring, queries, running
from ar.credit.signals import texts as signal_texts
from kernel.i18n import mark
from tenants.permissions import Permission
from tenants.slice import Heading, NavLine, Slice

SLICE: Final = Slice(
    name="credit",
    pages=("ar.credit.reviews.routes:bp", "ar.credit.reviews.line_routes:bp", "ar.credit.signals.routes:bp"),
    commands=("ar.credit.signals.cli:signals_commands",),
    navigation=(
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
    ),
    messages=granting_texts.MESSAGES | review_texts.MESSAGES | signal_texts.MESSAGES,
    events=granting_texts.EVENTS | review_texts.EVENTS | signal_texts.EVENTS,
    fact_makers=granting_texts.FACT_MAKERS | review_texts.FACT_MAKERS | signal_texts.FACT_MAKERS,
    jobs=opening.JOBS + running.JOBS,
    recurring=opening.RECURRING + running.RECURRING,
    approvals=review_approvals.APPROVALS + signal_approvals.APPROVALS,
    numbers=(opening.NUMBERS,),
    signal_sources=(measuring.SOURCE,),
)
