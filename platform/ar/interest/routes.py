"""The pages of late interest: runs, the preview of a new one, an interest document and its waivers.

May import this slice, web and tenants. Invariant: parse, authorise, one command or one query, render; a preview is a
GET and changes nothing. Terms and reference rates have pages of their own (`terms_routes`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.interest import commands, queries, waiving, wording
from ar.interest.inputs import PostInterest, TakeBackInterest, WaiveInterest
from ar.interest.messages import MESSAGES
from ar.interest.previews import Preview
from ar.ledger.messages import KIND_NAMES
from ar.ledger.messages import MESSAGES as LEDGER_MESSAGES
from kernel.errors import Conflict, HuikuanError, RuleBroken
from kernel.i18n import gettext as _
from kernel.i18n import ngettext
from kernel.ids import new_id
from tenants.access import may, staff
from tenants.approvals.messages import MESSAGES as APPROVAL_MESSAGES
from tenants.permissions import Permission
from web import filters, formatters
from web.context import actor, db
from web.forms import Form, blank, read_form
from web.paging import read_page
from web.responses import Page, flash_ok, invalid, render, see_other

bp = Blueprint("interest", __name__, url_prefix="/interest")

NEW, CHARGE = "ar/interest/new.html", "ar/interest/charge.html"
SENTENCES = {**APPROVAL_MESSAGES, **LEDGER_MESSAGES, **MESSAGES}
FIELDS = {
    "interest_customer_unknown": "customer_no",
    "interest_through_future": "through_on",
    "interest_document_day": "document_on",
    "period_locked": "document_on",
    "amount_unreadable": "amount",
    "amount_not_positive": "amount",
    "allocation_exceeds_open": "amount",
    "effective_too_early": "effective_on",
    "effective_in_future": "effective_on",
}
SHOWN_DOCUMENTS = 500
WORDS: dict[str, Any] = {
    "kinds": KIND_NAMES,
    "rate_text": wording.rate_text,
    "source_text": wording.source_text,
    "exact_text": wording.exact_text,
    "reason_text": wording.reason_text,
}


@dataclass(frozen=True)
class Asked:
    """Which debts the preview takes, as the address says."""

    through_on: date | None = filters.day()
    customer_no: str = filters.text(max_length=80)
    currency: str = filters.text(max_length=3)


@bp.get("/")
@staff(Permission.READ)
def index() -> Page:
    """All runs, the newest first."""
    asked, path = read_page(request.args), url_for("interest.index")
    rows, total = queries.runs(db(), actor().tenant_id, offset=asked.offset, limit=asked.limit)
    pager = asked.page(total, path, request.args)
    return render("ar/interest/index.html", rows=rows, total=total, pager=pager, may_post=may(Permission.POST_LEDGER))


@bp.get("/new")
@staff(Permission.POST_LEDGER)
def new() -> Page:
    """The choice of debts and, once a day is named, what they bear."""
    wanted = filters.read(Asked, request.args)
    form = blank(
        through_on=(wanted.through_on or actor().today).isoformat(),
        customer_no=wanted.customer_no,
        currency=wanted.currency.upper(),
        document_on=actor().today.isoformat(),
        due_days="0",
        key=str(new_id()),
    )
    for name in filters.unread_days(Asked, request.args):
        form.errors[name] = _("Write a date like 2026-11-21.")
    if wanted.through_on is None:
        return render(NEW, form=form, preview=None, hidden=0, out=frozenset(), **WORDS)
    return _previewed(form, wanted.through_on, wanted.customer_no, wanted.currency.upper() or None)


@bp.post("/")
@staff(Permission.POST_LEDGER)
def create() -> Page:
    """Posts what was previewed; when the books have moved, shows the new figures instead."""
    form = read_form(PostInterest)
    if not form.ok:
        return _again(form)
    try:
        run_id = commands.post_run(db(), actor(), form.data)
    except (RuleBroken, Conflict) as error:
        _put(form, error)
        return _again(form, 409 if error.code == "interest_changed" else 422)
    flash_ok(_("The interest is posted."))
    return see_other(url_for("interest.run", run_id=run_id))


@bp.get("/runs/<uuid:run_id>")
@staff(Permission.READ)
def run(run_id: UUID) -> Page:
    """One run and its documents."""
    return render("ar/interest/run.html", page=queries.run_page(db(), actor().tenant_id, run_id))


@bp.get("/charges/<uuid:charge_id>")
@staff(Permission.READ)
def charge(charge_id: UUID) -> Page:
    """One interest document: how it was computed, what was waived of it."""
    return render(CHARGE, **_charge(charge_id))


@bp.post("/charges/<uuid:charge_id>/waivers")
@staff(Permission.POST_LEDGER)
def waive(charge_id: UUID) -> Page:
    """Waives all of it or a part, or asks for that."""
    form = read_form(WaiveInterest)
    if not form.ok:
        return invalid(CHARGE, **_charge(charge_id, waiver=form))
    try:
        waiver_id = waiving.waive(db(), actor(), charge_id, form.data)
    except (RuleBroken, Conflict) as error:
        _put(form, error, FIELDS | {"period_locked": "effective_on"})
        return invalid(CHARGE, **_charge(charge_id, waiver=form))
    flash_ok(_("The interest is waived.") if waiver_id else _("The waiver waits for approval."))
    return see_other(url_for("interest.charge", charge_id=charge_id))


@bp.post("/charges/<uuid:charge_id>/reversal")
@staff(Permission.POST_LEDGER)
def reverse(charge_id: UUID) -> Page:
    """Reverses the document; its days can be charged again."""
    form = read_form(TakeBackInterest)
    if not form.ok:
        return invalid(CHARGE, **_charge(charge_id, reversal=form))
    try:
        waiving.reverse_charge(db(), actor(), charge_id, form.data)
    except (RuleBroken, Conflict) as error:
        _put(form, error, FIELDS | {"period_locked": "effective_on"})
        return invalid(CHARGE, **_charge(charge_id, reversal=form))
    flash_ok(_("The document is reversed; its days can be charged again."))
    return see_other(url_for("interest.charge", charge_id=charge_id))


@bp.post("/waivers/<uuid:waiver_id>/reinstatement")
@staff(Permission.POST_LEDGER)
def reinstate(waiver_id: UUID) -> Page:
    """Claims again what was waived."""
    charge_id = queries.charge_of_waiver(db(), actor().tenant_id, waiver_id)
    form = read_form(TakeBackInterest)
    if not form.ok:
        return invalid(CHARGE, **_charge(charge_id, reinstatement=form))
    try:
        waiving.reinstate(db(), actor(), waiver_id, form.data)
    except (RuleBroken, Conflict) as error:
        _put(form, error, FIELDS | {"period_locked": "effective_on"})
        return invalid(CHARGE, **_charge(charge_id, reinstatement=form))
    flash_ok(_("The interest is claimed again."))
    return see_other(url_for("interest.charge", charge_id=charge_id))


def _previewed(form: Form[Any], through_on: date, customer_no: str, currency: str | None, status: int = 200) -> Page:
    """The form with the preview under it, as the books stand now."""
    try:
        found = commands.preview(db(), actor(), through_on, customer_no, currency)
    except RuleBroken as error:
        _put(form, error)
        return invalid(NEW, form=form, preview=None, hidden=0, out=frozenset(), **WORDS)
    out = frozenset((*_many("leave_out"), *_many("leave_out_customers")))
    groups, hidden = _within(found)
    page = render(NEW, form=form, preview=found, groups=groups, hidden=hidden, out=out, **WORDS)
    return (page, status) if status != 200 else page


def _again(form: Form[Any], status: int = 422) -> Page:
    """The preview once more, with what was typed and ticked off, and the errors."""
    asked = filters.read(Asked, request.form)
    if asked.through_on is None:
        return invalid(NEW, form=form, preview=None, hidden=0, out=frozenset(), **WORDS)
    return _previewed(form, asked.through_on, asked.customer_no, asked.currency.upper() or None, status)


def _within(found: Preview) -> tuple[list[Any], int]:
    """The groups as far as a page bears them, and how many documents are not shown."""
    shown, number, total = [], 0, sum(len(group.items) for group in found.groups)
    for group in found.groups:
        if number and number + len(group.items) > SHOWN_DOCUMENTS:
            break
        shown.append(group)
        number += len(group.items)
    return shown, total - number


def _many(name: str) -> Collection[str]:
    return request.form.getlist(name) if request.method == "POST" else ()


def _put(form: Form[Any], error: HuikuanError, fields: dict[str, str] = FIELDS) -> None:
    """The refusal as the error of the field it is about; raised again when it has no sentence here."""
    if error.code not in SENTENCES:
        raise error
    text = _(SENTENCES[error.code], **error.params)
    if error.code == "allocation_exceeds_open":
        most = formatters.amount(int(str(error.params["open_minor"])), str(error.params["currency"]))
        text = _("At most %(amount)s: no more is open on %(document_no)s.", amount=most, **error.params)
    form.errors[fields.get(error.code, "")] = text


def _charge(
    charge_id: UUID,
    *,
    waiver: Form[Any] | None = None,
    reversal: Form[Any] | None = None,
    reinstatement: Form[Any] | None = None,
) -> dict[str, Any]:
    page = queries.charge_page(db(), actor().tenant_id, charge_id)
    return {
        "page": page,
        "charge": page.charge,
        "may_post": may(Permission.POST_LEDGER),
        "waiver": waiver or blank(key=str(new_id())),
        "reversal": reversal or blank(),
        "reinstatement": reinstatement or blank(),
        "days_text": lambda number: ngettext("%(num)s day", "%(num)s days", number),
        **WORDS,
    }
