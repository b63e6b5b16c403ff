"""Parses CSV and XLSX exports of banks: title rows, a header, and a row per movement.

Invariants: a row is read once and streamed; what a row says twice (two amounts, a sign against its column) is named,
not guessed; balances are checked where the export gives them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from ar.receipts.bank.formats import columns
from ar.receipts.bank.formats.events import (
    BLANKS,
    MAX_NAME_CHARS,
    MAX_REMITTANCE_CHARS,
    BankFormat,
    Closed,
    Event,
    Line,
    Opened,
    Problem,
    Refused,
    Source,
    Unreadable,
    clean,
    decimals_of,
    problem,
    quoted,
)
from kernel.money import BadAmount, parse_amount
from kernel.sheets import BadDate, Table, open_table, parse_date

_TITLE_ACCOUNT = re.compile(
    r"(?:账\s*号|帐\s*号|账户号码|account\s*(?:no|number)\.?)\W{0,4}([0-9A-Z][0-9A-Z -]{5,40})", re.I
)
_TITLE_CURRENCY = re.compile(r"(?:币\s*种|货\s*币|currency)\W{0,4}([A-Z]{3}|[\u4e00-\u9fff]{2,5})", re.I)
_COMPACT_TIME = re.compile(r"(\d{8})[ T]?\d{2}:?\d{2}:?\d{2}(?:[.:]\d+)?")
#: Exports end with remarks; a row without a day and without an amount is one of them.
_AMOUNTS: Final = ("in", "out", "amount")


@dataclass(slots=True)
class _Account:
    """The balances of one account and currency of the file, collected row by row."""

    ref: int
    currency: str
    first: tuple[date, int, int] | None = None  # day, movement, balance behind it
    last: tuple[date, int, int] | None = None
    total: int = 0
    balanced: bool = True


class _Sheet:
    """The opened file: positions of its columns, account and currency in its title rows."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.table: Table = open_table(source.data, source.filename, columns.is_header)
        headers = self.table.headers
        if not columns.is_header(headers):
            raise Refused("bank_file_unknown")
        self.at = columns.column_positions(headers)
        self.texts = columns.text_columns(headers)
        title = " ".join(cell for row in self.table.above() for cell in row if cell)
        account, currency = _TITLE_ACCOUNT.search(title), _TITLE_CURRENCY.search(title)
        self.account_no = clean(account[1]) if account else ""
        self.currency = columns.currency_code(currency[1]) if currency else ""
        self.accounts: dict[tuple[str, str], _Account] = {}

    def cell(self, cells: Sequence[str], field: str) -> str:
        at = self.at.get(field)
        return cells[at] if at is not None and at < len(cells) else ""


def parse(source: Source) -> Iterator[Event]:
    """Parses a table into events. Raises Refused, and TableRefused for what cannot be opened as one."""
    sheet = _Sheet(source)
    for row in sheet.table.rows():
        if not row.is_total:
            yield from _row(sheet, row.number, row.cells)
    for account in sheet.accounts.values():
        opening, closing, on = _balances(account)
        yield Closed(account.ref, closing, on, opening)


def describe(data: bytes, filename: str = "") -> tuple[str, str]:
    """Returns format with bank, and encoding: ("csv-icbc", "gb18030")."""
    sheet = _Sheet(Source(data, "", filename))
    return f"{sheet.table.kind}-{columns.profile_of(sheet.table.headers)}", sheet.table.encoding


def _row(sheet: _Sheet, number: int, cells: Sequence[str]) -> Iterator[Event]:
    amounts = [sheet.cell(cells, field) for field in _AMOUNTS]
    when = sheet.cell(cells, "booked_on")
    if not when and not any(amounts):
        return  # a remark under the table
    account_no = sheet.cell(cells, "own_account") or sheet.account_no
    try:
        currency = columns.currency_code(sheet.cell(cells, "currency")) or sheet.currency
        currency = currency or sheet.source.currency_of(account_no)
        decimals_of(currency)
    except Unreadable as fault:
        yield problem(number, fault)
        return
    account = sheet.accounts.get((account_no, currency))
    if account is None:
        account = _Account(len(sheet.accounts) + 1, currency)
        sheet.accounts[account_no, currency] = account
        yield Opened(account.ref, clean(account_no), currency)
    try:
        line = _line(sheet, number, cells, account)
        yield _note_balance(sheet, cells, line, account)
    except Unreadable as fault:
        account.balanced = account.balanced and fault.code == "nothing_moved"
        yield Problem(number, fault.code, fault.params, fault.code != "nothing_moved")


