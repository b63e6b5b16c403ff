"""Pages of an interest document (its calculation, waivers, reversal) and of corrections of what was charged.

Invariant: parse, authorise, one command or one query, render. The views belong to the blueprint of `routes`.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import request

from ar.interest import correcting, queries, waivers
from ar.interest.corrections import Corrections, posted_corrections
from ar.interest.inputs import CorrectInterest, ReverseInterest, WaiveInterest
from ar.interest.routes import WORDS, bp
from kernel.errors import RuleBroken
from kernel.i18n import gettext as _
from kernel.i18n import ngettext
from tenants.access import may, staff
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank
from web.refusals import put_refusal
from web.responses import Page, render

FIELDS = {
    "amount_unreadable": "amount",
    "amount_not_positive": "amount",
    "allocation_exceeds_open": "amount",
    "period_locked": "effective_on",
    "effective_too_early": "effective_on",
    "effective_in_future": "effective_on",
}
CORRECTION_FIELDS = {
    "interest_correction_ahead": "document_on",
    "period_locked": "document_on",
    "interest_customer_unknown": "customer_no",
}


def _charge_page(form: Form[Any], charge_id: UUID) -> str:
    """Renders the document; `form` comes back in its slot: waiver, reversal or reinstatement."""
    page = queries.charge_page(db(), actor().tenant_id, charge_id)
    return render(
        "ar/interest/charge.html",
        page=page,
        charge=page.charge,
        may_post=may(Permission.POST_LEDGER),
        waiver=form.at("waiver"),
        reversal=form.at("reversal"),
        reinstatement=form.at("reinstatement"),
        days_text=lambda number: ngettext("%(num)s day", "%(num)s days", number),
        **WORDS,
    )


def _charge_of_waiver_page(form: Form[Any], waiver_id: UUID) -> str:
    return _charge_page(form, queries.charge_of_waiver(db(), actor().tenant_id, waiver_id))


@bp.get("/charges/<uuid:charge_id>")
@staff(Permission.READ_CLAIMS)
def charge(charge_id: UUID) -> Page:
    """Shows an interest document: its calculation and its waivers."""
    return _charge_page(blank(), charge_id)


@bp.post("/charges/<uuid:charge_id>/waivers")
@staff(Permission.POST_LEDGER)
@command_form(WaiveInterest, page=_charge_page, slot="waiver", fields=FIELDS)
def waive(data: WaiveInterest, charge_id: UUID) -> Page:
    """Waives the charge in full or in part, or requests approval for it."""
    waiver_id = waivers.waive(db(), actor(), charge_id, data)
    text = _("The interest is waived.") if waiver_id else _("The waiver awaits approval.")
    return done(text, "interest.charge", charge_id=charge_id)


@bp.post("/charges/<uuid:charge_id>/reversal")
@staff(Permission.POST_LEDGER)
@command_form(ReverseInterest, page=_charge_page, slot="reversal", fields=FIELDS)
def reverse(data: ReverseInterest, charge_id: UUID) -> Page:
    """Reverses the document, so that its days can be charged again."""
    waivers.reverse_charge(db(), actor(), charge_id, data)
    return done(_("The document is reversed; its days can be charged again."), "interest.charge", charge_id=charge_id)


@bp.post("/waivers/<uuid:waiver_id>/reinstatement")
@staff(Permission.POST_LEDGER)
@command_form(ReverseInterest, page=_charge_of_waiver_page, slot="reinstatement", fields=FIELDS)
def reinstate(data: ReverseInterest, waiver_id: UUID) -> Page:
    """Reinstates waived interest."""
    charge_id = queries.charge_of_waiver(db(), actor().tenant_id, waiver_id)
    waivers.reinstate(db(), actor(), waiver_id, data)
    return done(_("The interest is reinstated."), "interest.charge", charge_id=charge_id)


def _corrections_page(form: Form[Any]) -> str:
    """Renders the proposal computed now; of a refused form the lines chosen stay chosen."""
    customer_no = str(form.value("customer_no") or request.args.get("customer_no", ""))[:80].strip()
    shown = form.at("correction", document_on=actor().today.isoformat(), customer_no=customer_no)
    try:
        found = correcting.propose(db(), actor(), customer_no)
    except RuleBroken as error:
        put_refusal(shown, error, CORRECTION_FIELDS)
        found = Corrections((), {})
    chosen = request.form.getlist("lines") if request.method == "POST" else None
    return render(
        "ar/interest/corrections.html",
        form=shown,
        found=found,
        chosen=chosen,
        posted=posted_corrections(db(), actor().tenant_id),
        may_post=may(Permission.POST_LEDGER),
        **WORDS,
    )


@bp.get("/corrections")
@staff(Permission.READ_CLAIMS)
def corrections() -> Page:
    """Shows what is to be put right, and the last corrections posted."""
    return _corrections_page(blank())


@bp.post("/corrections")
@staff(Permission.POST_LEDGER)
@command_form(CorrectInterest, page=_corrections_page, slot="correction", fields=CORRECTION_FIELDS)
def correct(data: CorrectInterest) -> Page:
    """Posts the chosen lines as they were shown."""
    correcting.correct_interest(db(), actor(), data)
    return done(_("The corrections are posted."), "interest.corrections")
