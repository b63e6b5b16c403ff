"""What is done with a note: picked, shipped, cancelled, signed for, countered. What follows is in `after_routes`.

Invariant: parse, authorise, one command, redirect. Uses the blueprint of `routes`.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import request, url_for

from ar.credit.rules.decision import Decision
from ar.sales.deliveries import shipping
from ar.sales.deliveries.inputs import CancelDelivery, ShipDelivery
from ar.sales.deliveries.pages.forms import read_signed
from ar.sales.deliveries.pages.routes import bp, delivery_page
from ar.sales.deliveries.pages.words import goods_reasons
from ar.sales.deliveries.planning import cancel_delivery
from ar.sales.deliveries.signing.commands import counter_sign_off, sign_off
from ar.sales.deliveries.signing.inputs import CounterSignOff, SignOffDelivery
from kernel.i18n import gettext as _
from kernel.uploads import UploadedFile
from tenants.access import staff
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form
from web.responses import Page, flash_error, flash_ok, see_other

SIGN_FIELDS = {
    "sign_off_day": "signed_on",
    "sign_off_no_signature": "signed_by",
    "sign_off_name_illegible": "signed_by",
    "sign_off_picker_up_missing": "signed_by",
    "sign_off_other_person": "note",
    "sign_off_file_missing": "file",
    "sign_off_carrier_proof_missing": "file",
    "sign_off_file_size": "file",
    "sign_off_file_kind": "file",
    "sign_off_file_heic": "file",
    "sign_off_strokes": "strokes",
    "sign_off_too_much": "lines",
    "sign_off_short_reason": "lines",
    "sign_off_nothing": "lines",
}


def sent_file() -> UploadedFile | None:
    """Returns the scan or photo that was sent, if one was."""
    sent = request.files.get("file")
    return UploadedFile(sent.filename, sent.read()) if sent is not None and sent.filename else None


def tell(decision: Decision, seen: str = "") -> None:
    """Flashes that the goods left, or why they stay: first what is new since the page was opened."""
    if decision.passes:
        flash_ok(_("Shipped."))
        return
    known = set(seen.split(","))
    reasons = sorted(decision.reasons, key=lambda reason: reason.code.value in known)
    sentences = " ".join(f"{each.text} {each.ask}" for each in goods_reasons(reasons))
    if seen and not {reason.code.value for reason in decision.reasons} <= known:
        flash_error(_("It does not ship. Since this page was opened: %(reasons)s", reasons=sentences))
    else:
        flash_error(_("It does not ship. %(reasons)s", reasons=sentences))


def _page_of_note(form: Form[Any], delivery_id: UUID, sign_off_id: UUID) -> str:
    """Renders the note of a signature."""
    return delivery_page(form, delivery_id)


@bp.post("/<uuid:delivery_id>/picking")
@staff(Permission.SHIP)
def pick(delivery_id: UUID) -> Page:
    """Asks the checks and takes the note to be picked."""
    decision = shipping.pick_delivery(db(), actor(), delivery_id)
    text = _("The goods can be picked.") if decision.passes else _("The note is held. The reasons stand on this page.")
    return done(text, "deliveries.show", delivery_id=delivery_id)


@bp.post("/<uuid:delivery_id>/shipment")
@staff(Permission.SHIP)
@command_form(ShipDelivery, page=delivery_page, slot="ship", fields={"delivery_ship_day": "on"})
def ship(data: ShipDelivery, delivery_id: UUID) -> Page:
    """Asks the checks and ships the note."""
    tell(shipping.ship_delivery(db(), actor(), delivery_id, data), data.seen)
    return see_other(url_for("deliveries.show", delivery_id=delivery_id))


@bp.post("/<uuid:delivery_id>/cancellation")
@staff(Permission.EDIT_ORDERS)
@command_form(CancelDelivery, page=delivery_page, slot="cancelling")
def cancel(data: CancelDelivery, delivery_id: UUID) -> Page:
    """Cancels a note that has not left."""
    cancel_delivery(db(), actor(), delivery_id, data)
    return done(_("The note is cancelled."), "deliveries.show", delivery_id=delivery_id)


@bp.post("/<uuid:delivery_id>/signature")
@staff(Permission.SIGN_OFF)
@command_form(SignOffDelivery, page=delivery_page, slot="signing", fields=SIGN_FIELDS, read=read_signed)
def sign(data: SignOffDelivery, delivery_id: UUID) -> Page:
    """Records the signature with its scan."""
    sign_off(db(), actor(), delivery_id, data, sent_file())
    return done(_("The signature is recorded."), "deliveries.show", delivery_id=delivery_id)


@bp.post("/<uuid:delivery_id>/signature/<uuid:sign_off_id>/counter-entry")
@staff(Permission.POST_LEDGER)
@command_form(CounterSignOff, page=_page_of_note, slot="countering")
def counter(data: CounterSignOff, delivery_id: UUID, sign_off_id: UUID) -> Page:
    """Takes a wrong signature back."""
    counter_sign_off(db(), actor(), sign_off_id, data)
    return done(_("The signature is taken back."), "deliveries.show", delivery_id=delivery_id)
