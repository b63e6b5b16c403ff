"""Registers the slice of bills with the application."""

from __future__ import annotations

from typing import Final

from ar.bills import jobs, mails
from ar.bills.checks import bills_checks
from ar.bills.entry_sources import entry_sources
from ar.bills.events import ENTRY_NAMES, EVENTS
from ar.bills.messages import MESSAGES
from kernel.i18n import mark
from tenants.permissions import Permission
from tenants.slice import Heading, NavLine, Slice

SLICE: Final = Slice(
    name="bills",
    pages=(
        "ar.bills.routes:bp",
        "ar.bills.receiving_routes:bp",
    ),
    navigation=(NavLine(Heading.CASH, 30, mark("Bills"), "bills.index", Permission.READ_BANK),),
    messages=MESSAGES,
    events=EVENTS,
    jobs=jobs.JOBS,
    recurring=jobs.RECURRING,
    mails=mails.MAILS,
    checks=(bills_checks,),
    entry_sources=entry_sources,
    entry_names=ENTRY_NAMES,
)
