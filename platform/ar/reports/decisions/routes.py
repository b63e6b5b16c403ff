"""Serves the list of what waits for the reader's decision; each is decided on its own page."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, request, url_for

from ar.reports.decisions import queries
from kernel.i18n import gettext as _
from tenants.access import staff
from tenants.permissions import Permission
from web import filters
from web.context import actor, db
from web.responses import Page, render

bp = Blueprint("decisions", __name__, url_prefix="/decisions")


@dataclass(frozen=True)
class DecisionFilters:
    """Filters of the list, from its address."""

    kind: str = filters.choice("", "approval", "letter", "task")


@bp.get("/")
@staff(Permission.READ)
def index() -> Page:
    """Lists approvals, letters and tasks that wait for the reader."""
    wanted = filters.read(DecisionFilters, request.args)
    counts = queries.decision_counts(db(), actor())
    rows = queries.decisions(db(), actor(), wanted.kind)
    kinds = [
        ("", _("All"), counts.total),
        ("approval", _("Approvals"), counts.approvals),
        ("letter", _("Letters"), counts.letters),
        ("task", _("Tasks for my role"), counts.tasks),
    ]
    return render(
        "ar/reports/decisions/index.html",
        rows=rows,
        counts=counts,
        wanted=wanted,
        here=request.full_path.rstrip("?"),
        more=max(0, counts.of(wanted.kind) - len(rows)),
        chips=filters.chips(wanted, "kind", kinds, url_for("decisions.index")),
        kind_names={"approval": _("Approval"), "letter": _("Letter"), "task": _("Task")},
    )
