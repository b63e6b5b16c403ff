"""Decides how an uploaded file is read: as told, as its source was read before, as its system writes, or by a guess.

Invariant: what a guess leaves open is a question to a person, never a default; a file that is told is not asked about.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from ar.imports.columns import FileKind, fields
from ar.imports.inputs import ImportFile
from ar.imports.rules.amounts import BadCell
from ar.imports.rules.checking import document_kind
from ar.imports.rules.systems import system_of
from kernel import table_mappings
from kernel.sheets import BadDate, DateOrder, Table, header_key, open_table, parse_date
from kernel.sheets.binding import bind, column_name_at, header_names
from kernel.sheets.mapping import ColumnMapping
from kernel.sheets.samples import Sample, head_fingerprints, take_sample

#: Rows whose dates and amounts are looked at for how the file writes them.
ROWS_LOOKED_AT: Final = 2_000
_COMMA: Final = re.compile(r"[-(+]?\s*\d{1,3}(?:[. ']\d{3})*,\d{1,2}\s*[-)]?|[-(+]?\s*\d+,\d{1,2}\s*[-)]?")
_POINT: Final = re.compile(r"[-(+]?\s*\d{1,3}(?:[, ']\d{3})*\.\d{1,2}\s*[-)]?|[-(+]?\s*\d+\.\d{1,2}\s*[-)]?")
_THOUSANDS: Final = re.compile(r"[-(+]?\s*\d{1,3}([.,])\d{3}\s*[-)]?")
#: Amounts in the company's own currency, and the headers that say which one that is.
_LOCAL_AMOUNTS: Final = frozenset(
    map(
        header_key,
        (
            *("amount in local currency", "amount in local cur.", "amount in lc", "betrag in hauswährung"),
            *("betrag in hw", "本币金额", "本币余额", "价税合计本位币"),
        ),
    )
)
#: Headers of what is still open, of days and shares that sound like it, and of a ledger's two sides.
_OPEN: Final = re.compile(
    r"未收|未结|未核销|未清|未付|欠|余额|剩余|結餘|餘額|未收|outstanding|\bo/s\b|\bopen|\bdue\b|balance"
    r"|remaining|residual|unpaid|pending|offen|saldo|\brest|restant|openstaand|pendiente|solde",
    re.IGNORECASE,
)
_NO_AMOUNT: Final = re.compile(r"日|期|天|date|day|\bage\b|tage|status|状态|%", re.IGNORECASE)
_BALANCE: Final = re.compile(r"余额|餘額|结余|期末余额|(?:running )?balance|saldo|solde", re.IGNORECASE)
_MOVED: Final = re.compile(
    r"借方|贷方|本期应收|本期收回|本期增加|本期减少|debit|credit\b|\bsoll\b|\bhaben\b|débit|crédit", re.IGNORECASE
)
_MONEY: Final = re.compile(r"[-+(]?\s*[^\w\s]{0,3}\s*\d[\d.,' ]*\s*[-)]?(?:\s*[A-Za-z]{2,3})?")
_CALLED: Final = re.compile(r"name|名称|简称|全称|全名", re.IGNORECASE)
_CODE: Final = re.compile(r"(?=.*\d)[\w./-]{1,32}")
_LOCAL_CURRENCIES: Final = tuple(
    map(header_key, ("local currency", "lcurr", "lcur", "local crcy", "hauswährung", "hwähr", "本位币", "本币"))
)


@dataclass(frozen=True, slots=True)
class Question:
    """What a file leaves open: a code with parameters, worded when it is shown."""

    code: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is read. `origin`: "told", "remembered", "guess" or the name of a system; `questions` to a person."""

    mapping: ColumnMapping
    origin: str
    sample: Sample
    questions: list[Question]


