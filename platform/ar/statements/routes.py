"""The team's pages of statements: list, one with its evidence, issuing, sending again, and what the debtor sees.

May import this slice, web and tenants. Invariant: parse, authorise, one command or one query, render; the preview
needs no token and leaves no trace.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.interest.messages import MESSAGES as INTEREST_MESSAGES
from ar.statements import commands, doubt, listing, months, queries
from ar.statements.documents import bucket_name, kind_name, page_texts
from ar.statements.inputs import REASONS, IssueMonth, IssueRequest, SettleDelivery, read_period
from ar.statements.messages import DELIVERY_NAMES, JUDGED, MAIL_STATES, MESSAGES, STATUS_NAMES, STATUS_TONES
from ar.statements.views import STATUSES, UNANSWERED, WAITING
from kernel.errors import Conflict, HuikuanError, RuleBroken
from kernel.i18n import gettext as _
from kernel.i18n import ngettext, use_language
from kernel.ids import new_id
from tenants.access import may, staff
from tenants.permissions import Permission
from web import filters
from web.context import actor, db
from web.forms import blank, read_form
from web.paging import read_page
from web.responses import Page, download, flash_error, flash_ok, invalid, render, see_other

bp = Blueprint("statements", __name__, url_prefix="/statements")

NAMES: dict[str, Any] = {
    "statuses": STATUS_NAMES,
    "tones": STATUS_TONES,
    "mail_states": MAIL_STATES,
    "deliveries": DELIVERY_NAMES,
    "judged": JUDGED,
}


@dataclass(frozen=True)
class StatementFilters:
    """What the list's address may ask for."""

    q: str = filters.text()
    status: str = filters.choice("", *STATUSES, UNANSWERED)
    month: str = filters.text(max_length=7)
    customer: str = filters.text(max_length=36)


@bp.get("/")
@staff(Permission.READ)
def index() -> Page:
    """All statements, newest first; filters and page stand in the address."""
    wanted, asked, path = (
        filters.read(StatementFilters, request.args),
        read_page(request.args),
        url_for("statements.index"),
    )
    page = listing.statement_list(
        db(),
        actor().tenant_id,
        today=actor().today,
        status=wanted.status,
        q=wanted.q,
        month=wanted.month,
        customer_id=_uuid(wanted.customer),
        offset=asked.offset,
        limit=asked.limit,
    )
    waiting = sum(page.counts.get(word, 0) for word in WAITING)
    options = [("", _("All"), sum(page.counts.values())), (UNANSWERED, _("Unanswered"), waiting)]
    options += [(word, _(STATUS_NAMES[word]), page.counts.get(word, 0)) for word in STATUSES]
    return render(
        "ar/statements/index.html",
        page=page,
        wanted=wanted,
        pager=asked.page(page.total, path, request.args),
        chips=filters.chips(wanted, "status", options, path),
        active=filters.active(wanted, ignore=()),
        may_issue=may(Permission.ISSUE_STATEMENT),
        **NAMES,
    )


@bp.get("/new")
@staff(Permission.ISSUE_STATEMENT)
def new() -> Page:
    """The form, for one customer or for everybody of a month."""
    last = actor().today.replace(day=1)
    month = f"{last.year - (last.month == 1)}-{(last.month - 2) % 12 + 1:02d}"
    return render(
        "ar/statements/new.html", form=blank(customer_no=request.args.get("customer", ""), period=month, month=month)
    )


@bp.post("/")
@staff(Permission.ISSUE_STATEMENT)
def create() -> Page:
    """Issues one customer's statements of a month, all currencies."""
    form = read_form(IssueRequest)
    if not form.ok:
        return invalid("ar/statements/new.html", form=form)
    try:
        period = read_period(form.data.period, actor().today)
        issued = commands.issue_for_customer(
            db(),
            actor(),
            form.data.customer_no,
            period,
            despite_answer=form.data.despite_answer,
            state_interest=form.data.state_interest,
        )
    except (RuleBroken, Conflict) as error:
        form.errors[_field(error)] = _((INTEREST_MESSAGES | MESSAGES)[error.code], **error.params)
        return invalid("ar/statements/new.html", form=form)
    flash_ok(ngettext("%(num)s statement issued.", "%(num)s statements issued.", len(issued)))
    _warn(issued)
    if len(issued) == 1:
        return see_other(url_for("statements.show", statement_id=issued[0].statement_id))
    return see_other(url_for("statements.index", q=form.data.customer_no))


