"""Tabs over the pages of the books: periods, rates, exchange difference, examination.

Invariant: one order on every page; a page without permission is left out.
"""

from __future__ import annotations

from kernel.i18n import gettext as _
from tenants.access import may
from tenants.permissions import Permission
from web.filters import Chip
from web.tabs import tabs


def books_tabs(current: str) -> list[Chip]:
    """Returns the tabs of the books, with that of the endpoint `current` marked."""
    pages = {
        "closing.periods": _("Periods"),
        "rates.index": _("Exchange rates"),
        "rates.exchange_page": _("Exchange difference"),
    }
    if may(Permission.READ_JOURNAL):
        pages["closing.examination"] = _("Examination of the books")
    return tabs(current, pages)
