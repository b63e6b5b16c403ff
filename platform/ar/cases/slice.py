"""Wires cases into the application: the daily run, letters, tasks, holds, policies."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from ar.cases.events import EVENTS, FACT_MAKERS
from ar.cases.ladder.checks import cases_checks
from ar.cases.ladder.policy_versions import publish_presets
from ar.cases.messages import MESSAGES
from ar.cases.models import Action
from ar.cases.queue.mails import MAILS
from ar.cases.runs import jobs
from kernel.i18n import mark
from tenants.slice import NavLine, NumberSeries, Section, Slice


def _proposed_actions() -> sa.Select[Any]:
    return sa.select(Action.id).where(
        Action.tenant_id == sa.bindparam("tenant", type_=sa.Uuid), Action.state == "proposed"
    )


SLICE: Final = Slice(
    name="cases",
    pages=(
        "ar.cases.queue.routes:bp",
        "ar.cases.queue.decision_routes:bp",
        "ar.cases.queue.hold_routes:bp",
    ),
    commands=("ar.cases.runs.cli:run_day_command", "ar.cases.runs.cli:simulate_command"),
    navigation=(NavLine(Section.WORK, 20, mark("Review queue"), "cases.queue", waiting=_proposed_actions),),
    messages=MESSAGES,
    events=EVENTS,
    fact_makers=FACT_MAKERS,
    jobs=jobs.JOBS,
    recurring=jobs.RECURRING,
    mails=MAILS,
    checks=(cases_checks,),
    numbers=(NumberSeries("demand letter numbers", "DN-{year}", "action", "number", "DN-%"),),
    on_founding=publish_presets,
)
