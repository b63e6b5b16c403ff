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
from web.context import db
from web.forms import Form
from web.responses import Page, flash_error, see_other

#: The sentence of an error in the current language; None when nobody wrote one.
Sentence = Callable[[HuikuanError], str | None]
Fields = Mapping[str, str]

NO_FIELDS: Final[Fields] = MappingProxyType({})
_EXTENSION: Final = "refusals"


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


def refused(error: HuikuanError, url: str) -> Page:
    """Undoes what the command began and says its refusal on the page at `url`, for a button that has no fields."""
    db().rollback()
    flash_error(explain(error))
    return see_other(url)
