"""Documents and customers named in the texts of a payment: token boundaries, likeness of names; pure.

Imports the standard library only. Invariants: a short number never matches inside a longer one ("INV-1" is not in
"INV-10"); what stands next to further digits or letters of the same run is a weak mention, never a strong one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_ATOM = re.compile(r"[A-Z0-9]+")
_NUMBER = re.compile(r"[-A-Z0-9_./# ]+")
_DIGIT = re.compile(r"[0-9]")
_PREFIXED = re.compile(r"([A-Z]{2,})(?=[0-9])")
_JOINERS: Final = frozenset("-_./#")
ATOMS_MAX: Final = 6
NUMBER_MAX: Final = 40
#: Digits alone are as likely a date, an amount or a telephone number unless they are this many.
DIGITS_MIN: Final = 6
TEXT_MAX: Final = 2_000
_LEGAL_FORMS: Final = (
    "股份有限公司",
    "有限责任公司",
    "集团有限公司",
    "有限公司",
    "公司",
    "COMPANYLIMITED",
    "COLTD",
    "LIMITED",
    "LTD",
    "INCORPORATED",
    "INC",
    "CORPORATION",
    "CORP",
    "COMPANY",
    "LLC",
    "PLC",
    "GMBH",
    "AG",
    "SA",
    "BV",
)


@dataclass(frozen=True, slots=True)
class Mention:
    """A number found in a text: its squashed form, as it was written, and whether it certainly is that number."""

    key: str
    written: str
    strong: bool


def widened(text: str) -> str:
    """How texts are compared: full width and case taken away."""
    return text.upper() if text.isascii() else unicodedata.normalize("NFKC", text).upper()


def number_key(number: str) -> str:
    """A document's number without what joins its parts: `INV-2026-000123` → `INV2026000123`. Empty: not to be found."""
    text = widened(number)
    if not _NUMBER.fullmatch(text):
        return ""
    key = "".join(_ATOM.findall(text))
    return key if len(key) >= 3 and _DIGIT.search(key) else ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text names: known numbers, and whether it also names one of our kind that is not known."""

    mentions: tuple[Mention, ...]
    unknown: bool


def read_numbers(text: str, known: Collection[str], prefixes: Collection[str]) -> Reading:
    """The numbers of `known` (keys) that `text` names, in the order they stand, the longest at each place.

    Strong: written in one piece, the run of characters around it holds nothing but such numbers and plain words,
    and it is not a short or date-like run of digits. `prefixes`: the letters that our numbers begin with.
    """
    wide = widened(text[:TEXT_MAX])
    atoms = _atoms(wide)
    covered = [False] * len(atoms)
    spans: list[tuple[int, int]] = []
    at = 0
    while at < len(atoms):
        length = next((n for n in range(min(ATOMS_MAX, len(atoms) - at), 0, -1) if _key(atoms, at, n) in known), 0)
        if length and _joined(wide, atoms, at, length):
            spans.append((at, length))
            covered[at : at + length] = [True] * length
        at += max(length, 1)
    found: list[Mention] = []
    for at, length in spans:
        key, written = _key(atoms, at, length), wide[atoms[at][1] : atoms[at + length - 1][2]]
        whole = " " not in written and _alone(wide, atoms, covered, at, -1)
        whole = whole and _alone(wide, atoms, covered, at + length - 1, 1)
        found.append(Mention(key, written, whole and not _doubtful(key)))
    once = {mention.key: mention for mention in sorted(found, key=lambda mention: mention.strong)}
    unknown = any(_ours(wide, atoms, covered, at, prefixes) for at in range(len(atoms)))
    return Reading(tuple(once.values()), unknown)


def prefix_of(key: str) -> str:
    """The letters a number's key begins with, at least two; else nothing."""
    found = _PREFIXED.match(key)
    return found.group(1) if found else ""


