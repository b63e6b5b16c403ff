"""Decides how an uploaded file is read: as told, as its source was read before, as its system writes, or by a guess.

Invariant: what a guess leaves open is a question to a person, never a default; a file that is told is not asked about.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from ar.imports.columns import fields
from ar.imports.inputs import ImportFile
from ar.imports.pipeline import bind_columns
from ar.imports.rules.cells import is_kind
from ar.imports.rules.kinds import guess_kind
from ar.imports.rules.looking import Looked, Question
from ar.imports.rules.rows import try_rows
from ar.imports.rules.systems import system_of
from kernel import table_mappings
from kernel.sheets import Table, header_key, open_table
from kernel.sheets.binding import Binding, bind, column_name_at, header_names
from kernel.sheets.mapping import ColumnMapping
from kernel.sheets.samples import Sample, head_fingerprints, take_sample

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
_SETTLED: Final = re.compile(
    r"已核销|已收|已付|已结|已清|已回款|\b(?:paid|settled|applied|received|bezahlt|gezahlt|payé|réglé|pagado|cobrado|betaald)\b",
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
#: Headers that may mean a customer's account or one of the general ledger, which is written with its name.
_ACCOUNTS: Final = frozenset(map(header_key, ("account", "konto")))
_NAMED_ACCOUNT: Final = re.compile(r"[\d.-]{3,}\s+\D.*")
_LOCAL_CURRENCIES: Final = tuple(
    map(header_key, ("local currency", "lcurr", "lcur", "local crcy", "hauswährung", "hwähr", "本位币", "本币"))
)


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is read. `origin`: "told", "remembered", "guess" or the name of a system; `questions` to a person.

    `mapping` has the likeliest answers to the questions; `unasked` is the mapping where nobody can be asked.
    """

    mapping: ColumnMapping
    origin: str
    sample: Sample
    questions: list[Question]
    unasked: ColumnMapping


def decide_reading(db: Session, tenant_id: UUID, file: ImportFile, currency: str, today: date) -> Reading:
    """Returns how a file is to be read, and its sample.

    `currency`: the company's own, suggested where none is said; `today`: what years of two digits are read around.

    Raises TableRefused, RuleBroken.
    """
    targets = fields(file.kind)
    if file.mapping != ColumnMapping():
        # The order of dates alone is a choice of the upload form, and says nothing about the columns.
        told = file.mapping != ColumnMapping(date_order=file.mapping.date_order)
        if told:
            table = open_table(file.content, file.name, header_names(targets, file.mapping), told=file.mapping)
            return Reading(file.mapping, "told", take_sample(table, targets), [], file.mapping)
    table = open_table(file.content, file.name, header_names(targets, file.mapping))
    rows = head_fingerprints(table)
    known = table_mappings.find(db, tenant_id, file.kind, list(rows))
    if known:
        found = min(known.values(), key=lambda each: rows[each.fingerprint])
        mapping = found.as_mapping()
        table = open_table(file.content, file.name, header_names(targets, mapping), told=mapping)
        return Reading(mapping, "remembered", take_sample(table, targets), [], mapping)
    system = system_of(file.kind, table.headers)
    mapping = system.mapping_for(table.headers) if system else ColumnMapping()
    if file.mapping.date_order:
        mapping = mapping.model_copy(update={"date_order": file.mapping.date_order})
    sample = take_sample(table, targets)
    completed, questions = _completed(file, table, sample, mapping, currency, today)
    answers, doubts = _suggested(file, table, sample, completed)
    asked = [*questions, *doubts]
    unasked = file.mapping if asked and system is None else completed
    read = completed.model_copy(update=answers)
    return Reading(read, system.name if system else "guess", sample, asked, unasked)


