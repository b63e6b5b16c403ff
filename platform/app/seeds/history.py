"""Generates what the debtors bought and paid over fourteen months, from the cast, a date and a random seed.

Invariants: the same date gives the same history; no payment is dated after the last day; an allocation never exceeds
what its invoice or its receipt still holds. Habits are drawn by lot, so whatever the demo promises for every day has
an invoice of its own here: one that is due on the day, one behind each promise, those of the cash desk, and the
forgotten ones. The ladder rests on days off: then the newest steps are those of the last working day.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Final

from app.seeds.cast import DESK, DUE_TODAY, PROMISED, CompanyCast, Debtor
from ar.cases.rules.ladder import ItemFacts, simulate
from ar.cases.rules.policy import Anchor, Level, OwnClock, Policy, load_preset
from ar.ledger.rules.due_dates import add_months, end_of_month
from kernel.calendars import WorkCalendar
from kernel.money import exponent

MONTHS: Final = 14
#: How long ago the company began to work with Huikuan; what is older came in with the opening import.
LIVE_DAYS: Final = 66
#: A silent debtor ordered for the last time, and paid nothing that fell due since, so many days before today.
LAST_ORDER_DAYS: Final = 150
LAST_PAYMENT_DAYS: Final = 200
#: How long ago the invoices of the cash desk were written: recent enough that none is due yet.
DESK_DAYS: Final = 12
#: How many days a due date is looked back for: longer than any closure and the gaps of the steps before.
_SLIP_DAYS: Final = 45
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Document:
    """A document to post; amounts in minor units."""

    debtor: str
    kind: str
    number: str
    on: date
    due_on: date
    end_on: date
    currency: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Application:
    """An allocation of a credit document to an invoice, on a day."""

    credit: tuple[str, str]
    debit: tuple[str, str]
    amount_minor: int
    on: date


@dataclass(slots=True)
class History:
    """Everything to post, by day; `desk`: numbers of the invoices reserved for the cash data."""

    documents: dict[date, list[Document]] = field(default_factory=lambda: defaultdict(list))
    applications: dict[date, list[Application]] = field(default_factory=lambda: defaultdict(list))
    desk: list[str] = field(default_factory=list)

    def count(self) -> int:
        """Returns the number of documents."""
        return sum(len(day) for day in self.documents.values())


@dataclass(slots=True)
class _Invoice:
    debtor: Debtor
    on: date
    due_on: date
    amount_minor: int
    number: str = ""


@dataclass(frozen=True, slots=True)
class _Paid:
    """A payment before it is numbered: its debtor, day and invoices."""

    debtor: Debtor
    on: date
    kind: str
    parts: tuple[tuple[_Invoice, int], ...]
    amount_minor: int


def live_since(today: date, calendar: WorkCalendar) -> date:
    """Returns the first working day on which the company used Huikuan."""
    return calendar.next_working_day(today - LIVE_DAYS * _DAY)


def write_history(cast: CompanyCast, today: date, last_run_on: date, calendar: WorkCalendar) -> History:
    """Returns the history as of `today`; forgotten invoices meet their step at the last run or the one before."""
    rng = Random(f"{cast.slug} history")  # noqa: S311 - a story, not a secret
    writer = _Writer(cast, today, last_run_on, calendar, rng)
    for debtor in cast.debtors:
        writer.trade(debtor)
    return writer.finish()


class _Writer:
    def __init__(self, cast: CompanyCast, today: date, last_run_on: date, calendar: WorkCalendar, rng: Random) -> None:
        self.cast, self.today, self.run_on, self.calendar, self.rng = cast, today, last_run_on, calendar, rng
        self.first_on, self.live_on = add_months(today, -MONTHS), live_since(today, calendar)
        self.invoices: list[_Invoice] = []
        self.payments: list[_Paid] = []
        self.advances: list[_Paid] = []
        self.desk: list[_Invoice] = []
        self.disputed = 0

    def trade(self, debtor: Debtor) -> None:
        """Generates one debtor's invoices and payments."""
        own = self._invoices(debtor)
        self._stay_open(debtor)
        if debtor.habit == "prepays":
            self._prepay(debtor, own)
        else:
            self._pay(debtor, own)
        self.invoices.extend(own)

    def _stay_open(self, debtor: Debtor) -> None:
        """Adds the invoices that the demo needs open on any day; no habit pays them."""
        if debtor.slip:
            self.invoices.append(self._due(debtor, self._slip_due_on(debtor)))
        if debtor.number == DUE_TODAY:
            self.invoices.append(self._due(debtor, self.today))
        if debtor.number in PROMISED:
            self.invoices.append(self._due(debtor, self.today - PROMISED[debtor.number] * _DAY))
        if debtor.number in DESK:
            on = self.calendar.previous_working_day(self.today - DESK_DAYS * _DAY)
            self.desk.append(_Invoice(debtor, on, on + debtor.term_days * _DAY, self._amount(debtor)))

    def _due(self, debtor: Debtor, due_on: date) -> _Invoice:
        return _Invoice(debtor, due_on - debtor.term_days * _DAY, due_on, self._amount(debtor))

    def _invoices(self, debtor: Debtor) -> list[_Invoice]:
        last = self.today - LAST_ORDER_DAYS * _DAY if debtor.habit == "silent" else self.today
        every = 38 / debtor.monthly
        offset, span = self.rng.uniform(0, every), (last - self.first_on).days
        own = []
        while offset <= span:
            day = self.calendar.previous_working_day(self.first_on + int(offset) * _DAY)
            own.append(_Invoice(debtor, day, day + debtor.term_days * _DAY, self._amount(debtor)))
            offset += every * self.rng.uniform(0.6, 1.4)
        return own

    def _amount(self, debtor: Debtor) -> int:
        units = debtor.size * self.rng.triangular(0.35, 1.9, 0.8)
        minor: int = 10 ** exponent(debtor.currency)
        if debtor.currency == "JPY":
            return round(units) // 100 * 100
        return round(units) * minor + self.rng.choice((0, 0, 20, 50, 60, 80, 35))

    def _slip_due_on(self, debtor: Debtor) -> date:
        when, _, code = debtor.slip.partition(":")
        on = self.run_on if when == "next" else self.calendar.previous_working_day(self.run_on - _DAY)
        policy = load_preset(debtor.policy or self.cast.policy)
        return slip_due_on(policy, code, on, debtor.settlement_days, self.calendar, live_on=self.live_on)

    def _pay(self, debtor: Debtor, own: list[_Invoice]) -> None:
        by_day: dict[date, list[tuple[_Invoice, int]]] = defaultdict(list)
        for invoice in own:
            left = invoice.amount_minor - self._credit_note(invoice)
            for on, minor in self._habit(debtor, invoice, left):
                by_day[self.calendar.previous_working_day(on)].append((invoice, minor))
        for on, parts in sorted(by_day.items(), key=lambda pair: pair[0]):
            if on <= self.today:
                # A receipt is never before its invoices: a weekend moved back may be.
                on = max(on, *(invoice.on for invoice, _minor in parts))
                self.payments.append(_Paid(debtor, on, "receipt", tuple(parts), sum(minor for _i, minor in parts)))

    def _credit_note(self, invoice: _Invoice) -> int:
        """Sometimes adds a credit note for returned goods, a week or two later; returns its amount."""
        on = self.calendar.next_working_day(invoice.on + self.rng.randint(6, 14) * _DAY)
        if self.rng.random() > 0.05 or on > self.today or on >= invoice.due_on:
            return 0
        minor = invoice.amount_minor * self.rng.randint(4, 15) // 100
        self.payments.append(_Paid(invoice.debtor, on, "credit_note", ((invoice, minor),), minor))
        return minor

    def _habit(self, debtor: Debtor, invoice: _Invoice, left: int) -> list[tuple[date, int]]:
        """Returns (day, amount) of the payments of one invoice."""
        due, roll = invoice.due_on, self.rng.randint
        match debtor.habit:
            case "good":
                return [(due - roll(1, 8) * _DAY, left)]
            case "big":
                return [(due + roll(0, 4) * _DAY, left)]
            case "month_end":
                return [(end_of_month(due), left)]
            case "slow":
                return [(due + roll(5, 17) * _DAY, left)]
            case "part":
                first = left * 6 // 10
                return [(due + roll(1, 5) * _DAY, first), (due + roll(24, 34) * _DAY, left - first)]
            case "promiser":
                return [(due + roll(20, 45) * _DAY, left)]
            case "disputer":
                return self._unless(debtor, invoice, left, days=75)
            case "blocked":
                return self._unless(debtor, invoice, left, days=80)
            case "silent":
                return self._unless(debtor, invoice, left, days=LAST_PAYMENT_DAYS)
        raise ValueError(f"no habit named {debtor.habit}")

    def _unless(self, debtor: Debtor, invoice: _Invoice, left: int, *, days: int) -> list[tuple[date, int]]:
        """Pays well until `days` ago; of what fell due since then a disputer pays every second invoice, others none."""
        if invoice.due_on < self.today - days * _DAY:
            return [(invoice.due_on - 2 * _DAY, left)]
        if invoice.due_on < self.today and debtor.habit == "disputer":
            self.disputed += 1
            if self.disputed % 2 == 0:
                return [(invoice.due_on + 3 * _DAY, left)]
        return []

    def _prepay(self, debtor: Debtor, own: list[_Invoice]) -> None:
        """Round sums a few times a year, used up by the invoices that follow; some of it stays unapplied."""
        minor, on = 10 ** exponent(debtor.currency), self.first_on
        waiting = sorted(own, key=lambda invoice: invoice.on)
        while on <= self.today:
            lump = self.calendar.previous_working_day(on)
            until = add_months(on, 3)
            parts = [invoice for invoice in waiting if on <= invoice.on < until]
            need = sum(invoice.amount_minor for invoice in parts)
            total = (need // (10_000 * minor) + 1) * 10_000 * minor
            self.advances.append(
                _Paid(debtor, lump, "receipt", tuple((invoice, invoice.amount_minor) for invoice in parts), total)
            )
            on = until

    def finish(self) -> History:
        """Numbers all documents by date; returns the history."""
        history = History()
        numbers: dict[str, int] = defaultdict(int)

        def number(prefix: str, on: date) -> str:
            key = f"{prefix}{on:%y%m}"
            numbers[key] += 1
            return f"{key}-{numbers[key]:04d}"

        for invoice in sorted(
            [*self.invoices, *self.desk], key=lambda each: (each.on, each.debtor.number, each.amount_minor)
        ):
            invoice.number = number("XS", invoice.on)
            debtor = invoice.debtor
            end_on = invoice.due_on + debtor.settlement_days * _DAY
            history.documents[invoice.on].append(
                Document(
                    debtor.number,
                    "invoice",
                    invoice.number,
                    invoice.on,
                    invoice.due_on,
                    end_on,
                    debtor.currency,
                    invoice.amount_minor,
                )
            )
        for paid in sorted([*self.payments, *self.advances], key=lambda each: (each.on, each.debtor.number, each.kind)):
            name = number("SK" if paid.kind == "receipt" else "HZ", paid.on)
            history.documents[paid.on].append(
                Document(
                    paid.debtor.number,
                    paid.kind,
                    name,
                    paid.on,
                    paid.on,
                    paid.on,
                    paid.debtor.currency,
                    paid.amount_minor,
                )
            )
            for invoice, minor in paid.parts:
                on = max(paid.on, invoice.on)
                history.applications[on].append(Application((paid.kind, name), ("invoice", invoice.number), minor, on))
        history.desk = [invoice.number for invoice in self.desk]
        return history


def slip_due_on(
    policy: Policy, code: str, on: date, settlement_days: int, calendar: WorkCalendar, *, live_on: date
) -> date:
    """Returns the latest due date for which step `code` of `policy` comes on `on`, with runs since `live_on`.

    Where no due date does that (no month after 30 January ends on the 31st; after a long closure the steps before
    need their gaps), the one whose step came last before `on`. Raises ValueError when the step cannot have come yet.
    """
    found: tuple[date, date] | None = None
    newest = _newest_due_on(policy, code, on) - settlement_days * _DAY
    for due_on in (newest - n * _DAY for n in range(_SLIP_DAYS)):
        facts = ItemFacts(due_on, due_on + settlement_days * _DAY)
        steps = simulate(facts, policy, max(due_on, live_on), on, calendar)
        came_on = next((step.runs_on for step in steps if step.code == code), None)
        if came_on == on:
            return due_on
        if came_on and (found is None or came_on > found[0]):
            found = came_on, due_on
    if found is None:
        raise ValueError(f"{code} cannot have come by {on}")
    return found[1]


def _newest_due_on(policy: Policy, code: str, on: date) -> date:
    """Returns the latest due date that reaches the step by `on`, without a collection period."""
    rule = _rule_of(policy, code)
    if rule.anchor is Anchor.DEADLINE:
        # The deadline is set by the demand, which goes out that many days before.
        before = policy.levels[rule.number - 2] if isinstance(rule, Level) else rule
        return on - (before.offset_days + policy.deadline_days + rule.offset_days) * _DAY
    return add_months(on, -rule.offset_months) - (rule.offset_days - 3) * _DAY


def _rule_of(policy: Policy, code: str) -> OwnClock:
    for rule in (*policy.levels, *policy.own_clock):
        if any(step.code == code for step in rule.steps):
            return rule
    raise KeyError(code)
