"""Payment terms as structure, and the due date they yield.

Pure: standard library only; the calendar is a predicate argument. Invariant: terms are stored as structure, never as a
label such as "net 30", which people interpret differently; each result can be shown as a worked example. The order is
fixed: base date → cutoff and month end → months → days → pay day → grace → roll.

What `roll` says of a day off: `following`, `preceding` and `modified` were agreed and move the due date itself;
`statutory` (nothing agreed) leaves it as printed, and what comes on the next working day comes in time (Civil Code 203,
BGB § 193); `none` was agreed, and the day off is the last day (ADR 0029).
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal, TypeAlias, get_args

Base: TypeAlias = Literal[
    "invoice", "delivery", "receipt_of_goods", "acceptance", "statement_confirmed", "month_end", "fixed"
]
Roll: TypeAlias = Literal["statutory", "none", "following", "preceding", "modified"]
IsWorkingDay: TypeAlias = Callable[[date], bool]
JsonValue: TypeAlias = str | int | list[int] | None

BASES: Final[tuple[str, ...]] = get_args(Base)
ROLLS: Final[tuple[str, ...]] = get_args(Roll)
STATUTORY: Final = "statutory"
_ONE_DAY: Final = timedelta(days=1)
_EXTENDED: Final[Mapping[str, Roll]] = {STATUTORY: "following", "following": "following", "modified": "modified"}
# Longer than any run of holidays, so that a calendar without working days raises instead of looping.
_LONGEST_CLOSURE_DAYS: Final = 366


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentTerms:
    """Rule for the due date of an amount, counted from `base`; all periods are calendar months and days.

    `month_end` starts from the end of the month of the base date, or of the next month from `cutoff_day` on.
    `fixed`: the document names the date, so only grace and roll may be added.
    `fixed_pay_days` are the days of the month on which the debtor pays (31 = the last day).
    `grace_days` belong to the due date itself, after the pay day; they are not the settlement period.
    Raises ValueError for values outside these meanings.
    """

    base: Base = "invoice"
    cutoff_day: int | None = None
    months: int = 0
    days: int = 0
    fixed_pay_days: tuple[int, ...] = ()
    grace_days: int = 0
    roll: Roll = "statutory"

    def __post_init__(self) -> None:
        if self.base not in BASES or self.roll not in ROLLS:
            raise ValueError(f"unknown base or roll: {self.base!r}, {self.roll!r}")
        for name in ("months", "days", "grace_days"):
            if type(getattr(self, name)) is not int or getattr(self, name) < 0:
                raise ValueError(f"{name} must be a whole number, 0 or more")
        if self.cutoff_day is not None and (self.base != "month_end" or not _is_day(self.cutoff_day)):
            raise ValueError("cutoff_day is a day 1..31 and only goes with the base month_end")
        if not all(_is_day(day) for day in self.fixed_pay_days):
            raise ValueError("fixed_pay_days are days 1..31")
        if tuple(sorted(set(self.fixed_pay_days))) != self.fixed_pay_days:
            raise ValueError("fixed_pay_days must be rising and distinct")
        if self.base == "fixed" and (self.months or self.days or self.fixed_pay_days):
            raise ValueError("a fixed date takes no months, days or pay days")

    def to_json(self) -> dict[str, JsonValue]:
        """Returns all seven fields as JSON values, which `from_json` reverses."""
        return {
            "base": self.base,
            "cutoff_day": self.cutoff_day,
            "months": self.months,
            "days": self.days,
            "fixed_pay_days": list(self.fixed_pay_days),
            "grace_days": self.grace_days,
            "roll": self.roll,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> PaymentTerms:
        """Returns terms from stored JSON; absent fields take their defaults. Raises ValueError for unknown ones."""
        unknown = set(data) - set(cls.__slots__)
        if unknown:
            raise ValueError(f"unknown terms: {', '.join(sorted(unknown))}")
        fields = dict(data)
        if "fixed_pay_days" in fields:
            pay_days = fields["fixed_pay_days"]
            if not isinstance(pay_days, list | tuple):
                raise ValueError("fixed_pay_days must be a list")
            fields["fixed_pay_days"] = tuple(pay_days)
        return cls(**fields)  # type: ignore[arg-type]  # __post_init__ checks what JSON may hold


def net(days: int) -> PaymentTerms:
    """Returns terms of `days` calendar days from the invoice date."""
    return PaymentTerms(days=days)


def due_on(terms: PaymentTerms, base_on: date, is_working_day: IsWorkingDay) -> date:
    """Returns the due date of a document with base date `base_on` (R065, R170); day 0 of overdue counting."""
    day = base_on
    if terms.base == "month_end":
        if terms.cutoff_day is not None and day.day >= min(terms.cutoff_day, end_of_month(day).day):
            day = add_months(day, 1)
        day = add_months_end_sticky(end_of_month(day), terms.months)
    else:
        day = add_months(day, terms.months)
    day += timedelta(days=terms.days)
    if terms.fixed_pay_days:
        day = _next_pay_day(day, terms.fixed_pay_days)
    return _roll(day + timedelta(days=terms.grace_days), terms.roll, is_working_day)


def collection_end_on(due_on: date, settlement_days: int) -> date:
    """Returns the last day of the collection period: due date + settlement days (R170, A05).

    Settlement days cover reconciliation, payment and transit. Raises ValueError when they are negative.
    """
    if settlement_days < 0:
        raise ValueError("settlement_days must be 0 or more")
    return due_on + timedelta(days=settlement_days)


def last_day_in_time(day: date, roll: str, is_working_day: IsWorkingDay) -> date:
    """Returns the last day on which what was due on `day`, or a discount until `day`, comes in time.

    The printed day stays; late interest begins the day after the one returned. A date that was typed under terms that
    move due dates follows them as well, save to an earlier day, which the paper does not say.
    """
    return max(day, _roll(day, _EXTENDED.get(roll, "none"), is_working_day))


def overdue_days(due_on: date, today: date) -> int:
    """Returns days past due: 0 on the due date, negative before it (A05)."""
    return (today - due_on).days


def add_months(day: date, months: int) -> date:
    """Returns the same day `months` calendar months later (or earlier), clipped: 31 Jan + 1 = 28 or 29 Feb."""
    if not months:
        return day
    years, month0 = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(years, month0 + 1, min(day.day, calendar.monthrange(years, month0 + 1)[1]))


def add_months_end_sticky(day: date, months: int) -> date:
    """Adds months as `add_months`, but the end of a month stays an end of month: 28 Feb + 1 = 31 Mar."""
    moved = add_months(day, months)
    return end_of_month(moved) if day == end_of_month(day) else moved


def end_of_month(day: date) -> date:
    """Returns the last day of the month of `day`."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def example(terms: PaymentTerms, base_on: date, is_working_day: IsWorkingDay) -> tuple[str, dict[str, JsonValue]]:
    """Returns a worked example: a code and its parameters, dates as ISO text, for pages to put into words.

    Codes: `net` (from a base date), `month_end`, `month_end_cutoff`, `fixed`.
    """
    code: str = terms.base if terms.base in ("month_end", "fixed") else "net"
    if terms.cutoff_day is not None:
        code = "month_end_cutoff"
    due = due_on(terms, base_on, is_working_day)
    return code, terms.to_json() | {"base_on": base_on.isoformat(), "due_on": due.isoformat()}


