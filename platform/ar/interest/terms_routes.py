"""Pages of interest terms, of customers and of the company.

Invariant: rows are added, never changed; earlier ones stay listed.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint

from ar.interest import commands, queries, texts
from ar.interest.inputs import COUNTRIES, KINDS, SetTerms
from ar.interest.messages import TERMS_HINTS, TERMS_NAMES
from kernel.i18n import gettext as _
from kernel.versions import version_of
from tenants.access import may, staff
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank
from web.responses import Page, render

bp = Blueprint("interest_terms", __name__, url_prefix="/interest")

FIELDS = {
    "interest_minimum_currency": "currency",
    "interest_minimum_unreadable": "minimum",
    "interest_smallest_unreadable": "document_minimum",
    "interest_standard_of_company": "kind",
}


def _company_page(form: Form[Any]) -> str:
    return _terms_page(form, None)


def _customer_page(form: Form[Any], customer_id: UUID) -> str:
    return _terms_page(form, customer_id)


def _terms_page(form: Form[Any], customer_id: UUID | None) -> str:
    """Renders the terms of a customer, of the company for None."""
    tenant_id = actor().tenant_id
    number, name = queries.customer_number_and_name(db(), tenant_id, customer_id) if customer_id else ("", "")
    rows = queries.recorded_terms(db(), tenant_id, customer_id)
    kinds = [kind for kind in KINDS if customer_id or kind != "standard"]
    first = {"from_on": actor().today.isoformat(), "basis": "365", "grace_days": "0"}
    return render(
        "ar/interest/terms.html",
        customer_id=customer_id,
        number=number,
        name=name,
        rows=rows,
        company_rows=queries.recorded_terms(db(), tenant_id, None) if customer_id else [],
        charges=queries.charges_of_customer(db(), tenant_id, customer_id) if customer_id else [],
        form=form.at("terms", **first, version=version_of(queries.terms_version(rows))),
        kinds=[(kind, _(TERMS_NAMES[kind]), _(TERMS_HINTS[kind])) for kind in kinds],
        countries=[("", _("None")), *((code, _(TERMS_NAMES[code])) for code in COUNTRIES)],
        terms_text=texts.terms_text,
        may_post=may(Permission.POST_LEDGER),
    )


@bp.get("/terms")
@staff(Permission.READ_BOOKS)
def company() -> Page:
    """Shows the company's terms, for customers without their own."""
    return _company_page(blank())


@bp.post("/terms")
@staff(Permission.POST_LEDGER)
@command_form(SetTerms, page=_company_page, slot="terms", fields=FIELDS)
def set_company(data: SetTerms) -> Page:
    """Records the company's terms from a day on."""
    commands.set_terms(db(), actor(), None, data)
    return done(_("The terms are recorded."), "interest_terms.company")


@bp.get("/terms/<uuid:customer_id>")
@staff(Permission.READ_CLAIMS)
def customer(customer_id: UUID) -> Page:
    """Shows a customer's terms."""
    return _customer_page(blank(), customer_id)


@bp.post("/terms/<uuid:customer_id>")
@staff(Permission.POST_LEDGER)
@command_form(SetTerms, page=_customer_page, slot="terms", fields=FIELDS)
def set_customer(data: SetTerms, customer_id: UUID) -> Page:
    """Records a customer's terms from a day on."""
    commands.set_terms(db(), actor(), customer_id, data)
    return done(_("The terms are recorded."), "interest_terms.customer", customer_id=customer_id)
