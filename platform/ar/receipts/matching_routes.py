"""The matching screen: bank lines on the left, what the chosen one could be for on the right.

May import this slice, web and tenants. Invariant: parse, authorise, one command or one query, render; looking and
recalculating change nothing; after a line is done the next one that waits is shown.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.customers.queries import CustomerFacts, find_numbers
from ar.ledger.documents import suggestions
from ar.ledger.messages import KIND_NAMES
from ar.receipts import bank_files, matching_queries
from ar.receipts.bank_inputs import SetAside
from ar.receipts.matching_by_hand import apply_line, undo_match
from ar.receipts.matching_commands import accept_sure, ask_to_match, go_on_accepting
from ar.receipts.matching_queries import Chosen, MatchFilters, ProposalView
from ar.receipts.messages import AGAINST, MATCH_STATES, REASONS, TIERS, WHY
from ar.receipts.pick_forms import put_error, read_picked, sentence, typed_rows
from ar.receipts.picking import picking
from ar.receipts.queries import cash_state
from ar.receipts.receipt_inputs import ApplyLine
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.i18n import gettext as _
from kernel.i18n import ngettext
from kernel.ids import new_id
from tenants.access import may, staff
from tenants.permissions import Permission
from web import filters
from web.context import actor, db
from web.forms import Form, blank, read_form
from web.paging import read_page
from web.responses import Page, flash_error, flash_ok, render, see_other

bp = Blueprint("matching", __name__, url_prefix="/matching")

NAMES: dict[str, Any] = {"reasons": REASONS, "againsts": AGAINST, "tiers": TIERS, "why": WHY, "kinds": KIND_NAMES}
#: Filters that a form carries along, so that the same list is there afterwards.
KEPT = ("state", "q", "amount", "account", "file")


@bp.get("/")
@staff(Permission.READ)
def index() -> Page:
    """The two panes; which line is chosen stands in the address, else it is the first."""
    return _screen(filters.read(MatchFilters, request.args))


@bp.post("/again")
@staff(Permission.POST_LEDGER)
def again() -> Page:
    """Has all lines that wait matched anew by the queue."""
    ask_to_match(db(), actor())
    flash_ok(_("The lines are being matched anew."))
    return see_other(url_for("matching.index"))


@bp.post("/sure")
@staff(Permission.POST_LEDGER)
def accept() -> Page:
    """Books all sure lines: a batch at once, further ones by the queue."""
    done = accept_sure(db(), actor())
    if done.more:
        go_on_accepting(db(), actor())
    flash_ok(ngettext("%(num)s line is booked.", "%(num)s lines are booked.", done.booked))
    if done.passed_over:
        flash_error(
            ngettext(
                "%(num)s line no longer fits: its documents have moved. Look at it yourself.",
                "%(num)s lines no longer fit: their documents have moved. Look at them yourself.",
                done.passed_over,
            )
        )
    if done.more:
        flash_ok(_("The others follow in the background."))
    return see_other(url_for("matching.index"))


@bp.post("/<uuid:bank_line_id>")
@staff(Permission.POST_LEDGER)
def apply(bank_line_id: UUID) -> Page:
    """Books the line for the customer with what is ticked; `do=show` only recalculates."""
    form = read_picked(ApplyLine)
    wanted = _posted_filters(bank_line_id)
    if request.form.get("do") == "show":
        form.errors.clear()
        return _screen(wanted, form, typed_rows())
    if not form.ok:
        return _screen(wanted, form, typed_rows()), 422
    line = matching_queries.find_line(db(), actor().tenant_id, bank_line_id)
    try:
        apply_line(db(), actor(), bank_line_id, form.data)
    except (RuleBroken, Conflict) as error:
        put_error(form, error, {"receipt_in_future": "booked_on", "period_locked": "booked_on"})
        return _screen(wanted, form, typed_rows()), error.status
    flash_ok(_("The line is booked."))
    following = matching_queries.next_line(db(), actor().tenant_id, wanted, line)
    return see_other(_address(wanted, following))


@bp.post("/<uuid:bank_line_id>/undoing")
@staff(Permission.POST_LEDGER)
def undo(bank_line_id: UUID) -> Page:
    """Takes a match back: allocations and receipt; the line waits again."""
    try:
        undo_match(db(), actor(), bank_line_id)
    except (RuleBroken, Conflict) as error:
        flash_error(sentence(error))
    else:
        flash_ok(_("The match is taken back. It will not be made by itself again."))
    return see_other(url_for("matching.index", line=bank_line_id))


@bp.post("/<uuid:bank_line_id>/aside")
@staff(Permission.POST_LEDGER)
def aside(bank_line_id: UUID) -> Page:
    """This line is no customer's payment."""
    wanted, form = _posted_filters(bank_line_id), read_form(SetAside)
    line = matching_queries.find_line(db(), actor().tenant_id, bank_line_id)
    if not form.ok:
        flash_error(_("Say why the line is set aside."))
        return see_other(_address(wanted, bank_line_id))
    try:
        bank_files.set_aside(db(), actor(), bank_line_id, form.data)
    except Conflict as error:
        flash_error(sentence(error))
        return see_other(_address(wanted, bank_line_id))
    flash_ok(_("The line is set aside."))
    return see_other(_address(wanted, matching_queries.next_line(db(), actor().tenant_id, wanted, line)))


