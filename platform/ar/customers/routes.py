"""The pages of the customer file: list, new, edit, contacts. One customer's overview is the reports' page.

May import this slice, web and tenants. Invariant: parse, authorise, one command or one query, render.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.customers import commands, queries
from ar.customers.inputs import AddContact, ContactFields, CreateCustomer, EditCustomer, tax_id_doubtful
from ar.customers.messages import ENTITY_LABELS, LANGUAGE_LABELS, MESSAGES, PURPOSE_LABELS
from kernel.errors import Conflict, RuleBroken
from kernel.i18n import gettext as _
from kernel.i18n import mark
from tenants.access import may, staff
from tenants.permissions import Permission
from web import filters
from web.context import actor, db
from web.forms import Form, blank, read_form
from web.paging import read_page
from web.responses import Page, flash_error, flash_ok, invalid, render, see_other

bp = Blueprint("customers", __name__, url_prefix="/customers")

SORTS = ("name", "number", "open", "overdue")
POLICIES = (("", mark("As the company")), ("five-step", mark("Five steps")), ("twelve-step", mark("Twelve steps")))


@dataclass(frozen=True)
class CustomerFilters:
    """What the list shows, as it stands in the address."""

    q: str = filters.text()
    state: str = filters.choice("all", "open", "overdue")
    owner: str = filters.choice("all", "mine")
    sort: str = filters.choice("name", "-name", "number", "-number", "open", "-open", "overdue", "-overdue")


@bp.get("/")
@staff(Permission.READ)
def index() -> Page:
    """The customers, searched, filtered, sorted and paged by the address."""
    wanted = filters.read(CustomerFilters, request.args)
    asked = read_page(request.args)
    found = queries.customer_list(
        db(),
        actor().tenant_id,
        today=actor().today,
        q=wanted.q,
        owner_id=actor().user_id if wanted.owner == "mine" else None,
        state=wanted.state,
        sort=wanted.sort,
        offset=asked.offset,
        limit=asked.limit,
    )
    path = url_for("customers.index")
    states = [("all", _("All")), ("open", _("With open items")), ("overdue", _("Overdue"))]
    return render(
        "ar/customers/index.html",
        found=found,
        wanted=wanted,
        today=actor().today,
        pager=asked.page(found.total, path, request.args),
        sorts=filters.sort_links(wanted, path, *SORTS),
        state_chips=filters.chips(wanted, "state", states, path),
        owner_chips=filters.chips(wanted, "owner", [("all", _("Everybody's")), ("mine", _("Mine"))], path),
        active=filters.active(wanted),
        may_edit=may(Permission.EDIT_CUSTOMER),
        may_import=may(Permission.IMPORT),
    )


@bp.get("/new")
@staff(Permission.EDIT_CUSTOMER)
def new() -> Page:
    """An empty form."""
    return render("ar/customers/new.html", form=blank(term_days=30, settlement_days=0, **_first()), **_choices())


@bp.post("/")
@staff(Permission.EDIT_CUSTOMER)
def create() -> Page:
    """Enters a customer."""
    form = read_form(CreateCustomer)
    if form.ok:
        try:
            customer_id = commands.create_customer(db(), actor(), form.data)
            _say_saved(_("Customer entered."), form.data.tax_id)
            return see_other(url_for("overview.customer", customer_id=customer_id))
        except Conflict as fault:
            form.errors["number"] = _(MESSAGES[fault.code], **fault.params)
        except RuleBroken as fault:
            form.errors["owner_id"] = _(MESSAGES[fault.code], **fault.params)
    return invalid("ar/customers/new.html", form=form, **_choices())


@bp.get("/<uuid:customer_id>/edit")
@staff(Permission.EDIT_CUSTOMER)
def edit(customer_id: UUID) -> Page:
    """The customer's form and contacts."""
    return render("ar/customers/edit.html", **_edit(customer_id))


