"""What a sales contract must contain before it is reviewed and sealed (R091), and what it should say besides (R092).

Pure. Invariant: codes are stored and never change.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

#: R091 ① to ③: what the text of the contract says.
BEFORE_REVIEW: Final = (
    "product",
    "specification",
    "quantity",
    "delivery_date",
    "price",
    "payment_method",
    "payment_date",
    "transport",
    "acceptance",
    "duties",
    "term",
)
#: R091 ④: what makes the paper a contract; no private seal, no lone signature.
BEFORE_SEALING: Final = ("date", "signature", "seal")
#: R092: what it should say of late payment. It is reviewed and sealed without, but its reviewers are told.
ADVISED: Final = ("late_interest", "default", "collection")
ITEMS: Final = BEFORE_REVIEW + ADVISED + BEFORE_SEALING


def missing(checklist: Mapping[str, object], *, sealing: bool) -> list[str]:
    """Returns the items that are not ticked, of those that must be for the review or, as well, for the sealing."""
    asked = BEFORE_REVIEW + BEFORE_SEALING if sealing else BEFORE_REVIEW
    return [item for item in asked if checklist.get(item) is not True]


def not_said(checklist: Mapping[str, object]) -> list[str]:
    """Returns what the contract should say of late payment and does not."""
    return [item for item in ADVISED if checklist.get(item) is not True]
