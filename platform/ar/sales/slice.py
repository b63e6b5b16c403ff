"""Registers sales with the application: quotations, contracts, orders, deliveries, sign-offs."""

from __future__ import annotations

from typing import Final

from ar.sales.contracts import messages as contract_messages
from ar.sales.contracts.approvals import APPROVALS
from ar.sales.contracts.expiring import mails as expiring_mails
from ar.sales.contracts.expiring.queries import expiring_contracts
from ar.sales.deliveries import parts as delivery_parts
from ar.sales.orders import jobs as order_jobs
from ar.sales.orders import messages as order_messages
from ar.sales.orders import signals
from ar.sales.orders.billing import recommit_reversed
from ar.sales.orders.examination import sales_checks
from kernel.i18n import mark
from tenants.permissions import Permission
from tenants.slice import Heading, NavLine, Slice

SLICE: Final = Slice(
    name="sales",
    pages=(
        "ar.sales.contracts.quotation_pages.routes:bp",
        "ar.sales.contracts.quotation_pages.step_routes:bp",
        "ar.sales.contracts.pages.routes:bp",
        "ar.sales.contracts.pages.step_routes:bp",
        "ar.sales.contracts.pages.form_routes:bp",
        "ar.sales.orders.pages.routes:bp",
        "ar.sales.orders.pages.form_routes:bp",
        "ar.sales.orders.pages.part_routes:bp",
        "ar.sales.orders.pages.step_routes:bp",
        "ar.sales.orders.pages.credit_routes:bp",
        *delivery_parts.PAGES,
    ),
    commands=("ar.sales.deliveries.cli:group",),
    navigation=(
        NavLine(Heading.CREDIT_AND_SALES, 50, mark("Quotations"), "quotations.index", Permission.READ),
        NavLine(
            Heading.CREDIT_AND_SALES,
            60,
            mark("Contracts"),
            "contracts.index",
            Permission.READ,
            waiting=expiring_contracts,
            counted_for=Permission.EDIT_CONTRACTS,
        ),
        NavLine(Heading.CREDIT_AND_SALES, 70, mark("Orders"), "orders.index", Permission.READ),
        *delivery_parts.NAVIGATION,
    ),
    messages=contract_messages.MESSAGES | order_messages.MESSAGES | delivery_parts.MESSAGES,
    events=contract_messages.EVENTS | order_messages.EVENTS | delivery_parts.EVENTS,
    approvals=APPROVALS,
    jobs=(*delivery_parts.JOBS, *order_jobs.JOBS, *expiring_mails.JOBS),
    recurring=(*delivery_parts.RECURRING, *expiring_mails.RECURRING),
    mails=(*delivery_parts.MAILS, *expiring_mails.MAILS),
    checks=(sales_checks,),
    numbers=delivery_parts.NUMBERS,
    signal_sources=(signals.SOURCE,),
    on_reversal=recommit_reversed,
)
