"""Routes of statements: the list, issuing to one customer, and issuing a month to all customers.

Invariant: parse, authorise, one command or one query, render. One statement is in `statement_routes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, request, url_for

from ar.statements import issuing, list_queries, monthly_run
from ar.statements.drawing_up import IssuedStatement
from ar.statements.inputs import IssueMonth, IssueRequest, parse_period
from ar.statements.messages import DELIVERY_NAMES, DELIVERY_REASONS, MAIL_STATES, MESSAGES, STATUS_NAMES, STATUS_TONES
from ar.statements.views import STATUSES, UNANSWERED, WAITING
from kernel.i18n import gettext as _
from kernel.i18n import ngettext
from kernel.ids import parse_uuid
from tenants.access import may, staff
from tenants.permissions import Permission
from web import filters
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank
from web.paging import read_page
from web.responses import Page, flash_error, flash_ok, render, see_other

bp = Blueprint("statements", __name__, url_prefix="/statements")

FIELDS = {
    "statement_customer_unknown": "customer_no",
    "statement_answered_already": "despite_answer",
    "interest_rate_unknown": "state_interest",
}
NAMES: dict[str, Any] = {
    "statuses": STATUS_NAMES,
    "tones": STATUS_TONES,
    "mail_states": MAIL_STATES,
    "deliveries": DELIVERY_NAMES,
    "delivery_reasons": DELIVERY_REASONS,
}


@dataclass(frozen=True)
class StatementFilters:
    """Filters of the list, from its address."""

    q: str = filters.text()
    status: str = filters.choice("", *STATUSES, UNANSWERED)
    month: str = filters.text(max_length=7)
    customer: str = filters.text(max_length=36)


@bp.get("/")
@staff(Permission.READ)
def index() -> Page:
    """Lists statements, newest first; filters and page are in the address."""
    chosen, paging = filters.read(StatementFilters, request.args), read_page(request.args)
    path = url_for("statements.index")
    page = list_queries.statement_list(
        db(),
        actor().tenant_id,
        today=actor().today,
        status=chosen.status,
        q=chosen.q,
        month=chosen.month,
        customer_id=parse_uuid(chosen.customer),
        offset=paging.offset,
        limit=paging.limit,
    )
    waiting = sum(page.counts.get(word, 0) for word in WAITING)
    options = [("", _("All"), sum(page.counts.values())), (UNANSWERED, _("Unanswered"), waiting)]
    options += [(word, _(STATUS_NAMES[word]), page.counts.get(word, 0)) for word in STATUSES]
    return render(
        "ar/statements/index.html",
        page=page,
        wanted=chosen,
        pager=paging.page(page.total, path, request.args),
        chips=filters.chips(chosen, "status", options, path),
        active=filters.active(chosen, ignore=()),
        may_issue=may(Permission.ISSUE_STATEMENT),
        **NAMES,
    )


def _new_page(form: Form[Any]) -> str:
    return render("ar/statements/new.html", form=form)


@bp.get("/new")
@staff(Permission.ISSUE_STATEMENT)
def new() -> Page:
    """Shows the forms that issue to one customer or to all customers of a month."""
    last = actor().today.replace(day=1)
    month = f"{last.year - (last.month == 1)}-{(last.month - 2) % 12 + 1:02d}"
    return _new_page(blank(customer_no=request.args.get("customer", ""), period=month, month=month))


@bp.post("/")
@staff(Permission.ISSUE_STATEMENT)
@command_form(IssueRequest, page=_new_page, fields=FIELDS, otherwise="period")
def create(data: IssueRequest) -> Page:
    """Issues one customer's statements of a month, all currencies."""
    period, options = (
        parse_period(data.period, actor().today),
        data.model_dump(include={"despite_answer", "state_interest"}),
    )
    issued = issuing.issue_for_customer(db(), actor(), data.customer_no, period, **options)
    flash_ok(ngettext("%(num)s statement issued.", "%(num)s statements issued.", len(issued)))
    _flash_warnings(issued)
    if len(issued) == 1:
        return see_other(url_for("statements.show", statement_id=issued[0].statement_id))
    return see_other(url_for("statements.index", q=data.customer_no))


@bp.post("/month")
@staff(Permission.ISSUE_STATEMENT)
@command_form(IssueMonth, page=_new_page, otherwise="month")
def create_month(data: IssueMonth) -> Page:
    """Shows what issuing the month to all customers would do; queues the jobs once it is confirmed."""
    period = parse_period(data.month, actor().today)
    if not data.confirmed:
        plan = monthly_run.plan_month(db(), actor().tenant_id, period)
        return render("ar/statements/create_month.html", plan=plan, period=period)
    number = monthly_run.issue_month(db(), actor(), period)
    text = ngettext("%(num)s statement is being drawn up.", "%(num)s statements are being drawn up.", number)
    return done(text, "statements.index", month=period.label)


def _flash_warnings(issued: list[IssuedStatement]) -> None:
    """Flashes a missing contact and unprintable characters."""
    no_contact = MESSAGES["statement_no_contact"]
    if any(statement.sent_to is None for statement in issued):
        flash_error(_(no_contact))
    missing = "".join(sorted({char for statement in issued for char in statement.missing_characters}))
    if missing:
        flash_error(_("These characters could not be printed: %(characters)s", characters=missing))
