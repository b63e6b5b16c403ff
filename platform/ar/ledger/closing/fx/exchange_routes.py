"""Page of exchange differences: previews, posts and reverses revaluations.

Invariant: parse, authorise, one command or one query, render. The views belong to the blueprint of `fx.routes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from flask import request

from ar.ledger.books.period_lock import locked_through
from ar.ledger.closing.fx import revaluation
from ar.ledger.closing.fx.inputs import Revalue, ReverseRevaluation
from ar.ledger.closing.fx.routes import bp
from ar.ledger.closing.tabs import books_tabs
from kernel.i18n import gettext as _
from kernel.ids import new_id
from tenants.access import may, staff
from tenants.permissions import Permission
from web import filters
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank
from web.responses import Page, render


@dataclass(frozen=True)
class _AsOf:
    """The day as of which the address requests a revaluation; None: today."""

    as_of: date | None = filters.day()


def _exchange_page(form: Form[Any], entry_id: UUID | None = None) -> str:
    """Renders the revaluations; `form` comes back in its slot: posting, or taking for the entry `entry_id`."""
    tenant_id = actor().tenant_id
    posting = form.at("posting", key=str(new_id()))
    as_of = filters.read(_AsOf, request.args).as_of or actor().today
    if posting.model is not None:
        as_of = posting.model.as_of
    return render(
        "ar/ledger/closing/fx/exchange.html",
        tabs=books_tabs("rates.exchange_page"),
        as_of=as_of,
        unread=filters.unread_days(_AsOf, request.args),
        found=revaluation.preview_revaluation(db(), tenant_id, as_of),
        booked=revaluation.posted_revaluations(db(), tenant_id),
        locked=locked_through(db(), tenant_id),
        may_post=may(Permission.POST_LEDGER),
        posting=posting,
        taking=form.at("taking", on=actor().today.isoformat()),
        taking_id=entry_id,
    )


@bp.get("/exchange")
@staff(Permission.READ_BOOKS)
def exchange_page() -> Page:
    """Shows the revaluation as of a day and those posted before."""
    return _exchange_page(blank())


def _page_after_posting(form: Form[Any]) -> str:
    return _exchange_page(form)


@bp.post("/exchange")
@staff(Permission.POST_LEDGER)
@command_form(Revalue, page=_page_after_posting, slot="posting", otherwise="as_of")
def revalue(data: Revalue) -> Page:
    """Posts the exchange difference as of a day."""
    revaluation.revalue_receivables(db(), actor(), data)
    return done(_("The exchange difference is posted."), "rates.exchange_page", as_of=data.as_of.isoformat())


def _page_after_reversing(form: Form[Any], entry_id: UUID) -> str:
    return _exchange_page(form, entry_id)


@bp.post("/exchange/<uuid:entry_id>/reversal")
@staff(Permission.POST_LEDGER)
@command_form(ReverseRevaluation, page=_page_after_reversing, slot="taking", otherwise="on")
def reverse(data: ReverseRevaluation, entry_id: UUID) -> Page:
    """Reverses a revaluation."""
    revaluation.reverse_revaluation(db(), actor(), entry_id, data)
    return done(_("The revaluation is reversed."), "rates.exchange_page")
