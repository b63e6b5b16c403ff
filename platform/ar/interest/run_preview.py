"""Calculates what a run would charge, line by line, and what it leaves out and why.

Invariants: read only; the fingerprint covers every figure of the preview, so that what is posted is what was shown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any, Protocol
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.models import Customer
from ar.interest.late_debts import LateDebt, Scope, late_debts, terms_book
from ar.interest.rates import rate_table
from ar.interest.rules.accrual import NO_INTEREST, NO_RATE, ONE_DAY, Assessment, Rate, assess
from ar.interest.rules.documents import DocumentTerms
from ar.interest.rules.presets import publication_day
from ar.ledger.lookups import holds_of_today
from ar.ledger.models import OpenItem
from ar.ledger.rules.due_dates import PaymentTerms, collection_end_on
from kernel.actor import Actor
from kernel.errors import RuleBroken
from tenants.queries import work_calendar


class Choice(Protocol):
    """What a person chose to charge of a preview; see `inputs.PostInterest`."""

    @property
    def everyone(self) -> bool: ...
    @property
    def customers(self) -> Collection[UUID]: ...
    @property
    def include(self) -> Collection[UUID]: ...
    @property
    def leave_out(self) -> Collection[UUID]: ...
    @property
    def leave_out_customers(self) -> Collection[UUID]: ...


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """A line to be charged: days at a principal and rate (`part` interest), or the fixed sum (`part` fixed)."""

    part: str
    from_on: date
    to_on: date
    days: int
    principal_minor: int
    rate: Rate
    exact_minor: Decimal
    amount_minor: int


@dataclass(frozen=True, slots=True)
class PreviewItem:
    """A late document and its lines. `due_on`: as printed; `last_on`: the last day on which payment was in time.

    `held`: why it is held back from collection, empty when it is not.
    """

    item_id: UUID
    kind: str
    document_no: str
    due_on: date
    last_on: date
    terms_id: UUID | None
    lines: tuple[PreviewLine, ...]
    held: str = ""

    @property
    def amount_minor(self) -> int:
        return sum(line.amount_minor for line in self.lines)


@dataclass(frozen=True, slots=True)
class PreviewGroup:
    """The document to be posted for a customer and currency. `unapplied_minor`: the customer's open credits.

    `held`: why the customer is held back from collection, empty when it is not; `minimum_minor`: of the smallest
    document; `due_on`: when it falls due, `collection_end_on`: with the customer's days of settlement.
    """

    customer_id: UUID
    customer_no: str
    customer_name: str
    currency: str
    items: tuple[PreviewItem, ...]
    due_on: date
    collection_end_on: date
    unapplied_minor: int = 0
    held: str = ""
    minimum_minor: int = 0

    @property
    def amount_minor(self) -> int:
        return sum(item.amount_minor for item in self.items)

    @property
    def free_minor(self) -> int:
        """Returns the interest of the documents that are not held back."""
        return sum(item.amount_minor for item in self.items if not item.held)

    @property
    def is_held(self) -> bool:
        """Tells that the customer or one of the documents is held back."""
        return bool(self.held) or self.free_minor < self.amount_minor

    @property
    def is_too_small(self) -> bool:
        """Tells that the document would be below the smallest one."""
        return self.free_minor < self.minimum_minor

    @property
    def is_for_everyone(self) -> bool:
        """Tells that nothing speaks against charging it, so that a run for everyone does."""
        return not self.held and not self.is_too_small and self.free_minor > 0


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A late document that is not charged, and why (`grace`, `no_rate`, `minimum`)."""

    item_id: UUID
    customer_no: str
    customer_name: str
    document_no: str
    currency: str
    due_on: date
    reason: str
    missing_on: date | None
    missing_series: str | None


@dataclass(frozen=True, slots=True)
class MissingRate:
    """A rate that `count` late debts need and that is not known: its series, its first day as far as that is known."""

    series: str
    from_on: date
    count: int


