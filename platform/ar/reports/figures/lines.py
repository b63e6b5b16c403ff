"""The key figures in words: each beside its formula and the numbers put into it.

Invariant: what is not known reads “n/a”, never zero.
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


def percent(value: Decimal | None) -> str:
    """Returns per cent as text, “n/a” for what is not known."""
    return _("n/a") if value is None else f"{value:,}%"


def days(value: Decimal | None) -> str:
    """Returns a number of days as text, “n/a” for what is not known."""
    return _("n/a") if value is None else _("%(number)s days", number=f"{value:,}")


def ratios(f: Figures, overdue_url: str, allowance_url: str) -> list[Line]:
    """Returns the ratios, each with its formula in words and in numbers."""

    def money(minor: int) -> str:
        return formatters.amount(minor, f.currency)

    owed, current, overdue = money(f.end.owed_minor), money(f.end.current_minor), money(f.end.overdue_minor)
    sales, span, opening = money(f.sales_minor), f.days, money(f.start.owed_minor)
    per_day = f"÷ {sales} × {span}"
    return [
        Line(
            _("Overdue rate"),
            percent(f.overdue_rate),
            _("overdue receivables ÷ receivables"),
            f"{overdue} ÷ {owed}",
            overdue_url,
        ),
        Line(
            _("Collection rate"),
            percent(f.collection_rate),
            _("money and bills received, less refunds and dishonoured bills ÷ invoiced"),
            f"{money(f.received_minor)} ÷ {money(f.invoiced_minor)}",
        ),
        Line(_("DSO"), days(f.dso), _("receivables ÷ sales × days"), f"{owed} {per_day}"),
        Line(
            _("Countback DSO"),
            days(f.countback),
            _("days of the latest sales that make up the receivables, month by month backwards"),
            _("%(amount)s against up to %(months)s months", amount=owed, months=len(f.months)),
        ),
        Line(
            _("Best possible DSO"),
            days(f.best_possible),
            _("receivables not past due ÷ sales × days"),
            f"{current} {per_day}",
        ),
        Line(
            _("Average days delinquent"),
            days(f.delinquent),
            _("overdue receivables ÷ sales × days"),
            f"{overdue} {per_day}",
        ),
        Line(
            _("Collection effectiveness (CEI)"),
            percent(f.effectiveness),
            _("(opening + sales − receivables) ÷ (opening + sales − receivables not past due)"),
            f"({opening} + {sales} − {owed}) ÷ ({opening} + {sales} − {current})",
        ),
        *_losses(f, allowance_url),
    ]


def _losses(f: Figures, allowance_url: str) -> list[Line]:
    owed, sales = formatters.amount(f.end.owed_minor, f.currency), formatters.amount(f.sales_minor, f.currency)
    kept, lost = f.allowance_minor, formatters.amount(f.written_off_minor, f.currency)
    balance = _("n/a") if kept is None else formatters.currency_amount(kept, f.currency)
    return [
        Line(
            _("Allowance"),
            balance,
            _("balance of the allowance account in this currency"),
            _("kept in the company's currency") if kept is None else "",
            "" if kept is None else allowance_url,
        ),
        Line(
            _("Allowance ÷ receivables"),
            percent(f.allowance_rate),
            _("allowance ÷ receivables"),
            "" if kept is None else f"{formatters.amount(kept, f.currency)} ÷ {owed}",
        ),
        Line(
            _("Write-offs ÷ sales"),
            percent(f.write_off_rate),
            _("bad debts written off ÷ sales; small differences are not among them"),
            f"{lost} ÷ {sales}",
        ),
    ]


def structure(f: Figures, url_of: Callable[[BucketRange], str]) -> list[Part]:
    """Returns the buckets by due date, each with its share and the address of the documents behind it."""
    parts = []
    for bucket, minor, ends in zip(BUCKETS, f.end.buckets_minor, bucket_ranges(f.to_on), strict=True):
        url = url_of(ends) if minor else ""
        parts.append(Part(_(BUCKET_NAMES[bucket]), minor, percent(f.share(minor)), url=url))
    return parts


def kinds(f: Figures) -> list[tuple[str, list[Part]]]:
    """Returns the receivables by age, by cause and by pledge (R137)."""

    def part(label: str, minor: int, hint: str) -> Part:
        return Part(label, minor, percent(f.share(minor)), hint)

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
                part(_("Other"), other, _("interest and other")),
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
