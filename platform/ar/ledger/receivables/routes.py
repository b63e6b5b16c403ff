"""Pages of receivables: the list, one document with its notes and its reversal.

Invariant: parse, authorise, one command or one query, render. Allocations and discounts are in `allocation_routes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.ledger.books.as_of_request import parse_as_of_request
from ar.ledger.messages import ACCOUNT_NAMES, KIND_NAMES, STAGE_NAMES, STAGE_TONES
from ar.ledger.receivables import commands, list_queries, notes, queries
from ar.ledger.receivables.details import document_facts
from ar.ledger.receivables.inputs import AddNote, ReverseDocument
from ar.ledger.receivables.sending.queries import sending_of
from ar.ledger.receivables.settlement.ledger_settings import credits_netted
from ar.ledger.rules.stages import Stage
from kernel.i18n import gettext as _
from kernel.i18n import mark
from tenants.access import may, staff
from tenants.permissions import Permission
from web import filters
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank
from web.paging import read_page
from web.responses import Page, render

bp = Blueprint("ledger", __name__, url_prefix="/receivables")

FIELDS = {"effective_too_early": "effective_on", "effective_in_future": "effective_on"}
# Stages whose list is worked through document by document, so it shows the newest note of each.
NOTED_STAGES = frozenset({Stage.WARNING, Stage.DUE})
STATE_NAMES = {
    "open": mark("Open"),
    "owed": mark("Owed to us"),
    "overdue": mark("Overdue"),
    "doubtful": mark("Doubtful"),
    "credits": mark("Unapplied credits"),
    "cleared": mark("Cleared"),
    "all": mark("All"),
}
NAMES = {"kinds": KIND_NAMES, "stages": STAGE_NAMES, "tones": STAGE_TONES, "accounts": ACCOUNT_NAMES}


@dataclass(frozen=True)
class _ListDay:
    """`list_on`: the as-of date of the list that linked to a document; None: today."""

    list_on: date | None = filters.day()


@bp.get("/")
@staff(Permission.READ)
def index() -> Page:
    """Lists the receivables, filtered, sorted and paged by the URL."""
    wanted = filters.read(list_queries.ReceivablesFilters, request.args)
    asked = read_page(request.args)
    when = parse_as_of_request(wanted.on, wanted.known, actor())
    netted = credits_netted(db(), actor().tenant_id)
    page = list_queries.receivables_page(
        db(), actor().tenant_id, wanted, asked, actor().today, known_at=when.known_at, netted=netted
    )
    noted = wanted.stage in NOTED_STAGES or wanted.state == "doubtful"
    shown = [item.id for item in page.items] if noted else []
    path = url_for("ledger.index")
    return render(
        "ar/ledger/receivables/index.html",
        page=page,
        wanted=wanted,
        when=when,
        latest=notes.latest_notes(db(), actor().tenant_id, shown, known_at=when.known_at) if shown else {},
        to_today=filters.url(wanted, path, on=None, known=""),
        unread=filters.unread_days(list_queries.ReceivablesFilters, request.args),
        list_on=page.as_of.isoformat() if page.as_of != actor().today else None,
        currencies=filters.currency_options(page.currencies, wanted.currency, _("All currencies")),
        pager=asked.page(page.total, path, request.args),
        chips=filters.chips(wanted, "state", [(state, _(name)) for state, name in STATE_NAMES.items()], path),
        sorts=filters.sort_links(wanted, path, *list_queries.SORTS),
        stage_options=[("", _("All stages")), *((s.value, _(STAGE_NAMES[s])) for s in Stage)],
        active=filters.active(wanted, ignore=("sort", "state")),
        **NAMES,
    )


def document_page(form: Form[Any], item_id: UUID) -> str:
    """Renders one document; `form` returns in its slot: allocation, discount, note or reversal."""
    may_post = may(Permission.POST_LEDGER)
    shown = queries.item_page(db(), actor().tenant_id, item_id, actor().today, candidates=may_post)
    return render(
        "ar/ledger/receivables/show.html",
        page=shown,
        item=shown.item,
        may_post=may_post,
        list_on=filters.read(_ListDay, request.args).list_on,
        facts=document_facts(db(), actor().tenant_id, shown),
        notes=notes.notes_of(db(), actor().tenant_id, item_id),
        may_note=may(Permission.WORK_TASKS),
        sent=sending_of(db(), actor().tenant_id, shown.entry_id) if shown.item.kind == "invoice" else None,
        sending=form.at("sending"),
        allocation=form.at("allocation"),
        discount=form.at("discount"),
        note=form.at("note"),
        reversal=form.at("reversal"),
        **NAMES,
    )


@bp.get("/<uuid:item_id>")
@staff(Permission.READ)
def show(item_id: UUID) -> Page:
    """Shows one document: facts, allocations, postings, notes, reversal."""
    return document_page(blank(), item_id)


@bp.post("/<uuid:item_id>/reversal")
@staff(Permission.POST_LEDGER)
@command_form(ReverseDocument, page=document_page, slot="reversal", fields=FIELDS)
def reverse(data: ReverseDocument, item_id: UUID) -> Page:
    """Reverses the document."""
    mirror_id = commands.reverse_document(db(), actor(), item_id, data)
    return done(_("The document is reversed."), "ledger.show", item_id=mirror_id)


@bp.post("/<uuid:item_id>/notes")
@staff(Permission.WORK_TASKS)
@command_form(AddNote, page=document_page, slot="note")
def add_note(data: AddNote, item_id: UUID) -> Page:
    """Adds a disposition note to the document."""
    notes.add_note(db(), actor(), item_id, data)
    return done(_("The note is added."), "ledger.show", item_id=item_id)
