"""Page of corrections: interest charged before that is not right any more, line by line, and what was put right.

Invariant: parse, authorise, one command or one query, render. The views belong to the blueprint of `routes`.
"""

from __future__ import annotations

from typing import Any

from flask import request

from ar.interest import correcting
from ar.interest.corrections import Corrections, posted_corrections
from ar.interest.inputs import CorrectInterest
from ar.interest.routes import WORDS, bp
from kernel.errors import RuleBroken
from kernel.i18n import gettext as _
from tenants.access import may, staff
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank
from web.refusals import put_refusal
from web.responses import Page, render

FIELDS = {
    "interest_correction_ahead": "document_on",
    "period_locked": "document_on",
    "interest_customer_unknown": "customer_no",
}


def _page(form: Form[Any]) -> str:
    """Renders the proposal computed now; of a refused form the lines chosen stay chosen."""
    customer_no = str(form.value("customer_no") or request.args.get("customer_no", ""))[:80].strip()
    shown = form.at("correction", document_on=actor().today.isoformat(), customer_no=customer_no)
    try:
        found = correcting.propose(db(), actor(), customer_no)
    except RuleBroken as error:
        put_refusal(shown, error, FIELDS)
        found = Corrections(())
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
    return _page(blank())


@bp.post("/corrections")
@staff(Permission.POST_LEDGER)
@command_form(CorrectInterest, page=_page, slot="correction", fields=FIELDS)
def correct(data: CorrectInterest) -> Page:
    """Posts the chosen lines as they were shown."""
    correcting.correct_interest(db(), actor(), data)
    return done(_("The corrections are posted."), "interest.corrections")
