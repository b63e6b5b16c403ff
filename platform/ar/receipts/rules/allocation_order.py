"""Allocates a payment to debts in the legal order: Civil Code articles 560 and 561.

Invariants: allocations exceed neither the payment nor any debt; the same input gives the same result; the debtor's
designation takes precedence over the legal order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Final, Literal
from uuid import UUID

Part = Literal["principal", "interest", "costs"]
AllocationRule = Literal["designated", "due", "not_due", "pro_rata"]
#: A debt, or a portion of one: its id, what it belongs to, what it is.
Portion = tuple[UUID, UUID | None, Part]
Left = dict[Portion, int]

#: Order within one debt. Trade creditors usually apply to principal first; article 561 puts costs and interest first.
PRINCIPAL_FIRST: Final[tuple[Part, ...]] = ("principal", "interest", "costs")
COSTS_FIRST: Final[tuple[Part, ...]] = ("costs", "interest", "principal")


@dataclass(frozen=True, slots=True)
class Debt:
    """An open item to allocate to, or a portion of one; `open_minor` is what is open of it in minor units.

    `of`: the debt to which interest or costs belong (None: a debt of its own). A document of interest on several debts
    is given as several portions with the same `id`.
    """

    id: UUID
    due_on: date
    open_minor: int
    part: Part = "principal"
    of: UUID | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """The part of the payment (minor units) allocated to a debt, and the rule that allocated it (`why`)."""

    id: UUID
    amount_minor: int
    why: AllocationRule


def allocate_in_legal_order(
    amount_minor: int,
    debts: Sequence[Debt],
    today: date,
    *,
    designated: Iterable[tuple[UUID, int | None]] = (),
    costs_first: bool = False,
) -> list[Share]:
    """Allocates a payment: first by the debtor's designation, then due debts, earliest due, in proportion among equals.

    Security and burden, which art. 560 asks in between, are not known of a debt and so distinguish none (ADR 0029).
    `designated`: (debt, minor units or None for the whole of it), in the debtor's order; unknown debts are passed
    over. `costs_first`: within one debt costs, then interest, then principal (art. 561) instead of principal first.
    Shares come in the order they were made; a debt designated in part may appear a second time.
    """
    left = {_key(debt): debt.open_minor for debt in debts}
    shares: list[Share] = []
    remaining = amount_minor
    parts = COSTS_FIRST if costs_first else PRINCIPAL_FIRST
    for debt_id, designated_minor in designated:
        wanted = amount_minor if designated_minor is None else designated_minor
        portions = sorted((debt for debt in debts if debt.id == debt_id), key=lambda debt: _within(debt, parts))
        for debt in portions:
            paid = _discharge(shares, left, debt, min(remaining, wanted), "designated")
            remaining, wanted = remaining - paid, wanted - paid
    groups = _group_debts(debts)
    ranked = sorted(groups, key=lambda group: (*_rank(group, today), _tie_break(group)))
    for _rank_key, equal_rank in groupby(ranked, key=lambda group: _rank(group, today)):
        remaining -= _discharge_equal_rank(shares, left, list(equal_rank), remaining, today, parts)
    return shares


def _group_debts(debts: Sequence[Debt]) -> list[list[Debt]]:
    """Groups each principal with its interest and costs."""
    known = {debt.id for debt in debts}
    groups: dict[UUID, list[Debt]] = {}
    for debt in debts:
        owner = debt.of if debt.of in known else None
        groups.setdefault(owner or debt.id, []).append(debt)
    return list(groups.values())


def _leading_debt(group: Sequence[Debt]) -> Debt:
    earliest = min(group, key=lambda debt: (debt.due_on, debt.id.bytes))
    return next((debt for debt in group if debt.part == "principal" and debt.of is None), earliest)


def _rank(group: Sequence[Debt], today: date) -> tuple[bool, date]:
    leading = _leading_debt(group)
    return leading.due_on > today, leading.due_on


def _tie_break(group: Sequence[Debt]) -> bytes:
    return _leading_debt(group).id.bytes


def _within(debt: Debt, parts: tuple[Part, ...]) -> tuple[int, date, bytes, bytes]:
    """Returns the place of a debt within its group."""
    return parts.index(debt.part), debt.due_on, debt.id.bytes, debt.of.bytes if debt.of else b""


def _discharge_equal_rank(
    shares: list[Share],
    left: Left,
    groups: Sequence[Sequence[Debt]],
    amount_minor: int,
    today: date,
    parts: tuple[Part, ...],
) -> int:
    """Allocates to debts of equal rank: in full if the money suffices, else pro rata. Returns the sum (minor units)."""
    opens = [sum(left[_key(debt)] for debt in group) for group in groups]
    portions = proportional(min(amount_minor, sum(opens)), opens)
    prorated = len([each for each in opens if each]) > 1 and amount_minor < sum(opens)
    allocated = 0
    for group, portion in zip(groups, portions, strict=True):
        due: AllocationRule = "not_due" if _leading_debt(group).due_on > today else "due"
        remaining = portion
        for debt in sorted(group, key=lambda debt: _within(debt, parts)):
            remaining -= _discharge(shares, left, debt, remaining, "pro_rata" if prorated else due)
        allocated += portion
    return allocated


def proportional(amount_minor: int, opens: Sequence[int]) -> list[int]:
    """Splits `amount_minor` (at most the sum) in proportion to `opens`; odd units go to the largest remainders."""
    total = sum(opens)
    if not total:
        return [0] * len(opens)
    portions = [amount_minor * each // total for each in opens]
    by_remainder = sorted(range(len(opens)), key=lambda at: (-(amount_minor * opens[at] % total), at))
    for at in by_remainder[: amount_minor - sum(portions)]:
        portions[at] += 1
    return portions


def _key(debt: Debt) -> Portion:
    return debt.id, debt.of, debt.part


def _discharge(shares: list[Share], left: Left, debt: Debt, most_minor: int, why: AllocationRule) -> int:
    """Allocates at most `most_minor` to a debt, as far as it is open; returns what it took, in minor units."""
    minor = min(most_minor, left[_key(debt)])
    if minor <= 0:
        return 0
    left[_key(debt)] -= minor
    shares.append(Share(debt.id, minor, why))
    return minor
