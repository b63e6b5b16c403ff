"""The pages of the ledger: the list of receivables, one document, and what can be done to it.

May import this slice, web and tenants. Invariant: parse, authorise, one command or one query, render.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.ledger import commands, pages
from ar.ledger.inputs import AllocateDocument, ReverseDocument, TakeBack
from ar.ledger.messages import ACCOUNT_NAMES, KIND_NAMES, STAGE_NAMES, STAGE_TONES
from ar.ledger.stages import Stage
from kernel.i18n import gettext as _
from kernel.ids import new_id
from tenants.access import may, staff
from tenants.permissions import Permission
from web import filters
from web.context import actor, db
from web.forms import Form, blank, read_form
from web.paging import read_page
from web.responses import Page, flash_ok, invalid, render, see_other

bp = Blueprint("ledger", __name__, url_prefix="/receivables")

NAMES = {"kinds": KIND_NAMES, "stages": STAGE_NAMES, "tones": STAGE_TONES, "accounts": ACCOUNT_NAMES}


@bp.get("/")
@staff(Permission.READ)
def index() -> Page:
    """All documents, filtered, sorted and paged by the address."""
    wanted = filters.read(pages.ReceivablesFilters, request.args)
    asked = read_page(request.args)
    page = pages.receivables_page(db(), actor().tenant_id, wanted, asked, actor().today)
    path = url_for("ledger.index")
    states = [
        ("open", _("Open")),
        ("owed", _("Owed to us")),
        ("overdue", _("Overdue")),
        ("credits", _("Unapplied credits")),
        ("cleared", _("Cleared")),
        ("all", _("All")),
    ]
    return render(
        "ar/ledger/index.html",
        page=page,
        wanted=wanted,
        today=actor().today,
        pager=asked.page(page.total, path, request.args),
        chips=filters.chips(wanted, "state", states, path),
        sorts=filters.sort_links(wanted, path, *pages.SORTS),
        stage_options=[("", _("All stages")), *((s.value, _(STAGE_NAMES[s])) for s in Stage)],
        active=filters.active(wanted, ignore=("sort", "state")),
        **NAMES,
    )


@bp.get("/<uuid:item_id>")
@staff(Permission.READ)
def show(item_id: UUID) -> Page:
    """One document: facts, allocations both ways, entry, reversal."""
    return render("ar/ledger/show.html", **_shown(item_id))


@bp.post("/<uuid:item_id>/allocations")
@staff(Permission.POST_LEDGER)
def allocate(item_id: UUID) -> Page:
    """Allocates this document with another one of the same customer."""
    form = read_form(AllocateDocument)
    if not form.ok:
        return invalid("ar/ledger/show.html", **_shown(item_id, allocation=form))
    commands.allocate_document(db(), actor(), item_id, form.data)
    flash_ok(_("Allocated."))
    return see_other(url_for("ledger.show", item_id=item_id))


@bp.post("/<uuid:item_id>/allocations/<uuid:allocation_id>/reversal")
@staff(Permission.POST_LEDGER)
def take_back(item_id: UUID, allocation_id: UUID) -> Page:
    """Takes one of its allocations back."""
    form = read_form(TakeBack)
    if not form.ok:
        return invalid("ar/ledger/show.html", **_shown(item_id))
    commands.take_back(db(), actor(), allocation_id, form.data)
    flash_ok(_("The allocation is taken back."))
    return see_other(url_for("ledger.show", item_id=item_id))


@bp.post("/<uuid:item_id>/reversal")
@staff(Permission.POST_LEDGER)
def reverse(item_id: UUID) -> Page:
    """Reverses the document."""
    form = read_form(ReverseDocument)
    if not form.ok:
        return invalid("ar/ledger/show.html", **_shown(item_id, reversal=form))
    mirror_id = commands.reverse_document(db(), actor(), item_id, form.data)
    flash_ok(_("The document is reversed."))
    return see_other(url_for("ledger.show", item_id=mirror_id))


def _shown(item_id: UUID, *, allocation: Form[Any] | None = None, reversal: Form[Any] | None = None) -> dict[str, Any]:
    may_post = may(Permission.POST_LEDGER)
    shown = pages.item_page(db(), actor().tenant_id, item_id, actor().today, candidates=may_post)
    return {
        "page": shown,
        "item": shown.item,
        "may_post": may_post,
        "allocation": allocation or blank(key=str(new_id())),
        "reversal": reversal or blank(),
        **NAMES,
    }
