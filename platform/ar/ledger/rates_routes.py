"""The pages of exchange rates and exchange differences.

May import this slice, web and tenants. Invariant: parse, authorise, one command or one query, render.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.ledger import exchange, rates
from ar.ledger.books_tabs import books_tabs
from ar.ledger.inputs import AddRate, Revalue, TakeRevaluationBack
from ar.ledger.messages import MESSAGES
from ar.ledger.periods import locked_through
from ar.ledger.rate_files import read_rate, read_rates
from kernel.errors import Conflict, RuleBroken
from kernel.i18n import gettext as _
from kernel.i18n import ngettext
from kernel.ids import new_id
from tenants.access import may, staff
from tenants.permissions import Permission
from web import filters
from web.context import actor, db
from web.forms import Form, blank, read_form
from web.paging import read_page
from web.responses import Page, flash_ok, invalid, render, see_other

bp = Blueprint("rates", __name__, url_prefix="/books")

FIELDS = {
    "currency_unknown": "currency",
    "rate_own_currency": "currency",
    "rate_in_future": "rate_on",
    "period_locked": "rate_on",
}


@dataclass(frozen=True)
class RateFilters:
    """What the address of the rates asks for. `as_of` None: today."""

    as_of: date | None = filters.day()
    currency: str = filters.text(max_length=3)


@dataclass(frozen=True)
class _AsOf:
    """As of which day receivables are revalued; None: today."""

    as_of: date | None = filters.day()


@bp.get("/rates")
@staff(Permission.READ)
def index() -> Page:
    """The rates that hold on a day, and all that were recorded."""
    return render("ar/ledger/rates.html", **_index())


@bp.post("/rates")
@staff(Permission.POST_LEDGER)
def add() -> Page:
    """Records one rate."""
    form = read_form(AddRate)
    rate = read_rate(form.value("rate"), form.value("units", "1"))
    if form.value("rate") and rate is None:
        form.errors["rate"] = _sentence(RuleBroken("rate_unreadable", text=form.value("rate")))
    if not form.ok or rate is None:
        return invalid("ar/ledger/rates.html", **_index(adding=form))
    new = rates.NewRate(form.data.currency.upper(), form.data.rate_on, rate, form.data.source)
    try:
        added = rates.record_rates(db(), actor(), [new])
    except RuleBroken as error:
        form.errors[FIELDS.get(error.code, "rate")] = _sentence(error)
        return invalid("ar/ledger/rates.html", **_index(adding=form))
    flash_ok(_("The rate is recorded.") if added else _("This rate was recorded before."))
    return see_other(url_for("rates.index"))


@bp.post("/rates/file")
@staff(Permission.POST_LEDGER)
def upload() -> Page:
    """Records the rates of a file, all or none."""
    form: Form[Any] = blank()
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        form.errors["file"] = _("Choose a file.")
        return invalid("ar/ledger/rates.html", **_index(uploading=form))
    found = read_rates(sent.read(), sent.filename)
    if found.errors:
        form.errors["file"] = _("Nothing was recorded: the file has errors.")
        return invalid("ar/ledger/rates.html", **_index(uploading=form, errors=found.errors))
    try:
        added = rates.record_rates(db(), actor(), found.rates)
    except RuleBroken as error:
        form.errors["file"] = _sentence(error)
        return invalid("ar/ledger/rates.html", **_index(uploading=form))
    flash_ok(ngettext("%(num)s rate recorded.", "%(num)s rates recorded.", added))
    return see_other(url_for("rates.index"))


@bp.get("/exchange")
@staff(Permission.READ)
def exchange_page() -> Page:
    """What revaluing as of a day would book, and what was booked."""
    return render("ar/ledger/exchange.html", **_exchange())


@bp.post("/exchange")
@staff(Permission.POST_LEDGER)
def revalue() -> Page:
    """Books the exchange difference as of a day."""
    form = read_form(Revalue)
    if not form.ok:
        return invalid("ar/ledger/exchange.html", **_exchange(posting=form))
    try:
        exchange.revalue_once(db(), actor(), form.data)
    except (RuleBroken, Conflict) as error:
        form.errors["as_of"] = _sentence(error)
        return invalid("ar/ledger/exchange.html", **_exchange(posting=form))
    flash_ok(_("The exchange difference is booked."))
    return see_other(url_for("rates.exchange_page", as_of=form.data.as_of.isoformat()))


@bp.post("/exchange/<uuid:entry_id>/reversal")
@staff(Permission.POST_LEDGER)
def reverse(entry_id: UUID) -> Page:
    """Takes a revaluation back."""
    form = read_form(TakeRevaluationBack)
    if not form.ok:
        return invalid("ar/ledger/exchange.html", **_exchange(taking=form, entry_id=entry_id))
    try:
        exchange.take_back(db(), actor(), entry_id, form.data)
    except (RuleBroken, Conflict) as error:
        form.errors["on"] = _sentence(error)
        return invalid("ar/ledger/exchange.html", **_exchange(taking=form, entry_id=entry_id))
    flash_ok(_("The revaluation is reversed."))
    return see_other(url_for("rates.exchange_page"))


def _sentence(error: RuleBroken | Conflict) -> str:
    """The refusal in words; raises it again when it has none here."""
    if error.code not in MESSAGES:
        raise error
    return _(MESSAGES[error.code], **error.params)


def _index(
    *, adding: Form[Any] | None = None, uploading: Form[Any] | None = None, errors: tuple[str, ...] = ()
) -> dict[str, Any]:
    tenant_id = actor().tenant_id
    wanted, asked = filters.read(RateFilters, request.args), read_page(request.args)
    as_of = wanted.as_of or actor().today
    holding = rates.dated_rates(db(), tenant_id, as_of)
    rows, total = rates.rate_rows(
        db(), tenant_id, currency=wanted.currency.upper() or None, offset=asked.offset, limit=asked.limit
    )
    return {
        "tabs": books_tabs("rates"),
        "wanted": wanted,
        "unread": filters.unread_days(RateFilters, request.args),
        "as_of": as_of,
        "own": rates.company_currency(db(), tenant_id),
        "holding": sorted(holding.items()),
        "rows": rows,
        "pager": asked.page(total, url_for("rates.index"), request.args),
        "currencies": filters.currency_options(holding, wanted.currency, _("All currencies")),
        "active": filters.active(wanted, ignore=("as_of",)),
        "locked": locked_through(db(), tenant_id),
        "may_post": may(Permission.POST_LEDGER),
        "adding": adding or blank(rate_on=actor().today.isoformat(), units="1"),
        "uploading": uploading or blank(),
        "file_errors": errors,
    }


def _exchange(
    *, posting: Form[Any] | None = None, taking: Form[Any] | None = None, entry_id: UUID | None = None
) -> dict[str, Any]:
    tenant_id = actor().tenant_id
    as_of = filters.read(_AsOf, request.args).as_of or actor().today
    if posting is not None and posting.model is not None:
        as_of = posting.model.as_of
    return {
        "tabs": books_tabs("exchange"),
        "as_of": as_of,
        "unread": filters.unread_days(_AsOf, request.args),
        "found": exchange.revaluation(db(), tenant_id, as_of),
        "booked": exchange.revaluations(db(), tenant_id),
        "locked": locked_through(db(), tenant_id),
        "may_post": may(Permission.POST_LEDGER),
        "posting": posting or blank(key=str(new_id())),
        "taking": taking or blank(on=actor().today.isoformat()),
        "taking_id": entry_id,
    }
