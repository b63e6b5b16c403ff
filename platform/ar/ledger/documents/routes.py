"""Form pages of documents entered by hand, for four kinds.

Invariant: parse, authorise, one command or one query, render; a refused form is shown again as typed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, request, url_for

from ar.ledger.books.posting_rules import POSTING_RULES
from ar.ledger.documents import commands, drafts
from ar.ledger.documents.commands import DocumentRefused
from ar.ledger.documents.inputs import MAX_INSTALMENTS, PREFIXES, SubmittedDocument
from ar.ledger.documents.parsing import Document
from ar.ledger.documents.texts import DRAFT_SAVED
from ar.ledger.messages import KIND_NAMES
from kernel.errors import Conflict, HuikuanError, RuleBroken
from kernel.i18n import gettext as _
from tenants.access import staff
from tenants.permissions import Permission
from tenants.queries import tenant
from web.command_form import done
from web.context import actor, db
from web.filters import Chip
from web.forms import Form, blank, read_form
from web.refusals import put_refusal
from web.responses import Page, part, render
from web.sent_once import repeatable

bp = Blueprint("documents", __name__, url_prefix="/receivables/documents")

KIND = "<any(invoice,debit_note,credit_note,goods_return):kind>"
# Where a refusal of the books belongs; what is not listed here concerns the form as a whole.
FIELDS = {
    "document_exists": "number",
    "period_locked": "document_on",
    "document_too_far_ahead": "document_on",
    "tax_too_large": "tax",
    "discount_out_of_range": "discount_percent",
    "discount_day_out_of_order": "discount_days",
    "dates_out_of_order": "due_on",
    "effective_in_future": "document_on",
    "effective_too_early": "document_on",
}


@bp.get(f"/new/{KIND}")
@staff(Permission.POST_LEDGER)
def new(kind: str) -> Page:
    """Shows an empty form, with the customer and reference given in the URL."""
    preset = {name: request.args[name] for name in ("customer", "reference") if request.args.get(name)}
    today, currency = actor().today.isoformat(), tenant(db(), actor().tenant_id).currency
    return form_page(kind, blank(document_on=today, currency=currency, **preset))


@bp.post(f"/new/{KIND}")
@staff(Permission.POST_LEDGER)
def create(kind: str) -> Page:
    """Posts the document, saves it as a draft, or previews it."""
    form = read_form(SubmittedDocument)
    if not form.ok:
        return form_page(kind, form), 422
    if form.data.action == "check":
        return form_page(kind, form, checked=check(kind, form))
    try:
        if form.data.action == "draft":
            draft_id = drafts.save_draft(db(), actor(), kind, form.data)
            return done(_(DRAFT_SAVED), "documents.edit", draft_id=draft_id)
        item_id = commands.post_document(db(), actor(), kind, form.data)
    except (RuleBroken, Conflict) as error:
        put_document_refusal(form, error)
        return form_page(kind, form), 422
    return done(_("Posted."), "ledger.show", item_id=item_id)


@bp.post(f"/new/{KIND}/preview")
@staff(Permission.POST_LEDGER)
@repeatable("it only shows what would be posted, as often as a field changes")
def preview(kind: str) -> Page:
    """Previews the document as a part of the form."""
    form = read_form(SubmittedDocument)
    return part("ar/ledger/documents/_computed.html", computed=check(kind, form) if form.ok else None, pending=True)


@bp.get("/customers")
@staff(Permission.POST_LEDGER)
def suggest() -> Page:
    """Suggests customers for the text being typed."""
    text = request.args.get("customer") or request.args.get("customer_no", "")
    found = commands.suggest_customers(db(), actor().tenant_id, text[:200])
    return part("ar/ledger/documents/_customers.html", found=found)


def check(kind: str, form: Form[Any]) -> Document | None:
    """Returns the document that would be posted; None when it is invalid, with the faults put at their fields."""
    try:
        return commands.parse_document(db(), actor(), kind, form.data.typed)
    except DocumentRefused as refused:
        form.errors.update(refused.texts())
        return None


def put_document_refusal(form: Form[Any], error: HuikuanError) -> None:
    """Rolls back and puts the refusal at its fields."""
    if isinstance(error, DocumentRefused):
        db().rollback()
        form.errors.update(error.texts())
    else:
        put_refusal(form, error, FIELDS)


def form_page(
    kind: str,
    form: Form[Any],
    *,
    draft: drafts.Draft | None = None,
    checked: Document | None = None,
    theirs: Sequence[tuple[str, str]] = (),
) -> str:
    """Renders the form: of `draft`, with the previewed document `checked`, with another person's values `theirs`."""
    dues, amounts = form.value("instalment_due", []), form.value("instalment_amount", [])
    last = max((n for n, texts in enumerate(zip(dues, amounts, strict=False), start=1) if any(texts)), default=0)
    rows = min(MAX_INSTALMENTS, last + 3 if last else 4)
    customer = form.value("customer") or None
    tabs = [
        Chip(_(KIND_NAMES[tab]), url_for("documents.new", kind=tab, customer=customer), tab == kind) for tab in PREFIXES
    ]
    return render(
        "ar/ledger/documents/new.html",
        kind=kind,
        owed=POSTING_RULES[kind].side > 0,
        form=form,
        draft=draft,
        computed=checked,
        theirs=theirs,
        tabs=tabs,
        rows=[(number, _text_at(dues, number), _text_at(amounts, number)) for number in range(1, rows + 1)],
        names=KIND_NAMES,
    )


def _text_at(texts: list[str], number: int) -> str:
    return texts[number - 1] if number <= len(texts) else ""
