"""Page of a bank line: its data, setting it aside, reopening it.

Invariant: parse, authorise, one command or one query, render. The views belong to the blueprint of `bank.routes`.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from ar.receipts.bank import files as bank_files
from ar.receipts.bank import messages as bank_messages
from ar.receipts.bank import queries as bank_queries
from ar.receipts.bank.inputs import SetAside
from ar.receipts.bank.routes import bp
from kernel.i18n import gettext as _
from tenants.access import may, staff
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank
from web.responses import Page, render


def _line_page(form: Form[Any], bank_line_id: UUID) -> str:
    row = bank_queries.line(db(), actor().tenant_id, bank_line_id)
    return render(
        "ar/receipts/bank/line.html",
        line=row,
        file=bank_queries.file_page(db(), actor().tenant_id, row.file_id),
        form=form,
        line_states=bank_messages.LINE_STATES,
        may_decide=may(Permission.POST_LEDGER),
    )


@bp.get("/lines/<uuid:bank_line_id>")
@staff(Permission.READ_BANK)
def line(bank_line_id: UUID) -> Page:
    """Shows a line with its data from the bank and the decision on it."""
    return _line_page(blank(), bank_line_id)


@bp.post("/lines/<uuid:bank_line_id>/setting-aside")
@staff(Permission.POST_LEDGER)
@command_form(SetAside, page=_line_page)
def set_aside(data: SetAside, bank_line_id: UUID) -> Page:
    """Sets a line aside: it is not a customer's payment."""
    bank_files.set_aside(db(), actor(), bank_line_id, data)
    return done(_("The line is set aside."), "bank.line", bank_line_id=bank_line_id)


@bp.post("/lines/<uuid:bank_line_id>/taking-back", endpoint="take_back")
@staff(Permission.POST_LEDGER)
def reopen(bank_line_id: UUID) -> Page:
    """Reopens a line that was set aside."""
    bank_files.reopen_line(db(), actor(), bank_line_id)
    return done(_("The line is open for matching again."), "bank.line", bank_line_id=bank_line_id)
