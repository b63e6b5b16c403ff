"""Registers sales with the application: quotations, contracts, orders, deliveries, sign-offs."""

from __future__ import annotations

from typing import Final

from ar.sales.deliveries import parts as delivery_parts
from ar.sales.orders import messages as order_messages
from kernel.i18n import mark
from tenants.permissions import Permission
from tenants.slice import Heading, NavLine, Slice

SLICE: Final = Slice(
    name="sales",
    pages=(
        "ar.sales.orders.pages.routes:bp",
        "ar.sales.orders.pages.form_routes:bp",
        "ar.sales.orders.pages.step_routes:bp",
        "ar.sales.orders.pages.credit_routes:bp",
        *delivery_parts.PAGES,
    ),
    commands=("ar.sales.cli:group",),
    navigation=(
        NavLine(Heading.CREDIT_AND_SALES, 70, mark("Orders"), "orders.index", Permission.READ),
        *delivery_parts.NAVIGATION,
    ),
    messages={**order_messages.MESSAGES, **delivery_parts.MESSAGES},
    events={**order_messages.EVENTS, **delivery_parts.EVENTS},
    jobs=delivery_parts.JOBS,
    recurring=delivery_parts.RECURRING,
    mails=delivery_parts.MAILS,
    numbers=delivery_parts.NUMBERS,
)
