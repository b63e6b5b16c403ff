"""Serves the list of over-limit requests and one request, which prints as Annex 2.

Invariant: parse, authorise, one command or one query, render. The form is on the page of the order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.credit.checks.reasons import reason_sentences, reasons_of
from ar.credit.checks.requests import commands, queries
from ar.credit.checks.requests.inputs import WithdrawOverLimit
from ar.credit.limits.messages import REQUEST_STATES
from kernel.errors import Forbidden
from kernel.i18n import gettext as _
from tenants.access import may, staff
from tenants.approvals.rows import decisions
from tenants.permissions import ROLE_NAMES, Permission, Role
from web import filters
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank
from web.paging import read_page
from web.responses import Page, render

bp = Blueprint("over_limit", __name__, url_prefix="/credit/over-limit")


@dataclass(frozen=True)
class RequestFilters:
    """Filters of the list in the URL."""

    state: str = filters.choice("all", *REQUEST_STATES)


@bp.get("/")
@staff(Permission.READ)
def index() -> Page:
    """Lists the requests, the newest first."""
    wanted, asked, path = (
        filters.read(RequestFilters, request.args),
        read_page(request.args),
        url_for("over_limit.index"),
    )
    rows, counts = queries.over_limit_requests(
        db(), actor().tenant_id, state=wanted.state, offset=asked.offset, limit=asked.limit
    )
    every = sum(counts.values())
    total = every if wanted.state == "all" else counts.get(wanted.state, 0)
    options = [("all", _("All"), every)]
    options += [(code, _(name), counts.get(code, 0)) for code, (name, _tone) in REQUEST_STATES.items()]
    return render(
        "ar/credit/checks/requests/index.html",
        rows=rows,
        total=total,
        chips=filters.chips(wanted, "state", options, path),
        pager=asked.page(total, path, request.args),
        states=REQUEST_STATES,
    )


def _request_page(form: Form[Any], request_id: UUID) -> str:
    found = queries.over_limit_request(db(), actor().tenant_id, request_id)
    return render(
        "ar/credit/checks/requests/show.html",
        found=found,
        sentences=reason_sentences(reasons_of(found.reasons)),
        decisions=[] if found.approval_id is None else decisions(db(), actor().tenant_id, found.approval_id),
        role_name=_role_name,
        form=form,
        states=REQUEST_STATES,
        may_request=may(Permission.EDIT_ORDERS),
    )


@bp.get("/<uuid:request_id>")
@staff(Permission.READ)
def show(request_id: UUID) -> Page:
    """Shows one request with its figures and every decision."""
    return _request_page(blank(), request_id)


@bp.post("/<uuid:request_id>/withdrawal")
@staff(Permission.EDIT_ORDERS)
@command_form(WithdrawOverLimit, page=_request_page, also=(Forbidden,))
def withdraw(data: WithdrawOverLimit, request_id: UUID) -> Page:
    """Withdraws a request before it is decided."""
    commands.withdraw_over_limit(db(), actor(), request_id, data.reason)
    return done(_("The request is withdrawn."), "over_limit.show", request_id=request_id)


def _role_name(role: str) -> str:
    return _(ROLE_NAMES[Role(role)])
