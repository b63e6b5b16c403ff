"""Names the fields of a page: an id of its own for each, and its label for the summary of errors above it.

Pages have several forms with fields of one name, and a summary is written before the labels that it names. So the
page's fields are counted while it is rendered, and the summaries are completed at its end.

Invariants: an id is written once a page; within a form the same name has the same id; the first form's ids are plain.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from flask import g, has_app_context
from jinja2 import Environment
from markupsafe import Markup, escape

from kernel.i18n import gettext as _

#: Private characters around an entry of a summary: id of the field, message.
_OPEN, _BETWEEN, _CLOSE = "\ue000", "\ue001", "\ue002"
_ENTRY: Final = re.compile(f"{_OPEN}([^{_BETWEEN}]*){_BETWEEN}([^{_CLOSE}]*){_CLOSE}")


@dataclass
class Fields:
    """The fields of one page so far: the number of the form, whose each name is, and the labels by id."""

    form: int = 0
    owners: dict[str, int] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)


def install(env: Environment) -> None:
    """Gives the components what they name fields with."""
    env.globals.update(begin_form=begin_form, field_id=field_id, label_field=label_field, error_entry=error_entry)


def begin_form() -> str:
    """Begins the next form; returns nothing to write."""
    _fields().form += 1
    return ""


def field_id(name: str) -> str:
    """Returns the id of a field of the form, without the `f-`: its name, with the form's number where it is taken."""
    fields = _fields()
    owner = fields.owners.setdefault(name, fields.form)
    return name if owner == fields.form else f"{name}-{fields.form}"


def label_field(name: str, label: str) -> str:
    """Notes the label of a field of the form; returns its id."""
    found = field_id(name)
    _fields().labels[found] = str(label)
    return found


def error_entry(name: str, message: str) -> Markup:
    """Returns an entry of the summary of errors; `complete` puts the field's label before it."""
    if not has_app_context():
        return escape(message)
    return Markup(f"{_OPEN}{escape(field_id(name))}{_BETWEEN}{escape(message)}{_CLOSE}")  # noqa: S704 - escaped


def complete(page: str) -> str:
    """Returns the rendered page with the labels in its summaries; a field without a label keeps its message alone."""
    fields: Fields | None = g.pop("fields", None) if has_app_context() else None
    labels = fields.labels if fields else {}

    def entry(found: re.Match[str]) -> str:
        label, message = labels.get(found[1]), Markup(found[2])  # noqa: S704 - escaped above
        return str(Markup(_("%(field)s: %(message)s")) % {"field": label, "message": message} if label else message)  # noqa: S704

    return _ENTRY.sub(entry, page)


def _fields() -> Fields:
    if not has_app_context():
        return Fields()
    if "fields" not in g:
        g.fields = Fields()
    return g.fields  # type: ignore[no-any-return]
