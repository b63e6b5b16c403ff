"""What the books bring to the application: receivables, documents, accounts, periods, exchange rates."""

from __future__ import annotations

from typing import Final

from ar.ledger.approvals import APPROVALS
from ar.ledger.doctor import ledger_checks
from ar.ledger.events import ENTRY_NAMES, EVENTS, FACT_MAKERS
from ar.ledger.messages import MESSAGES
from ar.ledger.posting import open_books
from kernel.i18n import mark
from tenants.slice import NavLine, NumberSeries, Section, Slice

SLICE: Final = Slice(
    name="ledger",
    pages=(
        "ar.ledger.routes:bp",
        "ar.ledger.document_routes:bp",
        "ar.ledger.settling_routes:bp",
        "ar.ledger.card_routes:bp",
        "ar.ledger.account_routes:bp",
        "ar.ledger.closing_routes:bp",
        "ar.ledger.rates_routes:bp",
        "ar.ledger.allocation_routes:bp",
        "ar.ledger.draft_routes:bp",
        "ar.ledger.exchange_routes:bp",
    ),
    commands=("ar.ledger.document_cli:group",),
    navigation=(
        NavLine(Section.RECEIVABLES, 20, mark("Receivables"), "ledger.index", also=("documents", "settling")),
        NavLine(Section.BOOKS, 30, mark("Accounts"), "accounts.index"),
        NavLine(Section.BOOKS, 40, mark("Periods"), "closing.periods", also=("closing", "rates")),
    ),
    messages=MESSAGES,
    events=EVENTS,
    fact_makers=FACT_MAKERS,
    approvals=APPROVALS,
    checks=(ledger_checks,),
    numbers=(NumberSeries("reversal numbers", "reversal:{year}", "open_item", "document_no", "REV-%"),),
    entry_names=ENTRY_NAMES,
    on_founding=open_books,
)
