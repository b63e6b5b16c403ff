"""Parses a typed document into one that can be posted, or into faults by field. Pure.

Invariants: all faults of a form are found at once; the customer, the calendar and the period lock are passed in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import zip_longest
from typing import Final
from uuid import UUID

from ar.ledger.books.entries import NewItem
from ar.ledger.books.posting_rules import POSTING_RULES
from ar.ledger.documents.inputs import TypedDocument
from ar.ledger.rules.due_dates import IsWorkingDay, PaymentTerms, collection_end_on, due_on
from ar.ledger.rules.shares import full_discount, split, tax_within
from kernel.bookable import LIMITS, is_bookable
from kernel.money import BadAmount, exponent, parse_amount

AHEAD_DAYS: Final = 366
LONGEST_DAYS: Final = 3660
#: Why a credit note is given where nothing else was said.
GOODS: Final = "goods"
#: Code and parameters of a message in `messages`.
Fault = tuple[str, dict[str, object]]
_PERCENT: Final = re.compile(r"(\d{1,3}(?:\.\d{1,2})?)\s*[%％]?")
_AMOUNT_FAULTS: Final = {"too_many_decimals": "amount_decimals", "too_large": "amount_too_large"}


@dataclass(frozen=True, slots=True)
class Buyer:
    """The customer's data that parsing needs."""

    id: UUID
    number: str
    name: str
    terms: PaymentTerms
    settlement_days: int


@dataclass(frozen=True, slots=True)
class ParsingContext:
    """The company's date, currency, calendar and the last day of its locked period (None: not locked)."""

    today: date
    currency: str
    is_working_day: IsWorkingDay
    locked_through: date | None


@dataclass(frozen=True, slots=True)
class Part:
    """An instalment; a document without instalments has one part. `discount_until_on` None: no discount."""

    due_on: date
    collection_end_on: date
    amount_minor: int
    tax_minor: int
    discount_until_on: date | None


@dataclass(frozen=True, slots=True)
class Document:
    """A document ready to be posted. `number` empty: the next running number. Amounts in minor units, gross.

    `reason`: why a credit note is given; `tax_computed`: the tax follows from rates and was not typed as an amount,
    also where it rounds to nothing; `discount_back_minor`: the discount within it, which is not given back.
    """

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
    reason: str | None = None
    tax_computed: bool = False
    discount_back_minor: int = 0

    @property
    def is_credit(self) -> bool:
        """Returns True for a document that reduces what is owed."""
        return POSTING_RULES[self.kind].side < 0

    @property
    def discount_minor(self) -> int:
        """Returns the discount for full payment in time, in minor units."""
        return full_discount(self.amount_minor, self.discount_bps) if self.discount_bps else 0

    def items(self, number: str) -> list[NewItem]:
        """Returns the items to post under `number`."""
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
                credit_reason=self.reason,
            )
            for place, part in enumerate(self.parts, start=1)
        ]


@dataclass(slots=True)
class Faults:
    """Collects faults by field; keeps the first fault of a field."""

    found: dict[str, Fault] = field(default_factory=dict)

    def add(self, name: str, code: str, **params: object) -> None:
        """Adds a fault of a field."""
        self.found.setdefault(name, (code, params))


def parse_fields(
    kind: str, typed: TypedDocument, buyer: Buyer | None, context: ParsingContext
) -> Document | dict[str, Fault]:
    """Returns the document, or its faults by field. `buyer` None: the caller reports the customer's fault."""
    faults = Faults()
    owed = POSTING_RULES[kind].side > 0
    on = _parse_document_date(typed.document_on, context, faults)
    currency = _parse_currency(typed.currency or context.currency, faults)
    amount = _parse_amount(typed.amount, currency, "amount", faults)
    tax = _parse_tax(typed, amount, currency, faults)
    discount = _parse_discount(typed, faults) if owed else None
    due = _parse_day(typed.due_on, "due_on", faults) if owed else None
    rows = _parse_instalments(typed, currency, amount, on, faults) if owed else []
    if owed and not rows and on is not None and buyer is not None and not faults.found.get("due_on"):
        due = _due_date(due, on, buyer, context, faults)
    if faults.found or on is None or buyer is None or amount is None or tax is None:
        return faults.found
    dues = rows or [(due or on, amount)]
    until = on + timedelta(days=discount[1]) if discount else None
    if until is not None and not rows and until > dues[0][0]:
        return {"discount_days": ("discount_after_due", {"due_on": dues[0][0].isoformat()})}
    if tax > amount - len(dues):
        return {"tax": ("tax_not_less", {})}
    parts = _instalment_parts(
        dues, split(tax, [minor for _day, minor in dues]), buyer.settlement_days if owed else 0, until
    )
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
        (typed.reason or GOODS) if kind == "credit_note" else None,
        bool(typed.tax_rate) and parse_percent_bps(typed.tax_rate) != 0,
    )


