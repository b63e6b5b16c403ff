"""Writes the account card as workbook, CSV and PDF.

Invariant: page, file and PDF show the same figures; the PDF is in the debtor's language, the file in the reader's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, Final

from ar.ledger.accounts.card.issuer import Issuer
from ar.ledger.accounts.card.queries import ALLOCATION, Card
from ar.ledger.messages import KIND_NAMES
from ar.ledger.rules.aging import BUCKETS
from kernel import pdf
from kernel.actor import Actor
from kernel.amount_in_words import amount_in_words
from kernel.i18n import gettext as _
from kernel.i18n import mark, use_language
from kernel.money import Money, format_minor, split_figure, symbol
from kernel.sheets import Cell, Column, Sheet, write_csv, write_xlsx
from web.formatters import datetime as write_moment

BUCKET_NAMES: Final[dict[str, str]] = {
    "not_due": mark("Not due"),
    "1-30": mark("1 to 30 days"),
    "31-60": mark("31 to 60 days"),
    "61-90": mark("61 to 90 days"),
    ">90": mark("More than 90 days"),
}
NUMBER_WIDTH: Final = 40
assert tuple(BUCKET_NAMES) == BUCKETS  # noqa: S101 - a bucket without a name is a programming error


def line_kind(line: Any) -> str:
    """Returns the kind of a line in the current language: a document's kind, or allocated or unapplied."""
    if line.part != ALLOCATION:
        return _(KIND_NAMES.get(line.kind, line.kind))
    return _("Allocated") if line.applied_minor > 0 else _("Allocation undone")


def line_number(line: Any) -> str:
    """Returns the document's number with the instalment, or "credit → debit" for an allocation."""
    if line.part == ALLOCATION:
        return f"{line.document_no} → {line.other_no}"
    return f"{line.document_no} #{line.instalment_no}" if line.instalment_no else str(line.document_no)


def card_xlsx(card: Card, actor: Actor) -> bytes:
    """Returns the whole card as XLSX: opening, lines, totals and closing, aging, time and author."""
    first, last = card.asked.from_on.isoformat(), card.asked.to_on.isoformat()
    title = f"{card.customer.number} {card.asked.currency}"
    footer = [
        _("Account card of %(name)s", name=f"{card.customer.name} ({card.customer.number})"),
        _("%(first)s to %(last)s", first=first, last=last),
        *(f"{_(name)}: {_amount_text(card, minor)}" for name, minor in _aging_amounts(card)),
        *([_("As known on %(moment)s", moment=_local_time(card.asked.known_at, actor))] if card.asked.known_at else []),
        _("Created by %(name)s on %(moment)s", name=actor.name, moment=_local_time(actor.now, actor)),
    ]
    return write_xlsx([Sheet(title, _columns(), _rows(card), _totals(card), footer)])


def card_csv(card: Card) -> bytes:
    """Returns the rows as CSV under one header; the first row is the opening balance."""
    return write_csv(_rows(card), _columns())


def print_card(card: Card, issuer: Issuer, actor: Actor) -> pdf.Rendered:
    """Renders the whole card as a PDF in the debtor's language."""
    with use_language(card.customer.language):
        return pdf.render("account_card", _pdf_values(card, issuer, actor))


def _breakable(number: str) -> str:
    """Inserts zero-width spaces into a number that is too long for its column."""
    return number if len(number) <= NUMBER_WIDTH else "\u200b".join(number)


def _columns() -> list[Column]:
    return [
        Column(_("Date"), "date"),
        Column(_("Document"), width=30),
        Column(_("Kind"), width=18),
        Column(_("Reference"), width=18),
        Column(_("Due"), "date"),
        Column(_("Debit"), "amount"),
        Column(_("Credit"), "amount"),
        Column(_("Allocated"), "amount"),
        Column(_("Open"), "amount"),
        Column(_("Balance"), "amount"),
    ]


