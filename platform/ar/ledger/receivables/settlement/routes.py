"""Pages of write-offs of small differences and of the limit that needs no approval.

Invariant: parse, authorise, one command or one query, render.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint

from ar.ledger.messages import WRITE_OFF_REASONS
from ar.ledger.receivables.queries import item_page
from ar.ledger.receivables.settlement import write_offs
from ar.ledger.receivables.settlement.inputs import ChangeLedgerSettings, WriteOffRemainder
from ar.ledger.receivables.settlement.write_offs import pending_write_off
from kernel.i18n import gettext as _
from tenants.access import staff
from tenants.permissions import Permission
from tenants.queries import tenant
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank, stored
from web.responses import Page, render

bp = Blueprint("settling", __name__, url_prefix="/receivables")

FIELDS = {
    "write_off_text_needed": "text",
    "effective_too_early": "effective_on",
    "effective_in_future": "effective_on",
    "period_locked": "effective_on",
}


def _write_off_page(form: Form[Any], item_id: UUID) -> str:
    tenant_id = actor().tenant_id
    item = item_page(db(), tenant_id, item_id, actor().today).item
    limit = write_offs.write_off_limit_minor(db(), tenant_id)
    counted_minor = write_offs.amount_for_limit_minor(db(), actor(), item)
    return render(
        "ar/ledger/receivables/settlement/new_write_off.html",
        form=form,
        item=item,
        possible=item.side > 0 and item.open_minor > 0,
        waiting=pending_write_off(db(), tenant_id, item_id),
        at_once=counted_minor is not None and counted_minor <= limit,
        limit_minor=limit,
        currency=tenant(db(), tenant_id).currency,
        reasons=[("", _("Choose…")), *((code, _(text)) for code, text in WRITE_OFF_REASONS.items())],
    )


@bp.get("/<uuid:item_id>/write-off")
@staff(Permission.POST_LEDGER)
def new_write_off(item_id: UUID) -> Page:
    """Shows the form that writes off a document's open remainder."""
    return _write_off_page(blank(), item_id)


@bp.post("/<uuid:item_id>/write-off")
@staff(Permission.POST_LEDGER)
@command_form(WriteOffRemainder, page=_write_off_page, fields=FIELDS)
def write_off(data: WriteOffRemainder, item_id: UUID) -> Page:
    """Writes off the remainder, or requests approval above the limit."""
    _result_id, posted = write_offs.write_off_remainder(db(), actor(), item_id, data)
    requested = _("It exceeds what one person may write off alone, so approval is requested.")
    return done(_("Written off.") if posted else requested, "ledger.show", item_id=item_id)


def _settings_page(form: Form[Any]) -> str:
    return render(
        "ar/ledger/receivables/settlement/settings.html", form=form, currency=tenant(db(), actor().tenant_id).currency
    )


@bp.get("/settings")
@staff(Permission.MANAGE_SETTINGS)
def settings() -> Page:
    """Shows the ledger's settings."""
    return _settings_page(blank(**stored(write_offs.settings_values(db(), actor().tenant_id))))


@bp.post("/settings")
@staff(Permission.MANAGE_SETTINGS)
@command_form(ChangeLedgerSettings, page=_settings_page, otherwise="write_off_at_once")
def save_settings(data: ChangeLedgerSettings) -> Page:
    """Saves a new version of the ledger's settings."""
    write_offs.change_settings(db(), actor(), data)
    return done(_("The settings are saved."), "settling.settings")
