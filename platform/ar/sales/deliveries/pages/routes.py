"""Pages of deliveries: the list, one note, its print and its evidence.

Invariant: parse, authorise, one command or one query, render. What is done with a note is in `step_routes`, its form in
`planning_routes`. Who sees no customers sees goods without amounts.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.credit.lookups import PART_LABELS, credit_strip, decision_text
from ar.sales.deliveries.messages import STATE_NAMES
from ar.sales.deliveries.notes import OPEN_STATES, is_anothers_note
from ar.sales.deliveries.pages import queries
from ar.sales.deliveries.pages.note_print import print_note
from ar.sales.deliveries.pages.words import WORDS, goods_reasons, stored_reasons
from ar.sales.deliveries.shipping import preview_note
from kernel.i18n import gettext as _
from kernel.uploads import ACCEPT_PICTURES
from tenants.access import may, staff
from tenants.permissions import Permission
from web import filters
from web.context import actor, db
from web.forms import Form, blank
from web.paging import read_page
from web.responses import Page, download, render

#: In which states of a note its forms are shown; a form sent after that is answered above the page.
_STATES_OF = {
    "ship": OPEN_STATES,
    "cancelling": OPEN_STATES,
    "signing": ("shipped",),
    "returning": ("shipped", "signed"),
}

bp = Blueprint("deliveries", __name__, url_prefix="/deliveries")


@bp.get("/")
@staff(Permission.READ_ORDERS)
def index() -> Page:
    """Lists delivery notes, the latest first."""
    wanted, asked = filters.read(queries.NoteFilters, request.args), read_page(request.args)
    path = url_for("deliveries.index")
    page = queries.note_list(db(), actor().tenant_id, wanted, asked)
    options = [("", _("All"), sum(page.counts.values()))]
    options += [(code, _(name), page.counts.get(code, 0)) for code, (name, _tone) in STATE_NAMES.items()]
    return render(
        "ar/sales/deliveries/pages/index.html",
        page=page,
        wanted=wanted,
        chips=filters.chips(wanted, "state", options, path),
        pager=asked.page(page.total, path, request.args),
        active=filters.active(wanted, ignore=()),
        money=may(Permission.READ),
        **WORDS,
    )


def delivery_page(form: Form[Any], delivery_id: UUID) -> str:
    """Renders a note; `form` fills its slot: ship, cancelling, signing, countering, returning or invoice."""
    page, money = queries.note_page(db(), actor().tenant_id, delivery_id), may(Permission.READ)
    waiting = page.row.state in OPEN_STATES
    decision = preview_note(db(), actor(), delivery_id) if waiting else None
    today = actor().today.isoformat()
    return render(
        "ar/sales/deliveries/pages/show.html",
        page=page,
        note=page.row,
        money=money,
        found=decision_text(decision) if decision is not None and money else None,
        strip=credit_strip(db(), actor().tenant_id, page.row.customer_id, actor().today) if money else None,
        part_labels=PART_LABELS,
        stays=goods_reasons(decision.reasons) if decision is not None else [],
        codes=",".join(reason.code.value for reason in decision.reasons) if decision is not None else "",
        asked_reasons=stored_reasons(page.asked.reasons, money=money) if page.asked is not None else [],
        slot=form.slot,
        moved_on=page.row.state not in _STATES_OF.get(form.slot, (page.row.state,)),
        form=form,
        shipping=form.at("ship", on=today),
        cancelling=form.at("cancelling"),
        signing=form.at("signing", signed_on=today, signed_by=page.row.picker_up),
        countering=form.at("countering"),
        returning=form.at("returning", returned_on=today),
        invoicing=form.at("invoice", invoiced_on=today),
        accept=ACCEPT_PICTURES,
        may_ship=may(Permission.SHIP),
        may_sign=may(Permission.SIGN_OFF) and not is_anothers_note(actor(), page.row.driver_id),
        may_plan=may(Permission.EDIT_ORDERS),
        may_post=may(Permission.POST_LEDGER),
        **WORDS,
    )


@bp.get("/<uuid:delivery_id>")
@staff(Permission.READ_ORDERS)
def show(delivery_id: UUID) -> Page:
    """Shows one note with what holds it, its signatures, returns and invoices."""
    return delivery_page(blank(), delivery_id)


@bp.get("/<uuid:delivery_id>/note.pdf")
@staff(Permission.READ_ORDERS)
def paper(delivery_id: UUID) -> Page:
    """Returns the delivery note to be printed, in the customer's language, without prices."""
    rendered, number = print_note(db(), actor().tenant_id, delivery_id)
    return download(rendered.pdf, "application/pdf", f"{number}.pdf", inline=True)


@bp.get("/<uuid:delivery_id>/evidence/<sha256>")
@staff(Permission.READ_ORDERS)
def evidence(delivery_id: UUID, sha256: str) -> Page:
    """Returns the scan or photo of a signed note, or the drawn signature, as it came."""
    stored, name = queries.evidence(db(), actor().tenant_id, delivery_id, sha256)
    return download(stored.content, stored.media_type, name, inline=True)
