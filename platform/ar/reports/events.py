"""Names the journal events of reports."""

from __future__ import annotations

from typing import Final

from kernel.i18n import mark
from tenants.slice import Event

EVENTS: Final[dict[str, Event]] = {
    "debt_list_sent": Event(
        mark("Debt list of the week sent"), mark("%(week)s: %(customers)s customers, %(people)s people")
    ),
}
