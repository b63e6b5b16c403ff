"""Approval kind of write-offs above the company's limit.

Invariant: the approved amount is the one posted, in the transaction of the last decision.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from sqlalchemy.orm import Session

from ar.ledger.messages import WRITE_OFF_REASONS
from ar.ledger.receivables.settlement.write_offs import KIND, write_off_approved
from kernel.actor import Actor
from kernel.i18n import gettext as _
from kernel.i18n import mark
from tenants.approvals.kinds import Approved, ChainStep, Kind
from web.links import page_url


def _approve(db: Session, actor: Actor, approved: Approved) -> None:
    day = approved.facts.get("on")
    write_off_approved(
        db,
        actor,
        approved.subject_id,
        approved.amount_minor or 0,
        date.fromisoformat(day) if day else None,
        str(approved.facts["memo"]),
    )


def _url(approved: Approved) -> str:
    return page_url("ledger.show", item_id=approved.subject_id)


def _facts(facts: dict[str, Any]) -> list[tuple[str, str]]:
    reason = str(facts.get("reason", ""))
    return [
        (_("Document"), str(facts.get("document_no", ""))),
        (_("Reason"), _(WRITE_OFF_REASONS[reason]) if reason in WRITE_OFF_REASONS else reason),
    ]


WRITE_OFF: Final = Kind(
    code=KIND,
    name=mark("Write off a small difference"),
    chain=(ChainStep("finance_director", 0), ChainStep("general_manager", 100_000)),
    approve=_approve,
    url=_url,
    facts=_facts,
)
