"""Serves the file of one customer: what is missing, documents, and the confirmation of a doubtful number.

Invariant: parse, authorise, one command or one query, render. Documents are in `document_routes`.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint

from ar.customers.file import documents
from ar.customers.file.contents import customer_file
from ar.customers.file.inputs import ConfirmNumber
from ar.customers.file.messages import DOCUMENT_STATES, SOURCE_NAMES, document_label, gap_sentence
from ar.customers.messages import DOUBTS, ENTITY_LABELS
from ar.customers.rules.customer_file import Gap
from kernel.errors import Forbidden
from kernel.i18n import gettext as _
from tenants.access import may, staff
from tenants.permissions import Permission
from web import formatters
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank
from web.responses import Page, render

bp = Blueprint("customer_file", __name__, url_prefix="/customers")


def gap_text(gap: Gap) -> str:
    """Returns a gap in words."""
    return gap_sentence(gap, formatters.date(gap.due_on) if gap.due_on else "")


def _file_page(form: Form[Any], customer_id: UUID) -> str:
    page = customer_file(db(), actor().tenant_id, customer_id, actor().today)
    return render(
        "ar/customers/file/show.html",
        page=page,
        form=form,
        doubts=DOUBTS,
        states=DOCUMENT_STATES,
        entity_types=ENTITY_LABELS,
        source_names=SOURCE_NAMES,
        sources=[(code, _(name)) for code, name in SOURCE_NAMES.items()],
        gap_text=gap_text,
        label=document_label,
        may_keep=may(Permission.KEEP_FILE),
        may_verify=may(Permission.VERIFY_FILE),
    )


@bp.get("/<uuid:customer_id>/file")
@staff(Permission.READ)
def show(customer_id: UUID) -> Page:
    """Shows the file of a customer."""
    return _file_page(blank(), customer_id)


@bp.post("/<uuid:customer_id>/file/number")
@staff(Permission.VERIFY_FILE)
@command_form(ConfirmNumber, page=_file_page, also=(Forbidden,))
def confirm_number(data: ConfirmNumber, customer_id: UUID) -> Page:
    """Confirms a doubtful number against the register."""
    documents.confirm_number(db(), actor(), customer_id, data)
    return done(_("The number is confirmed."), "customer_file.show", customer_id=customer_id)
