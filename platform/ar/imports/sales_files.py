"""Looks up, plans and, when asked, writes limits, orders, deliveries and sign-offs.

Invariants: a check does what applying does and writes nothing; what the policy would hold never comes in silently: it
comes with a warning and a flag; what is written is recorded with its import, so that it can be listed and undone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.commands import TakenOverLimit, take_back_limits, take_over_limits
from ar.credit.lookups import StandingLimit, followed_limits, regular_limits
from ar.credit.models import CreditLimit
from ar.credit.rules.scoring import Grade
from ar.customers.lookups import CustomerFacts, find_numbers
from ar.imports import traces
from ar.imports.columns import FileKind
from ar.imports.importers import Task
from ar.imports.inputs import ParsedLimit, ParsedRows, Report
from ar.imports.models import ImportRecord
from ar.imports.plan import require_customer
from kernel.actor import Actor
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.money import decimal_text

_DAY: Final = timedelta(days=1)


def import_limits(task: Task, rows: ParsedRows) -> None:
    """Takes over the limits of a file. What stands with the same values is unchanged, with others an error.

    A later limit ends the earlier one, as long as both were taken over; one granted here is never replaced.
    """
    db, actor, report = task.db, task.actor, task.report
    customers = _customers(task, rows)
    parsed: list[ParsedLimit] = [row for row in rows.good if require_customer(row, customers, report)]
    ids = {customers[row.customer_no].id for row in parsed}
    standing = regular_limits(db, actor.tenant_id, ids)
    new = [row for row in parsed if _is_new_limit(row, standing.get(customers[row.customer_no].id, ()), report)]
    report.created = len(new)
    if new:
        report.add_warning(new[0].row, "limit", "limits_to_approve", limits=len(new))
    if report.errors_total or not task.apply or not new:
        return
    limits = [_taken_over(row, customers[row.customer_no].id) for row in new]
    written = take_over_limits(db, actor, task.job_id or new_id(), limits)
    traces.record_others(db, actor, task.job_id, "limit", written.limit_ids)
    ended: dict[UUID, dict[str, Any] | None] = {
        limit_id: {"valid_to": ends.isoformat() if ends else None} for limit_id, ends in written.ended.items()
    }
    traces.record_others(db, actor, task.job_id, "limit_ended", list(ended), ended)


def _is_new_limit(row: ParsedLimit, standing: list[StandingLimit] | tuple[()], report: Report) -> bool:
    """Tells that a row is a limit to write; counts it or adds an error otherwise."""
    if row.amount_minor is None and not row.unlimited:
        if any(each.reaches(row.valid_from, row.valid_to) for each in standing):
            report.add_error(row.row, "limit", "limit_stands", found=row.customer_no)
        else:
            report.pass_over(row.row, "no_limit")
        return False
    same_day = next((each for each in standing if each.valid_from == row.valid_from), None)
    granted = next(
        (each for each in standing if each.source != "taken_over" and each.reaches(row.valid_from, row.valid_to)), None
    )
    if same_day is not None and same_day.source == "taken_over":
        _compare_limit(row, same_day, standing, report)
        return False
    if granted is not None:
        report.add_error(row.row, "limit", "limit_granted", found=row.customer_no, valid_from=str(granted.valid_from))
        return False
    return True


def _compare_limit(
    row: ParsedLimit, before: StandingLimit, standing: list[StandingLimit] | tuple[()], report: Report
) -> None:
    """Counts a limit that stands as unchanged, or adds an error at each column that differs."""
    ends = [row.valid_to, *(each.valid_from - _DAY for each in standing if each.valid_from > before.valid_from)]
    columns: list[tuple[str, object, object]] = [
        ("currency", row.currency, before.currency),
        ("limit", _amount(row.amount_minor, row.currency), _amount(before.amount_minor, before.currency)),
        ("term_days", row.term_days, before.term_days),
        ("valid_to", before.valid_to if before.valid_to in ends else row.valid_to, before.valid_to),
        ("grade", row.grade, before.grade),
    ]
    differing = [each for each in columns if each[1] != each[2]]
    for column, now, then in differing:
        shown = {"posted": str(then or "—"), "said": str(now or "—")}
        report.add_error(row.row, column, "limit_differs", found=str(row.valid_from), **shown)
    report.unchanged += not differing


def _amount(minor: int | None, currency: str) -> str:
    return _("Unlimited") if minor is None else decimal_text(minor, currency)


def _taken_over(row: ParsedLimit, customer_id: UUID) -> TakenOverLimit:
    return TakenOverLimit(
        customer_id=customer_id,
        currency=row.currency,
        amount_minor=row.amount_minor,
        term_days=row.term_days,
        grade=None if row.grade is None else Grade(row.grade),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        reason=row.reason if len(row.reason) > 1 else _("Taken over by import"),
    )


def _customers(task: Task, rows: ParsedRows) -> dict[str, CustomerFacts]:
    """Returns the customers that the rows name, and adds errors for those of half rows that there are not."""
    half = [row for row in rows.half if row.customer_no]
    customers = find_numbers(task.db, task.actor.tenant_id, {row.customer_no for row in (*rows.good, *half)})
    for row in half:
        require_customer(row, customers, task.report)
    return customers


def sales_customers(db: Session, tenant_id: UUID, job_id: UUID) -> set[UUID]:
    """Returns the customers of what an import wrote here."""
    r, limit = ImportRecord, CreditLimit
    limits = (
        sa.select(limit.customer_id)
        .join(r, sa.and_(r.tenant_id == tenant_id, r.kind == "limit", r.record_id == limit.id))
        .where(limit.tenant_id == tenant_id, r.job_id == job_id)
    )
    return set(db.execute(limits).scalars())


def take_back_sales(db: Session, actor: Actor, job_id: UUID) -> int:
    """Takes back what an import wrote here; returns how many limits, orders, deliveries and sign-offs."""
    wrote = traces.others(db, actor.tenant_id, job_id)
    ended = {limit_id: _day(before) for limit_id, before in wrote.get("limit_ended", {}).items()}
    again = take_back_limits(db, actor, job_id, list(wrote.get("limit", ())), ended) if "limit" in wrote else {}
    traces.record_again(db, actor, "limit", again)
    return len(wrote.get("limit", ()))


def sales_dependants(tenant_id: UUID, job_id: UUID) -> list[tuple[str, str, sa.Select[Any]]]:
    """Returns, by name and remedy, the statement that finds what depends on an import here."""
    r = ImportRecord

    def mine(kind: str) -> sa.Select[Any]:
        return sa.select(r.record_id).where(r.tenant_id == tenant_id, r.job_id == job_id, r.kind == kind)

    later = _("A later limit counts by now: change the limit on the page Limits instead.")
    return [
        (
            _("later limits of"),
            later,
            _papers(followed_limits(tenant_id, mine("limit")), "customers.show", "customer_id"),
        )
    ]


def _papers(found: sa.Select[Any], endpoint: str, argument: str) -> sa.Select[Any]:
    """Adds the page of what was found, by `id` and `number`, as `undoing.Paper` has it."""
    return found.add_columns(
        sa.literal(endpoint, sa.Text).label("endpoint"), sa.literal(argument, sa.Text).label("argument")
    )


def _day(before: dict[str, Any] | None) -> date | None:
    ends = (before or {}).get("valid_to")
    return date.fromisoformat(ends) if ends else None


SALES_IMPORTERS: Final[dict[FileKind, Callable[[Task, ParsedRows], None]]] = {
    "limits": import_limits,
}
