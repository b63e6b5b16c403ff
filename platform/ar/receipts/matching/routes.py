"""Page of matching: bank lines on the left, the chosen line with its proposals on the right.

Invariant: parse, authorise, one query, render; GET changes nothing. The actions on a line are in `match_routes`.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.customers.lookups import CustomerFacts, find_numbers
from ar.ledger.lookups import suggest_customers
from ar.ledger.messages import KIND_NAMES
from ar.receipts.matching import queries as matching_queries
from ar.receipts.matching.queries import ChosenLine, MatchFilters, ProposalView
from ar.receipts.messages import AGAINST, MATCH_STATES, REASONS, TIERS, WHY
from ar.receipts.posting.allocation_choice import allocation_choice
from ar.receipts.posting.cash_state import cash_state
from ar.receipts.posting.forms import typed_amounts
from kernel.errors import NotFound
from kernel.i18n import gettext as _
from tenants.access import may, staff
from tenants.permissions import Permission
from web import filters
from web.context import actor, db
from web.forms import Form, blank
from web.paging import read_page
from web.responses import Page, render

bp = Blueprint("matching", __name__, url_prefix="/matching")

NAMES: dict[str, Any] = {"reasons": REASONS, "againsts": AGAINST, "tiers": TIERS, "why": WHY, "kinds": KIND_NAMES}
#: Filters that a form carries along, so that the same list is shown afterwards.
CARRIED_FILTERS = ("state", "q", "amount", "account", "file")


@bp.get("/")
@staff(Permission.READ_BANK)
def index() -> Page:
    """Shows the two panes; the chosen line is in the URL, by default the first."""
    return matching_page(blank(), filters.read(MatchFilters, request.args))


def matching_page(form: Form[Any], wanted: MatchFilters) -> str:
    """Renders the page; `form` comes back in its slot: apply."""
    asked, path, tenant_id = read_page(request.args, 25), url_for("matching.index"), actor().tenant_id
    page = matching_queries.match_list(db(), tenant_id, wanted, offset=asked.offset, limit=asked.limit)
    line_id = _uuid_or_not_found(wanted.line) or (page.lines[0].id if page.lines else None)
    chosen = matching_queries.chosen_line(db(), actor(), line_id) if line_id else None
    return render(
        "ar/receipts/matching/index.html",
        page=page,
        wanted=wanted,
        kept={name: getattr(wanted, name) for name in CARRIED_FILTERS},
        cash=cash_state(db(), tenant_id),
        chips=filters.chips(
            wanted, "state", [(word, _(name), page.counts[word]) for word, name in MATCH_STATES.items()], path
        ),
        active=filters.active(wanted, ignore=("line", "customer", "proposal", "state")),
        pager=asked.page(page.total, path, request.args),
        chosen=chosen,
        line_url=lambda line: filters.url(wanted, path, line=str(line), customer="", proposal=None),
        proposal_url=lambda at: filters.url(wanted, path, line=str(line_id), customer="", proposal=at),
        may_post=may(Permission.POST_LEDGER),
        **(_allocation_form(wanted, chosen, form) if chosen else {"customer": None, "picking": None, "form": blank()}),
        **NAMES,
    )


def _allocation_form(wanted: MatchFilters, chosen: ChosenLine, form: Form[Any]) -> dict[str, Any]:
    """Returns the right pane's form: the customer, the ticked items and the typed amounts."""
    line, tenant_id = chosen.line, actor().tenant_id
    at = wanted.proposal or 0
    proposal: ProposalView | None = chosen.proposals[at] if at < len(chosen.proposals) else None
    customer_id, name, fault = (proposal.customer_id, proposal.customer_name, "") if proposal else (None, "", "")
    if form.slot and _uuid_or_not_found(str(form.value("customer_id"))):
        customer_id = _uuid_or_not_found(str(form.value("customer_id")))
        proposal = None
    elif wanted.customer:
        found = _find_customer(wanted.customer)
        customer_id, name, proposal = (found.id, found.name, None) if found else (None, "", None)
        fault = "" if found else _("No customer, or several, are found by “%(text)s”.", text=wanted.customer)
    shown = None
    if customer_id is not None and line.state == "open" and may(Permission.POST_LEDGER):
        shown = allocation_choice(
            db(),
            actor(),
            customer_id,
            line.currency,
            line.amount_minor,
            parts=typed_amounts() if form.slot else None,
            proposed=proposal.parts if proposal else (),
            refused=chosen.refused,
            designation=line.remittance,
        )
        name = name or matching_queries.customer_name(db(), tenant_id, customer_id)
    return {
        "customer": {"id": customer_id, "name": name} if customer_id else None,
        "customer_fault": fault,
        "picking": shown,
        "form": form.at("apply", how="ticked"),
    }


def _find_customer(text: str) -> CustomerFacts | None:
    """Returns the customer with this number, or the only one that a search by number or name finds."""
    tenant_id = actor().tenant_id
    found = find_numbers(db(), tenant_id, [text]).get(text)
    near = [] if found else suggest_customers(db(), tenant_id, text)
    return find_numbers(db(), tenant_id, [near[0][0]]).get(near[0][0]) if len(near) == 1 else found


def _uuid_or_not_found(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise NotFound("bank_line_not_found") from None
