"""From what was typed to a document that can be booked, or to what is wrong with it, field by field.

May import the pure rules of the ledger and the kernel. Invariants: every fault of a form is found at once; nothing is
looked up or booked here, so the customer, the calendar and the locked period are handed in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from ar.ledger.books.entries import NewItem
from ar.ledger.books.posting_rules import POSTING_RULES
from ar.ledger.documents.inputs import TypedDocument
from ar.ledger.rules.due_dates import IsWorkingDay, Terms, collection_end_on, due_on
from ar.ledger.rules.shares import full_discount, split, tax_within
from kernel.money import BadAmount, exponent, parse_amount

AHEAD_DAYS: Final = 366
LONGEST_DAYS: Final = 3660
FIRST_DAY: Final = date(1990, 1, 1)
#: code and parameters of a sentence in `messages`
Fault = tuple[str, dict[str, object]]
_PERCENT: Final = re.compile(r"(\d{1,3}(?:\.\d{1,2})?)\s*[%％]?")
_AMOUNT_FAULTS: Final = {"too_many_decimals": "amount_decimals", "too_large": "amount_too_large"}


@dataclass(frozen=True, slots=True)
class Buyer:
    """Of the customer what the reading needs."""

    id: UUID
    number: str
    name: str
    terms: Terms
    settlement_days: int


@dataclass(frozen=True, slots=True)
class Ground:
    """What the reading stands on: the day, the company's currency and calendar, through when the books are locked."""

    today: date
    currency: str
    is_working_day: IsWorkingDay
    locked_through: date | None


@dataclass(frozen=True, slots=True)
class Part:
    """An instalment, or the whole document as its only one; `discount_until_on` None: no discount."""

    due_on: date
    collection_end_on: date
    amount_minor: int
    tax_minor: int
    discount_until_on: date | None


@dataclass(frozen=True, slots=True)
class Document:
    """A document ready to be booked. `number` empty: the next running number. Amounts in minor units, gross."""

    kind: str
    buyer: Buyer
    number: str
    document_on: date
    currency: str
    amount_minor: int
    tax_minor: int
    discount_bps: int | None
    parts: tuple[Part, ...]
    reference: str
    memo: str
    allocate: bool

    @property
    def discount_minor(self) -> int:
        """The discount of somebody who pays all in time."""
        return full_discount(self.amount_minor, self.discount_bps) if self.discount_bps else 0

    def items(self, number: str) -> list[NewItem]:
        """The rows to be booked under `number`."""
        whole = len(self.parts) == 1
        return [
            NewItem(
                customer_id=self.buyer.id,
                kind=self.kind,
                document_no=number,
                document_on=self.document_on,
                due_on=part.due_on,
                collection_end_on=part.collection_end_on,
                currency=self.currency,
                amount_minor=part.amount_minor,
                reference=self.reference or None,
                tax_minor=part.tax_minor,
                instalment_no=0 if whole else place,
                discount_bps=self.discount_bps if part.discount_until_on else None,
                discount_until_on=part.discount_until_on,
            )
            for place, part in enumerate(self.parts, start=1)
        ]


@dataclass(slots=True)
class Faults:
    """What is wrong, by field; the first fault of a field stays."""

    found: dict[str, Fault] = field(default_factory=dict)

    def add(self, name: str, code: str, **params: object) -> None:
        """Notes a fault of a field."""
        self.found.setdefault(name, (code, params))


def read_document(kind: str, typed: TypedDocument, buyer: Buyer | None, ground: Ground) -> Document | dict[str, Fault]:
    """The document, or its faults by field. `buyer` None: the caller says what is wrong with the customer."""
    faults = Faults()
    owed = POSTING_RULES[kind].side > 0
    on = _document_day(typed.document_on, ground, faults)
    currency = _currency(typed.currency or ground.currency, faults)
    amount = _amount(typed.amount, currency, "amount", faults)
    tax = _tax(typed, amount, currency, faults)
    discount = _discount(typed, faults) if owed else None
    due = _day(typed.due_on, "due_on", faults) if owed else None
    rows = _instalments(typed, currency, amount, on, faults) if owed else []
    if owed and not rows and on is not None and buyer is not None and not faults.found.get("due_on"):
        due = _due(due, on, buyer, ground, faults)
    if faults.found or on is None or buyer is None or amount is None or tax is None:
        return faults.found
    dues = rows or [(due or on, amount)]
    until = on + timedelta(days=discount[1]) if discount else None
    if until is not None and not rows and until > dues[0][0]:
        return {"discount_days": ("discount_after_due", {"due_on": dues[0][0].isoformat()})}
    if tax > amount - len(dues):
        return {"tax": ("tax_not_less", {})}
    parts = _parts(dues, split(tax, [minor for _day, minor in dues]), buyer.settlement_days if owed else 0, until)
    return Document(
        kind,
        buyer,
        typed.number,
        on,
        currency,
        amount,
        tax,
        discount[0] if discount else None,
        parts,
        typed.reference,
        typed.memo,
        bool(typed.allocate) and not owed,
    )


def _parts(
    dues: list[tuple[date, int]], taxes: list[int], settlement_days: int, discount_until_on: date | None
) -> tuple[Part, ...]:
    """The instalments; a discount that outlasts an instalment ends with it."""
    return tuple(
        Part(
            day,
            collection_end_on(day, settlement_days),
            minor,
            tax,
            min(discount_until_on, day) if discount_until_on else None,
        )
        for (day, minor), tax in zip(dues, taxes, strict=True)
    )


