"""Serves the provision policy: its versions, and the individually assessed documents.

Invariant: parse, authorise, one command or one query, render. The views are registered on the blueprint of
`provision.routes`.
"""

from __future__ import annotations

from typing import Any

from ar.losses.messages import METHOD_HINTS, METHOD_NAMES
from ar.losses.provision import commands as provision
from ar.losses.provision import exposure
from ar.losses.provision.inputs import AssessItem, SetPolicy
from ar.losses.provision.routes import bp
from ar.losses.rules.provision import BUCKETS_MAX, PROPOSED, EstimationPolicy
from ar.losses.texts import WORDS, factor, percent
from kernel.i18n import gettext as _
from tenants.access import may, staff
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank
from web.responses import Page, render

ASSESSMENT_FIELDS = {"provision_item_unknown": "document_no", "provision_item_unassessed": "loss"}


def _policy_page(form: Form[Any]) -> str:
    """Renders the policy; `form` comes back in its slot: policy or assessment."""
    tenant_id = actor().tenant_id
    versions = exposure.policies(db(), tenant_id)
    policy_form = form.at("policy", **_typed(versions[0].policy if versions else PROPOSED))
    return render(
        "ar/losses/provision/policy.html",
        versions=versions,
        form=policy_form,
        rows=_bucket_rows(policy_form),
        assessment=form.at("assessment"),
        assessed=exposure.assessed_documents(db(), tenant_id, actor().today),
        method_choices=[(code, _(name), _(METHOD_HINTS[code])) for code, name in METHOD_NAMES.items()],
        may_set=may(Permission.MANAGE_SETTINGS),
        may_post=may(Permission.POST_LEDGER),
        **WORDS,
    )


@bp.get("/policy")
@staff(Permission.READ_BOOKS)
def policy() -> Page:
    """Shows the policy in force, its versions, and the individually assessed documents."""
    return _policy_page(blank())


@bp.post("/policy")
@staff(Permission.MANAGE_SETTINGS)
@command_form(SetPolicy, page=_policy_page, slot="policy")
def set_policy(data: SetPolicy) -> Page:
    """Records a new version."""
    provision.set_policy(db(), actor(), data)
    return done(_("The policy is recorded. The next run follows it."), "provisions.policy")


@bp.post("/assessments")
@staff(Permission.POST_LEDGER)
@command_form(AssessItem, page=_policy_page, slot="assessment", fields=ASSESSMENT_FIELDS)
def assess(data: AssessItem) -> Page:
    """Assesses a document individually, or returns it to the buckets."""
    provision.assess_document(db(), actor(), data)
    return done(_("It is recorded. The next run follows it."), "provisions.policy")


def _typed(policy: EstimationPolicy) -> dict[str, Any]:
    """Returns the policy as form values."""

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
    """Returns BUCKETS_MAX rows, filled with the form's values."""
    through, rate = list(form.value("through", [])), list(form.value("rate", []))
    pairs = [(one, other) for one, other in zip(through, rate, strict=False)][:BUCKETS_MAX]
    return [*pairs, *[("", "")] * (BUCKETS_MAX - len(pairs))]
