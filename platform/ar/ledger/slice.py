"""Registers the ledger with the application: pages, navigation, texts, approvals, checks, number series."""

from __future__ import annotations

from typing import Final

from ar.ledger.books.posting import set_up_books
from ar.ledger.closing.approvals import UNLOCK_PERIOD
from ar.ledger.closing.audit.checks import ledger_checks
from ar.ledger.events import ENTRY_NAMES, EVENTS, FACT_MAKERS
from ar.ledger.messages import MESSAGES
from ar.ledger.receivables.settlement.approvals import WRITE_OFF
from kernel.i18n import mark
from tenants.permissions import Permission
from tenants.slice import Heading, NavLine, NumberSeries, Slice

SLICE: Final = Slice(
    name="ledger",
    pages=(
        "ar.ledger.receivables.routes:bp",
        "ar.ledger.documents.routes:bp",
        "ar.ledger.receivables.settlement.routes:bp",
        "ar.ledger.accounts.card.routes:bp",
        "ar.ledger.accounts.routes:bp",
        "ar.ledger.closing.routes:bp",
        "ar.ledger.closing.fx.routes:bp",
        "ar.ledger.receivables.allocation_routes:bp",
        "ar.ledger.receivables.sending_routes:bp",
        "ar.ledger.documents.draft_routes:bp",
        "ar.ledger.closing.fx.exchange_routes:bp",
    ),
    commands=("ar.ledger.documents.cli:group",),
    navigation=(
        NavLine(Heading.RECEIVABLES, 10, mark("Documents"), "ledger.index", also=("documents", "settling")),
        NavLine(Heading.RECEIVABLES, 15, mark("Invoices not confirmed"), "sending.unconfirmed"),
        NavLine(Heading.BOOKS, 10, mark("Accounts"), "accounts.index", Permission.READ_BOOKS),
        NavLine(
            Heading.BOOKS, 20, mark("Entries"), "accounts.entries", Permission.READ_BOOKS, also=("accounts.entry",)
        ),
        NavLine(Heading.BOOKS, 30, mark("Periods"), "closing.periods", Permission.READ_BOOKS),
        NavLine(Heading.BOOKS, 40, mark("Exchange rates"), "rates.index", Permission.READ_BOOKS),
        NavLine(Heading.BOOKS, 70, mark("Examination"), "closing.examination", Permission.READ_JOURNAL),
    ),
    messages=MESSAGES,
    events=EVENTS,
    fact_makers=FACT_MAKERS,
    approvals=(UNLOCK_PERIOD, WRITE_OFF),
    checks=(ledger_checks,),
    numbers=(NumberSeries("reversal numbers", "reversal:{year}", "open_item", "document_no", "REV-%"),),
    entry_names=ENTRY_NAMES,
    on_founding=set_up_books,
)
