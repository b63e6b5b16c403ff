"""Names the parts of an exposure and the states of the list."""

from __future__ import annotations

from typing import Final

from kernel.i18n import mark

PART_LABELS: Final[dict[str, str]] = {
    "open_receivables": mark("Open receivables"),
    "signed_not_invoiced": mark("Signed, not invoiced"),
    "shipped_not_signed": mark("Shipped, not signed"),
    "released_orders": mark("Released orders"),
    "unmatured_bills": mark("Bills not matured"),
    "unapplied": mark("Unapplied money"),
}
STATE_NAMES: Final[dict[str, str]] = {
    "all": mark("All"),
    "over": mark("Over the limit"),
    "ending": mark("Temporary limit ends within a week"),
    "ended": mark("Temporary limit ended lately"),
    "none": mark("Without a limit"),
    "taken_over": mark("Taken over, not approved"),
}
