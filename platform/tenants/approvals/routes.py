"""The pages of approvals: the inbox, and one approval with its form.

May import web and tenants. Invariant: who may decide is the engine's answer; a refused decision leaves nothing behind
and is said where the person stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from kernel import storage
from kernel.errors import HuikuanError, NotFound
from kernel.i18n import gettext as _
from kernel.i18n import mark
from tenants.access import may, staff
from tenants.approvals import engine, queries
from tenants.approvals.inputs import Decision, Withdrawal
from tenants.approvals.kinds import all_kinds, explain, find
from tenants.approvals.messages import STATE_NAMES, STATE_TONES
from tenants.permissions import ROLE_NAMES, Permission, Role
from tenants.queries import tenant
from web import filters
from web.context import actor, db
from web.forms import Form, blank, read_form
from web.paging import read_page
from web.responses import Page, download, flash_ok, invalid, render, see_other

bp = Blueprint("approvals", __name__, url_prefix="/approvals")

SHOW = "tenants/approvals/show.html"
SAID = {
    "pending": mark("Approved; whoever is next has been told."),
    "approved": mark("Approved, and done."),
    "rejected": mark("Rejected; whoever asked has been told."),
}
NAMES: dict[str, Any] = {"states": STATE_NAMES, "tones": STATE_TONES}


@dataclass(frozen=True)
class InboxFilters:
    """What the inbox's address may ask for."""

    tab: str = filters.choice(*queries.TABS)
    q: str = filters.text()
    kind: str = filters.text(max_length=60)
    customer: str = filters.text(max_length=36)


@bp.get("/")
@staff(Permission.READ)
def index() -> Page:
    """What waits for me, what I asked, all that is open, what was decided."""
    wanted, asked, path = filters.read(InboxFilters, request.args), read_page(request.args), url_for("approvals.index")
    page = queries.inbox(
        db(),
        actor(),
        tab=wanted.tab,
        q=wanted.q,
        kind=wanted.kind,
        customer_id=_uuid(wanted.customer),
        offset=asked.offset,
        limit=asked.limit,
    )
    return render(
        "tenants/approvals/index.html",
        page=page,
        wanted=wanted,
        pager=asked.page(page.total, path, request.args),
        tabs=_tabs(page, wanted, path),
        active=filters.active(wanted, ignore=("tab",)),
        kind_options=[("", _("All kinds")), *((kind.code, _(kind.name)) for kind in all_kinds())],
        kind_name=kind_name,
        role_name=role_name,
        sees_stuck=_administers(),
        may_set_chains=may(Permission.MANAGE_SETTINGS),
        **NAMES,
    )


@bp.get("/<uuid:approval_id>")
@staff(Permission.READ)
def show(approval_id: UUID) -> Page:
    """One approval: facts, evidence, chain, and the form for whoever can decide."""
    return render(SHOW, **_page(approval_id, blank(), blank()))


@bp.post("/<uuid:approval_id>/decision")
@staff(Permission.READ)
def decide(approval_id: UUID) -> Page:
    """Approves or rejects the step that the page showed."""
    form = read_form(Decision)
    if not form.ok:
        return invalid(SHOW, **_page(approval_id, form, blank()))
    approve, data = form.data.outcome == "approve", form.data
    try:
        state = engine.decide(db(), actor(), approval_id, approve=approve, reason=data.reason, step=data.step)
    except HuikuanError as error:
        if error.code == "approval_not_found":
            raise
        return _refused(approval_id, form, error)
    said = SAID[state] if approve else SAID["rejected"]
    flash_ok(_(said))
    return see_other(url_for("approvals.show", approval_id=approval_id))


@bp.post("/<uuid:approval_id>/withdrawal")
@staff(Permission.READ)
def withdraw(approval_id: UUID) -> Page:
    """Takes the request back, with a reason."""
    form = read_form(Withdrawal)
    if not form.ok:
        return invalid(SHOW, **_page(approval_id, blank(), form))
    engine.withdraw(db(), actor(), approval_id, form.data.why)
    flash_ok(_("The request is withdrawn."))
    return see_other(url_for("approvals.show", approval_id=approval_id))


@bp.get("/<uuid:approval_id>/evidence")
@staff(Permission.READ)
def evidence(approval_id: UUID) -> Page:
    """A file of the request, named by its hash (`?file=`)."""
    wanted = request.args.get("file", "")
    page = queries.approval_page(db(), actor(), approval_id)
    found = next((one for one in page.evidence if one.sha256 == wanted), None)
    if found is None:
        raise NotFound("blob_not_found")
    stored = storage.load(db(), actor().tenant_id, wanted)
    return download(stored.content, stored.media_type, found.file_name)


def kind_name(code: str) -> str:
    """The name of a kind; its code when no slice brings it any more."""
    kind = find(code)
    return _(kind.name) if kind else code


def role_name(role: str) -> str:
    """The name of a role."""
    return _(ROLE_NAMES[Role(role)])


def _refused(approval_id: UUID, form: Form[Any], error: HuikuanError) -> Page:
    """The page as it is now, with what stood in the way; whatever the effect had begun is undone first."""
    db().rollback()
    problem = explain(error)
    if error.code == "approval_reason_needed":
        form.errors["reason"] = problem
        return invalid(SHOW, **_page(approval_id, form, blank()))
    # Something that the effect did not find is no missing page.
    status = 409 if isinstance(error, NotFound) else error.status
    return render(SHOW, **_page(approval_id, form, blank(), problem)), status


def _page(approval_id: UUID, form: Form[Any], withdrawal: Form[Any], problem: str = "") -> dict[str, Any]:
    page = queries.approval_page(db(), actor(), approval_id)
    kind = find(page.approval.kind)
    facts = kind.facts(page.approval.facts) if kind and kind.facts else None
    if facts is None:
        facts = [(name, str(value)) for name, value in page.approval.facts.items()]
    return {
        "page": page,
        "approval": page.approval,
        "facts": facts,
        "subject_url": kind.url(page.approval) if kind and kind.url else None,
        "form": form,
        "withdrawal": withdrawal,
        "problem": problem,
        "company_currency": tenant(db(), actor().tenant_id).currency,
        "kind_name": kind_name,
        "role_name": role_name,
        "administers": _administers(),
        **NAMES,
    }


def _tabs(page: queries.Inbox, wanted: InboxFilters, path: str) -> list[filters.Chip]:
    options: list[tuple[object, str] | tuple[object, str, int]] = [
        ("mine", _("Waiting for me"), page.mine),
        ("asked", _("Asked by me")),
        ("open", _("All open"), page.open),
        ("decided", _("Already decided")),
    ]
    if wanted.tab == "stuck" or (page.stuck and _administers()):
        options.append(("stuck", _("Nobody can decide"), page.stuck))
    return filters.chips(wanted, "tab", options, path)


def _administers() -> bool:
    return may(Permission.MANAGE_PEOPLE) or may(Permission.MANAGE_SETTINGS)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
