"""Reading the rows of a file into typed values: every cell is judged here, once, for all ways in.

Pure: kernel readers of tables, amounts and dates; no database. Invariant: a row with an error yields no value,
and each error names row, column, what was expected and what was found. Written for 100,000 rows: one small
parser per column, with the few distinct values of a column remembered.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any, TypeVar

from ar.customers.inputs import (
    MAX_NAME_CHARS,
    MAX_NUMBER_CHARS,
    MAX_SETTLEMENT_DAYS,
    MAX_TAX_ID_CHARS,
    MAX_TERM_DAYS,
    CustomerRow,
    is_email,
    tax_id_doubtful,
)
from ar.imports.columns import ENTITY_WORDS, KIND_WORDS, LANGUAGE_WORDS, FileKind, words
from ar.imports.inputs import MAX_ERRORS_KEPT, Finding, ParsedCustomer, ParsedItem, ParsedReceipt, Report
from ar.imports.mapping import Binding
from kernel.money import BadAmount, exponent, parse_amount
from kernel.tables import BadDate, DateOrder, Table, header_key, parse_date

MAX_DOCUMENT_NO_CHARS = 80
PROGRESS_EVERY_ROWS = 2_000

_KINDS = words(KIND_WORDS)
_ENTITIES = words(ENTITY_WORDS)
_LANGUAGES = words(LANGUAGE_WORDS)
_SCIENTIFIC = re.compile(r"[0-9](?:\.[0-9]+)?[eE]\+?[0-9]{2}")
_AMOUNT_CODES = {"empty": "value_missing", "ambiguous": "ambiguous_amount"}
_SEMICOLONS = str.maketrans("；：", ";:")

Parsed = TypeVar("Parsed", ParsedCustomer, ParsedItem, ParsedReceipt)
Progress = Callable[[int], None]


class BadCell(Exception):
    """A cell that says nothing certain. `column`, `code` and `params` become a finding."""

    def __init__(self, column: str, code: str, **params: Any) -> None:
        super().__init__(column, code)
        self.column, self.code, self.params = column, code, params


def add_error(report: Report, row: int, column: str, code: str, **params: Any) -> None:
    """Notes an error; beyond MAX_ERRORS_KEPT they are only counted."""
    report.errors_total += 1
    if len(report.errors) < MAX_ERRORS_KEPT:
        report.errors.append(Finding(row, column, code, params))


class Reader:
    """Reads the cells of one file: knows the order of dates, and whether bare numbers may be spreadsheet dates."""

    def __init__(self, report: Report, date_order: DateOrder | None, *, serial: bool) -> None:
        self.report = report
        self._order = date_order
        self._serial = serial
        self._shared: dict[str, str] = {}

    def customer(self, row: int, cells: Sequence[str]) -> ParsedCustomer:
        """customer_no, name, entity_type, tax_id, owner_email, contact_name, contact_email, term_days,
        settlement_days, language. Empty optional cells leave what is stored.
        """
        number, name, entity, tax_id, owner, contact, email, terms, settlement, language = cells
        if tax_id and tax_id_doubtful(tax_id):
            self.report.warnings.append(Finding(row, "tax_id", "tax_id_doubtful", {"found": tax_id}))
        made = CustomerRow(
            number=identifier("customer_no", number, MAX_NUMBER_CHARS),
            name=text("name", name, MAX_NAME_CHARS, needed=True),
            entity_type=word("entity_type", "unknown_entity_type", entity, _ENTITIES) if entity else None,
            tax_id=identifier("tax_id", tax_id, MAX_TAX_ID_CHARS) if tax_id else None,
            owner_email=email_address("owner_email", owner).lower() if owner else None,
            contact_name=text("contact_name", contact, MAX_NAME_CHARS) or None,
            contact_email=email_address("contact_email", email) if email else None,
            term_days=whole("term_days", terms, MAX_TERM_DAYS) if terms else None,
            settlement_days=whole("settlement_days", settlement, MAX_SETTLEMENT_DAYS) if settlement else None,
            language=word("language", "unknown_language", language, _LANGUAGES) if language else None,
        )
        return ParsedCustomer(row, made)

    def item(self, row: int, cells: Sequence[str]) -> ParsedItem:
        """customer_no, customer_name, document_no, kind, document_date, due_date, currency, amount."""
        number, name, document_no, kind, document_on, due_on, currency, amount = cells
        kind = _KINDS.get(kind) or word("kind", "unknown_kind", kind, _KINDS)
        currency = currency_code(currency)
        minor = minor_units("amount", amount, currency)
        # A reduction is often written with a minus; its kind already says that it reduces.
        if minor == 0 or (minor < 0 and kind != "credit_note"):
            raise BadCell("amount", "amount_not_positive", found=amount)
        booked_on = self.day("document_date", document_on)
        due = self.day("due_date", due_on) if due_on else None
        if due is not None and due < booked_on:
            if kind != "credit_note":
                raise BadCell("due_date", "due_before_document", found=str(due), document_on=str(booked_on))
            due = booked_on
        return ParsedItem(
            row,
            self._share(identifier("customer_no", number, MAX_NUMBER_CHARS)),
            self._share(text("customer_name", name, MAX_NAME_CHARS)),
            identifier("document_no", document_no, MAX_DOCUMENT_NO_CHARS),
            kind,
            booked_on,
            due,
            currency,
            minor,
        )

    def receipt(self, row: int, cells: Sequence[str]) -> ParsedReceipt:
        """customer_no, receipt_no, received_on, currency, amount, applies_to."""
        number, receipt_no, received_on, currency, amount, applies_to = cells
        currency = currency_code(currency)
        minor = minor_units("amount", amount, currency)
        if minor <= 0:
            raise BadCell("amount", "amount_not_positive", found=amount)
        return ParsedReceipt(
            row,
            self._share(identifier("customer_no", number, MAX_NUMBER_CHARS)),
            identifier("receipt_no", receipt_no, MAX_DOCUMENT_NO_CHARS),
            self.day("received_on", received_on),
            currency,
            minor,
            applications(applies_to, currency) if applies_to else (),
        )

    def _share(self, found: str) -> str:
        """One object for the many rows of a customer: what a long file costs is mostly its texts."""
        return self._shared.setdefault(found, found)

    def day(self, column: str, found: str) -> date:
        """A date by the file's order. Raises BadCell."""
        try:
            return parse_date(found, self._order, serial=self._serial)
        except BadDate as fault:
            code = "value_missing" if fault.code == "empty" else fault.code
            raise BadCell(column, code, found=found) from None


