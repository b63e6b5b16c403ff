"""Finds document numbers in payment texts and compares customer names.

Invariants: a short number never matches inside a longer one ("INV-1" is not in
"INV-10"); what stands next to further digits or letters of the same run is a weak mention, never a strong one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ar.receipts.rules.no_references import blank_other_figures, stands_as_reference

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
    """A document number found in a text: its comparison key, its spelling, and whether the match is certain."""

    key: str
    written: str
    strong: bool


def normalised(text: str) -> str:
    """Returns the text as it is compared: NFKC (full width to narrow), upper case."""
    return text.upper() if text.isascii() else unicodedata.normalize("NFKC", text).upper()


def number_key(number: str) -> str:
    """Returns a document number without separators: `INV-2026-000123` → `INV2026000123`; empty when unsearchable."""
    text = normalised(number)
    if not _NUMBER.fullmatch(text):
        return ""
    key = "".join(_ATOM.findall(text))
    return key if len(key) >= 3 and _DIGIT.search(key) else ""


@dataclass(frozen=True, slots=True)
class MentionedNumbers:
    """Known numbers that a text mentions; `unknown`: it also mentions a number in our format that is not known."""

    mentions: tuple[Mention, ...]
    unknown: bool


def find_mentioned_numbers(
    text: str, known: Collection[str], prefixes: Collection[str], amounts: Collection[str] = ()
) -> MentionedNumbers:
    """Finds the numbers of `known` (keys) that `text` mentions, in text order, the longest at each position.

    Strong: written in one piece, the run of characters around it holds nothing but such numbers and plain words,
    and it is not a short or date-like run of digits, nor one of `amounts` (what was paid, as digits) unless it stands
    as a reference. Amounts, dates, accounts, phone numbers and tax ids are no mentions. `prefixes`: the letters with
    which our numbers begin.
    """
    normal = normalised(text[:TEXT_MAX])
    atoms = _atoms(normal)
    spans, covered = _known_spans(normal, atoms, known)
    if any(_could_be_another_figure(_key(atoms, at, length)) for at, length in spans):
        normal = blank_other_figures(normal)
        atoms = _atoms(normal)
        spans, covered = _known_spans(normal, atoms, known)
    found: list[Mention] = []
    for at, length in spans:
        key, written = _key(atoms, at, length), normal[atoms[at][1] : atoms[at + length - 1][2]]
        whole = " " not in written and _ends_here(normal, atoms, covered, at, -1)
        whole = whole and _ends_here(normal, atoms, covered, at + length - 1, 1)
        doubtful = _is_ambiguous(key) or (key in amounts and not stands_as_reference(normal, atoms[at][1]))
        found.append(Mention(key, written, whole and not doubtful))
    once = {mention.key: mention for mention in sorted(found, key=lambda mention: mention.strong)}
    unknown = any(_looks_like_our_number(normal, atoms, covered, at, prefixes) for at in range(len(atoms)))
    return MentionedNumbers(tuple(once.values()), unknown)


def _known_spans(
    normal: str, atoms: list[tuple[str, int, int]], known: Collection[str]
) -> tuple[list[tuple[int, int]], list[bool]]:
    """Returns (first token, number of tokens) of each known number, and which tokens belong to one."""
    covered = [False] * len(atoms)
    spans: list[tuple[int, int]] = []
    at = 0
    while at < len(atoms):
        length = next((n for n in range(min(ATOMS_MAX, len(atoms) - at), 0, -1) if _key(atoms, at, n) in known), 0)
        if length and _is_one_number(normal, atoms, at, length):
            spans.append((at, length))
            covered[at : at + length] = [True] * length
        at += max(length, 1)
    return spans, covered


def _could_be_another_figure(key: str) -> bool:
    """Tells that a number is of digits, or of the shape of an account's or a tax number: two letters, then digits."""
    return not letter_prefix(key) or key[2:3].isdigit()


def letter_prefix(key: str) -> str:
    """Returns the letters (at least two) with which a number's key begins, else an empty text."""
    found = _PREFIXED.match(key)
    return found.group(1) if found else ""


def candidate_numbers(text: str) -> set[str]:
    """Returns every part of `text` that could be a document number, spelled as in the books, for a database lookup."""
    normal = normalised(text[:TEXT_MAX])
    atoms = _atoms(normal)
    found = set()
    for at in range(len(atoms)):
        for n in range(1, min(ATOMS_MAX, len(atoms) - at) + 1):
            if not _is_one_number(normal, atoms, at, n):
                break
            written = normal[atoms[at][1] : atoms[at + n - 1][2]]
            if 3 <= len(written) <= NUMBER_MAX and any(char.isdigit() for char in written):
                found.add(written)
    return found


