"""The pages that write off a small rest, and the limit up to which one person does it alone.

May import this slice, web and tenants. Invariant: parse, authorise, one command or one query, render.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, url_for

from ar.ledger import write_offs
from ar.ledger.document_inputs import ChangeLedgerSettings, WriteOffRest
from ar.ledger.messages import MESSAGES, WRITE_OFF_REASONS
from ar.ledger.pages import item_page
from ar.ledger.write_offs import waiting_write_off
from kernel.errors import Conflict, HuikuanError, RuleBroken
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.money import decimal_text
from tenants.access import staff
from tenants.approvals.messages import MESSAGES as APPROVAL_MESSAGES
from tenants.permissions import Permission
from tenants.queries import tenant
from web.context import actor, db
from web.forms import Form, blank, read_form
from web.responses import Page, flash_ok, invalid, render, see_other

bp = Blueprint("settling", __name__, url_prefix="/receivables")

FIELDS = {
    "write_off_text_needed": "text",
    "effective_too_early": "effective_on",
    "effective_in_future": "effective_on",
    "period_locked": "effective_on",
}
SENTENCES = APPROVAL_MESSAGES | MESSAGES


@bp.get("/<uuid:item_id>/write-off")
@staff(Permission.POST_LEDGER)
def new_write_off(item_id: UUID) -> Page:
    """The form for what is left of a document."""
    return render("ar/ledger/document_write_off.html", **_rest(item_id, blank(key=str(new_id()))))


@bp.post("/<uuid:item_id>/write-off")
@staff(Permission.POST_LEDGER)
def write_off(item_id: UUID) -> Page:
    """Writes the rest off, or asks those who may."""
    form = read_form(WriteOffRest)
    if not form.ok:
        return invalid("ar/ledger/document_write_off.html", **_rest(item_id, form))
    try:
        _result, booked = write_offs.write_off_rest(db(), actor(), item_id, form.data)
    except (RuleBroken, Conflict) as error:
        form.errors[FIELDS.get(error.code, "")] = _sentence(error)
        return invalid("ar/ledger/document_write_off.html", **_rest(item_id, form))
    flash_ok(
        _("Written off.") if booked else _("It is above what one person writes off alone, so approval is asked for.")
    )
    return see_other(url_for("ledger.show", item_id=item_id))


@bp.get("/settings")
@staff(Permission.MANAGE_SETTINGS)
def settings() -> Page:
    """The ledger's settings."""
    currency = tenant(db(), actor().tenant_id).currency
    shown = decimal_text(write_offs.at_once_minor(db(), actor().tenant_id), currency)
    return render("ar/ledger/document_settings.html", form=blank(write_off_at_once=shown), currency=currency)


@bp.post("/settings")
@staff(Permission.MANAGE_SETTINGS)
def save_settings() -> Page:
    """A new version of them."""
    form = read_form(ChangeLedgerSettings)
    currency = tenant(db(), actor().tenant_id).currency
    if not form.ok:
        return invalid("ar/ledger/document_settings.html", form=form, currency=currency)
    try:
        write_offs.change_settings(db(), actor(), form.data)
    except RuleBroken as error:
        form.errors["write_off_at_once"] = _sentence(error)
        return invalid("ar/ledger/document_settings.html", form=form, currency=currency)
    flash_ok(_("The settings are saved."))
    return see_other(url_for("settling.settings"))


def _rest(item_id: UUID, form: Form[Any]) -> dict[str, Any]:
    tenant_id = actor().tenant_id
    page = item_page(db(), tenant_id, item_id, actor().today)
    limit = write_offs.at_once_minor(db(), tenant_id)
    item = page.item
    worth = write_offs.weighed_minor(db(), actor(), item)
    return {
        "form": form,
        "item": item,
        "possible": item.side > 0 and item.open_minor > 0,
        "waiting": waiting_write_off(db(), tenant_id, item_id),
        "at_once": worth is not None and worth <= limit,
        "limit_minor": limit,
        "currency": tenant(db(), tenant_id).currency,
        "reasons": [("", _("Choose…")), *((code, _(text)) for code, text in WRITE_OFF_REASONS.items())],
    }


def _sentence(error: HuikuanError) -> str:
    """The refusal in words; raises it again when it has none here."""
    if error.code not in SENTENCES:
        raise error
    return _(SENTENCES[error.code], **error.params)
