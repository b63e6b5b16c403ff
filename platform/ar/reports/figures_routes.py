"""The page of key figures. May import the reports' queries, web and tenants.

Invariant: parse, authorise, one query, render; each figure stands beside its formula and the numbers put into it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from flask import Blueprint, g, request, url_for

from ar.ledger.aging import BUCKETS, bucket_ranges
from ar.ledger.due_dates import add_months
from ar.reports.exports import BUCKET_NAMES
from ar.reports.figures import Figures, figures
from ar.statements.inputs import Period, read_period
from ar.statements.messages import MESSAGES
from kernel.errors import RuleBroken
from kernel.i18n import gettext as _
from kernel.money import exponent
from tenants.access import staff
from tenants.permissions import Permission
from web import filters, formatters
from web.context import actor, db
from web.responses import Page, render

bp = Blueprint("figures", __name__, url_prefix="/figures")


@dataclass(frozen=True)
class FiguresFilters:
    """What the address asks for. `month` YYYY-MM, empty: the running one; `currency` empty: the company's."""

    month: str = filters.text(max_length=7)
    currency: str = filters.text(max_length=3)


class Line(NamedTuple):
    """One figure: its name, its value as text, the formula in words, and the numbers put into it."""

    label: str
    value: str
    formula: str
    numbers: str
    url: str = ""


class Part(NamedTuple):
    """A part of the receivables and its share of them."""

    label: str
    minor: int | None
    share: str
    hint: str = ""
    url: str = ""


@bp.get("/")
@staff(Permission.READ)
def index() -> Page:
    """The figures of a month and currency."""
    wanted, today = filters.read(FiguresFilters, request.args), actor().today
    period, error = _period(wanted.month, today)
    own = g.company.currency
    shown = figures(db(), actor().tenant_id, period.from_on, period.to_on, _currency(wanted.currency, own), own)
    path, before, after = url_for("figures.index"), period.from_on - timedelta(days=1), add_months(period.from_on, 1)
    return render(
        "ar/reports/figures.html",
        page=shown,
        period=period,
        error=error,
        currencies=[(code, code) for code in shown.currencies],
        earlier=filters.url(wanted, path, month=f"{before:%Y-%m}") if before >= filters.FIRST_DAY else "",
        later=filters.url(wanted, path, month=f"{after:%Y-%m}") if after <= today else "",
        lines=_lines(shown),
        structure=_structure(shown),
        kinds=_kinds(shown),
        overdue_rate=_percent(shown.overdue_rate),
        collection_rate=_percent(shown.collection_rate),
        dso=_days(shown.dso),
    )


def _period(month: str, today: date) -> tuple[Period, str]:
    """The month asked for; where it is none, the running one and why."""
    running = read_period(f"{today:%Y-%m}", today)
    try:
        period = read_period(month or running.label, today)
        if period.from_on < filters.FIRST_DAY:
            raise RuleBroken("statement_period_bad", period=month)
    except RuleBroken as error:
        return running, _(MESSAGES[error.code], **error.params)
    return period, ""


def _currency(typed: str, own: str) -> str:
    """The currency asked for; the company's own where it is none."""
    code = typed.strip().upper()
    try:
        exponent(code)
    except ValueError:
        return own
    return code


def _percent(value: Decimal | None) -> str:
    return _("n/a") if value is None else f"{value:,}%"


def _days(value: Decimal | None) -> str:
    return _("n/a") if value is None else _("%(number)s days", number=f"{value:,}")


