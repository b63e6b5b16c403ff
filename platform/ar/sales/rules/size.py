"""Tells whether an order is large beside what a customer buys: "many times, small lots" (R105).

Pure. Invariant: a customer without sales has nothing to compare with, so no order of theirs is large.
"""

from __future__ import annotations


def days_of_sales(order_minor: int, sold_minor: int, sold_days: int, most_days: int) -> int | None:
    """Returns how many days of average sales an order comes to, rounded up, when that is more than `most_days`.

    `sold_minor`: sales of the last `sold_days` days in the order's currency (minor units).
    """
    if sold_minor <= 0 or order_minor * sold_days <= most_days * sold_minor:
        return None
    return -(-order_minor * sold_days // sold_minor)