def _completed(
    file: ImportFile, table: Table, sample: Sample, mapping: ColumnMapping, currency: str, today: date
) -> tuple[ColumnMapping, list[Question]]:
    """Returns the mapping with what the file shows beyond doubt, and questions for the rest."""
    kind, targets = file.kind, {each.name: each for each in fields(file.kind)}
    binding = bind(list(targets.values()), table.headers, mapping)
    questions: list[Question] = []
    columns, constants, unread = dict(mapping.columns), dict(mapping.constants), list(mapping.unread)
    places, missing = dict(binding.places), list(binding.missing)
    if kind == "open-items":
        questions += _take_sides(table.headers, places, mapping, unread)
        if "customer_no" in places and _is_general_ledger(table.headers[places["customer_no"]], places, sample):
            unread.append(column_name_at(table.headers, places.pop("customer_no")))
            missing.append("customer_no")
    sides = "amount" not in places and ("debit" in places or "credit" in places)
    for guess in sample.guesses:
        if guess.confidence == "likely" and guess.target not in places and guess.target not in constants:
            if sides and guess.target == "amount":
                continue
            if guess.target in missing or targets[guess.target].required:
                questions.append(Question("column_unsure", {"header": guess.header, "target": guess.target}))
            columns[guess.target] = column_name_at(table.headers, guess.place)
            places[guess.target] = guess.place
    looked = Looked(table, places)
    if "document_no" in missing and "document_no" not in places:
        unnamed = looked.unnamed_numbers(table.headers)
        if unnamed is not None:
            columns["document_no"], places["document_no"] = f"#{unnamed + 1}", unnamed
            questions.append(Question("column_unsure", {"header": f"#{unnamed + 1}", "target": "document_no"}))
    headings, doubt = looked.customers_above() if kind == "open-items" else (None, [])
    questions += doubt
    name = "name" if kind == "customers" else "customer_name"
    for target in missing:
        if target in places or (target == "customer_no" and (name in places or headings)):
            continue
        if target == "amount" and sides:
            continue
        if target == "currency":
            constants["currency"] = looked.currency(currency)
            questions.append(Question("currency_unsaid", {"currency": constants["currency"]}))
        elif target == "kind" and (place := _column_of_kinds(sample, places)) is not None:
            columns["kind"], places["kind"] = column_name_at(table.headers, place), place
            questions.append(Question("column_unsure", {"header": table.headers[place], "target": "kind"}))
        elif target == "kind":
            constants["kind"] = "invoice"
            questions.append(Question("kind_unsaid"))
        else:
            questions.append(Question("column_unknown", {"target": target}))
    if looked.lacks_currency():
        constants.setdefault("currency", currency)
        columns["currency"] = column_name_at(table.headers, places["currency"])
    carried: list[str] = []
    if kind == "open-items":
        _tell_number_from_name(table.headers, sample, places, columns)
        if doubtful := _amount_in_doubt(table.headers, sample, places):
            columns["amount"], places["amount"] = column_name_at(table.headers, doubtful), doubtful
            questions.append(Question("column_unsure", {"header": table.headers[doubtful], "target": "amount"}))
        elif (settled := _settled_beside(table.headers, sample, places)) is not None:
            told = {"header": table.headers[places["amount"]], "settled": table.headers[settled]}
            questions.append(Question("partly_settled", told))
        if not headings and looked.carries_customers():
            carried = [each for each in ("customer_no", "customer_name") if each in places]
            questions.append(Question("customers_carried", {"header": table.headers[places[carried[0]]]}))
    _pair_currency(table.headers, places, columns)
    decimal_mark, doubt = looked.decimal_mark(mapping)
    questions += doubt
    date_order, doubt = looked.date_order(mapping, today)
    questions += doubt
    changes: dict[str, Any] = {
        "columns": columns,
        "constants": constants,
        "unread": unread,
        "decimal_mark": decimal_mark,
        "date_order": date_order,
        "headings": headings or mapping.headings,
        "carried": carried or mapping.carried,
    }
    if sides:
        changes["sign"] = "owed_positive"
    return mapping.model_copy(update=changes), questions


def _suggested(
    file: ImportFile, table: Table, sample: Sample, found: ColumnMapping
) -> tuple[dict[str, Any], list[Question]]:
    """Returns likely answers by key of the mapping, and their questions: words of kinds, signs, rounding.

    The first rows are read so, and what would be errors of all rows of a kind is asked about once.
    """
    if file.kind == "customers":
        return {}, []
    answers: dict[str, Any] = {}
    questions: list[Question] = []
    binding = bind_columns(replace(file, mapping=found), table.headers)
    if binding.missing:
        return answers, questions
    tried = try_rows(file.kind, table, binding, found)
    if unknown := [word for word in tried.all_found("unknown_kind") if word]:
        answers["kinds"] = {**found.kinds, **{word: _guess_kind(sample, binding.places, word) for word in unknown}}
        questions.append(Question("kinds_unknown", {"words": ", ".join(unknown[:8])}))
    answers |= _cleanly(file, table, binding, found.model_copy(update=answers), questions)
    return answers, questions


