"""What the customer's credit allows of a contract: none with a blacklisted one, and what its reviewers must know.

Source: R078. Invariants: read-only; who reviews a contract sees grade, limit and term as they stood when it was
submitted, and whether the contract gives a longer term than was granted.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from ar.credit.lookups import credit_policy, customer_accounts
from ar.customers.lookups import blacklisted_since
from kernel.actor import Actor
from kernel.errors import RuleBroken
from kernel.i18n import current_language
from kernel.i18n import gettext as _
from kernel.money import format_with_symbol
from kernel.views import DbRow


def require_not_blacklisted(db: Session, actor: Actor, contract: DbRow) -> None:
    """Raises RuleBroken(`contract_blacklisted`) when the customer of a contract is on the blacklist."""
    since = blacklisted_since(db, actor.tenant_id, [contract.customer_id], actor.timezone).get(contract.customer_id)
    if since is not None:
        raise RuleBroken("contract_blacklisted", number=contract.number, since=since.isoformat())


def granted_credit(db: Session, actor: Actor, customer_id: UUID) -> dict[str, Any] | None:
    """Returns what was granted to the customer, or to the group that covers it, JSON-able; None: no credit."""
    policy = credit_policy(db, actor.tenant_id)
    accounts = customer_accounts(db, actor.tenant_id, [customer_id], policy, today=actor.today)
    limit, group = accounts.own[customer_id].limit, accounts.group_of(customer_id)
    if limit.is_absent and group is not None:
        limit = group.limit
    if limit.is_absent:
        return None
    return {
        "grade": limit.grade,
        "currency": limit.currency,
        "limit_minor": limit.total_minor,
        "term_days": limit.term_days,
    }


def credit_text(granted: dict[str, Any] | None) -> str:
    """Returns grade, limit and term that were granted, in the current language."""
    if granted is None:
        return _("none: orders on it are paid in advance")
    minor, parts = granted["limit_minor"], []
    if granted["grade"]:
        parts.append(_("grade %(grade)s", grade=granted["grade"]))
    currency, language = str(granted["currency"]), current_language()
    parts.append(_("Unlimited") if minor is None else format_with_symbol(minor, currency, language))
    if granted["term_days"] is not None:
        parts.append(_("%(days)s days", days=granted["term_days"]))
    return " · ".join(parts)


def term_text(term_days: int | None, granted: dict[str, Any] | None) -> str:
    """Returns the credit term of a contract, and that it is longer than was granted, in the current language."""
    if term_days is None:
        return _("none in writing")
    allowed = granted["term_days"] if granted else None
    if allowed is not None and term_days > allowed:
        return _("%(days)s days, longer than the %(granted)s days granted", days=term_days, granted=allowed)
    return _("%(days)s days", days=term_days)
