"""The form by which a person says how a table is read: shown from a sample of the file, read into a ColumnMapping.

Used by every page that takes tables; its markup is `components/mapping.html`. Invariant: what was chosen is shown
again, and what the form cannot say (a pattern, a constant of a mapping file) is kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError
from werkzeug.datastructures import MultiDict

from kernel.i18n import gettext as _
from kernel.i18n import mark
from kernel.sheets.binding import column_name_at
from kernel.sheets.mapping import MAX_SKIPPED_ROWS, SKIP, ColumnMapping, Target
from kernel.sheets.samples import Sample

DECIMAL_MARKS: Final = (("", mark("As written; doubtful ones are errors")), (".", "1,234.56"), (",", "1.234,56"))
DATE_ORDERS: Final = (
    ("", mark("There are none")),
    ("mdy", mark("Month first: 11/21/2026")),
    ("dmy", mark("Day first: 21/11/2026")),
    ("ymd", mark("Year first: 26/11/21")),
)
ROUNDINGS: Final = (("refuse", mark("An error")), ("half_up", mark("Rounded, with a warning")))
ENCODINGS: Final = (
    ("", mark("Found by itself")),
    ("utf-8", "UTF-8"),
    ("gb18030", "GB18030 / GBK"),
    ("cp1252", "Windows-1252"),
    ("utf-16", "UTF-16"),
    ("big5", "Big5"),
    ("shift_jis", "Shift-JIS"),
    ("euc_kr", "EUC-KR"),
    ("iso8859_2", "ISO 8859-2"),
    ("cp1250", "Windows-1250"),
    ("cp1254", "Windows-1254"),
    ("cp1251", "Windows-1251"),
)
DELIMITERS: Final = (
    ("", mark("Found by itself")),
    (",", mark("Comma")),
    (";", mark("Semicolon")),
    ("\t", mark("Tab")),
    ("|", mark("Vertical bar")),
)
#: Columns whose constant is also for the rows that leave their cell empty.
_FOR_EMPTY_CELLS: Final = frozenset({"currency"})
_ROWS: Final = re.compile(r"([0-9]{1,7})(?:\s*[-–~至]\s*([0-9]{1,7}))?")


@dataclass(frozen=True, slots=True)
class Words:
    """Words of one column and what each means: `slot` is "kinds" or "marks", `options` (value, label)."""

    slot: str
    target: str
    label: str
    options: Sequence[tuple[str, str]]
    unasked: bool = False


@dataclass(frozen=True, slots=True)
class WordField:
    """One word of the file with its number of rows and what is chosen for it."""

    name: str
    word: str
    rows: int
    value: str


@dataclass(frozen=True, slots=True)
class ColumnField:
    """One column of the file: select `name` with `value`, first values, confidence of the guess."""

    name: str
    place: int
    header: str
    value: str
    confidence: str
    samples: list[str]


@dataclass(slots=True)
class MappingForm:
    """The form as it is shown: `columns`, `words` per Words, `values` of the other fields, `errors` by field."""

    sample: Sample
    targets: Sequence[Target]
    columns: list[ColumnField]
    words: list[tuple[Words, list[WordField]]]
    values: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    name: str = ""

    def error_list(self) -> list[tuple[str, str]]:
        """Returns (field, sentence) of every error, for the summary on top of the form."""
        return list(self.errors.items())

    def column_options(self) -> list[tuple[str, str]]:
        """Returns the choices of a column: nothing, then the canonical columns, required ones with an asterisk."""
        known = [(each.name, f"{_(each.label)}{' *' if each.required else ''}") for each in self.targets]
        return [("", _("Not read")), *known]


def show_mapping(
    sample: Sample, targets: Sequence[Target], mapping: ColumnMapping, words: Sequence[Words] = (), *, name: str = ""
) -> MappingForm:
    """Returns the form filled from a mapping, and from the guesses of the sample where the mapping names no column."""
    chosen = [sample.target_at(place, mapping) for place in range(len(sample.headers))]
    columns = [
        ColumnField(
            name=f"column-{place}",
            place=place,
            header=header,
            value=chosen[place],
            confidence=sample.guesses[place].confidence if chosen[place] == sample.guesses[place].target else "",
            samples=_first_values(sample, place),
        )
        for place, header in enumerate(sample.headers)
    ]
    return MappingForm(
        sample,
        targets,
        columns,
        [(each, _word_fields(sample, chosen, each, mapping)) for each in words],
        _values(mapping),
        name=name,
    )


def read_mapping(
    posted: MultiDict[str, str],
    sample: Sample,
    targets: Sequence[Target],
    base: ColumnMapping,
    words: Sequence[Words] = (),
) -> tuple[ColumnMapping | None, MappingForm]:
    """Reads the posted form; returns the mapping (None with errors) and the form to show again."""
    errors: dict[str, str] = {}
    columns: dict[str, str] = {}
    known = {each.name for each in targets}
    unread: list[str] = []
    for place in range(len(sample.headers)):
        target = posted.get(f"column-{place}", "")
        if target not in known:
            unread.append(column_name_at(sample.headers, place))
            continue
        if target in columns:
            errors[f"column-{place}"] = _("Two columns cannot be the same. Choose one of them.")
        columns[target] = column_name_at(sample.headers, place)
    kept = {
        name: source for name, source in base.columns.items() if name not in columns and _is_of_a_file(source, base)
    }
    raw: dict[str, Any] = {
        "columns": {**kept, **columns},
        "unread": unread,
        "constants": _constants(posted, targets, base, {**kept, **columns}),
        "kinds": dict(base.kinds),
        "marks": dict(base.marks),
        "skip_when": base.skip_when,
        "skip_rows": _rows(posted.get("skip_rows", ""), errors),
        "header_row": _header_row(posted.get("header_row", ""), errors),
    }
    for slot in {each.slot for each in words}:
        raw[slot] |= _posted_words(posted, slot)
    for name in ("sign", "decimal_mark", "date_order", "encoding", "delimiter", "sheet"):
        raw[name] = posted.get(name) or None
    for name in ("rounding", "repeated", "early_due", "before_lock", "credits", "unnumbered"):
        raw[name] = posted.get(name) or getattr(base, name)
    raw["headings"] = (posted["headings"] or None) if "headings" in posted else base.headings
    raw["carried"] = [each for each in posted["carried"].split(",") if each] if "carried" in posted else base.carried
    try:
        mapping = ColumnMapping.model_validate(raw)
    except ValidationError as fault:
        for error in fault.errors():
            errors.setdefault(str(error["loc"][0]), _("Choose one of the options."))
        mapping = base
    shown = show_mapping(sample, targets, mapping, words, name=posted.get("name", ""))
    shown.values |= {name: posted.get(name, "") for name in ("skip_rows", "header_row")}
    shown.errors = errors
    return (None if errors else mapping), shown


def _first_values(sample: Sample, place: int) -> list[str]:
    return [row.cells[place] for row in sample.rows if place < len(row.cells) and row.cells[place]][:3]


def _word_fields(sample: Sample, chosen: Sequence[str], words: Words, mapping: ColumnMapping) -> list[WordField]:
    if words.target not in chosen:
        return []
    found = sample.words.get(str(chosen.index(words.target)), {})
    named = mapping.kind_of if words.slot == "kinds" else mapping.mark_of
    return [
        WordField(f"{words.slot}-{at}", word, rows, named(word) or "")
        for at, (word, rows) in enumerate(sorted(found.items(), key=lambda each: -each[1]))
    ]


def _values(mapping: ColumnMapping) -> dict[str, str]:
    plain = {
        "sign": mapping.sign,
        "decimal_mark": mapping.decimal_mark,
        "date_order": mapping.date_order,
        "rounding": mapping.rounding,
        "repeated": mapping.repeated,
        "unnumbered": mapping.unnumbered,
        "headings": mapping.headings,
        "carried": ",".join(mapping.carried),
        "early_due": mapping.early_due,
        "before_lock": mapping.before_lock,
        "credits": mapping.credits,
        "encoding": mapping.encoding,
        "delimiter": mapping.delimiter,
        "sheet": mapping.sheet,
        "header_row": mapping.header_row,
        "skip_rows": ", ".join(map(str, mapping.skip_rows)),
        **{f"constant-{name}": text for name, text in mapping.constants.items()},
    }
    return {name: "" if found is None else str(found) for name, found in plain.items()}


def _is_of_a_file(source: str, base: ColumnMapping) -> bool:
    """Tells that a source of a column cannot be chosen on the page: a pattern, or a header that feeds two columns."""
    return "{" in source or sum(other == source for other in base.columns.values()) > 1


def _constants(
    posted: MultiDict[str, str], targets: Sequence[Target], base: ColumnMapping, columns: Mapping[str, str]
) -> dict[str, str]:
    found = {name: text for name, text in base.constants.items() if f"constant-{name}" not in posted}
    for each in targets:
        if text := posted.get(f"constant-{each.name}", "").strip():
            found[each.name] = text
    return {name: text for name, text in found.items() if name not in columns or name in _FOR_EMPTY_CELLS}


def _posted_words(posted: MultiDict[str, str], slot: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, word in posted.items():
        if name.startswith(f"{slot}word-") and (value := posted.get(f"{slot}-{name.rpartition('-')[2]}")):
            found[word] = value
    return found


def _header_row(text: str, errors: dict[str, str]) -> int | None:
    if not text.strip():
        return None
    if text.strip().isdigit() and 0 <= int(text) <= MAX_SKIPPED_ROWS:
        return int(text)
    errors["header_row"] = _("Enter a whole number.")
    return None


def _rows(text: str, errors: dict[str, str]) -> list[int]:
    """Parses row numbers such as "5, 12-14"."""
    rows: set[int] = set()
    for part in filter(None, (piece.strip() for piece in re.split(r"[,，;；、]", text))):
        found = _ROWS.fullmatch(part)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
        if not 1 <= first <= last or last - first >= MAX_SKIPPED_ROWS:
            errors["skip_rows"] = _("Enter row numbers such as 5, 12-14.")
            return []
        rows.update(range(first, last + 1))
    if len(rows) > MAX_SKIPPED_ROWS:
        errors["skip_rows"] = _("Name at most %(most)s rows.", most=MAX_SKIPPED_ROWS)
    return sorted(rows)


#: The option that passes a row over, for a list of words.
SKIP_OPTION: Final = (SKIP, mark("Pass these rows over"))
