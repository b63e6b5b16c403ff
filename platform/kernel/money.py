"""Amounts: integer minor units plus a currency; the only place that reads or writes an amount as text.

Invariant: no float ever enters, two currencies never meet, and a text that could mean two amounts is refused, not
guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
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


@lru_cache(maxsize=512)
def exponent(currency: str) -> int:
    """Returns the decimals of a currency by ISO 4217 (CNY 2, JPY 0, KWD 3). Raises ValueError for an unknown code."""
    if currency not in get_global("all_currencies"):
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
}
_FOREIGN = re.compile(r"[A-Z]{3}|[$\u20ac\u00a3\u00a5元円]")
_GROUPED = re.compile(r"(?:[0-9]{1,3}(?:([, '])[0-9]{3})(?:\1[0-9]{3})*|[0-9]+)?(?:\.([0-9]+))?")
_DIGITS_AND_MARKS = re.compile(r"[0-9., ']*[0-9][0-9., ']*")


def parse_amount(text: str, currency: str) -> int:
    """Parses an amount as people and ERPs write it; returns minor units of `currency`.

    Takes thousands separators (comma, space, apostrophe), full-width digits, the currency's own sign or code
    before or after, and a negative as brackets or as a leading or trailing minus. The decimal mark is the
    point. Raises BadAmount; raises ValueError for an unknown currency.
    """
    decimals = exponent(currency)
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
    return _parse_carefully(text, currency, decimals)


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


def _parse_carefully(text: str, currency: str, decimals: int) -> int:
    body = (text if text.isascii() else text.translate(_PLAIN)).strip()
    if not body:
        raise BadAmount("empty", text)
    body, sign = _take_sign(body, text)
    stripped = _take_affix(body, currency)
    if sign > 0 and stripped != body:  # "¥-5.00", "-5.00 CNY": the sign may stand on either side of the currency
        stripped, sign = _take_sign(stripped, text)
    matched = _GROUPED.fullmatch(stripped)
    if matched is None or not stripped[-1:].isdigit():
        raise BadAmount(_why_not(stripped), text)
    fraction = matched[2] or ""
    if len(fraction) > decimals:
        raise BadAmount("too_many_decimals", text)
    whole = stripped.partition(".")[0]
    if matched[1]:
        whole = whole.replace(matched[1], "")
    digits = whole + fraction
    if len(digits) > 40:
        raise BadAmount("too_large", text)
    minor = int(digits) * _SCALE[decimals - len(fraction)]
    if minor > MAX_MINOR:
        raise BadAmount("too_large", text)
    return sign * minor


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
