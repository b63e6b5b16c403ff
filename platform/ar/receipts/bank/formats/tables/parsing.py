"""Parses tables of banks and payment services: title rows, a header, and a row per movement.

Invariants: what a row says twice (two amounts, a sign against its column) or in words that are not known is named and
asked, never guessed; an empty amount is not zero; balances are checked where the export gives them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

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
    Question,
    Refused,
    Source,
    Unreadable,
    clean,
    clean_account,
    decimals_of,
    problem,
    quoted,
)
from ar.receipts.bank.formats.tables import words
from ar.receipts.bank.formats.tables.counts import NOTHING, short_year
from ar.receipts.bank.formats.tables.layout import (
    currency_code,
    is_header,
    profile_of,
    skips,
)
from ar.receipts.bank.formats.tables.movements import NotMoney, movement_of
from ar.receipts.bank.formats.tables.sheet import Account, Sheet
from ar.receipts.bank.formats.tables.survey import BALANCE_ROW, FOOTER, data_rows
from kernel.money import BadAmount, parse_amount
from kernel.sheets import BadDate, is_damaged_number, open_table, parse_date
from kernel.sheets.mapping import ColumnMapping

_IBAN_SHAPE = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9 ]{10,36}")
_DAY_SHAPE = re.compile(r"\d{4}[-/.年]\d|\d{8}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2}")
#: A reference shorter than this is a running number that begins again.
_MIN_ID_CHARS: Final = 6


def parse(source: Source) -> Iterator[Event]:
    """Parses a table into events. Raises Refused, and TableRefused for what cannot be opened as one."""
    sheet = Sheet(source)
    if not sheet.layout.has_amounts and not _may_be_mapped(sheet):
        raise Refused("bank_file_unknown")
    yield from sheet.survey.questions
    if not sheet.layout.has_amounts or "booked_on" not in sheet.layout.at:
        return
    skipped = frozenset(sheet.mapping.skip_rows) if sheet.mapping else frozenset()
    held: Line | None = None  # the movement whose text may go on in the next row
    last = 0
    for row in data_rows(sheet.table):
        if row.number in skipped or skips(sheet.mapping, sheet.layout, row.cells):
            continue
        if held and row.number == last + 1 and _goes_on(sheet, row.cells):
            more = [held.remittance, *filter(None, row.cells)]
            held, last = held._replace(remittance=clean(" ".join(more), MAX_REMITTANCE_CHARS)), row.number
            continue
        if held:
            yield held
            held = None
        for event in _row(sheet, row.number, row.cells):
            if isinstance(event, Line):
                held, last = event, row.number
            else:
                yield event
    if held:
        yield held
    for account in sheet.accounts.values():
        opening, closing, on = _balances(account)
        yield Closed(account.ref, closing, on, opening)


def describe(data: bytes, filename: str = "", mapping: Mapping[str, Any] | None = None) -> tuple[str, str]:
    """Returns format with bank, and encoding: ("csv-icbc", "gb18030")."""
    told = ColumnMapping.model_validate(mapping) if mapping is not None else None
    table = open_table(data, filename, is_header, told=told)
    return f"{table.kind}-{profile_of(table.headers)}", table.encoding


def _may_be_mapped(sheet: Sheet) -> bool:
    """Tells that a table without a known amount has columns that a person could name: days and money."""
    days = money = 0
    for seen, row in enumerate(data_rows(sheet.table)):
        if seen >= 20:
            break
        days += any(_DAY_SHAPE.search(cell) for cell in row.cells)
        money += any(re.fullmatch(r"[-+(]?[^\w\s]{0,3}\d[\d.,' ]*[.,]?\d*[-)]?", cell) for cell in row.cells)
    return days > 0 and money > 0 and sum(map(bool, sheet.table.headers)) >= 2


def _row(sheet: Sheet, number: int, cells: Sequence[str]) -> Iterator[Event]:
    when = sheet.cell(cells, "booked_on") or sheet.cell(cells, "value_on")
    amounts = [sheet.cell(cells, name) for name in ("in", "out", "amount")]
    if _is_remark(sheet, cells, when, amounts):
        return
    account_no = clean(sheet.cell(cells, "own_account").lstrip("'")) or sheet.account_no
    try:
        _check_numbers(sheet, cells)
        stated = currency_code(sheet.cell(cells, "currency")) or sheet.currency
        currency = stated or sheet.currency_of(account_no)
        decimals_of(currency)
    except Unreadable as fault:
        yield problem(number, fault)
        return
    account = sheet.accounts.get((account_no, currency))
    if account is None:
        account = Account(len(sheet.accounts) + 1, currency)
        sheet.accounts[account_no, currency] = account
        yield Opened(account.ref, account_no, currency, currency_stated=bool(stated))
    try:
        yield _note_balance(sheet, cells, _line(sheet, number, cells, account, when), account)
    except NotBooked:
        found = sheet.word(cells, "status") if sheet.survey.has_status else when
        yield Problem(number, "not_booked_yet", {"found": quoted(found)}, lost=False)
    except NotMoney:
        word = sheet.word(cells, "mark") if "mark" in sheet.layout.at else sheet.word(cells, "status")
        yield Problem(number, "not_money", {"found": quoted(word)}, lost=False)
    except Unreadable as fault:
        account.balanced = account.balanced and fault.code == "nothing_moved"
        yield problem(number, fault)
        if fault.code in _QUESTIONS and sheet.asks(fault.code, str(fault.params.get("found", ""))):
            yield Question(number, fault.code, fault.params)


class NotBooked(Exception):
    """A row that is announced without a day."""


#: Faults of a row that are questions about the table: a person says what the word or the column means.
_QUESTIONS: Final = frozenset({"unknown_mark", "unknown_status", "amount_missing"})


def _is_remark(sheet: Sheet, cells: Sequence[str], when: str, amounts: Sequence[str]) -> bool:
    """Tells that a row is no movement: a remark, a total or figures under the table, a balance brought forward."""
    filled = [cell for cell in cells if cell][:3]
    if not when and not any(amounts):
        return True
    is_day = bool(_DAY_SHAPE.search(when))
    if not is_day and any(FOOTER.search(cell) for cell in filled[:2]):
        sheet.below = True
        return True
    if sheet.below and not is_day:
        return True
    sheet.below = False
    if not any(amounts):
        return not is_day or any(BALANCE_ROW.search(cell) for cell in cells if cell)
    # With an amount a balance is a row only where a cell says nothing else.
    return any(BALANCE_ROW.fullmatch(cell.strip()) for cell in cells if cell)


def _goes_on(sheet: Sheet, cells: Sequence[str]) -> bool:
    """Tells that a row only carries on the text of the movement above it, as OCBC and others write long ones."""
    filled = [place for place, cell in enumerate(cells) if cell]
    if not filled or not set(filled) <= set(sheet.layout.texts) or {*filled} & {*sheet.at.values()}:
        return False
    return not sheet.below and not any(FOOTER.search(cells[at]) or BALANCE_ROW.search(cells[at]) for at in filled)


def _check_numbers(sheet: Sheet, cells: Sequence[str]) -> None:
    """Raises Unreadable for a number that a spreadsheet has shortened, naming its column."""
    for place in sheet.numbers:
        if place < len(cells) and is_damaged_number(cells[place]):
            raise Unreadable("number_shortened", found=quoted(cells[place]), column=quoted(sheet.layout.headers[place]))


def _line(sheet: Sheet, number: int, cells: Sequence[str], account: Account, when: str) -> Line:
    moved = movement_of(sheet, cells, account.currency)
    if moved.status == "pending" and not when:
        raise NotBooked
    if not _DAY_SHAPE.search(when) and words.state_of(when) == "pending":
        raise NotBooked  # "offen", "Pending" where the day will stand
    booked_on = _day(sheet, when)
    value = sheet.cell(cells, "value_on")
    if not moved.signed:
        raise Unreadable("nothing_moved")
    money_in = moved.signed > 0
    # An export with both parties names the other side by the direction of the money.
    other = ("payer", "payer_account", "payer_bank") if money_in else ("payee", "payee_account", "payee_bank")
    name = _named(sheet.cell(cells, "name")) or _named(sheet.cell(cells, other[0]))
    account_no = sheet.cell(cells, "account") or sheet.cell(cells, other[1])
    if not account_no and _IBAN_SHAPE.fullmatch(name):
        name, account_no = "", name
    if account_no and not name and "@" not in account_no and not any(map(str.isdigit, account_no)):
        name, account_no = account_no, ""  # "Counterparty" is a name at one bank and a number at another
    texts = [cells[at] for at in sheet.layout.texts if at < len(cells) and cells[at].casefold() not in NOTHING]
    reference = clean(sheet.cell(cells, "reference"))
    return Line(
        account.ref,
        number,
        booked_on,
        _day(sheet, value) if value else booked_on,
        account.currency,
        1 if money_in else -1,
        abs(moved.signed),
        payer_name=clean(name, MAX_NAME_CHARS),
        payer_account=clean_account(account_no),
        payer_bank=clean(sheet.cell(cells, "bank") or sheet.cell(cells, other[2]), MAX_NAME_CHARS),
        remittance=clean(" ".join(dict.fromkeys(filter(None, texts))), MAX_REMITTANCE_CHARS),
        bank_reference=reference,
        end_to_end_id=clean(sheet.cell(cells, "customer_reference")),
        raw_kind=clean(sheet.word(cells, "mark")),
        is_reversal=moved.is_reversal,
        entry_id=reference if sheet.survey.reference_is_id and len(reference) >= _MIN_ID_CHARS else "",
        status=moved.status,
    )


def _named(text: str) -> str:
    """Returns a name, empty for the dashes with which some banks fill a column."""
    return "" if not text.strip("-—_*/ ") else text


def _day(sheet: Sheet, text: str) -> date:
    try:
        return parse_date(short_year(text.strip()), sheet.survey.date_order, serial=sheet.table.is_workbook)
    except BadDate as fault:
        if fault.code == "empty":
            raise Unreadable("date_missing") from None
        code = "date_too_far" if fault.code == "day_out_of_range" else "not_a_date"
        raise Unreadable(code, found=quoted(text)) from None


def _note_balance(sheet: Sheet, cells: Sequence[str], line: Line, account: Account) -> Line:
    """Collects the balance behind a row; returns the line with it, where the row states one."""
    text = sheet.cell(cells, "balance")
    try:
        running = parse_amount(text, account.currency, sheet.survey.decimal_mark) if text else None
    except BadAmount:
        running = None
    if line.status != "booked":
        return line
    if running is None or not account.balanced:
        account.balanced = False
        return line._replace(running_balance_minor=running)
    balance = (line.booked_on, line.side * line.amount_minor, running)
    account.first = account.first or balance
    account.last = balance
    account.total += balance[1]
    return line._replace(running_balance_minor=running)


def _balances(account: Account) -> tuple[int | None, int | None, date | None]:
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


FORMAT: Final = BankFormat("table", {"csv": "CSV", "xlsx": "XLSX", "xls": "XLS"}, _matches, parse)
