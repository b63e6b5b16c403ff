"""The form of an order: entered on one page with many lines, typed, pasted, from a contract or copied; and changed.

Invariant: parse, authorise, one command or one query, render; a refused form is shown again as typed. Uses the
blueprint of `routes`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from flask import g, request
from pydantic import BaseModel

from ar.customers.lookups import find_numbers
from ar.sales.contracts.basis import contract_basis
from ar.sales.line_forms import LineForm, ReadLines, Row, bps_of_percent, read_lines, row_of, with_spare_rows
from ar.sales.orders.commands import confirm_order, edit_order
from ar.sales.orders.entering import enter_order, order_values
from ar.sales.orders.facts import find_order
from ar.sales.orders.inputs import LINES_MAX, EditOrder, EnterOrder, LineInput
from ar.sales.orders.pages import queries
from ar.sales.orders.pages.routes import bp
from kernel.i18n import gettext as _
from tenants.access import staff
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank, read_form, sentence_of, stored
from web.refusals import str_of
from web.responses import Page, part, render

M = TypeVar("M", bound=BaseModel)

REFUSALS = {
    "order_number_taken": "number",
    "order_contract_unknown": "contract_id",
    "order_currency_fixed": "currency",
    "customer_retired": "customer_no",
    "order_line_twice": "lines",
    "order_too_large": "lines",
    "order_line_shipped": "lines",
    "order_line_noted": "lines",
}


LINES = LineForm(
    model=LineInput,
    cells={
        "product": "product",
        "quantity": "quantity",
        "unit": "unit",
        "price": "unit_price",
        "tax": "tax_rate_bps",
    },
    pasted=("product", "quantity", "unit", "price", "tax"),
    optional="unit",
    convert={"tax": bps_of_percent},
)


def _lines() -> ReadLines:
    columns = {name: request.form.getlist(f"line_{name}") for name in LINES.names}
    return read_lines(LINES, columns, request.form.get("pasted", ""))


def _row(values: dict[str, str]) -> Row:
    bps = values["tax_rate_bps"]
    return row_of(LINES, values) | {"tax": f"{int(bps) / 100:g}" if bps else ""}


def _form_page(form: Form[Any], rows: Sequence[Row], **more: Any) -> str:
    number = str(form.value("customer_no"))
    known = find_numbers(db(), actor().tenant_id, [number]).get(number)
    contracts = queries.contract_choices(db(), actor().tenant_id, known.id) if known else []
    return render(
        "ar/sales/orders/form.html",
        form=form,
        rows=with_spare_rows(LINES, rows),
        contracts=contracts,
        customer_name=known.name if known else "",
        **({"order_id": None, "order_no": ""} | more),
    )


def _new_page(form: Form[Any]) -> str:
    return _form_page(form, _lines().rows)


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
        rows = [_row(line) for line in values["lines"]]
        kept = ("contract_id", "currency", "term_days", "prepaid")
        first |= {name: values[name] for name in kept} | {"customer_no": page.row.customer_no}
    elif contract is not None:
        rows, given = _of_contract(contract)
        first |= given
    return _form_page(blank(**first), rows)


@bp.post("/")
@staff(Permission.EDIT_ORDERS)
def create() -> Page:
    """Enters an order, and confirms it at once when asked to; or only reads what was pasted."""
    if request.form.get("action") == "read":
        return _new_page(_typed())
    return _enter()


def _read(model: type[M], extra: Mapping[str, Any]) -> Form[M]:
    lines = _lines()
    form = read_form(model, {"lines": lines.inputs, **extra})
    if lines.errors or not lines.inputs:
        form.errors.pop("lines", None)
    if not lines.inputs:
        form.errors["lines"] = _("Enter at least one line.")
    elif len(lines.inputs) > LINES_MAX:
        form.errors["lines"] = _("An order has at most %(most)s lines.", most=LINES_MAX)
    form.errors.update({name: sentence_of(error) for name, error in lines.errors.items()})
    return form


def _read_entry(model: type[EnterOrder]) -> Form[EnterOrder]:
    number = request.form.get("customer_no", "").replace("\x00", "").strip()
    known = find_numbers(db(), actor().tenant_id, [number]).get(number)
    form = _read(model, {"customer_id": known.id} if known else {})
    if form.errors.pop("customer_id", ""):
        form.errors["customer_no"] = _("There is no customer with this number.")
    return form


@command_form(EnterOrder, page=_new_page, fields=REFUSALS, read=_read_entry)
def _enter(data: EnterOrder) -> Page:
    order_id = enter_order(db(), actor(), data)
    if request.form.get("action") != "confirm":
        text = _("The order is entered. It commits nothing until it is confirmed.")
        return done(text, "orders.show", order_id=order_id)
    passes = confirm_order(db(), actor(), order_id).passes
    return done(_("The order is released.") if passes else _("The order is held."), "orders.show", order_id=order_id)


def _edit_page(form: Form[Any], order_id: UUID) -> str:
    return _edit_form(form, order_id, _lines().rows)


def _edit_form(form: Form[Any], order_id: UUID, rows: Sequence[Row]) -> str:
    page = queries.order_page(db(), actor(), order_id)
    form.values["customer_no"] = page.row.customer_no
    return _form_page(form, rows, order_id=order_id, order_no=page.row.number)


@bp.get("/<uuid:order_id>/edit")
@staff(Permission.EDIT_ORDERS)
def edit(order_id: UUID) -> Page:
    """Shows the form of an order."""
    values = order_values(db(), actor().tenant_id, find_order(db(), actor().tenant_id, order_id))
    return _edit_form(blank(**stored(values)), order_id, [_row(line) for line in values["lines"]])


@bp.post("/<uuid:order_id>/edit")
@staff(Permission.EDIT_ORDERS)
def save(order_id: UUID) -> Page:
    """Changes an order; it may be asked again, and held; or only reads what was pasted."""
    if request.form.get("action") == "read":
        return _edit_page(_typed(), order_id)
    return _save(order_id)


def _words(name: str, value: Any) -> str:
    """Returns a stored value in words; the lines as product and quantity."""
    if name == "lines":
        return "; ".join(f"{line['product']} × {line['quantity']} @ {line['unit_price']}" for line in value)
    return str_of(name, value)


@command_form(EditOrder, page=_edit_page, fields=REFUSALS, read=lambda model: _read(model, {}), words=_words)
def _save(data: EditOrder, order_id: UUID) -> Page:
    decision = edit_order(db(), actor(), order_id, data)
    if decision is None:
        text = _("The order is changed.")
    else:
        text = _("The order is changed and released.") if decision.passes else _("The order is changed and held.")
    return done(text, "orders.show", order_id=order_id)


@bp.get("/contracts")
@staff(Permission.EDIT_ORDERS)
def contracts() -> Page:
    """Offers the contracts of the customer that was typed."""
    number = request.args.get("customer_no", "").replace("\x00", "").strip()
    known = find_numbers(db(), actor().tenant_id, [number]).get(number)
    found = queries.contract_choices(db(), actor().tenant_id, known.id) if known else []
    return part("ar/sales/orders/_form_contract.html", contracts=found, form=blank())


def _typed() -> Form[Any]:
    """Returns the fields as typed, without the pasted text, which is in the rows by now."""
    return Form(values=dict(request.form.items()) | {"pasted": ""})


def _of_contract(contract_id: UUID) -> tuple[list[Row], dict[str, Any]]:
    """Returns rows that offer what a contract prices, and what the head takes from it."""
    basis = contract_basis(db(), actor().tenant_id, contract_id)
    if basis is None:
        return [], {}
    rows = [
        {"no": "", "product": each.product, "unit": each.unit, "quantity": "", "tax": "", "offer": "1"}
        | {"price": format(each.unit_price.normalize(), "f")}
        for each in basis.prices
    ]
    number = queries.customer_no(db(), actor().tenant_id, basis.customer_id)
    return rows, {"customer_no": number, "contract_id": str(basis.id), "currency": basis.currency}


def _id(name: str) -> UUID | None:
    try:
        return UUID(request.args.get(name, ""))
    except ValueError:
        return None
