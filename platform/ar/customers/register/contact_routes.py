"""Serves the contact form of a customer: add, update, deactivate.

Invariant: parse, authorise, one command or one query, render. The views are registered on the blueprint of `routes`.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import request, url_for

from ar.customers import queries
from ar.customers.inputs import AddContact, ContactFields, contact_values
from ar.customers.messages import PURPOSE_LABELS
from ar.customers.register import contacts
from ar.customers.register.routes import bp
from kernel.errors import NotFound
from kernel.i18n import gettext as _
from tenants.access import staff
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank, stored
from web.refusals import str_of
from web.responses import Page, render, way_back


def _contact_page(form: Form[Any], customer_id: UUID) -> str:
    """Renders the form; blank, it shows the stored contact that the URL names."""
    customer = queries.customer_detail(db(), actor().tenant_id, customer_id)
    known = {str(contact.id): contact for contact in customer.contacts}.get(request.args.get("contact", ""))
    first = stored(contact_values(known) if known else {})
    first["purposes"] = list((known and known.purposes) or PURPOSE_LABELS)
    shown = form.at("contact", **first)
    back = way_back(url_for("customers.edit", customer_id=customer_id))
    return render(
        "ar/customers/register/new_contact.html", customer=customer, form=shown, purposes=PURPOSE_LABELS, back=back
    )


def _words(name: str, value: Any) -> str:
    """Returns the stored value of a field as the page shows it."""
    return str_of(name, [_(PURPOSE_LABELS[each]) for each in value] if name == "purposes" else value)


@bp.get("/<uuid:customer_id>/contacts/new")
@staff(Permission.EDIT_CUSTOMER)
def new_contact(customer_id: UUID) -> Page:
    """Shows the contact form, filled with the stored contact that the URL names."""
    return _contact_page(blank(), customer_id)


@bp.post("/<uuid:customer_id>/contacts")
@staff(Permission.EDIT_CUSTOMER)
@command_form(ContactFields, page=_contact_page, slot="contact", words=_words)
def add_contact(data: ContactFields, customer_id: UUID) -> Page:
    """Adds a contact, or updates the one of the same e-mail."""
    contacts.add_contact(db(), actor(), AddContact(customer_id=customer_id, **data.model_dump()))
    return done(_("Contact saved."), "customers.edit", customer_id=customer_id)


@bp.get("/<uuid:customer_id>/contacts/<uuid:contact_id>/deactivation")
@staff(Permission.EDIT_CUSTOMER)
def ask_deactivation(customer_id: UUID, contact_id: UUID) -> Page:
    """Asks before a contact goes out of use, and says who would be written to then."""
    customer = queries.customer_detail(db(), actor().tenant_id, customer_id)
    contact = next((each for each in customer.contacts if each.id == contact_id), None)
    if contact is None:
        raise NotFound("contact_not_found")
    return render(
        "ar/customers/register/deactivate_contact.html",
        customer=customer,
        contact=contact,
        recipients=queries.recipients_without(customer.contacts, contact),
        purposes=PURPOSE_LABELS,
        back=way_back(url_for("customers.edit", customer_id=customer_id)),
    )


@bp.post("/<uuid:customer_id>/contacts/<uuid:contact_id>/deactivation")
@staff(Permission.EDIT_CUSTOMER)
def deactivate_contact(customer_id: UUID, contact_id: UUID) -> Page:
    """Deactivates a contact; who asks again is told that it was done."""
    is_new = contacts.deactivate_contact(db(), actor(), customer_id, contact_id)
    text = _("Contact deactivated.") if is_new else _("This contact was already out of use. Nothing was changed.")
    return done(text, "customers.edit", customer_id=customer_id)