def _cleanly(
    file: ImportFile, table: Table, binding: Binding, mapping: ColumnMapping, questions: list[Question]
) -> dict[str, Any]:
    """Returns the rounding and the sign by which the first rows have no error left, and asks for them; else nothing."""
    answers: dict[str, Any] = {}
    asked: list[Question] = []
    tried = try_rows(file.kind, table, binding, mapping)
    if found := tried.found("too_many_decimals"):
        answers["rounding"] = "half_up"
        asked.append(Question("decimals_rounded", {"found": found}))
        tried = try_rows(file.kind, table, binding, mapping.model_copy(update=answers))
    if (found := tried.found("amount_not_positive")) and file.kind == "open-items":
        answers["sign"] = "owed_positive"
        asked.append(Question("sign_doubtful", {"found": found}))
        tried = try_rows(file.kind, table, binding, mapping.model_copy(update=answers))
    if tried.errors_total or any(each.params["found"][:1] not in "-(" for each in tried.warnings_of("kind_by_sign")):
        return {}
    questions += asked
    return answers


def _guess_kind(sample: Sample, places: Mapping[str, int], word: str) -> str:
    """Returns the likeliest meaning of a word for a kind of document, by itself and by the signs of its amounts."""
    kind, amount = places["kind"], places.get("amount")
    rows = [row.cells for row in sample.rows if amount is not None and row.cells[kind] == word]
    amounts = [row[amount].strip() for row in rows if amount is not None and row[amount]]
    return guess_kind(word, below=bool(amounts) and all(cell[0] in "-(" or cell[-1] == "-" for cell in amounts))


def _is_general_ledger(header: str, places: Mapping[str, int], sample: Sample) -> bool:
    """Tells that the accounts of a column are those of the general ledger ("121000 Receivables"), not customers."""
    cells = sample.cells_at(places["customer_no"])
    return header_key(header) in _ACCOUNTS and bool(cells) and all(map(_NAMED_ACCOUNT.fullmatch, cells))


def _take_sides(
    headers: Sequence[str], places: dict[str, int], mapping: ColumnMapping, unread: list[str]
) -> list[Question]:
    """Takes debits and credits for the amount where the only amount is a running balance; asks to confirm it.

    Beside another column of amounts, debits and credits are not read.
    """
    if "debit" not in places and "credit" not in places:
        return []
    chosen = places.get("amount")
    if chosen is None:
        return []
    both = "debit" in places and "credit" in places
    if both and "amount" not in mapping.columns and _BALANCE.fullmatch(headers[chosen].strip()):
        unread.append(column_name_at(headers, chosen))
        del places["amount"]
        return [Question("sides_taken", {name: headers[places[name]] for name in ("debit", "credit")})]
    for name in ("debit", "credit"):
        if name in places:
            unread.append(column_name_at(headers, places.pop(name)))
    return []


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


def _column_of_kinds(sample: Sample, places: Mapping[str, int]) -> int | None:
    """Returns the only free column whose words are all known kinds of document, whatever its header says."""
    free = (int(place) for place, words in sample.words.items() if words and int(place) not in places.values())
    found = [place for place in free if all(map(is_kind, sample.words[str(place)]))]
    return found[0] if len(found) == 1 else None


def _settled_beside(headers: Sequence[str], sample: Sample, places: Mapping[str, int]) -> int | None:
    """Returns a column that says how much of the amounts is settled, where the amounts are not those still open."""
    if "amount" not in places or _OPEN.search(headers[places["amount"]]):
        return None
    for place, header in enumerate(headers):
        is_named = place not in places.values() and _SETTLED.search(header) and not _NO_AMOUNT.search(header)
        if is_named and any(re.search("[1-9]", cell) for cell in filter(_MONEY.fullmatch, sample.cells_at(place))):
            return place
    return None


def _pair_currency(headers: Sequence[str], places: dict[str, int], columns: dict[str, str]) -> None:
    """Takes the own currency's column where the amount is in the own currency."""
    if "amount" not in places or header_key(headers[places["amount"]]) not in _LOCAL_AMOUNTS:
        return
    keys = [header_key(header) for header in headers]
    place = next((keys.index(key) for key in _LOCAL_CURRENCIES if key in keys), None)
    if place is not None:
        columns["currency"] = column_name_at(headers, place)
