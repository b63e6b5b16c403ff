"""Serves the aging page and its exports. Invariant: both parse the same filter and show the same figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, g, request, url_for

from ar.ledger.lookups import AsOfRequest, doubtful_sums, parse_as_of_request, require_readable, total_of
from ar.ledger.rules.aging import AgingRow, bucket_ranges
from ar.ledger.rules.conversion import ConvertedTotal
from ar.reports.aging.exports import aging_csv, aging_xlsx, bucket_labels
from ar.reports.aging.queries import AgingReport, CustomerAging, aging_report
from kernel.errors import RuleBroken
from kernel.i18n import gettext as _
from kernel.sheets import CSV_TYPE, XLSX_TYPE
from tenants.access import may, staff
from tenants.permissions import Permission
from web import filters, formatters
from web.context import actor, db
from web.paging import read_page
from web.responses import Page, download, render

bp = Blueprint("aging", __name__, url_prefix="/aging")


@dataclass(frozen=True)
class AgingFilters:
    """Filters of the page's URL. `as_of` None: today; `on`, its name in older links, is still accepted."""

    as_of: date | None = filters.day()
    known: str = filters.text(max_length=40)
    by: str = filters.choice("due", "invoice")
    currency: str = filters.text(max_length=3)
    sort: str = filters.choice("customer", "-customer", "-overdue", "overdue", "-balance", "balance")


SORT_KEYS: dict[str, Callable[[CustomerAging], object]] = {
    "customer": lambda row: (row.aging.customer_no, row.aging.currency),
    "overdue": lambda row: row.aging.overdue_minor,
    "balance": lambda row: row.aging.balance_minor,
}


@bp.get("/")
@staff(Permission.READ_TOTALS)
def index() -> Page:
    """Shows aging per customer and currency, with totals and the tie-out, one page of rows."""
    wanted, when, report = _report(_query_values())
    path = url_for("aging.index")
    asked = read_page(request.args)
    page = asked.page(len(report.named), path, request.args)
    return render(
        "ar/reports/aging/index.html",
        report=report,
        when=when,
        total=_total(report),
        to_today=filters.url(wanted, path, as_of=None, known=""),
        rows=_sorted_rows(report, wanted.sort)[page.offset : page.offset + page.size],
        wanted=wanted,
        pager=page,
        sorts=filters.sort_links(wanted, path, "customer", "overdue", "balance"),
        bys=filters.chips(wanted, "by", [("due", _("By due date")), ("invoice", _("By document date"))], path),
        buckets=bucket_labels(report.by),
        unread=filters.unread_days(AgingFilters, _query_values()),
        currencies=filters.currency_options(report.currencies, wanted.currency, _("All currencies")),
        every_currency=filters.url(wanted, path, currency=""),
        doubtful=doubtful_sums(
            db(), actor().tenant_id, when.as_of, known_at=when.known_at, currency=wanted.currency.upper() or None
        ),
        pictures={row.currency: _chart_parts(report, when, row) for row in report.totals},
        may_export=may(Permission.EXPORT),
        exports={kind: filters.url(wanted, url_for("aging.export", kind=kind)) for kind in ("xlsx", "csv")},
    )


@bp.get("/export.<any(xlsx, csv):kind>")
@staff(Permission.EXPORT)
def export(kind: str) -> Page:
    """Downloads the same figures. Refuses an unreadable date: a file would not show that it fell back to today."""
    asked = _query_values()
    for typed in filters.unread_days(AgingFilters, asked).values():
        raise RuleBroken("date_unreadable", text=typed)
    _wanted, when, report = _report(asked)
    require_readable(when)
    basis = "-by-document-date" if report.by == "invoice" else ""
    name = f"aging{basis}-{report.as_of.isoformat()}{when.file_suffix}.{kind}"
    if kind == "xlsx":
        return download(aging_xlsx(report, actor(), _total(report)), XLSX_TYPE, name)
    return download(aging_csv(report), CSV_TYPE, name)


def _total(report: AgingReport) -> ConvertedTotal:
    """Returns the balances shown, converted into the company's currency at the rates of the day."""
    balances = {row.currency: row.balance_minor for row in report.totals}
    return total_of(db(), actor().tenant_id, balances, g.company.currency, report.as_of)


def _query_values() -> dict[str, str]:
    """Returns the URL's values, with the date under its present name."""
    asked = request.args.to_dict()
    asked.setdefault("as_of", asked.get("on", ""))
    return asked


def _report(asked: dict[str, str]) -> tuple[AgingFilters, AsOfRequest, AgingReport]:
    wanted = filters.read(AgingFilters, asked)
    when = parse_as_of_request(wanted.as_of, wanted.known, actor())
    report = aging_report(
        db(),
        actor().tenant_id,
        when.as_of,
        "invoice" if wanted.by == "invoice" else "due",
        currency=wanted.currency.upper() or None,
        known_at=when.known_at,
    )
    return wanted, when, report


def _chart_parts(report: AgingReport, when: AsOfRequest, total: AgingRow) -> list[dict[str, Any]]:
    """Returns the buckets of a currency for the chart, each linked to its documents (by due date only)."""
    parts = []
    labels = bucket_labels(report.by)
    for label, minor, ends in zip(labels, total.buckets_minor, bucket_ranges(report.as_of), strict=True):
        url = url_for(
            "ledger.index",
            state="owed",
            currency=total.currency,
            on=report.as_of.isoformat(),
            known=when.known or None,
            due_from=ends.first_on.isoformat() if ends.first_on else None,
            due_to=ends.last_on.isoformat() if ends.last_on else None,
        )
        text = formatters.amount(minor, total.currency)
        link = url if minor and report.by == "due" else ""
        parts.append({"label": label, "minor": minor, "text": text, "url": link})
    return parts


def _sorted_rows(report: AgingReport, sort: str) -> list[CustomerAging]:
    if sort == "customer":
        return list(report.named)
    key = SORT_KEYS[sort.removeprefix("-")]
    return sorted(report.named, key=key, reverse=sort.startswith("-"))  # type: ignore[arg-type]
