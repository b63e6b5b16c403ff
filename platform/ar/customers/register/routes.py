"""Serves the register: list, new, edit; contacts are in `contact_routes`, one customer in `ar.reports.customer`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.customers import queries
from ar.customers.inputs import CreateCustomer, CustomerFields, EditCustomer, customer_values
from ar.customers.messages import DOUBTS, ENTITY_LABELS, LANGUAGE_LABELS, PURPOSE_LABELS, ROLL_LABELS
from ar.customers.register import commands
from ar.customers.rules.identity_numbers import doubt_about
from kernel.i18n import gettext as _
from kernel.i18n import mark
from tenants.access import may, staff
from tenants.permissions import Permission
from web import filters
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank, stored
from web.paging import read_page
from web.refusals import str_of
from web.responses import Page, flash_error, render

bp = Blueprint("customers", __name__, url_prefix="/customers")

SORTS = ("name", "number", "open", "overdue")
FIELDS = {"customer_number_taken": "number", "owner_unknown": "owner_id", "owner_not_yours": "owner_id"}
POLICIES = (("", mark("Same as the company")), ("five-step", mark("Five steps")), ("twelve-step", mark("Twelve steps")))


@dataclass(frozen=True)
class CustomerFilters:
    """Filters of the list."""

    q: str = filters.text()
    state: str = filters.choice("all", "open", "overdue")
    owner: str = filters.choice("all", "mine")
    sort: str = filters.choice("name", "-name", "number", "-number", "open", "-open", "overdue", "-overdue")


@bp.get("/")
@staff(Permission.READ)
def index() -> Page:
    """Lists the customers, searched, filtered, sorted and paged."""
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
        "ar/customers/register/index.html",
        found=found,
        wanted=wanted,
        today=actor().today,
        pager=asked.page(found.total, path, request.args),
        sorts=filters.sort_links(wanted, path, *SORTS),
        state_chips=filters.chips(wanted, "state", states, path),
        owner_chips=filters.chips(wanted, "owner", [("all", _("Everyone's")), ("mine", _("Mine"))], path),
        active=filters.active(wanted),
        may_edit=may(Permission.EDIT_CUSTOMER),
        may_import=may(Permission.IMPORT),
    )


def _choices() -> dict[str, Any]:
    return {
        "owners": queries.owner_options(db(), actor()),
        "entity_types": [(value, _(label)) for value, label in ENTITY_LABELS.items()],
        "languages": list(LANGUAGE_LABELS.items()),
        "policies": [(value, _(label)) for value, label in POLICIES],
        "term_bases": [("invoice", _("The invoice date")), ("month_end", _("The end of the invoice's month"))],
        "term_rolls": [(value, _(label)) for value, label in ROLL_LABELS.items()],
    }


def _new_page(form: Form[Any]) -> str:
    return render("ar/customers/register/new.html", form=form, **_choices())


@bp.get("/new")
@staff(Permission.EDIT_CUSTOMER)
def new() -> Page:
    """Shows an empty form."""
    first = {"entity_type": "company", "term_base": "invoice", "language": actor().language}
    return _new_page(blank(term_days=30, settlement_days=0, **first))


@bp.post("/")
@staff(Permission.EDIT_CUSTOMER)
@command_form(CreateCustomer, page=_new_page, fields=FIELDS)
def create(data: CreateCustomer) -> Page:
    """Creates a customer."""
    customer_id = commands.create_customer(db(), actor(), data)
    return _saved(_("Customer created."), customer_id, data)


def _edit_page(form: Form[Any], customer_id: UUID) -> str:
    """Renders the customer's form and contacts; blank, it shows the stored values."""
    customer = queries.customer_detail(db(), actor().tenant_id, customer_id)
    shown = form.at("customer", **stored(customer_values(customer)))
    choices = _choices()
    if customer.entity_type not in ENTITY_LABELS:  # as older books wrote it: to be chosen anew
        choices["entity_types"].insert(0, (customer.entity_type, customer.entity_type))
    page = "ar/customers/register/edit.html"
    return render(page, customer=customer, form=shown, purposes=PURPOSE_LABELS, **choices)


def _words(name: str, value: Any) -> str:
    """Returns the stored value of a field as the page shows it."""
    lists = {"owner_id": "owners", "entity_type": "entity_types", "language": "languages"}
    lists |= {"policy_code": "policies", "term_base": "term_bases", "term_roll": "term_rolls"}
    return str(dict(_choices()[lists[name]]).get(value, value)) if name in lists else str_of(name, value)


@bp.get("/<uuid:customer_id>/edit")
@staff(Permission.EDIT_CUSTOMER)
def edit(customer_id: UUID) -> Page:
    """Shows the customer's form and contacts."""
    return _edit_page(blank(), customer_id)


@bp.post("/<uuid:customer_id>")
@staff(Permission.EDIT_CUSTOMER)
@command_form(EditCustomer, page=_edit_page, slot="customer", fields=FIELDS, words=_words)
def update(data: EditCustomer, customer_id: UUID) -> Page:
    """Changes a customer."""
    commands.edit_customer(db(), actor(), customer_id, data)
    return _saved(_("Customer saved."), customer_id, data)


def _saved(text: str, customer_id: UUID, data: CustomerFields) -> Page:
    answer = done(text, "overview.customer", customer_id=customer_id)
    doubt = doubt_about(data.entity_type, data.tax_id)
    if doubt is not None:
        flash_error(_("The number was saved as entered.") + " " + _(DOUBTS[doubt]))
    return answer
