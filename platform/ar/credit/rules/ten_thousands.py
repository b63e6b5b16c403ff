"""Reads and writes amounts in ten thousands of a currency (万元), as the forms of the policy have them.

Pure and exact: what is no whole number of minor units is refused; only what is named so is rounded. Source: R048, R300.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from kernel.money import exponent

UNIT: Final = 10_000
#: Digits, by thousands or not, and a point. A comma that groups no thousands could be a decimal mark: 5,5 is refused.
_PLAIN: Final = re.compile(r"(?:[0-9]{1,12}|[0-9]{1,3}(?:,[0-9]{3}){1,3})(?:\.[0-9]+)?")


def parse_ten_thousands(text: str, currency: str) -> int:
    """Returns minor units of `currency` for an amount typed in ten thousands ("12.5" is 125,000.00).

    Raises ValueError for what is not plainly a number, is negative, or has more decimals than the currency.
    """
    plain = unicodedata.normalize("NFKC", text).strip().removesuffix("万元").removesuffix("万").strip()
    if not _PLAIN.fullmatch(plain):
        raise ValueError("not an amount in ten thousands")
    minor = Decimal(plain.replace(",", "")) * UNIT * 10 ** exponent(currency)
    if minor != int(minor):
        raise ValueError("more decimals than the currency has")
    return int(minor)


def ten_thousands(minor: int, currency: str) -> str:
    """Returns an amount of minor units in ten thousands as plain text, without zeros at its end: "12.5"."""
    text = format(Decimal(minor) / (UNIT * 10 ** exponent(currency)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def ten_thousands_rounded(minor: int, currency: str) -> str:
    """Returns an amount in ten thousands with two decimals, rounded half up, for columns of figures: "11.56"."""
    amount = Decimal(minor) / (UNIT * 10 ** exponent(currency))
    return format(amount.quantize(Decimal("0.01"), ROUND_HALF_UP), "f")
