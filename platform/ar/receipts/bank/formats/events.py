"""Events that every parser of bank statements yields: openings, lines, closings, problems and questions, in file order.

Invariants: amounts are positive minor units with a side; every text is one line that can be stored; what a parser
cannot read is a Problem with the number of the line in the file, never an exception and never silence.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from kernel.bookable import is_bookable
from kernel.errors import RuleBroken
from kernel.money import MAX_MINOR, exponent
from kernel.texts import one_line

#: Longest name, reference and remittance stored; what banks write beyond that is padding.
MAX_NAME_CHARS: Final = 200
MAX_REFERENCE_CHARS: Final = 100
MAX_REMITTANCE_CHARS: Final = 1_000
MAX_QUOTED_CHARS: Final = 60

#: Of a movement: booked by the bank; announced and not booked yet; told for information and never money of its own.
STATUSES: Final = ("booked", "pending", "info")
#: German business transaction codes of money that goes back: a direct debit returned (B2B, core), a transfer returned.
RETURN_CODES: Final = frozenset({"108", "109", "159"})

_NOT_KEY = re.compile(r"[^0-9A-Z\u3400-\u9fff]+")
_DECIMAL = re.compile(r"([0-9]{1,18})(?:[.,]([0-9]{0,8}))?")


class Refused(RuleBroken):
    """The file as a whole cannot be read; codes begin with `bank_file_`."""


class Opened(NamedTuple):
    """The start of a statement. `ref` identifies it among the events; balances may be unknown (None) and are signed.

    `currency_stated`: the file says the currency; else it is that of our account, or of the company, and a guess.
    """

    ref: int
    account_no: str
    currency: str
    number: str = ""
    opening_minor: int | None = None
    on: date | None = None
    currency_stated: bool = True


class Line(NamedTuple):
    """One movement; `position` is its line or row in the file, `side` +1 money in, -1 money out.

    `entry_id`: the bank's own id of the movement, unique in the account (AcctSvcrRef, FITID, a serial number), or "".
    `running_balance_minor`: the balance behind the movement, signed, where the file states it. `status`: one of
    STATUSES; only `booked` is money. `is_reversal`: the bank's own correction of an entry (MT940 RC/RD, camt RvslInd);
    `is_return`: a payment or a direct debit sent back (camt RtrInf), with the bank's reason in `return_reason`.
    `split`: the payer's own division of the payment, document number → minor units (negative: a credit note that the
    payer sets off), as written in structured remittance information; it is the designation of art. 560 (Civil Code).
    """

    ref: int
    position: int
    booked_on: date
    value_on: date
    currency: str
    side: int
    amount_minor: int
    payer_name: str = ""
    payer_account: str = ""
    payer_bank: str = ""
    remittance: str = ""
    bank_reference: str = ""
    end_to_end_id: str = ""
    raw_kind: str = ""
    is_reversal: bool = False
    entry_id: str = ""
    running_balance_minor: int | None = None
    status: str = "booked"
    is_return: bool = False
    return_reason: str = ""
    split: tuple[tuple[str, int], ...] = ()


class Closed(NamedTuple):
    """The end of a statement. `opening_minor` only where it becomes known at the end."""

    ref: int
    closing_minor: int | None = None
    on: date | None = None
    opening_minor: int | None = None


class Problem(NamedTuple):
    """Something that could not be parsed, as code and parameters. `lost`: a movement is missing because of it."""

    line: int
    code: str
    params: dict[str, Any]
    lost: bool = True


class Question(NamedTuple):
    """Something about the file that only a person can answer; nothing of the file is imported until then.

    `line` is the row that raised it, 0 for the file as a whole. The answer is a mapping (`kernel.sheets.mapping`).
    """

    line: int
    code: str
    params: dict[str, Any]


Event = Opened | Line | Closed | Problem | Question


@dataclass(frozen=True, slots=True)
class Source:
    """A file to parse. `currency_of(account number as in the file)` serves formats that do not write a currency.

    `mapping` says how a table is read (the keys of `kernel.sheets.mapping`), None where nobody has said so. `notified`:
    payments that a notification beside the file names, by the bank's id of their entry.
    """

    data: bytes
    encoding: str
    filename: str = ""
    currency_of: Callable[[str], str] = lambda _account_no: "CNY"
    mapping: Mapping[str, Any] | None = None
    notified: Mapping[str, Any] = field(default_factory=dict)


Parser = Callable[[Source], Iterator[Event]]


#: What may stand before the first character of a text file: a byte order mark, blanks.
BLANKS: Final = b"\xef\xbb\xbf \r\n\t"


@dataclass(frozen=True, slots=True)
class BankFormat:
    """A format of bank files: its code, how its beginning is recognised, its parser.

    `names`: what people call it, by the code stored with a file (a table is stored as csv or xlsx). `matches` gets the
    first bytes as UTF-8; formats are asked in the order of `formats.FORMATS`.
    """

    code: str
    names: Mapping[str, str]
    matches: Callable[[bytes], bool]
    parse: Parser


class Unreadable(ValueError):
    """Part of a line cannot be parsed; parsers turn it into a Problem."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code, self.params = code, params


