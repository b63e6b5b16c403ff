"""Calculates what a charged line of interest is right to be by what is known now. Pure.

Invariants: the line's own days and rate are kept, only the principal is looked at again; rounded once per segment as
`accrual` does, so that an unchanged principal gives the very amount that was charged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ar.interest.rules.accrual import ONE_DAY, Debt, Rate, Segment, principal_by_span
from ar.interest.rules.presets import fixed_sum


@dataclass(frozen=True, slots=True)
class ChargedDays:
    """A charged line: its days, both included, and its rate; `part` interest or fixed."""

    part: str
    from_on: date
    to_on: date
    rate: Rate


@dataclass(frozen=True, slots=True)
class RightSegment:
    """Days that do bear interest, both included, with their principal and amount in minor units."""

    from_on: date
    to_on: date
    principal_minor: int
    amount_minor: int

    @property
    def days(self) -> int:
        return (self.to_on - self.from_on).days + 1


def right_segments(line: ChargedDays, debt: Debt, grace_days: int, through_on: date) -> tuple[RightSegment, ...]:
    """Returns what the line should say: the days of it on which the debt was late, by principal.

    `through_on`: the last day charged of the debt. Nothing where all of it came in time, or within the days of grace.
    """
    first = debt.due_on + ONE_DAY
    spans = principal_by_span(debt.amount_minor, debt.paid, first, max(through_on, first))
    if not spans or (spans[-1][1] - debt.due_on).days <= grace_days:
        return ()
    if line.part == "fixed":
        minor = fixed_sum(line.rate.kind, debt.currency, spans[0][2], first) or 0
        return (RightSegment(line.from_on, line.from_on, spans[0][2], minor),) if minor else ()
    segments = []
    for span_from, span_to, principal in spans:
        from_on, to_on = max(span_from, line.from_on), min(span_to, line.to_on)
        if from_on <= to_on:
            segments.append(
                RightSegment(from_on, to_on, principal, Segment(from_on, to_on, principal, line.rate).amount_minor)
            )
    return tuple(segments)


def limited_to_claim(differences: Sequence[int], claim_minor: int) -> list[int]:
    """Returns the differences of a charge's lines, the credits limited so that no more is given back than is claimed.

    `claim_minor`: the charge with earlier corrections, less what was waived. The last credits are cut first.
    """
    limited = list(differences)
    over = -(sum(differences) + max(claim_minor, 0))
    for place in reversed(range(len(limited))):
        if over <= 0:
            break
        if limited[place] < 0:
            cut = min(over, -limited[place])
            limited[place] += cut
            over -= cut
    return limited
