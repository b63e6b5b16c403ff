"""Registers the customer file with the application."""

from __future__ import annotations

from typing import Final

from ar.customers.events import EVENTS, FACT_MAKERS
from ar.customers.messages import MESSAGES
from kernel.i18n import mark
from tenants.slice import Heading, NavLine, Slice

SLICE: Final = Slice(
    name="customers",
    pages=(
        "ar.customers.register.routes:bp",
        "ar.customers.register.contact_routes:bp",
    ),
    navigation=(
        NavLine(
            Heading.CUSTOMERS,
            10,
            mark("Customers"),
            "customers.index",
            also=("overview.customer", "card", "interest_terms.customer"),
        ),
    ),
    messages=MESSAGES,
    events=EVENTS,
    fact_makers=FACT_MAKERS,
)
