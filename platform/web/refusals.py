"""Shows a refused command as a sentence at its field, or on the next page.

Invariants: the sentences are the product's one table, which the application installs; a refusal without a sentence is
raised on; what a command wrote before it refused is rolled back before anything is read for the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, cast

from flask import Flask, current_app

from kernel.errors import HuikuanError
from kernel.i18n import gettext as _
from web.context import db
from web.forms import VERSION, Form
from web.responses import Page, flash_error, see_other

#: The sentence of an error in the current language; None when nobody wrote one.
Sentence = Callable[[HuikuanError], str | None]
Fields = Mapping[str, str]

#: Puts the stored value of a field into words for the person who reads it.
Words = Callable[[str, Any], str]

#: The code of an edit that another person was faster to save.
CHANGED: Final = "changed_meanwhile"
NO_FIELDS: Final[Fields] = MappingProxyType({})
_EXTENSION: Final = "refusals"


def str_of(_name: str, value: Any) -> str:
    """Returns a value as its form shows it: a list by commas, nothing as an empty text."""
    if isinstance(value, list | tuple):
        return ", ".join(str(each) for each in value if str(each))
    return "" if value is None or value is False else str(value)


def install(app: Flask, sentence: Sentence) -> None:
    """Registers the application's table of sentences."""
    app.extensions[_EXTENSION] = sentence


def explain(error: HuikuanError) -> str:
    """Returns the sentence of a refusal in the current language. Raises the refusal itself when it has none."""
    said = cast(Sentence, current_app.extensions[_EXTENSION])(error)
    if said is None:
        raise error
    return said


def put_refusal(form: Form[Any], error: HuikuanError, fields: Fields = NO_FIELDS, *, otherwise: str = "") -> None:
    """Undoes what the command began and puts its refusal at the form's field.

    `fields` maps a code to its field, `otherwise` is the field of all others ("" is the top of the form). Raises the
    refusal itself when it has no sentence.
    """
    db().rollback()
    form.errors[fields.get(error.code, otherwise)] = explain(error)


def put_difference(form: Form[Any], error: HuikuanError, words: Words = str_of) -> None:
    """Says at each field what another person has saved there since the form was filled; what was typed stays.

    `error` is `changed_meanwhile` of `kernel.versions`; `words` puts a stored value into words. The form gets the new
    version, so that it can be saved knowingly.
    """
    now = cast(Mapping[str, Any], error.params["now"])
    form.values[VERSION] = error.params["version"]
    for name in type(form.data).model_fields:
        if name in now and _parts(form.value(name)) != _parts(now[name]):
            text = words(name, now[name])
            form.errors[name] = _("Saved meanwhile: %(value)s", value=text) if text else _("Saved meanwhile: empty")


def _parts(value: Any) -> list[str]:
    """Returns what a field holds, for comparison: the order of ticked boxes says nothing."""
    parts = value if isinstance(value, list | tuple) else [value]
    return sorted(filter(None, (str_of("", part) for part in parts)))


def refused(error: HuikuanError, url: str) -> Page:
    """Undoes what the command began and says its refusal on the page at `url`, for a button that has no fields."""
    db().rollback()
    flash_error(explain(error))
    return see_other(url)
