"""Defines the approval of the limits that an import takes over: the general manager, by one act (R070)."""

from __future__ import annotations

from typing import Any, Final

from ar.credit.limits.taking_over import TAKE_OVER_KIND, grant_taken_over, refuse_taken_over
from kernel.i18n import gettext as _
from kernel.i18n import mark
from tenants.approvals.kinds import Approved, ChainStep, Kind
from web.links import page_url


def _url(approved: Approved) -> str | None:
    return page_url("imports.show", job_id=approved.subject_id)


def _facts(facts: dict[str, Any]) -> list[tuple[str, str]]:
    return [(_("Limits"), str(facts.get("limits", ""))), (_("Customers"), str(facts.get("customers", "")))]


TAKE_OVER: Final = Kind(
    code=TAKE_OVER_KIND,
    name=mark("Take over the credit limits of an import"),
    chain=(ChainStep("general_manager"),),
    approve=grant_taken_over,
    reject=refuse_taken_over,
    url=_url,
    facts=_facts,
)
