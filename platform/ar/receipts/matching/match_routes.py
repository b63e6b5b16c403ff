"""Actions on bank lines: match, unmatch, set aside, reopen.

Invariant: parse, authorise, one command, respond; recalculating changes nothing; after a line is decided the next
waiting one is shown. The views belong to the blueprint of `matching.routes`.
"""

from __future__ import annotations

from uuid import UUID

from flask import request, url_for

from ar.receipts.bank import files as bank_files
from ar.receipts.bank.inputs import SetAside
from ar.receipts.matching import queries as matching_queries
from ar.receipts.matching.by_hand import match_line, unmatch_line
from ar.receipts.matching.commands import queue_matching
from ar.receipts.matching.inputs import MatchBankLine
from ar.receipts.matching.queries import MatchFilters
from ar.receipts.matching.routes import CARRIED_FILTERS, bp, matching_page
from ar.receipts.posting.forms import read_with_parts
from kernel.errors import Conflict, RuleBroken
from kernel.i18n import gettext as _
from tenants.access import staff
from tenants.permissions import Permission
from web import filters
from web.command_form import done
from web.context import actor, db
from web.forms import read_form
from web.refusals import put_refusal, refused
from web.responses import Page, flash_error, flash_ok, see_other

FIELDS = {"receipt_in_future": "booked_on", "period_locked": "booked_on"}


@bp.post("/again", endpoint="again")
@staff(Permission.POST_LEDGER)
def rematch() -> Page:
    """Queues the matching of all waiting lines."""
    queue_matching(db(), actor())
    return done(_("The lines are being matched again."), "matching.index")


@bp.post("/<uuid:bank_line_id>")
@staff(Permission.POST_LEDGER)
def apply(bank_line_id: UUID) -> Page:
    """Posts the line as the customer's receipt for the ticked items; `do=show` only recalculates."""
    form, wanted = read_with_parts(MatchBankLine), _posted_filters(bank_line_id)
    form.slot = "apply"
    if request.form.get("do") == "show":
        form.errors.clear()
        return matching_page(form, wanted)
    if not form.ok:
        return matching_page(form, wanted), 422
    line = matching_queries.find_line(db(), actor().tenant_id, bank_line_id)
    try:
        match_line(db(), actor(), bank_line_id, form.data)
    except (RuleBroken, Conflict) as error:
        put_refusal(form, error, FIELDS)
        return matching_page(form, wanted), error.status
    flash_ok(_("The line is posted."))
    return see_other(_address(wanted, matching_queries.next_line(db(), actor().tenant_id, wanted, line)))


@bp.post("/<uuid:bank_line_id>/undoing", endpoint="undo")
@staff(Permission.POST_LEDGER)
def unmatch(bank_line_id: UUID) -> Page:
    """Unmatches a line: unapplies its allocations and reverses its receipt."""
    try:
        unmatch_line(db(), actor(), bank_line_id)
    except (RuleBroken, Conflict) as error:
        return refused(error, url_for("matching.index", line=bank_line_id))
    text = _("The match is undone. It will not be made automatically again.")
    return done(text, "matching.index", line=bank_line_id)


@bp.post("/<uuid:bank_line_id>/aside", endpoint="aside")
@staff(Permission.POST_LEDGER)
def set_aside(bank_line_id: UUID) -> Page:
    """Sets a line aside: it is not a customer's payment."""
    wanted, form = _posted_filters(bank_line_id), read_form(SetAside)
    line = matching_queries.find_line(db(), actor().tenant_id, bank_line_id)
    if not form.ok:
        flash_error(_("State why the line is set aside."))
        return see_other(_address(wanted, bank_line_id))
    try:
        bank_files.set_aside(db(), actor(), bank_line_id, form.data)
    except Conflict as error:
        return refused(error, _address(wanted, bank_line_id))
    flash_ok(_("The line is set aside."))
    return see_other(_address(wanted, matching_queries.next_line(db(), actor().tenant_id, wanted, line)))


@bp.post("/<uuid:bank_line_id>/back", endpoint="back")
@staff(Permission.POST_LEDGER)
def reopen(bank_line_id: UUID) -> Page:
    """Reopens a line that was set aside."""
    here = url_for("matching.index", line=bank_line_id)
    try:
        bank_files.reopen_line(db(), actor(), bank_line_id)
    except Conflict as error:
        return refused(error, here)
    return see_other(here)


def _posted_filters(line_id: UUID) -> MatchFilters:
    posted = {name: request.form.get(f"list_{name}", "") for name in CARRIED_FILTERS}
    return filters.read(MatchFilters, posted | {"line": str(line_id)})


def _address(wanted: MatchFilters, line_id: UUID | None) -> str:
    """Returns the URL of the page with the same filters, at this line."""
    path = url_for("matching.index")
    return filters.url(wanted, path, line=str(line_id) if line_id else "", customer="", proposal=None)
