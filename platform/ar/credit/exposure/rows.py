"""Lists customers with their limits and exposure, for the page, its exports and the command line.

Invariants: a constant number of statements; who sees only some customers gets only their rows, but each sum is whole.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.exposure.accounts import CustomerAccount, customer_accounts
from ar.credit.limits.models import CreditLimit
from ar.credit.limits.taking_over import customers_not_yet_approved
from ar.credit.policy.queries import credit_policy
from ar.credit.rules.exposure import Parts
from ar.customers.models import Customer
from kernel.errors import NotFound

#: Which rows of the list are shown; `ending` and `ended` speak of temporary limits.
STATES: Final = ("all", "over", "ending", "ended", "none", "taken_over")
ENDING_DAYS: Final = 7
ENDED_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One customer. `temporary_to`: last day of the temporary limit in force, or of one that ended lately."""

    customer_no: str
    customer_name: str
    account: CustomerAccount
    temporary_to: date | None
    #: Its limit was taken over and waits for the general manager.
    awaits_approval: bool = False

    @property
    def customer_id(self) -> UUID:
        """Returns the customer's id."""
        return self.account.customer_id


def account_rows(
    db: Session,
    tenant_id: UUID,
    today: date,
    *,
    as_of: date | None = None,
    customer_ids: Collection[UUID] | None = None,
) -> list[AccountRow]:
    """Returns the customers with a limit or anything owed or committed, by number; all visible ones by default.

    `as_of` None: as the books are now. Asked for by id, a customer has its row in any case.
    """
    c = Customer
    of = () if customer_ids is None else (c.id == sa.any_(sa.cast(sorted(customer_ids), sa.ARRAY(sa.Uuid))),)
    named = {row.id: row for row in db.execute(sa.select(c.id, c.number, c.name).where(c.tenant_id == tenant_id, *of))}
    policy = credit_policy(db, tenant_id)
    accounts = customer_accounts(db, tenant_id, customer_ids, policy, today=today, as_of=as_of).own
    ends = _temporary_ends(db, tenant_id, today if as_of is None else as_of, of=customer_ids)
    waiting = customers_not_yet_approved(db, tenant_id, today if as_of is None else as_of, customer_ids)
    rows = [
        AccountRow(
            named[customer_id].number,
            named[customer_id].name,
            account,
            ends.get(customer_id),
            awaits_approval=customer_id in waiting,
        )
        for customer_id, account in accounts.items()
        if customer_id in named
    ]
    return sorted(rows, key=lambda row: (row.customer_no, row.customer_id))


def customer_id_of(db: Session, tenant_id: UUID, number: str) -> UUID:
    """Returns the id of the customer with a number. Raises NotFound(`customer_not_found`)."""
    c = Customer
    found = db.execute(sa.select(c.id).where(c.tenant_id == tenant_id, c.number == number)).scalar_one_or_none()
    if found is None:
        raise NotFound("customer_not_found")
    return found


def in_state(row: AccountRow, state: str, today: date) -> bool:
    """Whether a row belongs to one of STATES."""
    if state == "over":
        return row.account.is_over
    if state == "ending":
        return row.temporary_to is not None and today <= row.temporary_to <= today + timedelta(days=ENDING_DAYS)
    if state == "ended":
        return row.temporary_to is not None and row.temporary_to < today
    if state == "none":
        return row.account.limit.is_absent
    if state == "taken_over":
        return row.awaits_approval
    return True


def row_json(row: AccountRow) -> dict[str, Any]:
    """Returns a row for programs; amounts are minor units of `currency`, null where a rate is missing."""
    account, limit = row.account, row.account.limit
    parts = account.parts
    return {
        "customer_no": row.customer_no,
        "currency": account.currency,
        **_parts_json(parts),
        "exposure_minor": account.exposure_minor,
        "limit_minor": limit.regular_minor,
        "unlimited": limit.unlimited,
        "temporary_limit_minor": limit.temporary_minor,
        "available_minor": account.available_minor,
        "over_limit": account.is_over,
        "past_due_items": account.past_due_items,
        "missing_rates": list(account.missing_rates),
    }


def _parts_json(parts: Parts | None) -> dict[str, int | None]:
    names = (
        "open_receivables_minor",
        "signed_not_invoiced_minor",
        "shipped_not_signed_minor",
        "released_orders_minor",
        "unmatured_bills_minor",
        "unapplied_minor",
    )
    return {name: None if parts is None else getattr(parts, name) for name in names}


def _temporary_ends(db: Session, tenant_id: UUID, on: date, *, of: Collection[UUID] | None) -> dict[UUID, date]:
    """Returns the last day of each customer's latest temporary limit that is in force or ended lately."""
    limit = CreditLimit
    ids = () if of is None else (limit.customer_id == sa.any_(sa.cast(sorted(of), sa.ARRAY(sa.Uuid))),)
    rows = db.execute(
        sa.select(limit.customer_id, sa.func.max(limit.valid_to).label("valid_to"))
        .where(
            limit.tenant_id == tenant_id,
            limit.kind == "temporary",
            limit.valid_from <= on,
            limit.valid_to >= on - timedelta(days=ENDED_DAYS),
            *ids,
        )
        .group_by(limit.customer_id)
    )
    return {row.customer_id: row.valid_to for row in rows}
