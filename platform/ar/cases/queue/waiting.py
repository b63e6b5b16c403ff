"""Says in SQL which letters and tasks wait for whom: for the queue, its commands, the counts and the decisions.

Invariants: a letter whose items are all paid is not offered, whatever its state (W3); conditions take bound values, so
that the navigation's statement is built once.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from ar.cases.ladder.state import PENDING, in_queue
from ar.cases.models import Action, StepTaken
from ar.cases.rules.policy import ADDRESSED_TO
from ar.customers.lookups import reachable
from ar.customers.models import Contact
from ar.ledger.models import OpenItem
from kernel.actor import Actor

_TENANT: Final = sa.bindparam("tenant", type_=sa.Uuid)
_ROLES: Final = sa.bindparam("roles", type_=sa.ARRAY(sa.Text))
_TODAY: Final = sa.bindparam("today", type_=sa.Date)

Condition = sa.ColumnElement[bool]

#: The tabs of the queue: which forms and states each shows.
TABS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "letters": (("letter",), ("proposed",)),
    "tasks": (("call", "task"), ("proposed", "approved")),
    "problems": (("letter",), ("failed", "unknown")),
    "outgoing": (("letter",), ("approved", "sending")),
}
#: (form, state) of the actions that need a person before anything happens.
WAITING: Final = tuple((form, state) for tab in ("letters", "tasks") for form in TABS[tab][0] for state in TABS[tab][1])


def roles_array(actor: Actor) -> sa.ColumnElement[Any]:
    """Returns the actor's roles as a bound array."""
    return sa.bindparam(None, sorted(actor.roles), type_=sa.ARRAY(sa.Text))


def still_claims(tenant_id: Any) -> Condition:
    """Returns the condition that something of the action is still open; also for one that is about no item."""
    step, item = StepTaken, OpenItem
    of_action = (step.tenant_id == tenant_id, step.action_id == Action.id)
    still_open = (
        sa.select(step.id)
        .join(item, sa.and_(item.tenant_id == tenant_id, item.id == step.item_id))
        .where(*of_action, step.state.in_(PENDING), item.open_minor > 0)
        .offset(0)  # asked action by action: hashed, every step and item of the company would be read for a few
        .exists()
    )
    return sa.or_(still_open, ~sa.exists().where(*of_action))


def offered(tenant_id: Any) -> Condition:
    """Returns the condition that the queue shows an action: what was paid meanwhile is neither released nor done.

    What bounced or is in doubt stays until a person decides on it, paid or not.
    """
    return sa.or_(~in_queue(), still_claims(tenant_id))


def in_tab(tenant_id: Any, tab: str) -> tuple[Condition, ...]:
    """Returns the conditions of the actions that a tab of the queue shows and every counter of it counts."""
    forms, states = TABS[tab]
    return Action.form.in_(forms), Action.state.in_(states), offered(tenant_id)


def may_release(tenant_id: Any, roles: Any) -> tuple[Condition, ...]:
    """Returns the conditions for letters that people of `roles` (a bound array) may release, of any day."""
    action, contact = Action, Contact
    has_contact = sa.exists().where(
        contact.tenant_id == tenant_id, contact.customer_id == action.customer_id, *reachable()
    )
    has_role = sa.or_(action.release_role.is_(None), action.release_role == sa.any_(roles))
    return action.state == "proposed", action.form == "letter", has_role, has_contact, still_claims(tenant_id)


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
    return action.form != "letter", in_queue(), sa.or_(named, addressed), still_claims(tenant_id)


def open_work() -> sa.Select[Any]:
    """Selects the ids of the open calls and tasks that the user may do (binds: tenant, roles)."""
    action = Action
    free = sa.or_(action.release_role.is_(None), action.state == "approved", action.release_role == sa.any_(_ROLES))
    return sa.select(action.id).where(
        action.tenant_id == _TENANT, action.form != "letter", in_queue(), free, still_claims(_TENANT)
    )
