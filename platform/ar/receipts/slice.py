"""Wires the slice: pages, commands, jobs, approvals and messages of bank statements and receipts."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from ar.receipts.bank import jobs as bank_jobs
from ar.receipts.bank.queries import waiting_lines
from ar.receipts.checks import receipts_checks
from ar.receipts.events import EVENTS
from ar.receipts.matching import jobs as matching_jobs
from ar.receipts.messages import MESSAGES
from ar.receipts.models import BankLine
from ar.receipts.posting.entry_sources import entry_sources
from ar.receipts.refunds.approvals import APPROVALS
from kernel.i18n import mark
from tenants.permissions import Permission
from tenants.slice import Heading, NavLine, Slice


def _lines_to_match() -> sa.Select[Any]:
    """Selects the bank lines that wait to be matched (binds: tenant)."""
    return sa.select(BankLine.id).where(*waiting_lines(sa.bindparam("tenant", type_=sa.Uuid)))


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
        NavLine(
            Heading.CASH,
            10,
            mark("Matching"),
            "matching.index",
            Permission.READ_BANK,
            waiting=_lines_to_match,
            counted_for=Permission.POST_LEDGER,
        ),
        NavLine(Heading.CASH, 20, mark("Receipts"), "receipts.index", Permission.READ_BANK),
        NavLine(Heading.CASH, 40, mark("Refunds"), "refunds.index", Permission.READ_BANK),
        NavLine(
            Heading.CASH,
            50,
            mark("Bank statements"),
            "bank.index",
            Permission.READ_BANK,
            also=("bank_accounts", "bank_mapping", "movements", "returns"),
        ),
    ),
    messages=MESSAGES,
    events=EVENTS,
    jobs=(*bank_jobs.JOBS, *matching_jobs.JOBS),
    approvals=APPROVALS,
    entry_sources=entry_sources,
    checks=(receipts_checks,),
)
