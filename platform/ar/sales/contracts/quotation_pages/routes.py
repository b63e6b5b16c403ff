"""Pages of quotations: the list, one quotation, its form, and its approval.

Invariant: parse, authorise, one command or one query, render; a refused form is shown again as typed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, g, request, url_for

from ar.sales.contracts import quotations
from ar.sales.contracts.inputs import LINES_MAX, EditQuotation, EnterQuotation
from ar.sales.contracts.messages import QUOTATION_STATE_NAMES
from ar.sales.contracts.pages import queries
from ar.sales.contracts.pages.lines import QUOTATION_LINES, QUOTATION_REFUSALS
from ar.sales.forms import posted_lines, read_for_customer, read_with_lines, typed_form, words
from ar.sales.line_forms import Row, price_text, row_of, with_spare_rows
from kernel.i18n import gettext as _
from tenants.access import may, staff
from tenants.permissions import Permission
from web import filters
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank, stored
from web.paging import read_page
from web.responses import Page, render

bp = Blueprint("quotations", __name__, url_prefix="/quotations")


@bp.get("/")
@staff(Permission.READ)
def index() -> Page:
    """Lists quotations, the newest first."""
    wanted, asked = filters.read(queries.QuotationFilters, request.args), read_page(request.args)
    path, of = url_for("quotations.index"), {"offset": asked.offset, "limit": asked.limit}
    rows, counts = queries.quotation_list(db(), actor().tenant_id, q=wanted.q, state=wanted.state, **of)
    every = sum(counts.values())
    options = [("all", _("All"), every)]
    options += [(code, _(name), counts.get(code, 0)) for code, (name, _tone) in QUOTATION_STATE_NAMES.items()]
    total = every if wanted.state == "all" else counts.get(wanted.state, 0)
    return render(
        "ar/sales/contracts/quotation_pages/index.html",
        rows=rows,
        total=total,
        wanted=wanted,
        chips=filters.chips(wanted, "state", options, path),
        pager=asked.page(total, path, request.args),
        may_edit=may(Permission.EDIT_CONTRACTS),
        states=QUOTATION_STATE_NAMES,
    )


def quotation_page(form: Form[Any], quotation_id: UUID) -> str:
    """Renders a quotation; `form` fills its slot: withdrawal."""
    return render(
        "ar/sales/contracts/quotation_pages/show.html",
        quotation=queries.quotation_page(db(), actor().tenant_id, quotation_id),
        withdrawal=form.at("withdrawal"),
        price_text=price_text,
        may_edit=may(Permission.EDIT_CONTRACTS),
        states=QUOTATION_STATE_NAMES,
    )


@bp.get("/<uuid:quotation_id>")
@staff(Permission.READ)
def show(quotation_id: UUID) -> Page:
    """Shows one quotation."""
    return quotation_page(blank(), quotation_id)


def _form_page(form: Form[Any], rows: Sequence[Row], quotation_id: UUID | None = None, number: str = "") -> str:
    shown = {
        "form": form,
        "rows": with_spare_rows(QUOTATION_LINES, rows),
        "quotation_id": quotation_id,
        "number": number,
    }
    return render("ar/sales/contracts/quotation_pages/new.html", **shown)


def _new_page(form: Form[Any]) -> str:
    return _form_page(form, posted_lines(QUOTATION_LINES).rows)


@bp.get("/new")
@staff(Permission.EDIT_CONTRACTS)
def new() -> Page:
    """Shows an empty form; `?customer=` fills in a customer."""
    number = request.args.get("customer", "").replace("\x00", "").strip()[:80]
    today = actor().today.isoformat()
    return _form_page(blank(customer_no=number, currency=g.company.currency, quoted_on=today), [])


def _read_entry(model: type[EnterQuotation]) -> Form[EnterQuotation]:
    return read_for_customer(model, QUOTATION_LINES, LINES_MAX)


def _read(model: type[EditQuotation]) -> Form[EditQuotation]:
    return read_with_lines(model, QUOTATION_LINES, LINES_MAX)


@bp.post("/")
@staff(Permission.EDIT_CONTRACTS)
def create() -> Page:
    """Enters a quotation; or only reads what was pasted."""
    return _new_page(typed_form()) if request.form.get("action") == "read" else _enter()


@command_form(EnterQuotation, page=_new_page, fields=QUOTATION_REFUSALS, read=_read_entry)
def _enter(data: EnterQuotation) -> Page:
    quotation_id = quotations.enter_quotation(db(), actor(), data)
    return done(_("The quotation is entered. Submit it for approval."), "quotations.show", quotation_id=quotation_id)


def _edit_page(form: Form[Any], quotation_id: UUID) -> str:
    number = queries.quotation_page(db(), actor().tenant_id, quotation_id).number
    return _form_page(form, posted_lines(QUOTATION_LINES).rows, quotation_id, number)


@bp.get("/<uuid:quotation_id>/edit")
@staff(Permission.EDIT_CONTRACTS)
def edit(quotation_id: UUID) -> Page:
    """Shows the form of a quotation."""
    row = quotations.find_quotation(db(), actor().tenant_id, quotation_id)
    values = quotations.quotation_values(row)
    rows = [row_of(QUOTATION_LINES, line) for line in values["lines"]]
    return _form_page(blank(**stored(values)), rows, quotation_id, row.number)


@bp.post("/<uuid:quotation_id>/edit")
@staff(Permission.EDIT_CONTRACTS)
def save(quotation_id: UUID) -> Page:
    """Changes a quotation; or only reads what was pasted."""
    reads_only = request.form.get("action") == "read"
    return _edit_page(typed_form(), quotation_id) if reads_only else _save(quotation_id)


@command_form(EditQuotation, page=_edit_page, fields=QUOTATION_REFUSALS, read=_read, words=words)
def _save(data: EditQuotation, quotation_id: UUID) -> Page:
    quotations.edit_quotation(db(), actor(), quotation_id, data)
    return done(_("The quotation is changed."), "quotations.show", quotation_id=quotation_id)
