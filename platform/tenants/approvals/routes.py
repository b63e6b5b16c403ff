"""Serves the inbox of approvals. One approval with its forms is in `approval_routes`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, request, url_for

from kernel.i18n import gettext as _
from kernel.ids import parse_uuid
from tenants.access import may, staff
from tenants.approvals import queries
from tenants.approvals.kinds import all_kinds, find_kind
from tenants.approvals.messages import STATE_NAMES, STATE_TONES
from tenants.permissions import ROLE_NAMES, Permission, Role
from web import filters
from web.context import actor, db
from web.paging import read_page
from web.responses import Page, render

bp = Blueprint("approvals", __name__, url_prefix="/approvals")

NAMES: dict[str, Any] = {"states": STATE_NAMES, "tones": STATE_TONES}


@dataclass(frozen=True)
class InboxFilters:
    """Filters of the inbox."""

    tab: str = filters.choice(*queries.TABS)
    q: str = filters.text()
    kind: str = filters.text(max_length=60)
    customer: str = filters.text(max_length=36)


@bp.get("/")
@staff(Permission.READ)
def index() -> Page:
    """Lists approvals: waiting for me, requested by me, open, decided."""
    wanted, asked, path = filters.read(InboxFilters, request.args), read_page(request.args), url_for("approvals.index")
    page = queries.inbox(
        db(),
        actor(),
        tab=wanted.tab,
        q=wanted.q,
        kind=wanted.kind,
        customer_id=parse_uuid(wanted.customer),
        offset=asked.offset,
        limit=asked.limit,
    )
    return render(
        "tenants/approvals/index.html",
        page=page,
        wanted=wanted,
        pager=asked.page(page.total, path, request.args),
        tabs=_tabs(page, wanted, path),
        active=filters.active(wanted, ignore=("tab",)),
        kind_options=[("", _("All kinds")), *((kind.code, _(kind.name)) for kind in all_kinds())],
        kind_name=kind_name,
        role_name=role_name,
        sees_stuck=administers(),
        may_set_chains=may(Permission.MANAGE_SETTINGS),
        **NAMES,
    )


def kind_name(code: str) -> str:
    """Returns the name of a kind; its code when no slice registers it any more."""
    kind = find_kind(code)
    return _(kind.name) if kind else code


def role_name(role: str) -> str:
    """Returns the name of a role."""
    return _(ROLE_NAMES[Role(role)])


def _tabs(page: queries.Inbox, wanted: InboxFilters, path: str) -> list[filters.Chip]:
    options: list[tuple[object, str] | tuple[object, str, int]] = [
        ("mine", _("Waiting for me"), page.mine),
        ("asked", _("Requested by me")),
        ("open", _("All open"), page.open),
        ("decided", _("Already decided")),
    ]
    if wanted.tab == "stuck" or (page.stuck and administers()):
        options.append(("stuck", _("Nobody can decide"), page.stuck))
    return filters.chips(wanted, "tab", options, path)


def administers() -> bool:
    """Returns True when the user may see and resolve approvals that nobody can decide."""
    return may(Permission.MANAGE_PEOPLE) or may(Permission.MANAGE_SETTINGS)
