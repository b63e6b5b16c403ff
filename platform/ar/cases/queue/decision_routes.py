"""What people decide in the review queue: release, skip, note as done, judge a mail; the run now; holds of a customer.

Invariant: parse, authorise, one command, answer. The views hang on the blueprint of `routes`.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import request, url_for

from ar.cases import commands
from ar.cases.ladder.explain import reason_text
from ar.cases.queue.inputs import ApproveAction, CompleteTask, PlaceBlock, ResolveDelivery, SkipAction
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

BLOCK_FIELDS = {"promise_needs_day": "until_on", "block_until_past": "until_on", "item_not_of_customer": "item_id"}


@bp.post("/actions/<uuid:action_id>/approval")
@staff(Permission.REVIEW_ACTIONS)
@command_form(ApproveAction, page=action_page, fields={"deadline_past": "deadline_on"})
def approve(data: ApproveAction, action_id: UUID) -> Page:
    """Releases one letter, or a task that needs a named role."""
    came = commands.approve_action(db(), actor(), action_id, data)
    if came.state == "suppressed":
        flash_error(_("Nothing was sent: %(reason)s.", reason=reason_text(came.reason)))
        return see_other(_next())
    return _back(_("Approved. It goes out within a minute."))


@bp.post("/approvals")
@staff(Permission.REVIEW_ACTIONS)
def approve_all() -> Page:
    """Shows what would go out, and releases it when the same person says so again."""
    if request.form.get("confirmed") != "1":
        sums, early = commands.releasable(db(), actor()), commands.not_yet_due(db(), actor())
        return render(
            "ar/cases/queue/approve_all.html", sums=sums, early=early, letters=sum(each.letters for each in sums)
        )
    count = commands.approve_all(db(), actor())
    flash_ok(ngettext("%(num)s letter approved.", "%(num)s letters approved.", count))
    early = commands.not_yet_due(db(), actor())
    if early:
        flash_ok(
            ngettext(
                "%(num)s letter stays in the queue: it is not due yet.",
                "%(num)s letters stay in the queue: they are not due yet.",
                early,
            )
        )
    return see_other(_next())


@bp.post("/actions/<uuid:action_id>/skip")
@staff(Permission.REVIEW_ACTIONS)
@command_form(SkipAction, page=action_page)
def skip(data: SkipAction, action_id: UUID) -> Page:
    """Leaves one out, with a reason."""
    commands.skip_action(db(), actor(), action_id, data)
    return _back(_("Skipped. It is not proposed again."))


@bp.post("/actions/<uuid:action_id>/completion")
@staff(Permission.WORK_TASKS)
@command_form(CompleteTask, page=action_page)
def complete(data: CompleteTask, action_id: UUID) -> Page:
    """Marks a call or task as done, with a note."""
    commands.complete_task(db(), actor(), action_id, data)
    return _back(_("Marked as done."))


@bp.post("/actions/<uuid:action_id>/outcome")
@staff(Permission.REVIEW_ACTIONS)
@command_form(ResolveDelivery, page=action_page)
def outcome(data: ResolveDelivery, action_id: UUID) -> Page:
    """A person's word on a mail that came back or was lost sight of."""
    commands.resolve_delivery(db(), actor(), action_id, data)
    return _back(_("Noted.") if data.outcome == "arrived" else _("It is back in the queue."))


@bp.post("/runs")
@staff(Permission.RUN_DAY)
def run() -> Page:
    """The daily run, now."""
    result = commands.run_day(db(), actor())
    calendar, today = work_calendar(db(), actor().tenant_id), actor().today
    if not result.steps and not calendar.is_working_day(today):
        next_on = calendar.next_working_day(today).isoformat()
        text = _("Today is not a working day: the run proposed nothing. Steps resume on %(day)s.", day=next_on)
        return done(text, "cases.queue")
    text = ngettext("The run proposed %(num)s step.", "The run proposed %(num)s steps.", result.steps)
    return done(text, "cases.queue")


def _block_page(form: Form[Any]) -> str:
    if not str(form.value("customer_id")):
        raise NotFound("customer_not_found")
    return render("ar/cases/holds/place_block.html", form=form, next=_next(), today=actor().today)


@bp.post("/blocks")
@staff(Permission.PLACE_BLOCK)
@command_form(PlaceBlock, page=_block_page, fields=BLOCK_FIELDS)
def place_block(data: PlaceBlock) -> Page:
    """Holds a customer or one document."""
    commands.place_block(db(), actor(), data)
    return _back(_("Held. Nothing is proposed until it ends."))


@bp.post("/blocks/<uuid:block_id>/lifting")
@staff(Permission.PLACE_BLOCK)
def lift_block(block_id: UUID) -> Page:
    """Ends a hold."""
    commands.lift_block(db(), actor(), block_id)
    return _back(_("Lifted. The next run continues from the level reached."))


def _next() -> str:
    return safe_next(request.form.get("next"), url_for("cases.queue"))


def _back(text: str) -> Page:
    """Says `text` on the page that the form came from, else on the queue."""
    flash_ok(text)
    return see_other(_next())
