"""Serves the documents of a customer's file: upload, one document with its verification, download.

Invariant: parse, authorise, one command or one query, render. The views are registered on the blueprint of `routes`.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import request

from ar.customers.file import documents
from ar.customers.file.contents import customer_file, document_line
from ar.customers.file.inputs import ArchiveDocument, RejectDocument, UploadDocument, VerifyDocument
from ar.customers.file.messages import DOCUMENT_STATES, document_label
from ar.customers.file.routes import bp
from ar.customers.queries import customer_detail
from ar.customers.rules.customer_file import DocumentKind
from kernel import storage
from kernel.errors import Forbidden
from kernel.i18n import gettext as _
from kernel.uploads import ACCEPT_PICTURES, UploadedFile
from tenants.access import may, staff
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank
from web.responses import Page, download, render

UPLOAD_FIELDS = {
    "file_no_document": "file",
    "file_document_kind": "file",
    "file_document_heic": "file",
    "file_document_size": "file",
    "file_issued_later": "issued_on",
    "file_dates_order": "expires_on",
    "file_expired": "expires_on",
    "file_end_needed": "expires_on",
}


def _new_page(form: Form[Any], customer_id: UUID) -> str:
    page = customer_file(db(), actor().tenant_id, customer_id, actor().today)
    asked = [each.kind.value for each in page.requirements]
    kinds = [*asked, *(kind.value for kind in DocumentKind if kind.value not in asked)]
    return render(
        "ar/customers/file/new_document.html",
        page=page,
        form=form,
        kinds=[(kind, document_label(kind)) for kind in kinds],
        accept=ACCEPT_PICTURES,
    )


@bp.get("/<uuid:customer_id>/file/new")
@staff(Permission.KEEP_FILE)
def new_document(customer_id: UUID) -> Page:
    """Shows the upload form, with the kind that the URL names."""
    return _new_page(blank(kind=request.args.get("kind", "")), customer_id)


@bp.post("/<uuid:customer_id>/file/documents")
@staff(Permission.KEEP_FILE)
@command_form(UploadDocument, page=_new_page, fields=UPLOAD_FIELDS)
def upload(data: UploadDocument, customer_id: UUID) -> Page:
    """Puts a document into the file."""
    sent = request.files.get("file")
    file = UploadedFile(sent.filename, sent.read()) if sent is not None and sent.filename else None
    documents.upload_document(db(), actor(), customer_id, data, file)
    return done(_("The document is in the file. Finance verifies it."), "customer_file.show", customer_id=customer_id)


def _document_page(form: Form[Any], customer_id: UUID, document_id: UUID) -> str:
    line = document_line(db(), actor().tenant_id, customer_id, document_id)
    is_own = actor().user_id == line.uploaded_by_id
    return render(
        "ar/customers/file/document.html",
        customer=customer_detail(db(), actor().tenant_id, customer_id),
        line=line,
        label=document_label(line.kind),
        states=DOCUMENT_STATES,
        verification=form.at("verification"),
        archive=form.at("archive"),
        rejection=form.at("rejection"),
        is_own=is_own,
        may_verify=may(Permission.VERIFY_FILE),
    )


@bp.get("/<uuid:customer_id>/file/documents/<uuid:document_id>")
@staff(Permission.KEEP_FILE)
def document(customer_id: UUID, document_id: UUID) -> Page:
    """Shows one document."""
    return _document_page(blank(), customer_id, document_id)


@bp.get("/<uuid:customer_id>/file/documents/<uuid:document_id>/copy")
@staff(Permission.KEEP_FILE)
def copy(customer_id: UUID, document_id: UUID) -> Page:
    """Downloads the copy of a document."""
    line = document_line(db(), actor().tenant_id, customer_id, document_id)
    stored = storage.load(db(), actor().tenant_id, line.file_sha256)
    return download(stored.content, stored.media_type, line.file_name)


@bp.post("/<uuid:customer_id>/file/documents/<uuid:document_id>/verification")
@staff(Permission.VERIFY_FILE)
@command_form(
    VerifyDocument,
    page=_document_page,
    slot="verification",
    also=(Forbidden,),
    fields={"file_original_needed": "original_seen"},
)
def verify(data: VerifyDocument, customer_id: UUID, document_id: UUID) -> Page:
    """Verifies a document against its original."""
    documents.verify_document(db(), actor(), customer_id, document_id, data)
    return done(_("The document is verified."), "customer_file.show", customer_id=customer_id)


@bp.post("/<uuid:customer_id>/file/documents/<uuid:document_id>/archive")
@staff(Permission.VERIFY_FILE)
@command_form(ArchiveDocument, page=_document_page, slot="archive")
def archive(data: ArchiveDocument, customer_id: UUID, document_id: UUID) -> Page:
    """Notes where the sealed copy lies."""
    documents.archive_document(db(), actor(), customer_id, document_id, data)
    return done(_("The place is noted."), "customer_file.show", customer_id=customer_id)


@bp.post("/<uuid:customer_id>/file/documents/<uuid:document_id>/rejection")
@staff(Permission.VERIFY_FILE)
@command_form(RejectDocument, page=_document_page, slot="rejection")
def reject(data: RejectDocument, customer_id: UUID, document_id: UUID) -> Page:
    """Refuses a document."""
    documents.reject_document(db(), actor(), customer_id, document_id, data)
    return done(_("The document is rejected."), "customer_file.show", customer_id=customer_id)
