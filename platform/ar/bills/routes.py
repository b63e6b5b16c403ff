"""The pages of bills: list, a new one, one bill and what can be done with it.

May import this slice, web and tenants. Invariant: parse, authorise, one command or one query, render.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, g, request, url_for

from ar.bills import commands, pages, queries, receiving
from ar.bills.inputs import FORMS, STEPS, BillStep, ReceiveBill, step_of
from ar.bills.messages import (
    ACTION_NAMES,
    DUE_NAMES,
    EVENT_NAMES,
    KIND_NAMES,
    MESSAGES,
    STATE_NAMES,
    STATE_TONES,
)
from ar.bills.models import STATES
from ar.bills.rules import UNDOABLE
from ar.bills.views import BillPage
from ar.ledger.messages import ACCOUNT_NAMES
from ar.ledger.messages import KIND_NAMES as DOCUMENT_NAMES
from ar.ledger.messages import MESSAGES as LEDGER_MESSAGES
from kernel.errors import Conflict, HuikuanError, RuleBroken
from kernel.i18n import gettext as _
from kernel.ids import new_id
from tenants.access import may, staff
from tenants.permissions import Permission
from web import filters, formatters
from web.context import actor, db
from web.forms import Form, blank, read_form
from web.paging import read_page
from web.responses import Page, flash_ok, invalid, render, see_other

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
# Where a refusal belongs; what is not named here concerns the form as a whole.
FIELDS = {
    "bill_exists": "number",
    "document_exists": "number",
    "bill_customer_unknown": "customer_no",
    "bill_amount_unreadable": "amount",
    "bill_amount_not_positive": "amount",
    "amount_not_positive": "amount",
    "bill_words_unreadable": "amount_words",
    "bill_words_differ": "amount_words",
    "currency_unknown": "currency",
    "bill_maturity_missing": "matures_on",
    "bill_maturity_differs": "matures_on",
    "bill_matures_too_early": "matures_on",
    "bill_tenor_twice": "tenor_days",
    "bill_tenor_long": "long_tenor_known",
    "bill_received_ahead": "received_on",
    "bill_received_before_issue": "received_on",
    "bill_received_after_maturity": "received_on",
    "bill_nothing_chosen": "pays",
    "bill_chosen_gone": "pays",
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
@staff(Permission.READ)
def index() -> Page:
    """All bills, filtered and paged by the address, with sums and the schedule of what matures."""
    wanted, asked, path = filters.read(pages.BillFilters, request.args), read_page(request.args), url_for("bills.index")
    page = pages.bill_list(db(), actor().tenant_id, wanted, asked, actor().today)
    due: list[tuple[object, str] | tuple[object, str, int]] = [("", _("All"))]
    due += [(kind, _(DUE_NAMES[kind]), getattr(page.due, kind)) for kind in queries.DUE_KINDS]
    states = [("", _("Not settled")), ("all", _("All")), *((state, _(STATE_NAMES[state])) for state in STATES)]
    return render(
        "ar/bills/index.html",
        page=page,
        wanted=wanted,
        unread=filters.unread_days(pages.BillFilters, request.args),
        pager=asked.page(page.total, path, request.args),
        chips=filters.chips(wanted, "due", due, path),
        state_options=states,
        kind_options=[("", _("All types")), *((kind, _(name)) for kind, name in KIND_NAMES.items())],
        currencies=filters.currency_options(page.currencies, wanted.currency, _("All currencies")),
        active=filters.active(wanted, ignore=()),
        may_post=may(Permission.POST_LEDGER),
        **NAMES,
    )


@bp.get("/new")
@staff(Permission.POST_LEDGER)
def new() -> Page:
    """The form; with a customer's number in the address, also the documents that the bill can be set against."""
    customer_no = request.args.get("customer", "").replace("\x00", "").strip()[:80]
    form = blank(
        customer_no=customer_no,
        kind="bank",
        currency=g.company.currency,
        received_on=actor().today.isoformat(),
        pays="oldest",
        key=str(new_id()),
    )
    return render("ar/bills/new.html", **_new_values(form))


