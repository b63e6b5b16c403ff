"""The columns of a bank table as the mapping page offers them, and the sample of a file that the page shows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise, permutations
from typing import Any, Final

from ar.receipts.bank.formats.tables import names
from ar.receipts.bank.formats.tables.layout import Layout, find_layout, is_header
from ar.receipts.bank.formats.tables.words import direction_of
from kernel.i18n import mark
from kernel.sheets import open_table
from kernel.sheets.mapping import ColumnGuess, ColumnMapping, Shape, Target
from kernel.sheets.samples import Sample, take_sample

_MONEY: Final = re.compile(r"[-+(]?\s*[^\w\s]{0,3}\s*\d[\d.,' ]*[.,]\d{2}\s*[-)]?")
#: What stands in the name of a company and seldom in a purpose.
_PARTY: Final = re.compile(
    r"公司|[厂店社]$|\b(?:GmbH|AG|KG|Ltd|Limited|Inc|LLC|Corp|Co|SARL|SAS|SpA|BV)\b", re.IGNORECASE
)
_WORD: Final = re.compile(r"[^\W\d_]{2}")
#: Rows that a running balance is found in: two could agree by chance.
_CHAIN_ROWS_MIN: Final = 3
_DAY: Final = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}\.?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|20\d{6}")
#: Name, label, shape of the cells.
_FIELDS: Final[tuple[tuple[str, str, Shape], ...]] = (
    ("booked_on", mark("Day of the booking"), "date"),
    ("value_on", mark("Value date"), "date"),
    ("in", mark("Money in"), "amount"),
    ("out", mark("Money out"), "amount"),
    ("amount", mark("Amount, both ways"), "amount"),
    ("mark", mark("In or out"), "word"),
    ("status", mark("Booked or not"), "word"),
    ("currency", mark("Currency"), "currency"),
    ("balance", mark("Balance behind the row"), "amount"),
    ("name", mark("Other party"), "text"),
    ("account", mark("Account of the other party"), "text"),
    ("bank", mark("Bank of the other party"), "text"),
    ("payer", mark("Payer"), "text"),
    ("payer_account", mark("Payer's account"), "text"),
    ("payer_bank", mark("Payer's bank"), "text"),
    ("payee", mark("Payee"), "text"),
    ("payee_account", mark("Payee's account"), "text"),
    ("payee_bank", mark("Payee's bank"), "text"),
    ("text", mark("Purpose"), "text"),
    ("reference", mark("The bank's own number"), "text"),
    ("customer_reference", mark("Reference of the payer"), "text"),
    ("own_account", mark("Our own account"), "text"),
)
TARGETS: Final = tuple(
    Target(name, name == "booked_on", label, others=names.NAMES.get(name, names.TEXTS), shape=shape)
    for name, label, shape in _FIELDS
)


def sample_of(data: bytes, filename: str = "", mapping: Mapping[str, Any] | None = None) -> Sample:
    """Returns the sample of a table for the mapping page, with guesses by our own rules first. Raises TableRefused."""
    told = ColumnMapping.model_validate(mapping) if mapping is not None else None
    table = open_table(data, filename, is_header, told=told)
    sample = take_sample(table, TARGETS)
    layout = find_layout(table.headers)
    guesses = _by_content([_guess(each, layout) for each in sample.guesses], sample)
    return replace(sample, guesses=guesses if sample.header_row else _without_headers(guesses, sample))


def _without_headers(guesses: list[ColumnGuess], sample: Sample) -> list[ColumnGuess]:
    """Guesses without headers: the first days are the booking's, companies the parties, long texts purposes."""
    days = [
        each.place
        for each in guesses
        if not each.target and (cells := sample.cells_at(each.place)) and all(map(_DAY.fullmatch, cells))
    ]
    if days and not any(each.target == "booked_on" for each in guesses):
        found = dict(zip(days, ("booked_on", "value_on"), strict=False))
        guesses = [
            replace(each, target=found[each.place], confidence="likely") if each.place in found else each
            for each in guesses
        ]
    texts = {each.place: sample.cells_at(each.place) for each in guesses if not each.target}
    texts = {place: cells for place, cells in texts.items() if not all(map(_MONEY.fullmatch, cells))}
    parties = [place for place, cells in texts.items() if 2 * sum(map(bool, map(_PARTY.search, cells))) > len(cells)]
    others = [cells for place, cells in texts.items() if place not in parties and any(map(_WORD.search, cells))]
    if len(parties) == 1 and others:
        del texts[parties[0]]
        guesses = [
            replace(each, target="name", confidence="likely") if each.place in parties else each for each in guesses
        ]
    lengths = {place: sum(map(len, cells)) for place, cells in texts.items()}
    longest = max(lengths, key=lambda place: lengths[place], default=None)
    if longest is None or not lengths[longest]:
        return guesses
    return [replace(each, target="text", confidence="likely") if each.place == longest else each for each in guesses]


