"""Rules of bills: possible steps, their entries, maturity, discount, legal deadlines. Pure.

Invariants: a step's entry follows from the state in which it is taken; the bills in IN_NOTES_RECEIVABLE add up to that
account after every step; no float.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from ar.ledger.rules.due_dates import add_months


class State(StrEnum):
    """State of a bill."""

    HELD = "held"
    PLEDGED = "pledged"
    ENDORSED = "endorsed"
    DISCOUNTED = "discounted"
    DISCOUNTED_RECOURSE = "discounted_recourse"
    PRESENTED = "presented"
    HONOURED = "honoured"
    DISHONOURED = "dishonoured"
    CANCELLED = "cancelled"


class StepKind(StrEnum):
    """Step of a bill; the values are the kinds of `bill_event`."""

    PLEDGE = "pledged"
    RETURN = "returned"
    ENDORSE = "endorsed"
    DISCOUNT = "discounted"
    DISCOUNT_RECOURSE = "discounted_recourse"
    PRESENT = "presented"
    HONOUR = "honoured"
    DISHONOUR = "dishonoured"
    NOTIFY = "notified"
    REVERSE = "undone"
    CANCEL = "cancelled"


S, T = State, StepKind
TRANSITIONS: Final[dict[tuple[State, StepKind], State]] = {
    (S.HELD, T.PLEDGE): S.PLEDGED,
    (S.HELD, T.ENDORSE): S.ENDORSED,
    (S.HELD, T.DISCOUNT): S.DISCOUNTED,
    (S.HELD, T.DISCOUNT_RECOURSE): S.DISCOUNTED_RECOURSE,
    (S.HELD, T.PRESENT): S.PRESENTED,
    (S.HELD, T.DISHONOUR): S.DISHONOURED,
    (S.HELD, T.CANCEL): S.CANCELLED,
    (S.PLEDGED, T.RETURN): S.HELD,
    (S.PLEDGED, T.PRESENT): S.PRESENTED,
    (S.PLEDGED, T.DISHONOUR): S.DISHONOURED,
    (S.PRESENTED, T.HONOUR): S.HONOURED,
    (S.PRESENTED, T.DISHONOUR): S.DISHONOURED,
    (S.ENDORSED, T.HONOUR): S.HONOURED,
    (S.ENDORSED, T.DISHONOUR): S.DISHONOURED,
    (S.DISCOUNTED, T.HONOUR): S.HONOURED,
    (S.DISCOUNTED, T.DISHONOUR): S.DISHONOURED,
    (S.DISCOUNTED_RECOURSE, T.HONOUR): S.HONOURED,
    (S.DISCOUNTED_RECOURSE, T.DISHONOUR): S.DISHONOURED,
    (S.DISHONOURED, T.NOTIFY): S.DISHONOURED,
}
#: Bills on the account of notes receivable: discounting with recourse is a loan and does not derecognise the bill.
IN_NOTES_RECEIVABLE: Final = frozenset({S.HELD, S.PLEDGED, S.PRESENTED, S.DISCOUNTED_RECOURSE})
#: Bills not yet paid for which the company bears the risk; they count beside the open receivables.
OUTSTANDING: Final = IN_NOTES_RECEIVABLE | {S.ENDORSED}
#: Final states; only the notice of dishonour can follow.
ENDED: Final = frozenset({S.HONOURED, S.DISHONOURED, S.CANCELLED})
#: Steps that can be reversed when recorded by mistake.
REVERSIBLE: Final = frozenset({T.PLEDGE, T.RETURN, T.ENDORSE, T.DISCOUNT, T.DISCOUNT_RECOURSE, T.PRESENT, T.HONOUR})
#: Steps that transfer the bill, which "not transferable" forbids (票据法 art. 27).
TRANSFERS: Final = frozenset({T.PLEDGE, T.ENDORSE, T.DISCOUNT, T.DISCOUNT_RECOURSE})

PRESENT_DAYS: Final = 10  # 票据法 art. 53: within ten days from maturity
NOTICE_DAYS: Final = 3  # art. 66: written notice to the prior party
ACCEPTOR_MONTHS: Final = 24  # art. 17: against drawer and acceptor, from maturity
RECOURSE_MONTHS: Final = 6  # art. 17: against prior parties, from the refusal
RE_RECOURSE_MONTHS: Final = 3  # art. 17: the same for who has paid a later holder, from that payment
LAST_CALL_DAYS: Final = 2
PPM: Final = 1_000_000
YEAR_DAYS: Final = 360


class TenorLimit(NamedTuple):
    """The longest tenor of a bill issued from this day on, in months."""

    from_on: date
    months: int


#: The newest first. Electronic bills ran up to a year before the rules of 2023.
TENOR_LIMITS: Final = (TenorLimit(date(2023, 1, 1), 6), TenorLimit(date.min, 12))


class Leg(NamedTuple):
    """One side of an entry; exactly one of the two amounts (minor units) is above 0."""

    account: str
    debit_minor: int
    credit_minor: int


def next_state(state: State, step: StepKind) -> State | None:
    """Returns the state after a step; None when it is impossible in `state`. For Step.REVERSE see REVERSIBLE."""
    return TRANSITIONS.get((state, step))


def entry_legs(state: State, step: StepKind, face_minor: int, interest_minor: int = 0) -> list[Leg]:
    """Returns the postings of a step taken in `state`, without the reopening of the receivable; [] for no entry."""
    paid_out = Leg("bank", 0, face_minor)
    if step is T.ENDORSE:
        return [Leg("payables", face_minor, 0), Leg("notes_receivable", 0, face_minor)]
    if step in (T.DISCOUNT, T.DISCOUNT_RECOURSE):
        given = "notes_receivable" if step is T.DISCOUNT else "short_term_loans"
        cost = [Leg("finance_costs", interest_minor, 0)] if interest_minor else []
        got = [Leg("bank", face_minor - interest_minor, 0)] if interest_minor < face_minor else []
        return [*got, *cost, Leg(given, 0, face_minor)]
    if step is T.HONOUR and state is S.PRESENTED:
        return [Leg("bank", face_minor, 0), Leg("notes_receivable", 0, face_minor)]
    if step is T.HONOUR and state is S.DISCOUNTED_RECOURSE:
        return [Leg("short_term_loans", face_minor, 0), Leg("notes_receivable", 0, face_minor)]
    if step is T.DISHONOUR and state is S.DISCOUNTED_RECOURSE:
        return [Leg("short_term_loans", face_minor, 0), paid_out]
    if step is T.DISHONOUR and state is S.ENDORSED:
        return [Leg("notes_receivable", face_minor, 0), paid_out]
    return []


def reopens_receivable(state: State, step: StepKind) -> bool:
    """Returns True when a step reopens the receivable; the loss of a bill sold without recourse is the buyer's."""
    return step is T.CANCEL or (step is T.DISHONOUR and state is not S.DISCOUNTED)


