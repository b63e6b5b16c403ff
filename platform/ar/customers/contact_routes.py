"""The pages of a customer's contacts: add, bring up to date, take out of use.

Invariant: parse, authorise, one command or one query, render. The views hang on the blueprint of `routes`.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import request

from ar.customers import commands, queries
from ar.customers.inputs import AddContact, ContactFields
from ar.customers.messages import PURPOSE_LABELS
from ar.customers.routes import bp
from kernel.i18n import gettext as _
from tenants.access import staff
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank
from web.responses import Page, render


def _contact_page(form: Form[Any], customer_id: UUID) -> str:
    """Renders the form: blank, with what is stored of the contact that the address names."""
    customer = queries.customer_detail(db(), actor().tenant_id, customer_id)
    known = {str(contact.id): contact for contact in customer.contacts}.get(request.args.get("contact", ""))
    first: dict[str, Any] = {"purposes": list(PURPOSE_LABELS)}
    if known is not None:
        texts = {"name": known.name, "title": known.title, "email": known.email, "phone": known.phone}
        first = {"purposes": list(known.purposes or PURPOSE_LABELS), **texts}
    shown = form.at("contact", **first)
    return render("ar/customers/new_contact.html", customer=customer, form=shown, purposes=PURPOSE_LABELS)


@bp.get("/<uuid:customer_id>/contacts/new")
@staff(Permission.EDIT_CUSTOMER)
def new_contact(customer_id: UUID) -> Page:
    """A contact form: empty, or with what is stored of the contact that the address names."""
    return _contact_page(blank(), customer_id)


@bp.post("/<uuid:customer_id>/contacts")
@staff(Permission.EDIT_CUSTOMER)
@command_form(ContactFields, page=_contact_page, slot="contact")
def add_contact(data: ContactFields, customer_id: UUID) -> Page:
    """Adds a contact, or brings the one of the same e-mail up to date."""
    commands.add_contact(db(), actor(), AddContact(customer_id=customer_id, **data.model_dump()))
    return done(_("Contact saved."), "customers.edit", customer_id=customer_id)


@bp.post("/<uuid:customer_id>/contacts/<uuid:contact_id>/deactivation")
@staff(Permission.EDIT_CUSTOMER)
def deactivate_contact(customer_id: UUID, contact_id: UUID) -> Page:
    """Takes a contact out of use."""
    commands.deactivate_contact(db(), actor(), customer_id, contact_id)
    return done(_("Contact deactivated."), "customers.edit", customer_id=customer_id)
