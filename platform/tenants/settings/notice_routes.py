"""Page of the official days off: what is known of the coming years, and the form that enters a notice.

Invariant: parse, authorise, one command or one query, render.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint

from kernel.calendars import statutory_days_off
from kernel.i18n import gettext as _
from kernel.versions import version_of
from tenants import queries
from tenants.access import staff
from tenants.permissions import Permission
from tenants.settings import commands
from tenants.settings.inputs import EnterNotice
from web.command_form import command_form, done
from web.context import actor, db
from web.formatters import date as write_date
from web.forms import Form, blank
from web.responses import Page, render

bp = Blueprint("notices", __name__, url_prefix="/settings/notices")


def _page(form: Form[Any]) -> str:
    tenant_id, today = actor().tenant_id, actor().today
    stored, calendar = queries.calendar_notices(db(), tenant_id), queries.work_calendar(db(), tenant_id)
    known = [
        (
            year,
            calendar.published(year),
            stored.get(str(year)),
            _listed((stored.get(str(year)) or {}).get("off", [])),
            _listed((stored.get(str(year)) or {}).get("working", [])),
            _listed(day.isoformat() for day in sorted(statutory_days_off(year))),
        )
        for year in (today.year, today.year + 1)
    ]
    first = {"year": str(calendar.missing_notice(today) or today.year + 1), "version": version_of(stored)}
    return render("tenants/settings/notices.html", form=form.at("notice", **first), known=known)


def _listed(days: Any) -> str:
    return ", ".join(write_date(date.fromisoformat(day)) for day in days)


def _words(name: str, value: Any) -> str:
    """Returns a notice that another person entered meanwhile, in words."""
    return _("%(year)s: %(source)s", year=name, source=value["source"])


@bp.get("")
@staff(Permission.MANAGE_SETTINGS)
def notices() -> Page:
    """Shows what is known and the form."""
    return _page(blank())


@bp.post("")
@staff(Permission.MANAGE_SETTINGS)
@command_form(EnterNotice, page=_page, slot="notice", words=_words)
def enter(data: EnterNotice) -> Page:
    """Enters the notice of a year."""
    commands.enter_notice(db(), actor(), data)
    return done(_("The days off of %(year)s are known.", year=data.year), "notices.notices")
