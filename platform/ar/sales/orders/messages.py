"""Texts of the error codes of orders, names of their states, and their journal events (msgids)."""

from __future__ import annotations

from typing import Final

from kernel.i18n import mark
from tenants.slice import Event

MESSAGES: Final[dict[str, str]] = {
    "order_number_unknown": mark("There is no order %(number)s. Its number stands on the list of orders."),
    "order_not_found": mark("There is no such order."),
    "order_number_taken": mark("Another order has the number %(number)s."),
    "order_contract_unknown": mark("Choose a contract of this customer that has not ended."),
    "order_line_twice": mark("Line number %(line_no)s is there twice."),
    "order_too_large": mark("The order comes to more than an amount can hold. Check quantities and prices."),
    "order_currency_fixed": mark("The order was already asked for in %(currency)s. Enter another order instead."),
    "order_line_shipped": mark("Line %(line_no)s: %(quantity)s were shipped. Less than that cannot be ordered."),
    "order_line_noted": mark(
        "Line %(line_no)s is on a delivery note. Its product and price stay; enter a further line for the rest."
    ),
    "order_ended": mark("Order %(number)s is closed. Open it again first."),
    "order_not_ended": mark("Order %(number)s is open."),
    "order_not_history": mark("Order %(number)s did not come from a file. Confirm it instead."),
    "order_shipped": mark("Something of order %(number)s was shipped. Close it short instead."),
    "order_billed": mark("Order %(number)s is invoiced up to its amount."),
    "invoice_not_found": mark("There is no such invoice."),
    "invoice_of_other": mark("%(document_no)s is of another customer or currency than order %(number)s."),
    "invoice_before_order": mark("%(document_no)s is older than order %(number)s, so it bills something else."),
    "invoice_linked": mark("%(document_no)s bills orders up to its amount already."),
}
#: State → name and tone.
STATE_NAMES: Final[dict[str, tuple[str, str]]] = {
    "draft": (mark("Draft"), "quiet"),
    "held": (mark("Held"), "late"),
    "released": (mark("Released to ship"), "ok"),
    "completed": (mark("Completed"), "quiet"),
    "closed_short": (mark("Closed short"), "quiet"),
    "cancelled": (mark("Cancelled"), "quiet"),
}
REQUEST_STATE_NAMES: Final[dict[str, tuple[str, str]]] = {
    "requested": (mark("Awaits a decision"), "warn"),
    "approved": (mark("Approved"), "ok"),
    "rejected": (mark("Rejected"), "late"),
    "withdrawn": (mark("Withdrawn"), "quiet"),
}
DELIVERY_STATE_NAMES: Final[dict[str, tuple[str, str]]] = {
    "planned": (mark("Planned"), "quiet"),
    "picked": (mark("Picked"), "quiet"),
    "shipped": (mark("Shipped, not signed for"), "warn"),
    "signed": (mark("Signed for"), "ok"),
    "returned": (mark("Returned"), "quiet"),
    "cancelled": (mark("Cancelled"), "quiet"),
}
CHECKPOINT_NAMES: Final[dict[str, str]] = {
    "confirm": mark("At the order"),
    "pick": mark("At picking"),
    "ship": mark("At shipping"),
}
EVENTS: Final[dict[str, Event]] = {
    "order_entered": Event(mark("Order entered"), "%(number)s, %(amount)s"),
    "order_changed": Event(mark("Order changed"), "%(number)s, %(amount)s"),
    "order_released": Event(mark("Order released"), "%(number)s, %(amount)s", "ok"),
    "order_held": Event(mark("Order held"), "%(number)s, %(amount)s", "late"),
    "order_closed_short": Event(mark("Order closed short"), "%(number)s: %(reason)s"),
    "order_cancelled": Event(mark("Order cancelled"), "%(number)s: %(reason)s"),
    "order_reopened": Event(mark("Order opened again"), "%(number)s: %(reason)s"),
    "order_taken_over": Event(mark("Order taken over"), "%(number)s, %(amount)s"),
    "order_billed": Event(mark("Order invoiced"), "%(number)s: %(document_no)s, %(amount)s"),
}
