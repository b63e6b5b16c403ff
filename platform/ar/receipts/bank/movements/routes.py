"""Pages of questions about bank movements: possible duplicates, and breaks between the statements of an account.

Invariant: parse, authorise, one command or one query, render.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.receipts.bank import messages as bank_messages
from ar.receipts.bank.movements import queries as movement_queries
from ar.receipts.bank.movements.duplicates import decide_duplicates
from ar.receipts.bank.movements.inputs import AccountForBreak, DecideDuplicates
from ar.receipts.bank.movements.statements import account_for_break
from kernel.i18n import gettext as _
from kernel.i18n import ngettext
from kernel.ids import parse_uuid
from tenants.access import may, staff
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank, read_form
from web.paging import read_page
from web.responses import Page, render

bp = Blueprint("movements", __name__, url_prefix="/bank")


def _duplicates_page(form: Form[Any]) -> str:
    asked, tenant_id = read_page(request.args), actor().tenant_id
    rows, total = movement_queries.open_questions(
        db(), tenant_id, file_id=parse_uuid(request.args.get("file", "")), offset=asked.offset, limit=asked.limit
    )
    return render(
        "ar/receipts/bank/movements/duplicates.html",
        rows=rows,
        pager=asked.page(total, url_for("movements.duplicates"), request.args),
        form=form.at("decide"),
        chosen=set(request.form.getlist("selected")),
        line_states=bank_messages.LINE_STATES,
        may_decide=may(Permission.POST_LEDGER),
    )


@bp.get("/duplicates")
@staff(Permission.READ_BANK)
def duplicates() -> Page:
    """Lists movements of which only their words say that they are known."""
    return _duplicates_page(blank())


def _read_decision(model: type[DecideDuplicates]) -> Form[DecideDuplicates]:
    form = read_form(model, {"duplicate_ids": request.form.getlist("selected")})
    if form.errors.pop("duplicate_ids", None):
        form.errors["selected"] = _("Tick the movements that you decide on.")
    return form


@bp.post("/duplicates")
@staff(Permission.POST_LEDGER)
@command_form(DecideDuplicates, page=_duplicates_page, slot="decide", read=_read_decision)
def decide(data: DecideDuplicates) -> Page:
    """Decides on the ticked movements: the same as the stored lines, or others."""
    count = decide_duplicates(db(), actor(), data)
    text = (
        ngettext(
            "%(num)s movement is known: nothing is added.", "%(num)s movements are known: nothing is added.", count
        )
        if data.decision == "same"
        else ngettext(
            "%(num)s movement is added and will be matched.", "%(num)s movements are added and will be matched.", count
        )
    )
    return done(text, "movements.duplicates")


def _breaks_page(form: Form[Any], bank_account_id: UUID) -> str:
    state, notes = movement_queries.account_breaks(db(), actor().tenant_id, bank_account_id)
    return render(
        "ar/receipts/bank/movements/breaks.html",
        account=state,
        notes=notes,
        form=form,
        may_decide=may(Permission.POST_LEDGER),
    )


@bp.get("/accounts/<uuid:bank_account_id>/breaks")
@staff(Permission.READ_BANK)
def breaks(bank_account_id: UUID) -> Page:
    """Lists where the balances of an account do not continue from statement to statement."""
    return _breaks_page(blank(), bank_account_id)


@bp.post("/accounts/<uuid:bank_account_id>/breaks")
@staff(Permission.POST_LEDGER)
@command_form(AccountForBreak, page=_breaks_page)
def explain(data: AccountForBreak, bank_account_id: UUID) -> Page:
    """Accounts for a break, with the reason."""
    account_for_break(db(), actor(), bank_account_id, data)
    return done(_("Noted. The break no longer holds up “posted through”."), "bank.index")