def _lines(f: Figures) -> list[Line]:
    """The ratios, each with its formula in words and in numbers."""

    def money(minor: int) -> str:
        return formatters.amount(minor, f.currency)

    owed, current, overdue = money(f.end.owed_minor), money(f.end.current_minor), money(f.end.overdue_minor)
    sales, days, opening = money(f.sales_minor), f.days, money(f.start.owed_minor)
    per_day = f"÷ {sales} × {days}"
    overdue_url = url_for("ledger.index", state="overdue", currency=f.currency, on=f.to_on.isoformat())
    return [
        Line(
            _("Overdue rate"),
            _percent(f.overdue_rate),
            _("overdue receivables ÷ receivables"),
            f"{overdue} ÷ {owed}",
            overdue_url,
        ),
        Line(
            _("Collection rate"),
            _percent(f.collection_rate),
            _("money and bills received, less refunds and dishonoured bills ÷ invoiced"),
            f"{money(f.received_minor)} ÷ {money(f.invoiced_minor)}",
        ),
        Line(_("DSO"), _days(f.dso), _("receivables ÷ sales × days"), f"{owed} {per_day}"),
        Line(
            _("DSO counted back"),
            _days(f.countback),
            _("days of the latest sales that make up the receivables, month by month backwards"),
            _("%(amount)s against up to %(months)s months", amount=owed, months=len(f.months)),
        ),
        Line(
            _("Best possible DSO"),
            _days(f.best_possible),
            _("receivables not past due ÷ sales × days"),
            f"{current} {per_day}",
        ),
        Line(
            _("Average days delinquent"),
            _days(f.delinquent),
            _("overdue receivables ÷ sales × days"),
            f"{overdue} {per_day}",
        ),
        Line(
            _("Collection effectiveness (CEI)"),
            _percent(f.effectiveness),
            _("(opening + sales − receivables) ÷ (opening + sales − receivables not past due)"),
            f"({opening} + {sales} − {owed}) ÷ ({opening} + {sales} − {current})",
        ),
        *_losses(f),
    ]


def _losses(f: Figures) -> list[Line]:
    owed, sales = formatters.amount(f.end.owed_minor, f.currency), formatters.amount(f.sales_minor, f.currency)
    kept, lost = f.allowance_minor, formatters.amount(f.written_off_minor, f.currency)
    account = url_for("accounts.entries", account="allowance", currency=f.currency, to_on=f.to_on.isoformat())
    balance = _("n/a") if kept is None else formatters.currency_amount(kept, f.currency)
    return [
        Line(
            _("Allowance"),
            balance,
            _("balance of the allowance account in this currency"),
            _("kept in the company's currency") if kept is None else "",
            "" if kept is None else account,
        ),
        Line(
            _("Allowance ÷ receivables"),
            _percent(f.allowance_rate),
            _("allowance ÷ receivables"),
            "" if kept is None else f"{formatters.amount(kept, f.currency)} ÷ {owed}",
        ),
        Line(
            _("Write-offs ÷ sales"),
            _percent(f.write_off_rate),
            _("bad debts written off ÷ sales; small differences are not among them"),
            f"{lost} ÷ {sales}",
        ),
    ]


def _structure(f: Figures) -> list[Part]:
    """The buckets by due date, each with its share and the documents behind it."""
    parts = []
    for bucket, minor, ends in zip(BUCKETS, f.end.buckets_minor, bucket_ranges(f.to_on), strict=True):
        url = url_for(
            "ledger.index",
            state="owed",
            currency=f.currency,
            on=f.to_on.isoformat(),
            due_from=ends.first_on.isoformat() if ends.first_on else None,
            due_to=ends.last_on.isoformat() if ends.last_on else None,
        )
        parts.append(Part(_(BUCKET_NAMES[bucket]), minor, _percent(f.share(minor)), url=url if minor else ""))
    return parts


def _kinds(f: Figures) -> list[tuple[str, list[Part]]]:
    """The receivables by age, by cause and by pledge (R137)."""

    def part(label: str, minor: int, hint: str) -> Part:
        return Part(label, minor, _percent(f.share(minor)), hint)

    owed, old, other = f.end.owed_minor, f.end.long_minor, f.end.other_minor
    return [
        (
            _("By age"),
            [
                part(_("Short"), owed - old, _("up to a year from the document's date")),
                part(_("Long"), old, _("more than a year")),
            ],
        ),
        (
            _("By cause"),
            [
                part(_("From sales"), owed - other, _("invoices, debit notes, opening balances")),
                part(_("Other"), other, _("interest and the rest")),
            ],
        ),
        (
            _("By pledge"),
            [
                Part(_("Bills pledged"), f.pledged_minor, "", _("beside the receivables, which they have replaced")),
                Part(_("Receivables pledged"), None, "", _("n/a: pledges of receivables are not recorded")),
            ],
        ),
    ]
