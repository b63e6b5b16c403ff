"""Open amounts as of a date, and as known at a moment: SQL that lists, aging and balances share.

Invariants: the open amount starts from `open_minor` and adds back allocations effective after the date, over items not
cleared by then, so cost follows what was open and not the history; with `known_at` (aware) only rows recorded by that
moment count. `by_item`: for one or a few customers the allocations are looked up item by item, so that cost follows
those customers and not the company; the answers are the same.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, TypeAlias
from uuid import UUID

import sqlalchemy as sa

from ar.ledger.models import Allocation, OpenItem

#: A value, or its bind parameter in a statement that is built once and run many times.
TenantValue: TypeAlias = UUID | sa.BindParameter[UUID]
DayValue: TypeAlias = date | sa.BindParameter[date]


def later_allocations(
    tenant_id: TenantValue, as_of: DayValue, known_at: datetime | None = None, *, by_item: bool = False
) -> sa.FromClause:
    """Returns per item (`item_id`) the sum (`minor`) allocated after `as_of` or recorded after `known_at`."""
    if by_item:
        return _later_allocations_of_each_item(tenant_id, as_of, known_at)
    return _sums_of_later_allocations(tenant_id, as_of, known_at).subquery("later")


def later_allocations_cte(tenant_id: TenantValue, as_of: DayValue, known_at: datetime | None = None) -> sa.CTE:
    """Returns `later_allocations` as a materialised CTE, for statements that join it more than once."""
    return _sums_of_later_allocations(tenant_id, as_of, known_at).cte("later").prefix_with("MATERIALIZED")


def _sums_of_later_allocations(
    tenant_id: TenantValue, as_of: DayValue, known_at: datetime | None = None
) -> sa.Select[Any]:
    a, after = Allocation, _after(tenant_id, as_of, known_at)
    both = sa.union_all(
        sa.select(a.debit_item_id.label("item_id"), a.amount_minor).where(*after),
        sa.select(a.credit_item_id, a.amount_minor).where(*after),
    ).subquery("both")
    return sa.select(both.c.item_id, sa.cast(sa.func.sum(both.c.amount_minor), sa.BigInteger).label("minor")).group_by(
        both.c.item_id
    )


def _later_allocations_of_each_item(
    tenant_id: TenantValue, as_of: DayValue, known_at: datetime | None
) -> sa.FromClause:
    """Returns the same sums as a LATERAL of the item beside it: two index look-ups an item."""
    a, i, after = Allocation, OpenItem, _after(tenant_id, as_of, known_at)
    both = sa.union_all(
        sa.select(a.amount_minor).where(*after, a.debit_item_id == i.id).correlate(i),
        sa.select(a.amount_minor).where(*after, a.credit_item_id == i.id).correlate(i),
    ).subquery("both")
    minor = sa.cast(sa.func.sum(both.c.amount_minor), sa.BigInteger)
    return sa.select(i.id.label("item_id"), minor.label("minor")).correlate(i).lateral("later")


def _after(
    tenant_id: TenantValue, as_of: DayValue, known_at: datetime | None
) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    a = Allocation
    later = a.effective_on > as_of if known_at is None else sa.or_(a.effective_on > as_of, a.recorded_at > known_at)
    return a.tenant_id == tenant_id, later


def open_minor_at(later: sa.FromClause) -> sa.ColumnElement[int]:
    """Returns the open amount (minor units, positive) of an item joined to its `later` allocations."""
    return OpenItem.open_minor + sa.func.coalesce(later.c.minor, 0)


def open_amounts_at(
    tenant_id: TenantValue, as_of: DayValue, later: sa.FromClause, *conditions: sa.ColumnElement[bool]
) -> sa.Subquery:
    """Returns `customer_id`, `currency` and the amount (`minor`) open on `as_of` of each item that meets `conditions`.

    Items open now and items cleared since are selected apart, because each has an index of its own.
    """
    i = OpenItem
    columns = (i.customer_id, i.currency, open_minor_at(later).label("minor"))
    found = (
        sa.select(*columns)
        .select_from(items_with_later_allocations(later))
        .where(i.tenant_id == tenant_id, *conditions)
    )
    return sa.union_all(found.where(i.open_minor > 0), found.where(i.cleared_on > as_of)).subquery()


def existed_at(tenant_id: UUID, as_of: date, known_at: datetime | None = None) -> tuple[sa.ColumnElement[bool], ...]:
    """Returns conditions: the item is dated by `as_of` and, where `known_at` is given, recorded by then."""
    i = OpenItem
    dated = (i.tenant_id == tenant_id, i.document_on <= as_of)
    return dated if known_at is None else (*dated, i.recorded_at <= known_at)


def possibly_open_at(
    tenant_id: UUID, as_of: date, known_at: datetime | None = None, *, by_item: bool = False
) -> tuple[sa.ColumnElement[bool], ...]:
    """Returns conditions: the item existed at `as_of` and was not cleared by then, as known at `known_at`.

    `cleared_on` states today's knowledge, so items allocated after `known_at` are included whatever it says; some of
    them may have nothing open (`open_minor_at` is 0).
    """
    i = OpenItem
    not_cleared = [i.cleared_on.is_(None), i.cleared_on > as_of]
    if known_at is not None:
        since = _items_allocated_since(tenant_id, known_at)
        not_cleared.append(_is_allocated_since(tenant_id, known_at) if by_item else i.id.in_(since))
    return (*existed_at(tenant_id, as_of, known_at), sa.or_(*not_cleared))


def _items_allocated_since(tenant_id: UUID, known_at: datetime) -> sa.CompoundSelect[Any]:
    a = Allocation
    since = (a.tenant_id == tenant_id, a.recorded_at > known_at)
    return sa.union_all(sa.select(a.debit_item_id).where(*since), sa.select(a.credit_item_id).where(*since))


def _is_allocated_since(tenant_id: UUID, known_at: datetime) -> sa.ColumnElement[bool]:
    a, i = Allocation, OpenItem
    since = sa.select(a.id).where(a.tenant_id == tenant_id, a.recorded_at > known_at)
    return sa.or_(since.where(a.debit_item_id == i.id).exists(), since.where(a.credit_item_id == i.id).exists())


def items_with_later_allocations(later: sa.FromClause) -> Any:
    """Returns `open_item LEFT JOIN later`, for a select's `select_from`."""
    same_item = sa.true() if isinstance(later, sa.Lateral) else later.c.item_id == OpenItem.id
    return sa.outerjoin(OpenItem, later, same_item)
