"""Words the key figures: each with its formula and the numbers put into it.

Invariant: an unknown figure is shown as “n/a”, never as zero.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from ar.ledger.rules.aging import BUCKETS, BucketRange, bucket_ranges
from ar.reports.aging.exports import BUCKET_NAMES
from ar.reports.figures.queries import Figures
from kernel.i18n import gettext as _
from web import formatters


class FigureLine(NamedTuple):
    """One figure: its name, its value as text, the formula in words, and the numbers put into it."""

    label: str
    value: str
    formula: str
    numbers: str
    url: str = ""


class ReceivablesPart(NamedTuple):
    """A part of the receivables (minor units) with its share in per cent."""

    label: str
    minor: int | None
    share: str
    hint: str = ""
    url: str = ""


def percent(value: Decimal | None) -> str:
    """Returns per cent as text, “n/a” for what is not known."""
    return _("n/a") if value is None else f"{value:,}%"


def days(value: Decimal | None) -> str:
    """Returns a number of days as text, “n/a” for what is not known."""
    return _("n/a") if value is None else _("%(number)s days", number=f"{value:,}")


def ratios(figures: Figures, overdue_url: str, allowance_url: str) -> list[FigureLine]:
    """Returns the ratios, each with its formula in words and in numbers."""

    def money(minor: int) -> str:
        return formatters.amount(minor, figures.currency)

    end = figures.end
    owed, current, overdue = money(end.owed_minor), money(end.current_minor), money(end.overdue_minor)
    sales, span, opening = money(figures.sales_minor), figures.days, money(figures.start.owed_minor)
    per_day = f"÷ {sales} × {span}"
    return [
        FigureLine(
            _("Overdue rate"),
            percent(figures.overdue_rate),
            _("overdue receivables ÷ receivables"),
            f"{overdue} ÷ {owed}",
            overdue_url,
        ),
        FigureLine(
            _("Collection rate"),
            percent(figures.collection_rate),
            _("money and bills received, less refunds and dishonoured bills ÷ invoiced"),
            f"{money(figures.received_minor)} ÷ {money(figures.invoiced_minor)}",
        ),
        FigureLine(_("DSO"), days(figures.dso), _("receivables ÷ sales × days"), f"{owed} {per_day}"),
        FigureLine(
            _("Countback DSO"),
            days(figures.countback),
            _("days of the latest sales that make up the receivables, month by month backwards"),
            _("%(amount)s against up to %(months)s months", amount=owed, months=len(figures.months)),
        ),
        FigureLine(
            _("Best possible DSO"),
            days(figures.best_possible),
            _("receivables not past due ÷ sales × days"),
            f"{current} {per_day}",
        ),
        FigureLine(
            _("Average days delinquent"),
            days(figures.delinquent),
            _("overdue receivables ÷ sales × days"),
            f"{overdue} {per_day}",
        ),
        FigureLine(
            _("Collection effectiveness (CEI)"),
            percent(figures.effectiveness),
            _("(opening + sales − receivables) ÷ (opening + sales − receivables not past due)"),
            f"({opening} + {sales} − {owed}) ÷ ({opening} + {sales} − {current})",
        ),
        *(_loss_lines(figures, allowance_url) if allowance_url else ()),
    ]


def _loss_lines(figures: Figures, allowance_url: str) -> list[FigureLine]:
    owed = formatters.amount(figures.end.owed_minor, figures.currency)
    sales = formatters.amount(figures.sales_minor, figures.currency)
    allowance, written_off = figures.allowance_minor, formatters.amount(figures.written_off_minor, figures.currency)
    balance = _("n/a") if allowance is None else formatters.currency_amount(allowance, figures.currency)
    return [
        FigureLine(
            _("Allowance"),
            balance,
            _("balance of the allowance account in this currency"),
            _("kept in the company's currency") if allowance is None else "",
            "" if allowance is None else allowance_url,
        ),
        FigureLine(
            _("Allowance ÷ receivables"),
            percent(figures.allowance_rate),
            _("allowance ÷ receivables"),
            "" if allowance is None else f"{formatters.amount(allowance, figures.currency)} ÷ {owed}",
        ),
        FigureLine(
            _("Write-offs ÷ sales"),
            percent(figures.write_off_rate),
            _("bad debts written off ÷ sales; small differences are not among them"),
            f"{written_off} ÷ {sales}",
        ),
    ]


def structure(figures: Figures, url_of: Callable[[BucketRange], str]) -> list[ReceivablesPart]:
    """Returns the buckets by due date, each with its share and the address of the documents behind it."""
    parts = []
    for bucket, minor, ends in zip(BUCKETS, figures.end.buckets_minor, bucket_ranges(figures.to_on), strict=True):
        url = url_of(ends) if minor else ""
        parts.append(ReceivablesPart(_(BUCKET_NAMES[bucket]), minor, percent(figures.share(minor)), url=url))
    return parts


def breakdowns(figures: Figures) -> list[tuple[str, list[ReceivablesPart]]]:
    """Returns the receivables by age, by cause and by pledge (R137)."""

    def part(label: str, minor: int, hint: str) -> ReceivablesPart:
        return ReceivablesPart(label, minor, percent(figures.share(minor)), hint)

    owed, long, other = figures.end.owed_minor, figures.end.long_minor, figures.end.other_minor
    return [
        (
            _("By age"),
            [
                part(_("Short"), owed - long, _("up to a year from the document's date")),
                part(_("Long"), long, _("more than a year")),
            ],
        ),
        (
            _("By cause"),
            [
                part(_("From sales"), owed - other, _("invoices, debit notes, opening balances")),
                part(_("Other"), other, _("interest and other")),
            ],
        ),
        (
            _("By pledge"),
            [
                ReceivablesPart(
                    _("Bills pledged"), figures.pledged_minor, "", _("beside the receivables, which they have replaced")
                ),
                ReceivablesPart(_("Receivables pledged"), None, "", _("n/a: pledges of receivables are not recorded")),
            ],
        ),
    ]
