"""Pages of limits that were taken over: those of one approval, and those for which nobody was asked yet.

Invariant: parse, authorise, one command or one query, render.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.credit.limits.inputs import AskForTakenOver
from ar.credit.limits.taken_over import commands, queries
from ar.credit.limits.taking_over import TAKE_OVER_KIND
from kernel.errors import NotFound
from kernel.i18n import gettext as _
from tenants.access import may, staff
from tenants.approvals.queries import approval_page
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank
from web.paging import read_page
from web.responses import Page, render

bp = Blueprint("taken_over", __name__, url_prefix="/credit/taken-over")


def _page(form: Form[Any], approval_id: UUID | None) -> str:
    tenant_id, asked = actor().tenant_id, read_page(request.args)
    approval = approval_page(db(), actor(), approval_id) if approval_id else None
    if approval is not None and approval.approval.kind != TAKE_OVER_KIND:
        raise NotFound("approval_not_found")
    sums = queries.taken_over_sums(db(), tenant_id, approval_id)
    path = url_for("taken_over.show", approval_id=approval_id) if approval_id else url_for("taken_over.index")
    total = sum(each.limits for each in sums)
    return render(
        "ar/credit/limits/taken_over/show.html",
        approval=approval,
        sums=sums,
        total=total,
        lines=queries.taken_over_lines(db(), tenant_id, approval_id, offset=asked.offset, limit=asked.limit),
        pager=asked.page(total, path, request.args),
        form=form,
        may_ask=approval is None and may(Permission.MANAGE_CREDIT),
    )


def _index_page(form: Form[Any]) -> str:
    return _page(form, None)


@bp.get("/")
@staff(Permission.READ)
def index() -> Page:
    """Shows the limits taken over for which nobody was asked yet."""
    return _index_page(blank())


@bp.get("/<uuid:approval_id>")
@staff(Permission.READ)
def show(approval_id: UUID) -> Page:
    """Shows the limits taken over that one approval decides on."""
    return _page(blank(), approval_id)


@bp.post("/")
@staff(Permission.MANAGE_CREDIT)
@command_form(AskForTakenOver, page=_index_page)
def ask(data: AskForTakenOver) -> Page:
    """Asks for the approval of all limits for which nobody was asked yet."""
    approval_id = commands.ask_for_taken_over(db(), actor(), data.reason)
    return done(_("The general manager is asked to decide on them."), "taken_over.show", approval_id=approval_id)
