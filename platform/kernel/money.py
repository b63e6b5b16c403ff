"""Amounts: integer minor units plus a currency; the only place that reads or writes an amount as text.

Invariant: no float ever enters, two currencies never meet, and a text that could mean two amounts is refused, not
guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from typing import Final

from babel.core import get_global
from babel.numbers import get_currency_symbol

from kernel.errors import RuleBroken

MINUS: Final = "\u2212"
NBSP: Final = "\u00a0"

#: The largest single amount accepted from outside: the sum of a hundred thousand of them still fits a bigint.
MAX_MINOR: Final = 10**14

# ISO 4217, not CLDR: CLDR rounds some living currencies to the coins in use (IDR, HUF…), a ledger may not.
_EXPONENTS: Final = {
    "BIF": 0,
    "CLP": 0,
    "DJF": 0,
    "GNF": 0,
    "ISK": 0,
    "JPY": 0,
    "KMF": 0,
    "KRW": 0,
    "PYG": 0,
    "RWF": 0,
    "UGX": 0,
    "UYI": 0,
    "VND": 0,
    "VUV": 0,
    "XAF": 0,
    "XOF": 0,
    "XPF": 0,
    "BHD": 3,
    "IQD": 3,
    "JOD": 3,
    "KWD": 3,
    "LYD": 3,
    "OMR": 3,
    "TND": 3,
    "CLF": 4,
    "UYW": 4,
}


@dataclass(frozen=True, slots=True)
class CurrencyTotal:
    """A number of things of one currency and the sum of their amounts, in minor units."""

    currency: str
    count: int
    amount_minor: int


class CurrencyMismatch(TypeError):
    """Two amounts of different currencies met in one sum or comparison."""

    def __init__(self, left: str, right: str) -> None:
        super().__init__(f"{left} and {right} cannot be combined without a dated rate")
        self.left, self.right = left, right


class BadAmount(ValueError):
    """A text that is not one unambiguous amount.

    `code` is one of `empty`, `not_a_number`, `ambiguous`, `too_many_decimals`, `other_currency`, `too_large`;
    `found` is the text as it stood in the source.
    """

    def __init__(self, code: str, found: str) -> None:
        super().__init__(f"{code}: {found!r}")
        self.code, self.found = code, found


#: Codes of ISO 4217 in which nobody owes money: metals, units of account, tests, "no currency".
_NO_MONEY: Final = frozenset(
    {"XXX", "XTS", "XAG", "XAU", "XPD", "XPT", "XBA", "XBB", "XBC", "XBD", "XDR", "XSU", "XUA"}
)
#: Ends that CLDR does not know yet.
_WITHDRAWN: Final = {"BGN": date(2025, 12, 31)}
#: Money that ended before this day is in nobody's open items.
_LONG_GONE: Final = date(2010, 1, 1)


@cache
def _last_days() -> dict[str, date]:
    """Returns currency → its last day as legal tender, for those that are none in any country."""
    living: set[str] = set()
    ended: dict[str, date] = dict(_WITHDRAWN)
    for periods in get_global("territory_currencies").values():
        for code, _since, until, tender in periods:
            if until is None:
                living.update([code] if tender else [])
            else:
                ended[code] = max(ended.get(code, date.min), date(*until))
    return {code: last for code, last in ended.items() if code in _WITHDRAWN or code not in living}


def withdrawn_on(currency: str) -> date | None:
    """Returns the last day of a currency that is no longer money anywhere (BGN: 2025-12-31), None for a living one."""
    return _last_days().get(currency)


def is_money_on(currency: str, on: date) -> bool:
    """Tells that a known currency may be owed in a document of that day: it was money then, and not long gone now."""
    ended = withdrawn_on(currency)
    return ended is None or (on <= ended and ended >= _LONG_GONE)


@lru_cache(maxsize=512)
def exponent(currency: str) -> int:
    """Returns the decimals of a currency by ISO 4217 (CNY 2, JPY 0, KWD 3).

    Also of money that ended, since old bank files name it; what books it asks `is_money_on`. Raises ValueError for an
    unknown code and for one that is no money (XXX, XAU).
    """
    if currency not in get_global("all_currencies") or currency in _NO_MONEY:
        raise ValueError(f"unknown currency code: {currency!r}")
    return _EXPONENTS.get(currency, 2)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of one currency; arithmetic and order exist only inside that currency."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"minor units are an int, not {type(self.minor).__name__}")
        exponent(self.currency)

    @classmethod
    def zero(cls, currency: str) -> Money:
        """Returns zero in `currency`."""
        return cls(0, currency)

    def _same(self, other: Money) -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch(self.currency, other.currency)
        return other.minor

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __abs__(self) -> Money:
        return Money(abs(self.minor), self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.minor > self._same(other)

    def __ge__(self, other: Money) -> bool:
        return self.minor >= self._same(other)

    def __bool__(self) -> bool:
        return self.minor != 0


# Not NFKC: that would turn "5²" into 52. Only what a keyboard or a spreadsheet makes of plain characters.
_PLAIN: Final = {
    **{wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)},
    **dict.fromkeys((0x3000, 0x00A0, 0x2007, 0x2009, 0x202F), " "),
    **dict.fromkeys((0x2212, 0x2010, 0x2011, 0x2012, 0x2013), "-"),
    0x2019: "'",
    0xFFE5: "\u00a5",
}
_AFFIXES: Final = {
    "CNY": ("CN\u00a5", "\u00a5", "CNY", "RMB", "人民币", "元"),
    "JPY": ("JP\u00a5", "\u00a5", "JPY", "円", "日元"),
    "USD": ("US$", "USD", "$"),
    "HKD": ("HK$", "HKD", "$"),
    "EUR": ("\u20ac", "EUR"),
    "GBP": ("\u00a3", "GBP"),
    "TWD": ("NT$", "TWD", "新台币", "$"),
    "SGD": ("S$", "SGD", "$"),
    "AUD": ("AU$", "A$", "AUD", "$"),
    "CAD": ("CA$", "C$", "CAD", "$"),
    "NZD": ("NZ$", "NZD", "$"),
    "MXN": ("MX$", "MXN", "$"),
    "BRL": ("R$", "BRL"),
    "MOP": ("MOP$", "MOP"),
    "INR": ("\u20b9", "INR", "RS.", "RS"),
    "KRW": ("\u20a9", "KRW", "원"),
    "CHF": ("CHF", "SFR.", "FR."),
    "RUB": ("\u20bd", "RUB"),
    "THB": ("\u0e3f", "THB"),
    "VND": ("\u20ab", "VND"),
    "PHP": ("\u20b1", "PHP"),
    "TRY": ("\u20ba", "TRY", "TL"),
    "ILS": ("\u20aa", "ILS"),
    "PLN": ("ZŁ", "PLN"),
    "CZK": ("KČ", "CZK"),
}
_FOREIGN = re.compile(r"[A-Z]{3}|[$\u20ac\u00a3\u00a5\u20b9\u20a9\u20bd元円]")
_GROUPED = re.compile(
    r"(?:[0-9]{1,3}(?:([, '])[0-9]{3})(?:\1[0-9]{3})*|[0-9]{1,2}(?:(,)[0-9]{2})+,[0-9]{3}|[0-9]+)?(?:\.([0-9]+))?"
)
#: "4.250": a fraction in one country, thousands in another, where the currency has two decimals.
_THOUSANDS = re.compile(r"[1-9][0-9]{0,2}")
_DIGITS_AND_MARKS = re.compile(r"[0-9., ']*[0-9][0-9., ']*")


def parse_amount(text: str, currency: str, decimal_mark: str | None = None) -> int:
    """Parses an amount as people and ERPs write it; returns minor units of `currency`.

    Takes thousands separators (comma, space, apostrophe; also Indian ones, 12,34,567), full-width digits, the
    currency's own sign or code before or after, a negative as brackets or as a leading or trailing minus, and zeros
    behind the last decimal of the currency. `decimal_mark`: "." or "," where the source has said it; None: the point,
    and what could be thousands is ambiguous. Raises BadAmount; raises ValueError for an unknown currency.
    """
    decimals = exponent(currency)
    if decimal_mark == ",":
        return _parse_carefully(_with_point(text), currency, decimals, text, told=True)[0]
    whole, point, fraction = text.partition(".")
    # The common cell, "1234.56", costs two C calls; everything else goes the careful way.
    if whole.isascii() and whole.isdigit() and len(whole) < 15:
        minor = MAX_MINOR + 1
        if not point:
            minor = int(whole) * _SCALE[decimals]
        elif len(fraction) <= decimals and fraction.isascii() and fraction.isdigit():
            minor = int(whole + fraction) * _SCALE[decimals - len(fraction)]
        if minor <= MAX_MINOR:
            return minor
    return _parse_carefully(text, currency, decimals, text, told=decimal_mark is not None)[0]


def parse_rounded_amount(text: str, currency: str, decimal_mark: str | None = None) -> tuple[int, bool]:
    """Parses as `parse_amount`, and rounds more decimals than the currency has half up (away from zero).

    Returns (minor units, was rounded). Raises BadAmount; raises ValueError for an unknown currency.
    """
    plain = _with_point(text) if decimal_mark == "," else text
    return _parse_carefully(plain, currency, exponent(currency), text, told=True, rounding=True)


_SWAPPED: Final = str.maketrans(".,", ",.")


def _with_point(text: str) -> str:
    """Returns an amount whose decimal mark is the comma with the marks exchanged."""
    return (text if text.isascii() else text.translate(_PLAIN)).translate(_SWAPPED)


def parse_positive_amount(text: str, currency: str) -> int:
    """Parses an amount typed into a form; returns minor units above zero.

    Raises RuleBroken (`amount_unreadable`, `amount_not_positive`, `currency_unknown`).
    """
    try:
        minor = parse_amount(text, currency)
    except BadAmount:
        raise RuleBroken("amount_unreadable", amount=text) from None
    except ValueError:
        raise RuleBroken("currency_unknown", currency=currency) from None
    if minor <= 0:
        raise RuleBroken("amount_not_positive", document_no="")
    return minor


_SCALE: Final = (1, 10, 100, 1000, 10000)


def _parse_carefully(
    text: str, currency: str, decimals: int, found: str, *, told: bool, rounding: bool = False
) -> tuple[int, bool]:
    """Returns (minor units, was rounded). `told`: the point is known to be the decimal mark; `found` is for errors."""
    body = (text if text.isascii() else text.translate(_PLAIN)).strip()
    if not body:
        raise BadAmount("empty", found)
    body, sign = _take_sign(body, found)
    stripped = _take_affix(body, currency)
    if sign > 0 and stripped != body:  # "¥-5.00", "-5.00 CNY": the sign may stand on either side of the currency
        stripped, sign = _take_sign(stripped, found)
    matched = _GROUPED.fullmatch(stripped)
    if matched is None or not stripped[-1:].isdigit():
        raise BadAmount(_why_not(stripped), found)
    whole, _point, fraction = stripped.partition(".")
    beyond = fraction[decimals:]
    if beyond.strip("0") and not rounding:
        raise BadAmount("too_many_decimals", found)
    if beyond and not told and len(fraction) == 3 and _THOUSANDS.fullmatch(whole):
        raise BadAmount("ambiguous", found)
    if separator := matched[1] or matched[2]:
        whole = whole.replace(separator, "")
    kept = fraction[:decimals]
    if len(whole) + len(kept) > 40:
        raise BadAmount("too_large", found)
    minor = int((whole + kept) or "0") * _SCALE[decimals - len(kept)] + (beyond[:1] >= "5")
    if minor > MAX_MINOR:
        raise BadAmount("too_large", found)
    return sign * minor, bool(beyond.strip("0"))


def _take_sign(body: str, found: str) -> tuple[str, int]:
    """Removes brackets or one minus; two signs at once are ambiguous."""
    marks = 0
    rest = body
    if rest.startswith("(") and rest.endswith(")"):
        rest, marks = rest[1:-1].strip(), marks + 1
    if rest.startswith("-"):
        rest, marks = rest[1:].lstrip(), marks + 1
    if rest.endswith("-"):
        rest, marks = rest[:-1].rstrip(), marks + 1
    if marks > 1:
        raise BadAmount("ambiguous", found)
    if not marks and rest.startswith("+"):
        rest = rest[1:].lstrip()
    return rest, -1 if marks else 1


def _take_affix(body: str, currency: str) -> str:
    for affix in _AFFIXES.get(currency, (currency,)):
        if body[: len(affix)].upper() == affix:
            return body[len(affix) :].lstrip()
        if body[-len(affix) :].upper() == affix:
            return body[: -len(affix)].rstrip()
    return body


def _why_not(stripped: str) -> str:
    if _DIGITS_AND_MARKS.fullmatch(stripped):
        return "ambiguous"  # 1.234,56 or 1,23: read in one country as this, in another as that
    if any("0" <= c <= "9" for c in stripped) and _FOREIGN.search(stripped.upper()):
        return "other_currency"
    return "not_a_number"


def decimal_text(minor: int, currency: str) -> str:
    """Formats an amount as plain ASCII ("-1234.50"): for CSV, JSON and log lines, never for people."""
    decimals = exponent(currency)
    digits = str(abs(minor)).rjust(decimals + 1, "0")
    sign = "-" if minor < 0 else ""
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}" if decimals else sign + digits


def split_figure(minor: int, currency: str, language: str = "en") -> tuple[str, str]:
    """Formats an amount in two parts for large figures: ("8,416,230", ".50"); the second part is empty for JPY.

    `language` stands in the signature because writing belongs to a language; English and Chinese write alike.
    """
    decimals = exponent(currency)
    whole, fraction = divmod(abs(minor), _SCALE[decimals])
    sign = MINUS if minor < 0 else ""
    return f"{sign}{whole:,}", f".{fraction:0{decimals}d}" if decimals else ""


def format_minor(minor: int, currency: str, language: str = "en") -> str:
    """Formats an amount, grouped, with the currency's own decimals and a true minus: "1,234,567.89", "−5.00"."""
    whole, fraction = split_figure(minor, currency, language)
    return whole + fraction


@lru_cache(maxsize=512)
def symbol(currency: str, language: str = "en") -> str:
    """Returns the currency's sign in that language ("¥" for CNY in Chinese, "CN¥" in English), else its code."""
    exponent(currency)
    return str(get_currency_symbol(currency, locale="zh_CN" if language.startswith("zh") else "en"))


def amounts_of(params: Mapping[str, object], language: str) -> dict[str, str]:
    """Returns `x` as an amount for each `x_minor` among the parameters of a sentence that name their `currency`."""
    currency = params.get("currency")
    return {
        name.removesuffix("_minor"): format_minor(value, str(currency), language)
        for name, value in params.items()
        if name.endswith("_minor") and isinstance(value, int) and currency
    }


def format_with_symbol(minor: int, currency: str, language: str = "en") -> str:
    """Formats as `format_minor` with the currency's sign: "¥1,234.00", "−US$5.00"; a code keeps a gap, "KWD 1.0"."""
    mark = symbol(currency, language)
    gap = NBSP if mark[-1].isalpha() else ""
    sign = MINUS if minor < 0 else ""
    return f"{sign}{mark}{gap}{format_minor(abs(minor), currency, language)}"
