"""Writes the aging report as a workbook for people or as CSV for programs.

Invariant: amounts leave as exact decimals with their currency's places; customer numbers stay text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ar.ledger.rules.aging import BUCKETS, AgingRow
from ar.ledger.rules.conversion import ConvertedTotal
from ar.reports.aging.queries import AgingBasis, AgingReport
from kernel.actor import Actor
from kernel.i18n import gettext as _
from kernel.i18n import mark
from kernel.money import Money, decimal_text
from kernel.sheets import Cell, Column, Sheet, write_csv, write_xlsx
from web.formatters import datetime as write_datetime

BUCKET_NAMES: Final[dict[str, str]] = {
    "not_due": mark("Not due"),
    "1-30": mark("1 to 30 days"),
    "31-60": mark("31 to 60 days"),
    "61-90": mark("61 to 90 days"),
    ">90": mark("More than 90 days"),
}
# Counted from the document's own date nothing is "not due": the first column holds what is dated on the day itself.
SAME_DAY: Final = mark("Same day")
BY_NAMES: Final[dict[str, str]] = {"due": mark("by due date"), "invoice": mark("by document date")}


def bucket_labels(by: AgingBasis) -> list[str]:
    """Returns the bucket columns' names in the order of BUCKETS, in the current language."""
    first = SAME_DAY if by == "invoice" else BUCKET_NAMES[BUCKETS[0]]
    return [_(first), *(_(BUCKET_NAMES[bucket]) for bucket in BUCKETS[1:])]


def aging_xlsx(report: AgingReport, actor: Actor, total: ConvertedTotal | None = None) -> bytes:
    """Returns the report as a workbook: the date in the sheet's name, totals and a footer below the rows."""
    sums = [_cells("", _("Total"), row) for row in report.totals]
    title = f"{_('Aging')} {report.as_of.isoformat()}"
    return write_xlsx([Sheet(title, _columns(report.by), _rows(report), sums, footer_lines(report, actor, total))])


def aging_csv(report: AgingReport) -> bytes:
    """Returns the rows as CSV under one header, without totals; the caller puts the date into the file name."""
    return write_csv(_rows(report), _columns(report.by))


def footer_lines(report: AgingReport, actor: Actor, total: ConvertedTotal | None = None) -> list[str]:
    """Returns the footer: as-of date, aging basis, tie-out per currency, author and time."""
    lines = [_("As of %(day)s, %(by)s", day=report.as_of.isoformat(), by=_(BY_NAMES[report.by]))]
    if report.known_at:
        lines.append(_("As known on %(moment)s", moment=write_datetime(report.known_at, actor.timezone)))
    for tie in report.tie_out:
        aging, ledger = Money(tie.aging_minor, tie.currency), Money(tie.ledger_minor, tie.currency)
        text = _("%(currency)s ties to the ledger") if tie.ok else _("%(currency)s DOES NOT tie to the ledger")
        lines.append(f"{text % {'currency': tie.currency}}: {_plain(aging)} / {_plain(ledger)}")
    if total is not None and total.foreign:
        lines.extend(total_lines(total))
    moment = write_datetime(actor.now, actor.timezone)
    lines.append(_("Created by %(name)s on %(moment)s", name=actor.name, moment=moment))
    return lines


def total_lines(total: ConvertedTotal) -> list[str]:
    """Returns the total in the company's currency with its rates, or the currencies that have no rate."""
    day = total.as_of.isoformat()
    if total.minor is None:
        missing = (_("no rate for %(currency)s by %(day)s", currency=each, day=day) for each in total.missing)
        return [f"{_('Total in %(currency)s', currency=total.currency)}: {', '.join(missing)}"]
    sum_text = decimal_text(total.minor, total.currency)
    rates = [
        f"{each.currency} {format(each.rate.rate.normalize(), 'f')} ({each.rate.rate_on.isoformat()})"
        for each in total.lines
        if each.rate and each.currency != total.currency
    ]
    return [f"{_('Total in %(currency)s', currency=total.currency)}: {sum_text}; {', '.join(rates)}"]


def _plain(money: Money) -> str:
    return decimal_text(money.minor, money.currency)


def _columns(by: AgingBasis) -> list[Column]:
    return [
        Column(_("Customer number"), width=14),
        Column(_("Customer"), width=36),
        Column(_("Currency"), width=9),
        *(Column(label, "amount") for label in bucket_labels(by)),
        Column(_("Unapplied"), "amount"),
        Column(_("Balance"), "amount"),
    ]


def _rows(report: AgingReport) -> list[Sequence[Cell]]:
    return [_cells(row.aging.customer_no, row.customer_name, row.aging) for row in report.named]


def _cells(number: str, name: str, row: AgingRow) -> list[Cell]:
    amounts = (*row.buckets_minor, row.unapplied_minor, row.balance_minor)
    return [number, name, row.currency, *(Money(minor, row.currency) for minor in amounts)]