def problem(line: int, fault: Unreadable, *, lost: bool = True) -> Problem:
    """Returns the fault as an event; an amount of zero is told, and no movement is missing because of it."""
    return Problem(line, fault.code, fault.params, lost and fault.code != "nothing_moved")


def quoted(text: str) -> str:
    """Returns a text shortened for quoting in a message."""
    line = one_line(text)
    return line if len(line) <= MAX_QUOTED_CHARS else line[:MAX_QUOTED_CHARS] + "…"


def day(year: int, month: int, of_month: int, found: str) -> date:
    """Returns the date. Raises Unreadable naming a day that does not exist, such as 30 February."""
    if not 1 <= month <= 12 or not 1 <= of_month <= 31:
        raise Unreadable("not_a_date", found=quoted(found))
    try:
        read = date(year, month, of_month)
    except ValueError:
        raise Unreadable("no_such_day", found=quoted(found), day=of_month, month=month) from None
    if not is_bookable(read):
        raise Unreadable("date_too_far", found=quoted(found))
    return read


def parse_minor(text: str, currency: str) -> int:
    """Parses digits with one decimal mark (point or comma) to minor units, never negative. Raises Unreadable."""
    matched = _DECIMAL.fullmatch(text.strip())
    if matched is None:
        raise Unreadable("not_an_amount", found=quoted(text))
    decimals, fraction = decimals_of(currency), matched[2] or ""
    if fraction[decimals:].strip("0"):
        raise Unreadable("too_many_decimals", found=quoted(text), currency=currency)
    minor = int(matched[1] + fraction[:decimals].ljust(decimals, "0"))
    if minor > MAX_MINOR:
        raise Unreadable("amount_too_large", found=quoted(text))
    return minor


def decimals_of(currency: str) -> int:
    """Returns the decimals of a currency. Raises Unreadable for an unknown code."""
    try:
        return exponent(currency)
    except ValueError:
        raise Unreadable("unknown_currency", found=quoted(currency)) from None


def clean(text: str, most: int = MAX_REFERENCE_CHARS) -> str:
    """Returns a bank's text as it is stored: one line of at most `most` characters."""
    return one_line(text)[:most]


def clean_account(text: str) -> str:
    """Returns an account number as it is stored: without blanks, and without the mark that keeps a cell a text."""
    return clean(text).lstrip("'’`\t").replace(" ", "")


def account_key(number: str) -> str:
    """Returns an account number as it is compared: no blanks, dashes or slashes, upper case, narrow."""
    plain = number if number.isascii() else unicodedata.normalize("NFKC", number)
    return _NOT_KEY.sub("", plain.upper())


def account_keys(number: str) -> list[str]:
    """Returns the keys to look an account up by: whole, without the currency, and after the bank's code."""
    keys = [account_key(number)]
    if "/" in number:
        keys.append(account_key(number.rpartition("/")[2]))
    keys += [key[:-3] for key in keys if len(key) > 8 and key[-3:].isalpha() and key[:-3][-1].isdigit()]
    return [key for key in dict.fromkeys(keys) if key]


def line_key(line: Line) -> str:
    """Returns the hash by which a movement is the same in two files: days, amount, references, texts; not position."""
    texts = (
        line.payer_name,
        line.payer_account,
        line.remittance,
        line.bank_reference,
        line.end_to_end_id,
    )
    parts = [
        line.booked_on.isoformat(),
        line.value_on.isoformat(),
        str(line.side * line.amount_minor),
        line.currency,
        *(_plain(text) for text in texts),
    ]
    return blake2b("\x1f".join(parts).encode(), digest_size=16).hexdigest()


def same_words_key(*texts: str) -> str:
    """Returns texts as movements are compared by them: without width, case and blanks."""
    return "\x1f".join(_plain(text) for text in texts)


def _plain(text: str) -> str:
    """Width, case and blanks do not make another movement: the same bank writes them differently in CSV and XLSX."""
    folded = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return "".join(folded.casefold().split())
