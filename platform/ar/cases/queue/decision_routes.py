"""Routes of decisions in the review queue: release, skip, complete, resolve a delivery; run the day; place holds.

Invariant: parse, authorise, one command, answer. The views are registered on the blueprint of `queue.routes`.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import request, url_for

from ar.cases import commands
from ar.cases.holds.inputs import PlaceHold
from ar.cases.ladder.explain import reason_text
from ar.cases.queue.inputs import CompleteTask, ReleaseAction, ResolveDelivery, SkipAction
from ar.cases.queue.routes import action_page, bp
from kernel.errors import NotFound
from kernel.i18n import gettext as _
from kernel.i18n import ngettext
from tenants.access import staff
from tenants.permissions import Permission
from tenants.queries import work_calendar
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form
from web.responses import Page, flash_error, flash_ok, render, safe_next, see_other

HOLD_FIELDS = {"promise_needs_day": "until_on", "block_until_past": "until_on", "item_not_of_customer": "item_id"}


@bp.post("/actions/<uuid:action_id>/approval", endpoint="approve")
@staff(Permission.REVIEW_ACTIONS)
@command_form(ReleaseAction, page=action_page, fields={"deadline_past": "deadline_on"})
def release(data: ReleaseAction, action_id: UUID) -> Page:
    """Releases one letter, or a task that needs a named role."""
    outcome = commands.release_action(db(), actor(), action_id, data)
    if outcome.state == "suppressed":
        flash_error(_("Nothing was sent: %(reason)s.", reason=reason_text(outcome.reason)))
        return see_other(_next())
    return _done_on_page(_("Approved. It goes out within a minute."))


@bp.post("/approvals", endpoint="approve_all")
@staff(Permission.REVIEW_ACTIONS)
def release_all() -> Page:
    """Shows the letters that would go out; releases them once the person has confirmed."""
    if request.form.get("confirmed") != "1":
        totals, early = commands.releasable_totals(db(), actor()), commands.count_not_yet_due(db(), actor())
        return render(
            "ar/cases/queue/approve_all.html", sums=totals, early=early, letters=sum(total.letters for total in totals)
        )
    count = commands.release_letters(db(), actor())
    flash_ok(ngettext("%(num)s letter approved.", "%(num)s letters approved.", count))
    early = commands.count_not_yet_due(db(), actor())
    if early:
        flash_ok(
            ngettext(
                "%(num)s letter stays: its day has not come.", "%(num)s letters stay: their day has not come.", early
            )
        )
    return see_other(_next())


@bp.post("/actions/<uuid:action_id>/skip")
@staff(Permission.REVIEW_ACTIONS)
@command_form(SkipAction, page=action_page)
def skip(data: SkipAction, action_id: UUID) -> Page:
    """Skips a letter or task, with a reason."""
    commands.skip_action(db(), actor(), action_id, data)
    return _done_on_page(_("Skipped. It is not proposed again."))


@bp.post("/actions/<uuid:action_id>/completion")
@staff(Permission.WORK_TASKS)
@command_form(CompleteTask, page=action_page)
def complete(data: CompleteTask, action_id: UUID) -> Page:
    """Marks a call or task as done, with a note."""
    commands.complete_task(db(), actor(), action_id, data)
    return _done_on_page(_("Noted as done."))


@bp.post("/actions/<uuid:action_id>/outcome", endpoint="outcome")
@staff(Permission.REVIEW_ACTIONS)
@command_form(ResolveDelivery, page=action_page)
def resolve_delivery(data: ResolveDelivery, action_id: UUID) -> Page:
    """Records the delivery outcome of a mail in doubt, or returns a letter that came back to the queue."""
    commands.resolve_delivery(db(), actor(), action_id, data)
    return _done_on_page(_("Noted.") if data.outcome == "arrived" else _("It waits in the queue again."))


@bp.post("/runs")
@staff(Permission.RUN_DAY)
def run() -> Page:
    """Runs the day now and says how many steps it proposed."""
    result = commands.run_day(db(), actor())
    calendar, today = work_calendar(db(), actor().tenant_id), actor().today
    if not result.steps and not calendar.is_working_day(today):
        next_on = calendar.next_working_day(today).isoformat()
        text = _("Today is no working day: the run proposed nothing. Steps come again on %(day)s.", day=next_on)
        return done(text, "cases.queue")
    text = ngettext("The run proposed %(num)s step.", "The run proposed %(num)s steps.", result.steps)
    return done(text, "cases.queue")


def _hold_page(form: Form[Any]) -> str:
    if not str(form.value("customer_id")):
        raise NotFound("customer_not_found")
    return render("ar/cases/holds/place_block.html", form=form, next=_next(), today=actor().today)


@bp.post("/blocks", endpoint="place_block")
@staff(Permission.PLACE_BLOCK)
@command_form(PlaceHold, page=_hold_page, fields=HOLD_FIELDS)
def place_hold(data: PlaceHold) -> Page:
    """Places a hold on a customer or one document."""
    commands.place_hold(db(), actor(), data)
    return _done_on_page(_("Held. Nothing is proposed until it ends."))


@bp.post("/blocks/<uuid:block_id>/lifting", endpoint="lift_block")
@staff(Permission.PLACE_BLOCK)
def lift_hold(block_id: UUID) -> Page:
    """Lifts a hold."""
    commands.lift_hold(db(), actor(), block_id)
    return _done_on_page(_("Lifted. The next run goes on at the level reached."))


def _next() -> str:
    return safe_next(request.form.get("next"), url_for("cases.queue"))


def _done_on_page(text: str) -> Page:
    """Returns to the page that the form came from, else to the queue, and says `text` there."""
    flash_ok(text)
    return see_other(_next())