def _day(text: str, name: str, faults: Faults) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        faults.add(name, "day_unreadable")
        return None
    if day < FIRST_DAY:
        faults.add(name, "day_too_early", first_on=FIRST_DAY.isoformat())
        return None
    return day


def _document_day(text: str, ground: Ground, faults: Faults) -> date | None:
    day = _day(text, "document_on", faults) if text else ground.today
    if day is None:
        return None
    if ground.locked_through is not None and day <= ground.locked_through:
        faults.add("document_on", "period_locked", on=day.isoformat(), through_on=ground.locked_through.isoformat())
    if (day - ground.today).days > AHEAD_DAYS:
        faults.add("document_on", "day_too_far", on=day.isoformat())
        return None  # nothing is counted from it: the last days of the calendar have no day after them
    return day


def _currency(text: str, faults: Faults) -> str:
    code = text.upper()
    try:
        exponent(code)
    except ValueError:
        faults.add("currency", "currency_unknown", currency=text)
        return ""
    return code


def _amount(text: str, currency: str, name: str, faults: Faults, *, least: int = 1) -> int | None:
    if not text:
        faults.add(name, "amount_missing")
        return None
    if not currency:
        return None
    try:
        minor = parse_amount(text, currency)
    except BadAmount as bad:
        faults.add(name, _AMOUNT_FAULTS.get(bad.code, "amount_unreadable"), amount=text, currency=currency)
        return None
    if minor < least:
        faults.add(name, "amount_not_positive")
        return None
    return minor


def percent_bps(text: str) -> int | None:
    """ "2", "2.5 %", "13％" in hundredths of a percent; None for what is no such number."""
    found = _PERCENT.fullmatch(text)
    return int(Decimal(found[1]) * 100) if found else None


def _tax(typed: TypedDocument, amount: int | None, currency: str, faults: Faults) -> int | None:
    """The tax within the amount, from its rate or as typed; 0 when neither is given."""
    if typed.tax and typed.tax_rate:
        faults.add("tax", "tax_twice")
        return None
    if typed.tax:
        tax = _amount(typed.tax, currency, "tax", faults, least=0)
        if tax is not None and amount is not None and tax >= amount:
            faults.add("tax", "tax_not_less")
        return tax
    if not typed.tax_rate:
        return 0
    rate = percent_bps(typed.tax_rate)
    if rate is None or rate > 10_000:
        faults.add("tax_rate", "percent_unreadable", text=typed.tax_rate)
        return None
    return None if amount is None else tax_within(amount, rate)


def _discount(typed: TypedDocument, faults: Faults) -> tuple[int, int] | None:
    """Rate (bps) and days from the document's date; both or neither."""
    if not typed.discount_percent and not typed.discount_days:
        return None
    rate = percent_bps(typed.discount_percent)
    if rate is None or not 0 < rate < 10_000:
        faults.add("discount_percent", "discount_rate_needed")
    days = int(typed.discount_days) if re.fullmatch(r"[0-9]{1,3}", typed.discount_days) else None
    if days is None:
        faults.add("discount_days", "discount_days_needed")
    return None if rate is None or days is None else (rate, days)


def _due(typed: date | None, on: date, buyer: Buyer, ground: Ground, faults: Faults) -> date | None:
    """As typed, else by the customer's terms from the document's date (R170)."""
    if typed is None and buyer.terms.base == "fixed":
        faults.add("due_on", "due_needed")
        return None
    day = typed or due_on(buyer.terms, on, ground.is_working_day)
    _check_due("due_on", day, on, faults)
    return day


def _check_due(name: str, day: date, on: date, faults: Faults) -> None:
    if day < on:
        faults.add(name, "due_before_document")
    elif (day - on).days > LONGEST_DAYS:
        faults.add(name, "day_too_far", on=day.isoformat())


def _instalments(
    typed: TypedDocument, currency: str, amount: int | None, on: date | None, faults: Faults
) -> list[tuple[date, int]]:
    """Due date and amount of each row that is not empty; they rise and sum to the amount."""
    rows: list[tuple[date, int]] = []
    width = max(len(typed.instalment_due), len(typed.instalment_amount))
    dues = [*typed.instalment_due, *[""] * (width - len(typed.instalment_due))]
    amounts = [*typed.instalment_amount, *[""] * (width - len(typed.instalment_amount))]
    for place, (due, minor) in enumerate(zip(dues, amounts, strict=True), start=1):
        if not due and not minor:
            continue
        day = _day(due, f"instalment_due-{place}", faults)
        if not due:
            faults.add(f"instalment_due-{place}", "day_needed")
        part = _amount(minor, currency, f"instalment_amount-{place}", faults)
        if day is not None and on is not None:
            _check_due(f"instalment_due-{place}", day, on, faults)
        if day is not None and rows and day < rows[-1][0]:
            faults.add(f"instalment_due-{place}", "instalment_order")
        if day is not None and part is not None:
            rows.append((day, part))
    read_all = not any(name.startswith("instalment_") for name in faults.found)
    if rows and read_all and amount is not None and sum(minor for _day, minor in rows) != amount:
        total = sum(minor for _day, minor in rows)
        faults.add("instalments", "instalments_sum", sum_minor=total, amount_minor=amount, currency=currency)
    return rows