def is_money(state: State) -> bool:
    """Returns True when the bill has become money: it is paid, or sold so that its loss is the buyer's."""
    return state in (S.HONOURED, S.DISCOUNTED)


def steps_from(state: State) -> list[StepKind]:
    """Returns the steps possible in a state, in the order of TRANSITIONS."""
    return [step for (before, step) in TRANSITIONS if before is state]


def maturity(issued_on: date, *, months: int = 0, days: int = 0) -> date:
    """Returns the maturity from a tenor.

    Months: the same day of the month, or its last day. Days: counted from the day after issue.
    """
    return add_months(issued_on, months) if months else issued_on + timedelta(days=days)


def longest_maturity(issued_on: date) -> tuple[date, int]:
    """Returns the latest maturity of a bill issued on a day, and the tenor limit in months."""
    months = next(limit.months for limit in TENOR_LIMITS if limit.from_on <= issued_on)
    return add_months(issued_on, months), months


def discount_days(on: date, matures_on: date, adjust_days: int = 0) -> int:
    """Returns the days of interest: to maturity, plus those the bank adds for holidays or out-of-town bills."""
    return (matures_on - on).days + adjust_days


def discount_interest(face_minor: int, rate_ppm: int, days: int) -> int:
    """Returns face × yearly rate × days ÷ 360 in minor units, rounded half up once."""
    return (2 * face_minor * rate_ppm * days + PPM * YEAR_DAYS) // (2 * PPM * YEAR_DAYS)


def present_by(matures_on: date) -> date:
    """Returns the last day on which presentment preserves the recourse against prior parties."""
    return matures_on + timedelta(days=PRESENT_DAYS)


def notice_by(learned_on: date) -> date:
    """Returns the last day for the notice of dishonour to the prior party."""
    return learned_on + timedelta(days=NOTICE_DAYS)


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The holder's legal deadlines. `recourse_until_on` None: not running; `late`: recourse is lost (art. 53)."""

    present_by_on: date
    acceptor_until_on: date
    notice_by_on: date | None
    recourse_until_on: date | None
    late: bool


def deadlines_of(
    matures_on: date,
    today: date,
    *,
    presented_on: date | None = None,
    dishonoured_on: date | None = None,
    was_transferred: bool = False,
    with_recourse: bool = True,
) -> Deadlines:
    """Returns a bill's deadlines. `was_transferred`: a later holder took recourse to the company (art. 17).

    The holder is never late after a dishonour before maturity, nor when a later holder presented the bill.
    """
    present_by_on = present_by(matures_on)
    late = not was_transferred and with_recourse and (presented_on or dishonoured_on or today) > present_by_on
    months = RE_RECOURSE_MONTHS if was_transferred else RECOURSE_MONTHS
    open_recourse = dishonoured_on is not None and with_recourse
    return Deadlines(
        present_by_on,
        add_months(matures_on, ACCEPTOR_MONTHS),
        notice_by(dishonoured_on) if open_recourse and dishonoured_on else None,
        add_months(dishonoured_on, months) if open_recourse and dishonoured_on and not late else None,
        late,
    )
