"""In which order a payment discharges debts: Civil Code articles 560 and 561, pure.

Imports the standard library only. Invariants: what is applied never exceeds the payment nor any debt; the same
input gives the same answer; nobody's designation is overruled by the order of the law.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Final, Literal
from uuid import UUID

Part = Literal["principal", "interest", "costs"]
Why = Literal["designated", "due", "not_due", "pro_rata"]

#: Within one debt. A company that sells on credit expects the principal first; article 561 says otherwise.
PRINCIPAL_FIRST: Final[tuple[Part, ...]] = ("principal", "interest", "costs")
COSTS_FIRST: Final[tuple[Part, ...]] = ("costs", "interest", "principal")


@dataclass(frozen=True, slots=True)
class Debt:
    """An open item as the order sees it; `open_minor` is what is left of it.

    `of`: the debt that interest or costs belong to (None: a debt of its own). `secured_minor`: how much of it is
    secured. `burden_bps`: what it bears in a year, the heavier burden being discharged first.
    """

    id: UUID
    due_on: date
    open_minor: int
    secured_minor: int = 0
    burden_bps: int = 0
    part: Part = "principal"
    of: UUID | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """So much of the payment goes to this debt, and by which rule."""

    id: UUID
    amount_minor: int
    why: Why


def in_order(
    amount_minor: int,
    debts: Sequence[Debt],
    today: date,
    *,
    designated: Iterable[tuple[UUID, int | None]] = (),
    costs_first: bool = False,
) -> list[Share]:
    """Spreads a payment: the debtor's own designation, then due debts, least secured, heaviest burden, earliest due,
    in proportion where all of that is equal (art. 560).

    `designated`: (debt, minor units or None for the whole of it), in the debtor's order; unknown debts are passed
    over. `costs_first`: within one debt costs, then interest, then principal (art. 561) instead of principal first.
    Shares come in the order they were made; a debt designated in part may appear a second time.
    """
    left = {debt.id: debt.open_minor for debt in debts}
    shares: list[Share] = []
    rest = amount_minor
    for debt_id, wanted in designated:
        most = left.get(debt_id, 0)
        rest -= _take(shares, left, debt_id, min(rest, most if wanted is None else min(wanted, most)), "designated")
    groups = _groups(debts)
    ranked = sorted(groups, key=lambda group: (*_rank(group, today), _tie(group)))
    for _rank_of, equals in groupby(ranked, key=lambda group: _rank(group, today)):
        rest -= _share_out(shares, left, list(equals), rest, today, COSTS_FIRST if costs_first else PRINCIPAL_FIRST)
    return shares


def _groups(debts: Sequence[Debt]) -> list[list[Debt]]:
    """Each principal with the interest and costs that belong to it."""
    known = {debt.id for debt in debts}
    groups: dict[UUID, list[Debt]] = {}
    for debt in debts:
        owner = debt.of if debt.of in known else None
        groups.setdefault(owner or debt.id, []).append(debt)
    return list(groups.values())


def _head(group: Sequence[Debt]) -> Debt:
    return next((debt for debt in group if debt.part == "principal" and debt.of is None), group[0])


def _rank(group: Sequence[Debt], today: date) -> tuple[bool, int, int, date]:
    head = _head(group)
    return head.due_on > today, min(head.secured_minor, head.open_minor), -head.burden_bps, head.due_on


def _tie(group: Sequence[Debt]) -> bytes:
    return _head(group).id.bytes


def _share_out(
    shares: list[Share],
    left: dict[UUID, int],
    groups: Sequence[Sequence[Debt]],
    amount_minor: int,
    today: date,
    parts: tuple[Part, ...],
) -> int:
    """Debts of one rank: each in full when the money reaches, else in proportion to what is open. Returns the sum."""
    opens = [sum(left[debt.id] for debt in group) for group in groups]
    portions = proportional(min(amount_minor, sum(opens)), opens)
    prorated = len([each for each in opens if each]) > 1 and amount_minor < sum(opens)
    taken = 0
    for group, portion in zip(groups, portions, strict=True):
        due: Why = "not_due" if _head(group).due_on > today else "due"
        rest = portion
        for debt in sorted(group, key=lambda debt: (parts.index(debt.part), debt.due_on, debt.id.bytes)):
            rest -= _take(shares, left, debt.id, min(rest, left[debt.id]), "pro_rata" if prorated else due)
        taken += portion
    return taken


def proportional(amount_minor: int, opens: Sequence[int]) -> list[int]:
    """`amount_minor` (at most the sum) in proportion to `opens`; odd units go to the largest remainders."""
    total = sum(opens)
    if not total:
        return [0] * len(opens)
    portions = [amount_minor * each // total for each in opens]
    by_remainder = sorted(range(len(opens)), key=lambda at: (-(amount_minor * opens[at] % total), at))
    for at in by_remainder[: amount_minor - sum(portions)]:
        portions[at] += 1
    return portions


def _take(shares: list[Share], left: dict[UUID, int], debt_id: UUID, amount_minor: int, why: Why) -> int:
    if amount_minor <= 0:
        return 0
    left[debt_id] -= amount_minor
    shares.append(Share(debt_id, amount_minor, why))
    return amount_minor
