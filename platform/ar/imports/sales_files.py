"""Looks up, plans and, when asked, writes limits, orders, deliveries and sign-offs.

Invariants: a check does what applying does and writes nothing; what the policy would hold never comes in silently: it
comes with a warning and a flag; what is written is recorded with its import, so that it can be listed and undone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any, Final, TypeVar, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.commands import TakenOverLimit, lock_credit, take_back_limits, take_over_limits
from ar.credit.lookups import CHECK_NAMES, StandingLimit, reason_sentences, regular_limits
from ar.credit.models import CreditLimit
from ar.credit.rules.scoring import Grade
from ar.customers.lookups import CustomerFacts, blacklisted_since, find_numbers
from ar.imports import traces
from ar.imports.columns import FileKind
from ar.imports.importers import Task
from ar.imports.inputs import (
    ControlTotal,
    ParsedDeliveryLine,
    ParsedLimit,
    ParsedOrderLine,
    ParsedRows,
    ParsedSignOff,
    Report,
)
from ar.imports.models import ImportRecord
from ar.imports.plan import require_customer
from ar.imports.rules.sales_plan import NOTE_HEAD, ORDER_HEAD, compare_note, compare_order, papers
from ar.sales.commands import (
    counter_sign_off,
    sign_off_many,
    take_back_delivery,
    take_back_order,
    take_over_deliveries,
    take_over_orders,
)
from ar.sales.inputs import (
    LINES_MAX,
    CounterSignOff,
    LineInput,
    Mode,
    NoteLine,
    SignOffDelivery,
    TakeOverDelivery,
    TakeOverOrder,
)
from ar.sales.lookups import (
    NoteToSign,
    known_orders,
    notes_to_sign,
    signed_amounts,
    stored_notes,
    stored_orders,
    taken_over_notes,
)
from ar.sales.models import Delivery, Order, SignOff
from ar.sales.rules.signatures import is_legible
from kernel.actor import Actor
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.money import decimal_text

#: Orders, notes or signatures per batch of statements; bounds memory, not the transaction.
PAPERS_AT_A_TIME: Final = 500
_DAY: Final = timedelta(days=1)
T = TypeVar("T")


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


def import_orders(task: Task, rows: ParsedRows) -> None:
    """Takes over orders that were confirmed elsewhere: they commit their amounts, and are asked again when they ship.

    What the checks answer is kept with each order, and said where they would hold it (R065, R080). An order of a
    blacklisted customer does not come in.
    """
    db, actor, report = task.db, task.actor, task.report
    customers = _customers(task, rows)
    parsed: list[ParsedOrderLine] = [row for row in rows.good if require_customer(row, customers, report)]
    found = papers(parsed, "order_no", ORDER_HEAD, report)
    stored = stored_orders(db, actor.tenant_id, found)
    new = {}
    for number, lines in found.items():
        if number in stored:
            compare_order(lines, stored[number], report)
        elif len(lines) > LINES_MAX:
            report.add_error(lines[0].row, "order_no", "paper_too_long", found=number, lines=len(lines), most=LINES_MAX)
        else:
            new[number] = lines
    banned = blacklisted_since(db, actor.tenant_id, [each.id for each in customers.values()], actor.timezone)
    for lines in new.values():
        since = banned.get(customers[lines[0].customer_no].id)
        if since is not None:
            facts = {"found": lines[0].customer_no, "since": str(since)}
            report.add_error(lines[0].row, "customer_no", "customer_blacklisted", **facts)
    report.created = len(new)
    if report.errors_total:
        return
    with _tried(task) as actor:
        actor = lock_credit(db, actor, {customers[lines[0].customer_no].id for lines in new.values()})
        for batch in _at_a_time(task, list(new.values())):
            answers = take_over_orders(db, actor, [_order(each, customers[each[0].customer_no].id) for each in batch])
            for lines, (_order_id, decision) in zip(batch, answers, strict=True):
                if not decision.passes:
                    facts = {"found": lines[0].order_no, "reasons": " ".join(reason_sentences(decision.reasons))}
                    report.add_warning(lines[0].row, "order_no", "order_would_be_held", **facts)
            traces.record_others(db, actor, task.job_id, "order", [order_id for order_id, _decision in answers])


def import_deliveries(task: Task, rows: ParsedRows) -> None:
    """Takes over deliveries that left elsewhere: history, with a flag of whatever the checks would have held."""
    db, actor, report = task.db, task.actor, task.report
    parsed: list[ParsedDeliveryLine] = rows.good
    found = papers(parsed, "delivery_no", NOTE_HEAD, report)
    orders = known_orders(db, actor.tenant_id, {row.order_no for row in (*parsed, *rows.half) if row.order_no})
    stored = stored_notes(db, actor.tenant_id, found)
    new = {}
    for number, lines in found.items():
        order = orders.get(lines[0].order_no)
        if order is None:
            report.add_error(lines[0].row, "order_no", "order_unknown", found=lines[0].order_no)
            continue
        for row in lines:
            if row.line_no not in order.line_nos:
                report.add_error(row.row, "line_no", "paper_has_no_line", number=row.order_no, found=row.line_no)
        if number in stored:
            compare_note(lines, stored[number], report)
        elif len(lines) > LINES_MAX:
            report.add_error(
                lines[0].row, "delivery_no", "paper_too_long", found=number, lines=len(lines), most=LINES_MAX
            )
        else:
            new[number] = lines
            if lines[0].shipped_on < order.ordered_on:
                facts = {"found": str(lines[0].shipped_on), "ordered_on": str(order.ordered_on)}
                report.add_warning(lines[0].row, "shipped_on", "shipped_before_ordered", **facts)
    report.created = len(new)
    if report.errors_total:
        return
    with _tried(task) as actor:
        actor = lock_credit(db, actor, {orders[lines[0].order_no].customer_id for lines in new.values()})
        ids: list[UUID] = []
        # By the day on which they left: what went first took first of quantity and limit.
        for batch in _at_a_time(task, sorted(new.values(), key=lambda each: each[0].shipped_on)):
            ids += take_over_deliveries(db, actor, [(orders[lines[0].order_no].id, _note(lines)) for lines in batch])
        traces.record_others(db, actor, task.job_id, "delivery", ids)
        notes = taken_over_notes(db, actor.tenant_id, ids)
        report.totals = _totals("delivery", [(note.currency, note.amount_minor) for note in notes])
        for note in notes:
            if note.held_codes:
                facts = {"found": note.number, "reasons": ", ".join(_(CHECK_NAMES[code]) for code in note.held_codes)}
                report.add_warning(new[note.number][0].row, "delivery_no", "delivery_would_be_held", **facts)


def import_sign_offs(task: Task, rows: ParsedRows) -> None:
    """Records signatures for whole delivery notes: from their day on the goods are owed (R104)."""
    db, actor, report = task.db, task.actor, task.report
    parsed: list[ParsedSignOff] = rows.good
    notes = notes_to_sign(db, actor.tenant_id, {row.delivery_no for row in parsed})
    new = [row for row in parsed if _is_new_signature(row, notes.get(row.delivery_no), report)]
    report.created = len(new)
    if report.errors_total:
        return
    with _tried(task) as actor:
        actor = lock_credit(db, actor, {notes[row.delivery_no].customer_id for row in new})
        ids: list[UUID] = []
        for batch in _at_a_time(task, new):
            ids += sign_off_many(db, actor, [(notes[row.delivery_no].id, _signature(row)) for row in batch])
        traces.record_others(db, actor, task.job_id, "sign_off", ids)
        report.totals = _totals("sign-off", signed_amounts(db, actor.tenant_id, ids))


def _is_new_signature(row: ParsedSignOff, note: NoteToSign | None, report: Report) -> bool:
    """Tells that a row is a signature to record; counts it or adds an error otherwise."""
    if note is None:
        report.add_error(row.row, "delivery_no", "delivery_unknown", found=row.delivery_no)
    elif note.signed_on is not None:
        if (note.signed_on, note.signed_by) == (row.signed_on, row.signed_by):
            report.unchanged += 1
        else:
            facts = {"found": row.delivery_no, "posted": str(note.signed_on), "by": note.signed_by}
            report.add_error(row.row, "signed_on", "sign_off_differs", **facts)
    elif note.state != "shipped" or note.shipped_on is None:
        report.add_error(row.row, "delivery_no", "delivery_not_out", found=row.delivery_no)
    elif row.signed_on < note.shipped_on:
        facts = {"found": str(row.signed_on), "shipped_on": str(note.shipped_on)}
        report.add_error(row.row, "signed_on", "signed_before_shipped", **facts)
    elif not is_legible(row.signed_by):
        report.add_error(row.row, "signed_by", "name_illegible", found=row.signed_by)
    else:
        return True
    return False


def _at_a_time(task: Task, papers: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yields papers in batches, and tells of each when it is done."""
    for start in range(0, len(papers), PAPERS_AT_A_TIME):
        batch = papers[start : start + PAPERS_AT_A_TIME]
        yield batch
        task.papers_done(start, start + len(batch))


