"""Field types of input models: a decimal number and a currency code, both read strictly as typed.

Invariant: what is not plainly one is refused, not guessed.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Annotated

from pydantic import BeforeValidator

from kernel.i18n import mark
from kernel.money import exponent, withdrawn_on


def parse_decimal(value: object) -> object:
    """Parses a plain decimal number, with or without a per cent sign. Raises ValueError for any other text."""
    if not isinstance(value, str):
        return value
    text = value.strip().removesuffix("%").removesuffix("％").strip()
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = None
    if found is None or not found.is_finite() or "e" in text.lower() or "_" in text:
        raise ValueError(mark("Enter a number such as 4.35."))
    return found


def parse_currency(value: object) -> object:
    """Returns the currency code in upper case. Raises ValueError for an unknown code, or one of money that is none."""
    if isinstance(value, str):
        value = value.strip().upper()
        try:
            exponent(value)
        except ValueError:
            raise ValueError(mark("Enter a three-letter currency code, such as CNY.")) from None
        if withdrawn_on(value):
            raise ValueError(mark("This currency is no longer used anywhere. Enter the one that replaced it."))
    return value


Number = Annotated[Decimal, BeforeValidator(parse_decimal)]
Currency = Annotated[str, BeforeValidator(parse_currency)]
