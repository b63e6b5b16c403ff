"""Plans what applying a file would post, from its rows and the documents posted already.

Invariants: a posted document is never changed (same values: unchanged; others, or a reversed one: an error); an
allocation never exceeds the open amount, counting the rows before it in the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

from ar.customers.inputs import DEFAULT_TERM_DAYS, CustomerRow
from ar.customers.lookups import CustomerFacts
from ar.imports.inputs import (
    ParsedItem,
    ParsedLimit,
    ParsedOrderLine,
    ParsedReceipt,
    PostedTotal,
    Report,
)
from ar.ledger.rules.due_dates import IsWorkingDay, PaymentTerms, collection_end_on, due_on, net
from kernel.money import decimal_text

#: Documents that are owed, as a file names them; in the locked period they are posted as openings.
DEBITS = ("invoice", "debit_note")
OPENING = "opening"


class PostedDocument(NamedTuple):
    """A document in the ledger; `reversed_by` is the number of its reversal."""

    id: UUID
    customer_no: str
    document_on: date
    due_on: date
    currency: str
    amount_minor: int
    kind: str
    reference: str | None
    came_on: date | None = None
    reversed_by: str | None = None


class PayableDocument(NamedTuple):
    """A document that a receipt may pay, with its open amount in minor units."""

    id: UUID
    currency: str
    open_minor: int


class PlannedItem(NamedTuple):
    """A document to post; the customer is given by number, since it may be new.

    `before_lock`: the document's own date, where that lies in the locked period and it is posted on the day after.
    `account`: the other side of the entry.
    """

    row: int
    customer_no: str
    kind: str
    document_no: str
    document_on: date
    due_on: date
    collection_end_on: date
    currency: str
    amount_minor: int
    owner: str = ""
    before_lock: date | None = None
    account: str = "revenue"

    @property
    def signed_minor(self) -> int:
        """Returns the amount, below zero where it is owed to the customer."""
        return self.amount_minor if self.kind in (*DEBITS, OPENING) else -self.amount_minor


class PlannedReceipt(NamedTuple):
    """A receipt to post on `booked_on` (the day it came, or the first open day) and its allocations: (debit item, minor
    units).
    """

    customer_id: UUID
    receipt: ParsedReceipt
    booked_on: date
    pays: tuple[tuple[UUID, int], ...]


@dataclass(slots=True)
class ItemPlan:
    """Documents to post, collected batch by batch; `names`: unknown customer number → its name in the file."""

    names: dict[str, str]
    items: list[PlannedItem] = field(default_factory=list)

    def new_customers(self) -> list[CustomerRow]:
        """Returns the unknown customers that have a document to post."""
        owners = {item.customer_no: item.owner for item in reversed(self.items)}
        return [
            CustomerRow(number, name, owner_email=owners[number] or None)
            for number, name in self.names.items()
            if number in owners
        ]


class Period(NamedTuple):
    """The locked period as the check sees it: `locked` through this date (None: not locked), and what is asked.

    `brings_openings`: what is owed was posted in another system, and stands against opening balances here.
    """

    locked: date | None
    as_opening: bool
    today: date = date.max
    brings_openings: bool = False

    @property
    def open_from(self) -> date:
        """The first day that may be posted on."""
        return date.min if self.locked is None else self.locked + timedelta(days=1)

    def is_locked(self, on: date) -> bool:
        """Tells that a day lies in the locked period."""
        return self.locked is not None and on <= self.locked

    def require(self, row: int, column: str, on: date, report: Report) -> bool:
        """Returns True, with a warning, where a locked day may be posted on the day after; else adds an error."""
        facts = {"found": str(on), "through_on": str(self.locked), "open_from": str(self.open_from)}
        if self.as_opening:
            report.add_warning(row, column, "posted_after_lock", **facts)
        else:
            report.add_error(row, column, "locked_period", **facts)
        return self.as_opening

    def posting_day(self, row: int, came_on: date, report: Report) -> date | None:
        """Returns the day on which money that came on `came_on` is posted (ADR 0028), with a warning where it is later.

        None, with an error, while no day until today is open.
        """
        if not self.is_locked(came_on):
            return came_on
        facts = {"found": str(came_on), "through_on": str(self.locked), "open_from": str(self.open_from)}
        if self.open_from > self.today:
            report.add_error(row, "received_on", "no_open_day", **facts)
            return None
        report.add_warning(row, "received_on", "came_before_lock", **facts)
        return self.open_from


class PostedReceipts(NamedTuple):
    """The ledger's documents for a batch of receipts.

    `posted` by (kind, number); `paid`: receipt → document number → minor units; `debits`: payable documents by
    customer and document number.
    """

    posted: Mapping[tuple[str, str], PostedDocument]
    paid: Mapping[UUID, Mapping[str, int]]
    debits: Mapping[tuple[UUID, str], Sequence[PayableDocument]]


def new_customer_names(parsed: Sequence[ParsedItem], customers: Mapping[str, CustomerFacts]) -> dict[str, str]:
    """Returns unknown customer number → its first name in the file (empty: none)."""
    names: dict[str, str] = {}
    for row in parsed:
        if row.customer_no not in customers and not names.get(row.customer_no):
            names[row.customer_no] = row.customer_name
    return names


def plan_items(
    parsed: Sequence[ParsedItem],
    customers: Mapping[str, CustomerFacts],
    posted: Mapping[tuple[str, str], PostedDocument],
    report: Report,
    is_working_day: IsWorkingDay,
    plan: ItemPlan,
    period: Period,
) -> None:
    """Sorts a batch into new (added to `plan`), unchanged and erroneous.

    An empty due date follows from the customer's terms; a new customer's are net 30 (R170). What is dated in the
    locked period is an error, or posted as an opening on the day after it.
    """
    terms = {
        number: (PaymentTerms.from_json(facts.terms), facts.settlement_days) for number, facts in customers.items()
    }
    default = (net(DEFAULT_TERM_DAYS), 0)
    for row in parsed:
        if not require_customer_or_name(row, customers, plan, report):
            continue
        before = posted.get((row.kind, row.document_no)) or posted.get((OPENING, row.document_no))
        if before is not None:
            _compare_item(row, before, report)
            continue
        if period.is_locked(row.document_on) and not period.require(row.row, "document_date", row.document_on, report):
            continue
        agreed, settlement_days = terms.get(row.customer_no, default)
        due = row.due_on or _due_date(row, agreed, is_working_day)
        locked = period.is_locked(row.document_on)
        if locked and row.kind not in DEBITS:
            due = max(due, period.open_from)
        plan.items.append(
            PlannedItem(
                row=row.row,
                customer_no=row.customer_no,
                kind=OPENING if locked and row.kind in DEBITS else row.kind,
                document_no=row.document_no,
                document_on=period.open_from if locked else row.document_on,
                due_on=due if row.kind in DEBITS else max(due, period.open_from),
                collection_end_on=collection_end_on(
                    due if row.kind in DEBITS else max(due, period.open_from), settlement_days
                ),
                currency=row.currency,
                amount_minor=abs(row.amount_minor),
                owner=row.owner,
                before_lock=row.document_on if locked else None,
                account=_account(row.kind, locked or period.brings_openings),
            )
        )


def _account(kind: str, is_opening: bool) -> str:
    """Returns the account that the other side of a document is posted to."""
    if is_opening:
        return "opening_balance"
    return {"credit_note": "returns", "receipt": "bank"}.get(kind, "revenue")


def posted_totals(items: Sequence[PlannedItem]) -> list[PostedTotal]:
    """Returns what planned documents would post against each account, by account and currency."""
    sums: dict[tuple[str, str], list[int]] = {}
    for item in items:
        total = sums.setdefault((item.account, item.currency), [0, 0])
        total[0] += 1
        total[1] += item.signed_minor
    return [
        PostedTotal(account, currency, count, minor) for (account, currency), (count, minor) in sorted(sums.items())
    ]


def plan_receipts(
    parsed: Sequence[ParsedReceipt],
    customers: Mapping[str, CustomerFacts],
    posted: PostedReceipts,
    open_minor: dict[UUID, int],
    report: Report,
    period: Period,
) -> list[PlannedReceipt]:
    """Sorts a batch of receipts into new, unchanged and erroneous, and allocates each new one.

    `open_minor` is the open amount of each item after the preceding rows, carried from batch to batch.
    """
    planned = []
    for found in posted.debits.values():
        for debit in found:
            open_minor.setdefault(debit.id, debit.open_minor)
    for row in parsed:
        if not require_customer(row, customers, report):
            continue
        customer = customers[row.customer_no]
        before = posted.posted.get(("receipt", row.receipt_no))
        if before is not None:
            _compare_receipt(row, before, posted.paid.get(before.id, {}), report)
            continue
        booked_on = period.posting_day(row.row, row.received_on, report)
        if booked_on is None:
            continue
        pays = _planned_payments(row, customer.id, posted.debits, open_minor, report)
        if pays is not None:
            # Drops `applies`, which `pays` replaces, to save memory.
            planned.append(PlannedReceipt(customer.id, row._replace(applies=()), booked_on, pays))
    return planned


def require_customer_or_name(
    row: ParsedItem, customers: Mapping[str, CustomerFacts], plan: ItemPlan, report: Report
) -> bool:
    """Returns True when the customer exists or can be created, else adds an error; also for rows with a bad cell."""
    known = row.customer_no in customers or bool(plan.names.get(row.customer_no))
    if not known:
        report.add_error(row.row, "customer_name", "customer_name_missing", found=row.customer_no)
    return known


def require_customer(
    row: ParsedReceipt | ParsedLimit | ParsedOrderLine, customers: Mapping[str, CustomerFacts], report: Report
) -> bool:
    """Returns True when the customer exists, else adds an error; also for rows with a bad cell."""
    known = row.customer_no in customers
    if not known:
        report.add_error(row.row, "customer_no", "customer_unknown", found=row.customer_no)
    return known


def _due_date(row: ParsedItem, terms: PaymentTerms, is_working_day: IsWorkingDay) -> date:
    """Returns the due date: a credit's own date, else by the terms."""
    return row.document_on if row.kind not in DEBITS else due_on(terms, row.document_on, is_working_day)


