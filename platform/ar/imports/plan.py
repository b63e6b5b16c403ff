"""What applying a file would do, decided from its rows and from what is posted already.

Pure: no database. Invariants: a posted document is never changed (same values: unchanged, others: an error, and so
is one that was taken back); an allocation never takes more than is open, counting the rows before it in the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple
from uuid import UUID

from ar.customers.inputs import DEFAULT_TERM_DAYS, CustomerRow
from ar.customers.lookups import CustomerFacts
from ar.imports.inputs import ParsedItem, ParsedReceipt, Report, Total
from ar.ledger.rules.due_dates import IsWorkingDay, Terms, collection_end_on, due_on, net
from kernel.money import decimal_text


class Posted(NamedTuple):
    """A document that is in the ledger; `reversed_by` is the number of the reversal that took it back."""

    id: UUID
    customer_no: str
    document_on: date
    due_on: date
    currency: str
    amount_minor: int
    reversed_by: str | None = None


class Debit(NamedTuple):
    """A document that a receipt may pay, and what of it is open in minor units."""

    id: UUID
    currency: str
    open_minor: int


class PlannedItem(NamedTuple):
    """A document to post; the customer is known by number, since it may be new."""

    row: int
    customer_no: str
    kind: str
    document_no: str
    document_on: date
    due_on: date
    collection_end_on: date
    currency: str
    amount_minor: int


class PlannedReceipt(NamedTuple):
    """A receipt to post and what it pays: (debit item, minor units)."""

    customer_id: UUID
    receipt: ParsedReceipt
    pays: tuple[tuple[UUID, int], ...]


@dataclass(slots=True)
class ItemPlan:
    """Documents to post, gathered batch by batch; `names`: unknown customer number → the name the file gives it."""

    names: dict[str, str]
    items: list[PlannedItem] = field(default_factory=list)

    def new_customers(self) -> list[CustomerRow]:
        """The unknown customers that a document to post names."""
        wanted = {item.customer_no for item in self.items}
        return [CustomerRow(number, name) for number, name in self.names.items() if number in wanted]


class Booked(NamedTuple):
    """What the ledger holds for a batch of receipts.

    `posted` by (kind, number); `paid`: receipt → document number → minor units; `debits`: what may be paid, by
    customer and document number.
    """

    posted: Mapping[tuple[str, str], Posted]
    paid: Mapping[UUID, Mapping[str, int]]
    debits: Mapping[tuple[UUID, str], Sequence[Debit]]


def new_customer_names(parsed: Sequence[ParsedItem], customers: Mapping[str, CustomerFacts]) -> dict[str, str]:
    """Unknown customer number → the first name the file gives it (empty: none)."""
    names: dict[str, str] = {}
    for row in parsed:
        if row.customer_no not in customers and not names.get(row.customer_no):
            names[row.customer_no] = row.customer_name
    return names


def plan_items(
    parsed: Sequence[ParsedItem],
    customers: Mapping[str, CustomerFacts],
    posted: Mapping[tuple[str, str], Posted],
    report: Report,
    is_working_day: IsWorkingDay,
    plan: ItemPlan,
) -> None:
    """Sorts a batch into new (added to `plan`), unchanged and wrong.

    A due date left empty follows from the customer's terms, a new customer's are net 30 (R170).
    """
    terms = {number: (Terms.from_json(facts.terms), facts.settlement_days) for number, facts in customers.items()}
    default = (net(DEFAULT_TERM_DAYS), 0)
    for row in parsed:
        if not name_known(row, customers, plan, report):
            continue
        before = posted.get((row.kind, row.document_no))
        if before is not None:
            _compare_item(row, before, report)
            continue
        agreed, settlement_days = terms.get(row.customer_no, default)
        due = row.due_on or _due(row, agreed, is_working_day)
        plan.items.append(
            PlannedItem(
                row=row.row,
                customer_no=row.customer_no,
                kind=row.kind,
                document_no=row.document_no,
                document_on=row.document_on,
                due_on=due,
                collection_end_on=collection_end_on(due, settlement_days),
                currency=row.currency,
                amount_minor=abs(row.amount_minor),
            )
        )


def plan_receipts(
    parsed: Sequence[ParsedReceipt],
    customers: Mapping[str, CustomerFacts],
    booked: Booked,
    open_minor: dict[UUID, int],
    report: Report,
) -> list[PlannedReceipt]:
    """Sorts a batch of receipts into new, unchanged and wrong, and finds for each new one what it pays.

    `open_minor` holds what the rows before have left open of an item, and is carried from batch to batch.
    """
    planned = []
    for found in booked.debits.values():
        for debit in found:
            open_minor.setdefault(debit.id, debit.open_minor)
    for row in parsed:
        if not customer_known(row, customers, report):
            continue
        customer = customers[row.customer_no]
        before = booked.posted.get(("receipt", row.receipt_no))
        if before is not None:
            _compare_receipt(row, before, booked.paid.get(before.id, {}), report)
            continue
        pays = _pays(row, customer.id, booked.debits, open_minor, report)
        if pays is not None:
            # `applies` has become `pays`: a long file would hold both.
            planned.append(PlannedReceipt(customer.id, row._replace(applies=()), pays))
    return planned


def name_known(row: ParsedItem, customers: Mapping[str, CustomerFacts], plan: ItemPlan, report: Report) -> bool:
    """Whether the customer is there or can be created; else an error. Asked of rows with a bad cell, too."""
    known = row.customer_no in customers or bool(plan.names.get(row.customer_no))
    if not known:
        report.add_error(row.row, "customer_name", "customer_name_missing", found=row.customer_no)
    return known


def customer_known(row: ParsedReceipt, customers: Mapping[str, CustomerFacts], report: Report) -> bool:
    """Whether the customer is there; else an error. Asked of rows with a bad cell, too."""
    known = row.customer_no in customers
    if not known:
        report.add_error(row.row, "customer_no", "customer_unknown", found=row.customer_no)
    return known


def totals(parsed: Sequence[ParsedItem | ParsedReceipt]) -> list[Total]:
    """Rows and sums by kind and currency, as written in the file: what a person compares with the source."""
    sums: dict[tuple[str, str], list[int]] = {}
    for row in parsed:
        kind = row.kind if isinstance(row, ParsedItem) else "receipt"
        total = sums.setdefault((kind, row.currency), [0, 0])
        total[0] += 1
        total[1] += row.amount_minor
    return [Total(kind, currency, count, minor) for (kind, currency), (count, minor) in sorted(sums.items())]


def _due(row: ParsedItem, terms: Terms, is_working_day: IsWorkingDay) -> date:
    """A credit stands at once; what is owed falls due by the terms."""
    return row.document_on if row.kind == "credit_note" else due_on(terms, row.document_on, is_working_day)


def _compare_item(row: ParsedItem, before: Posted, report: Report) -> None:
    if before.reversed_by is not None:
        _say_reversed(row.row, "document_no", row.document_no, before.reversed_by, report)
        return
    said = [
        ("customer_no", row.customer_no, before.customer_no),
        ("document_date", row.document_on, before.document_on),
        ("due_date", row.due_on or before.due_on, before.due_on),
        ("currency", row.currency, before.currency),
        ("amount", abs(row.amount_minor), before.amount_minor),
    ]
    _settle(row.row, row.document_no, said, before.currency, report)


def _say_reversed(row: int, column: str, document_no: str, reversed_by: str, report: Report) -> None:
    """Nothing of it is owed any more, so it is neither unchanged nor can its number be used again."""
    report.add_error(row, column, "document_reversed", found=document_no, reversal=reversed_by)


def _compare_receipt(row: ParsedReceipt, before: Posted, paid: Mapping[str, int], report: Report) -> None:
    if before.reversed_by is not None:
        _say_reversed(row.row, "receipt_no", row.receipt_no, before.reversed_by, report)
        return
    for document_no, minor in row.applies:
        if document_no not in paid or minor not in (None, paid[document_no]):
            facts = {"found": row.receipt_no, "document_no": document_no}
            report.add_error(row.row, "applies_to", "allocation_differs", **facts)
            return
    said = [
        ("customer_no", row.customer_no, before.customer_no),
        ("received_on", row.received_on, before.document_on),
        ("currency", row.currency, before.currency),
        ("amount", row.amount_minor, before.amount_minor),
    ]
    _settle(row.row, row.receipt_no, said, before.currency, report)


def _settle(
    row: int, document_no: str, said: Sequence[tuple[str, object, object]], currency: str, report: Report
) -> None:
    """Unchanged when the file says what is posted, else an error at each column that differs.

    Amounts are compared in one currency only.
    """
    differing = [each for each in said if each[1] != each[2]]
    if any(column == "currency" for column, _now, _then in differing):
        differing = [each for each in differing if each[0] != "amount"]
    for column, now, then in differing:
        shown = {
            "posted": decimal_text(then, currency) if isinstance(then, int) else str(then),
            "said": decimal_text(now, currency) if isinstance(now, int) else str(now),
        }
        report.add_error(row, column, "document_differs", found=document_no, **shown)
    report.unchanged += not differing


def _pays(
    row: ParsedReceipt,
    customer_id: UUID,
    debits: Mapping[tuple[UUID, str], Sequence[Debit]],
    open_minor: dict[UUID, int],
    report: Report,
) -> tuple[tuple[UUID, int], ...] | None:
    """What the receipt pays; None when one of its documents cannot be paid so. Takes from `open_minor`."""
    left, pays = row.amount_minor, []
    for document_no, asked in row.applies:
        found = [debit for debit in debits.get((customer_id, document_no), ()) if debit.currency == row.currency]
        facts = {"found": document_no, "customer_no": row.customer_no}
        if len(found) != 1:
            code = "document_ambiguous" if found else "document_unknown"
            report.add_error(row.row, "applies_to", code, currency=row.currency, **facts)
            return None
        debit = found[0]
        available = open_minor[debit.id]
        wanted = asked if asked is not None else max(1, min(left, available))
        if wanted > available:
            _say(report, row, "exceeds_open", found=document_no, open=available, wanted=wanted)
            return None
        if wanted > left:
            total = row.amount_minor - left + wanted
            _say(report, row, "exceeds_receipt", wanted=total, amount=row.amount_minor)
            return None
        left -= wanted
        pays.append((debit.id, wanted))
    for item_id, minor in pays:
        open_minor[item_id] -= minor
    return tuple(pays)


def _say(report: Report, row: ParsedReceipt, code: str, **params: str | int) -> None:
    shown = {name: decimal_text(p, row.currency) if isinstance(p, int) else p for name, p in params.items()}
    report.add_error(row.row, "applies_to", code, currency=row.currency, **shown)