@bp.post("/")
@staff(Permission.POST_LEDGER)
def create() -> Page:
    """Books a bill received."""
    form = read_form(ReceiveBill)
    if not form.ok:
        return invalid("ar/bills/new.html", **_new_values(form))
    try:
        with db().begin_nested():  # what a refusal left half-done must not show on the page that says so
            bill_id = receiving.receive_bill(db(), actor(), form.data)
    except (RuleBroken, Conflict) as error:
        _put(form, error)
        return invalid("ar/bills/new.html", **_new_values(form))
    flash_ok(_("The bill is on the books."))
    return see_other(url_for("bills.show", bill_id=bill_id))


@bp.get("/<uuid:bill_id>")
@staff(Permission.READ)
def show(bill_id: UUID) -> Page:
    """One bill: facts, deadlines, history, entries, and what can be done now."""
    return render("ar/bills/show.html", **_shown(bill_id))


@bp.get("/of/<uuid:item_id>")
@staff(Permission.READ)
def of_item(item_id: UUID) -> Page:
    """From the ledger's document to its bill."""
    return see_other(url_for("bills.show", bill_id=queries.bill_of_item(db(), actor().tenant_id, item_id)))


@bp.post(f"/<uuid:bill_id>/<any({','.join(FORMS)}):kind>")
@staff(Permission.POST_LEDGER)
def act(bill_id: UUID, kind: str) -> Page:
    """Takes one step."""
    form: Form[BillStep] = read_form(FORMS[kind])
    if not form.ok:
        return invalid("ar/bills/show.html", **_shown(bill_id, kind, form))
    try:
        with db().begin_nested():
            commands.take_step(db(), actor(), bill_id, step_of(kind, form.data), form.data)
    except (RuleBroken, Conflict) as error:
        _put(form, error)
        return invalid("ar/bills/show.html", **_shown(bill_id, kind, form))
    flash_ok(_("Recorded."))
    return see_other(url_for("bills.show", bill_id=bill_id))


def _put(form: Form[Any], error: HuikuanError) -> None:
    """The refusal as the error of its field. Raises it again when it has no sentence here."""
    text = MESSAGES.get(error.code) or LEDGER_MESSAGES.get(error.code)
    if text is None:
        raise error
    told = dict(error.params)
    for name, minor in list(told.items()):
        if name.endswith("_minor"):
            name = "amount" if name == "words_minor" else name.removesuffix("_minor")
            told[name] = formatters.amount(int(str(minor)), str(told["currency"]))
    form.errors[FIELDS.get(error.code, "")] = _(text, **told)


def _new_values(form: Form[Any]) -> dict[str, Any]:
    customer_no = str(form.value("customer_no"))
    documents = queries.open_documents(db(), actor().tenant_id, customer_no, actor().today) if customer_no else []
    ticked = form.value("item_ids") or []
    return {"form": form, "documents": documents, "ticked": ticked, "today": actor().today, **NAMES}


def _shown(bill_id: UUID, action: str = "", form: Form[Any] | None = None) -> dict[str, Any]:
    page = pages.bill_page(db(), actor().tenant_id, bill_id, actor().today)
    may_post = may(Permission.POST_LEDGER)
    possible = [ACTION_OF[step] for step in page.steps if step in ACTION_OF]
    if action and action not in possible:
        possible.insert(0, action)
    return {
        "page": page,
        "bill": page.row,
        "may_post": may_post,
        "possible": possible if may_post else [],
        "failed": action,
        "forms": {name: form if name == action and form else _blank(page) for name in possible},
        "undone": EVENT_NAMES[page.events[-1].kind] if page.events[-1].kind in UNDOABLE else "",
        "today": actor().today,
        **NAMES,
    }


def _blank(page: BillPage) -> Form[Any]:
    return blank(on=actor().today.isoformat(), seen=page.row.state, recourse="without", key=str(new_id()))
