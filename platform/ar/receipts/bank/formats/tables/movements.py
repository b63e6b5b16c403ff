"""What a row of a bank table moved: the amount by its columns, mark, sign or status, and whether it is booked.

Invariant: an empty amount is not zero, and a word that is not known is never a direction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ar.receipts.bank.formats.events import Unreadable, quoted
from ar.receipts.bank.formats.tables import words
from ar.receipts.bank.formats.tables.sheet import Sheet
from ar.receipts.bank.formats.tables.survey import mark_of
from kernel.money import BadAmount, parse_amount, parse_rounded_amount


class Movement(NamedTuple):
    """What moved: signed minor units, whether a negative figure takes money back, and whether it is booked."""

    signed: int
    is_reversal: bool = False
    status: str = "booked"


class NotMoney(Exception):
    """A row that says itself that no money of the account moved."""


def movement_of(sheet: Sheet, cells: Sequence[str], currency: str) -> Movement:
    """Returns what moved. Raises Unreadable for what is missing or not understood, NotMoney."""
    status = _status(sheet, cells)
    if sheet.survey.way == "status":
        return _of_bill(sheet, cells, currency)
    if sheet.survey.way == "columns":
        signed, is_reversal = _of_columns(sheet, cells, currency)
    else:
        amount = _minor(sheet, sheet.cell(cells, "amount"), currency)
        if amount is None:
            raise Unreadable("amount_missing", found=quoted(sheet.layout.header_of("amount")))
        if sheet.survey.way == "mark":
            word = sheet.word(cells, "mark")
            meaning = (sheet.mapping.mark_of(word) if sheet.mapping and word else None) or mark_of(word, sheet.layout)
            if meaning == "skip":
                raise NotMoney
            if meaning == "pending":
                meaning = "in"  # kept beside the money until the bank books it
            if meaning not in ("in", "out"):
                if not word:
                    raise Unreadable("no_side")
                raise Unreadable("unknown_mark", found=quoted(word), column=quoted(sheet.layout.header_of("mark")))
            # "支出 -100.00" is one statement written twice, not a reversal.
            signed, is_reversal = (amount, amount < 0) if meaning == "in" else (-abs(amount), False)
        else:
            flipped = sheet.mapping is not None and sheet.mapping.sign == "in_negative"
            signed, is_reversal = -amount if flipped else amount, False
    return Movement(signed, is_reversal, status)


def _of_columns(sheet: Sheet, cells: Sequence[str], currency: str) -> tuple[int, bool]:
    """Returns (signed minor units, is a reversal: negative figures in a one-sided column)."""
    money_in = _minor(sheet, sheet.cell(cells, "in"), currency)
    money_out = _minor(sheet, sheet.cell(cells, "out"), currency)
    if money_in is None and money_out is None:
        known = [quoted(sheet.layout.header_of(name)) for name in ("in", "out") if name in sheet.layout.at]
        raise Unreadable("amount_missing", found=" / ".join(known))
    if money_in and money_out:
        raise Unreadable("two_amounts")
    if sheet.survey.out_is_negative and money_out:
        money_out = abs(money_out)
    return money_in or -(money_out or 0), (money_in or money_out or 0) < 0


def _of_bill(sheet: Sheet, cells: Sequence[str], currency: str) -> Movement:
    """Returns what moved by a bill whose status says which of its two amounts it was."""
    word = sheet.word(cells, "status").upper()
    if word not in ("SUCCESS", "REFUND"):
        if word in ("REVOKED", "CLOSED", "NOTPAY", "PAYERROR"):
            raise NotMoney
        raise Unreadable("unknown_status", found=quoted(word), column=quoted(sheet.layout.header_of("status")))
    name = "in" if word == "SUCCESS" else "out"
    amount = _minor(sheet, sheet.cell(cells, name), currency)
    if amount is None:
        raise Unreadable("amount_missing", found=quoted(sheet.layout.header_of(name)))
    return Movement(amount if name == "in" else -abs(amount))


def _status(sheet: Sheet, cells: Sequence[str]) -> str:
    """Returns `booked` or `pending` as the row's status says. Raises NotMoney, Unreadable(`unknown_status`)."""
    word, mark = sheet.word(cells, "status") if sheet.survey.has_status else "", sheet.word(cells, "mark")
    if sheet.mapping and mark and sheet.mapping.mark_of(mark) == "pending":
        return "pending"
    if not word or sheet.survey.way == "status":
        return "booked"
    state = (sheet.mapping.mark_of(word) if sheet.mapping else None) or words.state_of(word)
    if state == "skip":
        raise NotMoney
    if state not in ("booked", "pending"):
        raise Unreadable("unknown_status", found=quoted(word), column=quoted(sheet.layout.header_of("status")))
    return state


def _minor(sheet: Sheet, text: str, currency: str) -> int | None:
    """Returns minor units, None for an empty cell. Raises Unreadable."""
    body = text.strip()
    if not body.strip("-—"):
        return None
    mark = sheet.survey.decimal_mark
    try:
        if sheet.mapping and sheet.mapping.rounding == "half_up":
            return parse_rounded_amount(body, currency, mark)[0]
        return parse_amount(body, currency, mark)
    except BadAmount as fault:
        if fault.code == "too_many_decimals":
            raise Unreadable("too_many_decimals", found=quoted(text), currency=currency) from None
        code = {"ambiguous": "ambiguous_amount", "too_large": "amount_too_large"}.get(fault.code, "not_an_amount")
        raise Unreadable(code, found=quoted(text)) from None
