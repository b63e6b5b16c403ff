"""What other slices may ask of bills.

Invariant: a face; the modules behind it are private to the slice.
"""

from __future__ import annotations

from ar.bills.queries import due_select
from ar.bills.views import OutstandingBill

__all__ = [
    "OutstandingBill",
    "due_select",
]
