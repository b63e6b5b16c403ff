"""The driver's pages for a phone: my deliveries, and the signature on one: photo, strokes on glass, or a name.

Invariant: a driver sees and signs their own notes alone; no amounts.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint

from ar.sales.deliveries.pages import queries
from ar.sales.deliveries.pages.forms import read_signed
from ar.sales.deliveries.pages.step_routes import SIGN_FIELDS, sent_file
from ar.sales.deliveries.pages.views import NoteRow, mark_of_lines
from ar.sales.deliveries.pages.words import WORDS
from ar.sales.deliveries.signing.commands import sign_off
from ar.sales.deliveries.signing.inputs import SignOffDelivery
from ar.sales.rules.signatures import PAD_HEIGHT, PAD_WIDTH
from kernel.errors import NotFound
from kernel.i18n import gettext as _
from kernel.uploads import ACCEPT_PICTURES
from tenants.access import staff
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank
from web.responses import Page, render

bp = Blueprint("driver", __name__, url_prefix="/driver")


@bp.get("/")
@staff(Permission.DRIVE)
def driver() -> Page:
    """Lists what the driver has to deliver, and what is on its way without a signature."""
    user_id = actor().user_id
    notes = queries.notes_of_driver(db(), actor().tenant_id, user_id) if user_id is not None else []
    return render("ar/sales/deliveries/pages/driver.html", notes=notes, **WORDS)


def _own(delivery_id: UUID) -> NoteRow:
    note = queries.note_row(db(), actor().tenant_id, delivery_id)
    if note.driver_id != actor().user_id:
        raise NotFound("delivery_not_found")
    return note


def _handover_page(form: Form[Any], delivery_id: UUID) -> str:
    note = _own(delivery_id)
    lines = queries.note_lines(db(), actor().tenant_id, note)
    return render(
        "ar/sales/deliveries/pages/handover.html",
        note=note,
        lines=[line for line in lines if line.outstanding > 0],
        mark=mark_of_lines(lines),
        form=form,
        accept=ACCEPT_PICTURES,
        pad=(PAD_WIDTH, PAD_HEIGHT),
        today=actor().today,
        **WORDS,
    )


@bp.get("/<uuid:delivery_id>")
@staff(Permission.DRIVE)
def handover(delivery_id: UUID) -> Page:
    """Shows one note with the form of its signature."""
    return _handover_page(blank(signed_on=actor().today.isoformat()), delivery_id)


@bp.post("/<uuid:delivery_id>")
@staff(Permission.DRIVE)
@command_form(SignOffDelivery, page=_handover_page, fields=SIGN_FIELDS, read=read_signed)
def sign(data: SignOffDelivery, delivery_id: UUID) -> Page:
    """Records the signature that the driver was given."""
    _own(delivery_id)
    sign_off(db(), actor(), delivery_id, data.model_copy(update={"channel": "driver"}), sent_file())
    return done(_("The signature is recorded. Thank you."), "driver.driver")
