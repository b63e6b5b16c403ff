"""The pages of bad debts: the list, one case with its evidence, the proposal of a new one out of a customer's debts.

May import this slice, web and tenants. Invariant: parse, authorise, one command or one query, render. What comes after
the writing off is in `tracking_routes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.losses import bad_debts, evidence, queries
from ar.losses.evidence import SentFile
from ar.losses.inputs import CAUSES, OPTIONS, ProposeBadDebt, TakeBack, Withdraw
from ar.losses.messages import CAUSE_NAMES, OPTION_NAMES, STATE_NAMES
from ar.losses.tabs import losses_tabs
from ar.losses.wording import WORDS, put_error
from kernel import storage
from kernel.errors import Conflict, HuikuanError, RuleBroken
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.money import decimal_text
from tenants.access import may, staff
from tenants.permissions import Permission
from web import filters
from web.context import actor, db
from web.forms import Form, blank, read_form
from web.paging import read_page
from web.responses import Page, download, flash_ok, invalid, render, see_other

bp = Blueprint("bad_debts", __name__, url_prefix="/bad-debts")

NEW, CASE = "ar/losses/bad_debt_new.html", "ar/losses/bad_debt.html"
AMOUNT = "amount_"


@dataclass(frozen=True)
class CaseFilters:
    """What the list's address may ask for."""

    state: str = filters.choice("all", *STATE_NAMES)


@bp.get("/")
@staff(Permission.READ)
def index() -> Page:
    """All cases, the newest first."""
    wanted, asked, path = filters.read(CaseFilters, request.args), read_page(request.args), url_for("bad_debts.index")
    rows, counts = queries.cases(db(), actor().tenant_id, state=wanted.state, offset=asked.offset, limit=asked.limit)
    total = counts.get(wanted.state, 0) if wanted.state != "all" else sum(counts.values())
    options = [("all", _("All"), sum(counts.values()))]
    options += [(state, _(name), counts.get(state, 0)) for state, (name, _tone) in STATE_NAMES.items()]
    return render(
        "ar/losses/bad_debts.html",
        rows=rows,
        total=total,
        chips=filters.chips(wanted, "state", options, path),
        pager=asked.page(total, path, request.args),
        tabs=losses_tabs("bad_debts"),
        may_propose=may(Permission.PROPOSE_BAD_DEBT),
        **WORDS,
    )


@bp.get("/of/<uuid:customer_id>")
@staff(Permission.PROPOSE_BAD_DEBT)
def new(customer_id: UUID) -> Page:
    """The form for a proposal, with what the customer owes."""
    debts = queries.customer_debts(db(), actor().tenant_id, customer_id)
    return render(NEW, **_asked(debts, blank(key=str(new_id()))))


@bp.post("/of/<uuid:customer_id>")
@staff(Permission.PROPOSE_BAD_DEBT)
def create(customer_id: UUID) -> Page:
    """Proposes what was ticked, with its evidence."""
    debts = queries.customer_debts(db(), actor().tenant_id, customer_id)
    form = read_form(ProposeBadDebt, extra={"parts": _parts()})
    files = [SentFile(sent.filename, sent.read()) for sent in request.files.getlist("files") if sent.filename]
    if not form.ok:
        return invalid(NEW, **_asked(debts, form))
    try:
        case_id = bad_debts.propose(db(), actor(), customer_id, form.data, files)
    except (RuleBroken, Conflict) as error:
        put_error(form, error, amount_unreadable="parts", amount_not_positive="parts")
        return invalid(NEW, **_asked(debts, form))
    flash_ok(_("The proposal waits for approval. Nothing is booked yet."))
    return see_other(url_for("bad_debts.show", bad_debt_id=case_id))


@bp.get("/<uuid:bad_debt_id>")
@staff(Permission.READ)
def show(bad_debt_id: UUID) -> Page:
    """One case."""
    return render(CASE, **case_values(bad_debt_id))


@bp.get("/<uuid:bad_debt_id>/evidence")
@staff(Permission.READ)
def file(bad_debt_id: UUID) -> Page:
    """A file of the case, named by its hash (`?file=`)."""
    found = queries.case_file(db(), actor().tenant_id, bad_debt_id, request.args.get("file", ""))
    stored = storage.load(db(), actor().tenant_id, found.sha256)
    return download(stored.content, stored.media_type, found.file_name)