@bp.post("/<uuid:customer_id>")
@staff(Permission.EDIT_CUSTOMER)
def update(customer_id: UUID) -> Page:
    """Changes a customer."""
    form = read_form(EditCustomer)
    if form.ok:
        try:
            commands.edit_customer(db(), actor(), customer_id, form.data)
            _say_saved(_("Customer saved."), form.data.tax_id)
            return see_other(url_for("overview.customer", customer_id=customer_id))
        except RuleBroken as fault:
            form.errors["owner_id"] = _(MESSAGES[fault.code], **fault.params)
    return invalid("ar/customers/edit.html", **_edit(customer_id, form=form))


@bp.get("/<uuid:customer_id>/contacts/new")
@staff(Permission.EDIT_CUSTOMER)
def new_contact(customer_id: UUID) -> Page:
    """A contact form: empty, or with what is stored of the contact that the address names."""
    page = _contact(customer_id, blank(purposes=list(PURPOSE_LABELS)))
    known = {str(contact.id): contact for contact in page["customer"].contacts}.get(request.args.get("contact", ""))
    if known is not None:
        texts = {"name": known.name, "title": known.title, "email": known.email, "phone": known.phone}
        page["form"] = blank(purposes=list(known.purposes or PURPOSE_LABELS), **texts)
    return render("ar/customers/contact.html", **page)


@bp.post("/<uuid:customer_id>/contacts")
@staff(Permission.EDIT_CUSTOMER)
def add_contact(customer_id: UUID) -> Page:
    """Adds a contact, or brings the one of the same e-mail up to date."""
    form = read_form(ContactFields)
    if not form.ok:
        return invalid("ar/customers/contact.html", **_contact(customer_id, form))
    commands.add_contact(db(), actor(), AddContact(customer_id=customer_id, **form.data.model_dump()))
    flash_ok(_("Contact saved."))
    return see_other(url_for("customers.edit", customer_id=customer_id))


@bp.post("/<uuid:customer_id>/contacts/<uuid:contact_id>/deactivation")
@staff(Permission.EDIT_CUSTOMER)
def deactivate_contact(customer_id: UUID, contact_id: UUID) -> Page:
    """Takes a contact out of use."""
    commands.deactivate_contact(db(), actor(), customer_id, contact_id)
    flash_ok(_("Contact taken out of use."))
    return see_other(url_for("customers.edit", customer_id=customer_id))


def _say_saved(text: str, tax_id: str) -> None:
    flash_ok(text)
    if tax_id_doubtful(tax_id):
        flash_error(_("The check character of the tax id is wrong. It was saved as typed."))


def _first() -> dict[str, Any]:
    return {"entity_type": "company", "term_base": "invoice", "language": actor().language}


def _choices() -> dict[str, Any]:
    owners = queries.owner_choices(db(), actor().tenant_id)
    return {
        "owners": [("", _("Nobody yet")), *((str(user_id), name) for user_id, name in owners)],
        "entity_types": [(value, _(label)) for value, label in ENTITY_LABELS.items()],
        "languages": list(LANGUAGE_LABELS.items()),
        "policies": [(value, _(label)) for value, label in POLICIES],
        "term_bases": [("invoice", _("The invoice date")), ("month_end", _("The end of the invoice's month"))],
    }


def _contact(customer_id: UUID, form: Form[Any]) -> dict[str, Any]:
    customer = queries.customer_detail(db(), actor().tenant_id, customer_id)
    return {"customer": customer, "form": form, "purposes": PURPOSE_LABELS}


def _edit(customer_id: UUID, form: Form[Any] | None = None) -> dict[str, Any]:
    customer = queries.customer_detail(db(), actor().tenant_id, customer_id)
    terms = customer.terms
    stored = {
        "name": customer.name,
        "entity_type": customer.entity_type,
        "tax_id": customer.tax_id,
        "owner_id": str(customer.owner_id or ""),
        "term_base": terms.get("base", "invoice"),
        "term_months": terms.get("months", 0),
        "term_days": terms.get("days", 0),
        "settlement_days": customer.settlement_days,
        "language": customer.language,
        "policy_code": customer.policy_code or "",
    }
    return {
        "customer": customer,
        "form": form or blank(**stored),
        "purposes": PURPOSE_LABELS,
        **_choices(),
    }
