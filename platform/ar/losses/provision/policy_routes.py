"""The pages of the provision policy: its versions, and the documents judged by themselves.

Invariant: parse, authorise, one command or one query, render. The views hang on the blueprint of `provision_routes`.
"""

from __future__ import annotations

from typing import Any

from ar.losses.bad_debts.inputs import AssessItem, SetPolicy
from ar.losses.forms import WORDS, factor, percent
from ar.losses.messages import METHOD_HINTS, METHOD_NAMES
from ar.losses.provision import commands as provision
from ar.losses.provision import exposure as reading
from ar.losses.provision.routes import bp
from ar.losses.rules.provision import BUCKETS_MAX, PROPOSED, Policy
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
    versions = reading.policies(db(), tenant_id)
    policy_form = form.at("policy", **_typed(versions[0].policy if versions else PROPOSED))
    return render(
        "ar/losses/provision/policy.html",
        versions=versions,
        form=policy_form,
        rows=_bucket_rows(policy_form),
        assessment=form.at("assessment"),
        judged=reading.assessed(db(), tenant_id, actor().today),
        method_choices=[(code, _(name), _(METHOD_HINTS[code])) for code, name in METHOD_NAMES.items()],
        may_set=may(Permission.MANAGE_SETTINGS),
        may_post=may(Permission.POST_LEDGER),
        **WORDS,
    )


@bp.get("/policy")
@staff(Permission.READ)
def policy() -> Page:
    """The policy that holds, its versions, and the documents judged by themselves."""
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
    """Judges a document by itself, or puts it back."""
    provision.assess(db(), actor(), data)
    return done(_("It is recorded. The next run follows it."), "provisions.policy")


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
