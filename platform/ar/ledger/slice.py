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
from tenants.slice import NavLine, NumberSeries, Section, Slice

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
        "ar.ledger.documents.draft_routes:bp",
        "ar.ledger.closing.fx.exchange_routes:bp",
    ),
    commands=("ar.ledger.documents.cli:group",),
    navigation=(
        NavLine(Section.RECEIVABLES, 20, mark("Receivables"), "ledger.index", also=("documents", "settling")),
        NavLine(Section.BOOKS, 30, mark("Accounts"), "accounts.index"),
        NavLine(Section.BOOKS, 40, mark("Periods"), "closing.periods", also=("closing", "rates")),
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
