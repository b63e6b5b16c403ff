"""The form of a contract: registered and, while it is a draft, changed.

Invariant: parse, authorise, one command or one query, render; a refused form is shown again as typed. Uses the
blueprint of `routes`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import g, request

from ar.customers.lookups import find_numbers
from ar.sales.contracts.commands import (
    contract_values,
    edit_contract,
    find_contract,
    register_contract,
)
from ar.sales.contracts.inputs import LINES_MAX, EditContract, RegisterContract
from ar.sales.contracts.messages import CHECKLIST_NAMES, FORM_HINTS, FORM_NAMES
from ar.sales.contracts.pages import queries
from ar.sales.contracts.pages.lines import CONTRACT_LINES, CONTRACT_REFUSALS
from ar.sales.contracts.pages.routes import bp
from ar.sales.contracts.pages.step_routes import sent_file
from ar.sales.forms import posted_lines, read_for_customer, read_with_lines, typed_form, words
from ar.sales.line_forms import Row, row_of, with_spare_rows
from ar.sales.rules.checklist import ADVISED, BEFORE_REVIEW
from kernel.i18n import gettext as _
from kernel.uploads import ACCEPT_PAPERS
from tenants.access import staff
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank, stored
from web.responses import Page, render


def _rows() -> Sequence[Row]:
    return posted_lines(CONTRACT_LINES).rows


def _form_page(form: Form[Any], rows: Sequence[Row], **more: Any) -> str:
    number = str(form.value("customer_no"))
    known = find_numbers(db(), actor().tenant_id, [number]).get(number)
    quotations = queries.approved_quotations(db(), actor().tenant_id, known.id) if known else []
    sealed = queries.sealed_contracts(db(), actor().tenant_id, known.id) if known else []
    ticked = form.value("checklist", [])
    return render(
        "ar/sales/contracts/pages/new.html",
        form=form,
        rows=with_spare_rows(CONTRACT_LINES, rows),
        quotations=[("", _("None")), *quotations],
        sealed=[("", _("None")), *sealed],
        customer_name=known.name if known else "",
        ticked=set(ticked if isinstance(ticked, list) else [ticked]),
        form_choices=[(code, _(name), _(FORM_HINTS[code])) for code, name in FORM_NAMES.items()],
        items=[(item, _(CHECKLIST_NAMES[item])) for item in BEFORE_REVIEW],
        advised=[(item, _(CHECKLIST_NAMES[item])) for item in ADVISED],
        accept=ACCEPT_PAPERS,
        **({"contract_id": None, "contract_no": ""} | more),
    )


def _new_page(form: Form[Any]) -> str:
    return _form_page(form, _rows())


@bp.get("/new")
@staff(Permission.EDIT_CONTRACTS)
def new() -> Page:
    """Shows an empty form; `?customer=` fills in a customer, `?supplement=` and `?replace=` the contract concerned."""
    first = {
        "customer_no": request.args.get("customer", "").replace("\x00", "").strip()[:80],
        "currency": g.company.currency,
        "starts_on": actor().today.isoformat(),
        "form": "supplement" if request.args.get("supplement") else "own",
        "supplements_id": request.args.get("supplement", ""),
        "replaces_id": request.args.get("replace", ""),
    }
    return _form_page(blank(**first), [])


def _read(model: type[EditContract]) -> Form[EditContract]:
    return read_with_lines(model, CONTRACT_LINES, LINES_MAX, least=0)


def _read_entry(model: type[RegisterContract]) -> Form[RegisterContract]:
    return read_for_customer(model, CONTRACT_LINES, LINES_MAX, least=0)


@bp.post("/")
@staff(Permission.EDIT_CONTRACTS)
def create() -> Page:
    """Registers a contract; or only reads what was pasted."""
    if request.form.get("action") == "read":
        return _new_page(typed_form("checklist"))
    return _register()


@command_form(RegisterContract, page=_new_page, fields=CONTRACT_REFUSALS, read=_read_entry)
def _register(data: RegisterContract) -> Page:
    contract_id = register_contract(db(), actor(), data, sent_file())
    return done(_("The contract is registered. Submit it for review."), "contracts.show", contract_id=contract_id)


def _edit_page(form: Form[Any], contract_id: UUID) -> str:
    return _edit_form(form, contract_id, _rows())


def _edit_form(form: Form[Any], contract_id: UUID, rows: Sequence[Row]) -> str:
    page = queries.contract_page(db(), actor().tenant_id, contract_id)
    form.values |= {"customer_no": page.row.customer_no, "form": page.row.form}
    return _form_page(form, rows, contract_id=contract_id, contract_no=page.row.number)


@bp.get("/<uuid:contract_id>/edit")
@staff(Permission.EDIT_CONTRACTS)
def edit(contract_id: UUID) -> Page:
    """Shows the form of a draft."""
    values = contract_values(db(), actor().tenant_id, find_contract(db(), actor().tenant_id, contract_id))
    return _edit_form(blank(**stored(values)), contract_id, [row_of(CONTRACT_LINES, line) for line in values["lines"]])


@bp.post("/<uuid:contract_id>/edit")
@staff(Permission.EDIT_CONTRACTS)
def save(contract_id: UUID) -> Page:
    """Changes a draft; or only reads what was pasted."""
    if request.form.get("action") == "read":
        return _edit_page(typed_form("checklist"), contract_id)
    return _save(contract_id)


@command_form(EditContract, page=_edit_page, fields=CONTRACT_REFUSALS, read=_read, words=words)
def _save(data: EditContract, contract_id: UUID) -> Page:
    edit_contract(db(), actor(), contract_id, data)
    return done(_("The contract is changed."), "contracts.show", contract_id=contract_id)
