"""Pages of contracts: the list with those that expire, one contract, its scan.

Invariant: parse, authorise, one command or one query, render. The form is in `form_routes`, what is done with a
contract in `step_routes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.credit.lookups import credit_policy
from ar.sales.contracts.messages import CHECKLIST_NAMES, CONTRACT_STATE_NAMES, FORM_NAMES, PLACE_NAMES
from ar.sales.contracts.pages import queries
from ar.sales.line_forms import plain, price_text
from ar.sales.rules.checklist import ADVISED, BEFORE_REVIEW, BEFORE_SEALING, ITEMS
from kernel import storage
from kernel.errors import NotFound
from kernel.i18n import gettext as _
from kernel.uploads import ACCEPT_PAPERS
from tenants.access import may, staff
from tenants.permissions import Permission
from web import filters
from web.context import actor, db
from web.forms import Form, blank
from web.paging import read_page
from web.responses import Page, download, render

bp = Blueprint("contracts", __name__, url_prefix="/contracts")

WORDS: dict[str, Any] = {
    "states": CONTRACT_STATE_NAMES,
    "forms": FORM_NAMES,
    "items": CHECKLIST_NAMES,
    "places": PLACE_NAMES,
}


@dataclass(frozen=True)
class ContractFilters:
    """Filters of the list in the URL."""

    q: str = filters.text()
    state: str = filters.choice("all", "expiring", *CONTRACT_STATE_NAMES)


@bp.get("/")
@staff(Permission.READ)
def index() -> Page:
    """Lists contracts, or those that end soon."""
    wanted, asked = filters.read(ContractFilters, request.args), read_page(request.args)
    path = url_for("contracts.index")
    notice_days = credit_policy(db(), actor().tenant_id).contract_notice_days
    rows, counts = queries.contract_list(
        db(),
        actor().tenant_id,
        actor().today + timedelta(days=notice_days),
        q=wanted.q,
        state=wanted.state,
        offset=asked.offset,
        limit=asked.limit,
    )
    every = sum(count for code, count in counts.items() if code != "expiring")
    total = every if wanted.state == "all" else counts.get(wanted.state, 0)
    options = [("all", _("All"), every), ("expiring", _("Expiring"), counts["expiring"])]
    options += [(code, _(name), counts.get(code, 0)) for code, (name, _tone) in CONTRACT_STATE_NAMES.items()]
    return render(
        "ar/sales/contracts/pages/index.html",
        rows=rows,
        total=total,
        wanted=wanted,
        today=actor().today,
        notice_days=notice_days,
        chips=filters.chips(wanted, "state", options, path),
        pager=asked.page(total, path, request.args),
        may_edit=may(Permission.EDIT_CONTRACTS),
        **WORDS,
    )


def contract_page(form: Form[Any], contract_id: UUID) -> str:
    """Renders a contract; `form` fills its slot: file, sealing, copy or ending."""
    page = queries.contract_page(db(), actor().tenant_id, contract_id)
    return render(
        "ar/sales/contracts/pages/show.html",
        page=page,
        contract=page.row,
        more=page.details,
        file_form=form.at("file"),
        sealing=form.at("sealing"),
        keeping=form.at("copy", received_on=actor().today.isoformat(), place="finance"),
        ending=form.at("ending"),
        before_review=BEFORE_REVIEW,
        before_sealing=BEFORE_SEALING,
        all_items=ITEMS,
        advised=ADVISED,
        accept=ACCEPT_PAPERS,
        today=actor().today,
        notice_days=credit_policy(db(), actor().tenant_id).contract_notice_days,
        plain=plain,
        price_text=price_text,
        place_choices=[(code, _(name)) for code, name in PLACE_NAMES.items()],
        may_edit=may(Permission.EDIT_CONTRACTS),
        may_order=may(Permission.EDIT_ORDERS),
        **WORDS,
    )


@bp.get("/<uuid:contract_id>")
@staff(Permission.READ)
def show(contract_id: UUID) -> Page:
    """Shows one contract."""
    return contract_page(blank(), contract_id)


@bp.get("/<uuid:contract_id>/file")
@staff(Permission.READ)
def file(contract_id: UUID) -> Page:
    """Downloads the scan of a contract."""
    more = queries.contract_page(db(), actor().tenant_id, contract_id).details
    if more.file_sha256 is None:
        raise NotFound("contract_not_found")
    stored = storage.load(db(), actor().tenant_id, more.file_sha256)
    return download(stored.content, stored.media_type, more.file_name)
