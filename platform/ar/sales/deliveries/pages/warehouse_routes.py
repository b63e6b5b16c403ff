"""The warehouse's page for a tablet: what may go, what may not, why, and whom to ask; one tap ships.

Invariants: no amounts; the page only shows, the tap asks again at the moment it ships.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.sales.deliveries import shipping
from ar.sales.deliveries.inputs import ShipDelivery
from ar.sales.deliveries.pages import queries
from ar.sales.deliveries.pages.step_routes import tell
from ar.sales.deliveries.pages.views import NoteLineView, NoteRow
from ar.sales.deliveries.pages.words import WORDS, Stays, goods_reasons
from kernel.errors import NotFound
from tenants.access import staff
from tenants.permissions import Permission
from web.command_form import command_form
from web.context import actor, db
from web.forms import Form
from web.responses import Page, render, see_other

bp = Blueprint("warehouse", __name__, url_prefix="/warehouse")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A note that waits in the warehouse: its goods, and why it stays (nothing: it may go)."""

    note: NoteRow
    lines: list[NoteLineView]
    stays: list[Stays]
    codes: str

    @property
    def may_go(self) -> bool:
        """Whether nothing holds it now."""
        return not self.stays


def _warehouse_page(number: str) -> str:
    tenant_id, found, unknown = actor().tenant_id, None, ""
    if number:
        try:
            found = queries.note_row(db(), tenant_id, queries.find_note(db(), tenant_id, number))
        except NotFound:
            unknown = number
    notes = [found] if found is not None else queries.open_notes(db(), tenant_id)
    waiting = [_waiting(note) for note in notes if note.state in ("planned", "picked")]
    return render(
        "ar/sales/deliveries/pages/warehouse.html",
        waiting=sorted(waiting, key=lambda each: not each.may_go),
        found=found,
        unknown=unknown,
        typed=number,
        **WORDS,
    )


def _waiting(note: NoteRow) -> Waiting:
    decision = shipping.preview_note(db(), actor(), note.id)
    codes = ",".join(reason.code.value for reason in decision.reasons)
    lines = queries.note_lines(db(), actor().tenant_id, note)
    return Waiting(note, lines, goods_reasons(decision.reasons), codes or "none")


@bp.get("/")
@staff(Permission.SHIP)
def warehouse() -> Page:
    """Shows the notes that wait, those that may go first; `note`: the number that was scanned or typed."""
    return _warehouse_page(request.args.get("note", "").replace("\x00", "").strip()[:80])


def _refused(form: Form[ShipDelivery], delivery_id: UUID) -> str:
    """Shows the page again with the note that moved on."""
    return _warehouse_page(queries.note_row(db(), actor().tenant_id, delivery_id).number)


@bp.post("/<uuid:delivery_id>/shipment")
@staff(Permission.SHIP)
@command_form(ShipDelivery, page=_refused)
def ship(data: ShipDelivery, delivery_id: UUID) -> Page:
    """Asks the checks and ships the note; what holds it is said on the page."""
    decision = shipping.ship_delivery(db(), actor(), delivery_id, data)
    tell(decision, data.seen)
    if decision.passes:
        return see_other(url_for("warehouse.warehouse"))
    number = queries.note_row(db(), actor().tenant_id, delivery_id).number
    return see_other(url_for("warehouse.warehouse", note=number))
