"""The list of invoices whose receipt nobody confirmed, and the form that says that one was sent or came (R108).

Invariant: parse, authorise, one command or one query, render. The form stands on the page of the document.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.ledger.receivables.routes import document_page
from ar.ledger.receivables.sending.commands import RecordSending, record_sending
from ar.ledger.receivables.sending.queries import unconfirmed_invoices
from kernel.i18n import gettext as _
from tenants.access import staff
from tenants.permissions import Permission
from web import filters
from web.command_form import command_form, done
from web.context import actor, db
from web.paging import read_page
from web.responses import Page, render

bp = Blueprint("sending", __name__, url_prefix="/receivables")

FIELDS = {"sending_day": "happened_on", "sending_who_confirmed": "detail"}


@dataclass(frozen=True)
class SendingFilters:
    """`state`: all that are not confirmed, or those that were not even sent."""

    state: str = filters.choice("unconfirmed", "unsent")


@bp.get("/unconfirmed")
@staff(Permission.READ)
def unconfirmed() -> Page:
    """Lists open invoices whose receipt the customer has not confirmed, the soonest due first."""
    wanted, asked = filters.read(SendingFilters, request.args), read_page(request.args)
    path = url_for("sending.unconfirmed")
    rows = unconfirmed_invoices(
        db(), actor().tenant_id, unsent=wanted.state == "unsent", offset=asked.offset, limit=asked.limit
    )
    return render(
        "ar/ledger/receivables/unconfirmed.html",
        rows=rows,
        today=actor().today,
        chips=filters.chips(wanted, "state", [("unconfirmed", _("All")), ("unsent", _("Not sent yet"))], path),
        pager=asked.page(rows[0].all if rows else 0, path, request.args),
    )


@bp.post("/<uuid:item_id>/sending")
@staff(Permission.WORK_TASKS)
@command_form(RecordSending, page=document_page, slot="sending", fields=FIELDS)
def record(data: RecordSending, item_id: UUID) -> Page:
    """Records that the invoice was sent, or that it came."""
    record_sending(db(), actor(), item_id, data)
    return done(_("It is recorded."), "ledger.show", item_id=item_id)
