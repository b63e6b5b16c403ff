"""What a sales contract must contain before it is reviewed, and what must be on it before it is sealed (R091).

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
ITEMS: Final = BEFORE_REVIEW + BEFORE_SEALING


def missing(checklist: Mapping[str, object], *, sealing: bool) -> list[str]:
    """Returns the items that are not ticked, of those that must be for the review or, as well, for the sealing."""
    asked = ITEMS if sealing else BEFORE_REVIEW
    return [item for item in asked if checklist.get(item) is not True]
