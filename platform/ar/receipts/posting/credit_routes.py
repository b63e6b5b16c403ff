"""The page of a receipt or another credit: what it pays, applying what is left, taking an allocation off.

Invariant: parse, authorise, one command or one query, render; "recalculate" is the same form and changes nothing. The
views hang on the blueprint of `receipt_routes`.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import url_for

from ar.receipts.posting import commands as receipts
from ar.receipts.posting import queries
from ar.receipts.posting.allocation_choice import picking
from ar.receipts.posting.forms import read_picked, recalculated, typed_rows
from ar.receipts.posting.inputs import ApplyCredit, Unapply
from ar.receipts.posting.routes import NAMES, bp
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.i18n import gettext as _
from kernel.ids import new_id
from tenants.access import may, staff
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank, read_form
from web.refusals import refused
from web.responses import Page, flash_error, render, see_other


def _credit_page(form: Form[Any], credit_id: UUID) -> str:
    """Renders a credit; `form` comes back in its slot: apply."""
    applying = form.at("apply", key=str(new_id()), how="ticked")
    page = queries.credit_page(db(), actor().tenant_id, credit_id)
    if page.side > 0:
        raise NotFound("item_not_found")
    may_post = may(Permission.POST_LEDGER)
    shown = None
    if may_post and page.applicable:
        shown = picking(
            db(),
            actor(),
            page.customer_id,
            page.currency,
            page.open_minor,
            parts=typed_rows() if applying.slot else {},
            refused=receipts.refused_items(db(), actor().tenant_id, credit_id=credit_id),
            designation=page.designation or "",
            costs_first=bool(applying.value("costs_first", False)),
        )
    return render("ar/receipts/posting/show.html", page=page, form=applying, picking=shown, may_post=may_post, **NAMES)


@bp.get("/<uuid:credit_id>")
@staff(Permission.READ)
def show(credit_id: UUID) -> Page:
    """A receipt or another credit: where it came from, what it pays, what is unapplied."""
    return _credit_page(blank(), credit_id)


@bp.post("/<uuid:credit_id>/allocations")
@staff(Permission.POST_LEDGER)
@recalculated(ApplyCredit, page=_credit_page, slot="apply")
@command_form(ApplyCredit, page=_credit_page, slot="apply", read=read_picked)
def apply(data: ApplyCredit, credit_id: UUID) -> Page:
    """Applies what is unapplied to the ticked items, or by the order; `do=show` only recalculates."""
    receipts.apply_credit(db(), actor(), credit_id, data)
    return done(_("Applied."), "receipts.show", credit_id=credit_id)


@bp.post("/<uuid:credit_id>/allocations/<uuid:allocation_id>/reversal")
@staff(Permission.POST_LEDGER)
def unapply(credit_id: UUID, allocation_id: UUID) -> Page:
    """Takes one allocation back; it is remembered and not proposed by itself again."""
    form, here = read_form(Unapply), url_for("receipts.show", credit_id=credit_id)
    if not form.ok:
        flash_error(_("Enter a date such as 2026-11-21."))
        return see_other(here)
    try:
        receipts.unapply(db(), actor(), credit_id, allocation_id, form.data)
    except (RuleBroken, Conflict) as error:
        return refused(error, here)
    text = _("The allocation is undone. It will not be proposed automatically again.")
    return done(text, "receipts.show", credit_id=credit_id)
