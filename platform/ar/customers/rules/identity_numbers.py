"""Says whether a tax or register number contradicts itself, and what kind of number it is (A11).

Check characters are those of python-stdnum. Its whole checks of Chinese numbers are not used, as they refuse true ones
(`findings/stdnum_numbers_of_china.sh`): codes of authorities with a letter, people older than the code of their county.
Pure. Invariant: nothing here refuses a number: real old ones misfit, so a named person may hold it against the
register.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from typing import Final

from stdnum import lei
from stdnum.cn import ric, uscc
from stdnum.eu import vat
from stdnum.exceptions import ValidationError

CODE_LENGTH: Final = 18
#: Legal forms whose number may be that of a person.
_PEOPLE: Final = frozenset({"sole_trader", "person"})
_CODE: Final = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
#: A unified code with one character too few or too many, the commonest misprint.
_CODE_MISPRINT: Final = re.compile(r"[159][1239][0-9]{6}(.{9}|.{11})")
_PERSON: Final = re.compile(r"[1-8][0-9]{16}[0-9X]")
_LEI: Final = re.compile(r"(?=.*[A-Z])[0-9A-Z]{18}[0-9]{2}")
#: 98 minus a remainder, so never 00, 01 or 99, which pass in python-stdnum (`findings/stdnum_second_check_digits.sh`).
_LEI_CHECK: Final = re.compile(r"0[2-9]|[1-8][0-9]|9[0-8]")
_VAT: Final = re.compile(r"[A-Z]{2}[0-9A-Z+*]{2,13}")
_VAT_COUNTRIES: Final = frozenset(vat.MEMBER_STATES) | {"el"}


class Doubt(StrEnum):
    """Why a number is doubtful; each has a sentence in `ar.customers.messages.DOUBTS`."""

    CHECK_CHARACTER = "check_character"
    LENGTH = "length"
    IDENTITY_CARD = "identity_card"
    VAT = "vat"
    LEI = "lei"


def compact(number: str) -> str:
    """Returns a number as it is compared: without blanks and hyphens, capital, in half-width characters."""
    return re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", number)).upper()


def doubt_about(entity_type: str, tax_id: str) -> Doubt | None:
    """Returns why a number cannot be taken as it is; None: nothing speaks against it, or it is of no known kind."""
    number = compact(tax_id)
    if is_identity_card(number):
        return None if entity_type in _PEOPLE else Doubt.IDENTITY_CARD
    if entity_type == "person" and _PERSON.fullmatch(number):
        return Doubt.CHECK_CHARACTER
    if len(number) == CODE_LENGTH and entity_type != "foreign_company":
        return None if is_unified_code(number) else Doubt.CHECK_CHARACTER
    if _CODE_MISPRINT.fullmatch(number):
        return Doubt.LENGTH
    if _LEI.fullmatch(number):
        return None if _LEI_CHECK.fullmatch(number[-2:]) and lei.is_valid(number) else Doubt.LEI
    if _VAT.fullmatch(number) and number[:2].lower() in _VAT_COUNTRIES:
        return None if vat.is_valid(number) else Doubt.VAT
    return None


def is_unified_code(number: str) -> bool:
    """Whether it is a unified social credit code whose check character fits, and no person's identity number."""
    code = compact(number)
    return bool(_CODE.fullmatch(code)) and uscc.calc_check_digit(code[:-1]) == code[-1] and not is_identity_card(code)


def is_identity_card(number: str) -> bool:
    """Whether it is the number of a Chinese identity card: its check character fits, and it holds a day of birth."""
    card = compact(number)
    if not _PERSON.fullmatch(card) or ric.calc_check_digit(card) != card[-1]:
        return False
    try:
        return 1850 <= ric.get_birth_date(card).year <= 2100
    except ValidationError:
        return False
