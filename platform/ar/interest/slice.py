"""Wires the slice: pages, commands, approval and messages of late interest."""

from __future__ import annotations

from typing import Final

from ar.interest.approvals import APPROVALS
from ar.interest.checks import interest_checks
from ar.interest.entry_sources import entry_sources
from ar.interest.events import EVENTS
from ar.interest.messages import MESSAGES
from kernel.i18n import mark
from tenants.permissions import Permission
from tenants.slice import Heading, NavLine, Slice

SLICE: Final = Slice(
    name="interest",
    pages=(
        "ar.interest.routes:bp",
        "ar.interest.terms_routes:bp",
        "ar.interest.rates_routes:bp",
        "ar.interest.charge_routes:bp",
    ),
    commands=("ar.interest.cli:group",),
    navigation=(
        NavLine(
            Heading.RECEIVABLES,
            30,
            mark("Late interest"),
            "interest.index",
            Permission.READ_CLAIMS,
            also=("interest_terms", "interest_rates"),
        ),
    ),
    messages=MESSAGES,
    events=EVENTS,
    approvals=APPROVALS,
    checks=(interest_checks,),
    entry_sources=entry_sources,
)
