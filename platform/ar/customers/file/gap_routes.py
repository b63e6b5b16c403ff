"""Serves the list of gaps in customer files: a salesperson's own, or by owner.

Invariant: parse, authorise, one query, render; nothing here writes.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, request, url_for

from ar.customers.file.gap_list import gap_lines
from ar.customers.file.routes import gap_text
from kernel.i18n import gettext as _
from tenants.access import staff
from tenants.permissions import Permission
from web import filters
from web.context import actor, db
from web.paging import read_page
from web.responses import Page, render

bp = Blueprint("file_gaps", __name__, url_prefix="/customers/gaps")


@dataclass(frozen=True)
class GapFilters:
    """Filters of the list."""

    owner: str = filters.choice("all", "mine", "nobody")
    state: str = filters.choice("all", "closed", "due")


@bp.get("/")
@staff(Permission.READ)
def index() -> Page:
    """Lists the customers whose files have gaps."""
    wanted, asked, path = filters.read(GapFilters, request.args), read_page(request.args), url_for("file_gaps.index")
    lines = gap_lines(db(), actor().tenant_id, actor().today)
    if wanted.owner != "all":
        owner_id = actor().user_id if wanted.owner == "mine" else None
        lines = [line for line in lines if line.owner_id == owner_id]
    closed = [line for line in lines if line.closes]
    due = [line for line in lines if not line.closes]
    shown = {"all": lines, "closed": closed, "due": due}[wanted.state]
    states = [("all", _("All"), len(lines))]
    states += [("closed", _("Gate closed"), len(closed)), ("due", _("To renew"), len(due))]
    owners = [("all", _("Everyone's")), ("mine", _("Mine")), ("nobody", _("Nobody's"))]
    return render(
        "ar/customers/file/index.html",
        rows=shown[asked.offset : asked.offset + asked.limit],
        gap_text=gap_text,
        state_chips=filters.chips(wanted, "state", states, path),
        owner_chips=filters.chips(wanted, "owner", owners, path),
        pager=asked.page(len(shown), path, request.args),
    )
