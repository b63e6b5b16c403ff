"""The row of tabs over the pages of losses. May import Flask's addresses. Invariant: one order on every page."""

from __future__ import annotations

from typing import Any

from flask import url_for

from ar.losses.wording import tabs


def losses_tabs(current: str) -> list[dict[str, Any]]:
    """`current`: provisions, bad_debts, tracking or expected."""
    return tabs(
        current,
        {
            "provisions": url_for("provisions.index"),
            "bad_debts": url_for("bad_debts.index"),
            "tracking": url_for("recoveries.tracking"),
            "expected": url_for("recoveries.expected_cash"),
        },
    )
