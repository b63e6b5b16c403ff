"""How a table of another system is read: which of its columns is which of ours, and what its words and signs mean.

Invariant: pure; a mapping is data that a page, a file and the command line write alike, and nothing in it is a default
for a word or a sign that the file has and the mapping does not name.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kernel.errors import RuleBroken
from kernel.sheets.dates import BadDate, DateOrder, parse_date
from kernel.sheets.parsing import header_key
from kernel.texts import OneLine

#: What the cells of a column look like: by it a column whose header nobody knows is guessed.
Shape = Literal["text", "number", "amount", "date", "currency", "email", "word"]
#: Which sign is which: of documents, what is owed; of bank lines, what came in.
Sign = Literal["owed_positive", "owed_negative", "in_positive", "in_negative"]
DecimalMark = Literal[".", ","]
Rounding = Literal["refuse", "half_up"]
Repeated = Literal["refuse", "pass_over"]
Unnumbered = Literal["payments", "all", "refuse"]
EarlyDue = Literal["keep", "document_date"]
BeforeLock = Literal["refuse", "opening"]
Credits = Literal["by_books", "opening_balance", "revenue"]
Encoding = Literal[
    "utf-8", "gb18030", "utf-16", "cp1252", "big5", "shift_jis", "euc_kr", "iso8859_2", "cp1250", "cp1254", "cp1251"
]
Delimiter = Literal[",", ";", "\t", "|"]
Confidence = Literal["sure", "likely", "none"]

#: Our word for "this row is nothing of ours": a value of `kinds` and of `marks`.
SKIP: Final = "skip"
_AMOUNT = re.compile(r"[-+(]?\s*[^\w\s]{0,3}\s*\d[\d.,' ]*\s*[-)]?")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
_CURRENCY = re.compile(r"[A-Z]{3}|人民币元?|美元|美金|欧元|日元|港币|港元|英镑")
#: So many of the cells must have the shape; the rest are remarks and slips.
_MOSTLY: Final = 0.8
MAX_SKIPPED_ROWS: Final = 200


@dataclass(frozen=True, slots=True)
class Target:
    """One canonical column: name, whether it is required, label (a msgid), known headers, a sample value, its shape.

    `others` are headers in any spelling (compared by `header_key`), in the order of preference; `better` are headers
    that outrank even the plain name where a file has both; `likes` are words that, found inside a header, make it a
    likely one.
    """

    name: str
    required: bool
    label: str
    others: tuple[str, ...] = ()
    sample: str = ""
    shape: Shape = "text"
    likes: tuple[str, ...] = ()
    better: tuple[str, ...] = ()

    def keys(self) -> tuple[str, ...]:
        """Returns every header of this column in its compared form, the preferred ones first."""
        return _keys((*self.better, self.name, self.label, *self.others))


class ColumnMapping(BaseModel):
    """How one table is read; a JSON file with these keys, or what a person chose on the mapping page.

    Attributes:
        columns: canonical name → their header, or a pattern with headers in braces (`"RC-{Invoice No}"`).
        constants: canonical name → one value for every row; of a currency also where a row's own cell is empty.
        headings: the canonical column that lines above groups of rows fill, or `skip` (None: there are no such lines).
        carried: canonical columns whose empty cells say what the row above says, as merged cells do.
        unread: headers that are read as nothing, whatever their name says.
        kinds: their word for a kind of document → ours, or `skip`.
        marks: their word for a direction of money or a state → `in`, `out`, `booked`, `pending` (not booked) or `skip`.
        sign: which sign is owed, or came in; None: the kind or mark tells, and a sign against it is an error.
        decimal_mark, date_order: how amounts and dates that end with the year are written; None: only what is plain.
        rounding: `half_up` rounds more decimals than the currency has, with a warning; `refuse` makes them an error.
        early_due: a due date before the document's own is kept, or raised to `document_date`; both with a warning.
        before_lock: `opening` posts what is dated in the locked period on the day after it; `refuse` makes it an error.
        credits: the account on the other side of what is owed: `opening_balance` for items brought from elsewhere,
            `revenue` for new sales (credit notes: returns); `by_books`: opening balances until the books have revenue.
        repeated: rows that say a document again with the same values (a row per line) are passed over, or errors.
        unnumbered: which documents without a number get one of ours: payments, all, or none (`refuse`: an error).
        skip_when: header → values; a row with one of them is passed over.
        skip_rows: row numbers of this very file to pass over; never remembered.
        encoding, delimiter, sheet, header_row: how the file is opened where the guess is wrong (row 1 is the first;
            0: the file has no header, and its columns are "#1", "#2").
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: dict[OneLine, OneLine] = Field(default_factory=dict)
    constants: dict[OneLine, OneLine] = Field(default_factory=dict)
    unread: list[OneLine] = Field(default_factory=list)
    kinds: dict[OneLine, OneLine] = Field(default_factory=dict)
    marks: dict[OneLine, Literal["in", "out", "booked", "pending", "skip"]] = Field(default_factory=dict)
    sign: Sign | None = None
    decimal_mark: DecimalMark | None = None
    date_order: DateOrder | None = None
    rounding: Rounding = "refuse"
    repeated: Repeated = "refuse"
    headings: OneLine | None = None
    carried: list[OneLine] = Field(default_factory=list)
    unnumbered: Unnumbered = "payments"
    early_due: EarlyDue = "keep"
    before_lock: BeforeLock = "refuse"
    credits: Credits = "by_books"
    skip_when: dict[OneLine, list[OneLine]] = Field(default_factory=dict)
    skip_rows: Annotated[list[Annotated[int, Field(ge=1)]], Field(max_length=MAX_SKIPPED_ROWS)] = Field(
        default_factory=list
    )
    encoding: Encoding | None = None
    delimiter: Delimiter | None = None
    sheet: OneLine | None = None
    header_row: Annotated[int, Field(ge=0, le=200)] | None = None

    def to_remember(self) -> ColumnMapping:
        """Returns the mapping without what belongs to one file alone."""
        return self.model_copy(update={"skip_rows": []})

    def kind_of(self, found: str) -> str | None:
        """Returns our kind for their word, compared without case, width and blanks; None when it is not named."""
        return _named(self.kinds, found)

    def mark_of(self, found: str) -> str | None:
        """Returns `in`, `out`, `pending` or `skip` for their mark; None when it is not named."""
        return _named(self.marks, found)


