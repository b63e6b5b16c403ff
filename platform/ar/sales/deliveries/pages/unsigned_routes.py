"""The list of shipped notes that have not come back signed: ages, reasons, measures; as a file and to print (R308).

Invariant: parse, authorise, one command or one query, render.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.sales.deliveries.messages import MEASURES, MODE_NAMES
from ar.sales.deliveries.notes import find_delivery
from ar.sales.deliveries.pages.words import WORDS
from ar.sales.deliveries.unsigned import commands
from ar.sales.deliveries.unsigned.exports import notes_csv
from ar.sales.deliveries.unsigned.inputs import ChooseMeasure, ExplainUnsigned
from ar.sales.deliveries.unsigned.queries import age_bands, unsigned_notes
from kernel.i18n import gettext as _
from kernel.i18n import mark
from tenants.access import may, staff
from tenants.permissions import Permission
from web import filters
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank
from web.responses import Page, download, render

#: What has to be said next of a note.
WAITS_NAMES = {"reason": mark("Say why"), "measure": mark("Choose a measure")}


@dataclass(frozen=True)
class UnsignedFilters:
    """Filters of the list in the URL."""

    waits: str = filters.choice("", *WAITS_NAMES)
    as_of: date | None = filters.day()


bp = Blueprint("unsigned_notes", __name__, url_prefix="/unsigned")


def _as_of() -> tuple[date, dict[str, str]]:
    """Returns the day asked for, until today, and what was typed where it is none."""
    day = filters.read(UnsignedFilters, request.args).as_of or actor().today
    return min(day, actor().today), filters.unread_days(UnsignedFilters, request.args)


def _note_page(form: Form[Any], delivery_id: UUID) -> str:
    """Renders the list with the form of one note. Raises NotFound(`delivery_not_found`)."""
    find_delivery(db(), actor().tenant_id, delivery_id)
    return _unsigned_page(form, delivery_id)


def _unsigned_page(form: Form[Any], delivery_id: UUID | None = None) -> str:
    (day, unread), path = _as_of(), url_for("unsigned_notes.unsigned")
    wanted = filters.read(UnsignedFilters, request.args)
    every = unsigned_notes(db(), actor().tenant_id, day, today=actor().today)
    notes = [note for note in every if not wanted.waits or note.waits_for == wanted.waits]
    counts = Counter(note.waits_for for note in every)
    options = [("", _("All"), len(every)), *((code, _(name), counts[code]) for code, name in WAITS_NAMES.items())]
    return render(
        "ar/sales/deliveries/pages/unsigned.html",
        notes=notes,
        bands=age_bands(every),
        chips=filters.chips(wanted, "waits", options, path),
        wanted=wanted,
        as_of=day,
        unread=unread,
        is_today=day == actor().today,
        form=form,
        failed=delivery_id if form.slot else None,
        measure_options=[(code, _(name)) for code, name in MEASURES.items()],
        may_explain=may(Permission.EXPLAIN_UNSIGNED),
        may_choose=may(Permission.CHOOSE_MEASURE),
        may_export=may(Permission.READ),
        **WORDS,
    )


@bp.get("/")
@staff(Permission.READ)
def unsigned() -> Page:
    """Lists the notes that were out at the end of a day, the oldest first."""
    return _unsigned_page(blank())


@bp.get("/print")
@staff(Permission.READ)
def sheet() -> Page:
    """Shows the list as a sheet of paper."""
    day, _unread = _as_of()
    notes = unsigned_notes(db(), actor().tenant_id, day, today=actor().today)
    return render("ar/sales/deliveries/pages/sheet.html", notes=notes, bands=age_bands(notes), as_of=day, **WORDS)


@bp.get("/list.csv")
@staff(Permission.READ)
def export() -> Page:
    """Downloads the list."""
    day, _unread = _as_of()
    notes = unsigned_notes(db(), actor().tenant_id, day, today=actor().today)
    names = {code: _(name) for code, (name, _who) in MODE_NAMES.items()}
    return download(notes_csv(notes, names), "text/csv; charset=utf-8", f"{_('Unsigned delivery notes')}-{day}.csv")


@bp.post("/<uuid:delivery_id>/reason")
@staff(Permission.EXPLAIN_UNSIGNED)
@command_form(ExplainUnsigned, page=_note_page, slot="reason")
def explain(data: ExplainUnsigned, delivery_id: UUID) -> Page:
    """Records why a note is still out."""
    commands.explain_unsigned(db(), actor(), delivery_id, data)
    return done(_("The reason is recorded. It goes to the sales manager."), "unsigned_notes.unsigned")


@bp.post("/<uuid:delivery_id>/measure")
@staff(Permission.CHOOSE_MEASURE)
@command_form(ChooseMeasure, page=_note_page, slot="measure", fields={"unsigned_measure_day": "due_on"})
def choose(data: ChooseMeasure, delivery_id: UUID) -> Page:
    """Orders a measure."""
    commands.choose_measure(db(), actor(), delivery_id, data)
    return done(_("The measure is ordered; the accountants are told."), "unsigned_notes.unsigned")
