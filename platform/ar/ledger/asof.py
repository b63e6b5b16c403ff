"""As of a date: what was open then, as one select that lists, aging and balances share.

May import the ledger's tables. Invariant: it starts from `open_minor` and adds back what took effect after the
date, over items not cleared by then, so that cost follows what was open and not the history behind it.
"""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ar.ledger.models import Allocation, OpenItem


def later_allocations(tenant_id: UUID, as_of: date) -> sa.Subquery:
    """Per item (`item_id`) what took effect after `as_of` (`minor`), on both sides."""
    a = Allocation
    after = (a.tenant_id == tenant_id, a.effective_on > as_of)
    both = sa.union_all(
        sa.select(a.debit_item_id.label("item_id"), a.amount_minor).where(*after),
        sa.select(a.credit_item_id, a.amount_minor).where(*after),
    ).subquery("both")
    return (
        sa.select(both.c.item_id, sa.cast(sa.func.sum(both.c.amount_minor), sa.BigInteger).label("minor"))
        .group_by(both.c.item_id)
        .subquery("later")
    )


def open_then(later: sa.Subquery) -> sa.ColumnElement[int]:
    """The open amount (minor units, positive) of an item that is joined to `later`."""
    return OpenItem.open_minor + sa.func.coalesce(later.c.minor, 0)


def there_and_open(tenant_id: UUID, as_of: date) -> tuple[sa.ColumnElement[bool], ...]:
    """Dated by `as_of` and not cleared by then."""
    i = OpenItem
    return (
        i.tenant_id == tenant_id,
        i.document_on <= as_of,
        sa.or_(i.cleared_on.is_(None), i.cleared_on > as_of),
    )


def joined(later: sa.Subquery) -> Any:
    """`open_item LEFT JOIN later`, for a select's `select_from`."""
    return sa.outerjoin(OpenItem, later, later.c.item_id == OpenItem.id)
