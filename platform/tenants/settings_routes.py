"""The company's settings: letterhead, escalation policy, review before sending, working days.

May import web. Invariant: the page shows what is stored; every change is a command that the journal keeps.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

from flask import Blueprint, url_for

from kernel.calendars import calendar_for
from kernel.i18n import gettext as _
from kernel.inputs import CommandInput
from tenants import commands, queries
from tenants.access import staff
from tenants.inputs import CalendarDay, CompanySettings
from tenants.permissions import Permission
from web.context import actor, db
from web.formatters import date as write_date
from web.forms import Form, blank, read_form
from web.responses import Page, flash_ok, invalid, render, see_other

bp = Blueprint("settings", __name__, url_prefix="/settings")

TEMPLATE = "tenants/settings/edit.html"


class DayOnly(CommandInput):
    """The day that is given back to the calendar."""

    on: date


@bp.get("/")
@staff(Permission.MANAGE_SETTINGS)
def edit() -> Page:
    return render(TEMPLATE, **_page())


@bp.post("/")
@staff(Permission.MANAGE_SETTINGS)
def save() -> Page:
    form = read_form(CompanySettings)
    if not form.ok:
        return invalid(TEMPLATE, **_page(form=form))
    commands.change_settings(db(), actor(), form.data)
    flash_ok(_("The settings are saved."))
    return see_other(url_for("settings.edit"))


@bp.post("/days")
@staff(Permission.MANAGE_SETTINGS)
def set_day() -> Page:
    form = read_form(CalendarDay)
    if not form.ok:
        return invalid(TEMPLATE, **_page(day_form=form))
    commands.set_calendar_day(db(), actor(), form.data)
    flash_ok(_("%(on)s is set.", on=write_date(form.data.on)))
    return see_other(url_for("settings.edit") + "#days")


@bp.post("/days/remove")
@staff(Permission.MANAGE_SETTINGS)
def unset_day() -> Page:
    form = read_form(DayOnly)
    if form.ok:
        commands.unset_calendar_day(db(), actor(), form.data.on)
        flash_ok(_("%(on)s follows the calendar again.", on=write_date(form.data.on)))
    return see_other(url_for("settings.edit") + "#days")


def _page(form: Form[Any] | None = None, day_form: Form[Any] | None = None) -> dict[str, Any]:
    company = queries.company(db(), actor().tenant_id)
    calendar = calendar_for("CN" if company.calendar == "CN" else "MON-FRI")
    unpublished = [year for year in (actor().today.year, actor().today.year + 1) if not calendar.published(year)]
    return {
        "form": form or blank(**asdict(company)),
        "day_form": day_form or blank(),
        "days": queries.day_overrides(db(), actor().tenant_id),
        "unpublished": unpublished,
        "policies": _policies(),
        "calendars": _calendars(),
    }


def _policies() -> list[tuple[str, str, str]]:
    """The presets as radio cards, each with its days."""
    return [
        (
            "five-step",
            _("Five steps, from the end of the collection period"),
            _(
                "Due notice after 1 day, overdue report after 5, statement to confirm after 10, demand letter with a "
                "deadline and a proposal to stop shipments after 15, warning when the deadline has lapsed. "
                "One month after the due date the general manager is told."
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
