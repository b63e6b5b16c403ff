"""Parses single cells that need no file around them: identifiers, texts, words, whole numbers, currencies.

Invariant: a cell that is wrong raises BadCell with its column, what was expected and what was found.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from ar.imports.columns import CURRENCY_WORDS, KIND_WORDS, words
from ar.imports.rules.amounts import BadCell
from kernel.money import exponent
from kernel.sheets import header_key, is_damaged_number, is_error_word
from kernel.texts import BadAddress, mail_address, one_line

_CURRENCIES = words(CURRENCY_WORDS)
_KINDS = words(KIND_WORDS)


def identifier(column: str, found: str, most: int) -> str:
    """Parses an identifier, keeping leading zeros. Refuses scientific notation, a sign of a damaged long number."""
    line = text(column, found, most, needed=True)
    if "+" in line and is_damaged_number(line):
        raise BadCell(column, "number_damaged", found=line)
    return line


def text(column: str, found: str, most: int, *, needed: bool = False) -> str:
    """Parses a text of at most `most` characters, without invisible characters. Refuses the error of a formula."""
    line = one_line(found)
    if is_error_word(line):
        raise BadCell(column, "formula_error", found=line)
    if needed and not line:
        raise BadCell(column, "value_missing")
    if len(line) > most:
        raise BadCell(column, "too_long", most=most, found=len(line))
    return line


def required_text(column: str, found: str, most: int) -> str:
    """Parses a text that must not be empty."""
    return text(column, found, most, needed=True)


def word(column: str, code: str, found: str, known: dict[str, str]) -> str:
    """Parses one of the words of `known`, in either language."""
    value = known.get(header_key(found))
    if value is None:
        raise BadCell(column, code if found else "value_missing", found=found)
    return value


def document_kind(found: str) -> str:
    """Parses invoice, debit_note or credit_note; tries the exact word first, since it repeats in every row."""
    return _KINDS.get(found) or word("kind", "unknown_kind", found, _KINDS)


def is_kind(found: str) -> bool:
    """Returns whether a text is a known word for a kind of document."""
    return header_key(found) in _KINDS


def whole(column: str, found: str, most: int) -> int:
    """Parses a whole number from 0 to `most`; a trailing 天 or "days" is allowed."""
    digits = unicodedata.normalize("NFKC", found).casefold().removesuffix("天").removesuffix("days").strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) < 6) or int(digits) > most:
        raise BadCell(column, "not_whole_number", most=most, found=found)
    return int(digits)


def email_address(column: str, found: str) -> str:
    """Parses an e-mail address."""
    try:
        return mail_address(found)
    except BadAddress as fault:
        raise BadCell(column, fault.code, found=found) from None


@lru_cache(maxsize=1024)
def currency_code(found: str) -> str:
    """Parses an ISO 4217 code, RMB, or the Chinese name of a common currency."""
    code = _CURRENCIES.get(header_key(found)) or unicodedata.normalize("NFKC", found).upper()
    try:
        exponent(code)
    except ValueError:
        raise BadCell("currency", "unknown_currency" if found else "value_missing", found=found) from None
    return code
