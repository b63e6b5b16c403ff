"""Serves the page on which a person says how the columns of a bank table are read.

Invariant: parse, authorise, one command or one query, render.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from flask import Blueprint, url_for

from ar.receipts.bank import files as bank_files
from ar.receipts.bank import queries as bank_queries
from ar.receipts.bank.formats.tables.targets import TARGETS
from ar.receipts.bank.formats.tables.words import direction_of, state_of
from ar.receipts.bank.inputs import MappedSource
from ar.receipts.bank.messages import finding_text
from kernel.errors import Conflict
from kernel.i18n import gettext as _
from kernel.i18n import mark
from kernel.sheets.mapping import ColumnMapping
from kernel.sheets.passed_over import REASONS
from kernel.sheets.samples import Sample
from tenants.access import staff
from tenants.permissions import Permission
from web import mapping_form
from web.command_form import done
from web.context import actor, db
from web.forms import posted
from web.mapping_form import MappingForm, Words, read_mapping, show_mapping
from web.refusals import refused
from web.responses import Page, render, see_other

bp = Blueprint("bank_mapping", __name__, url_prefix="/bank/files")

_SIGNS: Final = (
    ("", mark("The columns or their words tell")),
    ("in_positive", mark("Above zero is money in, below zero money out")),
    ("in_negative", mark("Below zero is money in, above zero money out")),
)
_MARKS: Final = (
    ("", mark("Choose")),
    ("in", mark("Money in")),
    ("out", mark("Money out")),
    ("pending", mark("Not booked yet")),
)
_STATES: Final = (("", mark("Choose")), ("booked", mark("Booked")), ("pending", mark("Not booked yet")))


def _said(options: Any) -> list[tuple[str, str]]:
    return [(key, _(label)) for key, label in options]


def _words(file: bank_queries.MappedFile) -> list[Words]:
    """Returns the words that the page asks a meaning for: of the status where that was asked, else of the mark."""
    skip = mapping_form.SKIP_OPTION
    if any(each["code"] == "unknown_status" for each in file.questions):
        return [Words("marks", "status", _("What the words for booked or not mean"), _said((*_STATES, skip)))]
    return [Words("marks", "mark", _("What the words for in or out mean"), _said((*_MARKS, skip)))]


def _choices(sample: Sample) -> dict[str, Any]:
    """Returns the options of the page's lists, in the current language."""
    return {
        "decimal_marks": _said(mapping_form.DECIMAL_MARKS),
        "date_orders": _said(mapping_form.DATE_ORDERS),
        "roundings": _said(mapping_form.ROUNDINGS),
        "encodings": _said(mapping_form.ENCODINGS),
        "delimiters": _said(mapping_form.DELIMITERS),
        "sheets": [(name, name) for name in sample.sheets],
        "signs": _said(_SIGNS),
    }


def _known_words(sample: Sample) -> dict[str, str]:
    """Returns the words of the file whose meaning is known, so that only the others are asked."""
    words = {word for found in sample.words.values() for word in found}
    known = {word: direction_of(word) or state_of(word) or "" for word in words}
    return {word: meaning for word, meaning in known.items() if meaning}


def _with_known_words(told: ColumnMapping, sample: Sample) -> ColumnMapping:
    return told.model_copy(update={"marks": {**_known_words(sample), **told.marks}})


def _check(mapping: ColumnMapping, form: MappingForm) -> None:
    """Adds the errors of a mapping by which no movement could be read."""
    if "booked_on" not in mapping.columns:
        form.errors["column-0"] = _("Choose the column with the day of the booking.")
    elif not {"in", "out", "amount"} & mapping.columns.keys():
        form.errors["column-0"] = _("Choose the columns with money in and money out, or one with both.")
    by_mark = {"amount", "mark"} <= mapping.columns.keys() and not mapping.sign
    for words, fields in form.words:
        if words.target == "status" or by_mark:
            for each in fields:
                if not each.value:
                    form.errors[each.name] = _("Choose what “%(word)s” means.", word=each.word)


def _page(file: bank_queries.MappedFile, form: MappingForm) -> str:
    return render(
        "ar/receipts/bank/mapping.html",
        file=file,
        form=form,
        questions=[(each["line"], finding_text(each["code"], each["params"])) for each in file.questions],
        reasons=REASONS,
        choices=_choices(form.sample),
    )


@bp.get("/<uuid:bank_file_id>/mapping")
@staff(Permission.IMPORT)
def mapping(bank_file_id: UUID) -> Page:
    """Shows every column of a table with its guess, the open questions, and its first rows."""
    file = bank_queries.mapped_file(db(), actor().tenant_id, bank_file_id)
    if file.sample is None:
        return see_other(url_for("bank.show", bank_file_id=bank_file_id))
    sample, told = Sample.from_json(file.sample), ColumnMapping.model_validate(file.mapping or {})
    return _page(file, show_mapping(sample, TARGETS, _with_known_words(told, sample), _words(file)))


@bp.post("/<uuid:bank_file_id>/mapping")
@staff(Permission.IMPORT)
def map_columns(bank_file_id: UUID) -> Page:
    """Stores how the columns are read, and has the file read so."""
    file = bank_queries.mapped_file(db(), actor().tenant_id, bank_file_id)
    if file.sample is None:
        return see_other(url_for("bank.show", bank_file_id=bank_file_id))
    sample, told = Sample.from_json(file.sample), ColumnMapping.model_validate(file.mapping or {})
    read, form = read_mapping(posted(), sample, TARGETS, _with_known_words(told, sample), _words(file))
    if read is not None and _opened_otherwise(read, told):
        read = read.model_copy(update={"columns": {}, "unread": []})  # other headers: what they are is found anew
    elif read is not None:
        _check(read, form)
    if read is None or form.errors:
        return _page(file, form), 422
    source = MappedSource(
        fingerprint=sample.fingerprint, name=posted().get("name", "")[:100], remember="remember" in posted()
    )
    try:
        bank_files.map_columns(db(), actor(), bank_file_id, read, source)
    except Conflict as fault:
        return refused(fault, url_for("bank.show", bank_file_id=bank_file_id))
    return done(_("The columns are noted."), "bank.show", bank_file_id=bank_file_id)


def _opened_otherwise(read: ColumnMapping, told: ColumnMapping) -> bool:
    """Tells that the file is to be opened in another way, by which it has other headers."""
    return any(getattr(read, name) != getattr(told, name) for name in ("encoding", "delimiter", "sheet", "header_row"))
