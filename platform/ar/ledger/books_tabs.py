"""The row of tabs over the pages of the books: periods, rates, exchange difference, examination.

May import web's addresses and tenants' permissions. Invariant: one order on every page; nobody is led to a page that
would refuse them.
"""

from __future__ import annotations

from typing import Any

from flask import url_for

from kernel.i18n import gettext as _
from tenants.access import may
from tenants.permissions import Permission


def books_tabs(current: str) -> list[dict[str, Any]]:
    """`current`: periods, rates, exchange or examination."""
    pages = [
        ("periods", _("Periods"), url_for("closing.periods")),
        ("rates", _("Exchange rates"), url_for("rates.index")),
        ("exchange", _("Exchange difference"), url_for("rates.exchange_page")),
    ]
    if may(Permission.READ_JOURNAL):
        pages.append(("examination", _("Examination of the books"), url_for("closing.examination")))
    return [{"label": label, "url": url, "current": name == current} for name, label, url in pages]
