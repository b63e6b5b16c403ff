"""Wires the slice: pages, commands, jobs, approvals and messages of bank statements and receipts."""

from __future__ import annotations

from typing import Final

from ar.receipts.bank import jobs as bank_jobs
from ar.receipts.events import EVENTS
from ar.receipts.matching import jobs as matching_jobs
from ar.receipts.messages import MESSAGES
from ar.receipts.posting.entry_sources import entry_sources
from ar.receipts.refunds.approvals import APPROVALS
from kernel.i18n import mark
from tenants.slice import NavLine, Section, Slice

SLICE: Final = Slice(
    name="receipts",
    pages=(
        "ar.receipts.bank.routes:bp",
        "ar.receipts.bank.account_routes:bp",
        "ar.receipts.posting.routes:bp",
        "ar.receipts.matching.routes:bp",
        "ar.receipts.refunds.routes:bp",
        "ar.receipts.matching.match_routes:bp",
        "ar.receipts.matching.batch_routes:bp",
        "ar.receipts.bank.line_routes:bp",
        "ar.receipts.bank.mapping_routes:bp",
        "ar.receipts.posting.credit_routes:bp",
        "ar.receipts.bank.movements.routes:bp",
        "ar.receipts.returns.routes:bp",
    ),
    commands=("ar.receipts.bank.cli:group", "ar.receipts.posting.cli:group", "ar.receipts.matching.cli:group"),
    navigation=(
        NavLine(Section.MONEY, 10, mark("Matching"), "matching.index"),
        NavLine(
            Section.MONEY,
            20,
            mark("Bank statements"),
            "bank.index",
            also=("bank_accounts", "bank_mapping", "movements", "returns"),
        ),
        NavLine(Section.MONEY, 30, mark("Receipts"), "receipts.index", also=("refunds",)),
    ),
    messages=MESSAGES,
    events=EVENTS,
    jobs=(*bank_jobs.JOBS, *matching_jobs.JOBS),
    approvals=APPROVALS,
    entry_sources=entry_sources,
)