@dataclass(frozen=True, slots=True)
class Preview:
    """The preview of a run: documents to be posted, and debts left out."""

    through_on: date
    groups: tuple[PreviewGroup, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def missing(self) -> tuple[MissingRate, ...]:
        """Returns the rates that are not known, by series and day: the run asks for them."""
        counts: dict[tuple[str, date], int] = {}
        for each in self.left_out:
            if each.missing_series and each.missing_on:
                key = (each.missing_series, publication_day(each.missing_series, each.missing_on))
                counts[key] = counts.get(key, 0) + 1
        return tuple(MissingRate(series, on, count) for (series, on), count in sorted(counts.items()))

    @property
    def totals(self) -> dict[str, int]:
        """Returns the sum per currency, in minor units."""
        sums: dict[str, int] = {}
        for group in self.groups:
            sums[group.currency] = sums.get(group.currency, 0) + group.amount_minor
        return dict(sorted(sums.items()))

    def as_json(self) -> dict[str, Any]:
        """Returns the preview for a program, line by line."""
        lines = [
            {
                "customer_no": group.customer_no,
                "currency": group.currency,
                "document_no": item.document_no,
                "part": line.part,
                "from_on": line.from_on,
                "to_on": line.to_on,
                "days": line.days,
                "principal_minor": line.principal_minor,
                "rate": line.rate.as_json(),
                "exact_minor": str(line.exact_minor),
                "amount_minor": line.amount_minor,
            }
            for group in self.groups
            for item in group.items
            for line in item.lines
        ]
        left = [{"document_no": each.document_no, "reason": each.reason} for each in self.left_out]
        totals = [{"currency": currency, "amount_minor": minor} for currency, minor in self.totals.items()]
        missing = [{"series": each.series, "from_on": each.from_on, "documents": each.count} for each in self.missing]
        return {
            "through_on": self.through_on,
            "lines": lines,
            "left_out": left,
            "held": self.held,
            "missing_rates": missing,
            "totals": totals,
        }

    @property
    def fingerprint(self) -> str:
        """Returns the SHA-256 over every figure."""
        digest = hashlib.sha256(self.through_on.isoformat().encode())
        for group in self.groups:
            for item in group.items:
                for line in item.lines:
                    figures = (line.part, line.from_on, line.to_on, line.principal_minor, line.rate, line.amount_minor)
                    digest.update(f"|{group.customer_id}{group.currency}{item.item_id}{figures}".encode())
        return digest.hexdigest()

    def first_groups(self, documents: int) -> tuple[list[PreviewGroup], int]:
        """Returns the first groups, up to so many late documents, and the number of those not among them."""
        shown, number, total = [], 0, sum(len(group.items) for group in self.groups)
        for group in self.groups:
            if number and number + len(group.items) > documents:
                break
            shown.append(group)
            number += len(group.items)
        return shown, total - number

    @property
    def held(self) -> list[dict[str, str]]:
        """Returns what a run for everyone leaves out although it bears interest: whose, which document, and why."""
        rows: list[dict[str, str]] = []
        for group in self.groups:
            who = {"customer_no": group.customer_no, "currency": group.currency}
            if group.held or group.is_too_small:
                rows.append({**who, "document_no": "", "reason": group.held or "minimum"})
            rows += [{**who, "document_no": item.document_no, "reason": item.held} for item in group.items if item.held]
        return rows

    def chosen(self, choice: Choice) -> tuple[PreviewGroup, ...]:
        """Returns the groups that a person chose, each with the documents that are to be charged."""
        groups = []
        for group in self.groups:
            named = group.customer_id in choice.customers or (choice.everyone and group.is_for_everyone)
            if not named or group.customer_id in choice.leave_out_customers:
                continue
            items = tuple(
                item
                for item in group.items
                if item.item_id not in choice.leave_out and (not item.held or item.item_id in choice.include)
            )
            if items:
                groups.append(replace(group, items=items))
        return tuple(groups)


def preview_run(db: Session, actor: Actor, scope: Scope, document: DocumentTerms) -> Preview:
    """Calculates the preview from the books as they are now. Raises RuleBroken(`interest_minimum_unreadable`)."""
    tenant_id = actor.tenant_id
    assessed = _assess_debts(db, tenant_id, scope)
    customer_ids = {late.customer_id for late, _terms_id, _found in assessed}
    open_credits = _unapplied_credits(db, tenant_id, customer_ids)
    agreed = terms_book(db, tenant_id, customer_ids)
    due_dates = _due_dates(db, tenant_id, customer_ids, document)
    held = holds_of_today(db, actor)
    groups, left_out = [], []
    for (customer_id, currency), several in groupby(
        assessed, key=lambda each: (each[0].customer_id, each[0].debt.currency)
    ):
        items = []
        for late, terms_id, found in several:
            if found.reason and found.reason != NO_INTEREST:
                left_out.append(_left_out_debt(late, found))
            elif found.total_minor:
                items.append(_preview_item(late, terms_id, found, held.get(late.item_id, "")))
        if items:
            due_on, collected_on = due_dates[customer_id]
            own = agreed.in_force(customer_id, currency, scope.through_on)
            groups.append(
                PreviewGroup(
                    customer_id,
                    late.customer_no,
                    late.customer_name,
                    currency,
                    tuple(items),
                    due_on,
                    collected_on,
                    unapplied_minor=open_credits.get((customer_id, currency), 0),
                    held=held.get(customer_id, ""),
                    minimum_minor=document.minimum_minor(currency, own.document_minimum_minor),
                )
            )
    return Preview(scope.through_on, tuple(groups), tuple(left_out))


def accrued_minor(db: Session, tenant_id: UUID, customer_id: UUID, currency: str, on: date) -> int:
    """Returns the interest accrued through `on` and not charged by then, in minor units.

    Without fixed sums; smallest charges do not apply. Raises RuleBroken(`interest_rate_unknown`) when no rate is known
    for a debt: a part must not be taken for the whole.
    """
    scope = Scope(on, customer_id, currency, as_of=on)
    total = 0
    for late, _terms_id, found in _assess_debts(db, tenant_id, scope, with_minimum=False):
        if found.reason == NO_RATE:
            raise RuleBroken("interest_rate_unknown", document_no=late.document_no, on=str(found.missing_on))
        total += found.interest_minor
    return total


def _assess_debts(
    db: Session, tenant_id: UUID, scope: Scope, *, with_minimum: bool = True
) -> list[tuple[LateDebt, UUID | None, Assessment]]:
    """Returns each debt with the id of its terms and its assessment; `with_minimum` False: no smallest charge."""
    debts = late_debts(db, tenant_id, scope)
    recorded_terms, rates = terms_book(db, tenant_id, {late.customer_id for late in debts}), rate_table(db, tenant_id)
    assessed = []
    for late in debts:
        terms = recorded_terms.in_force(late.customer_id, late.debt.currency, late.debt.due_on + ONE_DAY)
        if not with_minimum:
            terms = replace(terms, minimum_minor=None)
        assessed.append((late, terms.id, assess(late.debt, terms, rates, scope.through_on)))
    return assessed


def _preview_item(late: LateDebt, terms_id: UUID | None, found: Assessment, held: str) -> PreviewItem:
    lines = [
        PreviewLine(
            "interest",
            each.from_on,
            each.to_on,
            each.days,
            each.principal_minor,
            each.rate,
            each.exact_minor,
            each.amount_minor,
        )
        for each in found.segments
    ]
    if found.fixed_minor and found.fixed_rate:
        first, sum_minor = late.debt.due_on + ONE_DAY, found.fixed_minor
        lines.append(
            PreviewLine(
                "fixed", first, first, 0, late.debt.amount_minor, found.fixed_rate, Decimal(sum_minor), sum_minor
            )
        )
    return PreviewItem(
        late.item_id, late.kind, late.document_no, late.due_on, late.debt.due_on, terms_id, tuple(lines), held
    )


def _left_out_debt(late: LateDebt, found: Assessment) -> LeftOut:
    return LeftOut(
        late.item_id,
        late.customer_no,
        late.customer_name,
        late.document_no,
        late.debt.currency,
        late.due_on,
        found.reason or "",
        found.missing_on,
        found.missing_series,
    )


def _due_dates(
    db: Session, tenant_id: UUID, customer_ids: Collection[UUID], document: DocumentTerms
) -> dict[UUID, tuple[date, date]]:
    """Returns by customer when its document falls due and when its collection period ends."""
    c = Customer
    rows = db.execute(
        sa.select(c.id, c.terms, c.settlement_days).where(
            c.tenant_id == tenant_id, c.id == sa.any_(sa.cast(sorted(customer_ids), sa.ARRAY(sa.Uuid)))
        )
    ).all()
    is_working_day = work_calendar(db, tenant_id).is_working_day
    days = {row.id: document.due_on(PaymentTerms.from_json(row.terms), is_working_day) for row in rows}
    return {row.id: (days[row.id], collection_end_on(days[row.id], row.settlement_days)) for row in rows}


def _unapplied_credits(db: Session, tenant_id: UUID, customer_ids: Collection[UUID]) -> dict[tuple[UUID, str], int]:
    """Returns the open credits by (customer, currency), in minor units: unapplied, they do not stop interest."""
    i = OpenItem
    rows = db.execute(
        sa.select(i.customer_id, i.currency, sa.cast(sa.func.sum(i.open_minor), sa.BigInteger))
        .where(
            i.tenant_id == tenant_id,
            i.side == -1,
            i.open_minor > 0,
            i.customer_id == sa.any_(sa.cast(sorted(customer_ids), sa.ARRAY(sa.Uuid))),
        )
        .group_by(i.customer_id, i.currency)
    )
    return {(customer_id, currency): minor for customer_id, currency, minor in rows}
