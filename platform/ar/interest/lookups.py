"""Lookups of late interest for other slices: interest accrued and not yet charged, the age of the rates in use.

Invariant: a face; the modules behind it are private to the slice.
"""

from __future__ import annotations

from ar.interest.rates import stale_rates
from ar.interest.run_preview import accrued_minor

__all__ = [
    "accrued_minor",
    "stale_rates",
]
