"""What a held order asks of credit: to pass over the limit (Annex 2), and a proof of payment (grade C).

Invariant: parse, authorise, one command, redirect; the figures are those of the order as it is now. Uses the blueprint
of `routes`.
"""

from __future__ import annotations

from uuid import UUID

from flask import request

from ar.credit.commands import ProofOrder, RequestOverLimit, UploadProof, request_over_limit, upload_proof
from ar.sales.orders.facts import find_order, order_facts
from ar.sales.orders.pages.routes import bp, order_page
from kernel.i18n import gettext as _
from kernel.uploads import UploadedFile
from tenants.access import staff
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.responses import Page

REQUEST_FIELDS = {"over_limit_until_past": "valid_until_on"}
PROOF_FIELDS = {
    "proof_file_missing": "file",
    "proof_file_size": "file",
    "proof_file_heic": "file",
    "proof_file_kind": "file",
    "amount_unreadable": "amount",
    "amount_not_positive": "amount",
}


@bp.post("/<uuid:order_id>/over-limit")
@staff(Permission.EDIT_ORDERS)
@command_form(RequestOverLimit, page=order_page, slot="request", fields=REQUEST_FIELDS)
def ask(data: RequestOverLimit, order_id: UUID) -> Page:
    """Asks to let a held order pass (Annex 2)."""
    customer_id = find_order(db(), actor().tenant_id, order_id).customer_id
    request_over_limit(db(), actor(), customer_id, order_facts(db(), actor().tenant_id, order_id), data)
    return done(_("The request awaits approval."), "orders.show", order_id=order_id)


@bp.post("/<uuid:order_id>/proofs")
@staff(Permission.EDIT_ORDERS)
@command_form(UploadProof, page=order_page, slot="proof", fields=PROOF_FIELDS)
def prove(data: UploadProof, order_id: UUID) -> Page:
    """Takes a proof of payment for the order."""
    order = find_order(db(), actor().tenant_id, order_id)
    sent = request.files.get("file")
    file = UploadedFile(sent.filename, sent.read()) if sent and sent.filename else None
    upload_proof(db(), actor(), ProofOrder(order.customer_id, order_id, order.number, order.currency), data, file)
    return done(_("The proof is uploaded. It counts once finance accepts it."), "orders.show", order_id=order_id)
