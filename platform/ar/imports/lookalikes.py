"""Warns when a new number differs from a known one only in case, width or spacing.

Invariant: only rows that a file would add are compared, with earlier rows and with the books; it is a warning, not an
error, since some companies do distinguish such numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from ar.imports.inputs import Report
from ar.imports.queries import lookalike_customers, lookalike_documents
from kernel.texts import lookalike_key


def warn_documents(
    db: Session, tenant_id: UUID, column: str, documents: Sequence[tuple[int, str, str]], report: Report
) -> None:
    """Warns of new documents, given as (row, kind, number), whose number looks like another of their kind."""
    if not documents:
        return
    kinds = {kind for _row, kind, _number in documents}
    posted = lookalike_documents(db, tenant_id, kinds, [number for _row, _kind, number in documents])
    first: dict[str, dict[str, str]] = {kind: {} for kind in kinds}
    for row, kind, number in documents:
        key = lookalike_key(number)
        before = first[kind].setdefault(number if key == number else key, number)  # stores equal texts once
        _warn(report, row, column, number, before if before != number else posted.get((kind, number)))


def warn_customers(db: Session, tenant_id: UUID, rows: Mapping[str, int], report: Report) -> None:
    """Warns of new customers, given as number → row, whose number looks like another customer's."""
    if not rows:
        return
    posted = lookalike_customers(db, tenant_id, rows)
    first: dict[str, str] = {}
    for number, row in sorted(rows.items(), key=lambda number_row: number_row[1]):
        before = first.setdefault(lookalike_key(number), number)
        _warn(report, row, "customer_no", number, before if before != number else posted.get(number))


def _warn(report: Report, row: int, column: str, number: str, other: str | None) -> None:
    if other is not None:
        report.add_warning(row, column, "looks_like", found=number, other=other)
