"""Matches the numbers and names of a file with who and what is known; warns of look-alikes and of strangers.

Invariants: only rows that a file would add are compared for look-alikes, which some companies do distinguish; a name
that fits nobody, or several, is said once with its rows, and never taken for somebody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy.orm import Session

from ar.imports.inputs import ParsedCustomer, ParsedItem, ParsedReceipt, Report
from ar.imports.queries import lookalike_customers, lookalike_documents, numbers_by_name
from kernel.texts import lookalike_key
from tenants.queries import members


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


def number_customers(
    db: Session, tenant_id: UUID, rows: Sequence[ParsedItem | ParsedReceipt], report: Report
) -> dict[str, str]:
    """Returns name in the file → number of the one customer of that name, where the file has names for numbers."""
    names = {row.customer_no for row in rows if row.customer_no}
    if rows:
        report.add_warning(rows[0].row, "customer_no", "number_is_name", found=rows[0].customer_no)
    return numbers_by_name(db, tenant_id, names)


def owner_emails(db: Session, tenant_id: UUID, named: Iterable[tuple[int, str]], report: Report) -> dict[str, str]:
    """Returns salesperson's name → their address, given (row, name); warns of names that fit nobody or several."""
    rows = [(row, name) for row, name in named if name]
    if not rows:
        return {}
    found: dict[str, list[str]] = {}
    for member in members(db, tenant_id):
        if member.active:
            found.setdefault(lookalike_key(member.name), []).append(member.email)
            found.setdefault(lookalike_key(member.email), []).append(member.email)
    known: dict[str, str] = {}
    for row, name in rows:
        emails = sorted(set(found.get(lookalike_key(name), ())))
        if len(emails) == 1:
            known[name] = emails[0]
        else:
            report.add_warning(row, "owner", "owner_ambiguous" if emails else "owner_not_found", found=name)
    return known


def with_owners(parsed: Sequence[ParsedCustomer], emails: dict[str, str]) -> list[ParsedCustomer]:
    """Returns the customers with the addresses of those salespeople who were found by name."""
    return [
        row._replace(customer=replace(row.customer, owner_email=emails[row.owner])) if row.owner in emails else row
        for row in parsed
    ]
