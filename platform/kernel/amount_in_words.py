"""Amounts in words: Chinese capitals (大写) as bank papers want them, and English words.

Invariant: `from_capitals(in_capitals(x)) == x`, and a text that says an amount in a way no clerk would write it is
refused.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from babel.numbers import get_currency_name

from kernel.money import BadAmount, exponent

_DIGITS: Final = "零壹贰叁肆伍陆柒捌玖"
_VALUES: Final = {digit: value for value, digit in enumerate(_DIGITS)}
_UNITS: Final = {"拾": 10, "佰": 100, "仟": 1000}
_FRACTIONS: Final = "角分厘毫"


def in_capitals(minor: int, currency: str) -> str:
    """Writes an amount in Chinese financial numerals (大写) behind the currency's name, without a blank.

    整 is added when it ends at 元, not when at 角 or 分. A nought between figures is written once as 零, also
    after 元 when the yuan figure is nought and 角 is not. A negative (红字) carries 负 after the name.
    """
    sign = "负" if minor < 0 else ""
    return f"{_prefix(currency)}{sign}{_figures(abs(minor), exponent(currency))}"


def from_capitals(text: str, currency: str = "CNY") -> int:
    """Parses an amount in Chinese capitals to minor units; takes 圆 for 元, 正 for 整 and each 零 that may be left out.

    Raises BadAmount with code `not_capitals`.
    """
    body = "".join(text.split()).replace("圆", "元").replace("正", "整").replace("(", "（").replace(")", "）")
    body, before = _take_negative(body)
    body, after = _take_negative(body.removeprefix(_prefix(currency)))
    if (before and after) or not any(c in _VALUES for c in body):
        raise BadAmount("not_capitals", text)
    decimals = exponent(currency)
    try:
        minor = _read(body.removesuffix("整"), decimals)
    except ValueError:
        raise BadAmount("not_capitals", text) from None
    # Every 零 and 整 is decoration: what is left must be exactly how this amount is written.
    if _bare(_figures(minor, decimals)) != _bare(body):
        raise BadAmount("not_capitals", text)
    return -minor if before or after else minor


def amount_in_words(minor: int, currency: str, language: str) -> str:
    """Writes an amount in words of the document's language: capitals for Chinese, English words otherwise."""
    return in_capitals(minor, currency) if language.startswith("zh") else in_words_en(minor, currency)


def in_words_en(minor: int, currency: str) -> str:
    """Writes an amount in English words as on a cheque: "One thousand four hundred nine Chinese yuan and 50/100"."""
    scale = 10 ** exponent(currency)
    whole, fraction = divmod(abs(minor), scale)
    name = get_currency_name(currency, count=1 if whole == 1 else 2, locale="en")
    words = f"{'minus ' if minor < 0 else ''}{_words(whole)} {name}"
    if scale > 1:
        words += f" and {fraction:0{exponent(currency)}d}/{scale}"
    return words[0].upper() + words[1:]


@lru_cache(maxsize=512)
def _prefix(currency: str) -> str:
    exponent(currency)
    return "人民币" if currency == "CNY" else str(get_currency_name(currency, locale="zh_CN"))


def _figures(minor: int, decimals: int) -> str:
    whole, fraction = divmod(minor, 10**decimals)
    text = _integer(whole) + "元" if whole else ""
    digits = [int(c) for c in str(fraction).rjust(decimals, "0")] if decimals else []
    if not any(digits):
        return (text or "零元") + "整"
    gap = bool(text) and (whole % 10 == 0)
    for value, unit in zip(digits, _FRACTIONS, strict=False):
        if value:
            text += ("零" if gap and text else "") + _DIGITS[value] + unit
        gap = value == 0
    return text


def _integer(number: int) -> str:
    """Below 亿 in groups of four; above it the same words again in front of 亿 (so 万亿 comes out right)."""
    for size, unit in ((10**8, "亿"), (10**4, "万")):
        if number >= size:
            high, low = divmod(number, size)
            joint = "零" if 0 < low < size // 10 else ""
            return _integer(high) + unit + joint + (_integer(low) if low else "")
    text, gap = "", False
    for size, unit in ((1000, "仟"), (100, "佰"), (10, "拾"), (1, "")):
        digit = number // size % 10
        if digit:
            text += ("零" if gap and text else "") + _DIGITS[digit] + unit
        gap = digit == 0
    return text


def _take_negative(body: str) -> tuple[str, bool]:
    for mark in ("负", "（负数）"):
        if body.startswith(mark):
            return body.removeprefix(mark), True
    return body, False


def _bare(text: str) -> str:
    return text.replace("零", "").replace("整", "")


def _read(body: str, decimals: int) -> int:
    whole, mark, rest = body.rpartition("元")
    minor = _read_integer(whole) * 10**decimals if mark else 0
    for position, unit in enumerate(_FRACTIONS[:decimals], start=1):
        before, found, after = rest.partition(unit)
        if found:
            minor += _VALUES.get(before[-1:], -1) * 10 ** (decimals - position)
            rest = after
    return minor


def _read_integer(text: str) -> int:
    for unit, size in (("亿", 10**8), ("万", 10**4)):
        if unit in text:
            high, _, low = text.rpartition(unit)
            return _read_integer(high) * size + _read_integer(low)
    total = digit = 0
    for character in text:
        if character in _UNITS:
            total, digit = total + digit * _UNITS[character], 0
        elif character in _VALUES:
            digit = _VALUES[character]
        else:
            raise ValueError(character)
    return total + digit


_SMALL: Final = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"),
    *("twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS: Final = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def _words(number: int) -> str:
    for size, name in ((10**15, "quadrillion"), (10**12, "trillion"), (10**9, "billion"), (10**6, "million")):
        if number >= size:
            return _joined(number, size, name)
    if number >= 1000:
        return _joined(number, 1000, "thousand")
    if number >= 100:
        return _joined(number, 100, "hundred")
    if number >= 20:
        ten, one = divmod(number, 10)
        return _TENS[ten] + (f"-{_SMALL[one]}" if one else "")
    return _SMALL[number]


def _joined(number: int, size: int, name: str) -> str:
    high, low = divmod(number, size)
    return f"{_words(high)} {name}" + (f" {_words(low)}" if low else "")
