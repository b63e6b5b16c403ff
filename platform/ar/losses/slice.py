"""Registers losses with the application: provision, bad debts, recoveries."""

from __future__ import annotations

from typing import Final

from ar.losses.bad_debts.approvals import APPROVALS
from ar.losses.checks import losses_checks
from ar.losses.entry_sources import entry_sources
from ar.losses.events import ENTRY_NAMES, EVENTS
from ar.losses.messages import MESSAGES
from kernel.i18n import mark
from tenants.permissions import Permission
from tenants.slice import Heading, NavLine, NumberSeries, Slice

SLICE: Final = Slice(
    name="losses",
    pages=(
        "ar.losses.provision.routes:bp",
        "ar.losses.bad_debts.routes:bp",
        "ar.losses.bad_debts.recovery_routes:bp",
        "ar.losses.bad_debts.case_routes:bp",
        "ar.losses.provision.policy_routes:bp",
    ),
    navigation=(
        NavLine(Heading.BOOKS, 50, mark("Provision"), "provisions.index", Permission.READ_BOOKS),
        NavLine(
            Heading.BOOKS,
            60,
            mark("Bad debts"),
            "bad_debts.index",
            Permission.READ_CLAIMS,
            also=("recoveries",),
        ),
    ),
    messages=MESSAGES,
    events=EVENTS,
    approvals=APPROVALS,
    checks=(losses_checks,),
    numbers=(
        NumberSeries("bad-debt numbers", "bad_debt:{year}", "bad_debt_case", "number", "BD-%"),
        NumberSeries("provision numbers", "provision:{year}", "provision_run", "number", "PV-%"),
    ),
    entry_sources=entry_sources,
    entry_names=ENTRY_NAMES,
)
