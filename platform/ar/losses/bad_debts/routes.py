"""Serves the list of bad debts and the form to propose one.

Invariant: parse, authorise, one command or one query, render. One case is in `case_routes`, recoveries and events in
`recovery_routes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.losses.bad_debts import commands as bad_debts
from ar.losses.bad_debts import queries
from ar.losses.bad_debts.inputs import CAUSES, OPTIONS, ProposeBadDebt
from ar.losses.messages import CAUSE_NAMES, OPTION_NAMES, STATE_NAMES
from ar.losses.tabs import losses_tabs
from ar.losses.texts import WORDS
from kernel.i18n import gettext as _
from kernel.uploads import ACCEPT_PAPERS, UploadedFile
from tenants.access import may, staff
from tenants.permissions import Permission
from web import filters
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank, read_form
from web.paging import read_page
from web.responses import Page, render

bp = Blueprint("bad_debts", __name__, url_prefix="/bad-debts")

AMOUNT = "amount_"
FIELDS = {
    "amount_unreadable": "parts",
    "amount_not_positive": "parts",
    "allocation_exceeds_open": "amount",
    "bad_debt_no_evidence": "files",
    "bad_debt_many_files": "files",
    "bad_debt_file_heic": "files",
    "bad_debt_file_kind": "files",
    "bad_debt_file_size": "files",
}


@dataclass(frozen=True)
class CaseFilters:
    """Filters of the list."""

    state: str = filters.choice("all", *STATE_NAMES)


@bp.get("/")
@staff(Permission.READ_CLAIMS)
def index() -> Page:
    """Lists the cases, the newest first."""
    wanted, asked, path = filters.read(CaseFilters, request.args), read_page(request.args), url_for("bad_debts.index")
    rows, counts = queries.cases(db(), actor().tenant_id, state=wanted.state, offset=asked.offset, limit=asked.limit)
    total = counts.get(wanted.state, 0) if wanted.state != "all" else sum(counts.values())
    options = [("all", _("All"), sum(counts.values()))]
    options += [(state, _(name), counts.get(state, 0)) for state, (name, _tone) in STATE_NAMES.items()]
    return render(
        "ar/losses/bad_debts/index.html",
        rows=rows,
        total=total,
        chips=filters.chips(wanted, "state", options, path),
        pager=asked.page(total, path, request.args),
        tabs=losses_tabs("bad_debts.index"),
        may_propose=may(Permission.PROPOSE_BAD_DEBT),
        **WORDS,
    )


def _new_page(form: Form[Any], customer_id: UUID) -> str:
    """Renders the proposal form with the customer's open debts."""
    posted = request.method == "POST"
    return render(
        "ar/losses/bad_debts/new.html",
        debts=queries.customer_debts(db(), actor().tenant_id, customer_id),
        form=form,
        ticked=set(request.form.getlist("selected")) if posted else set(),
        typed={name.removeprefix(AMOUNT): text for name, text in request.form.items() if name.startswith(AMOUNT)},
        tried=set(request.form.getlist("options")) if posted else set(),
        cause_choices=[(code, _(CAUSE_NAMES[code])) for code in CAUSES],
        option_choices=[(code, _(OPTION_NAMES[code])) for code in OPTIONS],
        accept=ACCEPT_PAPERS,
        **WORDS,
    )


@bp.get("/of/<uuid:customer_id>")
@staff(Permission.PROPOSE_BAD_DEBT)
def new(customer_id: UUID) -> Page:
    """Shows the proposal form with the customer's open debts."""
    return _new_page(blank(), customer_id)


def _read_proposal(model: type[ProposeBadDebt]) -> Form[ProposeBadDebt]:
    return read_form(model, extra={"parts": _parts()})


@bp.post("/of/<uuid:customer_id>")
@staff(Permission.PROPOSE_BAD_DEBT)
@command_form(ProposeBadDebt, page=_new_page, fields=FIELDS, read=_read_proposal)
def create(data: ProposeBadDebt, customer_id: UUID) -> Page:
    """Proposes the ticked documents, with the evidence."""
    files = [UploadedFile(sent.filename, sent.read()) for sent in request.files.getlist("files") if sent.filename]
    case_id = bad_debts.propose_bad_debt(db(), actor(), customer_id, data, files)
    return done(_("The proposal awaits approval. Nothing is posted yet."), "bad_debts.show", bad_debt_id=case_id)


def _parts() -> list[dict[str, str]]:
    """Returns the ticked documents with their typed amounts; invalid ids are left out."""
    found = []
    for raw in dict.fromkeys(request.form.getlist("selected")):
        try:
            UUID(raw)
        except ValueError:
            continue
        found.append({"item_id": raw, "amount": request.form.get(AMOUNT + raw, "").strip()})
    return found
