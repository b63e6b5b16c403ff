"""Amounts as typed in the forms of losses. May import kernel.money only. Invariant: nothing is guessed."""

from __future__ import annotations

from kernel.errors import RuleBroken
from kernel.money import BadAmount, exponent, parse_amount


def read_amount(text: str, currency: str) -> int:
    """Minor units above 0. Raises RuleBroken (`amount_unreadable`, `amount_not_positive`, `currency_unknown`)."""
    try:
        exponent(currency)
        minor = parse_amount(text, currency)
    except BadAmount:
        raise RuleBroken("amount_unreadable", amount=text) from None
    except ValueError:
        raise RuleBroken("currency_unknown", currency=currency) from None
    if minor <= 0:
        raise RuleBroken("amount_not_positive", document_no="")
    return minor
