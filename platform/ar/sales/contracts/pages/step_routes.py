"""What is done with a contract: scanned, submitted for review, sealed, its copies kept, ended.

Invariant: parse, authorise, one command, redirect. Uses the blueprint of `routes`.
"""

from __future__ import annotations

from uuid import UUID

from flask import request

from ar.sales.contracts import reviewing
from ar.sales.contracts.commands import attach_file
from ar.sales.contracts.inputs import AttachFile, EndContract, KeepCopy, SealContract
from ar.sales.contracts.pages.lines import FILE_FIELDS
from ar.sales.contracts.pages.routes import bp, contract_page
from kernel.errors import Forbidden
from kernel.i18n import gettext as _
from kernel.uploads import UploadedFile
from tenants.access import staff
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.responses import Page


def sent_file() -> UploadedFile | None:
    """Returns the file that the form carries, None without one."""
    sent = request.files.get("file")
    return UploadedFile(sent.filename, sent.read()) if sent and sent.filename else None


@bp.post("/<uuid:contract_id>/file")
@staff(Permission.EDIT_CONTRACTS)
@command_form(AttachFile, page=contract_page, slot="file", fields=FILE_FIELDS)
def attach(_data: AttachFile, contract_id: UUID) -> Page:
    """Attaches the scan."""
    attach_file(db(), actor(), contract_id, sent_file())
    return done(_("The scan is attached."), "contracts.show", contract_id=contract_id)


@bp.post("/<uuid:contract_id>/submission")
@staff(Permission.EDIT_CONTRACTS)
def submit(contract_id: UUID) -> Page:
    """Submits a contract for review."""
    reviewing.submit_contract(db(), actor(), contract_id)
    return done(_("The contract awaits its review."), "contracts.show", contract_id=contract_id)


@bp.post("/<uuid:contract_id>/sealing")
@staff(Permission.EDIT_CONTRACTS)
@command_form(SealContract, page=contract_page, slot="sealing", fields={"contract_checklist": "checklist"})
def seal(data: SealContract, contract_id: UUID) -> Page:
    """Seals a reviewed contract."""
    reviewing.seal_contract(db(), actor(), contract_id, data)
    return done(_("The contract is sealed and stays as it is."), "contracts.show", contract_id=contract_id)


@bp.post("/<uuid:contract_id>/copies")
@staff(Permission.EDIT_CONTRACTS)
@command_form(KeepCopy, page=contract_page, slot="copy", fields={"contract_copy_day": "received_on"})
def keep(data: KeepCopy, contract_id: UUID) -> Page:
    """Records where a copy is kept."""
    reviewing.keep_copy(db(), actor(), contract_id, data)
    return done(_("The copy is recorded."), "contracts.show", contract_id=contract_id)


@bp.post("/<uuid:contract_id>/end")
@staff(Permission.EDIT_CONTRACTS)
@command_form(EndContract, page=contract_page, slot="ending", also=(Forbidden,))
def end(data: EndContract, contract_id: UUID) -> Page:
    """Ends or cancels a contract."""
    reviewing.end_contract(db(), actor(), contract_id, data)
    return done(_("The contract has ended."), "contracts.show", contract_id=contract_id)
