"""Builds the frame of every staff page: navigation with counts, company switcher, user; loaded lazily.

Invariant: one statement for all counts, each bounded, so the frame costs the same for companies of any size.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Final

import sqlalchemy as sa
from flask import g, request, url_for
from flask_login import current_user

from app.slices import SLICES
from kernel.actor import Actor
from kernel.db import columns
from kernel.i18n import gettext as _
from tenants.permissions import GRANTS, ROLE_NAMES, Permission, Role, allows
from tenants.slice import NavLine, Section
from web.formatters import datetime as write_datetime

COUNT_MAX = 1000


def _position(line: NavLine) -> int:
    return line.position


@dataclass(frozen=True)
class NavItem:
    """One rendered line of the navigation."""

    label: str
    url: str
    current: bool
    count: int | None = None


#: The navigation by section, each in its order.
SECTIONS: Final[tuple[tuple[NavLine, ...], ...]] = tuple(
    tuple(sorted((line for each in SLICES for line in each.navigation if line.section is section), key=_position))
    for section in Section
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
        counted = nav_counts(g.db, g.actor)
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


def nav_counts(db: Any, actor: Actor) -> dict[str, int]:
    """Returns the number of waiting rows, at most COUNT_MAX each, by the endpoint of the line. One statement."""
    asked = {"tenant": actor.tenant_id, "person": actor.user_id, "today": actor.today}
    return dict(columns(db, _counting(), asked).one()._mapping)


@cache
def _counting() -> sa.Select[Any]:
    """Returns the statement. Cached, since every page runs it."""
    count = sa.func.count()
    waiting = {line.endpoint: line.waiting() for section in SECTIONS for line in section if line.waiting}
    return sa.select(
        *(
            sa.select(count).select_from(each.limit(COUNT_MAX).subquery()).scalar_subquery().label(endpoint)
            for endpoint, each in waiting.items()
        )
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
