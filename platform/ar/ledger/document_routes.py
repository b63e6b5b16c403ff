"""The pages of documents booked by hand: the form for four kinds, and the drafts.

May import this slice, web and tenants. Invariant: parse, authorise, one command or one query, render; whatever is
refused, what was typed is shown again.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.ledger import documents, drafts
from ar.ledger.document_inputs import MAX_INSTALMENTS, PREFIXES, SentDocument, TypedDocument
from ar.ledger.document_reading import Document
from ar.ledger.documents import DocumentRefused
from ar.ledger.messages import FIELD_LABELS, KIND_NAMES, MESSAGES
from ar.ledger.recipes import RECIPES
from kernel.errors import Conflict, HuikuanError, NotFound, RuleBroken
from kernel.i18n import gettext as _
from kernel.ids import new_id
from tenants.access import staff
from tenants.permissions import Permission
from tenants.queries import tenant
from web.context import actor, db
from web.forms import Form, blank, read_form
from web.paging import read_page
from web.responses import Page, flash_ok, invalid, render, see_other

bp = Blueprint("documents", __name__, url_prefix="/receivables/documents")

KIND = "<any(invoice,debit_note,credit_note,goods_return):kind>"
FORM = "ar/ledger/document_form.html"
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
    first = {"document_on": actor().today.isoformat(), "currency": tenant(db(), actor().tenant_id).currency}
    named = {name: request.args[name] for name in ("customer", "reference") if request.args.get(name)}
    return render(FORM, **_page(kind, blank(**first, **named, key=str(new_id()))))


@bp.post(f"/new/{KIND}")
@staff(Permission.POST_LEDGER)
def create(kind: str) -> Page:
    """Books the document, keeps it as a draft, or shows what would be booked."""
    form = read_form(SentDocument)
    if not form.ok:
        return invalid(FORM, **_page(kind, form))
    if form.data.action == "check":
        return render(FORM, **_page(kind, form, checked=_checked(kind, form)))
    try:
        if form.data.action == "draft":
            draft_id = drafts.save_draft(db(), actor(), kind, form.data)
            flash_ok(_("The draft is saved. It counts nowhere until it is booked."))
            return see_other(url_for("documents.edit", draft_id=draft_id))
        item_id = documents.post_document(db(), actor(), kind, form.data)
    except (RuleBroken, Conflict) as error:
        _put(form, error)
        return invalid(FORM, **_page(kind, form))
    flash_ok(_("Booked."))
    return see_other(url_for("ledger.show", item_id=item_id))


@bp.post(f"/new/{KIND}/preview")
@staff(Permission.POST_LEDGER)
def preview(kind: str) -> Page:
    """What would be booked, as a part of the form."""
    form = read_form(SentDocument)
    document = _checked(kind, form) if form.ok else None
    return render("ar/ledger/_document_computed.html", computed=document, pending=True)


@bp.get("/customers")
@staff(Permission.POST_LEDGER)
def suggest() -> Page:
    """Customers that fit what is being typed."""
    text = request.args.get("customer") or request.args.get("customer_no", "")
    found = documents.suggestions(db(), actor().tenant_id, text[:200])
    return render("ar/ledger/_document_customers.html", found=found)


@bp.get("/drafts")
@staff(Permission.POST_LEDGER)
def index() -> Page:
    """The drafts that wait."""
    asked = read_page(request.args)
    found, total = drafts.drafts(db(), actor().tenant_id, offset=asked.offset, limit=asked.limit)
    pager = asked.page(total, url_for("documents.index"), request.args)
    return render("ar/ledger/document_drafts.html", drafts=found, pager=pager, kinds=KIND_NAMES)


@bp.get("/drafts/<uuid:draft_id>")
@staff(Permission.POST_LEDGER)
def edit(draft_id: UUID) -> Page:
    """A draft in its form; one that was booked leads to its document."""
    found = drafts.draft(db(), actor().tenant_id, draft_id)
    if found.item_id is not None:
        return see_other(url_for("ledger.show", item_id=found.item_id))
    if found.state != "draft":
        raise NotFound("draft_not_found")
    form = blank(**found.typed.model_dump(), key=str(new_id()), version=found.version)
    return render(FORM, **_page(found.kind, form, draft=found))


@bp.post("/drafts/<uuid:draft_id>")
@staff(Permission.POST_LEDGER)
def save(draft_id: UUID) -> Page:
    """Keeps or books the draft, or shows what would be booked."""
    form = read_form(SentDocument)
    found = drafts.draft(db(), actor().tenant_id, draft_id)
    if not form.ok:
        return invalid(FORM, **_page(found.kind, form, draft=found))
    if form.data.action == "check":
        return render(FORM, **_page(found.kind, form, draft=found, checked=_checked(found.kind, form)))
    try:
        if form.data.action == "draft":
            drafts.change_draft(db(), actor(), draft_id, form.data)
            flash_ok(_("The draft is saved. It counts nowhere until it is booked."))
            return see_other(url_for("documents.edit", draft_id=draft_id))
        item_id = drafts.post_draft(db(), actor(), draft_id, form.data)
    except (RuleBroken, Conflict) as error:
        _put(form, error)
        return invalid(FORM, **_after_refusal(found, form, error))
    flash_ok(_("Booked."))
    return see_other(url_for("ledger.show", item_id=item_id))


@bp.post("/drafts/<uuid:draft_id>/discarding")
@staff(Permission.POST_LEDGER)
def discard(draft_id: UUID) -> Page:
    """Puts a draft away."""
    drafts.discard_draft(db(), actor(), draft_id)
    flash_ok(_("The draft is discarded."))
    return see_other(url_for("documents.index"))


def _after_refusal(found: drafts.Draft, form: Form[Any], error: HuikuanError) -> dict[str, Any]:
    """The form again. Of a draft that somebody changed: with the other's values, to be saved over knowingly.

    A draft that is closed by now is no longer there to be saved: what was typed becomes a new document.
    """
    if error.code == "draft_closed":
        form.values["key"] = str(new_id())
        return _page(found.kind, form)
    if error.code != "draft_changed":
        return _page(found.kind, form, draft=found)
    current = drafts.draft(db(), actor().tenant_id, found.id)
    form.values["version"] = current.version
    return _page(found.kind, form, draft=current, theirs=_differences(form.data.typed, current.typed))


def _differences(mine: TypedDocument, other: TypedDocument) -> list[tuple[str, str]]:
    """(name of the field, what the other typed) wherever the two differ."""
    own, theirs = mine.model_dump(), other.model_dump()

    def shown(value: Any) -> str:
        return ", ".join(filter(None, value)) if isinstance(value, list) else str(value)

    pairs = [(label, shown(own[name]), shown(theirs[name])) for name, label in FIELD_LABELS.items()]
    return [(_(label), value or "—") for label, before, value in pairs if before != value]


def _checked(kind: str, form: Form[Any]) -> Document | None:
    """What would be booked; the faults are put at their fields."""
    try:
        return documents.understood(db(), actor(), kind, form.data.typed)
    except DocumentRefused as refused:
        form.errors.update(refused.texts())
        return None


def _put(form: Form[Any], error: HuikuanError) -> None:
    """The refusal as the error of the field it is about. Raises it again when it has no sentence here."""
    if isinstance(error, DocumentRefused):
        form.errors.update(error.texts())
        return
    if error.code == "idempotency_key_reused":
        form.values["key"] = str(new_id())
        form.errors[""] = _(
            "This form was sent before with other values. Look whether it is booked, then send it again."
        )
        return
    if error.code not in MESSAGES:
        raise error
    form.errors[FIELDS.get(error.code, "")] = _(MESSAGES[error.code], **error.params)


def _page(
    kind: str,
    form: Form[Any],
    *,
    draft: drafts.Draft | None = None,
    checked: Document | None = None,
    theirs: list[tuple[str, str]] | None = None,
) -> dict[str, Any]:
    dues, amounts = form.value("instalment_due", []), form.value("instalment_amount", [])
    used = max((n for n, texts in enumerate(zip(dues, amounts, strict=False), start=1) if any(texts)), default=0)
    rows = min(MAX_INSTALMENTS, used + 3 if used else 4)
    tabs = [{"label": _(KIND_NAMES[one]), "current": one == kind, "url": _kind_url(one, form)} for one in PREFIXES]
    return {
        "kind": kind,
        "owed": RECIPES[kind].side > 0,
        "form": form,
        "draft": draft,
        "computed": checked,
        "theirs": theirs or [],
        "tabs": tabs,
        "rows": [(n, _nth(dues, n), _nth(amounts, n)) for n in range(1, rows + 1)],
        "names": KIND_NAMES,
    }


def _kind_url(kind: str, form: Form[Any]) -> str:
    return url_for("documents.new", kind=kind, customer=form.value("customer") or None)


def _nth(texts: list[str], number: int) -> str:
    return texts[number - 1] if number <= len(texts) else ""
