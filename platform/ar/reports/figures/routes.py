"""Serves the page of key figures. Invariant: parse, authorise, one query, render."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from flask import Blueprint, g, request, url_for

from ar.ledger.rules.aging import BucketRange
from ar.ledger.rules.due_dates import add_months
from ar.reports.figures import lines as figure_lines
from ar.reports.figures.queries import Figures, figures
from ar.statements.inputs import Period, parse_period
from kernel.errors import RuleBroken
from kernel.money import exponent
from tenants.access import may, staff
from tenants.permissions import Permission
from web import filters
from web.context import actor, db
from web.refusals import explain
from web.responses import Page, render

bp = Blueprint("figures", __name__, url_prefix="/figures")

#: In so many first days of a month the figures are those of the month before, unless another is asked for.
CLOSING_DAYS: Final = 5


@dataclass(frozen=True)
class FiguresFilters:
    """Filters of the URL. `month` YYYY-MM, empty: the usual one (`_period`); `currency` empty: the company's."""

    month: str = filters.text(max_length=7)
    currency: str = filters.text(max_length=3)


@bp.get("/")
@staff(Permission.READ_TOTALS)
def index() -> Page:
    """Shows the figures of a month and currency."""
    wanted, today = filters.read(FiguresFilters, request.args), actor().today
    period, error = _period(wanted.month, today)
    own = g.company.currency
    shown = figures(db(), actor().tenant_id, period.from_on, period.to_on, _currency(wanted.currency, own), own)
    path, before, after = url_for("figures.index"), period.from_on - timedelta(days=1), add_months(period.from_on, 1)
    return render(
        "ar/reports/figures/index.html",
        page=shown,
        period=period,
        error=error,
        currencies=[(code, code) for code in shown.currencies],
        earlier=filters.url(wanted, path, month=f"{before:%Y-%m}") if before >= filters.FIRST_DAY else "",
        later=filters.url(wanted, path, month=f"{after:%Y-%m}") if after <= today else "",
        lines=figure_lines.ratios(shown, _overdue_url(shown), _allowance_url(shown)),
        structure=figure_lines.structure(shown, lambda ends: _bucket_url(shown, ends)),
        kinds=figure_lines.breakdowns(shown),
        overdue_rate=figure_lines.percent(shown.overdue_rate),
        collection_rate=figure_lines.percent(shown.collection_rate),
        dso=figure_lines.days(shown.dso),
    )


def _period(month: str, today: date) -> tuple[Period, str]:
    """Returns the requested month, or the usual one with the reason why the request was refused.

    Usual is the current month; in its first days, which say nothing yet, the month before, which is being closed.
    """
    usual_on = today - timedelta(days=today.day) if today.day <= CLOSING_DAYS else today
    running = parse_period(f"{usual_on:%Y-%m}", today)
    try:
        period = parse_period(month or running.label, today)
        if period.from_on < filters.FIRST_DAY:
            raise RuleBroken("statement_period_bad", period=month)
    except RuleBroken as error:
        return running, explain(error)
    return period, ""


def _currency(typed: str, own: str) -> str:
    """Returns the requested currency, or the company's own where the code is unknown."""
    code = typed.strip().upper()
    try:
        exponent(code)
    except ValueError:
        return own
    return code


def _overdue_url(shown: Figures) -> str:
    return url_for("ledger.index", state="overdue", currency=shown.currency, on=shown.to_on.isoformat())


def _allowance_url(shown: Figures) -> str:
    """Returns the address of the allowance account; empty for those who do not see the books."""
    if not may(Permission.READ_BOOKS):
        return ""
    return url_for("accounts.entries", account="allowance", currency=shown.currency, to_on=shown.to_on.isoformat())


def _bucket_url(shown: Figures, ends: BucketRange) -> str:
    return url_for(
        "ledger.index",
        state="owed",
        currency=shown.currency,
        on=shown.to_on.isoformat(),
        due_from=ends.first_on.isoformat() if ends.first_on else None,
        due_to=ends.last_on.isoformat() if ends.last_on else None,
    )
