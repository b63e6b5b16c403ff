"""The pages of the ledger: the list of receivables, one document, and what can be done to it.

May import this slice, web and tenants. Invariant: parse, authorise, one command or one query, render.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.ledger import commands, discounts, notes, pages
from ar.ledger.document_facts import document_facts
from ar.ledger.document_inputs import TakeDiscount
from ar.ledger.inputs import AddNote, AllocateDocument, ReverseDocument, TakeBack
from ar.ledger.messages import ACCOUNT_NAMES, KIND_NAMES, MESSAGES, STAGE_NAMES, STAGE_TONES
from ar.ledger.stages import Stage
from ar.ledger.travel import read_when
from kernel.errors import Conflict, HuikuanError, NotFound, RuleBroken
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
    "discount_none": "take_discount",
    "discount_unpaid": "take_discount",
    "discount_too_late": "take_discount",
    "discount_used_up": "take_discount",
}
# The stages whose list is gone through one by one, so that it shows what is to be done about each.
NOTED_STAGES = frozenset({Stage.WARNING, Stage.DUE})
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
    when = read_when(wanted.on, wanted.known, actor())
    page = pages.receivables_page(db(), actor().tenant_id, wanted, asked, actor().today, known_at=when.known_at)
    noted = wanted.stage in NOTED_STAGES or wanted.state == "doubtful"
    shown = [item.id for item in page.items] if noted else []
    path = url_for("ledger.index")
    states = [
        ("open", _("Open")),
        ("owed", _("Owed to us")),
        ("overdue", _("Overdue")),
        ("doubtful", _("Doubtful")),
        ("credits", _("Unapplied credits")),
        ("cleared", _("Cleared")),
        ("all", _("All")),
    ]
    return render(
        "ar/ledger/index.html",
        page=page,
        wanted=wanted,
        when=when,
        latest=notes.latest_notes(db(), actor().tenant_id, shown, known_at=when.known_at) if shown else {},
        to_today=filters.url(wanted, path, on=None, known=""),
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


@bp.get("/<uuid:item_id>/allocations/<uuid:allocation_id>/reversal")
@staff(Permission.POST_LEDGER)
def taking(item_id: UUID, allocation_id: UUID) -> Page:
    """Asks from which day an allocation shall no longer count."""
    return render("ar/ledger/document_take_back.html", **_taken(item_id, allocation_id, blank()))


@bp.post("/<uuid:item_id>/allocations/<uuid:allocation_id>/reversal")
@staff(Permission.POST_LEDGER)
def take_back(item_id: UUID, allocation_id: UUID) -> Page:
    """Takes one of its allocations back."""
    form = read_form(TakeBack)
    if not form.ok:
        return invalid("ar/ledger/document_take_back.html", **_taken(item_id, allocation_id, form))
    try:
        commands.take_back(db(), actor(), item_id, allocation_id, form.data)
    except (RuleBroken, Conflict) as error:
        _put(form, error)
        return invalid("ar/ledger/document_take_back.html", **_taken(item_id, allocation_id, form))
    flash_ok(_("The allocation is taken back."))
    return see_other(url_for("ledger.show", item_id=item_id))


@bp.post("/<uuid:item_id>/discount")
@staff(Permission.POST_LEDGER)
def take_discount(item_id: UUID) -> Page:
    """Grants the early-payment discount that was earned."""
    form = read_form(TakeDiscount)
    try:
        discounts.take_discount(db(), actor(), item_id, key=form.data.key if form.ok else "")
    except (RuleBroken, Conflict) as error:
        _put(form, error)
        return invalid("ar/ledger/show.html", **_shown(item_id, discount=form))
    flash_ok(_("The discount is booked and allocated."))
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


@bp.post("/<uuid:item_id>/notes")
@staff(Permission.WORK_TASKS)
def add_note(item_id: UUID) -> Page:
    """Notes what is to be done about the document."""
    form = read_form(AddNote)
    if not form.ok:
        return invalid("ar/ledger/show.html", **_shown(item_id, note=form))
    try:
        notes.add_note(db(), actor(), item_id, form.data)
    except Conflict as error:
        _put(form, error)
        return invalid("ar/ledger/show.html", **_shown(item_id, note=form))
    flash_ok(_("The note is added."))
    return see_other(url_for("ledger.show", item_id=item_id))


def _put(form: Form[Any], error: HuikuanError) -> None:
    """The command's refusal as the error of the field it is about. Raises it again when it has no sentence here."""
    if error.code not in MESSAGES:
        raise error
    text = _(MESSAGES[error.code], **error.params)
    if error.code == "allocation_exceeds_open" and error.params["open_minor"]:
        most = formatters.amount(int(str(error.params["open_minor"])), str(error.params["currency"]))
        text = _("At most %(amount)s: no more is open on %(document_no)s.", amount=most, **error.params)
    form.errors[FIELDS.get(error.code, "")] = text


def _taken(item_id: UUID, allocation_id: UUID, form: Form[Any]) -> dict[str, Any]:
    shown = pages.item_page(db(), actor().tenant_id, item_id, actor().today)
    found = [each for each in shown.allocations if each.id == allocation_id]
    if not found:
        raise NotFound("allocation_not_found")
    return {"form": form, "item": shown.item, "allocation": found[0], "today": actor().today, **NAMES}


def _shown(
    item_id: UUID,
    *,
    allocation: Form[Any] | None = None,
    discount: Form[Any] | None = None,
    note: Form[Any] | None = None,
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
        "facts": document_facts(db(), actor().tenant_id, shown),
        "discount": discount or blank(key=str(new_id())),
        "notes": notes.notes_of(db(), actor().tenant_id, item_id),
        "may_note": may(Permission.WORK_TASKS),
        "note": note or blank(key=str(new_id())),
        "reversal": reversal or blank(),
        **NAMES,
    }
