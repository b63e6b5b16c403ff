"""Serves the blacklist: list, proposal, one entry with its exit.

Invariant: parse, authorise, one command or one query, render.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.customers.blacklist import commands, queries
from ar.customers.blacklist.inputs import ProposeListing
from ar.customers.blacklist.messages import STATE_NAMES
from ar.customers.queries import customer_detail
from kernel.i18n import gettext as _
from tenants.access import may, staff
from tenants.permissions import Permission
from web import filters
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank
from web.paging import read_page
from web.responses import Page, render

bp = Blueprint("blacklist", __name__, url_prefix="/blacklist")


@dataclass(frozen=True)
class BlacklistFilters:
    """Filters of the list."""

    state: str = filters.choice("all", *STATE_NAMES)


@bp.get("/")
@staff(Permission.READ)
def index() -> Page:
    """Lists the entries, the newest first."""
    wanted, asked = filters.read(BlacklistFilters, request.args), read_page(request.args)
    path = url_for("blacklist.index")
    rows, counts = queries.entries(db(), actor().tenant_id, state=wanted.state, offset=asked.offset, limit=asked.limit)
    everything = sum(counts.values())
    total = everything if wanted.state == "all" else counts.get(wanted.state, 0)
    options = [("all", _("All"), everything)]
    options += [(state, _(name), counts.get(state, 0)) for state, (name, _tone) in STATE_NAMES.items()]
    return render(
        "ar/customers/blacklist/index.html",
        rows=rows,
        states=STATE_NAMES,
        chips=filters.chips(wanted, "state", options, path),
        pager=asked.page(total, path, request.args),
    )


def _new_page(form: Form[Any], customer_id: UUID) -> str:
    customer = customer_detail(db(), actor().tenant_id, customer_id)
    known = queries.open_entry(db(), actor().tenant_id, customer_id)
    return render("ar/customers/blacklist/new.html", form=form, customer=customer, known=known, states=STATE_NAMES)


@bp.get("/of/<uuid:customer_id>")
@staff(Permission.STOP_SHIPMENTS)
def new(customer_id: UUID) -> Page:
    """Shows the proposal form."""
    return _new_page(blank(), customer_id)


@bp.post("/of/<uuid:customer_id>")
@staff(Permission.STOP_SHIPMENTS)
@command_form(ProposeListing, page=_new_page)
def create(data: ProposeListing, customer_id: UUID) -> Page:
    """Proposes to put the customer on the blacklist."""
    entry_id = commands.propose_entry(db(), actor(), customer_id, data)
    return done(_("The entry awaits approval. Nothing is blocked yet."), "blacklist.show", entry_id=entry_id)


def _entry_page(form: Form[Any], entry_id: UUID) -> str:
    entry = queries.entry_line(db(), actor().tenant_id, entry_id)
    may_propose = may(Permission.STOP_SHIPMENTS)
    page = "ar/customers/blacklist/show.html"
    return render(page, entry=entry, form=form, states=STATE_NAMES, may_propose=may_propose)


@bp.get("/<uuid:entry_id>")
@staff(Permission.READ)
def show(entry_id: UUID) -> Page:
    """Shows one entry."""
    return _entry_page(blank(), entry_id)


@bp.post("/<uuid:entry_id>/exit")
@staff(Permission.STOP_SHIPMENTS)
@command_form(ProposeListing, page=_entry_page)
def propose_exit(data: ProposeListing, entry_id: UUID) -> Page:
    """Proposes to take the customer off the blacklist."""
    commands.propose_exit(db(), actor(), entry_id, data)
    return done(
        _("The exit awaits approval. Until then the customer stays listed."), "blacklist.show", entry_id=entry_id
    )
