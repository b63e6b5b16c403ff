"""Builds the frame of every staff page: navigation with counts, company switcher, user; loaded lazily.

Invariant: one statement for all counts, each bounded, so the frame costs the same for companies of any size.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from operator import attrgetter
from typing import Any, Final

import sqlalchemy as sa
from flask import g, request, url_for
from flask_login import current_user

from app.slices import SLICES
from kernel.actor import Actor
from kernel.db import columns
from kernel.i18n import gettext as _
from tenants.permissions import GRANTS, ROLE_NAMES, Permission, Role, allows
from tenants.slice import HEADING_NAMES, Heading, NavLine
from web.formatters import COUNTED_MAX
from web.formatters import datetime as write_datetime


@dataclass(frozen=True)
class NavItem:
    """One rendered page of the navigation."""

    label: str
    url: str
    current: bool
    count: int | None = None


@dataclass(frozen=True)
class NavHeading:
    """One rendered heading with the pages that the reader uses; `count` is what waits on them."""

    label: str
    pages: tuple[NavItem, ...]

    @property
    def current(self) -> bool:
        """Returns whether the shown page stands under this heading."""
        return any(item.current for item in self.pages)

    @property
    def count(self) -> int | None:
        """Returns how much waits under this heading; None where nothing does."""
        return sum(item.count or 0 for item in self.pages) or None


def _lines_under(heading: Heading) -> Iterator[NavLine]:
    return (line for each in SLICES for line in each.navigation if line.heading is heading)


#: The pages of each heading, each in its order.
HEADINGS: Final[Mapping[Heading, tuple[NavLine, ...]]] = {
    heading: tuple(sorted(_lines_under(heading), key=attrgetter("position"))) for heading in Heading
}


@dataclass(frozen=True)
class BarItem:
    """One place of the bar at the foot of a phone."""

    label: str
    icon: str
    url: str
    current: bool
    count: int | None = None


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
        self.account_url = url_for("account.show")
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
    def nav(self) -> tuple[NavHeading, ...]:
        counted, current = nav_counts(g.db, g.actor), _current_line()
        urls = _urls(request.root_path, g.company.slug)
        found = []
        for heading, lines in HEADINGS.items():
            items = tuple(
                NavItem(_(line.label), urls[_key(line)], line is current, counted.get(_key(line)) or None)
                for line in lines
                if _is_used(line, counted)
            )
            if items:
                found.append(NavHeading(_(HEADING_NAMES[heading]), items))
        return tuple(found)

    @cached_property
    def bar(self) -> tuple[BarItem, ...]:
        """The five places of a phone's bar; those that the role does not use are left out.

        Who reads no accounts has the goods in place of Today.
        """
        pages = {item.url: item for heading in self.nav for item in heading.pages}
        more = BarItem(_("More"), "menu", url_for("overview.pages"), request.endpoint == "overview.pages")
        if not self.search_url:
            goods = (("warehouse.warehouse", "box"), ("driver.driver", "truck"), ("deliveries.index", "file"))
            return (*_places(pages, goods), more)
        found = [
            BarItem(_("Today"), "clock", url_for("overview.today"), request.endpoint == "overview.today"),
            BarItem(_("Search"), "search", self.search_url, request.endpoint == "overview.search"),
        ]
        if allows(g.actor.roles, Permission.WORK_TASKS) and (calls := url_for("cases.queue", tab="tasks")) in pages:
            found.append(BarItem(_("Call"), "phone", calls, pages[calls].current, pages[calls].count))
        else:
            found += _places(pages, (("warehouse.warehouse", "box"),))
        if (decisions := url_for("decisions.index")) in pages:
            found.append(BarItem(_("To decide"), "check", decisions, pages[decisions].current, pages[decisions].count))
        return (*found, more)


def _places(pages: Mapping[str, NavItem], wanted: Iterable[tuple[str, str]]) -> list[BarItem]:
    """Returns the places of these (endpoint, icon) that the reader uses, as the navigation names them."""
    used = ((pages[url], icon) for endpoint, icon in wanted if (url := url_for(endpoint)) in pages)
    return [BarItem(page.label, icon, page.url, page.current, page.count) for page, icon in used]


def _key(line: NavLine) -> str:
    """Returns a name of the line that serves as a column's label."""
    return "_".join((line.endpoint.replace(".", "_"), *line.query.values()))


@lru_cache(maxsize=1024)
def _urls(_mounted_at: str, company: str) -> Mapping[str, str]:
    """Returns the address of every page by `_key`: what it depends on is the mount point and the company."""
    every = (line for lines in HEADINGS.values() for line in lines)
    return {_key(line): url_for(line.endpoint, company=company, **dict[str, Any](line.query)) for line in every}


def _is_used(line: NavLine, counted: Mapping[str, int]) -> bool:
    return allows(g.actor.roles, line.permission) or bool(counted.get(_key(line)))


def _current_line() -> NavLine | None:
    """Returns the page of the navigation that the request shows, or that it belongs to."""
    endpoint = request.endpoint or ""
    blueprint, lines = endpoint.split(".")[0], [line for each in HEADINGS.values() for line in each]
    exact = [line for line in lines if line.endpoint == endpoint or endpoint in line.also]
    asked = [line for line in exact if line.query and set(line.query.items()) <= set(request.args.items())]
    plain = [line for line in exact if not line.query]
    own = [line for line in lines if blueprint in line.also]
    near = [line for line in lines if line.endpoint.split(".")[0] == blueprint != "overview"]
    return next(iter((*asked, *plain, *own, *near)), None)


def nav_counts(db: Any, actor: Actor) -> dict[str, int]:
    """Returns how many rows wait for the actor, at most COUNTED_MAX each, by `_key`. At most one statement."""
    wanted = tuple(
        line
        for lines in HEADINGS.values()
        for line in lines
        if line.waiting and allows(actor.roles, line.counted_for or line.permission)
    )
    if not wanted:
        return {}
    asked = {
        "tenant": actor.tenant_id,
        "person": actor.user_id,
        "roles": sorted(actor.roles),
        "today": actor.today,
        "may_release": allows(actor.roles, Permission.REVIEW_ACTIONS),
    }
    return dict(columns(db, _counting(tuple(_key(line) for line in wanted)), asked).one()._mapping)


@cache
def _counting(keys: tuple[str, ...]) -> sa.Select[Any]:
    """Returns the statement. Cached, since every page runs it."""
    count = sa.func.count()
    waiting = {_key(line): line.waiting() for lines in HEADINGS.values() for line in lines if line.waiting}
    return sa.select(
        *(
            sa.select(count).select_from(waiting[key].limit(COUNTED_MAX).subquery()).scalar_subquery().label(key)
            for key in keys
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
