"""Page of exchange rates: those in force on a day, adding one, uploading a file.

Invariant: parse, authorise, one command or one query, render. Exchange differences are in `exchange_routes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, request, url_for

from ar.ledger.books.period_lock import locked_through
from ar.ledger.closing.fx import rates
from ar.ledger.closing.fx.inputs import AddRate
from ar.ledger.closing.fx.rate_files import parse_rate, parse_rate_file
from ar.ledger.closing.tabs import books_tabs
from kernel.errors import RuleBroken
from kernel.i18n import gettext as _
from kernel.i18n import ngettext
from tenants.access import may, staff
from tenants.permissions import Permission
from web import filters
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank
from web.paging import read_page
from web.refusals import put_refusal
from web.responses import Page, render

bp = Blueprint("rates", __name__, url_prefix="/books")

FIELDS = {
    "currency_unknown": "currency",
    "rate_own_currency": "currency",
    "rate_in_future": "rate_on",
    "period_locked": "rate_on",
}


@dataclass(frozen=True)
class RateFilters:
    """Filters in the address of the rates. `as_of` None: today."""

    as_of: date | None = filters.day()
    currency: str = filters.text(max_length=3)


def _rates_page(form: Form[Any], errors: tuple[str, ...] = ()) -> str:
    """Renders the rates; `form` comes back in its slot: adding or uploading. `errors` are those of a file."""
    tenant_id = actor().tenant_id
    wanted, asked = filters.read(RateFilters, request.args), read_page(request.args)
    as_of = wanted.as_of or actor().today
    rates_in_force = rates.dated_rates(db(), tenant_id, as_of)
    rows, total = rates.rate_rows(
        db(), tenant_id, currency=wanted.currency.upper() or None, offset=asked.offset, limit=asked.limit
    )
    return render(
        "ar/ledger/closing/fx/index.html",
        tabs=books_tabs("rates.index"),
        wanted=wanted,
        unread=filters.unread_days(RateFilters, request.args),
        as_of=as_of,
        own=rates.company_currency(db(), tenant_id),
        rates_in_force=sorted(rates_in_force.items()),
        rows=rows,
        pager=asked.page(total, url_for("rates.index"), request.args),
        currencies=filters.currency_options(rates_in_force, wanted.currency, _("All currencies")),
        active=filters.active(wanted, ignore=("as_of",)),
        locked=locked_through(db(), tenant_id),
        may_post=may(Permission.POST_LEDGER),
        adding=form.at("adding", rate_on=actor().today.isoformat(), units="1"),
        uploading=form.at("uploading"),
        file_errors=errors,
    )


@bp.get("/rates")
@staff(Permission.READ_BOOKS)
def index() -> Page:
    """Shows the rates in force on a day, and all that were recorded."""
    return _rates_page(blank())


def _page_after_adding(form: Form[Any]) -> str:
    return _rates_page(form)


@bp.post("/rates")
@staff(Permission.POST_LEDGER)
@command_form(AddRate, page=_page_after_adding, slot="adding", fields=FIELDS, otherwise="rate")
def add(data: AddRate) -> Page:
    """Records one rate."""
    rate = parse_rate(data.rate, data.units)
    if rate is None:
        raise RuleBroken("rate_unreadable", text=data.rate)
    new = rates.NewRate(data.currency.upper(), data.rate_on, rate, data.source)
    added = rates.record_rates(db(), actor(), [new])
    return done(_("The rate is recorded.") if added else _("This rate has already been recorded."), "rates.index")


@bp.post("/rates/file")
@staff(Permission.POST_LEDGER)
def upload() -> Page:
    """Records the rates of a file, all or none."""
    form: Form[Any] = Form(slot="uploading")
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        form.errors["file"] = _("Choose a file.")
        return _rates_page(form), 422
    parsed = parse_rate_file(sent.read(), sent.filename)
    if parsed.errors:
        form.errors["file"] = _("Nothing was recorded: the file has errors.")
        return _rates_page(form, parsed.errors), 422
    try:
        added = rates.record_rates(db(), actor(), parsed.rates)
    except RuleBroken as error:
        put_refusal(form, error, otherwise="file")
        return _rates_page(form), 422
    return done(ngettext("%(num)s rate recorded.", "%(num)s rates recorded.", added), "rates.index")