@bp.post("/<uuid:bank_line_id>/back")
@staff(Permission.POST_LEDGER)
def back(bank_line_id: UUID) -> Page:
    """A line set aside waits again."""
    try:
        bank_files.take_back(db(), actor(), bank_line_id)
    except Conflict as error:
        flash_error(sentence(error))
    return see_other(url_for("matching.index", line=bank_line_id))


def _posted_filters(line_id: UUID) -> MatchFilters:
    posted = {name: request.form.get(f"list_{name}", "") for name in KEPT}
    return filters.read(MatchFilters, posted | {"line": str(line_id)})


def _address(wanted: MatchFilters, line_id: UUID | None) -> str:
    """The screen with the same list, at this line."""
    path = url_for("matching.index")
    return filters.url(wanted, path, line=str(line_id) if line_id else "", customer="", proposal=None)


def _screen(wanted: MatchFilters, form: Form[Any] | None = None, typed: dict[UUID, str] | None = None) -> str:
    asked, path, tenant_id = read_page(request.args, 25), url_for("matching.index"), actor().tenant_id
    page = matching_queries.match_list(db(), tenant_id, wanted, offset=asked.offset, limit=asked.limit)
    line_id = _uuid(wanted.line) or (page.lines[0].id if page.lines else None)
    chosen = matching_queries.choose(db(), actor(), line_id) if line_id else None
    return render(
        "ar/receipts/matching.html",
        page=page,
        wanted=wanted,
        kept={name: getattr(wanted, name) for name in KEPT},
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
        **(_choice(wanted, chosen, form, typed) if chosen else {"customer": None, "picking": None, "form": blank()}),
        **NAMES,
    )


def _choice(
    wanted: MatchFilters, chosen: Chosen, form: Form[Any] | None, typed: dict[UUID, str] | None
) -> dict[str, Any]:
    """The right pane's form: which customer, which items are ticked, what was typed."""
    line, tenant_id = chosen.line, actor().tenant_id
    at = wanted.proposal or 0
    proposal: ProposalView | None = chosen.proposals[at] if at < len(chosen.proposals) else None
    customer_id, name, fault = (proposal.customer_id, proposal.customer_name, "") if proposal else (None, "", "")
    if form is not None and _uuid(str(form.value("customer_id"))):
        customer_id = _uuid(str(form.value("customer_id")))
        proposal = None
    elif wanted.customer:
        found = _find_customer(wanted.customer)
        customer_id, name, proposal = (found.id, found.name, None) if found else (None, "", None)
        fault = "" if found else _("No customer, or several, are found by “%(text)s”.", text=wanted.customer)
    shown = None
    if customer_id is not None and line.state == "open" and may(Permission.POST_LEDGER):
        shown = picking(
            db(),
            actor(),
            customer_id,
            line.currency,
            line.amount_minor,
            parts=typed,
            proposed=proposal.parts if proposal else (),
            refused=chosen.refused,
            designation=line.remittance,
        )
        name = name or matching_queries.customer_name(db(), tenant_id, customer_id)
    return {
        "customer": {"id": customer_id, "name": name} if customer_id else None,
        "customer_fault": fault,
        "picking": shown,
        "form": form or blank(key=str(new_id()), how="ticked"),
    }


def _find_customer(text: str) -> CustomerFacts | None:
    """The customer with this number, or the only one whose number or name a search finds."""
    tenant_id = actor().tenant_id
    found = find_numbers(db(), tenant_id, [text]).get(text)
    near = [] if found else suggestions(db(), tenant_id, text)
    return find_numbers(db(), tenant_id, [near[0][0]]).get(near[0][0]) if len(near) == 1 else found


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise NotFound("bank_line_not_found") from None