def _compare_item(row: ParsedItem, before: PostedDocument, report: Report) -> None:
    if before.reversed_by is not None:
        _add_reversed_error(row.row, "document_no", row.document_no, before.reversed_by, report)
        return
    opened = before.reference == row.document_on.isoformat()  # posted after the lock, with its own date as reference
    due = before.due_on if opened and row.kind not in DEBITS else row.due_on or before.due_on
    columns = [
        ("customer_no", row.customer_no, before.customer_no),
        ("document_date", before.document_on if opened else row.document_on, before.document_on),
        ("due_date", due, before.due_on),
        ("currency", row.currency, before.currency),
        ("amount", abs(row.amount_minor), before.amount_minor),
    ]
    _compare_columns(row.row, row.document_no, columns, before.currency, report)


def _add_reversed_error(row: int, column: str, document_no: str, reversed_by: str, report: Report) -> None:
    """Adds an error for a reversed document, whose number cannot be used again."""
    report.add_error(row, column, "document_reversed", found=document_no, reversal=reversed_by)


def _compare_receipt(row: ParsedReceipt, before: PostedDocument, paid: Mapping[str, int], report: Report) -> None:
    if before.reversed_by is not None:
        _add_reversed_error(row.row, "receipt_no", row.receipt_no, before.reversed_by, report)
        return
    for document_no, minor in row.applies:
        if document_no not in paid or minor not in (None, paid[document_no]):
            facts = {"found": row.receipt_no, "document_no": document_no}
            report.add_error(row.row, "applies_to", "allocation_differs", **facts)
            return
    columns = [
        ("customer_no", row.customer_no, before.customer_no),
        ("received_on", row.received_on, before.came_on),
        ("currency", row.currency, before.currency),
        ("amount", row.amount_minor, before.amount_minor),
    ]
    _compare_columns(row.row, row.receipt_no, columns, before.currency, report)


