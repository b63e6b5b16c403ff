"""Says in SQL which letters and tasks wait for whom: for the queue, its commands, the counts and the decisions.

Invariants: a letter whose items are all paid is not offered, whatever its state (W3); conditions take bound values, so
that the navigation's statement is built once.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from ar.cases.ladder.state import in_queue
from ar.cases.models import Action
from ar.cases.rules.policy import ADDRESSED_TO
from ar.customers.lookups import reachable
from ar.customers.models import Contact
from kernel.actor import Actor

_TENANT: Final = sa.bindparam("tenant", type_=sa.Uuid)
_ROLES: Final = sa.bindparam("roles", type_=sa.ARRAY(sa.Text))
_TODAY: Final = sa.bindparam("today", type_=sa.Date)

#: Forms of what a person does; letters are released. By name, as the index of what waits begins with the form.
WORK: Final = ("call", "task")

Condition = sa.ColumnElement[bool]


def roles_array(actor: Actor) -> sa.ColumnElement[Any]:
    """Returns the actor's roles as a bound array."""
    return sa.bindparam(None, sorted(actor.roles), type_=sa.ARRAY(sa.Text))


def still_claims() -> Condition:
    """Returns the condition that something of the action is still open; also for one that is about no item.

    As it is kept with the action (ADR 0048): one that was locked while it was paid claims until the next run.
    """
    return Action.claims.expression


def may_release(tenant_id: Any, roles: Any) -> tuple[Condition, ...]:
    """Returns the conditions for letters that people of `roles` (a bound array) may release, of any day."""
    action, contact = Action, Contact
    has_contact = (
        sa.select(contact.id)
        .where(contact.tenant_id == tenant_id, contact.customer_id == action.customer_id, *reachable())
        .offset(0)  # asked letter by letter: who counts up to a hundred would hash all contacts of the company
        .exists()
    )
    has_role = sa.or_(action.release_role.is_(None), action.release_role == sa.any_(roles))
    return action.state == "proposed", action.form == "letter", has_role, has_contact, still_claims()


def letters_to_release() -> sa.Select[Any]:
    """Selects the ids of the letters that the user may release today (binds: tenant, roles, today)."""
    action = Action
    return sa.select(action.id).where(
        action.tenant_id == _TENANT, *may_release(_TENANT, _ROLES), action.run_on <= _TODAY
    )


def tasks_to_decide() -> sa.Select[Any]:
    """Selects the ids of the tasks that wait for a role of the user's by name (binds: tenant, roles)."""
    return sa.select(Action.id).where(Action.tenant_id == _TENANT, *waits_for_role(_TENANT, _ROLES))


def waits_for_role(tenant_id: Any, roles: Any) -> tuple[Condition, ...]:
    """Returns the conditions of open calls and tasks that name one of `roles`, or are addressed to it."""
    action = Action
    addressed = sa.or_(
        *(
            sa.and_(action.code == code, sa.literal(role, sa.Text) == sa.any_(roles))
            for code, role in ADDRESSED_TO.items()
        )
    )
    named = sa.and_(action.state == "proposed", action.release_role == sa.any_(roles))
    return action.form.in_(WORK), in_queue(), sa.or_(named, addressed), still_claims()


def open_work() -> sa.Select[Any]:
    """Selects the ids of the open calls and tasks that the user may do (binds: tenant, roles)."""
    action = Action
    free = sa.or_(action.release_role.is_(None), action.state == "approved", action.release_role == sa.any_(_ROLES))
    return sa.select(action.id).where(
        action.tenant_id == _TENANT, action.form.in_(WORK), in_queue(), free, still_claims()
    )
