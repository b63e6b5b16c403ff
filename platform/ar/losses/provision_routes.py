"""The pages of provisions: runs, the preview of a new one, the policy and the documents judged by themselves.

May import this slice, web and tenants. Invariant: parse, authorise, one command or one query, render; a preview is a
GET and changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.ledger.periods import locked_through
from ar.losses import provision, queries, reading
from ar.losses.inputs import AssessItem, PostProvision, SetPolicy, TakeBack
from ar.losses.messages import METHOD_HINTS, METHOD_NAMES
from ar.losses.provision_rules import BUCKETS_MAX, PROPOSED, Policy
from ar.losses.tabs import losses_tabs
from ar.losses.wording import WORDS, factor, percent, put_error, sentence
from kernel.errors import Conflict, RuleBroken
from kernel.i18n import gettext as _
from kernel.ids import new_id
from tenants.access import may, staff
from tenants.permissions import Permission
from web import filters
from web.context import actor, db
from web.forms import Form, blank, read_form
from web.paging import read_page
from web.responses import Page, flash_ok, invalid, render, see_other

bp = Blueprint("provisions", __name__, url_prefix="/provisions")

NEW, RUN, POLICY = "ar/losses/provision_new.html", "ar/losses/provision_run.html", "ar/losses/policy.html"


@dataclass(frozen=True)
class Asked:
    """As of which day the preview is asked for."""

    as_of: date | None = filters.day()


@bp.get("/")
@staff(Permission.READ)
def index() -> Page:
    """All runs, the newest first."""
    asked, path = read_page(request.args), url_for("provisions.index")
    rows, total = queries.runs(db(), actor().tenant_id, offset=asked.offset, limit=asked.limit)
    return render(
        "ar/losses/provisions.html",
        rows=rows,
        total=total,
        policy=reading.policy_now(db(), actor().tenant_id),
        pager=asked.page(total, path, request.args),
        tabs=losses_tabs("provisions"),
        may_post=may(Permission.POST_LEDGER),
        may_set=may(Permission.MANAGE_SETTINGS),
        **WORDS,
    )


@bp.get("/new")
@staff(Permission.POST_LEDGER)
def new() -> Page:
    """The day and, once it is named, the whole estimate."""
    wanted = filters.read(Asked, request.args)
    form = blank(as_of=(wanted.as_of or _usual_day()).isoformat(), key=str(new_id()))
    for name in filters.unread_days(Asked, request.args):
        form.errors[name] = _("Write a date like 2026-11-21.")
    return _previewed(form, wanted.as_of)


@bp.post("/")
@staff(Permission.POST_LEDGER)
def create() -> Page:
    """Posts what was previewed; when the books have moved, shows the new figures instead."""
    form = read_form(PostProvision)
    if not form.ok:
        return _previewed(form, filters.read(Asked, request.form).as_of, 422)
    try:
        run_id = provision.post_run(db(), actor(), form.data)
    except (RuleBroken, Conflict) as error:
        put_error(form, error, period_locked="as_of")
        return _previewed(form, form.data.as_of, 409 if error.code == "provision_changed" else 422)
    flash_ok(_("The provision is posted."))
    return see_other(url_for("provisions.show", provision_id=run_id))


@bp.get("/<uuid:provision_id>")
@staff(Permission.READ)
def show(provision_id: UUID) -> Page:
    """One run with what it showed when it was posted."""
    return render(RUN, **_run(provision_id, blank()))


@bp.post("/<uuid:provision_id>/reversal")
@staff(Permission.POST_LEDGER)
def reverse(provision_id: UUID) -> Page:
    """Takes the last run back."""
    form = read_form(TakeBack)
    if not form.ok:
        return invalid(RUN, **_run(provision_id, form))
    try:
        provision.reverse_run(db(), actor(), provision_id, form.data)
    except (RuleBroken, Conflict) as error:
        put_error(form, error, period_locked="effective_on")
        return invalid(RUN, **_run(provision_id, form))
    flash_ok(_("The provision is reversed."))
    return see_other(url_for("provisions.show", provision_id=provision_id))


@bp.get("/policy")
@staff(Permission.READ)
def policy() -> Page:
    """The policy that holds, its versions, and the documents judged by themselves."""
    return render(POLICY, **_policy(None, blank()))


@bp.post("/policy")
@staff(Permission.MANAGE_SETTINGS)
def set_policy() -> Page:
    """Records a new version."""
    form = read_form(SetPolicy)
    if not form.ok:
        return invalid(POLICY, **_policy(form, blank()))
    provision.set_policy(db(), actor(), form.data)
    flash_ok(_("The policy is recorded. The next run follows it."))
    return see_other(url_for("provisions.policy"))


@bp.post("/assessments")
@staff(Permission.POST_LEDGER)
def assess() -> Page:
    """Judges a document by itself, or puts it back."""
    form = read_form(AssessItem)
    if not form.ok:
        return invalid(POLICY, **_policy(None, form))
    try:
        provision.assess(db(), actor(), form.data)
    except RuleBroken as error:
        put_error(form, error)
        return invalid(POLICY, **_policy(None, form))
    flash_ok(_("It is recorded. The next run follows it."))
    return see_other(url_for("provisions.policy"))


def _usual_day() -> date:
    """The last month end while it can still be booked, else today."""
    today = actor().today
    month_end = today.replace(day=1) - timedelta(days=1)
    locked = locked_through(db(), actor().tenant_id)
    return today if locked is not None and month_end <= locked else month_end


def _previewed(form: Form[Any], as_of: date | None, status: int = 200) -> Page:
    found, refusal = None, None
    if as_of is not None:
        try:
            found = provision.preview(db(), actor(), as_of)
        except RuleBroken as error:
            refusal, status = error.code, 422
            form.errors.setdefault("as_of", sentence(error))
    page = render(NEW, form=form, preview=found, refusal=refusal, may_set=may(Permission.MANAGE_SETTINGS), **WORDS)
    return (page, status) if status != 200 else page


def _run(run_id: UUID, form: Form[Any]) -> dict[str, Any]:
    page = queries.run_page(db(), actor().tenant_id, run_id)
    return {"page": page, "run": page.run, "form": form, "may_post": may(Permission.POST_LEDGER), **WORDS}


def _policy(form: Form[Any] | None, assessment: Form[Any]) -> dict[str, Any]:
    tenant_id = actor().tenant_id
    versions = reading.policies(db(), tenant_id)
    if form is None:
        form = blank(**_typed(versions[0].policy if versions else PROPOSED))
    return {
        "versions": versions,
        "form": form,
        "rows": _bucket_rows(form),
        "assessment": assessment,
        "judged": reading.assessed(db(), tenant_id, actor().today),
        "method_choices": [(code, _(name), _(METHOD_HINTS[code])) for code, name in METHOD_NAMES.items()],
        "may_set": may(Permission.MANAGE_SETTINGS),
        "may_post": may(Permission.POST_LEDGER),
        **WORDS,
    }


def _typed(policy: Policy) -> dict[str, Any]:
    """The policy as its form shows it."""

    def text(bps: int) -> str:
        return percent(bps * 100).removesuffix(" %")

    return {
        "method": policy.method,
        "through": ["" if each.through_days is None else str(each.through_days) for each in policy.buckets],
        "rate": [text(each.rate_bps) for each in policy.buckets],
        "lgd": text(policy.lgd_bps),
        "months": str(policy.months),
        "fallback": text(policy.fallback_bps),
        "factor": factor(policy.factor_bps),
        "factor_reason": policy.factor_reason,
    }


def _bucket_rows(form: Form[Any]) -> list[tuple[str, str]]:
    """As many rows as a policy may have, filled with what was typed."""
    through, rate = list(form.value("through", [])), list(form.value("rate", []))
    pairs = [(one, other) for one, other in zip(through, rate, strict=False)][:BUCKETS_MAX]
    return [*pairs, *[("", "")] * (BUCKETS_MAX - len(pairs))]
