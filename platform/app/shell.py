"""What stands around every staff page: navigation with counts, company switcher, person. Read lazily.

Invariant: one statement for all counts, each bounded, so the frame of a page costs the same for every size.
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
from kernel.db import columns
from kernel.i18n import gettext as _
from tenants.permissions import GRANTS, ROLE_NAMES, Permission, Role, allows
from web.formatters import datetime as write_datetime

COUNT_MAX = 1000


@dataclass(frozen=True)
class NavItem:
    """One line of the navigation."""

    label: str
    url: str
    current: bool
    count: int | None = None


@dataclass(frozen=True)
class CompanyLink:
    """A company to switch to."""

    name: str
    url: str
    current: bool


class Shell:
    """The frame's context for templates (`shell`)."""

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
        counts = nav_counts(g.db, g.company.tenant_id)
        work = [
            (_("Today"), "overview.today", Permission.READ, None),
            (_("Customers"), "customers.index", Permission.READ, None),
            (_("Receivables"), "ledger.index", Permission.READ, None),
            (_("Statements"), "statements.index", Permission.READ, counts.statements),
            (_("Review queue"), "cases.queue", Permission.READ, counts.actions),
        ]
        desk = [
            (_("Aging"), "aging.index", Permission.READ, None),
            (_("Import"), "imports.index", Permission.IMPORT, None),
            (_("Journal"), "overview.journal", Permission.READ_JOURNAL, None),
            (_("People"), "people.index", Permission.MANAGE_PEOPLE, None),
            (_("Settings"), "settings.edit", Permission.MANAGE_SETTINGS, None),
        ]
        sections = []
        for section in (work, desk):
            shown = [self._item(*line) for line in section if allows(g.actor.roles, line[2])]
            sections.append(shown)
        return sections

    def _item(self, label: str, endpoint: str, _permission: Permission, count: int | None) -> NavItem:
        here = (request.endpoint or "").split(".")[0] == endpoint.split(".")[0]
        if endpoint.startswith("overview."):
            here = request.endpoint == endpoint
        if request.endpoint == "overview.customer":
            here = endpoint == "customers.index"
        return NavItem(label, url_for(endpoint), here, count or None)


@dataclass(frozen=True)
class NavCounts:
    """What waits for somebody, at most COUNT_MAX each."""

    actions: int
    statements: int


def nav_counts(db: Any, tenant_id: Any) -> NavCounts:
    """Open actions and unanswered statements, in one statement."""
    return NavCounts(*columns(db, _counting(), {"tenant": tenant_id}).one())


@cache
def _counting() -> sa.Select[Any]:
    """Built once: every page asks it."""
    a, s, c, tenant_id = Action, Statement, Confirmation, sa.bindparam("tenant", type_=sa.Uuid)
    one: sa.ColumnElement[int] = sa.literal_column("1")
    actions = sa.select(one).where(a.tenant_id == tenant_id, a.state == "proposed").limit(COUNT_MAX)
    answered = sa.select(c.id).where(c.tenant_id == tenant_id, c.statement_id == s.id).exists()
    unanswered = (
        sa.select(one)
        .where(s.tenant_id == tenant_id, s.superseded_at.is_(None), s.sent_to.is_not(None), ~answered)
        .limit(COUNT_MAX)
    )
    return sa.select(
        sa.select(sa.func.count()).select_from(actions.subquery()).scalar_subquery(),
        sa.select(sa.func.count()).select_from(unanswered.subquery()).scalar_subquery(),
    )


def role_label(roles: frozenset[str]) -> str:
    """The person's roles as a short text, in the policy's order."""
    return " · ".join(_(ROLE_NAMES[role]) for role in Role if role.value in roles)


def context() -> dict[str, Any]:
    """The context processor: `shell` where there is a company, `may` for showing buttons."""
    if "actor" not in g or "company" not in g:
        return {}
    return {"shell": Shell(), "may": lambda name: allows(g.actor.roles, Permission(name))}


assert set(GRANTS) == set(Permission)  # noqa: S101 - a permission without grants is a programming error
