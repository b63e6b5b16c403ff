"""Sets customers' exposure against their limits, in the currency of the limit; a group's against its head's limit.

Invariants: what is in the limit's own currency is never converted; an amount without a rate makes the sum unknown, and
names its currency; what a person may see never filters a sum.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property, partial
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.exposure.parts import NO_PARTS, CurrencyParts, exposure_parts
from ar.credit.limits.queries import limits_in_force
from ar.credit.rules.exposure import DatedLimit, LimitOnDay, Parts, available_minor, is_over, limit_on
from ar.credit.rules.policy import CreditPolicy
from ar.ledger.lookups import company_currency, dated_rates
from ar.ledger.rules.conversion import RATE_PLACES, convert
from kernel.arrays import array_text
from kernel.money import exponent
from kernel.visibility import everything

_ALL_GROUPS: Final = sa.text("""
    SELECT id, group_head_id FROM customer WHERE tenant_id = :tenant AND group_head_id IS NOT NULL
""")
# One array, looked up by the index: an OR of heads and members read every customer of the company.
_GROUPS_OF: Final = sa.text("""
    SELECT id, group_head_id FROM customer
    WHERE tenant_id = :tenant AND group_head_id = ANY(array_cat(CAST(:customers AS uuid[]), (
        SELECT array_agg(member.group_head_id) FROM customer AS member
        WHERE member.tenant_id = :tenant AND member.id = ANY(CAST(:customers AS uuid[]))
            AND member.group_head_id IS NOT NULL
    )))
""")


@dataclass(frozen=True, slots=True)
class AddedAmount:
    """An amount that would be released for a customer; negative minor units take one out."""

    customer_id: UUID
    currency: str
    minor: int


@dataclass(frozen=True)
class CustomerAccount:
    """A customer's exposure of a day in `currency`, against its limit (minor units).

    `parts` are None where a currency has no rate (`missing_rates`); `by_currency` holds them as they are owed.
    """

    customer_id: UUID
    currency: str
    limit: LimitOnDay
    parts: Parts | None
    by_currency: Mapping[str, CurrencyParts]
    missing_rates: tuple[str, ...]

    @property
    def exposure_minor(self) -> int | None:
        """Returns the exposure; None where a rate is missing."""
        return None if self.parts is None else self.parts.exposure_minor

    @property
    def available_minor(self) -> int | None:
        """Returns what more may be owed; None without a limit to be measured by, or without a rate."""
        return None if self.parts is None else available_minor(self.limit, self.parts.exposure_minor)

    @property
    def is_over(self) -> bool:
        """Whether more is owed than was granted; what cannot be converted counts as over a limit."""
        if self.parts is None:
            return not self.limit.unlimited
        return is_over(self.limit, self.parts.exposure_minor)

    @property
    def past_due_items(self) -> int:
        """Returns how many documents are past due beyond the tolerance."""
        return sum(each.past_due_items for each in self.by_currency.values())

    @property
    def used_bps(self) -> int | None:
        """Returns how much of the limit is used, in basis points; None without an amount to be measured by."""
        total = self.limit.total_minor
        return None if not total or self.exposure_minor is None else max(0, self.exposure_minor) * 10_000 // total

    @property
    def oldest_due_on(self) -> date | None:
        """Returns the due date of the oldest of them."""
        return min((each.oldest_due_on for each in self.by_currency.values() if each.oldest_due_on), default=None)


@dataclass(frozen=True)
class Accounts:
    """Accounts of a day: each customer's own, and by head those of a group, the head and its members together."""

    own: Mapping[UUID, CustomerAccount]
    groups: Mapping[UUID, CustomerAccount]
    head_of: Mapping[UUID, UUID]

    def group_of(self, customer_id: UUID) -> CustomerAccount | None:
        """Returns the account of the group that a customer belongs to, as member or as head; None without one."""
        return self.groups.get(self.head_of.get(customer_id, customer_id))


class Converter:
    """Converts between any two currencies by the company's rates of a day, which are read when first needed."""

    def __init__(self, db: Session, tenant_id: UUID, on: date) -> None:
        self._db, self._tenant_id, self._on = db, tenant_id, on
        self._rates: dict[str, Decimal] | None = None
        self._company: str | None = None

    @property
    def company(self) -> str:
        if self._company is None:
            self._company = company_currency(self._db, self._tenant_id)
        return self._company

    def rate(self, currency: str, into: str) -> Decimal | None:
        """Returns units of `into` for one unit of `currency`, rounded to RATE_PLACES; None without both rates."""
        rates = self._known()
        ours, theirs = rates.get(currency), rates.get(into)
        if ours is None or theirs is None:
            return None
        return ours if theirs == 1 else (ours / theirs).quantize(Decimal(1).scaleb(-RATE_PLACES))

    def factors(self) -> dict[tuple[str, str], Decimal]:
        """Returns by (source, target) what turns minor units of one currency into those of another, exactly."""
        codes = sorted(self._known())
        found = {}
        for source in codes:
            for target in codes:
                rate = self.rate(source, target)
                if source != target and rate is not None:
                    found[source, target] = rate.scaleb(exponent(target) - exponent(source))
        return found

    def _known(self) -> dict[str, Decimal]:
        if self._rates is None:
            dated = dated_rates(self._db, self._tenant_id, self._on)
            self._rates = {code: each.rate for code, each in dated.items()} | {self.company: Decimal(1)}
        return self._rates


