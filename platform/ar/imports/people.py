"""Matches what a file says by name with who is known: customers without numbers, salespeople without addresses.

Invariant: a name that fits nobody, or several, is said once with its rows, and never taken for somebody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from ar.imports.inputs import ParsedCustomer, ParsedItem, ParsedReceipt, Report
from ar.imports.queries import numbers_by_name
from kernel.texts import lookalike_key
from tenants.queries import members

Rows = TypeVar("Rows", ParsedItem, ParsedReceipt, ParsedCustomer)


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
