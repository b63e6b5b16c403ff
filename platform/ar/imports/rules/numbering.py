"""Gives documents without a number one of ours, such as a payment "Payment-20261025-4be1c2".

Invariant: the same rows get the same numbers on every import, in whatever order they stand: a number is made of the
customer, the day and the currency, and the place among equal ones by amount. It says nothing of the amount, so that a
payment of which less is left is known again, and refused as one that differs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Final, TypeVar

from ar.imports.inputs import ParsedItem, ParsedReceipt, ParsedRows, Report

T = TypeVar("T", ParsedItem, ParsedReceipt)

#: How numbers of each kind begin.
_PREFIX: Final = {"receipt": "PAYMENT", "credit_note": "CREDIT", "invoice": "CHARGE", "debit_note": "CHARGE"}


def number_items(rows: ParsedRows, report: Report) -> ParsedRows:
    """Returns the rows of open items, those without a number with one of ours, said as warnings."""
    good = _numbered(
        rows.good,
        lambda row: row.document_no,
        lambda row: (_PREFIX[row.kind], row.document_on.isoformat(), row.currency, row.customer_no),
        lambda row, number: row._replace(document_no=number),
    )
    return _said(rows, good, "document_no", lambda row: row.document_no, report)


def number_receipts(rows: ParsedRows, report: Report) -> ParsedRows:
    """Returns the rows of receipts, those without a number with one of ours, said as warnings."""
    good = _numbered(
        rows.good,
        lambda row: row.receipt_no,
        lambda row: (_PREFIX["receipt"], row.received_on.isoformat(), row.currency, row.customer_no),
        lambda row, number: row._replace(receipt_no=number),
    )
    return _said(rows, good, "receipt_no", lambda row: row.receipt_no, report)


def _numbered(
    rows: Sequence[T],
    number_of: Callable[[T], str],
    key_of: Callable[[T], tuple[str, str, str, str]],
    with_number: Callable[[T, str], T],
) -> list[T]:
    groups: dict[tuple[str, str, str, str], list[int]] = defaultdict(list)
    found = list(rows)
    for at, row in enumerate(found):
        if not number_of(row):
            groups[key_of(row)].append(at)
    for key, places in groups.items():
        prefix, day, *whose = key
        mark = blake2b("\x1f".join(whose).encode(), digest_size=4).hexdigest()
        ordered = sorted(places, key=lambda at: (abs(found[at].amount_minor), at))
        for rank, at in enumerate(ordered, start=1):
            number = f"{prefix}-{day.replace('-', '')}-{mark}" + (f"-{rank}" if rank > 1 else "")
            found[at] = with_number(found[at], number)
    return found


def _said(
    rows: ParsedRows, good: Sequence[T], column: str, number_of: Callable[[T], str], report: Report
) -> ParsedRows:
    for before, after in zip(rows.good, good, strict=True):
        if before is not after:
            report.add_warning(after.row, column, "number_given", number=number_of(after))
    return rows._replace(good=list(good))
