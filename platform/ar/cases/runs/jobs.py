"""Jobs of cases: the daily run, papers of released letters, disputes from statements.

Invariant: handlers are idempotent.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.cases.holds.commands import place_hold
from ar.cases.holds.inputs import PlaceHold
from ar.cases.letters.sending import prepare_letters
from ar.cases.models import CollectionHold
from ar.cases.runs.commands import run_day
from ar.cases.runs.recording import PREPARE_LETTERS
from ar.statements.inputs import REASONS
from ar.statements.models import Difference, Statement
from kernel.actor import Actor
from kernel.i18n import gettext as _
from tenants.slice import Job, Recurring

RUN_DAY: Final = "cases.run_day"


def run_the_day(db: Session, actor: Actor, _payload: dict[str, Any]) -> None:
    """Runs the day at the tenant's local time; the next run makes up for a missed one."""
    run_day(db, actor)


def prepare_letters_released(db: Session, actor: Actor, _payload: dict[str, Any]) -> None:
    """Prints and queues the letters that were released together."""
    prepare_letters(db, actor, PREPARE_LETTERS)


def hold_disputed_documents(db: Session, actor: Actor, payload: dict[str, Any]) -> None:
    """Places a hold on each document that the debtor disputes, and on no other, until it is lifted."""
    if payload["outcome"] != "differs":
        return
    difference, statement, hold = Difference, Statement, CollectionHold
    disputed = sa.exists().where(
        hold.tenant_id == actor.tenant_id,
        hold.item_id == difference.item_id,
        hold.kind == "dispute",
        hold.lifted_at.is_(None),
    )
    rows = db.execute(
        sa.select(statement.customer_id, difference.item_id, difference.reason, difference.note)
        .select_from(difference)
        .join(
            statement,
            sa.and_(statement.tenant_id == difference.tenant_id, statement.id == UUID(payload["statement_id"])),
        )
        .where(
            difference.tenant_id == actor.tenant_id,
            statement.tenant_id == actor.tenant_id,
            difference.confirmation_id == UUID(payload["confirmation_id"]),
            difference.item_id.is_not(None),
            ~disputed,
        )
        .order_by(difference.position)
    ).all()
    for row in rows:
        reason = _(REASONS[row.reason]) if row.reason in REASONS else row.reason
        text = f"{reason}: {row.note}" if row.note else reason
        place_hold(
            db,
            actor,
            PlaceHold(customer_id=row.customer_id, item_id=row.item_id, kind="dispute", reason=text[:500]),
        )


JOBS: Final = (
    Job(RUN_DAY, run_the_day),
    Job(PREPARE_LETTERS, prepare_letters_released),
    Job("statements.answered", hold_disputed_documents),
)
RECURRING: Final = (Recurring(RUN_DAY),)