@bp.post("/<uuid:bad_debt_id>/withdrawal")
@staff(Permission.PROPOSE_BAD_DEBT)
def withdraw(bad_debt_id: UUID) -> Page:
    """Takes a proposal back."""
    form = read_form(Withdraw)
    if not form.ok:
        return invalid(CASE, **case_values(bad_debt_id, withdrawal=form))
    try:
        bad_debts.withdraw_case(db(), actor(), bad_debt_id, form.data.reason)
    except HuikuanError as error:
        if error.code == "bad_debt_not_found":
            raise
        put_error(form, error)
        return invalid(CASE, **case_values(bad_debt_id, withdrawal=form))
    flash_ok(_("The proposal is withdrawn."))
    return see_other(url_for("bad_debts.show", bad_debt_id=bad_debt_id))


@bp.post("/<uuid:bad_debt_id>/reversal")
@staff(Permission.POST_LEDGER)
def take_back(bad_debt_id: UUID) -> Page:
    """Undoes a write-off made by mistake."""
    form = read_form(TakeBack)
    if not form.ok:
        return invalid(CASE, **case_values(bad_debt_id, reversal=form))
    try:
        bad_debts.take_back(db(), actor(), bad_debt_id, form.data)
    except (RuleBroken, Conflict) as error:
        put_error(form, error, period_locked="effective_on")
        return invalid(CASE, **case_values(bad_debt_id, reversal=form))
    flash_ok(_("The write-off is taken back; the documents are open again."))
    return see_other(url_for("bad_debts.show", bad_debt_id=bad_debt_id))


def case_values(bad_debt_id: UUID, **forms: Form[Any]) -> dict[str, Any]:
    """What the page of a case needs; `forms` bring back what was typed in one of its forms."""
    page = queries.case_page(db(), actor().tenant_id, bad_debt_id)
    rest = [each for each in page.case.sums if each.rest_minor]
    pursued = page.case.state == "written_off"
    receipts = queries.unapplied_receipts(db(), actor().tenant_id, page.case.customer_id) if pursued else []
    first = rest[0] if rest else None
    today = actor().today.isoformat()
    money = blank(
        key=str(new_id()),
        received_on=today,
        currency=first.currency if first else "",
        amount=decimal_text(first.rest_minor, first.currency) if first else "",
        account="bank",
    )
    return {
        "page": page,
        "case": page.case,
        "rest": rest,
        "receipts": [each for each in receipts if each[2] in {one.currency for one in rest}],
        "may_post": may(Permission.POST_LEDGER),
        "may_propose": may(Permission.PROPOSE_BAD_DEBT),
        "money": money,
        "credit": blank(key=str(new_id())),
        "event": blank(key=str(new_id()), kind="note", happened_on=today),
        "withdrawal": blank(),
        "reversal": blank(),
        "undoing": blank(),
        **WORDS,
        **forms,
    }


def _parts() -> list[dict[str, str]]:
    """The ticked documents with what was typed as their amounts; what is no id is left out."""
    found = []
    for raw in dict.fromkeys(request.form.getlist("selected")):
        try:
            UUID(raw)
        except ValueError:
            continue
        found.append({"item_id": raw, "amount": request.form.get(AMOUNT + raw, "").strip()})
    return found


def _asked(debts: Any, form: Form[Any]) -> dict[str, Any]:
    posted = request.method == "POST"
    return {
        "debts": debts,
        "form": form,
        "ticked": set(request.form.getlist("selected")) if posted else set(),
        "typed": {name.removeprefix(AMOUNT): text for name, text in request.form.items() if name.startswith(AMOUNT)},
        "tried": set(request.form.getlist("options")) if posted else set(),
        "cause_choices": [(code, _(CAUSE_NAMES[code])) for code in CAUSES],
        "option_choices": [(code, _(OPTION_NAMES[code])) for code in OPTIONS],
        "accept": evidence.ACCEPT,
        **WORDS,
    }
