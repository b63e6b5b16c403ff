"""The frame of every staff page: navigation with counts, company switcher, user. Read lazily.

Invariant: one statement for all counts, each bounded, so the frame costs the same for companies of any size.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import sqlalchemy as sa
from flask import g, request, url_for
from flask_login import current_user

from ar.cases.models import Action
from ar.statements.models import Confirmation, Statement
from kernel.actor import Actor
from kernel.db import columns
from kernel.i18n import gettext as _
from kernel.i18n import mark
from tenants.approvals.models import Approval
from tenants.approvals.queries import waits_for_person
from tenants.permissions import GRANTS, ROLE_NAMES, Permission, Role, allows
from web.formatters import datetime as write_datetime

COUNT_MAX = 1000


@dataclass(frozen=True)
class NavItem:
    """One rendered line of the navigation."""

    label: str
    url: str
    current: bool
    count: int | None = None


@dataclass(frozen=True)
class NavLine:
    """The definition of a navigation line; `also`: other blueprints or endpoints under it."""

    label: str
    endpoint: str
    permission: Permission = Permission.READ
    also: tuple[str, ...] = ()


SECTIONS = (
    (
        NavLine(mark("Today"), "overview.today"),
        NavLine(mark("Review queue"), "cases.queue"),
        NavLine(mark("Approvals"), "approvals.index", also=("approval_chains", "approval_substitutes")),
    ),
    (
        NavLine(mark("Customers"), "customers.index", also=("overview.customer", "card", "interest_terms.customer")),
        NavLine(mark("Receivables"), "ledger.index", also=("documents", "settling")),
        NavLine(mark("Statements"), "statements.index"),
        NavLine(mark("Aging"), "aging.index"),
        NavLine(mark("Key figures"), "figures.index"),
    ),
    (
        NavLine(mark("Matching"), "matching.index"),
        NavLine(mark("Bank statements"), "bank.index", also=("bank_accounts",)),
        NavLine(mark("Receipts"), "receipts.index", also=("refunds",)),
        NavLine(mark("Bills"), "bills.index"),
    ),
    (
        NavLine(mark("Late interest"), "interest.index", also=("interest_terms",)),
        NavLine(mark("Provision and bad debts"), "provisions.index", also=("bad_debts", "recoveries")),
        NavLine(mark("Accounts"), "accounts.index"),
        NavLine(mark("Periods"), "closing.periods", also=("closing", "rates")),
    ),
    (
        NavLine(mark("Import"), "imports.index", Permission.IMPORT),
        NavLine(mark("Journal"), "overview.journal", Permission.READ_JOURNAL),
        NavLine(mark("People"), "people.index", Permission.MANAGE_PEOPLE),
        NavLine(mark("Settings"), "settings.edit", Permission.MANAGE_SETTINGS),
    ),
)


@dataclass(frozen=True)
class CompanyLink:
    """A company the user can switch to."""

    name: str
    url: str
    current: bool


class Shell:
    """The template context of the frame (`shell`)."""

    def __init__(self) -> None:
        self.company = g.company
        self.person = {"name": current_user.name, "role": role_label(g.actor.roles)}
        self.search_url = url_for("overview.search") if allows(g.actor.roles, Permission.READ) else ""
        self.sign_out_url = url_for("auth.sign_out")
        self.language_url = url_for("auth.language")
        self.search_text = request.args.get("q", "") if request.endpoint == "overview.search" else ""
        self.as_of_text = _("As of %(moment)s", moment=write_datetime(g.actor.now))

    @cached_property
    def companies(self) -> list[CompanyLink]:
        return [
            CompanyLink(c.name, url_for("overview.today", company=c.slug), c.slug == g.company.slug)
            for c in current_user.companies
            if c.active
        ]

    @cached_property
    def nav(self) -> list[list[NavItem]]:
        counts = nav_counts(g.db, g.actor)
        counted = {
            "statements.index": counts.statements,
            "cases.queue": counts.actions,
            "approvals.index": counts.approvals,
        }
        return [
            [self._item(line, counted.get(line.endpoint)) for line in section if allows(g.actor.roles, line.permission)]
            for section in SECTIONS
        ]

    def _item(self, line: NavLine, count: int | None) -> NavItem:
        endpoint = request.endpoint or ""
        here = endpoint in line.also or endpoint == line.endpoint
        if not line.endpoint.startswith("overview."):
            here = here or endpoint.split(".")[0] in (line.endpoint.split(".")[0], *line.also)
        return NavItem(_(line.label), url_for(line.endpoint), here, count or None)


@dataclass(frozen=True)
class NavCounts:
    """Numbers of open tasks beside the navigation, at most COUNT_MAX each."""

    actions: int
    statements: int
    approvals: int


def nav_counts(db: Any, actor: Actor) -> NavCounts:
    """Counts open actions, unanswered statements and approvals waiting for this user, in one statement."""
    asked = {"tenant": actor.tenant_id, "person": actor.user_id, "today": actor.today}
    return NavCounts(*columns(db, _counting(), asked).one())


@cache
def _counting() -> sa.Select[Any]:
    """Builds the statement once; every page executes it."""
    a, s, c, tenant_id = Action, Statement, Confirmation, sa.bindparam("tenant", type_=sa.Uuid)
    one: sa.ColumnElement[int] = sa.literal_column("1")
    actions = sa.select(one).where(a.tenant_id == tenant_id, a.state == "proposed").limit(COUNT_MAX)
    answered = sa.select(c.id).where(c.tenant_id == tenant_id, c.statement_id == s.id).exists()
    unanswered = (
        sa.select(one)
        .where(s.tenant_id == tenant_id, s.superseded_at.is_(None), s.sent_to.is_not(None), ~answered)
        .limit(COUNT_MAX)
    )
    person, today = sa.bindparam("person", type_=sa.Uuid), sa.bindparam("today", type_=sa.Date)
    waiting = (
        sa.select(one)
        .select_from(Approval)
        .where(Approval.tenant_id == tenant_id, waits_for_person(tenant_id, person, today))
        .limit(COUNT_MAX)
    )
    return sa.select(
        sa.select(sa.func.count()).select_from(actions.subquery()).scalar_subquery(),
        sa.select(sa.func.count()).select_from(unanswered.subquery()).scalar_subquery(),
        sa.select(sa.func.count()).select_from(waiting.subquery()).scalar_subquery(),
    )


def role_label(roles: frozenset[str]) -> str:
    """Returns the user's roles as a short text, in the policy's order."""
    return " · ".join(_(ROLE_NAMES[role]) for role in Role if role.value in roles)


def context() -> dict[str, Any]:
    """Returns the template context: `shell` where there is a company, `may` for showing buttons."""
    if "actor" not in g or "company" not in g:
        return {}
    return {"shell": Shell(), "may": lambda name: allows(g.actor.roles, Permission(name))}


assert set(GRANTS) == set(Permission)  # noqa: S101 - a permission without grants is a programming error
