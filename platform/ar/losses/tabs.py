"""Builds the tabs of the losses pages. Invariant: one order on every page."""

from __future__ import annotations

from kernel.i18n import gettext as _
from tenants.access import may
from tenants.permissions import Permission
from web.filters import Chip
from web.tabs import tabs


def losses_tabs(current: str) -> list[Chip]:
    """Returns the tabs of losses, the one of the endpoint `current` marked."""
    pages = {"provisions.index": _("Provision")} if may(Permission.READ_BOOKS) else {}
    pages |= {
        "bad_debts.index": _("Bad debts"),
        "recoveries.tracking": _("Written off and pursued"),
        "recoveries.expected_cash": _("Expected cash"),
    }
    return tabs(current, pages)