def _instalment_parts(
    dues: list[tuple[date, int]], taxes: list[int], settlement_days: int, discount_until_on: date | None
) -> tuple[Part, ...]:
    """Returns the instalments; a discount period ends with the instalment's due date at the latest."""
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


def _parse_day(text: str, name: str, faults: Faults) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        faults.add(name, "day_unreadable")
        return None
    if not is_bookable(day):
        faults.add(name, "day_out_of_range", **LIMITS)
        return None
    return day


def _parse_document_date(text: str, context: ParsingContext, faults: Faults) -> date | None:
    day = _parse_day(text, "document_on", faults) if text else context.today
    if day is None:
        return None
    if context.locked_through is not None and day <= context.locked_through:
        faults.add("document_on", "period_locked", on=day.isoformat(), through_on=context.locked_through.isoformat())
    if (day - context.today).days > AHEAD_DAYS:
        faults.add("document_on", "day_too_far", on=day.isoformat())
        return None  # no date is computed from it: date.max has no next day
    return day


def _parse_currency(text: str, faults: Faults) -> str:
    code = text.upper()
    try:
        exponent(code)
    except ValueError:
        faults.add("currency", "currency_unknown", currency=text)
        return ""
    return code


def _parse_amount(text: str, currency: str, name: str, faults: Faults, *, least: int = 1) -> int | None:
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


def parse_percent_bps(text: str) -> int | None:
    """Parses "2", "2.5 %" or "13％" into basis points; None when it is not a percentage."""
    found = _PERCENT.fullmatch(text)
    return int(Decimal(found[1]) * 100) if found else None


def _parse_tax(typed: TypedDocument, amount: int | None, currency: str, faults: Faults) -> int | None:
    """Returns the tax contained in the amount, from its rate or as typed; 0 when neither is given."""
    if typed.tax and typed.tax_rate:
        faults.add("tax", "tax_twice")
        return None
    if typed.tax:
        tax = _parse_amount(typed.tax, currency, "tax", faults, least=0)
        if tax is not None and amount is not None and tax >= amount:
            faults.add("tax", "tax_not_less")
        return tax
    if not typed.tax_rate:
        return 0
    rate = parse_percent_bps(typed.tax_rate)
    if rate is None or rate > 10_000:
        faults.add("tax_rate", "percent_unreadable", text=typed.tax_rate)
        return None
    return None if amount is None else tax_within(amount, rate)


def _parse_discount(typed: TypedDocument, faults: Faults) -> tuple[int, int] | None:
    """Returns the rate (bps) and the days from the document date; both must be given or neither."""
    if not typed.discount_percent and not typed.discount_days:
        return None
    rate = parse_percent_bps(typed.discount_percent)
    if rate is None or not 0 < rate < 10_000:
        faults.add("discount_percent", "discount_rate_needed")
    days = int(typed.discount_days) if re.fullmatch(r"[0-9]{1,3}", typed.discount_days) else None
    if days is None:
        faults.add("discount_days", "discount_days_needed")
    return None if rate is None or days is None else (rate, days)


def _due_date(typed: date | None, on: date, buyer: Buyer, context: ParsingContext, faults: Faults) -> date | None:
    """Returns the due date as typed, else by the customer's terms from the document date (R170)."""
    if typed is None and buyer.terms.base == "fixed":
        faults.add("due_on", "due_needed")
        return None
    day = typed or due_on(buyer.terms, on, context.is_working_day)
    _check_due("due_on", day, on, faults)
    return day


def _check_due(name: str, day: date, on: date, faults: Faults) -> None:
    if day < on:
        faults.add(name, "due_before_document")
    elif (day - on).days > LONGEST_DAYS:
        faults.add(name, "day_too_far", on=day.isoformat())


def _parse_instalments(
    typed: TypedDocument, currency: str, amount: int | None, on: date | None, faults: Faults
) -> list[tuple[date, int]]:
    """Returns (due date, amount) of each filled row; dates must ascend and amounts sum to the document's amount."""
    rows: list[tuple[date, int]] = []
    pairs = zip_longest(typed.instalment_due, typed.instalment_amount, fillvalue="")
    for place, (due, amount_text) in enumerate(pairs, start=1):
        if not due and not amount_text:
            continue
        day = _parse_day(due, f"instalment_due-{place}", faults)
        if not due:
            faults.add(f"instalment_due-{place}", "day_needed")
        part = _parse_amount(amount_text, currency, f"instalment_amount-{place}", faults)
        if day is not None and on is not None:
            _check_due(f"instalment_due-{place}", day, on, faults)
        if day is not None and rows and day < rows[-1][0]:
            faults.add(f"instalment_due-{place}", "instalment_order")
        if day is not None and part is not None:
            rows.append((day, part))
    all_parsed = not any(name.startswith("instalment_") for name in faults.found)
    total = sum(minor for _day, minor in rows)
    if rows and all_parsed and amount is not None and total != amount:
        faults.add("instalments", "instalments_sum", sum_minor=total, amount_minor=amount, currency=currency)
    return rows
