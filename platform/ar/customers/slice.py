"""Registers customers with the application: the register, the customer file, the blacklist."""

from __future__ import annotations

from typing import Final

from ar.customers.blacklist import messages as blacklist_messages
from ar.customers.blacklist.approvals import APPROVALS
from ar.customers.events import EVENTS, FACT_MAKERS
from ar.customers.file import messages as file_messages
from ar.customers.file import reminders
from ar.customers.messages import MESSAGES
from ar.customers.register.owner_queries import select_nobodys
from kernel.i18n import mark
from tenants.permissions import Permission
from tenants.slice import Heading, NavLine, Slice

SLICE: Final = Slice(
    name="customers",
    pages=(
        "ar.customers.register.routes:bp",
        "ar.customers.register.contact_routes:bp",
        "ar.customers.register.standing_routes:bp",
        "ar.customers.register.owner_routes:bp",
        "ar.customers.file.gap_routes:bp",
        "ar.customers.file.routes:bp",
        "ar.customers.file.document_routes:bp",
        "ar.customers.file.survey.routes:bp",
        "ar.customers.file.settings_routes:bp",
        "ar.customers.blacklist.routes:bp",
    ),
    navigation=(
        NavLine(
            Heading.CUSTOMERS,
            10,
            mark("Customers"),
            "customers.index",
            also=("overview.customer", "card", "interest_terms.customer", "customer_file", "questionnaires"),
        ),
        NavLine(
            Heading.CUSTOMERS,
            20,
            mark("Gaps in files"),
            "file_gaps.index",
            Permission.KEEP_FILE,
            also=("file_settings",),
        ),
        NavLine(
            Heading.CUSTOMERS,
            30,
            mark("Hand-over"),
            "customers.hand_over",
            Permission.ASSIGN_OWNER,
            waiting=select_nobodys,
        ),
        NavLine(Heading.CUSTOMERS, 40, mark("Blacklist"), "blacklist.index", also=("blacklist",)),
    ),
    messages={**MESSAGES, **file_messages.MESSAGES, **blacklist_messages.MESSAGES},
    events={**EVENTS, **file_messages.EVENTS, **blacklist_messages.EVENTS},
    fact_makers={**FACT_MAKERS, **file_messages.FACT_MAKERS},
    jobs=reminders.JOBS,
    recurring=reminders.RECURRING,
    mails=reminders.MAILS,
    approvals=APPROVALS,
)
