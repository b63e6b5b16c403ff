"""Pages of the accounts: trial balance, the entries of an account, one entry.

Invariant: parse, authorise, one query, render; read-only.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.ledger.accounts import queries as accounts
from ar.ledger.books.as_of_request import parse_as_of_request
from ar.ledger.books.entry_sources import entry_names, entry_sources
from ar.ledger.books.posting_rules import ACCOUNTS
from ar.ledger.messages import ACCOUNT_NAMES, KIND_NAMES
from kernel.i18n import gettext as _
from tenants.access import staff
from tenants.permissions import Permission
from web import filters
from web.context import actor, db
from web.paging import read_page
from web.responses import Page, render

bp = Blueprint("accounts", __name__, url_prefix="/accounts")


def _names() -> dict[str, Any]:
    """Returns the names of entry kinds and accounts, for every page here."""
    return {"kinds": {**KIND_NAMES, **entry_names()}, "accounts": ACCOUNT_NAMES}


@bp.get("/")
@staff(Permission.READ_BOOKS)
def index() -> Page:
    """Shows the trial balance as of a day."""
    wanted = filters.read(accounts.TrialFilters, request.args)
    when = parse_as_of_request(wanted.as_of, wanted.known, actor())
    return render(
        "ar/ledger/accounts/index.html",
        page=accounts.trial_balance(db(), actor().tenant_id, when.as_of, when.known_at),
        when=when,
        to_today=url_for("accounts.index"),
        unread=filters.unread_days(accounts.TrialFilters, request.args),
        **_names(),
    )


@bp.get("/entries")
@staff(Permission.READ_BOOKS)
def entries() -> Page:
    """Lists the entries of one account in a period, with the running balance."""
    wanted = filters.read(accounts.EntriesFilters, request.args)
    when = parse_as_of_request(wanted.to_on, wanted.known, actor())
    asked = read_page(request.args)
    page = accounts.account_entries(db(), actor().tenant_id, wanted, asked, actor().today, when.known_at)
    path = url_for("accounts.entries")
    names = _names()
    kinds = sorted(((kind, _(name)) for kind, name in names["kinds"].items()), key=lambda named: named[1])
    if wanted.kind and wanted.kind not in names["kinds"]:
        kinds.append((wanted.kind, wanted.kind))
    return render(
        "ar/ledger/accounts/entries.html",
        page=page,
        wanted=wanted,
        when=when,
        to_today=filters.url(wanted, path, from_on=None, to_on=None, known=""),
        unread=filters.unread_days(accounts.EntriesFilters, request.args),
        account_options=[(code, f"{number} {_(ACCOUNT_NAMES[code])}") for code, _kind, number in ACCOUNTS],
        currencies=filters.currency_options(page.currencies, wanted.currency, _("All currencies")),
        kind_options=[("", _("All kinds")), *kinds],
        pager=asked.page(page.total, path, request.args),
        active=filters.active(wanted, ignore=("account",)),
        cleared=filters.url(accounts.EntriesFilters(account=wanted.account), path),
        **names,
    )


@bp.get("/entries/<uuid:entry_id>")
@staff(Permission.READ_BOOKS)
def entry(entry_id: UUID) -> Page:
    """Shows one entry: its postings, documents, sources and reversal."""
    shown = accounts.entry_page(db(), actor().tenant_id, entry_id)
    causes = entry_sources(db(), actor().tenant_id, entry_id)
    return render("ar/ledger/accounts/entry.html", page=shown, belongs=causes, **_names())
