"""The pages of the ledger: the list of receivables, one document, and what can be done to it.

May import this slice, web and tenants. Invariant: parse, authorise, one command or one query, render.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.ledger import commands, pages
from ar.ledger.inputs import AllocateDocument, ReverseDocument, TakeBack
from ar.ledger.messages import ACCOUNT_NAMES, KIND_NAMES, MESSAGES, STAGE_NAMES, STAGE_TONES
from ar.ledger.stages import Stage
from kernel.errors import Conflict, HuikuanError, RuleBroken
from kernel.i18n import gettext as _
from kernel.ids import new_id
from tenants.access import may, staff
from tenants.permissions import Permission
from web import filters, formatters
from web.context import actor, db
from web.forms import Form, blank, read_form
from web.paging import read_page
from web.responses import Page, flash_ok, invalid, render, see_other

bp = Blueprint("ledger", __name__, url_prefix="/receivables")

# Where a refusal belongs on the document's page; what is not named here concerns the form as a whole.
FIELDS = {
    "allocation_exceeds_open": "amount",
    "amount_not_positive": "amount",
    "amount_unreadable": "amount",
    "currency_differs": "other_id",
    "wrong_side": "other_id",
    "effective_too_early": "effective_on",
    "effective_in_future": "effective_on",
}
NAMES = {"kinds": KIND_NAMES, "stages": STAGE_NAMES, "tones": STAGE_TONES, "accounts": ACCOUNT_NAMES}


@dataclass(frozen=True)
class _From:
    """The day of the list that led to a document, when it was not today."""

    list_on: date | None = filters.day()


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
        unread=filters.unread_days(pages.ReceivablesFilters, request.args),
        list_on=page.as_of.isoformat() if page.as_of != actor().today else None,
        currencies=filters.currency_options(page.currencies, wanted.currency, _("All currencies")),
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
    try:
        commands.allocate_document(db(), actor(), item_id, form.data)
    except (RuleBroken, Conflict) as error:
        _put(form, error)
        return invalid("ar/ledger/show.html", **_shown(item_id, allocation=form))
    flash_ok(_("Allocated."))
    return see_other(url_for("ledger.show", item_id=item_id))


@bp.post("/<uuid:item_id>/allocations/<uuid:allocation_id>/reversal")
@staff(Permission.POST_LEDGER)
def take_back(item_id: UUID, allocation_id: UUID) -> Page:
    """Takes one of its allocations back."""
    form = read_form(TakeBack)
    if not form.ok:
        return invalid("ar/ledger/show.html", **_shown(item_id, taking=form))
    try:
        commands.take_back(db(), actor(), item_id, allocation_id, form.data)
    except (RuleBroken, Conflict) as error:
        _put(form, error)
        return invalid("ar/ledger/show.html", **_shown(item_id, taking=form))
    flash_ok(_("The allocation is taken back."))
    return see_other(url_for("ledger.show", item_id=item_id))


@bp.post("/<uuid:item_id>/reversal")
@staff(Permission.POST_LEDGER)
def reverse(item_id: UUID) -> Page:
    """Reverses the document."""
    form = read_form(ReverseDocument)
    if not form.ok:
        return invalid("ar/ledger/show.html", **_shown(item_id, reversal=form))
    try:
        mirror_id = commands.reverse_document(db(), actor(), item_id, form.data)
    except (RuleBroken, Conflict) as error:
        _put(form, error)
        return invalid("ar/ledger/show.html", **_shown(item_id, reversal=form))
    flash_ok(_("The document is reversed."))
    return see_other(url_for("ledger.show", item_id=mirror_id))


def _put(form: Form[Any], error: HuikuanError) -> None:
    """The command's refusal as the error of the field it is about. Raises it again when it has no sentence here."""
    if error.code not in MESSAGES:
        raise error
    text = _(MESSAGES[error.code], **error.params)
    if error.code == "allocation_exceeds_open" and error.params["open_minor"]:
        most = formatters.amount(int(str(error.params["open_minor"])), str(error.params["currency"]))
        text = _("At most %(amount)s: no more is open on %(document_no)s.", amount=most, **error.params)
    form.errors[FIELDS.get(error.code, "")] = text


def _shown(
    item_id: UUID,
    *,
    allocation: Form[Any] | None = None,
    taking: Form[Any] | None = None,
    reversal: Form[Any] | None = None,
) -> dict[str, Any]:
    may_post = may(Permission.POST_LEDGER)
    shown = pages.item_page(db(), actor().tenant_id, item_id, actor().today, candidates=may_post)
    return {
        "page": shown,
        "item": shown.item,
        "may_post": may_post,
        "list_on": filters.read(_From, request.args).list_on,
        "allocation": allocation or blank(key=str(new_id())),
        "taking": taking or blank(),
        "reversal": reversal or blank(),
        **NAMES,
    }
