"""Pages of the customer account card: page, XLSX, CSV and PDF; and the printed receipt.

Invariant: page, file and PDF parse the same filters from the URL.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, g, request, url_for

from ar.ledger.accounts.card import queries as cards
from ar.ledger.accounts.card.exports import BUCKET_NAMES, card_csv, card_xlsx, line_kind, print_card
from ar.ledger.accounts.card.issuer import load_issuer
from ar.ledger.accounts.card.receipt_print import print_receipt, receipt_facts
from ar.ledger.books.as_of_request import AsOfRequest, parse_as_of_request, require_readable
from kernel.errors import RuleBroken
from kernel.i18n import gettext as _
from kernel.sheets import CSV_TYPE, XLSX_TYPE
from tenants.access import may, staff
from tenants.permissions import Permission
from web import filters, formatters
from web.context import actor, db
from web.paging import read_page
from web.responses import Page, download, render

bp = Blueprint("card", __name__)

PDF_TYPE = "application/pdf"
# Some seconds of work and hundreds of sheets; above it a workbook serves better than a PDF.
PAPER_LINES_MAX = 10_000


@dataclass(frozen=True)
class CardFilters:
    """Filters in the URL. `from_on` None: first of January; `to_on` None: today; no currency: the company's."""

    currency: str = filters.text(max_length=3)
    from_on: date | None = filters.day()
    to_on: date | None = filters.day()
    known: str = filters.text(max_length=40)


@bp.get("/customers/<uuid:customer_id>/card")
@staff(Permission.READ)
def show(customer_id: UUID) -> Page:
    """Shows one page of the card's lines, by effective date and recording time."""
    wanted, when, customer, asked = _parse_request(customer_id)
    paged = read_page(request.args, cards.PAGE_ROWS)
    shown = cards.account_card(db(), actor().tenant_id, asked, customer=customer, paged=paged)
    path = url_for("card.show", customer_id=customer_id)
    same: dict[str, Any] = {
        "customer_id": customer_id,
        "currency": asked.currency,
        "from_on": asked.from_on.isoformat(),
        "to_on": asked.to_on.isoformat(),
        "known": when.known or None,
    }
    return render(
        "ar/ledger/accounts/card/show.html",
        card=shown,
        customer=customer,
        asked=asked,
        when=when,
        unread=filters.unread_days(CardFilters, request.args),
        to_today=filters.url(wanted, path, from_on=None, to_on=None, known=""),
        currencies=[(code, code) for code in sorted({*customer.currencies, asked.currency})],
        pager=paged.page(shown.sums.lines, path, request.args),
        aging=_aging_bars(shown),
        line_kind=line_kind,
        may_export=may(Permission.EXPORT),
        exports={kind: url_for("card.export", kind=kind, **same) for kind in ("xlsx", "csv")},
        paper=url_for("card.paper", **same),
    )


@bp.get("/customers/<uuid:customer_id>/card.<any(xlsx, csv):kind>")
@staff(Permission.EXPORT)
def export(customer_id: UUID, kind: str) -> Page:
    """Downloads the whole card as XLSX or CSV; an invalid day or moment is refused."""
    shown, name = _whole_card(customer_id)
    if kind == "xlsx":
        return download(card_xlsx(shown, actor()), XLSX_TYPE, f"{name}.xlsx")
    return download(card_csv(shown), CSV_TYPE, f"{name}.csv")


@bp.get("/customers/<uuid:customer_id>/card.pdf")
@staff(Permission.READ)
def paper(customer_id: UUID) -> Page:
    """Shows the whole card as a PDF in the debtor's language."""
    shown, name = _whole_card(customer_id)
    if shown.sums.lines > PAPER_LINES_MAX:
        raise RuleBroken("card_too_long", lines=shown.sums.lines, most=PAPER_LINES_MAX)
    printed = print_card(shown, load_issuer(db(), actor().tenant_id), actor())
    return download(printed.pdf, PDF_TYPE, f"{name}.pdf", inline=True)


@bp.get("/receivables/<uuid:item_id>/receipt.pdf")
@staff(Permission.READ)
def receipt(item_id: UUID) -> Page:
    """Shows a receipt of payment as a PDF in the payer's language."""
    facts = receipt_facts(db(), actor().tenant_id, item_id)
    printed = print_receipt(facts, load_issuer(db(), actor().tenant_id))
    return download(printed.pdf, PDF_TYPE, f"{facts.number}.pdf", inline=True)


def _parse_request(customer_id: UUID) -> tuple[CardFilters, AsOfRequest, cards.CardCustomer, cards.CardRequest]:
    """Parses the URL; without a currency the company's own, else the first of the customer's currencies."""
    wanted = filters.read(CardFilters, request.args)
    when = parse_as_of_request(wanted.to_on, wanted.known, actor())
    customer = cards.card_customer(db(), actor().tenant_id, customer_id)
    own = str(g.company.currency)
    default = own if own in customer.currencies or not customer.currencies else customer.currencies[0]
    from_on = wanted.from_on or when.as_of.replace(month=1, day=1)
    currency = wanted.currency.upper() if wanted.currency.upper() in customer.currencies else default
    asked = cards.CardRequest(customer_id, currency, min(from_on, when.as_of), when.as_of, when.known_at)
    return replace(wanted, currency=currency), when, customer, asked


def _whole_card(customer_id: UUID) -> tuple[cards.Card, str]:
    """Returns the whole card and its file name. Raises RuleBroken for an invalid day or moment."""
    for typed in filters.unread_days(CardFilters, request.args).values():
        raise RuleBroken("date_unreadable", text=typed)
    _wanted, when, customer, asked = _parse_request(customer_id)
    require_readable(when)
    shown = cards.account_card(db(), actor().tenant_id, asked, customer=customer)
    period = f"{asked.from_on.isoformat()}-{asked.to_on.isoformat()}"
    return shown, f"card-{customer.number}-{asked.currency}-{period}{when.file_suffix}"


def _aging_bars(shown: cards.Card) -> list[dict[str, Any]]:
    """Returns the bars of the card's aging chart."""
    row = shown.sums.aging
    named = zip(BUCKET_NAMES.values(), row.buckets_minor, strict=True)
    return [
        {"label": _(name), "minor": minor, "text": formatters.amount(minor, row.currency), "url": ""}
        for name, minor in named
    ]
