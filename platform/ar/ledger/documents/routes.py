"""The form of documents booked by hand, for four kinds.

Invariant: parse, authorise, one command or one query, render; whatever is refused, what was typed is shown again. The
drafts are in `draft_routes`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, request, url_for

from ar.ledger.books.posting_rules import RECIPES
from ar.ledger.documents import commands as documents
from ar.ledger.documents import drafts
from ar.ledger.documents.commands import DocumentRefused
from ar.ledger.documents.inputs import MAX_INSTALMENTS, PREFIXES, SentDocument
from ar.ledger.documents.parsing import Document
from ar.ledger.messages import KIND_NAMES
from kernel.errors import Conflict, HuikuanError, RuleBroken
from kernel.i18n import gettext as _
from kernel.i18n import mark
from kernel.ids import new_id
from tenants.access import staff
from tenants.permissions import Permission
from tenants.queries import tenant
from web.command_form import done
from web.context import actor, db
from web.filters import Chip
from web.forms import Form, blank, read_form
from web.refusals import put_refusal
from web.responses import Page, part, render

bp = Blueprint("documents", __name__, url_prefix="/receivables/documents")

SENT_BEFORE = mark("This form was already sent with other values. Check whether it was posted, then send it again.")
DRAFT_SAVED = mark("The draft is saved. It is in no balance until posted.")
KIND = "<any(invoice,debit_note,credit_note,goods_return):kind>"
# Where a refusal of the books belongs; what is not named here concerns the form as a whole.
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
    """An empty form, for the customer that the address names."""
    named = {name: request.args[name] for name in ("customer", "reference") if request.args.get(name)}
    today, currency = actor().today.isoformat(), tenant(db(), actor().tenant_id).currency
    return form_page(kind, blank(document_on=today, currency=currency, **named, key=str(new_id())))


@bp.post(f"/new/{KIND}")
@staff(Permission.POST_LEDGER)
def create(kind: str) -> Page:
    """Books the document, keeps it as a draft, or shows what would be booked."""
    form = read_form(SentDocument)
    if not form.ok:
        return form_page(kind, form), 422
    if form.data.action == "check":
        return form_page(kind, form, checked=check(kind, form))
    try:
        if form.data.action == "draft":
            draft_id = drafts.save_draft(db(), actor(), kind, form.data)
            return done(_(DRAFT_SAVED), "documents.edit", draft_id=draft_id)
        item_id = documents.post_document(db(), actor(), kind, form.data)
    except (RuleBroken, Conflict) as error:
        put_document_refusal(form, error)
        return form_page(kind, form), 422
    return done(_("Posted."), "ledger.show", item_id=item_id)


@bp.post(f"/new/{KIND}/preview")
@staff(Permission.POST_LEDGER)
def preview(kind: str) -> Page:
    """What would be booked, as a part of the form."""
    form = read_form(SentDocument)
    return part("ar/ledger/documents/_computed.html", computed=check(kind, form) if form.ok else None, pending=True)


@bp.get("/customers")
@staff(Permission.POST_LEDGER)
def suggest() -> Page:
    """Customers that fit what is being typed."""
    text = request.args.get("customer") or request.args.get("customer_no", "")
    return part("ar/ledger/documents/_customers.html", found=documents.suggestions(db(), actor().tenant_id, text[:200]))


def check(kind: str, form: Form[Any]) -> Document | None:
    """Returns what would be booked; None when it is no document yet, its faults put at their fields."""
    try:
        return documents.understood(db(), actor(), kind, form.data.typed)
    except DocumentRefused as refused:
        form.errors.update(refused.texts())
        return None


def put_document_refusal(form: Form[Any], error: HuikuanError) -> None:
    """Undoes what was begun and puts the refusal at its fields; a form sent before gets a new key."""
    if isinstance(error, DocumentRefused):
        db().rollback()
        form.errors.update(error.texts())
    else:
        put_refusal(form, error, FIELDS)
    if error.code == "idempotency_key_reused":
        form.values["key"] = str(new_id())
        form.errors[""] = _(SENT_BEFORE)


def form_page(
    kind: str,
    form: Form[Any],
    *,
    draft: drafts.Draft | None = None,
    checked: Document | None = None,
    theirs: Sequence[tuple[str, str]] = (),
) -> str:
    """Renders the form: of a draft, with what would be booked, with what somebody else typed meanwhile."""
    dues, amounts = form.value("instalment_due", []), form.value("instalment_amount", [])
    used = max((n for n, texts in enumerate(zip(dues, amounts, strict=False), start=1) if any(texts)), default=0)
    rows = min(MAX_INSTALMENTS, used + 3 if used else 4)
    customer = form.value("customer") or None
    return render(
        "ar/ledger/documents/form.html",
        kind=kind,
        owed=RECIPES[kind].side > 0,
        form=form,
        draft=draft,
        computed=checked,
        theirs=theirs,
        tabs=[
            Chip(_(KIND_NAMES[one]), url_for("documents.new", kind=one, customer=customer), one == kind)
            for one in PREFIXES
        ],
        rows=[(n, _nth(dues, n), _nth(amounts, n)) for n in range(1, rows + 1)],
        names=KIND_NAMES,
    )


def _nth(texts: list[str], number: int) -> str:
    return texts[number - 1] if number <= len(texts) else ""
