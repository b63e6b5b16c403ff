"""Says in SQL which letters and tasks wait for whom: for the queue, its commands, the counts and the decisions.

Invariants: a letter whose items are all paid is not offered, whatever its state (W3); conditions take bound values, so
that the navigation's statement is built once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import sqlalchemy as sa

from ar.cases.ladder.state import in_queue
from ar.cases.models import Action
from ar.cases.rules.policy import ADDRESSED_TO, DONE_BY
from ar.customers.lookups import reachable
from ar.customers.models import Contact, Customer
from kernel.actor import Actor
from tenants.permissions import Role

_TENANT: Final = sa.bindparam("tenant", type_=sa.Uuid)
_PERSON: Final = sa.bindparam("person", type_=sa.Uuid)
_ROLES: Final = sa.bindparam("roles", type_=sa.ARRAY(sa.Text))
_TODAY: Final = sa.bindparam("today", type_=sa.Date)

#: Roles that call the customers of every owner; a salesperson or sales manager calls those of their own.
WORK_FOR_ALL: Final = frozenset({Role.COLLECTOR, Role.FINANCE, Role.ACCOUNTANT, Role.FINANCE_DIRECTOR, Role.LEGAL})
#: Forms of what a person does; letters are released. By name, as the index of what waits begins with the form.
WORK: Final = ("call", "task")

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


def still_claims() -> Condition:
    """Returns the condition that something of the action is still open; also for one that is about no item.

    As it is kept with the action (ADR 0048): one that was locked while it was paid claims until the next run.
    """
    return Action.claims.expression


def in_tab(tab: str) -> tuple[Condition, ...]:
    """Returns the conditions of the actions that a tab of the queue shows and every counter of it counts."""
    forms, states = TABS[tab]
    # As the index of what waits says it; what went out is shown whatever it claims by now.
    claims = (still_claims(),) if tab in ("letters", "tasks") else ()
    return (Action.form.in_(forms), Action.state.in_(states), *claims)


def may_release(tenant_id: Any, roles: Any, *, of_all: bool = False) -> tuple[Condition, ...]:
    """Returns the conditions for letters that people of `roles` (a bound array) may release, of any day.

    Contacts are asked for letter by letter, since who counts up to a hundred would hash all of the company; `of_all`
    leaves that to the planner, for who counts every letter.
    """
    action, contact = Action, Contact
    reached = sa.select(contact.id).where(
        contact.tenant_id == tenant_id, contact.customer_id == action.customer_id, *reachable()
    )
    has_contact = reached.exists() if of_all else reached.offset(0).exists()
    has_role = sa.or_(action.release_role.is_(None), action.release_role == sa.any_(roles))
    return action.state == "proposed", action.form == "letter", has_role, has_contact, still_claims()


def letters_to_release(*, of_all: bool = False) -> sa.Select[Any]:
    """Selects the ids of the letters that the user may release today (binds: tenant, roles, today)."""
    action = Action
    return sa.select(action.id).where(
        action.tenant_id == _TENANT, *may_release(_TENANT, _ROLES, of_all=of_all), action.run_on <= _TODAY
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
    """Selects the ids of the open calls and tasks that are the user's today (binds: tenant, person, roles, today)."""
    action = Action
    return sa.select(action.id).where(
        action.tenant_id == _TENANT,
        action.form.in_(WORK),
        in_queue(),
        *is_work_of_today(),
        still_claims(),
    )


def is_work_of_today() -> tuple[Condition, ...]:
    """Returns the conditions of calls and tasks that the user does today (binds: tenant, person, roles, today)."""
    again_on = Action.again_on
    return (*is_work_of(_TENANT, _PERSON, _ROLES), sa.or_(again_on.is_(None), again_on <= _TODAY))


def is_work_of(tenant_id: Any, person_id: Any, roles: Any) -> tuple[Condition, ...]:
    """Returns the conditions of calls and tasks that a person of `roles` does.

    What a role does is that role's. The rest is the customer's owner's, and whose who work for every owner. What is
    first to be decided is nobody's work yet.
    """
    action, customer = Action, Customer
    owned = (customer.tenant_id == tenant_id, customer.id == action.customer_id)
    owner_is_reader = sa.exists().where(*owned, customer.owner_id == person_id).correlate(action)
    of_nobody = sa.exists().where(*owned, customer.owner_id.is_(None)).correlate(action)
    decided = sa.and_(
        action.code.not_in(list(ADDRESSED_TO)), sa.or_(action.release_role.is_(None), action.state == "approved")
    )
    by_role = sa.or_(
        *(sa.and_(action.code == code, sa.literal(role, sa.Text) == sa.any_(roles)) for code, role in DONE_BY.items())
    )
    by_owner = sa.and_(
        action.code.not_in(list(DONE_BY)),
        sa.or_(
            _any_role(WORK_FOR_ALL, roles),
            owner_is_reader,
            sa.and_(sa.literal(Role.SALES_MANAGER.value, sa.Text) == sa.any_(roles), of_nobody),
        ),
    )
    return decided, sa.or_(by_role, by_owner)


def _any_role(wanted: Iterable[Role], roles: Any) -> Condition:
    return sa.or_(*(sa.literal(role.value, sa.Text) == sa.any_(roles) for role in sorted(wanted)))