@bp.post("/month")
@staff(Permission.ISSUE_STATEMENT)
def create_month() -> Page:
    """The month of everybody: first what would happen, then, once confirmed, the jobs in the queue."""
    form = read_form(IssueMonth)
    if not form.ok:
        return invalid("ar/statements/new.html", form=form)
    try:
        period = read_period(form.data.month, actor().today)
    except RuleBroken as error:
        form.errors["month"] = _(MESSAGES[error.code], **error.params)
        return invalid("ar/statements/new.html", form=form)
    if not (form.data.confirmed and form.data.key):
        plan = months.plan_month(db(), actor().tenant_id, period)
        return render("ar/statements/month.html", plan=plan, period=period, key=str(new_id()))
    number = months.issue_month_once(db(), actor(), period, form.data.key)
    if number is None:
        flash_ok(_("These statements were asked for already; nothing was sent twice."))
    else:
        flash_ok(ngettext("%(num)s statement is being drawn up.", "%(num)s statements are being drawn up.", number))
    return see_other(url_for("statements.index", month=period.label))


@bp.get("/<uuid:statement_id>")
@staff(Permission.READ)
def show(statement_id: UUID) -> Page:
    """One statement: figures, lines, mails, answer with its evidence."""
    page = queries.statement_page(db(), actor().tenant_id, statement_id, actor().today)
    return render(
        "ar/statements/show.html",
        page=page,
        statement=page.statement,
        answer=page.answer,
        bucket_name=bucket_name,
        kind_name=kind_name,
        reasons=REASONS,
        may_issue=may(Permission.ISSUE_STATEMENT),
        **NAMES,
    )


@bp.get("/<uuid:statement_id>/statement.pdf")
@staff(Permission.READ)
def pdf(statement_id: UUID) -> Page:
    """The stored PDF."""
    number, content = queries.pdf_of(db(), actor().tenant_id, statement_id)
    return download(content, "application/pdf", f"{number}.pdf")


@bp.get("/<uuid:statement_id>/preview")
@staff(Permission.READ)
def preview(statement_id: UUID) -> Page:
    """What the debtor sees, in the debtor's language; no token is made or used."""
    view = queries.statement_view(db(), actor().tenant_id, statement_id, actor().today)
    sender = queries.sender(db(), actor().tenant_id)
    with use_language(view.language):
        return render(
            "portal/statement.html",
            statement=view,
            preview=True,
            errors={},
            pdf_url=url_for("statements.pdf", statement_id=statement_id),
            portal={
                "sender": sender.name,
                "language": None,
                "help_text": _("Questions: %(contact)s", contact=sender.reach),
            },
            **page_texts(view.closing_minor, view.period_to, view.interest_minor),
        )


@bp.post("/<uuid:statement_id>/deliveries")
@staff(Permission.ISSUE_STATEMENT)
def send_again(statement_id: UUID) -> Page:
    """Sends it (again) with a fresh link; the link before is closed."""
    try:
        commands.send(db(), actor(), statement_id)
    except RuleBroken as error:
        flash_error(_(MESSAGES[error.code]))
    else:
        flash_ok(_("The statement is on its way with a new link."))
    return see_other(url_for("statements.show", statement_id=statement_id))


@bp.post("/<uuid:statement_id>/deliveries/<uuid:mail_id>/outcome")
@staff(Permission.ISSUE_STATEMENT)
def settle_delivery(statement_id: UUID, mail_id: UUID) -> Page:
    """A person's word on a mail of which nobody knows whether it arrived."""
    form = read_form(SettleDelivery)
    if not form.ok:
        raise RuleBroken("statement_outcome_needed")
    doubt.settle_delivery(db(), actor(), statement_id, mail_id, form.data)
    flash_ok(_("Noted."))
    return see_other(url_for("statements.show", statement_id=statement_id))


def _warn(issued: list[commands.Issued]) -> None:
    """Says what the person must see to: nobody to mail to, characters that could not be printed."""
    if any(one.sent_to is None for one in issued):
        nobody = MESSAGES["statement_no_contact"]
        flash_error(_(nobody))
    missing = "".join(sorted({char for one in issued for char in one.missing}))
    if missing:
        flash_error(_("These characters could not be printed: %(characters)s", characters=missing))


def _field(error: HuikuanError) -> str:
    fields = {
        "statement_customer_unknown": "customer_no",
        "statement_answered_already": "despite_answer",
        "interest_rate_unknown": "state_interest",
    }
    return fields.get(error.code, "period")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
