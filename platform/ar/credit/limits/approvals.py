"""Defines the approvals of limits: one that was asked for, and all that an import takes over (R070).

Invariant: the general manager alone decides; the last decision grants the limit in its own transaction.
"""

from __future__ import annotations

from typing import Any, Final

from ar.credit.limits.commands import KIND, grant_requested, refuse_requested
from ar.credit.limits.messages import KIND_NAMES
from ar.credit.limits.taking_over import TAKE_OVER_KIND, customers_of, grant_taken_over, refuse_taken_over
from kernel.i18n import current_language, mark
from kernel.i18n import gettext as _
from kernel.money import format_with_symbol
from tenants.approvals.kinds import Approved, ChainStep, Kind
from web.formatters import days
from web.links import page_url


def _url(approved: Approved) -> str | None:
    return page_url("customer_credit.show", customer_id=approved.customer_id) if approved.customer_id else None


def _facts(facts: dict[str, Any]) -> list[tuple[str, str]]:
    before = _amount(facts.get("before_minor"), facts.get("before_currency"), bool(facts.get("before_unlimited")))
    asked = _amount(facts.get("amount_minor"), facts.get("currency"), facts.get("amount_minor") is None)
    kind = str(facts.get("limit_kind", "regular"))
    until = facts.get("valid_to")
    return [
        (_("Kind"), _(KIND_NAMES[kind]) if kind in KIND_NAMES else kind),
        (_("Limit today"), before),
        (_("Limit asked for"), asked),
        (_("Credit term today"), days(facts.get("before_term_days"))),
        (_("Credit term asked for"), days(facts.get("term_days"))),
        (_("Valid from"), str(facts.get("valid_from", ""))),
        (_("Valid through"), str(until) if until else _("until changed")),
    ]


def _amount(minor: int | None, currency: str | None, unlimited: bool) -> str:
    if unlimited:
        return _("Unlimited")
    if minor is None or currency is None:
        return _("None")
    return format_with_symbol(minor, currency, current_language())


def _taken_over_url(approved: Approved) -> str | None:
    return page_url("taken_over.show", approval_id=approved.id)


def _take_over_facts(facts: dict[str, Any]) -> list[tuple[str, str]]:
    return [(_("Limits"), str(facts.get("limits", ""))), (_("Customers"), str(facts.get("customers", "")))]


APPROVALS: Final[tuple[Kind, ...]] = (
    Kind(
        code=KIND,
        name=mark("Change a credit limit"),
        chain=(ChainStep("general_manager"),),
        approve=grant_requested,
        reject=refuse_requested,
        url=_url,
        facts=_facts,
    ),
    Kind(
        code=TAKE_OVER_KIND,
        name=mark("Take over the credit limits of an import"),
        chain=(ChainStep("general_manager"),),
        approve=grant_taken_over,
        reject=refuse_taken_over,
        url=_taken_over_url,
        facts=_take_over_facts,
        customers=customers_of,
    ),
)
