"""Compares account numbers however they are written: as IBAN, as bank code and account, as the account alone.

Invariant: pure; two numbers are the same only where each says bank and account, or one of them is the account alone
and nothing else of ours could be meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeVar

from ar.receipts.bank.formats.events import account_key, account_keys

T = TypeVar("T")

#: Country → (bank code, account) within what follows the check digits of its IBAN, as (from, to). Source: the SWIFT
#: registry of IBANs (ISO 13616); the bank code is the part that is written before the account in the country itself.
_PARTS: Final[dict[str, tuple[tuple[int, int], tuple[int, int]]]] = {
    "AT": ((0, 5), (5, 16)),
    "BE": ((0, 3), (3, 10)),
    "CH": ((0, 5), (5, 17)),
    "CZ": ((0, 4), (4, 20)),
    "DE": ((0, 8), (8, 18)),
    "DK": ((0, 4), (4, 14)),
    "ES": ((0, 8), (10, 20)),
    "FI": ((0, 6), (6, 14)),
    "FR": ((0, 10), (10, 21)),
    "GB": ((4, 10), (10, 18)),
    "IE": ((4, 10), (10, 18)),
    "IT": ((1, 11), (11, 23)),
    "LI": ((0, 5), (5, 17)),
    "LU": ((0, 3), (3, 16)),
    "NL": ((0, 4), (4, 14)),
    "NO": ((0, 4), (4, 11)),
    "PL": ((0, 8), (8, 24)),
    "PT": ((0, 8), (8, 19)),
    "SE": ((0, 3), (3, 20)),
    "SK": ((0, 4), (4, 20)),
}
#: Check digits lie between 02 and 98, though 00, 01 and 99 leave the remainder of 97, 98 and 02.
_IBAN: Final = re.compile(r"[A-Z]{2}(?:0[2-9]|[1-8]\d|9[0-8])[A-Z0-9]{11,30}")
_PIECES: Final = re.compile(r"[/\s]+")
#: Where the account comes before the bank: a bank code of so many digits behind the slash (Czech, Slovak).
_SHORT_BANK: Final = 4
#: An account alone is compared from so many digits on, and two whole numbers of one length from so many.
_MIN_ACCOUNT_CHARS: Final = 4
_MIN_WHOLE_CHARS: Final = 8


@dataclass(frozen=True, slots=True)
class Forms:
    """The spellings of one account: `whole` say bank and account; `account` without leading zeros; `iban` if it is one.

    `is_bare`: the number is an account without its bank.
    """

    whole: frozenset[str]
    account: str
    iban: str = ""
    is_bare: bool = False


@lru_cache(maxsize=4096)
def forms_of(number: str) -> Forms:
    """Returns the spellings by which an account number is compared; none for an empty one."""
    keys = [key for key in account_keys(number) if is_iban(key)]
    return _of_iban(keys[0]) if keys else _of_domestic(number)


def is_iban(key: str) -> bool:
    """Tells that a number without blanks is an IBAN with right check digits (ISO 7064, remainder 1 by 97)."""
    if not _IBAN.fullmatch(key):
        return False
    return int("".join(str(int(character, 36)) for character in key[4:] + key[:4])) % 97 == 1


def matching(number: str, candidates: Iterable[tuple[str, T]]) -> T | None:
    """Returns what has the same account number; the account alone suffices where only one candidate has it."""
    wanted, numbered = forms_of(number), list(candidates)
    exact = [each for own, each in numbered if account_key(own) and account_key(own) == account_key(number)]
    whole = [each for own, each in numbered if wanted.whole & forms_of(own).whole]
    if exact or whole:
        return (exact or whole)[0]
    alone = [each for own, each in numbered if _same_account_alone(wanted, forms_of(own))]
    return alone[0] if len(alone) == 1 else None


def contradict(number: str, other: str) -> bool:
    """Tells that two numbers, written the same way, are those of two accounts."""
    one, two = forms_of(number), forms_of(other)
    if one.whole & two.whole or _same_account_alone(one, two):
        return False
    if one.iban or two.iban:
        return bool(one.iban and two.iban)
    keys = account_key(number), account_key(other)
    return all(key.isdigit() for key in keys) and len(keys[0]) == len(keys[1]) >= _MIN_WHOLE_CHARS


def _same_account_alone(one: Forms, two: Forms) -> bool:
    long_enough = len(one.account) >= _MIN_ACCOUNT_CHARS
    return (one.is_bare or two.is_bare) and long_enough and one.account == two.account


def _of_iban(key: str) -> Forms:
    rest = key[4:]
    places = _PARTS.get(key[:2])
    if places is None:
        return Forms(frozenset({key, rest}), "", key)
    bank, account = (rest[start:end] for start, end in places)
    whole = {key, key[2:], rest, bank + account, _pair(bank, account)}
    if key[:2] in ("CZ", "SK"):
        whole.add(_pair(account, bank))
    return Forms(frozenset(whole), account.lstrip("0"), key)


def _of_domestic(number: str) -> Forms:
    pieces = [account_key(piece) for piece in _PIECES.split(number.strip()) if account_key(piece)]
    keys = frozenset(account_keys(number)[:1])
    if len(pieces) != 2 or not all(any(map(str.isdigit, piece)) for piece in pieces):
        return Forms(keys, account_key(number).lstrip("0"), is_bare=True)
    first, second = pieces
    account = first if len(second) <= _SHORT_BANK < len(first) else second
    return Forms(keys | {_pair(first, second)}, account.lstrip("0"))


def _pair(first: str, second: str) -> str:
    """Returns two parts of a number as they are compared: leading zeros are written or not."""
    return f"{first.lstrip('0')}/{second.lstrip('0')}"
