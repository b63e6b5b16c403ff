"""Routes of outcomes: what came of a call or task, and a call that the ladder did not ask for.

Invariant: parse, authorise, one command, answer. The views are registered on the blueprint of `queue.routes`.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from flask import g, request, url_for

from ar.cases.holds import outcomes as commands
from ar.cases.holds.outcome_inputs import CompleteTask, LogCall
from ar.cases.holds.queries import currencies_of
from ar.cases.queue.routes import back_to_page, bp, render_action
from ar.cases.rules.outcomes import OUTCOME_NAMES, OUTCOMES
from ar.customers.lookups import people_to_call
from kernel.errors import Forbidden
from kernel.i18n import gettext as _
from kernel.ids import parse_uuid
from tenants.access import staff
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank
from web.responses import Page, render

FIELDS: Final = {
    "promise_needs_day": "promised_on",
    "promise_day_past": "promised_on",
    "promise_too_far": "promised_on",
    "promise_not_chosen": "outcome",
    "promise_is_the_next_day": "again_on",
    "next_day_needed": "again_on",
    "next_day_past": "again_on",
    "promise_needs_currency": "currency",
    "amount_unreadable": "amount",
    "amount_not_positive": "amount",
    "currency_unknown": "currency",
}


@bp.post("/actions/<uuid:action_id>/completion")
@staff(Permission.WORK_TASKS)
@command_form(CompleteTask, page=render_action, slot="outcome", fields=FIELDS, also=(Forbidden,))
def complete(data: CompleteTask, action_id: UUID) -> Page:
    """Records what came of a call or task."""
    commands.complete_task(db(), actor(), action_id, data)
    if data.again_on is not None:
        return back_to_page(_("Noted. It comes again on %(day)s.", day=data.again_on.isoformat()))
    return back_to_page(_("Noted, and done."))


@bp.get("/calls/new")
@staff(Permission.WORK_TASKS)
def new_call() -> Page:
    """Shows the form of a call with `?customer=`."""
    return _call_page(blank(customer_id=request.args.get("customer", "")))


@bp.post("/calls")
@staff(Permission.WORK_TASKS)
@command_form(LogCall, page=lambda form: _call_page(form), fields=FIELDS)
def log_call(data: LogCall) -> Page:
    """Records a call that the ladder did not ask for."""
    commands.log_call(db(), actor(), data)
    return done(_("The call is on the customer's timeline."), "overview.customer", customer_id=data.customer_id)


def _call_page(form: Form[Any]) -> str:
    customer_id = parse_uuid(str(form.value("customer_id")))
    customer = people_to_call(db(), actor().tenant_id, customer_id)
    currencies = currencies_of(db(), actor().tenant_id, customer.id) or [g.company.currency]
    return render(
        "ar/cases/queue/new_call.html",
        form=form,
        customer=customer,
        currencies=currencies,
        outcomes=[(each, _(OUTCOME_NAMES[each])) for each in OUTCOMES if each != "done"],
        back_url=url_for("overview.customer", customer_id=customer.id),
    )