@cache
def _keys(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(header_key, texts)))


def parse_mapping(text: str | bytes) -> ColumnMapping:
    """Parses a mapping from JSON. Raises RuleBroken(`mapping_malformed`) with place and reason."""
    try:
        return ColumnMapping.model_validate_json(text)
    except ValidationError as fault:
        first = fault.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "JSON"
        raise RuleBroken("mapping_malformed", place=place, reason=str(first["msg"])) from None


def fingerprint(headers: Sequence[str]) -> str:
    """Returns the key of a source: a hash of its headers as they are compared, in their order."""
    keys = [header_key(header) for header in headers]
    while keys and not keys[-1]:
        keys.pop()
    return hashlib.sha256("\x1f".join(keys).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class ColumnGuess:
    """One column of a file and what it is taken for: `target` is a canonical name, empty when nothing is guessed."""

    place: int
    header: str
    target: str = ""
    confidence: Confidence = "none"


def guess_columns(
    headers: Sequence[str], rows: Iterable[Sequence[str]], targets: Sequence[Target]
) -> list[ColumnGuess]:
    """Guesses each column of a file: `sure` by a known header, `likely` by a word in it or by the shape of its cells.

    Every target is given at most once. `rows` are some first rows, by which shapes are told.
    """
    some = list(rows)
    shapes = [_shape(cells[place] for cells in some if place < len(cells)) for place in range(len(headers))]
    found: dict[int, tuple[str, Confidence]] = {}
    taken: set[str] = set()
    keys = [header_key(header) for header in headers]
    for target in targets:
        place = next((keys.index(key) for key in target.keys() if key in keys), None)  # noqa: SIM118
        if place is not None and place not in found:
            found[place] = (target.name, "sure")
            taken.add(target.name)
    for target in targets:
        for place, key in enumerate(keys):
            if target.name not in taken and key and place not in found and _is_like(key, target, shapes[place]):
                found[place] = (target.name, "likely")
                taken.add(target.name)
    for target in targets:  # the last resort: the only column of a shape that is still wanted
        if target.name in taken or not target.required or target.shape in ("text", "number", "word"):
            continue
        places = [place for place in range(len(headers)) if place not in found and shapes[place] == target.shape]
        if len(places) == 1:
            found[places[0]] = (target.name, "likely")
            taken.add(target.name)
    nothing: tuple[str, Confidence] = ("", "none")
    guessed = [found.get(place, nothing) for place in range(len(headers))]
    return [
        ColumnGuess(place, header, target, confidence)
        for place, (header, (target, confidence)) in enumerate(zip(headers, guessed, strict=True))
    ]


def _named(words: Mapping[str, str], found: str) -> str | None:
    if found in words:
        return words[found]
    key = header_key(found)
    return next((value for word, value in words.items() if header_key(word) == key), None)


def _is_like(key: str, target: Target, shape: Shape | None) -> bool:
    """Tells that a word is found in a header; where a shape is wanted, the cells must have it."""
    if shape is not None and target.shape not in ("text", "number", "word") and shape != target.shape:
        return False
    return any(header_key(word) in key for word in target.likes)


def _shape(cells: Iterable[str]) -> Shape | None:
    """Returns what most cells of a column look like, None for a column without any."""
    filled = [cell for cell in cells if cell]
    if not filled:
        return None
    for shape, test in _TESTS:
        if sum(map(test, filled)) >= _MOSTLY * len(filled):
            return shape
    return "text"


def _is_day(cell: str) -> bool:
    try:
        parse_date(cell, "dmy")
    except BadDate as fault:
        return fault.code == "no_such_day"
    return True


_TESTS: Final[tuple[tuple[Shape, Callable[[str], bool]], ...]] = (
    ("date", _is_day),
    ("email", lambda cell: bool(_EMAIL.fullmatch(cell))),
    ("currency", lambda cell: bool(_CURRENCY.fullmatch(cell))),
    ("amount", lambda cell: bool(_AMOUNT.fullmatch(cell)) and ("." in cell or "," in cell)),
)
