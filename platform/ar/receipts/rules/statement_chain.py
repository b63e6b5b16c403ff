"""Follows the balances of an account from statement to statement and names where the chain breaks.

A statement continues the one before it when its closing balance is that one's closing balance and the movements that
are new in it. Amounts are signed minor units of the account's currency.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

BreakKind = Literal["gap", "overlap"]
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class ChainStatement:
    """A statement with both balances. `first_on`, `last_on`: days of its movements, or the day of its balance.

    `shared`: signed amounts by line of those movements that other statements of the account hold too.
    """

    id: Hashable
    number: str
    opening_minor: int
    closing_minor: int
    first_on: date
    last_on: date
    lines: int
    arrival: int
    shared: Mapping[Hashable, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChainBreak:
    """A place where balances do not continue: `off_minor` lies between statement `before` and statement `after`.

    `gap`: movements are missing between them. `overlap`: they tell of the same days, and movements may stand twice.
    """

    kind: BreakKind
    before: ChainStatement
    after: ChainStatement
    off_minor: int


def chain_breaks(
    statements: Iterable[ChainStatement], explained: Iterable[tuple[Hashable, Hashable, int]] = ()
) -> tuple[list[ChainBreak], date | None]:
    """Returns the breaks in order, and the day through which the chain is whole (None without statements).

    `explained`: breaks (before, after, off_minor) that a person has accounted for; they are left out.
    """
    accounted = set(explained)
    breaks: list[ChainBreak] = []
    before: ChainStatement | None = None
    seen: set[Hashable] = set()
    through: date | None = None
    for statement in _in_order(list(statements)):
        repeated = statement.shared.keys() & seen
        seen |= statement.shared.keys()
        if before is None:
            before, through = statement, statement.last_on
            continue
        if statement.lines and len(repeated) == statement.lines:
            continue  # it repeats days that are there
        new_minor = statement.closing_minor - statement.opening_minor - sum(statement.shared[each] for each in repeated)
        off = statement.closing_minor - before.closing_minor - new_minor
        if off and (before.id, statement.id, off) not in accounted:
            kind: BreakKind = "overlap" if statement.first_on <= before.last_on and _meet(before, statement) else "gap"
            breaks.append(ChainBreak(kind, before, statement, off))
        if not breaks:
            through = max(through or statement.last_on, statement.last_on)
        before = statement
    return breaks, through


def _meet(before: ChainStatement, after: ChainStatement) -> bool:
    """Tells that two statements tell of the same days, beyond one day on which the first ends and the next begins."""
    return after.first_on < before.last_on or (not before.number and not after.number)


def _in_order(statements: Sequence[ChainStatement]) -> list[ChainStatement]:
    """Returns the statements in the order of their days; within one day as their balances continue, then by number."""
    rest = sorted(statements, key=lambda each: (each.first_on, each.last_on, _natural(each.number), each.arrival))
    ordered: list[ChainStatement] = []
    while rest:
        first = rest[0]
        tied = [each for each in rest if (each.first_on, each.last_on) == (first.first_on, first.last_on)]
        chosen = first
        if ordered and len(tied) > 1:
            chosen = next((each for each in tied if each.opening_minor == ordered[-1].closing_minor), first)
        elif len(tied) > 1:
            closings = {each.closing_minor for each in tied if each.opening_minor != each.closing_minor}
            chosen = next((each for each in tied if each.opening_minor not in closings), first)
        ordered.append(chosen)
        rest.remove(chosen)
    return ordered


def _natural(number: str) -> tuple[int, ...]:
    return tuple(int(digits) for digits in _DIGITS.findall(number)[:4])
