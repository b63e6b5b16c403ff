"""Parses the amounts of an import: in the file's manner, with the side some systems print, and what a receipt pays."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from kernel.money import MAX_MINOR, BadAmount, is_money_on, parse_amount, parse_rounded_amount, withdrawn_on
from kernel.sheets import is_error_word
from kernel.sheets.mapping import ColumnMapping

_AMOUNT_CODES = {"empty": "value_missing", "ambiguous": "ambiguous_amount"}
#: The side beside an amount, as some systems print it: "1,234.00 Cr", "贷 500.00".
_SIDE = re.compile(
    r"(?:(dr|cr|借|贷)\.?\s*)?([^A-Za-z借贷]{0,30}[0-9][^A-Za-z借贷]{0,30}?)\s*(?:(dr|cr|借|贷)\.?)?", re.IGNORECASE
)
_CREDIT_SIDES = ("cr", "贷")
_SEMICOLONS = str.maketrans("；：", ";:")


class BadCell(Exception):
    """A cell that cannot be parsed. `column`, `code` and `params` become a finding."""

    def __init__(self, column: str, code: str, **params: Any) -> None:
        super().__init__(column, code)
        self.column, self.code, self.params = column, code, params


def require_current(currency: str, on: date) -> None:
    """Refuses a currency that was no longer money on the day of the document."""
    if not is_money_on(currency, on):
        raise BadCell("currency", "currency_withdrawn", found=currency, last_on=str(withdrawn_on(currency)))


def without_side(found: str) -> tuple[str, bool]:
    """Takes off the word of the side behind or before an amount; True where it says the credit side."""
    if found[:1].isdigit() and found[-1:].isdigit():
        return found, False
    matched = _SIDE.fullmatch(found)
    side = (matched[1] or matched[3] or "").casefold() if matched else ""
    return (matched[2], side in _CREDIT_SIDES) if matched and side else (found, False)


def minor_units(column: str, found: str, currency: str, mapping: ColumnMapping, *, shown: str = "") -> tuple[int, bool]:
    """Parses an amount in the file's manner; returns (minor units, may be negative; was rounded)."""
    try:
        if mapping.rounding == "half_up":
            return parse_rounded_amount(found, currency, mapping.decimal_mark)
        return parse_amount(found, currency, mapping.decimal_mark), False
    except BadAmount as fault:
        code = _AMOUNT_CODES.get(fault.code, fault.code)
        if is_error_word(found):
            code = "formula_error"
        raise BadCell(column, code, found=shown or found, currency=currency) from None


def applications(found: str, currency: str) -> tuple[tuple[str, int | None], ...]:
    """Parses `INV1:100.00;INV2` into (("INV1", 10000), ("INV2", None)); None means as much as is open."""
    named: dict[str, int | None] = {}
    for part in found.translate(_SEMICOLONS).split(";"):
        if not part.strip():
            continue
        document, colon, amount = (piece.strip() for piece in part.rpartition(":"))
        if not colon:
            document, amount = amount, ""
        if not document or (colon and not amount):
            raise BadCell("applies_to", "applies_to_form", found=found)
        minor = _applied(amount, currency, found) if colon else None
        if document in named:
            raise BadCell("applies_to", "document_named_twice", found=document)
        named[document] = minor
    return tuple(named.items())


def _applied(amount: str, currency: str, found: str) -> int:
    try:
        minor = parse_amount(amount, currency)
    except BadAmount:
        raise BadCell("applies_to", "applies_to_form", found=found) from None
    if not 0 < minor <= MAX_MINOR:
        raise BadCell("applies_to", "applies_to_form", found=found)
    return minor
