"""The rules of bills: which step may follow which and what it books, maturity, discount, the deadlines. Pure.

Imports dates and the ledger's arithmetic of months only. Invariants: what a step does to the books follows from the
state it is taken in; the bills counted as held add up to the notes receivable after every step; no float.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from ar.ledger.rules.due_dates import add_months


class State(StrEnum):
    """Where a bill stands."""

    HELD = "held"
    PLEDGED = "pledged"
    ENDORSED = "endorsed"
    DISCOUNTED = "discounted"
    DISCOUNTED_RECOURSE = "discounted_recourse"
    PRESENTED = "presented"
    HONOURED = "honoured"
    DISHONOURED = "dishonoured"
    CANCELLED = "cancelled"


class Step(StrEnum):
    """What can happen to a bill; the words are those of its history."""

    PLEDGE = "pledged"
    RETURN = "returned"
    ENDORSE = "endorsed"
    DISCOUNT = "discounted"
    DISCOUNT_RECOURSE = "discounted_recourse"
    PRESENT = "presented"
    HONOUR = "honoured"
    DISHONOUR = "dishonoured"
    NOTIFY = "notified"
    UNDO = "undone"
    CANCEL = "cancelled"


S, T = State, Step
TRANSITIONS: Final[dict[tuple[State, Step], State]] = {
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
#: Bills that stand in the account of notes receivable: a loan against one does not take it off the books.
IN_NOTES: Final = frozenset({S.HELD, S.PLEDGED, S.PRESENTED, S.DISCOUNTED_RECOURSE})
#: Not paid yet, and ours to answer for when it is not: what counts beside the open receivables.
OUTSTANDING: Final = IN_NOTES | {S.ENDORSED}
#: Nothing follows but a word about it.
ENDED: Final = frozenset({S.HONOURED, S.DISHONOURED, S.CANCELLED})
#: Steps that a person may have recorded by mistake and that leave nothing final in the books.
UNDOABLE: Final = frozenset({T.PLEDGE, T.RETURN, T.ENDORSE, T.DISCOUNT, T.DISCOUNT_RECOURSE, T.PRESENT, T.HONOUR})
#: Steps that hand the bill on, which "not transferable" bars (票据法 art. 27).
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
    """The longest a bill issued from this day on may run."""

    from_on: date
    months: int


#: The newest first. Electronic bills ran up to a year before the rules of 2023.
TENOR_LIMITS: Final = (TenorLimit(date(2023, 1, 1), 6), TenorLimit(date.min, 12))


class Leg(NamedTuple):
    """One side of an entry; exactly one of the two amounts (minor units) is above 0."""

    account: str
    debit_minor: int
    credit_minor: int


def after(state: State, step: Step) -> State | None:
    """The state that a step leads to; None when it cannot be taken there. Undoing leads back, see UNDOABLE."""
    return TRANSITIONS.get((state, step))


def legs(state: State, step: Step, face_minor: int, interest_minor: int = 0) -> list[Leg]:
    """What a step taken in `state` books, the reopening of the receivable aside; [] when nothing."""
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


def reopens(state: State, step: Step) -> bool:
    """Whether a step opens the receivable again; a bill sold without recourse is the buyer's loss."""
    return step is T.CANCEL or (step is T.DISHONOUR and state is not S.DISCOUNTED)


def steps_from(state: State) -> list[Step]:
    """The steps that can be taken now, in the order of the table."""
    return [step for (before, step) in TRANSITIONS if before is state]


def maturity(issued_on: date, *, months: int = 0, days: int = 0) -> date:
    """Maturity by months: the same day, or the month's end where that is missing. By days: the day of issue is not
    counted, the last one is.
    """
    return add_months(issued_on, months) if months else issued_on + timedelta(days=days)


def longest_maturity(issued_on: date) -> tuple[date, int]:
    """The latest maturity of a bill issued then, and in months how far that is."""
    months = next(limit.months for limit in TENOR_LIMITS if limit.from_on <= issued_on)
    return add_months(issued_on, months), months


def discount_days(on: date, matures_on: date, adjust_days: int = 0) -> int:
    """Days for which the bank takes interest: to maturity, and the days it adds for holidays or another place."""
    return (matures_on - on).days + adjust_days


def discount_interest(face_minor: int, rate_ppm: int, days: int) -> int:
    """face × rate a year × days ÷ 360, rounded half up once (minor units)."""
    return (2 * face_minor * rate_ppm * days + PPM * YEAR_DAYS) // (2 * PPM * YEAR_DAYS)


def present_by(matures_on: date) -> date:
    """The last day on which presenting keeps the recourse against prior parties."""
    return matures_on + timedelta(days=PRESENT_DAYS)


def notice_by(learned_on: date) -> date:
    """The last day of the notice to the prior party."""
    return learned_on + timedelta(days=NOTICE_DAYS)


@dataclass(frozen=True, slots=True)
class Limits:
    """The dates that bind the holder. `recourse_until_on` None: not begun; `late`: recourse is lost (art. 53)."""

    present_by_on: date
    acceptor_until_on: date
    notice_by_on: date | None
    recourse_until_on: date | None
    late: bool


def limits_of(
    matures_on: date,
    today: date,
    *,
    presented_on: date | None = None,
    dishonoured_on: date | None = None,
    had_passed_on: bool = False,
    with_recourse: bool = True,
) -> Limits:
    """The dates for a bill as it stands. `had_passed_on`: a later holder came back to us (art. 17, re-recourse).

    Who refused before maturity cannot make the holder late, nor can a bill that others presented.
    """
    last = present_by(matures_on)
    shown_on = presented_on or dishonoured_on or today
    late = not had_passed_on and with_recourse and shown_on > last
    months = RE_RECOURSE_MONTHS if had_passed_on else RECOURSE_MONTHS
    open_recourse = dishonoured_on is not None and with_recourse
    return Limits(
        last,
        add_months(matures_on, ACCEPTOR_MONTHS),
        notice_by(dishonoured_on) if open_recourse and dishonoured_on else None,
        add_months(dishonoured_on, months) if open_recourse and dishonoured_on and not late else None,
        late,
    )
