"""The pages of exchange differences: what revaluing as of a day would book, and what was booked.

Invariant: parse, authorise, one command or one query, render. The views hang on the blueprint of `rates_routes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from flask import request

from ar.ledger.books.period_lock import locked_through
from ar.ledger.closing.fx import revaluation as exchange
from ar.ledger.closing.fx.routes import bp
from ar.ledger.closing.tabs import books_tabs
from ar.ledger.receivables.inputs import Revalue, TakeRevaluationBack
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
    """As of which day receivables are revalued; None: today."""

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
        found=exchange.revaluation(db(), tenant_id, as_of),
        booked=exchange.revaluations(db(), tenant_id),
        locked=locked_through(db(), tenant_id),
        may_post=may(Permission.POST_LEDGER),
        posting=posting,
        taking=form.at("taking", on=actor().today.isoformat()),
        taking_id=entry_id,
    )


@bp.get("/exchange")
@staff(Permission.READ)
def exchange_page() -> Page:
    """What revaluing as of a day would book, and what was booked."""
    return _exchange_page(blank())


def _posting_page(form: Form[Any]) -> str:
    return _exchange_page(form)


@bp.post("/exchange")
@staff(Permission.POST_LEDGER)
@command_form(Revalue, page=_posting_page, slot="posting", otherwise="as_of")
def revalue(data: Revalue) -> Page:
    """Books the exchange difference as of a day."""
    exchange.revalue_once(db(), actor(), data)
    return done(_("The exchange difference is posted."), "rates.exchange_page", as_of=data.as_of.isoformat())


def _taking_page(form: Form[Any], entry_id: UUID) -> str:
    return _exchange_page(form, entry_id)


@bp.post("/exchange/<uuid:entry_id>/reversal")
@staff(Permission.POST_LEDGER)
@command_form(TakeRevaluationBack, page=_taking_page, slot="taking", otherwise="on")
def reverse(data: TakeRevaluationBack, entry_id: UUID) -> Page:
    """Takes a revaluation back."""
    exchange.take_back(db(), actor(), entry_id, data)
    return done(_("The revaluation is reversed."), "rates.exchange_page")
