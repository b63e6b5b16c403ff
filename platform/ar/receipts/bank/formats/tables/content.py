"""What the cells of a column say where its header is not enough: currencies under "Valuta", S and H under no header.

Invariant: pure; only what every filled cell says is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from ar.receipts.bank.formats.account_numbers import is_iban
from ar.receipts.bank.formats.events import account_key
from ar.receipts.bank.formats.tables import words
from ar.receipts.bank.formats.tables.layout import Layout
from kernel.money import exponent

#: So many rows are looked at.
ROWS_SEEN: Final = 200
#: A mark column has at most so many different words.
_MAX_MARKS: Final = 6
_CODE = re.compile(r"[A-Z]{3}")
_WRITTEN = re.compile(r"[A-Z]{3}|[£€₹$]")
_SIGNS: Final = {"£": "GBP", "€": "EUR", "₹": "INR"}
DOLLAR: Final = "$"
#: Currencies whose sign is the dollar.
DOLLARS: Final = frozenset({"USD", "HKD", "SGD", "AUD", "CAD", "NZD", "TWD", "MXN"})
_IBAN = re.compile(r"[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}")


def by_content(layout: Layout, rows: Sequence[Sequence[str]], *, told: bool) -> Layout:
    """Returns the layout with what the cells themselves say; what a person said stays."""
    at = dict(layout.at)
    cells = _filled(rows, at.get("value_on"))
    if cells and not told and all(map(_is_currency, cells)) and at.get("booked_on") != at["value_on"]:
        at.setdefault("currency", at["value_on"])
        del at["value_on"]
    if not told and "amount" in at and "mark" not in at and not {"in", "out"} & at.keys():
        named = {place for place, header in enumerate(layout.headers) if header}
        moved = len(_filled(rows, at["amount"]))
        for place in set(range(max(map(len, rows), default=0))) - named:
            marks = _filled(rows, place)
            said = {words.direction_of(word) for word in set(marks)} if len(set(marks)) <= _MAX_MARKS else {None}
            if len(marks) >= moved > 0 and said <= {"in", "out"}:
                at["mark"] = place
                break
    return replace(layout, at=at) if at != layout.at else layout


def written_currency(layout: Layout, rows: Sequence[Sequence[str]]) -> str:
    """Returns the currency that all amounts carry ("-95,20EUR", "£95.20"), DOLLAR for its sign, else nothing."""
    found = {
        (_WRITTEN.search(cell.upper()) or [""])[0]
        for name in ("in", "out", "amount")
        for cell in _filled(rows, layout.at.get(name))
        if any(character.isdigit() for character in cell)
    }
    sign = found.pop() if len(found) == 1 else ""
    return sign if sign == DOLLAR else _SIGNS.get(sign, sign if _is_currency(sign) else "")


def iban_in(cells: Iterable[str]) -> str:
    """Returns the only IBAN in the rows above a table, an empty text where there is none or more than one."""
    written = {account_key(each) for cell in cells for each in _IBAN.findall(cell)}
    found = {each for each in written if is_iban(each)}
    return found.pop() if len(found) == 1 else ""


def _filled(rows: Sequence[Sequence[str]], place: int | None) -> list[str]:
    if place is None:
        return []
    return [cells[place] for cells in rows[:ROWS_SEEN] if place < len(cells) and cells[place]]


def _is_currency(text: str) -> bool:
    try:
        return bool(_CODE.fullmatch(text)) and exponent(text) >= 0
    except ValueError:
        return False