def _line(sheet: _Sheet, number: int, cells: Sequence[str], account: _Account) -> Line:
    booked_on = _day(sheet.cell(cells, "booked_on"))
    value = sheet.cell(cells, "value_on")
    signed, is_reversal = _movement(sheet, cells, account.currency)
    if not signed:
        raise Unreadable("nothing_moved")
    money_in = signed > 0
    # An export with both parties names the other side by the direction of the money.
    other = ("payer", "payer_account", "payer_bank") if money_in else ("payee", "payee_account", "payee_bank")
    texts = dict.fromkeys(filter(None, (cells[at] for at in sheet.texts if at < len(cells))))
    return Line(
        account.ref,
        number,
        booked_on,
        _day(value) if value else booked_on,
        account.currency,
        1 if money_in else -1,
        abs(signed),
        payer_name=clean(sheet.cell(cells, "name") or sheet.cell(cells, other[0]), MAX_NAME_CHARS),
        payer_account=clean(sheet.cell(cells, "account") or sheet.cell(cells, other[1])).replace(" ", ""),
        payer_bank=clean(sheet.cell(cells, "bank") or sheet.cell(cells, other[2]), MAX_NAME_CHARS),
        remittance=clean(" ".join(texts), MAX_REMITTANCE_CHARS),
        bank_reference=clean(sheet.cell(cells, "reference")),
        end_to_end_id=clean(sheet.cell(cells, "customer_reference")),
        raw_kind=clean(sheet.cell(cells, "mark")),
        is_reversal=is_reversal,
    )


def _movement(sheet: _Sheet, cells: Sequence[str], currency: str) -> tuple[int, bool]:
    """Returns (minor units, positive for money in; is a reversal: negative figures in a one-sided column)."""
    money_in = _minor(sheet.cell(cells, "in"), currency)
    money_out = _minor(sheet.cell(cells, "out"), currency)
    if money_in and money_out:
        raise Unreadable("two_amounts")
    if money_in or money_out:
        signed = money_in or -money_out
        return signed, (money_in or money_out) < 0
    amount = _minor(sheet.cell(cells, "amount"), currency)
    mark = sheet.cell(cells, "mark").strip().casefold()
    if mark in columns.IN_WORDS:
        return amount, amount < 0
    if mark in columns.OUT_WORDS:
        # "支出 -100.00" is one statement written twice, not a reversal.
        return -abs(amount), False
    return amount, False


def _minor(text: str, currency: str) -> int:
    body = text.strip().strip("-—")
    if not body:
        return 0
    try:
        return parse_amount(text, currency)
    except BadAmount as fault:
        if fault.code == "too_many_decimals":
            raise Unreadable("too_many_decimals", found=quoted(text), currency=currency) from None
        code = {"ambiguous": "ambiguous_amount", "too_large": "amount_too_large"}.get(fault.code, "not_an_amount")
        raise Unreadable(code, found=quoted(text)) from None


def _day(text: str) -> date:
    matched = _COMPACT_TIME.fullmatch(text.strip())
    try:
        return parse_date(matched[1] if matched else text.strip())
    except BadDate as fault:
        if fault.code == "empty":
            raise Unreadable("date_missing") from None
        raise Unreadable("not_a_date", found=quoted(text)) from None


def _note_balance(sheet: _Sheet, cells: Sequence[str], line: Line, account: _Account) -> Line:
    """Collects the balance behind a row; returns the line with it, where the row states one."""
    text = sheet.cell(cells, "balance")
    try:
        running = parse_amount(text, account.currency) if text else None
    except BadAmount:
        running = None
    if running is None or not account.balanced:
        account.balanced = False
        return line._replace(running_balance_minor=running)
    balance = (line.booked_on, line.side * line.amount_minor, running)
    account.first = account.first or balance
    account.last = balance
    account.total += balance[1]
    return line._replace(running_balance_minor=running)


def _balances(account: _Account) -> tuple[int | None, int | None, date | None]:
    """Returns opening, closing and closing date from the running balance, for rows in either order."""
    if not account.balanced or account.first is None or account.last is None:
        return None, None, None
    oldest, newest = account.first, account.last
    # Within one day only the figures tell which way the rows run.
    falls = newest[2] - newest[1] + account.total == oldest[2]
    rises = oldest[2] - oldest[1] + account.total == newest[2]
    if oldest[0] > newest[0] or (oldest[0] == newest[0] and falls and not rises):
        oldest, newest = newest, oldest
    return oldest[2] - oldest[1], newest[2], newest[0]


def _matches(head: bytes) -> bool:
    """Any text is a table until its header says otherwise; markup is none."""
    return head.lstrip(BLANKS)[:1] != b"<"


FORMAT: Final = BankFormat("table", {"csv": "CSV", "xlsx": "XLSX"}, _matches, parse)
