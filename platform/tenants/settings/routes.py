"""Serves the company's settings: letterhead, collection policy, review before sending, working days.

Invariant: every change is a command recorded in the journal.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint

from kernel.i18n import gettext as _
from kernel.inputs import CommandInput
from tenants import queries
from tenants.access import staff
from tenants.permissions import Permission
from tenants.settings import commands
from tenants.settings.inputs import CalendarDay, CompanySettings, settings_values
from web.command_form import command_form, done
from web.context import actor, db
from web.formatters import date as write_date
from web.forms import Form, blank, stored
from web.refusals import str_of
from web.responses import Page, render

bp = Blueprint("settings", __name__, url_prefix="/settings")


class DayOnly(CommandInput):
    """Removes the company's exception for a day."""

    on: date


def _settings_page(form: Form[Any]) -> str:
    """Renders the settings; `form` fills its slot: settings or day."""
    company = queries.company(db(), actor().tenant_id)
    calendar = queries.work_calendar(db(), actor().tenant_id)
    return render(
        "tenants/settings/edit.html",
        form=form.at("settings", **stored(settings_values(company))),
        day_form=form.at("day"),
        days=queries.day_overrides(db(), actor().tenant_id),
        unpublished=[year for year in (actor().today.year, actor().today.year + 1) if not calendar.published(year)],
        notice_asked=company.calendar == "CN",
        policies=_policies(),
        calendars=_calendars(),
    )


def _words(name: str, value: Any) -> str:
    """Returns the stored value of a field as the page shows it."""
    if name == "review_mode":
        return _("on") if value else _("off")
    known = {"policy_code": {code: label for code, label, _hint in _policies()}, "calendar": dict(_calendars())}
    return known[name].get(value, value) if name in known else str_of(name, value)


@bp.get("/")
@staff(Permission.MANAGE_SETTINGS)
def edit() -> Page:
    return _settings_page(blank())


@bp.post("/")
@staff(Permission.MANAGE_SETTINGS)
@command_form(CompanySettings, page=_settings_page, slot="settings", words=_words)
def save(data: CompanySettings) -> Page:
    commands.change_settings(db(), actor(), data)
    return done(_("The settings are saved."), "settings.edit")


@bp.post("/days")
@staff(Permission.MANAGE_SETTINGS)
@command_form(CalendarDay, page=_settings_page, slot="day")
def set_day(data: CalendarDay) -> Page:
    commands.set_calendar_day(db(), actor(), data)
    return done(_("%(on)s is set.", on=write_date(data.on)), "settings.edit", _anchor="days")


@bp.post("/days/remove")
@staff(Permission.MANAGE_SETTINGS)
@command_form(DayOnly, page=_settings_page, slot="day")
def unset_day(data: DayOnly) -> Page:
    commands.unset_calendar_day(db(), actor(), data.on)
    text = _("%(on)s follows the calendar again.", on=write_date(data.on))
    return done(text, "settings.edit", _anchor="days")


def _policies() -> list[tuple[str, str, str]]:
    """Returns the presets as (code, name, description)."""
    return [
        (
            "five-step",
            _("Five steps, from the end of the collection period"),
            _(
                "Due notice after 1 day, overdue report after 5, statement to confirm after 10, demand letter "
                "with a deadline and a proposal to stop shipments after 15, warning when the deadline has "
                "passed. One month after the due date the general manager is informed."
            ),
        ),
        (
            "twelve-step",
            _("Twelve steps, from the due date"),
            _(
                "Reminders after 1 and 5 days, a call after 9, letters after 13, 17 and 21 with a second call, "
                "the manager's calls after 24 and 27, last notice after 30, an agency after 37 days, "
                "and the courts six months later."
            ),
        ),
    ]


def _calendars() -> list[tuple[str, str]]:
    return [
        ("CN", _("China: public holidays and make-up working days")),
        ("MON-FRI", _("Monday to Friday, without public holidays")),
    ]
