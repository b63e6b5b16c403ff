"""The form of a delivery note: planned from an order, changed until it ships.

Invariant: parse, authorise, one command or one query, render. Uses the blueprint of `routes`.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from ar.sales.deliveries import planning
from ar.sales.deliveries.inputs import EditDelivery, PlanDelivery
from ar.sales.deliveries.notes import find_delivery, order_progress
from ar.sales.deliveries.pages import queries
from ar.sales.deliveries.pages.forms import form_rows, read_note
from ar.sales.deliveries.pages.routes import bp
from ar.sales.deliveries.pages.words import WORDS, mode_options
from ar.sales.orders.facts import find_order, lines_of
from ar.sales.rules.shipping import plain
from kernel.i18n import gettext as _
from tenants.access import staff
from tenants.permissions import Permission, Role
from tenants.recipients import active_people
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank, stored
from web.responses import Page, render

FIELDS = {
    "delivery_number_taken": "number",
    "delivery_driver_unknown": "driver_id",
    "delivery_too_much": "lines",
    "delivery_line_unknown": "lines",
}


def _drivers() -> list[tuple[str, str]]:
    people = [each for each in active_people(db(), actor().tenant_id) if Role.DRIVER in each.roles]
    return [("", _("Nobody yet")), *((str(each.id), each.name) for each in people)]


def _new_page(form: Form[Any], order_id: UUID) -> str:
    return _form_page(form, order_id, None)


def _form_page(form: Form[Any], order_id: UUID, delivery_id: UUID | None) -> str:
    order = find_order(db(), actor().tenant_id, order_id)
    progress = order_progress(db(), actor().tenant_id, order_id)
    lines = {line.line_no: line for line in lines_of(db(), actor().tenant_id, order_id)}
    return render(
        "ar/sales/deliveries/pages/plan.html",
        form=form,
        order=order,
        note=queries.note_row(db(), actor().tenant_id, delivery_id) if delivery_id else None,
        progress=progress,
        lines=lines,
        rows=[row for row in form_rows(form.values, lines) if row.line_no in lines],
        drivers=_drivers(),
        mode_options=mode_options(),
        today=actor().today,
        **WORDS,
    )


@bp.get("/of/<uuid:order_id>")
@staff(Permission.EDIT_ORDERS)
def plan(order_id: UUID) -> Page:
    """Shows the form of a new note with all that is left of the order."""
    left = planning.remaining_lines(db(), actor().tenant_id, order_id)
    fields = {"planned_on": actor().today.isoformat(), "mode": "direct"}
    for place, line in enumerate(left, start=1):
        fields |= {f"line-{place}": str(line.order_line_no), f"quantity-{place}": plain(line.quantity)}
    return _new_page(blank(**fields), order_id)


@bp.post("/of/<uuid:order_id>")
@staff(Permission.EDIT_ORDERS)
@command_form(PlanDelivery, page=_new_page, fields=FIELDS, read=read_note)
def create(data: PlanDelivery, order_id: UUID) -> Page:
    """Plans a note."""
    delivery_id = planning.plan_delivery(db(), actor(), order_id, data)
    return done(_("The note is planned."), "deliveries.show", delivery_id=delivery_id)


def _edit_page(form: Form[Any], delivery_id: UUID) -> str:
    return _form_page(form, find_delivery(db(), actor().tenant_id, delivery_id).order_id, delivery_id)


@bp.get("/<uuid:delivery_id>/change")
@staff(Permission.EDIT_ORDERS)
def edit(delivery_id: UUID) -> Page:
    """Shows the form of a note that has not left."""
    values = planning.note_values(db(), actor().tenant_id, find_delivery(db(), actor().tenant_id, delivery_id))
    fields = stored(values)
    for place, line in enumerate(values["lines"], start=1):
        fields |= {f"line-{place}": line["order_line_no"], f"quantity-{place}": line["quantity"]}
        fields[f"batch-{place}"] = line["batch"]
    return _edit_page(blank(**fields), delivery_id)


@bp.post("/<uuid:delivery_id>/change")
@staff(Permission.EDIT_ORDERS)
@command_form(EditDelivery, page=_edit_page, fields=FIELDS, read=read_note)
def save(data: EditDelivery, delivery_id: UUID) -> Page:
    """Changes a note."""
    planning.edit_delivery(db(), actor(), delivery_id, data)
    return done(_("The note is changed. Pick it again."), "deliveries.show", delivery_id=delivery_id)
