"""Pages of bills: the list, one bill and its steps. Receiving a bill is in `receiving_routes`.

Invariant: parse, authorise, one command or one query, render.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.bills import commands, due, queries
from ar.bills.inputs import FORMS, STEPS, BillStep, step_of
from ar.bills.messages import (
    ACTION_NAMES,
    DUE_NAMES,
    EVENT_NAMES,
    KIND_NAMES,
    STATE_NAMES,
    STATE_TONES,
)
from ar.bills.models import STATES
from ar.bills.rules import REVERSIBLE
from ar.bills.views import BillPage
from ar.ledger.messages import ACCOUNT_NAMES
from ar.ledger.messages import KIND_NAMES as DOCUMENT_NAMES
from kernel.i18n import gettext as _
from tenants.access import may, staff
from tenants.permissions import Permission
from web import filters
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank
from web.paging import read_page
from web.responses import Page, render, see_other

bp = Blueprint("bills", __name__, url_prefix="/bills")

NAMES: dict[str, Any] = {
    "kinds": KIND_NAMES,
    "states": STATE_NAMES,
    "tones": STATE_TONES,
    "event_names": EVENT_NAMES,
    "due_names": DUE_NAMES,
    "actions": ACTION_NAMES,
    "accounts": ACCOUNT_NAMES,
    "document_kinds": DOCUMENT_NAMES,
}
FIELDS = {
    "bill_step_ahead": "on",
    "bill_step_before_last": "on",
    "bill_matured": "on",
    "bill_not_mature": "on",
    "bill_too_late_to_hand_on": "on",
    "bill_booked_ahead": "booked_on",
    "bill_booked_before": "booked_on",
    "period_locked": "booked_on",
    "effective_too_early": "booked_on",
    "effective_in_future": "booked_on",
    "bill_rate_unreadable": "rate",
    "bill_rate_eats_face": "rate",
    "bill_proceeds_unreadable": "proceeds",
    "bill_proceeds_differ": "proceeds",
}
ACTION_OF = {step: action for action, step in STEPS.items()}


@bp.get("/")
@staff(Permission.READ_TOTALS)
def index() -> Page:
    """Lists the bills, filtered and paged by the URL, with totals and the schedule of maturities."""
    wanted, asked = filters.read(queries.BillFilters, request.args), read_page(request.args)
    path = url_for("bills.index")
    page = queries.bill_list(db(), actor().tenant_id, wanted, asked, actor().today)
    due_chips: list[tuple[object, str] | tuple[object, str, int]] = [("", _("All"))]
    due_chips += [(kind, _(DUE_NAMES[kind]), getattr(page.due, kind)) for kind in due.DUE_KINDS]
    states = [("", _("Not settled")), ("all", _("All")), *((state, _(STATE_NAMES[state])) for state in STATES)]
    return render(
        "ar/bills/index.html",
        page=page,
        wanted=wanted,
        unread=filters.unread_days(queries.BillFilters, request.args),
        pager=asked.page(page.total, path, request.args),
        chips=filters.chips(wanted, "due", due_chips, path),
        state_options=states,
        kind_options=[("", _("All types")), *((kind, _(name)) for kind, name in KIND_NAMES.items())],
        currencies=filters.currency_options(page.currencies, wanted.currency, _("All currencies")),
        active=filters.active(wanted, ignore=()),
        may_post=may(Permission.POST_LEDGER),
        **NAMES,
    )


def _bill_page(form: Form[Any], bill_id: UUID) -> str:
    """Renders a bill; `form` returns in its slot, the URL part of its step."""
    action = form.slot
    page = queries.bill_page(db(), actor().tenant_id, bill_id, actor().today)
    may_post = may(Permission.POST_LEDGER)
    possible = [ACTION_OF[step] for step in page.steps if step in ACTION_OF]
    if action and action not in possible:
        possible.insert(0, action)
    return render(
        "ar/bills/show.html",
        page=page,
        bill=page.row,
        may_post=may_post,
        possible=possible if may_post else [],
        failed=action,
        forms={name: form if name == action else _blank(page) for name in possible},
        undone=EVENT_NAMES[page.events[-1].kind] if page.events[-1].kind in REVERSIBLE else "",
        today=actor().today,
        **NAMES,
    )


def _blank(page: BillPage) -> Form[Any]:
    return blank(on=actor().today.isoformat(), seen=page.row.state, recourse="without")


@bp.get("/<uuid:bill_id>")
@staff(Permission.READ)
def show(bill_id: UUID) -> Page:
    """Shows one bill: facts, deadlines, history, entries and possible steps."""
    return _bill_page(blank(), bill_id)


@bp.get("/of/<uuid:item_id>")
@staff(Permission.READ)
def of_item(item_id: UUID) -> Page:
    """Redirects from the ledger item to its bill."""
    return see_other(url_for("bills.show", bill_id=queries.bill_of_item(db(), actor().tenant_id, item_id)))


@bp.post(f"/<uuid:bill_id>/<any({','.join(FORMS)}):kind>", endpoint="act")
@staff(Permission.POST_LEDGER)
def take_step(bill_id: UUID, kind: str) -> Page:
    """Takes one step of a bill."""

    @command_form(FORMS[kind], page=_bill_page, slot=kind, fields=FIELDS)
    def take(data: BillStep, bill_id: UUID) -> Page:
        commands.take_step(db(), actor(), bill_id, step_of(kind, data), data)
        return done(_("Recorded."), "bills.show", bill_id=bill_id)

    return take(bill_id)
