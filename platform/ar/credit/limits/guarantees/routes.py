"""Page of the guarantees of all customers: what comes to an end, what must be claimed, and by when.

Invariant: parse, authorise, one query, render.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, request, url_for

from ar.credit.limits.guarantees import queries
from ar.credit.limits.messages import GUARANTEE_NAMES, GUARANTEE_VIEWS
from kernel.i18n import gettext as _
from tenants.access import staff
from tenants.permissions import Permission
from web import filters
from web.context import actor, db
from web.paging import read_page
from web.responses import Page, render

bp = Blueprint("guarantees", __name__, url_prefix="/credit/guarantees")


@dataclass(frozen=True)
class GuaranteeFilters:
    """Filters of the list in the URL."""

    show: str = filters.choice("all", *queries.VIEWS)


@bp.get("/")
@staff(Permission.READ)
def index() -> Page:
    """Lists the guarantees, the nearest deadline first."""
    wanted, asked = filters.read(GuaranteeFilters, request.args), read_page(request.args)
    path, today = url_for("guarantees.index"), actor().today
    lines, counts = queries.guarantee_lines(
        db(), actor().tenant_id, today, wanted.show, offset=asked.offset, limit=asked.limit
    )
    options = [(code, _(name), counts[code]) for code, name in GUARANTEE_VIEWS.items()]
    return render(
        "ar/credit/limits/guarantees/index.html",
        lines=lines,
        total=counts[wanted.show],
        today=today,
        names=GUARANTEE_NAMES,
        chips=filters.chips(wanted, "show", options, path),
        pager=asked.page(counts[wanted.show], path, request.args),
    )