def candidate_keys(text: str) -> set[str]:
    """Returns the key of every part of `text` that `find_mentioned_numbers` may look up, before and after blanking."""
    normal = normalised(text[:TEXT_MAX])
    found = set()
    for words in {normal, blank_other_figures(normal)}:
        atoms = _atoms(words)
        for at in range(len(atoms)):
            for n in range(1, min(ATOMS_MAX, len(atoms) - at) + 1):
                key = _key(atoms, at, n)
                if len(key) >= 3 and _DIGIT.search(key):
                    found.add(key)
    return found


def candidate_prefixes(text: str) -> set[str]:
    """Returns every run of letters in `text` that could be the letters with which our numbers begin."""
    normal = normalised(text[:TEXT_MAX])
    atoms = [atom for words in {normal, blank_other_figures(normal)} for atom, _start, _end in _atoms(words)]
    return {letter_prefix(atom) or atom for atom in atoms if len(atom) > 1 and atom[:2].isalpha()}


def _atoms(normal: str) -> list[tuple[str, int, int]]:
    return [(found.group(), found.start(), found.end()) for found in _ATOM.finditer(normal)]


def _looks_like_our_number(
    text: str, atoms: list[tuple[str, int, int]], covered: list[bool], at: int, prefixes: Collection[str]
) -> bool:
    """Tells that an unmatched token starts with one of our prefixes: a number in our format that is not known."""
    if covered[at]:
        return False
    atom = atoms[at][0]
    if letter_prefix(atom) in prefixes:
        return True
    followed = at + 1 < len(atoms) and not covered[at + 1] and atoms[at + 1][0][0].isdigit()
    return atom in prefixes and followed and _is_one_number(text, atoms, at, 2)


def _key(atoms: list[tuple[str, int, int]], at: int, length: int) -> str:
    return "".join(atom for atom, _start, _end in atoms[at : at + length])


def _is_one_number(text: str, atoms: list[tuple[str, int, int]], at: int, length: int) -> bool:
    """Tells that the tokens form one number: exactly one joiner or one blank between each two."""
    gaps = [text[atoms[place][2] : atoms[place + 1][1]] for place in range(at, at + length - 1)]
    return all(len(gap) == 1 and (gap in _JOINERS or gap == " ") for gap in gaps)


def _ends_here(text: str, atoms: list[tuple[str, int, int]], covered: list[bool], at: int, step: int) -> bool:
    """Tells that the number is not continued by the neighbouring token in this direction."""
    next_at = at + step
    if not 0 <= next_at < len(atoms):
        return True
    gap = text[atoms[at][2] : atoms[next_at][1]] if step > 0 else text[atoms[next_at][2] : atoms[at][1]]
    if len(gap) != 1 or gap not in _JOINERS or covered[next_at]:
        return True
    # "RE.INV-1" and "INV-1/paid" are words beside a number; a digit or a hyphen would continue it.
    return gap in "./#" and atoms[next_at][0].isalpha()


def _is_ambiguous(key: str) -> bool:
    if not key.isdigit():
        return len(key) < 4
    # 20261120 and 202611 are as likely a day and a month.
    is_date = len(key) in (6, 8) and key[:2] in ("19", "20") and "01" <= key[4:6] <= "12"
    return len(key) < DIGITS_MIN or is_date


@lru_cache(maxsize=65_536)
def normalised_name(name: str) -> str:
    """Returns a name without width, case, blanks and punctuation, so that two spellings of one name are equal."""
    return "".join(char for char in normalised(name) if char.isalnum())


@lru_cache(maxsize=65_536)
def name_without_legal_form(name: str) -> str:
    """Returns the normalised name without its legal form, so that 有限公司 does not count as similarity."""
    plain = normalised_name(name)
    for form in _LEGAL_FORMS:
        if plain.endswith(form) and len(plain) > len(form) + 1:
            return plain[: -len(form)]
    return plain


def bigrams(text: str) -> frozenset[str]:
    """Returns the pairs of neighbouring characters; of a single character, itself."""
    return frozenset(text[at : at + 2] for at in range(len(text) - 1)) if len(text) > 1 else frozenset({text} - {""})


def name_similarity_percent(one: str, other: str) -> int:
    """Returns the similarity of two names in per cent: Dice coefficient of their bigrams, legal forms left out."""
    left, right = bigrams(name_without_legal_form(one)), bigrams(name_without_legal_form(other))
    return 200 * len(left & right) // (len(left) + len(right)) if left and right else 0


def normalised_account(account: str) -> str:
    """Returns an account number as payers are compared by: no blanks or hyphens; empty for a mask (`****1234`)."""
    text = re.sub(r"[\s-]", "", normalised(account))
    return text if len(text) >= 4 and text.isalnum() else ""
