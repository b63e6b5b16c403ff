"""Two spellings of one number: INV-9, inv-9, ＩＮＶ-9 and "INV -9" are mostly one document booked twice.

May import this slice's queries and kernel.texts. Invariant: only what a file would add is looked at, against what
the file says before it and against the books; a warning, no error, since some companies do distinguish.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from ar.imports.inputs import Report
from ar.imports.queries import similar_customers, similar_documents
from kernel.texts import lookalike_key


def warn_documents(
    db: Session, tenant_id: UUID, column: str, documents: Sequence[tuple[int, str, str]], report: Report
) -> None:
    """Warns of new documents, given as (row, kind, number), that look like another of their kind."""
    if not documents:
        return
    kinds = {kind for _row, kind, _number in documents}
    booked = similar_documents(db, tenant_id, kinds, [number for _row, _kind, number in documents])
    first: dict[str, dict[str, str]] = {kind: {} for kind in kinds}
    for row, kind, number in documents:
        key = lookalike_key(number)
        before = first[kind].setdefault(number if key == number else key, number)  # the same text is held once
        _warn(report, row, column, number, before if before != number else booked.get((kind, number)))


def warn_customers(db: Session, tenant_id: UUID, rows: Mapping[str, int], report: Report) -> None:
    """Warns of new customers, given as number → row, that look like another customer."""
    if not rows:
        return
    booked = similar_customers(db, tenant_id, rows)
    first: dict[str, str] = {}
    for number, row in sorted(rows.items(), key=lambda each: each[1]):
        before = first.setdefault(lookalike_key(number), number)
        _warn(report, row, "customer_no", number, before if before != number else booked.get(number))


def _warn(report: Report, row: int, column: str, number: str, other: str | None) -> None:
    if other is not None:
        report.add_warning(row, column, "looks_like", found=number, other=other)
