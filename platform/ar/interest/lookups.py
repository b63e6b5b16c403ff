"""What other slices may ask of late interest.

Invariant: a face; the modules behind it are private to the slice.
"""

from __future__ import annotations

from ar.interest.previews import accrued_minor

__all__ = [
    "accrued_minor",
]
