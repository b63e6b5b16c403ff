"""Pages of reference rates: what is known of each series and until when, and the form that records a published rate.

Invariant: rows are added, never changed; what was replaced stays listed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, request

from ar.interest import texts
from ar.interest.inputs import SERIES_ORDER, AddRate
from ar.interest.messages import SERIES_NAMES
from ar.interest.rates import add_rate, rate_table, recorded_rates
from ar.interest.rules.presets import series_facts
from kernel.i18n import gettext as _
from tenants.access import may, staff
from tenants.permissions import Permission
from web import filters
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank
from web.responses import Page, render

bp = Blueprint("interest_rates", __name__, url_prefix="/interest/rates")

FIELDS = {
    "interest_rate_half_year": "from_on",
    "interest_rate_ahead": "from_on",
    "interest_rate_days": "through_on",
}


@dataclass(frozen=True)
class AskedRate:
    """The rate that a run asked for, in the URL."""

    series: str = filters.text(max_length=40)
    from_on: date | None = filters.day()


def _page(form: Form[Any]) -> str:
    tenant_id, today = actor().tenant_id, actor().today
    table = rate_table(db(), tenant_id)
    return render(
        "ar/interest/rates.html",
        series=[
            (
                *(code, _(SERIES_NAMES[code]), series_facts()[code], table.known_through(code)),
                *(table.in_force_on(code, today) is not None, table.rates(code)),
            )
            for code in SERIES_ORDER
        ],
        recorded=recorded_rates(db(), tenant_id),
        series_names=SERIES_NAMES,
        options=[(code, _(SERIES_NAMES[code])) for code in SERIES_ORDER],
        form=form,
        percent=texts.percent,
        may_post=may(Permission.POST_LEDGER),
    )


@bp.get("")
@staff(Permission.READ_BOOKS)
def rates() -> Page:
    """Lists the published rates, the product's own and those recorded here; the form opens with the one asked for."""
    asked = filters.read(AskedRate, request.args)
    series = asked.series if asked.series in SERIES_ORDER else ""
    return _page(blank(series=series, from_on=asked.from_on.isoformat() if asked.from_on else ""))


@bp.post("")
@staff(Permission.POST_LEDGER)
@command_form(AddRate, page=_page, fields=FIELDS)
def record_rate(data: AddRate) -> Page:
    """Records a rate."""
    add_rate(db(), actor(), data)
    return done(_("The rate is recorded."), "interest_rates.rates")
