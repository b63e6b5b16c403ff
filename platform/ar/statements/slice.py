"""What statements bring to the application: issuing, mailing, the debtor's answers."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from ar.statements import jobs
from ar.statements.doctor import statement_checks
from ar.statements.events import EVENTS, FACT_MAKERS
from ar.statements.messages import MESSAGES
from ar.statements.models import Confirmation, Statement
from kernel.i18n import mark
from tenants.slice import NavLine, NumberSeries, Section, Slice


def _unanswered() -> sa.Select[Any]:
    s, c, tenant_id = Statement, Confirmation, sa.bindparam("tenant", type_=sa.Uuid)
    answered = sa.select(c.id).where(c.tenant_id == tenant_id, c.statement_id == s.id).exists()
    return sa.select(s.id).where(s.tenant_id == tenant_id, s.superseded_at.is_(None), s.sent_to.is_not(None), ~answered)


SLICE: Final = Slice(
    name="statements",
    pages=(
        "ar.statements.routes:bp",
        "ar.statements.statement_routes:bp",
    ),
    commands=("ar.statements.cli:group",),
    navigation=(NavLine(Section.RECEIVABLES, 30, mark("Statements"), "statements.index", waiting=_unanswered),),
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