def decide_reading(db: Session, tenant_id: UUID, file: ImportFile, currency: str) -> Reading:
    """Returns how a file is to be read, and its sample. `currency`: the company's own, suggested where none is said.

    Raises TableRefused, RuleBroken.
    """
    targets = fields(file.kind)
    if file.mapping != ColumnMapping():
        # The order of dates alone is a choice of the upload form, and says nothing about the columns.
        told = file.mapping != ColumnMapping(date_order=file.mapping.date_order)
        if told:
            table = open_table(file.content, file.name, header_names(targets, file.mapping), told=file.mapping)
            return Reading(file.mapping, "told", take_sample(table, targets), [])
    table = open_table(file.content, file.name, header_names(targets, file.mapping))
    rows = head_fingerprints(table)
    known = table_mappings.find(db, tenant_id, file.kind, list(rows))
    if known:
        found = min(known.values(), key=lambda each: rows[each.fingerprint])
        mapping = found.as_mapping()
        table = open_table(file.content, file.name, header_names(targets, mapping), told=mapping)
        return Reading(mapping, "remembered", take_sample(table, targets), [])
    system = system_of(file.kind, table.headers)
    mapping = system.mapping_for(table.headers) if system else ColumnMapping()
    if file.mapping.date_order:
        mapping = mapping.model_copy(update={"date_order": file.mapping.date_order})
    sample = take_sample(table, targets)
    mapping, questions = _completed(file.kind, table, sample, mapping, currency)
    return Reading(mapping, system.name if system else "guess", sample, questions)


def _completed(
    kind: FileKind, table: Table, sample: Sample, mapping: ColumnMapping, currency: str
) -> tuple[ColumnMapping, list[Question]]:
    """Returns the mapping with what the file shows beyond doubt, and questions for the rest."""
    targets = {each.name: each for each in fields(kind)}
    binding = bind(list(targets.values()), table.headers, mapping)
    questions: list[Question] = []
    columns, constants = dict(mapping.columns), dict(mapping.constants)
    places = dict(binding.places)
    for guess in sample.guesses:
        if guess.confidence == "likely" and guess.target not in places and guess.target not in constants:
            if guess.target in binding.missing or targets[guess.target].required:
                questions.append(Question("column_unsure", {"header": guess.header, "target": guess.target}))
            columns[guess.target] = column_name_at(table.headers, guess.place)
            places[guess.target] = guess.place
    name = "name" if kind == "customers" else "customer_name"
    for target in binding.missing:
        if target in places or (target == "customer_no" and name in places):
            continue
        if target == "currency":
            constants["currency"] = currency
            questions.append(Question("currency_unsaid", {"currency": currency}))
        elif target == "kind":
            constants["kind"] = "invoice"
            questions.append(Question("kind_unsaid"))
        else:
            questions.append(Question("column_unknown", {"target": target}))
    if kind == "open-items":
        _tell_number_from_name(table.headers, sample, places, columns)
        if doubtful := _amount_in_doubt(table.headers, sample, places):
            columns["amount"], places["amount"] = column_name_at(table.headers, doubtful), doubtful
            questions.append(Question("column_unsure", {"header": table.headers[doubtful], "target": "amount"}))
    _pair_currency(table.headers, places, columns)
    looked = _Looked(kind, table, places)
    decimal_mark, doubt = looked.decimal_mark(mapping)
    questions += doubt
    date_order, doubt = looked.date_order(mapping)
    questions += doubt
    if kind == "open-items" and "kind" in places:
        questions += _unknown_kinds(sample, places["kind"], mapping)
    changes = {"columns": columns, "constants": constants, "decimal_mark": decimal_mark, "date_order": date_order}
    return mapping.model_copy(update=changes), questions


def _tell_number_from_name(
    headers: Sequence[str], sample: Sample, places: dict[str, int], columns: dict[str, str]
) -> None:
    """Takes "Customer" for the number and "Customer Name" for the name where both stand and the first holds codes."""
    if "customer_no" in places or "customer_name" not in places:
        return
    names = {key for each in fields("open-items") if each.name == "customer_name" for key in each.keys()}  # noqa: SIM118
    known = [place for place, header in enumerate(headers) if header_key(header) in names]
    called = [place for place in known if _CALLED.search(headers[place])]
    codes = [place for place in known if place not in called and all(map(_CODE.fullmatch, sample.cells_at(place)))]
    if len(called) == 1 and len(codes) == 1 and sample.cells_at(codes[0]):
        places["customer_no"], places["customer_name"] = codes[0], called[0]
        columns["customer_no"] = column_name_at(headers, codes[0])
        columns["customer_name"] = column_name_at(headers, called[0])


