"""Reads a posted form into a command's input model; keeps what was typed and the errors.

Invariant: the model that validates the form is the command's own; what was typed is kept in any case.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, get_origin

from flask import g, request
from pydantic import BaseModel, ValidationError
from werkzeug.datastructures import ImmutableMultiDict

from kernel.bookable import OUT_OF_RANGE
from kernel.i18n import gettext as _
from kernel.i18n import mark
from kernel.inputs import EditInput
from kernel.versions import version_of

M = TypeVar("M", bound=BaseModel)

#: Names of the hidden fields of every form: the token against forgery, the key under which it is sent once, and in a
#: form that edits, the version that it was filled from.
CSRF, KEY, VERSION = "csrf_token", "key", "version"

TEXTS = {
    "missing": mark("This field is required."),
    "string_too_short": mark("This field is required."),
    "string_too_long": mark("Use at most %(max_length)s characters."),
    "string_pattern_mismatch": mark("This does not have the expected form."),
    "date_from_datetime_parsing": mark("Enter a date such as 2026-11-21."),
    "date_parsing": mark("Enter a date such as 2026-11-21."),
    "date_type": mark("Enter a date such as 2026-11-21."),
    "day_out_of_range": OUT_OF_RANGE,
    "int_parsing": mark("Enter a whole number."),
    "greater_than_equal": mark("Enter %(ge)s or more."),
    "less_than_equal": mark("Enter %(le)s or less."),
    "literal_error": mark("Choose one of the options."),
    "enum": mark("Choose one of the options."),
    "bool_parsing": mark("Choose one of the options."),
    "uuid_parsing": mark("Choose one of the options."),
}


@dataclass
class Form(Generic[M]):
    """A form as posted: `values` are the texts, `errors` name → sentence, `data` the model when all is well.

    `slot` names it on a page of several forms; a form that was not posted has none.
    """

    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    model: M | None = None
    slot: str = ""

    @property
    def ok(self) -> bool:
        return self.model is not None and not self.errors

    @property
    def data(self) -> M:
        if self.model is None:
            raise RuntimeError("a form with errors has no data")
        return self.model

    def at(self, slot: str, **first: Any) -> Form[Any]:
        """Returns this form when it was posted from `slot`, else a blank one with these first values."""
        return self if self.slot == slot else blank(**first)

    def value(self, name: str, default: Any = "") -> Any:
        """Returns what was typed into a field."""
        return self.values.get(name, default)

    def error(self, name: str) -> str:
        """Returns the error sentence of a field, an empty text when it is valid."""
        return self.errors.get(name, "")

    def error_list(self) -> list[tuple[str, str]]:
        """Returns (field, sentence) of every error, for the summary on top of the form."""
        return list(self.errors.items())


def blank(**values: Any) -> Form[Any]:
    """Returns a form not yet posted, with initial values."""
    return Form(values=values)


def stored(values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the values of a record for the form that edits it, with their version (`kernel.versions`)."""
    return {**values, VERSION: version_of(values)}


def posted() -> ImmutableMultiDict[str, str]:
    """Returns the fields of the request's form as they were posted."""
    return request.form


def read_form(
    model: type[M], extra: Mapping[str, Any] | None = None, *, each: Collection[str] = frozenset()
) -> Form[M]:
    """Reads the request's form into `model`. Empty texts count as absent; repeated fields become lists.

    Of the repeated fields named in `each` every entry has its error, under "field-0", "field-1"…
    A form that may not be sent again has that as its error.
    """
    posted = request.form
    values: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        if name not in posted:
            continue
        many = get_origin(info.annotation) in (list, tuple, set, frozenset)
        values[name] = posted.getlist(name) if many else posted[name].strip()
    typed = dict(posted.items()) | values
    given = {name: value for name, value in values.items() if value != ""} | dict(extra or {})
    if issubclass(model, EditInput):
        given[VERSION] = posted.get(VERSION, "")  # a form that edits and carries no version is of none
    fault = take_fault()
    try:
        return Form(values=typed, model=model.model_validate(given), errors={"": fault} if fault else {})
    except ValidationError as faults:
        return Form(values=typed, errors=error_texts(faults, each) | ({"": fault} if fault else {}))


def take_fault() -> str:
    """Returns what is wrong with the request's form as a whole, once; empty when nothing is (`web.sent_once`)."""
    return str(g.pop("form_fault", ""))


def error_texts(fault: ValidationError, each: Collection[str] = frozenset()) -> dict[str, str]:
    """Returns one sentence in the current language per faulty field, and of a field in `each` per faulty entry."""
    texts: dict[str, str] = {}
    for error in fault.errors():
        name = str(error["loc"][0]) if error["loc"] else "form"
        entries = _entries(error) if name in each else ()
        for key in [f"{name}-{entry}" for entry in entries] or [name]:
            texts.setdefault(key, sentence_of(error))
    return texts


def _entries(error: Any) -> Sequence[int]:
    """Returns which entries of a repeated field an error is about (`kernel.inputs.wrong_entries`); none: the whole."""
    loc = error["loc"]
    return [loc[1]] if len(loc) > 1 else error.get("ctx", {}).get("entries", ())


def sentence_of(error: Any) -> str:
    """Returns the sentence of one of pydantic's errors, in the current language."""
    known = TEXTS.get(error["type"])
    params = {k: v for k, v in error.get("ctx", {}).items() if isinstance(v, str | int)}
    return _(known, **params) if known and "%(" in known else _(known) if known else _own(error)


def _own(error: Any) -> str:
    """Returns the sentence of our own validator, whose msgid is the error's message."""
    message = str(error["msg"]).removeprefix("Value error, ")
    return _(message)
