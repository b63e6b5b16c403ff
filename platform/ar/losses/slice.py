"""What losses bring to the application: provision, bad debts, recovery."""

from __future__ import annotations

from typing import Final

from ar.losses.approvals import APPROVALS
from ar.losses.belonging import entry_sources
from ar.losses.doctor import losses_checks
from ar.losses.events import ENTRY_NAMES, EVENTS
from ar.losses.messages import MESSAGES
from kernel.i18n import mark
from tenants.slice import NavLine, NumberSeries, Section, Slice

SLICE: Final = Slice(
    name="losses",
    pages=(
        "ar.losses.provision_routes:bp",
        "ar.losses.bad_debt_routes:bp",
        "ar.losses.tracking_routes:bp",
        "ar.losses.case_routes:bp",
        "ar.losses.policy_routes:bp",
    ),
    navigation=(
        NavLine(
            Section.BOOKS,
            20,
            mark("Provision and bad debts"),
            "provisions.index",
            also=("bad_debts", "recoveries"),
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