@dataclass
class AccountBooks:
    """What the accounts of some customers are set from, read once: parts, limits and groups of a day."""

    on: date
    parts: dict[UUID, dict[str, CurrencyParts]]
    limits: Mapping[UUID, Iterable[DatedLimit]]
    head_of: Mapping[UUID, UUID]
    converter: Converter

    def add(self, customer_id: UUID, currency: str, parts: Parts) -> None:
        """Adds to what a customer owes or commits from now on; negative minor units take off."""
        of_customer = self.parts.setdefault(customer_id, {})
        of_customer[currency] = of_customer.get(currency, NO_PARTS) + CurrencyParts(parts, 0, 0, None)

    def accounts(self, asked: Collection[UUID], adding: AddedAmount | None = None) -> Accounts:
        """Returns the accounts of the customers with those of their groups. `adding`: would be released as well."""
        heads = {self.head_of[each] for each in asked if each in self.head_of} | (set(asked) & self._heads)
        own = {each: self._account(each, [each], adding) for each in asked}
        groups = {head: self._account(head, [head, *self._members.get(head, ())], adding) for head in heads}
        return Accounts(own, groups, self.head_of)

    @cached_property
    def _heads(self) -> set[UUID]:
        return set(self.head_of.values())

    @cached_property
    def _members(self) -> dict[UUID, list[UUID]]:
        found: dict[UUID, list[UUID]] = {}
        for member, head in self.head_of.items():
            found.setdefault(head, []).append(member)
        return found

    def _account(self, customer_id: UUID, of: Sequence[UUID], adding: AddedAmount | None) -> CustomerAccount:
        by_currency = self._of(of[0], adding) if len(of) == 1 else _sum(self._of(each, adding) for each in of)
        return _account(customer_id, by_currency, self.limits.get(customer_id, ()), self.on, self.converter)

    def _of(self, customer_id: UUID, adding: AddedAmount | None) -> Mapping[str, CurrencyParts]:
        found = self.parts.get(customer_id, {})
        if adding is None or adding.customer_id != customer_id:
            return found
        added = CurrencyParts(Parts(released_orders_minor=adding.minor), 0, 0, None)
        return {**found, adding.currency: found.get(adding.currency, NO_PARTS) + added}


def customer_accounts(
    db: Session,
    tenant_id: UUID,
    customer_ids: Collection[UUID] | None,
    policy: CreditPolicy,
    *,
    today: date,
    as_of: date | None = None,
) -> Accounts:
    """Returns the accounts of the customers (None: of all) with those of their groups.

    `as_of` None: as the books are now, with the limits of `today`; else at the end of that day. A constant number of
    statements.
    """
    books = account_books(db, tenant_id, customer_ids, policy, today=today, as_of=as_of)
    with everything(db):
        return books.accounts({*books.parts, *books.limits} if customer_ids is None else set(customer_ids))


def account_books(
    db: Session,
    tenant_id: UUID,
    customer_ids: Collection[UUID] | None,
    policy: CreditPolicy,
    *,
    today: date,
    as_of: date | None = None,
) -> AccountBooks:
    """Reads what `customer_accounts` sets accounts from, of the customers (None: of all) and of their groups."""
    on = today if as_of is None else as_of
    with everything(db):
        head_of, members = _groups(db, tenant_id, customer_ids)
        wanted = None if customer_ids is None else {*customer_ids, *head_of.values(), *members}
        limits = limits_in_force(db, tenant_id, wanted, on)
        due_before = on - timedelta(days=policy.term_tolerance_days)
        parts = exposure_parts(
            db, tenant_id, wanted, due_before=due_before, bank_bills_count=policy.bank_bills_count, as_of=as_of
        )
        return AccountBooks(on, parts, limits, head_of, Converter(db, tenant_id, on))


def _account(
    customer_id: UUID,
    by_currency: Mapping[str, CurrencyParts],
    limits: Iterable[DatedLimit],
    on: date,
    converter: Converter,
) -> CustomerAccount:
    limit = limit_on(limits, on)
    currencies = [code for code, each in by_currency.items() if each.parts != Parts()]
    if limit.currency is not None:
        into = limit.currency
    elif len(currencies) == 1:
        into = currencies[0]
    else:
        into = converter.company
    total, missing = Parts(), []
    for currency in sorted(currencies):
        parts = by_currency[currency].parts
        if currency != into:
            rate = converter.rate(currency, into)
            if rate is None:
                missing.append(currency)
                continue
            parts = parts.map(partial(_convert, currency=currency, into=into, rate=rate))
        total = total + parts
    return CustomerAccount(customer_id, into, limit, None if missing else total, by_currency, tuple(missing))


def _convert(minor: int, *, currency: str, into: str, rate: Decimal) -> int:
    return convert(minor, currency, into, rate)


def _sum(members: Iterable[Mapping[str, CurrencyParts]]) -> dict[str, CurrencyParts]:
    total: dict[str, CurrencyParts] = {}
    for member in members:
        for currency, each in member.items():
            total[currency] = total[currency] + each if currency in total else each
    return total


def _groups(db: Session, tenant_id: UUID, customer_ids: Collection[UUID] | None) -> tuple[dict[UUID, UUID], set[UUID]]:
    """Returns member → head of the groups that the customers (None: all) belong to, and all members of these."""
    values: dict[str, Any] = {"tenant": tenant_id}
    if customer_ids is not None:
        values["customers"] = array_text(sorted(customer_ids))
    db.flush()
    rows = db.connection().execute(_ALL_GROUPS if customer_ids is None else _GROUPS_OF, values)
    head_of: dict[UUID, UUID] = dict(tuple(row) for row in rows)
    return head_of, set(head_of)