def _rows(card: Card) -> Iterator[Sequence[Cell]]:
    currency = card.asked.currency

    def money(minor: int | None) -> Money | None:
        return None if minor is None else Money(minor, currency)

    opening = Money(card.sums.opening_minor, currency)
    yield [card.asked.from_on, _("Opening balance"), None, None, None, None, None, None, None, opening]
    for line in card.lines:
        texts = [line.on, line_number(line), line_kind(line), line.reference, line.due_on]
        amounts = (line.debit_minor, line.credit_minor, line.applied_minor, line.open_minor, line.balance_minor)
        yield [*texts, *map(money, amounts)]


def _totals(card: Card) -> list[Sequence[Cell]]:
    currency, sums = card.asked.currency, card.sums
    debit, credit = Money(sums.debit_minor, currency), Money(sums.credit_minor, currency)
    closing = Money(sums.closing_minor, currency)
    return [[card.asked.to_on, _("Closing balance"), None, None, None, debit, credit, None, None, closing]]


def _aging_amounts(card: Card) -> Iterable[tuple[str, int]]:
    named = zip(BUCKET_NAMES.values(), card.sums.aging.buckets_minor, strict=True)
    return (*named, (mark("Unapplied"), card.sums.aging.unapplied_minor))


def _amount_text(card: Card, minor: int) -> str:
    return f"{format_minor(minor, card.asked.currency)} {card.asked.currency}"


def _local_time(moment: datetime, actor: Actor) -> str:
    return write_moment(moment, actor.timezone)


def _pdf_values(card: Card, issuer: Issuer, actor: Actor) -> dict[str, Any]:
    language, currency, sums = card.customer.language, card.asked.currency, card.sums

    def money(minor: int | None) -> str:
        return "" if minor is None else format_minor(minor, currency, language)

    whole, fraction = split_figure(sums.closing_minor, currency, language)
    aged = list(_aging_amounts(card))
    return {
        "language": language,
        "number": card.customer.number,
        "date": actor.today.isoformat(),
        "footer": _("Printed by %(name)s on %(moment)s", name=actor.name, moment=_local_time(actor.now, actor)),
        "issuer": {"name": issuer.name, "lines": [issuer.address, issuer.phone]},
        "customer": {"name": card.customer.name, "lines": [card.customer.number]},
        "facts": _facts(card, actor),
        "opening": money(sums.opening_minor),
        "lines": [
            [
                *(line.on.isoformat(), _breakable(line_number(line)), line_kind(line)),
                line.due_on.isoformat() if line.due_on else "",
                *(money(line.debit_minor), money(line.credit_minor), money(line.applied_minor)),
                *(money(line.open_minor), money(line.balance_minor)),
            ]
            for line in card.lines
        ],
        "total": [money(sums.debit_minor), money(sums.credit_minor), "", "", money(sums.closing_minor)],
        "closing": {"symbol": symbol(currency, language), "whole": whole, "fraction": fraction},
        "words": amount_in_words(sums.closing_minor, currency, language),
        "aging": {"heads": [_(name) for name, _minor in aged], "amounts": [money(minor) for _name, minor in aged]},
        "labels": _labels(card.asked.from_on, card.asked.to_on),
    }


def _facts(card: Card, actor: Actor) -> list[list[str]]:
    period = _("%(first)s to %(last)s", first=card.asked.from_on.isoformat(), last=card.asked.to_on.isoformat())
    facts = [[_("Period"), period], [_("Currency"), card.asked.currency]]
    if card.asked.known_at:
        facts.append([_("As known at"), _local_time(card.asked.known_at, actor)])
    return facts


def _labels(from_on: date, to_on: date) -> dict[str, str]:
    return {
        "title": _("Account card"),
        # Typst fills the braces itself.
        "page": _("Page {page} of {pages}"),
        "issuer": _("Company"),
        "customer": _("Customer"),
        "lines": _("Movements"),
        "date": _("Date"),
        "document": _("Document"),
        "kind": _("Kind"),
        "due": _("Due"),
        "debit": _("Debit"),
        "credit": _("Credit"),
        "applied": _("Allocated"),
        "open": _("Open"),
        "balance": _("Balance"),
        "opening": _("Opening balance on %(day)s", day=from_on.isoformat()),
        "total": _("Total"),
        "closing": _("Closing balance on %(day)s", day=to_on.isoformat()),
        "words": _("In words"),
        "aging": _("Aging by due date"),
    }
