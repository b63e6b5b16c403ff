"""Whose the rows of a group are: a customer's name or number above them, or only in the first of them.

Invariant: nothing is carried on unless the mapping says so; what is above a group ends with the next one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from kernel.sheets.mapping import SKIP, ColumnMapping
from kernel.sheets.passed_over import has_day, is_figure, is_named_total, is_total_word, plain, total_reason

#: Canonical columns that a heading may fill.
NUMBER: Final = "customer_no"
NAMES: Final = ("customer_name", "name")
#: Labels of a customer in a line above its rows, with a colon; a number, a name, or either.
_LABELS: Final = re.compile(
    r"(?:^|\s)(?:"
    r"(?P<number>(?:customer|client|debtor|account|acct|party)\s*(?:no\.?|number|code|id|ref\.?|#)|a/c(?:\s*(?:no\.?|ref\.?))?"
    r"|debitor(?:en)?-?\s?(?:nr\.?|nummer|konto)|kunden-?\s?(?:nr\.?|nummer)|konto(?:-?nr\.?|nummer)?"
    r"|(?:客户|客商|往来单位|购货单位|单位|核算项目)(?:编码|编号|代码|号))"
    r"|(?P<name>(?:customer|client|debtor|account|party|company|ledger|kunden?)\s*name|name|firma"
    r"|(?:客户|客商|往来单位|购货单位|单位|核算项目)(?:名称|全称|全名))"
    r"|(?P<either>customer|client|debtor|party|ledger|account|debitor|kunde|客\s?户|客商|往来单位|往来户名|购货单位|核算项目|債務人)"
    r"|(?P<other>[^\W\d_][\w ./-]{0,20}?)"
    r")\s*[:：]\s*",
    re.IGNORECASE,
)
#: "Customer 100017", as SAP writes it above a list saved as text; and the name in the next line.
_BARE_NUMBER: Final = re.compile(
    r"(?:customer|debitor|kunde|account|konto|debtor)\s+(\d[\w./-]*|[A-Z]{0,4}-?\d[\w./-]*)", re.IGNORECASE
)
_BARE_NAME: Final = re.compile(r"name\s+(\S.*)", re.IGNORECASE)
#: A number with the name behind it: "10001 Kunde AG", "C001 - 甲公司", "[01.001]甲公司".
_NUMBERED: Final = re.compile(
    r"[\[(【]?(?=[\w./-]*\d)([A-Za-z]{0,6}[\w./-]{1,30}?)[\])】]?(?:\s*[-–:|/]\s*|\s+|(?<=[\])】]))(\D.*)"
)
_MAX_FILLED: Final = 8
#: A lone number above a group is a customer's from so many digits on.
_SHORTEST_NUMBER: Final = 3


@dataclass(frozen=True, slots=True)
class Heading:
    """A line above a group: `number` and `name` of its customer where labels say so, else `text` alone."""

    text: str = ""
    number: str = ""
    name: str = ""


def read_heading(cells: Sequence[str]) -> Heading | None:
    """Returns what a row says of the rows below it; None for a row of data, a total, or one of nothing but figures.

    A heading has no day; beside its text may stand the sums of its group.
    """
    filled = [plain(cell) for cell in cells if cell]
    texts = [cell for cell in filled if not is_figure(cell)]
    if not filled or (len(filled) > _MAX_FILLED and len(texts) > 1) or total_reason(cells):
        return None
    line = " ".join(filled)
    if labelled := _labelled(line):
        return labelled
    if has_day(cells):
        return None
    if not texts:
        alone = len(filled) == 1 and any(cells[:2]) and filled[0].isdigit() and len(filled[0]) >= _SHORTEST_NUMBER
        return Heading(text=filled[0]) if alone else None
    if len(texts) > 2 or is_named_total(texts[0]) or is_total_word(texts[0]):
        return None
    if found := _BARE_NUMBER.fullmatch(line):
        return Heading(number=found[1])
    if found := _BARE_NAME.fullmatch(line):
        return Heading(name=found[1])
    if filled[0] != texts[0] and len(texts) == 1 and len(filled) == 2:
        return Heading(text=line)  # a number and a name in cells of their own
    return Heading(text=" ".join(texts)) if filled[0] == texts[0] else None


def _labelled(line: str) -> Heading | None:
    number = name = ""
    marks = list(_LABELS.finditer(line))
    for at, found in enumerate(marks):
        value = line[found.end() : marks[at + 1].start() if at + 1 < len(marks) else None].strip()
        if found["number"] and not number:
            number = value
        elif found["name"] and not name:
            name = value
        elif found["either"] and value and not (number or name):
            split = _NUMBERED.fullmatch(value)
            if split:
                number, name = split[1], split[2]
            elif " " not in value and any(map(str.isdigit, value)) and value.isascii():
                number = value
            else:
                name = value
    return Heading(number=number, name=name) if number or name else None


def split_numbered(text: str) -> tuple[str, str] | None:
    """Returns (number, name) of a heading that begins with a number, None for another."""
    found = _NUMBERED.fullmatch(text)
    return (found[1], found[2].strip()) if found else None


class Groups:
    """Follows the rows of one file and says what the headings above and the rows above say of each.

    `names` are the canonical columns in their order; `above` the rows above the header.
    """

    def __init__(self, names: Sequence[str], mapping: ColumnMapping, above: Iterable[Sequence[str]] = ()) -> None:
        self._headings = mapping.headings
        self._number = names.index(NUMBER) if NUMBER in names else -1
        self._name = next((names.index(name) for name in NAMES if name in names), -1)
        self._carried = [names.index(name) for name in mapping.carried if name in names]
        self._last = [""] * len(names)
        self._stack: list[Heading] = []
        self.active = bool(self._headings or self._carried)
        if self._headings:
            for cells in above:
                heading = read_heading(cells)
                if heading and not heading.text:
                    self._enter(heading)

    def is_heading(self, cells: Sequence[str], document_no: str) -> bool:
        """Tells that a row is the heading of what follows, or its end, and takes it in."""
        if not self._headings or has_day(cells):
            return False
        if self._ends(cells):
            return True
        heading = read_heading(cells)
        if heading is None or (heading.text and document_no and document_no != heading.text):
            return False
        self._enter(heading)
        return True

    def _enter(self, heading: Heading) -> None:
        if self._headings == SKIP:
            heading = Heading(heading.text or heading.name or heading.number)
        elif heading.text and self._headings == NUMBER:
            if heading.text.isdigit():
                heading = Heading(heading.text, heading.text)
            elif found := split_numbered(heading.text):
                number, name = found
                heading = Heading(heading.text, number, name)
            else:
                return  # a line of an address between a number and its rows
        elif heading.text:
            heading = Heading(heading.text, "", heading.text)
        elif heading.name and not heading.number and self._stack and not self._stack[-1].name:
            heading = Heading("", self._stack.pop().number, heading.name)  # the name in the line below the number
        self._stack.append(heading)

    def _ends(self, cells: Sequence[str]) -> bool:
        """Tells that a row is the sum of a heading's rows: "Total Kunde AG", "Kunde AG 小计"."""
        label = next((plain(cell) for cell in cells if cell), "")
        for at in range(len(self._stack) - 1, -1, -1):
            name = self._stack[at].text or self._stack[at].name
            if name and name in label and name != label and is_total_word(label.replace(name, "", 1).strip(" -:：")):
                del self._stack[at:]
                return True
        return False

    def close(self, cells: Sequence[str]) -> None:
        """Takes in a row that is a total: the group of that name is over."""
        if self._headings and self._stack:
            self._ends(cells)

    def fill(self, values: Sequence[str]) -> Sequence[str]:
        """Returns the values of a row with what it leaves to the rows above."""
        filled = list(values)
        if self._stack:
            for at, said in ((self._number, self._stack[-1].number), (self._name, self._stack[-1].name)):
                if at >= 0 and not filled[at]:
                    filled[at] = said
        if self._number >= 0 and self._name >= 0 and self._headings not in (None, SKIP) and not filled[self._number]:
            filled[self._number] = filled[self._name]
        new = any(filled[at] and filled[at] != self._last[at] for at in self._carried)
        for at in self._carried:
            if filled[at] or new:
                self._last[at] = filled[at]
            else:
                filled[at] = self._last[at]
        return filled


def headings_in(rows: Iterable[Sequence[str]]) -> Iterator[Heading]:
    """Yields the headings among rows, each only when a row with a day follows it."""
    waiting: list[Heading] = []
    for cells in rows:
        if has_day(cells):
            yield from waiting
            waiting.clear()
        elif heading := read_heading(cells):
            waiting.append(heading)
