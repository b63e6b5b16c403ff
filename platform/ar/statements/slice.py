"""Wires statements into the application: issuing, mailing, the debtor's answers."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from ar.statements import jobs
from ar.statements.checks import statement_checks
from ar.statements.events import EVENTS, FACT_MAKERS
from ar.statements.messages import MESSAGES
from ar.statements.models import Confirmation, Statement
from kernel.i18n import mark
from tenants.permissions import Permission
from tenants.slice import Heading, NavLine, NumberSeries, Slice


def _answers_late() -> sa.Select[Any]:
    """Selects the statements whose answer is past its day: somebody has to ask (binds: tenant, today)."""
    statement, confirmation, tenant_id = Statement, Confirmation, sa.bindparam("tenant", type_=sa.Uuid)
    answered = (
        sa.select(confirmation.id)
        .where(confirmation.tenant_id == tenant_id, confirmation.statement_id == statement.id)
        .exists()
    )
    return sa.select(statement.id).where(
        statement.tenant_id == tenant_id,
        statement.superseded_at.is_(None),
        statement.sent_to.is_not(None),
        statement.respond_by_on < sa.bindparam("today", type_=sa.Date),
        ~answered,
    )


SLICE: Final = Slice(
    name="statements",
    pages=(
        "ar.statements.routes:bp",
        "ar.statements.statement_routes:bp",
    ),
    commands=("ar.statements.cli:group",),
    navigation=(
        NavLine(
            Heading.STATEMENTS,
            10,
            mark("Statements"),
            "statements.index",
            waiting=_answers_late,
            counted_for=Permission.ISSUE_STATEMENT,
        ),
    ),
    messages=MESSAGES,
    events=EVENTS,
    fact_makers=FACT_MAKERS,
    jobs=jobs.JOBS,
    recurring=jobs.RECURRING,
    mails=jobs.MAILS,
    checks=(statement_checks,),
    numbers=(
        NumberSeries("statement numbers", "statement", "statement", "number", "ST-%"),
        NumberSeries("confirmation numbers", "confirmation", "confirmation", "reference", "CF-%"),
    ),
)
