"""What money that came in brings to the application: bank statements, matching, receipts, refunds."""

from __future__ import annotations

from typing import Final

from ar.receipts import bank_jobs, matching_jobs
from ar.receipts.approvals import APPROVALS
from ar.receipts.belonging import entry_sources
from ar.receipts.events import EVENTS
from ar.receipts.messages import MESSAGES
from kernel.i18n import mark
from tenants.slice import NavLine, Section, Slice

SLICE: Final = Slice(
    name="receipts",
    pages=(
        "ar.receipts.bank_routes:bp",
        "ar.receipts.bank_account_routes:bp",
        "ar.receipts.receipt_routes:bp",
        "ar.receipts.matching_routes:bp",
        "ar.receipts.refund_routes:bp",
        "ar.receipts.match_routes:bp",
        "ar.receipts.bank_line_routes:bp",
        "ar.receipts.credit_routes:bp",
    ),
    commands=("ar.receipts.bank_cli:group", "ar.receipts.receipt_cli:group"),
    navigation=(
        NavLine(Section.MONEY, 10, mark("Matching"), "matching.index"),
        NavLine(Section.MONEY, 20, mark("Bank statements"), "bank.index", also=("bank_accounts",)),
        NavLine(Section.MONEY, 30, mark("Receipts"), "receipts.index", also=("refunds",)),
    ),
    messages=MESSAGES,
    events=EVENTS,
    jobs=(*bank_jobs.JOBS, *matching_jobs.JOBS),
    approvals=APPROVALS,
    entry_sources=entry_sources,
)