def read_rows(
    kind: FileKind, table: Table, binding: Binding, report: Report, date_order: DateOrder | None, progress: Progress
) -> list[Any]:
    """All rows that can be read, as ParsedCustomer, ParsedItem or ParsedReceipt; the rest is in `report.errors`.

    Counts rows and skipped rows (closing totals, and what the mapping skips). Raises TableRefused.
    """
    reader = Reader(report, date_order, serial=table.kind == "xlsx")
    parse: Callable[[int, Sequence[str]], Any] = {
        "customers": reader.customer,
        "open-items": reader.item,
        "receipts": reader.receipt,
    }[kind]
    width, parsed = len(table.headers), []
    for number, cells in _data_rows(table, binding, report, progress):
        if len(cells) > width:
            add_error(report, number, "", "cells_beyond_header", expected=width, found=len(cells))
            continue
        try:
            parsed.append(parse(number, binding.values(cells)))
        except BadCell as bad:
            add_error(report, number, bad.column, bad.code, **bad.params)
    if not report.rows:
        add_error(report, table.header_row, "", "no_rows")
    return parsed


def refuse_twins(parsed: Sequence[Parsed], key: Callable[[Parsed], Any], column: str, report: Report) -> list[Parsed]:
    """Leaves out, with an error that names both rows, what repeats a key of an earlier row."""
    first_rows: dict[Any, int] = {}
    kept: list[Parsed] = []
    for each in parsed:
        found = key(each)
        first = first_rows.setdefault(found, each.row)
        if first == each.row:
            kept.append(each)
        else:
            shown = found[-1] if isinstance(found, tuple) else found
            add_error(report, each.row, column, "duplicate_in_file", found=shown, first_row=first)
    return kept


def identifier(column: str, found: str, most: int) -> str:
    """An id as text, its leading noughts kept. Refuses what a spreadsheet has made of a long number."""
    if not found:
        raise BadCell(column, "value_missing")
    if "+" in found and _SCIENTIFIC.fullmatch(found):
        raise BadCell(column, "number_damaged", found=found)
    return text(column, found, most)


def text(column: str, found: str, most: int, *, needed: bool = False) -> str:
    """A text within its length, without characters that a database or a page cannot hold."""
    if needed and not found:
        raise BadCell(column, "value_missing")
    if len(found) > most:
        raise BadCell(column, "too_long", most=most, found=len(found))
    return found if found.isprintable() else " ".join("".join(c if c.isprintable() else " " for c in found).split())


def word(column: str, code: str, found: str, known: dict[str, str]) -> str:
    """One of a few words, in either language."""
    value = known.get(header_key(found))
    if value is None:
        raise BadCell(column, code if found else "value_missing", found=found)
    return value


def whole(column: str, found: str, most: int) -> int:
    """A whole number from 0 to `most`; a trailing 天 or "days" is allowed."""
    digits = unicodedata.normalize("NFKC", found).casefold().removesuffix("天").removesuffix("days").strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) < 6) or int(digits) > most:
        raise BadCell(column, "not_whole_number", most=most, found=found)
    return int(digits)


def email_address(column: str, found: str) -> str:
    """An address that mail can be sent to."""
    if not is_email(found):
        raise BadCell(column, "bad_email", found=found)
    return found


_CURRENCY_WORDS = {
    "RMB": "CNY",
    "人民币": "CNY",
    "美元": "USD",
    "欧元": "EUR",
    "港币": "HKD",
    "日元": "JPY",
    "英镑": "GBP",
}


def currency_code(found: str) -> str:
    """An ISO 4217 code, or the Chinese name of a common currency."""
    code = found.upper()
    code = _CURRENCY_WORDS.get(code, code)
    try:
        exponent(code)
    except ValueError:
        raise BadCell("currency", "unknown_currency" if found else "value_missing", found=found) from None
    return code


def minor_units(column: str, found: str, currency: str) -> int:
    """An amount in minor units; may be negative."""
    try:
        return parse_amount(found, currency)
    except BadAmount as fault:
        raise BadCell(column, _AMOUNT_CODES.get(fault.code, fault.code), found=found, currency=currency) from None


def applications(found: str, currency: str) -> tuple[tuple[str, int | None], ...]:
    """`INV1:100.00;INV2` → (("INV1", 10000), ("INV2", None)): without an amount, as much as is open."""
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
    if minor <= 0:
        raise BadCell("applies_to", "applies_to_form", found=found)
    return minor


def _data_rows(table: Table, binding: Binding, report: Report, progress: Progress) -> Iterator[tuple[int, list[str]]]:
    for row in table.rows():
        report.rows += 1
        if report.rows % PROGRESS_EVERY_ROWS == 0:
            progress(report.rows)
        if row.is_total or binding.skips(row.cells):
            report.skipped += 1
            continue
        yield row.number, row.cells
