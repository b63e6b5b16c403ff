"""Serves the page of one approval: facts, evidence, chain, and the forms that decide or withdraw.

Invariant: the engine decides who may decide; a refused decision writes nothing and is explained on the page. The views
are registered on the blueprint of `routes`.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import request

from kernel import storage
from kernel.errors import Forbidden, HuikuanError, NotFound
from kernel.i18n import gettext as _
from kernel.i18n import mark
from kernel.visibility import everything
from tenants.access import staff
from tenants.approvals import engine, queries
from tenants.approvals.inputs import Decision, Withdrawal
from tenants.approvals.kinds import explain, find_kind
from tenants.approvals.routes import NAMES, administers, bp, kind_name, role_name
from tenants.permissions import Permission
from tenants.queries import tenant
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank, read_form
from web.responses import Page, download, render

OUTCOME_TEXTS = {
    "pending": mark("Approved; the next approver has been notified."),
    "approved": mark("Approved, and done."),
    "rejected": mark("Rejected; the requester has been notified."),
}


def _approval_page(form: Form[Any], approval_id: UUID, problem: str = "") -> str:
    """Renders the approval; `form` fills its slot: decision or withdrawal. `problem`: why deciding failed."""
    page = queries.approval_page(db(), actor(), approval_id)
    kind = find_kind(page.approval.kind)
    facts = kind.facts(page.approval.facts) if kind and kind.facts else None
    if facts is None:
        facts = [(name, str(value)) for name, value in page.approval.facts.items()]
    return render(
        "tenants/approvals/show.html",
        page=page,
        approval=page.approval,
        facts=facts,
        subject_url=kind.url(page.approval) if kind and kind.url else None,
        decided_there=kind is not None and kind.before_step is not None,
        form=form.at("decision"),
        withdrawal=form.at("withdrawal"),
        problem=problem,
        company_currency=tenant(db(), actor().tenant_id).currency,
        kind_name=kind_name,
        role_name=role_name,
        administers=administers(),
        **NAMES,
    )


@bp.get("/<uuid:approval_id>")
@staff(Permission.READ)
def show(approval_id: UUID) -> Page:
    """Shows one approval: facts, evidence, chain, and the decision form."""
    return _approval_page(blank(), approval_id)


@bp.post("/<uuid:approval_id>/decision")
@staff(Permission.READ)
def decide(approval_id: UUID) -> Page:
    """Approves or rejects the step that the page showed."""
    form = read_form(Decision)
    form.slot = "decision"
    if not form.ok:
        return _approval_page(form, approval_id), 422
    approve, data = form.data.outcome == "approve", form.data
    try:
        with everything(db()):
            state = engine.decide(db(), actor(), approval_id, approve=approve, reason=data.reason, step=data.step)
    except HuikuanError as error:
        if error.code == "approval_not_found":
            raise
        return _refused(form, approval_id, error)
    said = OUTCOME_TEXTS[state] if approve else OUTCOME_TEXTS["rejected"]
    return done(_(said), "approvals.show", approval_id=approval_id)


def _refused(form: Form[Any], approval_id: UUID, error: HuikuanError) -> Page:
    """Rolls back what the effect wrote, and renders the page with the refusal."""
    db().rollback()
    if error.code == "approval_reason_needed":
        form.errors["reason"] = explain(error)
        return _approval_page(form, approval_id), 422
    status = 403 if isinstance(error, Forbidden) else 422
    return _approval_page(form, approval_id, explain(error)), status


def _page_of_withdrawal(form: Form[Any], approval_id: UUID) -> str:
    return _approval_page(form, approval_id)


@bp.post("/<uuid:approval_id>/withdrawal")
@staff(Permission.READ)
@command_form(Withdrawal, page=_page_of_withdrawal, slot="withdrawal", fields={"approval_reason_needed": "why"})
def withdraw(data: Withdrawal, approval_id: UUID) -> Page:
    """Withdraws the request, with a reason."""
    queries.require_visible(db(), actor(), approval_id)
    engine.withdraw(db(), actor(), approval_id, data.why)
    return done(_("The request is withdrawn."), "approvals.show", approval_id=approval_id)


@bp.get("/<uuid:approval_id>/evidence")
@staff(Permission.READ)
def evidence(approval_id: UUID) -> Page:
    """Downloads a file of the request by its hash (`?file=`)."""
    wanted = request.args.get("file", "")
    page = queries.approval_page(db(), actor(), approval_id)
    found = next((one for one in page.evidence if one.sha256 == wanted), None)
    if found is None:
        raise NotFound("blob_not_found")
    stored = storage.load(db(), actor().tenant_id, wanted)
    return download(stored.content, stored.media_type, found.file_name)
