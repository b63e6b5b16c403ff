"""Page of a receipt or other credit: its allocations, applying the rest, unapplying.

Invariant: parse, authorise, one command or one query, render; "recalculate" is the same form and changes nothing. The
views belong to the blueprint of `posting.routes`.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import url_for

from ar.receipts.posting import commands as receipts
from ar.receipts.posting import queries
from ar.receipts.posting.allocation_choice import allocation_choice
from ar.receipts.posting.forms import read_with_parts, typed_amounts, with_recalculation
from ar.receipts.posting.inputs import ApplyCredit, UnapplyCredit
from ar.receipts.posting.routes import NAMES, bp
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.i18n import gettext as _
from tenants.access import may, staff
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank, read_form
from web.refusals import refused
from web.responses import Page, flash_error, render, see_other


def _credit_page(form: Form[Any], credit_id: UUID) -> str:
    """Renders a credit; `form` comes back in its slot: apply."""
    applying = form.at("apply", how="ticked")
    page = queries.credit_page(db(), actor().tenant_id, credit_id)
    if page.side > 0:
        raise NotFound("item_not_found")
    may_post = may(Permission.POST_LEDGER)
    shown = None
    if may_post and page.can_be_applied:
        shown = allocation_choice(
            db(),
            actor(),
            page.customer_id,
            page.currency,
            page.open_minor,
            parts=typed_amounts() if applying.slot else {},
            refused=receipts.refused_items(db(), actor().tenant_id, credit_id=credit_id),
            designation=page.designation or "",
            costs_first=bool(applying.value("costs_first", False)),
        )
    return render("ar/receipts/posting/show.html", page=page, form=applying, picking=shown, may_post=may_post, **NAMES)


@bp.get("/<uuid:credit_id>")
@staff(Permission.READ)
def show(credit_id: UUID) -> Page:
    """Shows a receipt or other credit: its source, its allocations, what is unapplied."""
    return _credit_page(blank(), credit_id)


@bp.post("/<uuid:credit_id>/allocations")
@staff(Permission.POST_LEDGER)
@with_recalculation(ApplyCredit, page=_credit_page, slot="apply")
@command_form(ApplyCredit, page=_credit_page, slot="apply", read=read_with_parts)
def apply(data: ApplyCredit, credit_id: UUID) -> Page:
    """Allocates the unapplied amount to the ticked items or in legal order; `do=show` only recalculates."""
    receipts.apply_credit(db(), actor(), credit_id, data)
    return done(_("Applied."), "receipts.show", credit_id=credit_id)


@bp.post("/<uuid:credit_id>/allocations/<uuid:allocation_id>/reversal")
@staff(Permission.POST_LEDGER)
def unapply(credit_id: UUID, allocation_id: UUID) -> Page:
    """Unapplies one allocation; it is not proposed automatically again."""
    form, here = read_form(UnapplyCredit), url_for("receipts.show", credit_id=credit_id)
    if not form.ok:
        flash_error(_("Enter a date such as 2026-11-21."))
        return see_other(here)
    try:
        receipts.unapply_credit(db(), actor(), credit_id, allocation_id, form.data)
    except (RuleBroken, Conflict) as error:
        return refused(error, here)
    text = _("The allocation is undone. It will not be proposed automatically again.")
    return done(text, "receipts.show", credit_id=credit_id)
