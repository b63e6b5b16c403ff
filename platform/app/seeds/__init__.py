"""Builds the demo companies with fourteen months of history, by the product's own commands.

Invariants: a second run finds the companies and only returns the sign-ins; the
same day gives the same companies; nothing here is needed to run the product.
"""

from __future__ import annotations

from app.seeds.play import SignIn, seed

__all__ = ["SignIn", "seed"]
