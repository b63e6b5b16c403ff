"""Texts of bank statements: problems by line, states, error sentences of files and accounts.

Invariant: every code that a parser yields has a sentence here (a test checks it); quotations are unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from babel.lists import format_list

from ar.receipts.bank.formats import FORMATS, zipped
from ar.receipts.bank.formats.tables.names import PROFILE_NAMES
from kernel.i18n import current_language, gettext, mark
from kernel.money import format_minor

FINDINGS: Final[dict[str, str]] = {
    "no_such_day": mark("“%(found)s” is not a date: there is no %(day)s %(month)s."),
    "not_a_date": mark("“%(found)s” is not a date."),
    "date_missing": mark("The date is missing."),
    "date_too_far": mark("The date “%(found)s” is too far off."),
    "not_an_amount": mark("“%(found)s” is not an amount."),
    "ambiguous_amount": mark("Ambiguous amount: “%(found)s”."),
    "amount_too_large": mark("The amount “%(found)s” is too large."),
    "too_many_decimals": mark("%(currency)s does not have so many decimals: “%(found)s”."),
    "two_amounts": mark("Money in and money out are in the same row."),
    "nothing_moved": mark("The amount is zero. The row was left out."),
    "no_side": mark("It does not say whether money came in or went out."),
    "unknown_currency": mark("“%(found)s” is not a currency code."),
    "line_other_currency": mark("The amount is in %(found)s, the account in %(currency)s."),
    "balance_other_currency": mark("The balance is in %(found)s, the account in %(currency)s."),
    "not_a_balance": mark("The balance “%(found)s” cannot be read."),
    "not_a_movement": mark("The movement “%(found)s” cannot be read."),
    "line_without_statement": mark("A movement is not part of any statement."),
    "not_booked_yet": mark("Not booked by the bank yet (%(found)s). Left out; it will come with a later statement."),
    "date_of_statement": mark("The bank gives no date. The day of the statement is taken: %(day)s."),
    "unknown_mark": mark("“%(found)s” in the column “%(column)s” is not known as money in or money out."),
    "unknown_status": mark("“%(found)s” in the column “%(column)s” is not known as booked or not booked."),
    "amount_missing": mark("The amount is empty: %(found)s."),
    "number_shortened": mark(
        "“%(found)s” in the column “%(column)s” is a number that a spreadsheet has shortened: its last digits are lost."
        " Export the file again with the column as text."
    ),
    "zip_file_left_out": mark("“%(found)s” in the archive is no bank statement. Left out."),
    # Questions about a table as a whole.
    "columns_unknown": mark("It is not clear which columns are the day and the amounts."),
    "amount_column_unknown": mark("“%(column)s” may be money in or money out. Say what it is."),
    "mark_column_unknown": mark("“%(column)s” seems to say whether money came in or went out. Say so."),
    "direction_unclear": mark("“%(column)s” does not say whether money came in or went out."),
    "signs_against_balance": mark(
        "On %(day)s “%(column)s” is %(amount)s, but the balance goes from %(before)s to %(after)s: the other way."
        " Say under “Signs of the amounts” which sign is money in."
    ),
    "columns_against_balance": mark(
        "On %(day)s “%(column)s” is %(amount)s, but the balance goes from %(before)s to %(after)s: the other way."
        " Say which column is money in and which is money out."
    ),
    "marks_against_balance": mark(
        "On %(day)s “%(column)s” is “%(word)s”, but the balance goes from %(before)s to %(after)s: the other way."
        " Say which word is money in and which is money out."
    ),
    "out_all_negative": mark("“%(column)s” has only amounts below zero: paid out, or taken back?"),
    "date_order_unclear": mark("“%(column)s” has dates such as 02/11: day first or month first?"),
    "date_column_unclear": mark("“%(column)s” has no dates that can be read."),
    "not_money": mark("Not a movement of money (%(found)s). Left out."),
    # Refusals of `kernel.sheets`.
    "table_too_large": mark("The file has more than %(most)s bytes."),
    "table_too_many_rows": mark("The file has more than %(most)s rows. Split it."),
    "table_too_many_columns": mark("The file has more than %(most)s columns."),
    "table_line_too_long": mark("Line %(row)s has more than %(most)s characters: this is no table."),
    "table_encrypted": mark("The workbook is protected by a password. Save it without one and upload it again."),
    "table_cell_too_long": mark("Row %(row)s has a cell of more than %(most)s characters."),
    "table_empty": mark("The file is empty."),
    "table_no_such_sheet": mark("The workbook has no sheet “%(sheet)s”."),
    "table_no_such_row": mark("The file has no row %(row)s."),
    "table_kind": mark("This is neither a CSV file nor an XLSX workbook."),
    "table_encoding": mark("The text of the file is neither UTF-8 nor GB18030."),
    "table_malformed": mark("The file is damaged and cannot be read."),
    "table_bomb": mark("The workbook unpacks to far more than it says and is not opened."),
    "table_too_wide": mark(
        "The sheet spans %(found)s cells; at most %(most)s are read. Delete empty rows and columns."
    ),
    "balance_differs": mark(
        "Statement %(number)s: opening balance and lines differ from the closing balance by %(off)s %(currency)s."
    ),
}
MESSAGES: Final[dict[str, str]] = {
    "bank_file_empty": mark("The file is empty."),
    "bank_file_missing": mark("Choose a file."),
    "bank_file_unknown": mark(
        "This is not a bank statement that can be read. Upload a file in one of the formats named on this page; "
        "a table needs its header row."
    ),
    "bank_file_damaged": mark("The file is damaged and cannot be read further."),
    "bank_file_has_dtd": mark("The file brings definitions of its own (a DTD). For safety it is not opened."),
    "bank_file_entry_too_large": mark("One entry of the file is too large to be read."),
    "bank_file_version": mark("This is another message than camt.053 or camt.052 from version 2 on: “%(found)s”."),
    "bank_file_notification": mark(
        "This is a camt.054: it names the single payments of a batch. Upload it in one ZIP with the camt.053 of the"
        " day, or ask your bank for a camt.053 that itemises batches."
    ),
    "bank_file_other_format": mark(
        "This looks like %(found)s, which cannot be read. Ask your bank for camt.053, MT940, or a table in CSV or XLSX."
    ),
    "bank_file_zip_nothing": mark("There is no bank statement among the %(files)s files of the archive."),
    "bank_file_zip_too_many": mark("The archive has more than %(most)s files."),
    "bank_file_zip_too_large": mark("The files of the archive have more than %(most)s bytes together."),
    "bank_file_zip_locked": mark("The archive has a password. Upload the files without it."),
    "bank_file_no_statement": mark("There is no statement of an account in the file."),
    "bank_file_nothing_readable": mark("None of its lines could be read."),
    "bank_file_not_waiting": mark("This file is not waiting for anything."),
    "bank_file_not_found": mark("There is no such bank file."),
    "bank_file_broke": mark(
        "Something in this file could not be processed. It is in the log; ask your system administrator to look."
    ),
    "bank_file_other_account": mark(
        "The file is of the account %(found)s, you chose %(account)s. Choose the account of the file, or leave it as"
        " in the file."
    ),
    "bank_account_not_found": mark("There is no such bank account."),
    "bank_account_known": mark("The account %(number)s already exists."),
    "bank_account_currency": mark("The currency of an account does not change: it is %(currency)s."),
    "bank_account_other_currency": mark("That account is kept in %(currency)s, the statement is in %(found)s."),
    "bank_line_not_found": mark("There is no such bank line."),
    "chain_break_gone": mark("The balances have changed since this page was loaded. Reload it."),
    "duplicate_not_found": mark("There is no such question."),
    "duplicate_decided": mark("Somebody has already decided this question."),
    "bank_line_matched": mark("This line belongs to a receipt. Reverse the receipt first."),
}
STATES: Final[dict[str, tuple[str, str]]] = {
    "reading": (mark("Being read"), "quiet"),
    "mapping": (mark("What are the columns?"), "warn"),
    "asking": (mark("Which account?"), "warn"),
    "read": (mark("Read"), "ok"),
    "refused": (mark("Refused"), "late"),
}
LINE_STATES: Final[dict[str, tuple[str, str]]] = {
    "open": (mark("To match"), "warn"),
    "matched": (mark("Matched"), "ok"),
    "set_aside": (mark("Set aside"), "quiet"),
}
#: Filters of a file's lines: their states, and money out.
LINE_FILTERS: Final[dict[str, str]] = {
    "all": mark("All"),
    "open": mark("To match"),
    "matched": mark("Matched"),
    "set_aside": mark("Set aside"),
    "out": mark("Money out"),
}
WHY_NOT: Final[dict[str, str]] = {
    "unknown": mark("None of your accounts has this number. If it is one of them, written differently, choose it."),
    "unnamed": mark("The file does not say which account it is of."),
    "currency": mark("You keep this account in another currency."),
}
#: Code of a format as stored → what people call it.
FORMAT_NAMES: Final[dict[str, str]] = {
    code: name for each in (*FORMATS, zipped.FORMAT) for code, name in each.names.items()
}
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September", "October"),
    *("November", "December"),
)


def finding_text(code: str, params: Mapping[str, Any]) -> str:
    """Returns the sentence of a problem in the current language; the code itself when it has no text."""
    shown = dict(params)
    if code == "no_such_day":
        shown["month"] = _month(int(params["month"]))
    elif code == "balance_differs":
        shown["off"] = format_minor(int(params["off_minor"]), str(params["currency"]))
    text = FINDINGS.get(code) or MESSAGES.get(code, code)
    try:
        return gettext(text, **shown) if shown else gettext(text)
    except (KeyError, ValueError):
        return gettext(text)


def _month(number: int) -> str:
    if current_language() == "zh_CN":
        return f"{number}月"
    return _MONTHS[number - 1] if 1 <= number <= 12 else str(number)


def format_names() -> str:
    """Returns the names of all formats as a list in the current language: "MT940, camt.053 or CSV"."""
    names = [*FORMAT_NAMES.values()]
    return format_list(names, style="or", locale=current_language())


def format_text(name: str) -> str:
    """Returns the name of a format: `csv-icbc` as "CSV · 工行 ICBC", `zip-camt053` as "ZIP · camt.053"."""
    kind, _dash, rest = name.partition("-")
    within = PROFILE_NAMES.get(rest, FORMAT_NAMES.get(rest, rest))
    return " · ".join(filter(None, (FORMAT_NAMES.get(kind, kind), within)))
