"""Lists proofs of payment for finance, who accepts or rejects each with its file.

Invariant: parse, authorise, one command or one query, render. A proof is uploaded on the page of its order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.credit.checks.messages import PROOF_NAMES, PROOF_STATES
from ar.credit.checks.proofs import commands, queries
from ar.credit.checks.proofs.inputs import DecideProof
from kernel import storage
from kernel.i18n import gettext as _
from tenants.access import may, staff
from tenants.permissions import Permission
from web import filters
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank
from web.paging import read_page
from web.responses import Page, download, render

bp = Blueprint("proofs", __name__, url_prefix="/credit/proofs")

FIELDS = {"proof_reason_needed": "note", "proof_own": "note"}


@dataclass(frozen=True)
class ProofFilters:
    """Filters of the list in the URL."""

    state: str = filters.choice("uploaded", "all", "accepted", "rejected")


@bp.get("/")
@staff(Permission.READ)
def index() -> Page:
    """Lists the proofs, those that wait first."""
    wanted, asked, path = filters.read(ProofFilters, request.args), read_page(request.args), url_for("proofs.index")
    rows, counts = queries.proofs(db(), actor().tenant_id, state=wanted.state, offset=asked.offset, limit=asked.limit)
    every = sum(counts.values())
    total = every if wanted.state == "all" else counts.get(wanted.state, 0)
    options = [(code, _(name), counts.get(code, 0)) for code, (name, _tone) in PROOF_STATES.items()]
    return render(
        "ar/credit/checks/proofs/index.html",
        rows=rows,
        total=total,
        chips=filters.chips(wanted, "state", [*options, ("all", _("All"), every)], path),
        pager=asked.page(total, path, request.args),
        names=PROOF_NAMES,
        states=PROOF_STATES,
    )


def _proof_page(form: Form[Any], proof_id: UUID) -> str:
    proof = queries.proof(db(), actor().tenant_id, proof_id)
    return render(
        "ar/credit/checks/proofs/show.html",
        proof=proof,
        same=queries.same_paper(db(), actor().tenant_id, proof),
        form=form,
        names=PROOF_NAMES,
        states=PROOF_STATES,
        may_decide=may(Permission.MANAGE_CREDIT),
    )


@bp.get("/<uuid:proof_id>")
@staff(Permission.READ)
def show(proof_id: UUID) -> Page:
    """Shows one proof."""
    return _proof_page(blank(), proof_id)


@bp.get("/<uuid:proof_id>/file")
@staff(Permission.READ)
def file(proof_id: UUID) -> Page:
    """Downloads the scan or photo."""
    found = queries.proof(db(), actor().tenant_id, proof_id)
    stored = storage.load(db(), actor().tenant_id, found.file_sha256)
    return download(stored.content, stored.media_type, found.file_name)


@bp.post("/<uuid:proof_id>/decision")
@staff(Permission.MANAGE_CREDIT)
@command_form(DecideProof, page=_proof_page, fields=FIELDS)
def decide(data: DecideProof, proof_id: UUID) -> Page:
    """Accepts or rejects a proof."""
    commands.decide_proof(db(), actor(), proof_id, data)
    text = _("Accepted: it counts for its order.") if data.outcome == "accepted" else _("The proof is rejected.")
    return done(text, "proofs.show", proof_id=proof_id)
