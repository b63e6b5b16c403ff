"""Serves the page of one bad debt: documents, evidence, withdrawal of the proposal, reversal of the write-off.

Invariant: parse, authorise, one command or one query, render. The views are registered on the blueprint of
`bad_debts.routes`.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import request

from ar.losses.bad_debts import commands as bad_debts
from ar.losses.bad_debts import queries
from ar.losses.bad_debts.inputs import Withdraw
from ar.losses.bad_debts.routes import bp
from ar.losses.inputs import ReverseLoss
from ar.losses.texts import WORDS
from kernel import storage
from kernel.errors import Forbidden
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.money import decimal_text
from tenants.access import may, staff
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank
from web.responses import Page, download, render

REVERSAL_FIELDS = {
    "period_locked": "effective_on",
    "effective_too_early": "effective_on",
    "effective_in_future": "effective_on",
}


def case_page(form: Form[Any], bad_debt_id: UUID) -> str:
    """Renders a case; `form` fills its slot: money, credit, event, withdrawal, reversal or undoing."""
    page = queries.case_page(db(), actor().tenant_id, bad_debt_id)
    unrecovered = [total for total in page.case.sums if total.rest_minor]
    pursued = page.case.state == "written_off"
    receipts = queries.unapplied_receipts(db(), actor().tenant_id, page.case.customer_id) if pursued else []
    first = unrecovered[0] if unrecovered else None
    today = actor().today.isoformat()
    return render(
        "ar/losses/bad_debts/show.html",
        page=page,
        case=page.case,
        rest=unrecovered,
        receipts=[each for each in receipts if each[2] in {total.currency for total in unrecovered}],
        may_post=may(Permission.POST_LEDGER),
        may_propose=may(Permission.PROPOSE_BAD_DEBT),
        money=form.at(
            "money",
            key=str(new_id()),
            received_on=today,
            currency=first.currency if first else "",
            amount=decimal_text(first.rest_minor, first.currency) if first else "",
            account="bank",
        ),
        credit=form.at("credit", key=str(new_id())),
        event=form.at("event", key=str(new_id()), kind="note", happened_on=today),
        withdrawal=form.at("withdrawal"),
        reversal=form.at("reversal"),
        undoing=form.at("undoing"),
        **WORDS,
    )


@bp.get("/<uuid:bad_debt_id>")
@staff(Permission.READ_CLAIMS)
def show(bad_debt_id: UUID) -> Page:
    """Shows one case."""
    return case_page(blank(), bad_debt_id)


@bp.get("/<uuid:bad_debt_id>/evidence")
@staff(Permission.READ_CLAIMS)
def file(bad_debt_id: UUID) -> Page:
    """Downloads a file of the case by its hash (`?file=`)."""
    found = queries.case_file(db(), actor().tenant_id, bad_debt_id, request.args.get("file", ""))
    stored = storage.load(db(), actor().tenant_id, found.sha256)
    return download(stored.content, stored.media_type, found.file_name)


@bp.post("/<uuid:bad_debt_id>/withdrawal")
@staff(Permission.PROPOSE_BAD_DEBT)
@command_form(Withdraw, page=case_page, slot="withdrawal", also=(Forbidden,))
def withdraw(data: Withdraw, bad_debt_id: UUID) -> Page:
    """Withdraws a proposal."""
    bad_debts.withdraw_case(db(), actor(), bad_debt_id, data.reason)
    return done(_("The proposal is withdrawn."), "bad_debts.show", bad_debt_id=bad_debt_id)


@bp.post("/<uuid:bad_debt_id>/reversal", endpoint="take_back")
@staff(Permission.POST_LEDGER)
@command_form(ReverseLoss, page=case_page, slot="reversal", fields=REVERSAL_FIELDS)
def reverse(data: ReverseLoss, bad_debt_id: UUID) -> Page:
    """Reverses a write-off made by mistake."""
    bad_debts.reverse_write_off(db(), actor(), bad_debt_id, data)
    text = _("The write-off is reversed; the documents are open again.")
    return done(text, "bad_debts.show", bad_debt_id=bad_debt_id)