def _guess(guess: ColumnGuess, layout: Layout) -> ColumnGuess:
    """Returns our own guess of a column; that of the frame where we have none and its field is free."""
    name = next((name for name, place in layout.at.items() if place == guess.place and name in _NAMES), "")
    if not name and layout.texts[:1] == (guess.place,) and "text" not in layout.at:
        name = "text"
    if name:
        return replace(guess, target=name, confidence="sure")
    taken = guess.target in layout.at or (guess.target == "text" and bool(layout.texts))
    if taken or not guess.target:
        return replace(guess, target="", confidence="none")
    return replace(guess, confidence="likely")


def _by_content(guesses: list[ColumnGuess], sample: Sample) -> list[ColumnGuess]:
    """Adds guesses by what stands in the columns: the only one of money, and one whose words are directions."""
    taken = {each.target for each in guesses}
    free = [each for each in guesses if not each.target]
    money = [
        each.place
        for each in free
        if (cells := [row.cells[each.place] for row in sample.rows if row.cells[each.place]])
        and all(_MONEY.fullmatch(cell) for cell in cells)
    ]
    marks = [
        each.place
        for each in free
        if (words := sample.words.get(str(each.place))) and all(direction_of(word) for word in words)
    ]
    found = {} if taken & {"in", "out", "amount", "balance"} else _by_balance(money, sample)
    if not found and len(money) == 1 and not taken & {"in", "out", "amount"}:
        found[money[0]] = "amount"
    if len(marks) == 1 and "mark" not in taken:
        found[marks[0]] = "mark"
    return [
        replace(each, target=found[each.place], confidence="likely") if each.place in found else each
        for each in guesses
    ]


def _by_balance(money: list[int], sample: Sample) -> dict[int, str]:
    """Returns the columns of money whose amounts make up the running balance of another one, forwards or backwards."""
    rows = [row.cells for row in sample.rows if not row.reason]
    if len(rows) < _CHAIN_ROWS_MIN:
        return {}
    values = {place: [_value(cells[place]) for cells in rows] for place in money}
    for balance, *moved in permutations(money, 3):
        sums = [came - went for came, went in zip(values[moved[0]], values[moved[1]], strict=True)]
        both = any(values[moved[0]]) and any(values[moved[1]])
        if both and _is_chain(values[balance], sums):
            return {balance: "balance", moved[0]: "in", moved[1]: "out"}
    for balance, amount in permutations(money, 2):
        if _is_chain(values[balance], values[amount]):
            return {balance: "balance", amount: "amount"}
    return {}


def _is_chain(balances: list[Decimal], moved: list[Decimal]) -> bool:
    """Returns whether each balance is the one before it with what moved, the oldest row first or last."""
    steps = [later - earlier for earlier, later in pairwise(balances)]
    return any(steps) and (steps == moved[1:] or [-step for step in steps] == moved[:-1])


def _value(cell: str) -> Decimal:
    """Returns an amount of the sample, in any unit that one file keeps; an empty cell moves nothing."""
    digits = re.sub(r"[^\d]", "", cell)
    sign = -1 if cell.strip()[:1] in ("-", "(") or cell.strip()[-1:] == "-" else 1
    decimals = re.search(r"[.,](\d{2})\D*$", cell)
    return sign * Decimal(digits or 0) / (100 if decimals else 1)


_NAMES: Final = frozenset(name for name, _label, _shape in _FIELDS)
