"""As of a date, and as known at a moment: what was open then, as one select that lists, aging and balances share.

Invariants: it starts from `open_minor` and adds back what took effect after the
date, over items not cleared by then, so that cost follows what was open and not the history behind it; with
`known_at` (aware) only rows recorded by that moment count, and without it the statements are the ones of before.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, TypeAlias
from uuid import UUID

import sqlalchemy as sa

from ar.ledger.models import Allocation, OpenItem

#: A value, or the parameter that brings it into a statement which is built once and run many times.
TenantValue: TypeAlias = UUID | sa.BindParameter[UUID]
DayValue: TypeAlias = date | sa.BindParameter[date]


def later_allocations(tenant_id: TenantValue, as_of: DayValue, known_at: datetime | None = None) -> sa.Subquery:
    """Per item (`item_id`) what took effect after `as_of` or was not known yet (`minor`), on both sides."""
    return _later(tenant_id, as_of, known_at).subquery("later")


def later_allocations_cte(tenant_id: TenantValue, as_of: DayValue) -> sa.CTE:
    """Returns `later_allocations` as a materialised CTE, for statements that join it more than once."""
    return _later(tenant_id, as_of).cte("later").prefix_with("MATERIALIZED")


def _later(tenant_id: TenantValue, as_of: DayValue, known_at: datetime | None = None) -> sa.Select[Any]:
    a = Allocation
    later = a.effective_on > as_of if known_at is None else sa.or_(a.effective_on > as_of, a.recorded_at > known_at)
    after = (a.tenant_id == tenant_id, later)
    both = sa.union_all(
        sa.select(a.debit_item_id.label("item_id"), a.amount_minor).where(*after),
        sa.select(a.credit_item_id, a.amount_minor).where(*after),
    ).subquery("both")
    return sa.select(both.c.item_id, sa.cast(sa.func.sum(both.c.amount_minor), sa.BigInteger).label("minor")).group_by(
        both.c.item_id
    )


def open_minor_at(later: sa.FromClause) -> sa.ColumnElement[int]:
    """The open amount (minor units, positive) of an item that is joined to `later`."""
    return OpenItem.open_minor + sa.func.coalesce(later.c.minor, 0)


def open_amounts_at(
    tenant_id: TenantValue, as_of: DayValue, later: sa.FromClause, *which: sa.ColumnElement[bool]
) -> sa.Subquery:
    """Returns `customer_id`, `currency` and the amount (`minor`) open on `as_of` of each item in `which`.

    Items open now and items cleared since are found apart, because each has an index of its own.
    """
    i = OpenItem
    columns = (i.customer_id, i.currency, open_minor_at(later).label("minor"))
    found = sa.select(*columns).select_from(items_with_later_allocations(later)).where(i.tenant_id == tenant_id, *which)
    return sa.union_all(found.where(i.open_minor > 0), found.where(i.cleared_on > as_of)).subquery()


def existed_at(tenant_id: UUID, as_of: date, known_at: datetime | None = None) -> tuple[sa.ColumnElement[bool], ...]:
    """Dated by `as_of`, and recorded by `known_at` where one is given."""
    i = OpenItem
    dated = (i.tenant_id == tenant_id, i.document_on <= as_of)
    return dated if known_at is None else (*dated, i.recorded_at <= known_at)


def possibly_open_at(
    tenant_id: UUID, as_of: date, known_at: datetime | None = None
) -> tuple[sa.ColumnElement[bool], ...]:
    """Dated by `as_of` and not cleared by then, as far as was known at `known_at`.

    `cleared_on` speaks of what is known today: what an allocation recorded later has touched is looked at anew, so
    some of these may turn out to have nothing open.
    """
    i = OpenItem
    still = [i.cleared_on.is_(None), i.cleared_on > as_of]
    if known_at is not None:
        still.append(i.id.in_(_touched_since(tenant_id, known_at)))
    return (*existed_at(tenant_id, as_of, known_at), sa.or_(*still))


def _touched_since(tenant_id: UUID, known_at: datetime) -> sa.CompoundSelect[Any]:
    a = Allocation
    since = (a.tenant_id == tenant_id, a.recorded_at > known_at)
    return sa.union_all(sa.select(a.debit_item_id).where(*since), sa.select(a.credit_item_id).where(*since))


def items_with_later_allocations(later: sa.FromClause) -> Any:
    """`open_item LEFT JOIN later`, for a select's `select_from`."""
    return sa.outerjoin(OpenItem, later, later.c.item_id == OpenItem.id)
