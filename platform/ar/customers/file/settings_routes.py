"""Serves the settings of customer files: what each legal form owes, its versions.

Invariant: parse, authorise, one command or one query, render.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, request, url_for

from ar.customers.file import settings
from ar.customers.file.messages import document_label
from ar.customers.file.queries import file_policy
from ar.customers.file.settings import ASKABLE, SetRequirements, requirement_values
from ar.customers.messages import ENTITY_LABELS
from kernel.i18n import gettext as _
from tenants.access import may, staff
from tenants.permissions import Permission
from web import filters
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank, stored
from web.responses import Page, render

bp = Blueprint("file_settings", __name__, url_prefix="/file-settings")


@dataclass(frozen=True)
class FormFilters:
    """Which legal form is shown."""

    form: str = filters.choice(*ENTITY_LABELS)


def _show_page(form: Form[Any]) -> str:
    wanted, path = filters.read(FormFilters, request.args), url_for("file_settings.show")
    entity_type = str(form.value("entity_type") or wanted.form)
    entity_type = entity_type if entity_type in ENTITY_LABELS else wanted.form
    shown = form.at("requirements", **stored(requirement_values(file_policy(db(), actor().tenant_id), entity_type)))
    texts = {name: list(shown.value(name) or []) for name in ("asked", "counts_from", "opens", "due")}
    rows = [
        {"kind": kind.value, "label": document_label(kind), **{name: _at(texts[name], at) for name in texts}}
        for at, kind in enumerate(ASKABLE)
    ]
    return render(
        "ar/customers/file/show_settings.html",
        form=shown,
        rows=rows,
        entity_type=entity_type,
        chips=filters.chips(wanted, "form", [(code, _(name)) for code, name in ENTITY_LABELS.items()], path),
        asked_choices=[("", _("not asked")), ("wanted", _("wanted")), ("required", _("required"))],
        versions=settings.settings_versions(db(), actor().tenant_id),
        may_set=may(Permission.MANAGE_SETTINGS),
    )


def _at(texts: list[str], at: int) -> str:
    return texts[at] if at < len(texts) else ""


@bp.get("/", endpoint="show")
@staff(Permission.READ)
def show_settings() -> Page:
    """Shows what each legal form owes the file."""
    return _show_page(blank())


@bp.post("/")
@staff(Permission.MANAGE_SETTINGS)
@command_form(SetRequirements, page=_show_page, slot="requirements")
def set_requirements(data: SetRequirements) -> Page:
    """Says anew what one legal form owes."""
    settings.set_requirements(db(), actor(), data)
    return done(
        _("It is recorded. Every file is looked at by it from now on."), "file_settings.show", form=data.entity_type
    )
