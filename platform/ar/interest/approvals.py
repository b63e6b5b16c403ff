"""Registers the approval of larger waivers of interest: its chain of approvers and its effect.

Invariant: the waiver is posted in the transaction of the last decision, or the decision is refused.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from ar.interest.waivers import WAIVE, waive_approved
from kernel.actor import Actor
from kernel.i18n import gettext as _
from kernel.i18n import mark
from tenants.approvals.kinds import Approved, ChainStep, Kind
from tenants.permissions import Role
from web.links import page_url


def _approve(db: Session, actor: Actor, approved: Approved) -> None:
    on = approved.facts.get("effective_on")
    waive_approved(
        db,
        actor,
        approved.subject_id,
        approved.amount_minor or 0,
        approved.reason,
        date.fromisoformat(on) if on else None,
        approved.id,
    )


def _url(approved: Approved) -> str:
    return page_url("interest.charge", charge_id=approved.subject_id)


def _facts(facts: dict[str, Any]) -> list[tuple[str, str]]:
    return [(_("Interest document"), str(facts["document_no"]))]


APPROVALS: tuple[Kind, ...] = (
    Kind(
        code=WAIVE,
        name=mark("Waive late interest"),
        chain=(ChainStep(Role.FINANCE_DIRECTOR.value, 0),),
        approve=_approve,
        url=_url,
        facts=_facts,
    ),
)