@contextmanager
def _tried(task: Task) -> Iterator[Actor]:
    """Runs the commands of a file; a check takes all back at the end, so that what it says is what applying does."""
    savepoint = task.db.begin_nested()
    yield task.actor
    if task.apply:
        savepoint.commit()
    else:
        savepoint.rollback()


def _totals(kind: str, amounts: Iterable[tuple[str, int]]) -> list[ControlTotal]:
    sums: dict[str, tuple[int, int]] = {}
    for currency, minor in amounts:
        rows, total = sums.get(currency, (0, 0))
        sums[currency] = rows + 1, total + minor
    return [ControlTotal(kind, currency, rows, minor) for currency, (rows, minor) in sorted(sums.items())]


def _order(lines: Sequence[ParsedOrderLine], customer_id: UUID) -> TakeOverOrder:
    first = lines[0]
    return TakeOverOrder(
        number=first.order_no,
        customer_id=customer_id,
        ordered_on=first.ordered_on,
        currency=first.currency,
        term_days=first.term_days,
        lines=[
            LineInput(
                line_no=row.line_no,
                product=row.product,
                unit=row.unit,
                quantity=row.quantity,
                unit_price=row.unit_price,
                tax_rate_bps=row.tax_rate_bps,
            )
            for row in lines
        ],
    )


