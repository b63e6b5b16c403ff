"""Routes of decisions in the review queue: release, skip, resolve a delivery, run the day.

Invariant: parse, authorise, one command, answer. The views are registered on the blueprint of `queue.routes`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from flask import request

from ar.cases.ladder.explain import reason_text
from ar.cases.queue import commands, queries
from ar.cases.queue.inputs import CloseLetter, ReleaseAction, ResolveDelivery, SkipAction
from ar.cases.queue.routes import back_to_page, bp, next_url, render_action
from ar.cases.queue.views import QueueAction
from ar.cases.runs import commands as runs
from kernel.i18n import gettext as _
from kernel.i18n import ngettext
from kernel.ids import parse_uuid
from kernel.money import CurrencyTotal
from tenants.access import staff
from tenants.permissions import Permission
from tenants.queries import work_calendar
from web.command_form import command_form, done
from web.context import actor, db
from web.responses import Page, flash_error, flash_ok, render, see_other

#: Letters approved at once, each named on the page that asks.
LETTERS_MAX: Final = 200


@bp.post("/actions/<uuid:action_id>/approval")
@staff(Permission.REVIEW_ACTIONS)
@command_form(ReleaseAction, page=render_action, fields={"deadline_past": "deadline_on"})
def approve(data: ReleaseAction, action_id: UUID) -> Page:
    """Releases one letter, or a task that needs a named role."""
    outcome = commands.release_action(db(), actor(), action_id, data)
    if outcome.state == "suppressed":
        flash_error(_("Nothing was sent: %(reason)s.", reason=reason_text(outcome.reason)))
        return see_other(next_url())
    return back_to_page(_("Approved. It goes out within a minute."))


@bp.post("/approvals")
@staff(Permission.REVIEW_ACTIONS)
def approve_all() -> Page:
    """Shows the letters that would go out; releases them once the person has confirmed."""
    given = [parse_uuid(each) for each in request.form.getlist("selected")]
    chosen = [each for each in given if each is not None]
    if request.form.get("confirmed") != "1":
        found = queries.letters_to_approve(db(), actor(), chosen or None, LETTERS_MAX)
        letters = [letter for letter in found if letter.claims]
        return render(
            "ar/cases/queue/approve_all.html",
            letters=letters,
            covered=0 if chosen else len(found) - len(letters),
            totals=_totals(letters),
            early=commands.count_not_yet_due(db(), actor()),
            more=len(set(chosen)) - len(letters) if chosen else commands.count_releasable(db(), actor()) - len(found),
            chosen=bool(chosen),
            back=next_url(),
        )
    count = commands.release_letters(db(), actor(), chosen)
    flash_ok(ngettext("%(num)s letter approved.", "%(num)s letters approved.", count))
    if count < len(set(chosen)):
        flash_error(
            ngettext(
                "%(num)s letter was paid or decided meanwhile and is not sent.",
                "%(num)s letters were paid or decided meanwhile and are not sent.",
                len(set(chosen)) - count,
            )
        )
    early = commands.count_not_yet_due(db(), actor())
    if early:
        flash_ok(
            ngettext(
                "%(num)s letter stays in the queue: it is not due yet.",
                "%(num)s letters stay in the queue: they are not due yet.",
                early,
            )
        )
    return see_other(next_url())


def _totals(letters: Iterable[QueueAction]) -> list[CurrencyTotal]:
    """Returns number and sum of what the letters claim now, per currency."""
    totals: dict[str, CurrencyTotal] = {}
    for each in letters:
        before = totals.get(each.currency, CurrencyTotal(each.currency, 0, 0))
        totals[each.currency] = CurrencyTotal(each.currency, before.count + 1, before.amount_minor + each.claim_minor)
    return [total for _currency, total in sorted(totals.items())]


@bp.post("/actions/<uuid:action_id>/skip")
@staff(Permission.REVIEW_ACTIONS)
@command_form(SkipAction, page=render_action)
def skip(data: SkipAction, action_id: UUID) -> Page:
    """Skips a letter or task, with a reason."""
    commands.skip_action(db(), actor(), action_id, data)
    return back_to_page(_("Skipped. It is not proposed again."))


@bp.post("/actions/<uuid:action_id>/outcome")
@staff(Permission.REVIEW_ACTIONS)
@command_form(ResolveDelivery, page=render_action)
def outcome(data: ResolveDelivery, action_id: UUID) -> Page:
    """Records the delivery outcome of a mail in doubt, or returns a letter that came back to the queue."""
    commands.resolve_delivery(db(), actor(), action_id, data)
    return back_to_page(_("Noted.") if data.outcome == "arrived" else _("It is back in the queue."))


@bp.post("/actions/<uuid:action_id>/closure")
@staff(Permission.REVIEW_ACTIONS)
@command_form(CloseLetter, page=render_action)
def close(data: CloseLetter, action_id: UUID) -> Page:
    """Closes a letter that bounced or is in doubt, with a reason."""
    commands.close_letter(db(), actor(), action_id, data)
    return back_to_page(_("Closed. It is not sent again."))


@bp.post("/runs", endpoint="run")
@staff(Permission.RUN_DAY)
def start_run() -> Page:
    """Runs the day now and says how many steps it proposed."""
    result = runs.run_day(db(), actor())
    calendar, today = work_calendar(db(), actor().tenant_id), actor().today
    if not result.steps and not calendar.is_working_day(today):
        next_on = calendar.next_working_day(today).isoformat()
        text = _("Today is not a working day: the run proposed nothing. Steps resume on %(day)s.", day=next_on)
        return done(text, "cases.queue")
    text = ngettext("The run proposed %(num)s step.", "The run proposed %(num)s steps.", result.steps)
    return done(text, "cases.queue")
