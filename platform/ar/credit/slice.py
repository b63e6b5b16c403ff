"""Registers credit with the application: assessments, limits, exposure, checks, reviews, signals."""

from __future__ import annotations

from typing import Final

from ar.credit.assessments import lapsing, printing
from ar.credit.assessments import messages as assessment_texts
from ar.credit.assessments.queries import select_waiting
from ar.credit.limits import granting_texts
from ar.credit.limits.assessed import ASSESSMENT
from ar.credit.policy import messages as policy_texts
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
        NavLine(Heading.CREDIT_AND_SALES, 95, mark("Credit policy"), "credit_policy.show", Permission.MANAGE_CREDIT),
    ),
    commands=("ar.credit.cli:group",),
    messages={**policy_texts.MESSAGES, **assessment_texts.MESSAGES, **granting_texts.MESSAGES},
    events={**policy_texts.EVENTS, **assessment_texts.EVENTS, **granting_texts.EVENTS},
    fact_makers={**assessment_texts.FACT_MAKERS, **granting_texts.FACT_MAKERS},
    jobs=(*printing.JOBS, *lapsing.JOBS),
    recurring=lapsing.RECURRING,
    mails=lapsing.MAILS,
    approvals=(ASSESSMENT,),
    numbers=(NumberSeries("assessment numbers", "assessment:{year}", "assessment", "number", "CA-%"),),
)