def _compare_columns(
    row: int, document_no: str, columns: Sequence[tuple[str, object, object]], currency: str, report: Report
) -> None:
    """Counts the row as unchanged, or adds an error at each column that differs.

    Amounts are compared in one currency only.
    """
    differing = [each for each in columns if each[1] != each[2]]
    if any(column == "currency" for column, _now, _then in differing):
        differing = [each for each in differing if each[0] != "amount"]
    for column, now, then in differing:
        shown = {
            "posted": decimal_text(then, currency) if isinstance(then, int) else str(then),
            "said": decimal_text(now, currency) if isinstance(now, int) else str(now),
        }
        report.add_error(row, column, "document_differs", found=document_no, **shown)
    report.unchanged += not differing


def _planned_payments(
    row: ParsedReceipt,
    customer_id: UUID,
    debits: Mapping[tuple[UUID, str], Sequence[PayableDocument]],
    open_minor: dict[UUID, int],
    report: Report,
) -> tuple[tuple[UUID, int], ...] | None:
    """Returns the receipt's allocations and subtracts them from `open_minor`; None after an error."""
    left, pays = row.amount_minor, []
    for document_no, stated in row.applies:
        found = [debit for debit in debits.get((customer_id, document_no), ()) if debit.currency == row.currency]
        facts = {"found": document_no, "customer_no": row.customer_no}
        if len(found) != 1:
            code = "document_ambiguous" if found else "document_unknown"
            report.add_error(row.row, "applies_to", code, currency=row.currency, **facts)
            return None
        debit = found[0]
        available = open_minor[debit.id]
        minor = stated if stated is not None else max(1, min(left, available))
        if minor > available:
            _add_application_error(report, row, "exceeds_open", found=document_no, open=available, wanted=minor)
            return None
        if minor > left:
            total = row.amount_minor - left + minor
            _add_application_error(report, row, "exceeds_receipt", wanted=total, amount=row.amount_minor)
            return None
        left -= minor
        pays.append((debit.id, minor))
    for item_id, minor in pays:
        open_minor[item_id] -= minor
    return tuple(pays)


def _add_application_error(report: Report, row: ParsedReceipt, code: str, **params: str | int) -> None:
    shown = {name: decimal_text(p, row.currency) if isinstance(p, int) else p for name, p in params.items()}
    report.add_error(row.row, "applies_to", code, currency=row.currency, **shown)
