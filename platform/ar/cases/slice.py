"""Wires cases into the application: the daily run, letters, tasks, holds, policies."""

from __future__ import annotations

from typing import Final

from ar.cases.events import EVENTS, FACT_MAKERS
from ar.cases.holds.reasons import hold_reasons
from ar.cases.ladder.checks import cases_checks
from ar.cases.ladder.policy_versions import publish_presets
from ar.cases.messages import MESSAGES
from ar.cases.queue import mails, report_mails
from ar.cases.queue.waiting import letters_to_release, open_work
from ar.cases.runs import jobs
from kernel.i18n import mark
from tenants.permissions import Permission
from tenants.slice import Heading, NavLine, NumberSeries, Slice

SLICE: Final = Slice(
    name="cases",
    pages=(
        "ar.cases.queue.routes:bp",
        "ar.cases.queue.decision_routes:bp",
        "ar.cases.queue.hold_routes:bp",
        "ar.cases.queue.outcome_routes:bp",
    ),
    commands=("ar.cases.runs.cli:run_day_command", "ar.cases.runs.cli:simulate_command"),
    navigation=(
        NavLine(
            Heading.COLLECTIONS,
            10,
            mark("Calls and tasks"),
            "cases.queue",
            Permission.READ_TOTALS,
            query={"tab": "tasks"},
            waiting=open_work,
            counted_for=Permission.WORK_TASKS,
        ),
        NavLine(
            Heading.COLLECTIONS,
            20,
            mark("Letters"),
            "cases.queue",
            Permission.READ_TOTALS,
            also=("cases",),
            waiting=letters_to_release,
            counted_for=Permission.REVIEW_ACTIONS,
        ),
    ),
    messages=MESSAGES,
    events=EVENTS,
    fact_makers=FACT_MAKERS,
    jobs=(*jobs.JOBS, *report_mails.JOBS),
    recurring=jobs.RECURRING,
    mails=(*mails.MAILS, *report_mails.MAILS),
    checks=(cases_checks,),
    numbers=(NumberSeries("demand letter numbers", "DN-{year}", "action", "number", "DN-%"),),
    holds=hold_reasons,
    on_founding=publish_presets,
)