def _is_day(value: object) -> bool:
    return type(value) is int and 1 <= value <= 31


def _next_pay_day(day: date, pay_days: tuple[int, ...]) -> date:
    """Returns the first pay day on or after `day`; a pay day past the end of a month means its last day."""
    last = end_of_month(day)
    for pay_day in pay_days:
        candidate = day.replace(day=min(pay_day, last.day))
        if candidate >= day:
            return candidate
    following = add_months(day.replace(day=1), 1)
    return following.replace(day=min(pay_days[0], end_of_month(following).day))


def _roll(day: date, roll: Roll, is_working_day: IsWorkingDay) -> date:
    if roll in ("none", STATUTORY) or is_working_day(day):
        return day
    if roll == "preceding":
        return _nearest_working_day(day, -_ONE_DAY, is_working_day)
    later = _nearest_working_day(day, _ONE_DAY, is_working_day)
    if roll == "modified" and later.month != day.month:
        return _nearest_working_day(day, -_ONE_DAY, is_working_day)
    return later


def _nearest_working_day(day: date, step: timedelta, is_working_day: IsWorkingDay) -> date:
    for _ in range(_LONGEST_CLOSURE_DAYS):
        day += step
        if is_working_day(day):
            return day
    raise ValueError("the calendar has no working day within a year")
