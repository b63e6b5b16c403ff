"""One action under its lock: what a decision depends on, who may decide, and how the decision is stored.

Invariant: the caller has taken the case lock before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.cases.ladder.step_texts import state_name
from ar.cases.models import Action
from kernel.actor import Actor
from kernel.errors import Conflict, Forbidden, NotFound
from kernel.i18n import gettext as _
from tenants.permissions import ROLE_NAMES, Role


@dataclass(frozen=True, slots=True)
class LockedAction:
    """The columns of an action on which a decision depends; its row is locked until COMMIT."""

    customer_id: UUID
    form: str
    code: str
    state: str
    run_on: date
    release_role: str | None
    decided_by: str | None
    decided_by_id: UUID | None
    deadline_on: date | None
    mail_id: UUID | None


def role_name(role: str | None) -> str:
    """Returns a role's name in the current language; an unknown code as it is."""
    roles = {each.value: each for each in Role}
    return _(ROLE_NAMES[roles[role]]) if role in roles else role or ""


def lock_action(db: Session, actor: Actor, action_id: UUID) -> LockedAction:
    """Locks one action until COMMIT. Raises NotFound(`action_not_found`)."""
    a = Action
    row = db.execute(
        sa.select(
            a.customer_id,
            a.form,
            a.code,
            a.state,
            a.run_on,
            a.release_role,
            a.decided_by,
            a.decided_by_id,
            a.deadline_on,
            a.mail_id,
        )
        .where(a.tenant_id == actor.tenant_id, a.id == action_id)
        .with_for_update()
    ).first()
    if row is None:
        raise NotFound("action_not_found")
    return LockedAction(**row._mapping)


def require_state(action: LockedAction, *states: str) -> None:
    """Raises Conflict(`action_decided`) where the action is in none of `states`."""
    if action.state not in states:
        raise Conflict("action_decided", name=action.decided_by or "Huikuan", state=state_name(action.state))


def require_role(actor: Actor, role: str | None) -> None:
    """Raises Forbidden(`approval_role_needed`) where the actor lacks the role that is named."""
    if role is not None and role not in actor.roles:
        raise Forbidden("approval_role_needed", role=role_name(role))


def decide(db: Session, actor: Actor, action_id: UUID, state: str, reason: str | None, **more: Any) -> None:
    """Stores a decision on an action: its state, who and when, and the reason; the caller records it in the journal."""
    update_action(db, actor, action_id, state=state, reason=reason, **decided_now_by(actor), **more)


def decided_now_by(actor: Actor) -> dict[str, Any]:
    """Returns the columns that say who decides, and when."""
    return {"decided_by": actor.name, "decided_by_id": actor.user_id, "decided_at": actor.now}


def is_same_person(actor: Actor, action: LockedAction) -> bool:
    """Compares accounts, since two people may share a name; an actor without account (command line) by name."""
    if actor.user_id is None:
        return action.decided_by_id is None and action.decided_by == actor.name
    return action.decided_by_id == actor.user_id


def action_facts(action: LockedAction) -> dict[str, Any]:
    """Returns what the journal says of an action."""
    return {"form": action.form, "code": action.code}


def update_action(db: Session, actor: Actor, action_id: UUID, **values: Any) -> None:
    """Changes columns of one action."""
    db.execute(sa.update(Action).where(Action.tenant_id == actor.tenant_id, Action.id == action_id).values(**values))
