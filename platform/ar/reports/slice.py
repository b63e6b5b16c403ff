"""Registers reports with the application: Today, customer page, aging, key figures, debt list, journal."""

from __future__ import annotations

from typing import Final

from ar.reports.debt_list import jobs, mails
from ar.reports.decisions.queries import waiting_decisions
from ar.reports.events import EVENTS
from kernel.i18n import mark
from tenants.permissions import Permission
from tenants.slice import Heading, NavLine, Slice

SLICE: Final = Slice(
    name="reports",
    pages=(
        "ar.reports.routes:bp",
        "ar.reports.aging.routes:bp",
        "ar.reports.figures.routes:bp",
        "ar.reports.journal.routes:bp",
        "ar.reports.customer.routes:bp",
        "ar.reports.decisions.routes:bp",
    ),
    commands=("ar.reports.cli:group",),
    navigation=(
        NavLine(Heading.TODAY, 10, mark("Today"), "overview.today", Permission.READ),
        NavLine(
            Heading.DECISIONS,
            10,
            mark("Matters to decide"),
            "decisions.index",
            Permission.REVIEW_ACTIONS,
            waiting=waiting_decisions,
            counted_for=Permission.READ,
        ),
        NavLine(Heading.RECEIVABLES, 20, mark("Aging"), "aging.index", Permission.READ_TOTALS),
        NavLine(Heading.BOOKS, 80, mark("Journal"), "overview.journal", Permission.READ_JOURNAL),
        NavLine(Heading.COMPANY, 10, mark("Key figures"), "figures.index", Permission.READ_TOTALS),
    ),
    events=EVENTS,
    jobs=jobs.JOBS,
    recurring=jobs.RECURRING,
    mails=mails.MAILS,
)