def written_in(text: str) -> set[str]:
    """Every piece of `text` that could be a document's number, as it would stand in the books: what to ask them for."""
    wide = widened(text[:TEXT_MAX])
    atoms = _atoms(wide)
    found = set()
    for at in range(len(atoms)):
        for n in range(1, min(ATOMS_MAX, len(atoms) - at) + 1):
            if not _joined(wide, atoms, at, n):
                break
            written = wide[atoms[at][1] : atoms[at + n - 1][2]]
            if 3 <= len(written) <= NUMBER_MAX and any(char.isdigit() for char in written):
                found.add(written)
    return found


def _atoms(wide: str) -> list[tuple[str, int, int]]:
    return [(found.group(), found.start(), found.end()) for found in _ATOM.finditer(wide)]


def _ours(
    text: str, atoms: list[tuple[str, int, int]], covered: list[bool], at: int, prefixes: Collection[str]
) -> bool:
    """A number that begins as ours do and that we do not know."""
    if covered[at]:
        return False
    atom = atoms[at][0]
    if prefix_of(atom) in prefixes:
        return True
    followed = at + 1 < len(atoms) and not covered[at + 1] and atoms[at + 1][0][0].isdigit()
    return atom in prefixes and followed and _joined(text, atoms, at, 2)


def _key(atoms: list[tuple[str, int, int]], at: int, length: int) -> str:
    return "".join(atom for atom, _start, _end in atoms[at : at + length])


def _joined(text: str, atoms: list[tuple[str, int, int]], at: int, length: int) -> bool:
    """Between its atoms stands one joiner or one blank: further apart they are not one number."""
    gaps = [text[atoms[place][2] : atoms[place + 1][1]] for place in range(at, at + length - 1)]
    return all(len(gap) == 1 and (gap in _JOINERS or gap == " ") for gap in gaps)


def _alone(text: str, atoms: list[tuple[str, int, int]], covered: list[bool], at: int, step: int) -> bool:
    """What follows in this direction does not make it a longer number."""
    next_at = at + step
    if not 0 <= next_at < len(atoms):
        return True
    gap = text[atoms[at][2] : atoms[next_at][1]] if step > 0 else text[atoms[next_at][2] : atoms[at][1]]
    if len(gap) != 1 or gap not in _JOINERS or covered[next_at]:
        return True
    # "RE.INV-1" and "INV-1/paid" are words beside a number; a digit or a hyphen would continue it.
    return gap in "./#" and atoms[next_at][0].isalpha()


def _doubtful(key: str) -> bool:
    if not key.isdigit():
        return len(key) < 4
    return len(key) < DIGITS_MIN or (len(key) == 8 and key[:2] in ("19", "20") and "01" <= key[4:6] <= "12")


@lru_cache(maxsize=65_536)
def plain_name(name: str) -> str:
    """A name without width, case, blanks and marks: two spellings of one legal name are equal in it."""
    return "".join(char for char in widened(name) if char.isalnum())


@lru_cache(maxsize=65_536)
def core_name(name: str) -> str:
    """The plain name without its legal form, so that 有限公司 does not make two strangers alike."""
    plain = plain_name(name)
    for form in _LEGAL_FORMS:
        if plain.endswith(form) and len(plain) > len(form) + 1:
            return plain[: -len(form)]
    return plain


def bigrams(text: str) -> frozenset[str]:
    """The pairs of neighbouring characters; a single character is itself."""
    return frozenset(text[at : at + 2] for at in range(len(text) - 1)) if len(text) > 1 else frozenset({text} - {""})


def likeness(one: str, other: str) -> int:
    """How alike two names are, in per cent: shared bigrams of their cores (Dice)."""
    left, right = bigrams(core_name(one)), bigrams(core_name(other))
    return 200 * len(left & right) // (len(left) + len(right)) if left and right else 0


def plain_account(account: str) -> str:
    """An account number without blanks and hyphens, as payers are compared by; empty for a mask such as `****1234`."""
    text = re.sub(r"[\s-]", "", widened(account))
    return text if len(text) >= 4 and text.isalnum() else ""
