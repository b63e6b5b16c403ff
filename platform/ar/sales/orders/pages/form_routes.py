"""The form of an order: entered on one page with many lines, typed, pasted, from a contract or copied; and changed.

Invariant: parse, authorise, one command or one query, render; a refused form is shown again as typed. Uses the
blueprint of `routes`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import g, request

from ar.customers.lookups import find_numbers
from ar.sales.forms import posted_lines, read_for_customer, read_with_lines, typed_form, words
from ar.sales.line_forms import Row, with_spare_rows
from ar.sales.orders.commands import confirm_order, edit_order
from ar.sales.orders.entering import enter_order, order_values
from ar.sales.orders.facts import find_order
from ar.sales.orders.inputs import LINES_MAX, EditOrder, EnterOrder
from ar.sales.orders.pages import queries
from ar.sales.orders.pages.lines import LINES, REFUSALS, order_row, rows_of_contract
from ar.sales.orders.pages.routes import bp, told
from kernel.i18n import gettext as _
from tenants.access import staff
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank, stored
from web.responses import Page, render


def _form_page(form: Form[Any], rows: Sequence[Row], **more: Any) -> str:
    number = str(form.value("customer_no"))
    known = find_numbers(db(), actor().tenant_id, [number]).get(number)
    contracts = queries.contract_choices(db(), actor().tenant_id, known.id) if known else []
    return render(
        "ar/sales/orders/pages/new.html",
        form=form,
        rows=with_spare_rows(LINES, rows),
        contracts=contracts,
        customer_name=known.name if known else "",
        **({"order_id": None, "order_no": ""} | more),
    )


def _new_page(form: Form[Any]) -> str:
    return _form_page(form, posted_lines(LINES).rows)


@bp.get("/new")
@staff(Permission.EDIT_ORDERS)
def new() -> Page:
    """Shows an empty form; `?customer=` fills in a customer, `?contract=` its contract, `?copy=` another order."""
    first: dict[str, Any] = {
        "customer_no": request.args.get("customer", "").replace("\x00", "").strip()[:80],
        "ordered_on": actor().today.isoformat(),
        "currency": g.company.currency,
    }
    rows: list[Row] = []
    copied, contract = _id("copy"), _id("contract")
    if copied is not None:
        page = queries.order_page(db(), actor(), copied)
        values = order_values(db(), actor().tenant_id, find_order(db(), actor().tenant_id, copied))
        rows = [order_row(line) for line in values["lines"]]
        kept = ("contract_id", "currency", "term_days", "prepaid")
        first |= {name: values[name] for name in kept} | {"customer_no": page.row.customer_no}
    elif contract is not None:
        rows, given = rows_of_contract(db(), actor().tenant_id, contract)
        first |= given
    return _form_page(blank(**first), rows)


@bp.post("/")
@staff(Permission.EDIT_ORDERS)
def create() -> Page:
    """Enters an order, and confirms it at once when asked to; or only reads what was pasted."""
    if request.form.get("action") == "read":
        return _new_page(typed_form())
    return _enter()


def _read(model: type[EditOrder]) -> Form[EditOrder]:
    return read_with_lines(model, LINES, LINES_MAX)


def _read_entry(model: type[EnterOrder]) -> Form[EnterOrder]:
    return read_for_customer(model, LINES, LINES_MAX)


@command_form(EnterOrder, page=_new_page, fields=REFUSALS, read=_read_entry)
def _enter(data: EnterOrder) -> Page:
    order_id = enter_order(db(), actor(), data)
    if request.form.get("action") != "confirm":
        text = _("The order is entered. It commits nothing until it is confirmed.")
        return done(text, "orders.show", order_id=order_id)
    decision = confirm_order(db(), actor(), order_id)
    return told(decision, order_id, _("The order is released."), _("The order is held."))


def _edit_page(form: Form[Any], order_id: UUID) -> str:
    return _edit_form(form, order_id, posted_lines(LINES).rows)


def _edit_form(form: Form[Any], order_id: UUID, rows: Sequence[Row]) -> str:
    page = queries.order_page(db(), actor(), order_id)
    form.values["customer_no"] = page.row.customer_no
    return _form_page(form, rows, order_id=order_id, order_no=page.row.number)


@bp.get("/<uuid:order_id>/edit")
@staff(Permission.EDIT_ORDERS)
def edit(order_id: UUID) -> Page:
    """Shows the form of an order."""
    values = order_values(db(), actor().tenant_id, find_order(db(), actor().tenant_id, order_id))
    return _edit_form(blank(**stored(values)), order_id, [order_row(line) for line in values["lines"]])


@bp.post("/<uuid:order_id>/edit")
@staff(Permission.EDIT_ORDERS)
def save(order_id: UUID) -> Page:
    """Changes an order; it may be asked again, and held; or only reads what was pasted."""
    if request.form.get("action") == "read":
        return _edit_page(typed_form(), order_id)
    return _save(order_id)


@command_form(EditOrder, page=_edit_page, fields=REFUSALS, read=_read, words=words)
def _save(data: EditOrder, order_id: UUID) -> Page:
    decision = edit_order(db(), actor(), order_id, data)
    if decision is None:
        return done(_("The order is changed."), "orders.show", order_id=order_id)
    return told(decision, order_id, _("The order is changed and released."), _("The order is changed and held."))


def _id(name: str) -> UUID | None:
    try:
        return UUID(request.args.get(name, ""))
    except ValueError:
        return None
