"""Pages of document drafts: list, edit, post, discard.

Invariant: parse, authorise, one command or one query, render; a refused form is shown again as typed. Uses the
blueprint of `routes`.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import request, url_for

from ar.ledger.documents import drafts
from ar.ledger.documents.inputs import SubmittedDocument, TypedDocument
from ar.ledger.documents.routes import bp, check, form_page, put_document_refusal
from ar.ledger.documents.texts import DRAFT_SAVED
from ar.ledger.messages import FIELD_LABELS, KIND_NAMES
from kernel.errors import Conflict, HuikuanError, NotFound, RuleBroken
from kernel.i18n import gettext as _
from tenants.access import staff
from tenants.permissions import Permission
from web.command_form import done
from web.context import actor, db
from web.forms import Form, blank, read_form
from web.paging import read_page
from web.responses import Page, render, see_other


@bp.get("/drafts")
@staff(Permission.POST_LEDGER)
def index() -> Page:
    """Lists the drafts that are neither posted nor discarded."""
    asked = read_page(request.args)
    found, total = drafts.list_drafts(db(), actor().tenant_id, offset=asked.offset, limit=asked.limit)
    pager = asked.page(total, url_for("documents.index"), request.args)
    return render("ar/ledger/documents/index.html", drafts=found, pager=pager, kinds=KIND_NAMES)


@bp.get("/drafts/<uuid:draft_id>")
@staff(Permission.POST_LEDGER)
def edit(draft_id: UUID) -> Page:
    """Shows a draft in its form; a posted draft redirects to its document."""
    found = drafts.load_draft(db(), actor().tenant_id, draft_id)
    if found.item_id is not None:
        return see_other(url_for("ledger.show", item_id=found.item_id))
    if found.state != "draft":
        raise NotFound("draft_not_found")
    form = blank(**found.typed.model_dump(), version=found.version)
    return form_page(found.kind, form, draft=found)


@bp.post("/drafts/<uuid:draft_id>")
@staff(Permission.POST_LEDGER)
def save(draft_id: UUID) -> Page:
    """Saves or posts the draft, or previews the document."""
    form = read_form(SubmittedDocument)
    found = drafts.load_draft(db(), actor().tenant_id, draft_id)
    if not form.ok:
        return form_page(found.kind, form, draft=found), 422
    if form.data.action == "check":
        return form_page(found.kind, form, draft=found, checked=check(found.kind, form))
    try:
        if form.data.action == "draft":
            drafts.change_draft(db(), actor(), draft_id, form.data)
            return done(_(DRAFT_SAVED), "documents.edit", draft_id=draft_id)
        item_id = drafts.post_draft(db(), actor(), draft_id, form.data)
    except (RuleBroken, Conflict) as error:
        put_document_refusal(form, error)
        return _page_after_refusal(found, form, error), 422
    return done(_("Posted."), "ledger.show", item_id=item_id)


@bp.post("/drafts/<uuid:draft_id>/discarding")
@staff(Permission.POST_LEDGER)
def discard(draft_id: UUID) -> Page:
    """Discards a draft."""
    drafts.discard_draft(db(), actor(), draft_id)
    return done(_("The draft is discarded."), "documents.index")


def _page_after_refusal(found: drafts.Draft, form: Form[Any], error: HuikuanError) -> str:
    """Renders the form after a refusal.

    `draft_changed`: with the values another person saved, so that they are overwritten knowingly. `draft_closed`: as a
    new document, because the draft can no longer be saved.
    """
    if error.code == "draft_closed":
        return form_page(found.kind, form)
    if error.code != "draft_changed":
        return form_page(found.kind, form, draft=found)
    current = drafts.load_draft(db(), actor().tenant_id, found.id)
    form.values["version"] = current.version
    return form_page(found.kind, form, draft=current, theirs=_differences(form.data.typed, current.typed))


def _differences(mine: TypedDocument, other: TypedDocument) -> list[tuple[str, str]]:
    """Returns (field label, the other's value) for each field that differs."""
    own, theirs = mine.model_dump(), other.model_dump()

    def as_text(value: Any) -> str:
        return ", ".join(filter(None, value)) if isinstance(value, list) else str(value)

    pairs = [(label, as_text(own[name]), as_text(theirs[name])) for name, label in FIELD_LABELS.items()]
    return [(_(label), other_value or "—") for label, own_value, other_value in pairs if own_value != other_value]