def _note(lines: Sequence[ParsedDeliveryLine]) -> TakeOverDelivery:
    first = lines[0]
    return TakeOverDelivery(
        number=first.delivery_no,
        shipped_on=first.shipped_on,
        mode=cast(Mode, first.mode),
        lines=[NoteLine(order_line_no=row.line_no, quantity=row.quantity) for row in lines],
    )


def _signature(row: ParsedSignOff) -> SignOffDelivery:
    return SignOffDelivery(signed_on=row.signed_on, signed_by=row.signed_by, channel="import")


SALES_IMPORTERS: Final[dict[FileKind, Callable[[Task, ParsedRows], None]]] = {
    "limits": import_limits,
    "orders": import_orders,
    "deliveries": import_deliveries,
    "sign-offs": import_sign_offs,
}


def sales_customers(db: Session, tenant_id: UUID, job_id: UUID) -> set[UUID]:
    """Returns the customers of what an import wrote here."""
    r, found = ImportRecord, set[UUID]()
    tables: tuple[tuple[str, Any], ...] = (
        ("limit", CreditLimit),
        ("order", Order),
        ("delivery", Delivery),
        ("sign_off", SignOff),
    )
    for kind, table in tables:
        mine = sa.select(r.record_id).where(r.tenant_id == tenant_id, r.job_id == job_id, r.kind == kind)
        found |= set(
            db.execute(sa.select(table.customer_id).where(table.tenant_id == tenant_id, table.id.in_(mine))).scalars()
        )
    return found


def take_back_sales(db: Session, actor: Actor, job_id: UUID) -> int:
    """Takes back what an import wrote here; returns how many limits, orders, deliveries and sign-offs."""
    wrote = traces.others(db, actor.tenant_id, job_id)
    reason = _("Import undone")
    for sign_off_id in wrote.get("sign_off", ()):
        counter_sign_off(db, actor, sign_off_id, CounterSignOff(reason=reason))
    for delivery_id in wrote.get("delivery", ()):
        take_back_delivery(db, actor, delivery_id, reason)
    for order_id in wrote.get("order", ()):
        take_back_order(db, actor, order_id, reason)
    if "limit" in wrote:
        ended = {limit_id: _end_of(before) for limit_id, before in wrote.get("limit_ended", {}).items()}
        again = take_back_limits(db, actor, list(wrote["limit"]), ended)
        traces.record_again(db, actor, "limit", again)
    return sum(len(ids) for kind, ids in wrote.items() if kind != "limit_ended")


def _end_of(before: dict[str, Any] | None) -> date | None:
    ends = (before or {}).get("valid_to")
    return date.fromisoformat(ends) if ends else None
