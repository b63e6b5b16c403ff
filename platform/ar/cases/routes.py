"""The review queue and what people decide in it; holds of a customer.

May import this slice, web and tenants. Invariant: parse, authorise, one command or one query, render; previews are
rendered for the reader and stored nowhere.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.cases import commands, letters, queries
from ar.cases.actions import role_name
from ar.cases.explain import reason_text
from ar.cases.inputs import ApproveAction, CompleteTask, PlaceBlock, ResolveDelivery, SkipAction
from ar.cases.sending import PDF, stored_paper
from ar.cases.texts import STATE_TONES, state_name
from ar.cases.views import QueueAction
from ar.receipts.queries import cash_state
from kernel.errors import NotFound
from kernel.i18n import gettext as _
from kernel.i18n import ngettext
from kernel.mail import OutgoingMail
from tenants.access import may, staff
from tenants.permissions import Permission
from tenants.queries import work_calendar
from web import filters
from web.context import actor, db
from web.forms import Form, blank, read_form
from web.paging import read_page
from web.responses import Page, download, flash_error, flash_ok, invalid, render, safe_next, see_other

bp = Blueprint("cases", __name__, url_prefix="/cases")


@bp.get("/")
@staff(Permission.READ)
def queue() -> Page:
    """What will go out today, grouped by customer and currency."""
    wanted = filters.read(queries.QueueFilters, request.args)
    tenant_id, today = actor().tenant_id, actor().today
    asked = read_page(request.args)
    summary = queries.queue_summary(db(), tenant_id)
    total = summary.of_tab(wanted.tab)
    path = url_for("cases.queue")
    page = asked.page(total, path, request.args)
    groups = queries.queue_page(db(), tenant_id, today, wanted.tab, offset=page.offset, limit=page.size)
    tabs = [
        ("letters", _("Letters"), summary.letters),
        ("tasks", _("Calls and tasks"), summary.calls + summary.tasks),
        ("problems", _("Came back or in doubt"), summary.problems),
        ("outgoing", _("On their way"), summary.outgoing),
    ]
    return render(
        "ar/cases/queue.html",
        groups=groups,
        summary=summary,
        cash=cash_state(db(), tenant_id),
        wanted=wanted,
        pager=page,
        tabs=[
            {"label": label, "url": url_for("cases.queue", tab=tab), "current": tab == wanted.tab, "count": count}
            for tab, label, count in tabs
        ],
        held=[(reason_text(code), count) for code, count in sorted(summary.held.items())],
        today=today,
        **_helpers(),
    )


@bp.get("/actions/<uuid:action_id>")
@staff(Permission.READ)
def action(action_id: UUID) -> Page:
    """One letter or task: its items, why they came, the mail as it would be now."""
    return render("ar/cases/action.html", **_action_values(action_id, blank()))


@bp.get("/actions/<uuid:action_id>/letter.pdf")
@staff(Permission.READ)
def paper(action_id: UUID) -> Page:
    """The letter as it went out, or as it would be now."""
    stored = stored_paper(db(), actor().tenant_id, action_id)
    if stored is not None:
        return download(stored.content, stored.media_type, f"{action_id}.pdf", inline=True)
    draft = letters.draft(db(), actor(), action_id)
    draft = letters.with_terms(draft, number=draft.number, deadline_on=letters.default_deadline(draft))
    return download(letters.print_letter(draft).pdf, PDF, letters.file_name(draft), inline=True)


@bp.post("/actions/<uuid:action_id>/approval")
@staff(Permission.REVIEW_ACTIONS)
def approve(action_id: UUID) -> Page:
    """Releases one letter, or a task that needs a named role."""
    form = read_form(ApproveAction)
    if not form.ok:
        return invalid("ar/cases/action.html", **_action_values(action_id, form))
    came = commands.approve_action(db(), actor(), action_id, form.data)
    if came.state == "suppressed":
        flash_error(_("Nothing was sent: %(reason)s.", reason=reason_text(came.reason)))
    else:
        flash_ok(_("Approved. It goes out within a minute."))
    return _back()


@bp.post("/approvals")
@staff(Permission.REVIEW_ACTIONS)
def approve_all() -> Page:
    """Shows what would go out, and releases it when the same person says so again."""
    if request.form.get("confirmed") != "1":
        sums, early = commands.releasable(db(), actor()), commands.not_yet_due(db(), actor())
        return render("ar/cases/approve_all.html", sums=sums, early=early, letters=sum(each.letters for each in sums))
    count = commands.approve_all(db(), actor())
    flash_ok(ngettext("%(num)s letter approved.", "%(num)s letters approved.", count))
    early = commands.not_yet_due(db(), actor())
    if early:
        flash_ok(
            ngettext(
                "%(num)s letter stays: its day has not come.", "%(num)s letters stay: their day has not come.", early
            )
        )
    return _back()


@bp.post("/actions/<uuid:action_id>/skip")
@staff(Permission.REVIEW_ACTIONS)
def skip(action_id: UUID) -> Page:
    """Leaves one out, with a reason."""
    form = read_form(SkipAction)
    if not form.ok:
        return invalid("ar/cases/action.html", **_action_values(action_id, form))
    commands.skip_action(db(), actor(), action_id, form.data)
    flash_ok(_("Skipped. It is not proposed again."))
    return _back()


@bp.post("/actions/<uuid:action_id>/completion")
@staff(Permission.WORK_TASKS)
def complete(action_id: UUID) -> Page:
    """Marks a call or task as done, with a note."""
    form = read_form(CompleteTask)
    if not form.ok:
        return invalid("ar/cases/action.html", **_action_values(action_id, form))
    commands.complete_task(db(), actor(), action_id, form.data)
    flash_ok(_("Noted as done."))
    return _back()


@bp.post("/actions/<uuid:action_id>/outcome")
@staff(Permission.REVIEW_ACTIONS)
def outcome(action_id: UUID) -> Page:
    """A person's word on a mail that came back or was lost sight of."""
    form = read_form(ResolveDelivery)
    if not form.ok:
        return invalid("ar/cases/action.html", **_action_values(action_id, form))
    commands.resolve_delivery(db(), actor(), action_id, form.data)
    flash_ok(_("Noted.") if form.data.outcome == "arrived" else _("It waits in the queue again."))
    return _back()


