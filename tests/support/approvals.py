"""People who ask and decide, for tests of whatever waits for an approval."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from itertools import count
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import journal
from kernel.actor import Actor
from kernel.errors import RuleBroken
from kernel.ids import new_id
from tenants.approvals.engine import ApprovalRequest, decide, request
from tenants.approvals.kinds import Approved, ChainStep, Kind
from tenants.approvals.models import Approval
from tenants.people.commands import invite_person
from tenants.people.inputs import InvitePerson
from tenants.permissions import Role
from tests.support.companies import TestCompany

_numbers = count(1)


def _done(db: Session, actor: Actor, approved: Approved) -> None:
    """Records the effect of a probe, then refuses where the facts say so: the trace must be taken back with it."""
    journal.record(db, actor, "probe_done", subject_id=approved.subject_id, data={"state": approved.state})
    if approved.facts.get("refuse"):
        raise RuleBroken("person_removed")


PROBE = Kind(
    "probe",
    "Refund",
    (ChainStep("finance_director"), ChainStep("general_manager", 1_000_00)),
    approve=_done,
    reject=_done,
    facts=lambda facts: [("Document", facts["document"])] if "document" in facts else None,
)


def ask_probe(company: TestCompany, asker: Actor, amount_minor: int | None = 500_00, **values: Any) -> UUID:
    """Asks for an approval of the kind PROBE (install it by `kinds.also`), in a transaction of its own."""
    given = {"currency": "CNY" if amount_minor is not None else None, "customer_id": None, "reason": "多付了"} | values
    subject_id = given.pop("subject_id", None) or new_id()
    with company.transaction() as db:
        return request(db, asker, ApprovalRequest("probe", subject_id, amount_minor=amount_minor, **given))


def person(company: TestCompany, *roles: str, today: date | None = None, name: str = "") -> Actor:
    """Invites a new member with these roles; returns the member, acting on `today`."""
    number = next(_numbers)
    named = name or f"{'/'.join(roles)} {number}"
    email = f"decider-{number}@{company.slug}.example"
    with company.transaction() as db:
        data = InvitePerson(email=email, name=named, roles=[Role(role) for role in roles])
        user_id = invite_person(db, company.actor(), data)
    return company.actor(today, roles, named, user_id)


def on(actor: Actor, company: TestCompany, today: date) -> Actor:
    """Returns the same person on another day."""
    return replace(company.actor(today, actor.roles, actor.name, actor.user_id), roles=actor.roles)


def open_step(company: TestCompany, approval_id: UUID) -> tuple[str, str | None, int]:
    """Returns (state, role it waits for, decided steps) of an approval."""
    a = Approval
    with company.reading() as db:
        row = db.execute(
            sa.select(a.state, a.waits_for, a.step).where(a.tenant_id == company.tenant_id, a.id == approval_id)
        ).one()
    return row.state, row.waits_for, row.step


def decide_as(
    company: TestCompany, actor: Actor, approval_id: UUID, *, approve: bool = True, reason: str = "看过了"
) -> str:
    """Decides as one person, in a transaction of its own; returns the state the approval has then."""
    with company.transaction() as db:
        return decide(db, actor, approval_id, approve=approve, reason=reason)


def approve_all(company: TestCompany, approval_id: UUID, today: date | None = None) -> list[Actor]:
    """Approves every step that is left, each by a new person of its role; returns who decided."""
    who: list[Actor] = []
    while True:
        state, role, _step = open_step(company, approval_id)
        if state != "pending" or role is None:
            return who
        who.append(person(company, role, today=today))
        decide_as(company, who[-1], approval_id)


def everybody(company: TestCompany, roles: Iterable[str] = ("finance_director", "general_manager")) -> dict[str, Actor]:
    """Invites one person per role: without them a request is refused, as nobody could decide."""
    return {role: person(company, role) for role in roles}
