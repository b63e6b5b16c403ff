"""Pages of returns: the list of what waits, and one return with its proposals.

Invariant: parse, authorise, one command or one query, render.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.receipts.messages import RETURN_REASONS
from ar.receipts.returns import commands as return_commands
from ar.receipts.returns import queries as return_queries
from ar.receipts.returns.inputs import BookReturn, DismissReturn
from kernel.errors import NotFound
from kernel.i18n import gettext as _
from tenants.access import may, staff
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank, read_form
from web.paging import read_page
from web.responses import Page, render

bp = Blueprint("returns", __name__, url_prefix="/bank/returns")


@bp.get("/")
@staff(Permission.READ_BANK)
def index() -> Page:
    """Lists the returns that wait for a decision, the oldest first."""
    asked = read_page(request.args)
    rows, total = return_queries.waiting_returns(db(), actor().tenant_id, limit=asked.limit, offset=asked.offset)
    pager = asked.page(total, url_for("returns.index"), request.args)
    return render("ar/receipts/returns/index.html", rows=rows, pager=pager)


def _return_page(form: Form[Any], bank_line_id: UUID) -> str:
    tenant_id = actor().tenant_id
    line = return_queries.return_line(db(), tenant_id, bank_line_id)
    waits = line.return_state == "open"
    subjects = return_queries.proposed_subjects(db(), tenant_id, line) if waits else []
    number = request.args.get("receipt", "").strip()[:60]
    found = return_queries.find_receipt(db(), tenant_id, line, number) if waits and number and line.side < 0 else None
    if found is not None:
        subjects = [found, *(each for each in subjects if each.id != found.id)]
    return render(
        "ar/receipts/returns/show.html",
        line=line,
        subjects=subjects,
        number=number,
        number_fault=_("There is no receipt %(number)s that could come back.", number=number)
        if number and found is None
        else "",
        reasons=RETURN_REASONS,
        form=form,
        booking=form.at("book", subject=_named(subjects[0]) if subjects else ""),
        dismissal=form.at("dismiss"),
        may_post=may(Permission.POST_LEDGER),
    )


def _named(subject: return_queries.ReturnSubject) -> str:
    return f"{subject.subject}:{subject.id}"


@bp.get("/<uuid:bank_line_id>")
@staff(Permission.READ_BANK)
def show(bank_line_id: UUID) -> Page:
    """Shows a return with what it may be the return of."""
    return _return_page(blank(), bank_line_id)


def _read_booking(model: type[BookReturn]) -> Form[BookReturn]:
    """Reads the form; the chosen radio button carries kind and id."""
    kind, _colon, subject_id = request.form.get("subject", "").partition(":")
    form = read_form(model, {"subject": kind, "subject_id": subject_id})
    form.values["subject"] = request.form.get("subject", "")
    if form.errors.pop("subject_id", None) or "subject" in form.errors:
        form.errors["subject"] = _("Choose what came back.")
    return form


@bp.post("/<uuid:bank_line_id>/booking")
@staff(Permission.POST_LEDGER)
@command_form(BookReturn, page=_return_page, slot="book", read=_read_booking, otherwise="subject", also=(NotFound,))
def book(data: BookReturn, bank_line_id: UUID) -> Page:
    """Books the return: what the payment settled is open again."""
    return_commands.book_return(db(), actor(), bank_line_id, data)
    return done(_("The return is booked."), "returns.show", bank_line_id=bank_line_id)


@bp.post("/<uuid:bank_line_id>/dismissal")
@staff(Permission.POST_LEDGER)
@command_form(DismissReturn, page=_return_page, slot="dismiss")
def dismiss(data: DismissReturn, bank_line_id: UUID) -> Page:
    """Decides that the line is no return."""
    return_commands.dismiss_return(db(), actor(), bank_line_id, data)
    return done(_("Noted: this is no return."), "returns.index")
