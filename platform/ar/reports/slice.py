"""Registers reports with the application: Today, customer page, aging, key figures, debt list, journal."""

from __future__ import annotations

from typing import Final

from ar.reports.debt_list import jobs, mails
from ar.reports.events import EVENTS
from kernel.i18n import mark
from tenants.permissions import Permission
from tenants.slice import NavLine, Section, Slice

SLICE: Final = Slice(
    name="reports",
    pages=(
        "ar.reports.routes:bp",
        "ar.reports.aging.routes:bp",
        "ar.reports.figures.routes:bp",
        "ar.reports.journal.routes:bp",
        "ar.reports.customer.routes:bp",
    ),
    commands=("ar.reports.cli:group",),
    navigation=(
        NavLine(Section.WORK, 10, mark("Today"), "overview.today"),
        NavLine(Section.RECEIVABLES, 40, mark("Aging"), "aging.index"),
        NavLine(Section.RECEIVABLES, 50, mark("Key figures"), "figures.index"),
        NavLine(Section.COMPANY, 20, mark("Journal"), "overview.journal", Permission.READ_JOURNAL),
    ),
    events=EVENTS,
    jobs=jobs.JOBS,
    recurring=jobs.RECURRING,
    mails=mails.MAILS,
)
