"""Says what kind of number a tax or register number is, and whether it contradicts itself (A11).

Pure. Invariant: nothing here refuses a number: real old ones misfit, so a named person may hold it against the
register.
"""

from __future__ import annotations

_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))


def has_invalid_check_character(tax_id: str) -> bool:
    """Returns True for an 18-digit unified social credit code whose check character is wrong (A11)."""
    if len(tax_id) != 18:
        return False
    try:
        places = [_USCC_ALPHABET.index(character) for character in tax_id.upper()]
    except ValueError:
        return True
    total = sum(place * weight for place, weight in zip(places[:17], _USCC_WEIGHTS, strict=True))
    return (31 - total % 31) % 31 != places[17]


def is_unified_code(tax_id: str) -> bool:
    """Returns True for a valid unified social credit code."""
    return len(tax_id) == 18 and not has_invalid_check_character(tax_id)
