"""Routes of the review queue, and of one letter or task with its preview; decisions are in `decision_routes`."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.cases.ladder.explain import reason_text
from ar.cases.ladder.locked import role_name
from ar.cases.ladder.step_texts import STATE_TONES, outcome_name, state_name
from ar.cases.letters import drafting
from ar.cases.letters.sending import PDF, stored_letter
from ar.cases.queue import commands, queries
from ar.cases.queue.views import QueueAction
from ar.cases.rules.outcomes import OUTCOME_NAMES, OUTCOMES
from ar.credit.lookups import PART_LABELS, credit_strip
from ar.receipts.lookups import cash_state
from kernel.i18n import gettext as _
from tenants.access import may, staff
from tenants.permissions import Permission
from web import filters
from web.context import actor, db
from web.forms import Form, blank
from web.paging import SIZES, read_page
from web.responses import Page, download, flash_ok, render, see_other, way_back

bp = Blueprint("cases", __name__, url_prefix="/cases")


@bp.get("/")
@staff(Permission.READ_TOTALS)
def queue() -> Page:
    """Shows a tab of the review queue, grouped by customer and currency."""
    chosen = filters.read(queries.QueueFilters, request.args)
    paging = read_page(request.args, default_size=SIZES[0])  # each letter has rows of its own
    count_to = paging.offset + queries.COUNT_TO
    summary = queries.queue_summary(db(), actor().tenant_id, count_to)
    by_person = chosen.tab == "tasks" and may(Permission.WORK_TASKS)
    whose, tasks = (chosen.whose, queries.task_counts(db(), actor(), count_to)) if by_person else ("all", None)
    total = tasks.of(whose) if tasks else summary.of_tab(chosen.tab)
    path = url_for("cases.queue")
    page = paging.page(total, path, request.args)
    groups = queries.queue_page(db(), actor(), chosen.tab, whose=whose, offset=page.offset, limit=page.size)
    names = {"letters": _("Letters"), "tasks": _("Calls and tasks"), "problems": _("Bounced or in doubt")}
    names["outgoing"] = _("On their way")
    tabs = [(tab, name, summary.of_tab(tab)) for tab, name in names.items()]
    return render(
        "ar/cases/queue/queue.html",
        groups=groups,
        summary=summary,
        cash=cash_state(db(), actor().tenant_id),
        wanted=chosen,
        pager=page,
        chips=filters.chips(chosen, "whose", _whose(tasks), path) if tasks else [],
        tabs=filters.chips(chosen, "tab", tabs, path),
        form=blank(),
        next=filters.url(chosen, path),
        held=[(reason_text(code), count) for code, count in sorted(summary.held.items())],
        today=actor().today,
        here=request.full_path.rstrip("?"),
        mine=commands.count_releasable(db(), actor(), count_to) if may(Permission.REVIEW_ACTIONS) else None,
        **_template_helpers(),
    )


@bp.get("/actions/<uuid:action_id>")
@staff(Permission.READ)
def action(action_id: UUID) -> Page:
    """Shows one letter or task: its items, why each step came, and a preview of the mail."""
    return render_action(blank(), action_id)


@bp.get("/actions/<uuid:action_id>/letter.pdf")
@staff(Permission.READ)
def paper(action_id: UUID) -> Page:
    """Downloads the letter's PDF as it went out; before that, a preview."""
    stored = stored_letter(db(), actor().tenant_id, action_id)
    if stored is not None:
        return download(stored.content, stored.media_type, f"{action_id}.pdf", inline=True)
    draft = drafting.draft_letter(db(), actor(), action_id)
    draft = drafting.with_terms(draft, number=draft.number, deadline_on=drafting.default_deadline(draft))
    return download(drafting.print_letter(draft).pdf, PDF, drafting.file_name(draft), inline=True)


def _whose(tasks: queries.TaskCounts) -> list[tuple[str, str, int]]:
    return [
        ("mine", _("Mine today"), tasks.mine),
        ("later", _("Mine later"), tasks.later),
        ("all", _("All"), tasks.all),
    ]


def _template_helpers() -> dict[str, object]:
    """Returns the permissions, roles and names that both templates use."""
    return {
        "may_review": may(Permission.REVIEW_ACTIONS),
        "may_work": may(Permission.WORK_TASKS),
        "may_edit": may(Permission.EDIT_CUSTOMER),
        "may_run": may(Permission.RUN_DAY),
        "may_read_bank": may(Permission.READ_BANK),
        "my_roles": actor().roles,
        "role_name": role_name,
        "outcomes": [(each, _(OUTCOME_NAMES[each])) for each in OUTCOMES],
        "outcome_name": outcome_name,
        "state_name": state_name,
        "tones": STATE_TONES,
    }


def render_action(form: Form[Any], action_id: UUID) -> str:
    """Renders one letter or task; `form` holds what was typed in one of its forms."""
    view = queries.action_page(db(), actor(), action_id)
    return render(
        "ar/cases/queue/action.html",
        action=view,
        form=form,
        strip=credit_strip(db(), actor().tenant_id, view.customer_id, actor().today),
        part_labels=PART_LABELS,
        **_preview(view),
        today=actor().today,
        here=url_for("cases.action", action_id=action_id, next=way_back() or None),
        next=way_back(),
        **_template_helpers(),
    )


def _preview(view: QueueAction) -> dict[str, Any]:
    """Returns the proposed deadline and the mail as it would be now; None for all but a letter in the queue."""
    if not view.is_letter or view.state not in ("proposed", "failed"):
        return {"deadline_on": None, "mail": None}
    draft = drafting.draft_letter(db(), actor(), view.id)
    deadline_on = drafting.default_deadline(draft)
    if draft.addressee is None or not draft.chased:
        return {"deadline_on": deadline_on, "mail": None}
    letter = drafting.with_terms(draft, number=draft.number, deadline_on=deadline_on)
    return {"deadline_on": deadline_on, "mail": drafting.write_mail(letter, draft.addressee, ())}


def next_url() -> str:
    """Returns the page that the form is to lead back to, else the queue."""
    return way_back(url_for("cases.queue"))


def back_to_page(text: str) -> Page:
    """Redirects to `next_url` and says `text` there."""
    flash_ok(text)
    return see_other(next_url())
