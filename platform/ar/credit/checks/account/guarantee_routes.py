"""Registers guarantees of a customer and records their end.

Invariant: parse, authorise, one command, answer. The views are registered on the blueprint of `account.routes`.
"""

from __future__ import annotations

from uuid import UUID

from flask import request

from ar.credit.checks.account.routes import account_page, bp, ending_page
from ar.credit.limits.guarantees import commands, queries
from ar.credit.limits.inputs import EndGuarantee, RegisterGuarantee
from kernel import storage
from kernel.i18n import gettext as _
from kernel.uploads import UploadedFile
from tenants.access import staff
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.responses import Page, download

FIELDS = {
    "amount_unreadable": "amount",
    "amount_not_positive": "amount",
    "guarantee_days": "valid_to",
    "guarantee_file_size": "file",
    "guarantee_file_heic": "file",
    "guarantee_file_kind": "file",
}


@bp.post("/<uuid:customer_id>/guarantees")
@staff(Permission.MANAGE_CREDIT)
@command_form(RegisterGuarantee, page=account_page, slot="guarantee", fields=FIELDS)
def register_guarantee(data: RegisterGuarantee, customer_id: UUID) -> Page:
    """Registers a guarantee."""
    sent = request.files.get("file")
    file = UploadedFile(sent.filename, sent.read()) if sent is not None and sent.filename else None
    commands.register_guarantee(db(), actor(), customer_id, data, file)
    return done(_("The guarantee is registered."), "customer_credit.show", customer_id=customer_id)


@bp.get("/<uuid:customer_id>/guarantees/<uuid:guarantee_id>/file")
@staff(Permission.READ)
def guarantee_file(customer_id: UUID, guarantee_id: UUID) -> Page:
    """Downloads the scan of a guarantee."""
    sha256, name = queries.guarantee_file(db(), actor().tenant_id, customer_id, guarantee_id)
    stored = storage.load(db(), actor().tenant_id, sha256)
    return download(stored.content, stored.media_type, name)


@bp.post("/<uuid:customer_id>/guarantees/<uuid:guarantee_id>/end")
@staff(Permission.MANAGE_CREDIT)
@command_form(EndGuarantee, page=ending_page, slot="ending")
def end_guarantee(data: EndGuarantee, customer_id: UUID, guarantee_id: UUID) -> Page:
    """Records that a guarantee is no longer there."""
    commands.end_guarantee(db(), actor(), guarantee_id, data)
    return done(_("The end of the guarantee is recorded."), "customer_credit.show", customer_id=customer_id)