def _amount_in_doubt(headers: Sequence[str], sample: Sample, places: dict[str, int]) -> int | None:
    """Returns the column that a person has to look at as the amount, None where there is no doubt.

    A column of what is still open beside one of what was once invoiced; a running balance beside debits and credits.
    """
    chosen = places.get("amount")
    if chosen is None:
        return None
    if not _OPEN.search(headers[chosen]):
        taken = set(places.values())
        still_open = (
            place
            for place, header in enumerate(headers)
            if place not in taken and _OPEN.search(header) and not _NO_AMOUNT.search(header)
        )
        return next((place for place in still_open if any(map(_MONEY.fullmatch, sample.cells_at(place)))), None)
    moves = sum(1 for header in headers if _MOVED.search(header))
    return chosen if _BALANCE.fullmatch(headers[chosen].strip()) and moves >= 2 else None


def _pair_currency(headers: Sequence[str], places: dict[str, int], columns: dict[str, str]) -> None:
    """Takes the own currency's column where the amount is in the own currency."""
    if "amount" not in places or header_key(headers[places["amount"]]) not in _LOCAL_AMOUNTS:
        return
    keys = [header_key(header) for header in headers]
    place = next((keys.index(key) for key in _LOCAL_CURRENCIES if key in keys), None)
    if place is not None:
        columns["currency"] = column_name_at(headers, place)


def _unknown_kinds(sample: Sample, place: int, mapping: ColumnMapping) -> list[Question]:
    words = sample.words.get(str(place), {})
    unknown = [word for word in words if mapping.kind_of(word) is None and not _is_kind(word)]
    return [Question("kinds_unknown", {"words": ", ".join(unknown[:8])})] if unknown else []


def _is_kind(word: str) -> bool:
    try:
        document_kind(word)
    except BadCell:
        return False
    return True


class _Looked:
    """The dates and amounts of the first rows, to tell how the file writes them."""

    def __init__(self, kind: FileKind, table: Table, places: dict[str, int]) -> None:
        self.dates: set[str] = set()
        self.amounts: set[str] = set()
        found_by = {"date": self.dates, "amount": self.amounts}
        wanted = [
            (found_by[each.shape], places[each.name])
            for each in fields(kind)
            if each.shape in found_by and each.name in places
        ]
        for count, row in enumerate(table.rows(), start=1):
            if not row.reason:
                for found, place in wanted:
                    if place < len(row.cells):
                        found.add(row.cells[place])
            if count >= ROWS_LOOKED_AT:
                break

    def decimal_mark(self, mapping: ColumnMapping) -> tuple[Any, list[Question]]:
        """Returns the decimal mark: told, or shown by amounts with one reading; a question where both are shown."""
        if mapping.decimal_mark:
            return mapping.decimal_mark, []
        comma = next((cell for cell in self.amounts if _COMMA.fullmatch(cell)), "")
        point = next((cell for cell in self.amounts if _POINT.fullmatch(cell)), "")
        either = next((cell for cell in self.amounts if _THOUSANDS.fullmatch(cell)), "")
        if comma and point:
            return None, [Question("decimal_mark_doubtful", {"found": f"{comma}; {point}"})]
        if comma:
            return ",", []
        if either and "." in either and not point:
            return None, [Question("decimal_mark_doubtful", {"found": either})]
        return ("." if point and either else None), []

    def date_order(self, mapping: ColumnMapping) -> tuple[DateOrder | None, list[Question]]:
        """Returns the order of dates that end with the year: told, or the only one by which all of them are days."""
        if mapping.date_order:
            return mapping.date_order, []
        doubtful = [cell for cell in self.dates if cell and _ends_with_year(cell)]
        if not doubtful:
            return None, []
        orders: list[DateOrder] = [order for order in ("mdy", "dmy") if _all_days(doubtful, order)]
        if len(orders) == 1:
            return orders[0], []
        if all("." in cell for cell in doubtful) and "dmy" in orders:
            return "dmy", []  # points between day, month and year are the German and Nordic way, day first
        return None, [Question("date_order_doubtful", {"found": doubtful[0]})]


def _ends_with_year(cell: str) -> bool:
    try:
        parse_date(cell)
    except BadDate as fault:
        return fault.code == "ambiguous_date"
    return False


def _all_days(cells: Iterable[str], order: DateOrder) -> bool:
    try:
        for cell in cells:
            parse_date(cell, order)
    except BadDate:
        return False
    return True
