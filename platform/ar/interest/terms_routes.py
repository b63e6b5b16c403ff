"""The pages of what interest rests on: a customer's terms, the company's, and the published rates.

May import this slice, web and tenants. Invariant: rows are added, never changed; what was recorded stays in view.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, url_for

from ar.interest import commands, queries, wording
from ar.interest.inputs import KINDS, SERIES_ORDER, AddRate, SetTerms
from ar.interest.messages import MESSAGES, SERIES_NAMES, TERMS_HINTS, TERMS_NAMES
from ar.interest.presets import series_facts
from ar.interest.reading import rate_table
from kernel.errors import RuleBroken
from kernel.i18n import gettext as _
from tenants.access import may, staff
from tenants.permissions import Permission
from web.context import actor, db
from web.forms import Form, blank, read_form
from web.responses import Page, flash_ok, invalid, render, see_other

bp = Blueprint("interest_terms", __name__, url_prefix="/interest")

TERMS, RATES = "ar/interest/terms.html", "ar/interest/rates.html"
FIELDS = {
    "interest_minimum_currency": "currency",
    "interest_minimum_unreadable": "minimum",
    "interest_standard_of_company": "kind",
    "interest_rate_half_year": "from_on",
    "interest_rate_ahead": "from_on",
}


@bp.get("/terms")
@staff(Permission.READ)
def company() -> Page:
    """The company's own terms, for customers who have none."""
    return render(TERMS, **_terms(None))


@bp.post("/terms")
@staff(Permission.POST_LEDGER)
def set_company() -> Page:
    """Records the company's terms from a day on."""
    return _set(None)


@bp.get("/terms/<uuid:customer_id>")
@staff(Permission.READ)
def customer(customer_id: UUID) -> Page:
    """A customer's terms."""
    return render(TERMS, **_terms(customer_id))


@bp.post("/terms/<uuid:customer_id>")
@staff(Permission.POST_LEDGER)
def set_customer(customer_id: UUID) -> Page:
    """Records a customer's terms from a day on."""
    return _set(customer_id)


@bp.get("/rates")
@staff(Permission.READ)
def rates() -> Page:
    """The published rates, the product's and those recorded here."""
    return render(RATES, **_rates())


@bp.post("/rates")
@staff(Permission.POST_LEDGER)
def add_rate() -> Page:
    """Records a rate."""
    form = read_form(AddRate)
    if not form.ok:
        return invalid(RATES, **_rates(form))
    try:
        commands.add_rate(db(), actor(), form.data)
    except RuleBroken as error:
        form.errors[FIELDS[error.code]] = _(MESSAGES[error.code], **error.params)
        return invalid(RATES, **_rates(form))
    flash_ok(_("The rate is recorded."))
    return see_other(url_for("interest_terms.rates"))


def _set(customer_id: UUID | None) -> Page:
    form = read_form(SetTerms)
    if not form.ok:
        return invalid(TERMS, **_terms(customer_id, form))
    try:
        commands.set_terms(db(), actor(), customer_id, form.data)
    except RuleBroken as error:
        form.errors[FIELDS[error.code]] = _(MESSAGES[error.code], **error.params)
        return invalid(TERMS, **_terms(customer_id, form))
    flash_ok(_("The terms are recorded."))
    if customer_id is None:
        return see_other(url_for("interest_terms.company"))
    return see_other(url_for("interest_terms.customer", customer_id=customer_id))


def _terms(customer_id: UUID | None, form: Form[Any] | None = None) -> dict[str, Any]:
    tenant_id = actor().tenant_id
    number, name = queries.customer_name(db(), tenant_id, customer_id) if customer_id else ("", "")
    kinds = [kind for kind in KINDS if customer_id or kind != "standard"]
    return {
        "customer_id": customer_id,
        "number": number,
        "name": name,
        "rows": queries.recorded_terms(db(), tenant_id, customer_id),
        "company_rows": queries.recorded_terms(db(), tenant_id, None) if customer_id else [],
        "charges": queries.charges_of(db(), tenant_id, customer_id) if customer_id else [],
        "form": form or blank(from_on=actor().today.isoformat(), basis="365", grace_days="0"),
        "kinds": [(kind, _(TERMS_NAMES[kind]), _(TERMS_HINTS[kind])) for kind in kinds],
        "terms_text": wording.terms_text,
        "may_post": may(Permission.POST_LEDGER),
    }


def _rates(form: Form[Any] | None = None) -> dict[str, Any]:
    table = rate_table(db(), actor().tenant_id)
    return {
        "series": [
            (code, _(SERIES_NAMES[code]), series_facts()[code], table.known_through(code), table.rates(code))
            for code in SERIES_ORDER
        ],
        "options": [(code, _(SERIES_NAMES[code])) for code in SERIES_ORDER],
        "form": form or blank(),
        "percent": wording.percent,
        "today": actor().today,
        "may_post": may(Permission.POST_LEDGER),
    }
