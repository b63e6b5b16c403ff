"""What deliveries bring to the slice of sales: pages, navigation, texts, work, mails, numbers."""

from __future__ import annotations

from typing import Final

from ar.sales.deliveries.events import EVENTS
from ar.sales.deliveries.messages import MESSAGES
from ar.sales.deliveries.planning import NUMBER_PREFIX
from ar.sales.deliveries.unsigned.jobs import JOBS, RECURRING
from ar.sales.deliveries.unsigned.mails import MAILS
from ar.sales.deliveries.unsigned.queries import select_waiting_for_measure, select_waiting_for_reason
from kernel.i18n import mark
from tenants.permissions import Permission
from tenants.slice import Heading, NavLine, NumberSeries

__all__ = ["EVENTS", "JOBS", "MAILS", "MESSAGES", "NAVIGATION", "NUMBERS", "PAGES", "RECURRING"]

PAGES: Final = (
    "ar.sales.deliveries.pages.routes:bp",
    "ar.sales.deliveries.pages.planning_routes:bp",
    "ar.sales.deliveries.pages.step_routes:bp",
    "ar.sales.deliveries.pages.after_routes:bp",
    "ar.sales.deliveries.pages.billing_routes:bp",
    "ar.sales.deliveries.pages.warehouse_routes:bp",
    "ar.sales.deliveries.pages.driver_routes:bp",
    "ar.sales.deliveries.pages.unsigned_routes:bp",
)
_H: Final = Heading.CREDIT_AND_SALES
NAVIGATION: Final = (
    NavLine(_H, 75, mark("To invoice"), "billing.to_invoice", Permission.POST_LEDGER),
    NavLine(_H, 80, mark("Deliveries"), "deliveries.index", Permission.READ_ORDERS),
    NavLine(_H, 85, mark("Warehouse"), "warehouse.warehouse", Permission.SHIP),
    NavLine(_H, 86, mark("My deliveries"), "driver.driver", Permission.DRIVE),
    NavLine(
        _H,
        90,
        mark("Unsigned notes"),
        "unsigned_notes.unsigned",
        waiting=select_waiting_for_reason,
        counted_for=Permission.EDIT_ORDERS,
    ),
    NavLine(
        _H,
        91,
        mark("Measures for unsigned notes"),
        "unsigned_notes.unsigned",
        Permission.CHOOSE_MEASURE,
        query={"waits": "measure"},
        waiting=select_waiting_for_measure,
    ),
)
NUMBERS: Final = (
    NumberSeries(mark("Delivery notes"), "delivery:{year}", "delivery", "number", f"{NUMBER_PREFIX}-{{year}}-%"),
)