@bp.post("/runs")
@staff(Permission.RUN_DAY)
def run() -> Page:
    """The daily run, now."""
    result = commands.run_day(db(), actor())
    calendar, today = work_calendar(db(), actor().tenant_id), actor().today
    if not result.steps and not calendar.is_working_day(today):
        next_on = calendar.next_working_day(today).isoformat()
        flash_ok(_("Today is no working day: the run proposed nothing. Steps come again on %(day)s.", day=next_on))
        return see_other(url_for("cases.queue"))
    flash_ok(ngettext("The run proposed %(num)s step.", "The run proposed %(num)s steps.", result.steps))
    return see_other(url_for("cases.queue"))


@bp.post("/blocks")
@staff(Permission.PLACE_BLOCK)
def place_block() -> Page:
    """Holds a customer or one document."""
    form = read_form(PlaceBlock)
    if form.ok:
        commands.place_block(db(), actor(), form.data)
        flash_ok(_("Held. Nothing is proposed until it ends."))
        return _back()
    if not str(form.value("customer_id")):
        raise NotFound("customer_not_found")
    return invalid("ar/cases/block.html", form=form, next=_next(), today=actor().today)


@bp.post("/blocks/<uuid:block_id>/lifting")
@staff(Permission.PLACE_BLOCK)
def lift_block(block_id: UUID) -> Page:
    """Ends a hold."""
    commands.lift_block(db(), actor(), block_id)
    flash_ok(_("Lifted. The next run goes on at the level reached."))
    return _back()


def _next() -> str:
    return safe_next(request.form.get("next"), url_for("cases.queue"))


def _back() -> Page:
    return see_other(_next())


def _helpers() -> dict[str, object]:
    """What the templates ask about states and rights."""
    return {
        "may_review": may(Permission.REVIEW_ACTIONS),
        "may_work": may(Permission.WORK_TASKS),
        "may_run": may(Permission.RUN_DAY),
        "my_roles": actor().roles,
        "role_name": role_name,
        "state_name": state_name,
        "tones": STATE_TONES,
    }


def _action_values(action_id: UUID, form: Form[Any]) -> dict[str, object]:
    view = queries.action_page(db(), actor().tenant_id, actor().today, action_id)
    deadline_on, mail = _preview(view)
    shown = {"action": view, "form": form, "mail": mail, "deadline_on": deadline_on, "today": actor().today}
    return {**shown, "next": "", **_helpers()}


def _preview(view: QueueAction) -> tuple[object, OutgoingMail | None]:
    """The deadline proposed and the mail as it would be now; nothing for what is no open letter."""
    if not view.is_letter or view.state not in ("proposed", "failed"):
        return None, None
    draft = letters.draft(db(), actor(), view.id)
    deadline_on = letters.default_deadline(draft)
    if draft.addressee is None or not draft.chased:
        return deadline_on, None
    finished = letters.with_terms(draft, number=draft.number, deadline_on=deadline_on)
    return deadline_on, letters.write_mail(finished, draft.addressee, ())
