"""A sample of a table for the mapping page: headers with guesses, first rows, words of a column, rows passed over.

Invariant: pure and small; it is taken once while a file is checked and stored with it, so the page reads no file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from kernel.sheets.mapping import ColumnGuess, ColumnMapping, Target, fingerprint, guess_columns
from kernel.sheets.parsing import HEADER_SEARCH_ROWS, Table, header_key

ROWS_SHOWN: Final = 10
PASSED_OVER_SHOWN: Final = 20
#: Different words of one column that the page offers a meaning for; a column with more is no column of words.
WORDS_MAX: Final = 30
#: Characters of a cell on the page.
_CELL_CHARS: Final = 60


@dataclass(frozen=True, slots=True)
class SampleRow:
    """One row of the file. `reason`: why it is passed over (`total`, `signature`…), empty for a row that is read."""

    number: int
    cells: list[str]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """What the mapping page shows of a file.

    `above` are the rows above the header; `words`: place of a column → its different words with their number, of
    columns with few; `fingerprints`: row number → key of that row as a header, by which a mapping is remembered.
    """

    kind: str
    encoding: str
    delimiter: str
    sheet: str
    sheets: list[str]
    header_row: int
    headers: list[str]
    guesses: list[ColumnGuess]
    above: list[SampleRow] = field(default_factory=list)
    rows: list[SampleRow] = field(default_factory=list)
    passed_over: list[SampleRow] = field(default_factory=list)
    words: dict[str, dict[str, int]] = field(default_factory=dict)
    rows_total: int = 0

    def to_json(self) -> dict[str, Any]:
        """Returns the sample as it is stored."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Sample:
        """Returns a stored sample."""
        rows = {name: [SampleRow(**row) for row in data[name]] for name in ("above", "rows", "passed_over")}
        return cls(**{**data, **rows, "guesses": [ColumnGuess(**guess) for guess in data["guesses"]]})

    def target_at(self, place: int, mapping: ColumnMapping | None = None) -> str:
        """Returns the canonical column that a column is read as by `mapping`: as it names it, else by its header.

        Without a mapping that decides anything, the guess.
        """
        guess = self.guesses[place]
        if mapping is None or not (mapping.columns or mapping.constants or mapping.unread):
            return guess.target
        keys = (header_key(self.headers[place]), f"#{place + 1}")
        named = next((name for name, header in mapping.columns.items() if header_key(header) in keys), "")
        if named:
            return named
        told = guess.target in mapping.columns or guess.target in mapping.constants
        unread = any(header_key(header) in keys for header in mapping.unread)
        return "" if told or unread or guess.confidence != "sure" else guess.target

    def cells_at(self, place: int) -> list[str]:
        """Returns the filled cells of a column in the rows shown."""
        return [row.cells[place] for row in self.rows if not row.reason and place < len(row.cells) and row.cells[place]]

    @property
    def fingerprint(self) -> str:
        """The key of this file's source."""
        return fingerprint(self.headers)


def take_sample(table: Table, targets: Sequence[Target]) -> Sample:
    """Reads a table once and returns its sample. Raises TableRefused."""
    rows: list[SampleRow] = []
    passed: list[SampleRow] = []
    counts: list[Counter[str] | None] = [Counter() for _ in table.headers]
    total = 0
    for line in table.rows():
        total += 1
        if line.reason:
            if len(passed) < PASSED_OVER_SHOWN:
                passed.append(SampleRow(line.number, _shown(line.cells), line.reason))
            continue
        if len(rows) < ROWS_SHOWN:
            rows.append(SampleRow(line.number, _shown(line.cells)))
        for place, counter in enumerate(counts):
            if counter is None or not line.cells[place]:
                continue
            counter[line.cells[place]] += 1
            if len(counter) > WORDS_MAX:
                counts[place] = None
    return Sample(
        kind=table.kind,
        encoding=table.encoding,
        delimiter=table.delimiter,
        sheet=table.sheet,
        sheets=list(table.sheets),
        header_row=table.header_row,
        headers=list(table.headers),
        guesses=guess_columns(table.headers, [row.cells for row in rows], targets),
        above=[SampleRow(at, _shown(cells)) for at, cells in enumerate(table.above(), start=1) if any(cells)],
        rows=rows,
        passed_over=passed,
        words={str(place): dict(counter) for place, counter in enumerate(counts) if counter},
        rows_total=total,
    )


def head_fingerprints(table: Table) -> dict[str, int]:
    """Returns fingerprint → row number of the first rows, each of which may be the header of a remembered source."""
    found: dict[str, int] = {}
    for number, cells in enumerate(table.head(HEADER_SEARCH_ROWS), start=1):
        if sum(map(bool, cells)) > 1:
            found.setdefault(fingerprint(cells), number)
    return found


def _shown(cells: Iterable[str]) -> list[str]:
    return [cell if len(cell) <= _CELL_CHARS else cell[:_CELL_CHARS] + "…" for cell in cells]
