"""Random books, step by step: invoices by instalments, notes, receipts, bills, allocations, reversals and locks in
three currencies. After every step the books equal a slow, obvious model, as of any date and as known at any moment.
"""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ar.bills.checks import bills_checks
from ar.bills.commands import take_step
from ar.bills.inputs import BillStep, Dishonour, ReceiveBill
from ar.bills.models import Bill
from ar.bills.receiving import receive_bill
from ar.bills.rules import State, StepKind
from ar.ledger.books.allocation import NewAllocation, allocate
from ar.ledger.books.allocation_reversal import reverse_allocation
from ar.ledger.books.posting import NewItem, post_items
from ar.ledger.books.posting_rules import POSTING_RULES
from ar.ledger.books.queries import balance_at, posted_balances
from ar.ledger.books.reversal import reverse_item
from ar.ledger.closing.audit.checks import ledger_checks
from ar.ledger.closing.commands import lock_through
from ar.reports.aging.queries import aging_report
from kernel.actor import Actor
from kernel.errors import HuikuanError
from kernel.ids import new_id
from kernel.money import decimal_text
from tests.ar.ledger.books.slow_books import AppliedPair, PostedItem, SlowBooks
from tests.support.world import World, new_world

FIRST, TODAY = date(2026, 1, 1), date(2026, 6, 30)
CURRENCIES = ("CNY", "JPY", "KWD")
CUSTOMERS = ("0001", "0002")
DEBTS, CREDITS = ("invoice", "debit_note", "opening", "interest"), ("receipt", "credit_note", "goods_return", "bill")

days = st.integers(0, 180).map(lambda n: FIRST + timedelta(days=n))
late_days = st.integers(150, 180).map(lambda n: FIRST + timedelta(days=n))  # after most of what happened
amounts = st.integers(1, 500_000)
# Mostly one customer and one currency, so that debts and credits meet.
people = st.sampled_from([CUSTOMERS[0]] * 4 + [CUSTOMERS[1]])
currencies = st.sampled_from([*["CNY"] * 4, "JPY", "KWD"])
picks = st.integers(0, 10_000)


class Story(RuleBasedStateMachine):
    """What accountants do to one company's books, in any order."""

    world: World
    ids: dict[str, UUID]

    @initialize(seed=st.integers(0, 2**32))
    def begin(self, seed: int) -> None:
        """A company with some documents already posted, since random runs from an empty company post little."""
        self.world = new_world()
        self.ids = {number: self.world.on(FIRST).customer(number) for number in CUSTOMERS}
        self.slow = SlowBooks()
        self.bills: dict[UUID, tuple[UUID, str]] = {}
        self.step = 0
        self.seen: list[tuple[date, int, datetime]] = []
        self.closed: dict[date, object] = {}
        rng = random.Random(seed)  # noqa: S311  # reproducible, no secret
        for kind in ("invoice", "invoice", "debit_note", "receipt", "receipt", rng.choice(CREDITS[1:3])):
            on = FIRST + timedelta(days=rng.randrange(100))
            currency = rng.choice(("CNY", "CNY", "CNY", "JPY", "KWD"))
            self.post(
                CUSTOMERS[0],
                currency,
                kind,
                on,
                rng.randrange(60),
                rng.randrange(1, 5_000),
                rng.random() < 0.5,
                rng.choice((1, 3)),
            )
        for _ in range(3):
            self.settle(rng.randrange(1000), rng.choice((50, 100)), FIRST + timedelta(days=rng.randrange(180)))

    def actor(self) -> Actor:
        """Returns an actor whose time is one second later at each step."""
        self.step += 1
        actor = self.world.actor(TODAY)
        return replace(actor, now=actor.now + timedelta(seconds=self.step))

    # Posting

    @rule(
        who=people,
        currency=currencies,
        kind=st.sampled_from([*DEBTS, "invoice", "invoice", "receipt", "receipt", *CREDITS[:3]]),
        on=days,
        term=st.integers(0, 90),
        minor=amounts,
        taxed=st.booleans(),
        parts=st.sampled_from([1, 1, 1, 3]),
    )
    def post_document(
        self, who: str, currency: str, kind: str, on: date, term: int, minor: int, taxed: bool, parts: int
    ) -> None:
        self.post(who, currency, kind, on, term, minor, taxed, parts)

    def post(
        self, who: str, currency: str, kind: str, on: date, term: int, minor: int, taxed: bool, parts: int
    ) -> None:
        actor, posting_rule = self.actor(), POSTING_RULES[kind]
        number = f"D{self.step}"
        split = parts if kind == "invoice" and minor >= 100 else 1
        share = minor // split
        shares = [share] * (split - 1) + [minor - share * (split - 1)]
        items = []
        for n, part in enumerate(shares):
            due = on + timedelta(days=(term + 30 * n) if posting_rule.side > 0 else 0)
            tax = part * 13 // 113 if taxed and posting_rule.taxed else 0
            items.append(
                NewItem(
                    self.ids[who], kind, number, on, due, due, currency, part,
                    tax_minor=tax, instalment_no=n + 1 if split > 1 else 0,
                )
            )  # fmt: skip
        if self.slow.locked and on <= self.slow.locked:
            with pytest.raises(HuikuanError), self.world.transaction() as db:
                post_items(db, actor, items)
            return
        with self.world.transaction() as db:
            posted = post_items(db, actor, items)
        for item_id, item in zip(posted, items, strict=True):
            self.record_posted(item_id, item, who)

    @rule(who=people, currency=currencies, on=days, minor=amounts)
    def take_bill(self, who: str, currency: str, on: date, minor: int) -> None:
        actor, number = self.actor(), f"B{self.step}"
        data = ReceiveBill(
            customer_no=who, number=number, kind="commercial", drawer="出票人", acceptor="承兑人", payee="我司",
            issued_on=on, tenor_months=1, currency=currency, amount=decimal_text(minor, currency), received_on=on,
            pays="none", key=str(new_id()),
        )  # fmt: skip
        with suppress(HuikuanError):
            with self.world.transaction() as db:
                bill_id = receive_bill(db, actor, data)
                item_id = db.execute(
                    sa.select(Bill.item_id).where(Bill.tenant_id == self.world.tenant_id, Bill.id == bill_id)
                ).scalar_one()
            self.bills[bill_id] = (item_id, State.HELD)
            self.record_posted(item_id, NewItem(self.ids[who], "bill", number, on, on, on, currency, minor), who)

    def record_posted(self, item_id: UUID, item: NewItem, who: str) -> None:
        self.slow.items[item_id] = PostedItem(
            item_id, item.document_no, who, item.kind, POSTING_RULES[item.kind].side, item.document_on, item.due_on,
            item.currency, item.amount_minor, self.step,
        )  # fmt: skip

    # Allocating, reversing, locking

    @rule(pick=picks, percent=st.sampled_from([1, 50, 100, 100, 130]), on=days)
    def pay(self, pick: int, percent: int, on: date) -> None:
        self.settle(pick, percent, on)

    @rule(pick=picks, on=late_days)
    def pay_whole(self, pick: int, on: date) -> None:
        self.settle(pick, 100, on)

    def settle(self, pick: int, percent: int, on: date) -> None:
        slow = self.slow
        pairs = [
            (debt, credit)
            for debt in slow.items.values()
            for credit in slow.items.values()
            if debt.side > credit.side and (debt.customer, debt.currency) == (credit.customer, credit.currency)
            if slow.open_minor(debt.id) and slow.open_minor(credit.id)
        ]
        if not pairs:
            return
        debt, credit = pairs[pick % len(pairs)]
        most = min(slow.open_minor(debt.id), slow.open_minor(credit.id))
        minor, on = max(1, most * percent // 100), max(on, debt.on, credit.on)
        actor, new = self.actor(), NewAllocation(debt.id, credit.id, minor, on)
        if minor > most or (slow.locked and on <= slow.locked):
            with pytest.raises(HuikuanError), self.world.transaction() as db:
                allocate(db, actor, [new])
            return
        with suppress(HuikuanError):  # not before a reversed allocation
            with self.world.transaction() as db:
                (posted,) = allocate(db, actor, [new])
            slow.pairs.append(AppliedPair(posted, debt.id, credit.id, minor))
            slow.apply(debt.id, credit.id, minor, on, self.step)

    @precondition(lambda self: any(pair.live for pair in self.slow.pairs))
    @rule(pick=picks, on=late_days)
    def unapply(self, pick: int, on: date) -> None:
        live = [pair for pair in self.slow.pairs if pair.live]
        pair = live[pick % len(live)]
        actor = self.actor()
        with suppress(HuikuanError):
            with self.world.transaction() as db:
                reverse_allocation(db, actor, pair.id, effective_on=on)
            self.record_unapplied(pair, on)

    def record_unapplied(self, pair: AppliedPair, on: date) -> None:
        pair.live = False
        self.slow.apply(pair.debit_id, pair.credit_id, -pair.minor, on, self.step)

    @precondition(lambda self: self.slow.items)
    @rule(pick=picks, on=late_days)
    def reverse(self, pick: int, on: date) -> None:
        slow = self.slow
        item = list(slow.items.values())[pick % len(slow.items)]
        actor, parts = self.actor(), slow.parts(item)
        key = (item.kind, item.document)
        free = key not in slow.reversed_documents and all(slow.open_minor(p.id) == p.minor for p in parts)
        if item.kind == "bill":
            return  # reversed by the bill's own steps
        try:
            with self.world.transaction() as db:
                reverse_item(db, actor, item.id, effective_on=on)
        except HuikuanError:
            return
        assert free
        assert on >= item.on
        assert not (slow.locked and on <= slow.locked)
        slow.reversed_documents.add(key)
        for part in parts:
            slow.apply(part.id, part.id, part.minor, on, self.step)
            slow.applied.pop()  # the other side is the mirror, cleared from the start

    @precondition(lambda self: self.bills)
    @rule(pick=picks, step=st.sampled_from([StepKind.PRESENT, StepKind.HONOUR, StepKind.DISHONOUR]), on=late_days)
    def take_bill_step(self, pick: int, step: StepKind, on: date) -> None:
        bill_id = list(self.bills)[pick % len(self.bills)]
        item_id, state = self.bills[bill_id]
        actor, key = self.actor(), str(new_id())
        step_input: type[BillStep] = Dishonour if step is StepKind.DISHONOUR else BillStep
        more = {"proof": "拒绝付款证明"} if step is StepKind.DISHONOUR else {}
        with suppress(HuikuanError):
            with self.world.transaction() as db:
                take_step(db, actor, bill_id, step, step_input(on=on, seen=State(state), key=key, **more))
                now = db.execute(
                    sa.select(Bill.state).where(Bill.tenant_id == self.world.tenant_id, Bill.id == bill_id)
                ).scalar_one()
            self.bills[bill_id] = (item_id, now)
            if step is StepKind.DISHONOUR:
                for pair in self.slow.pairs:
                    if pair.live and pair.credit_id == item_id:
                        self.record_unapplied(pair, on)
                self.slow.apply(item_id, item_id, self.slow.items[item_id].minor, on, self.step)
                self.slow.applied.pop()

    @rule(on=st.sampled_from([FIRST + timedelta(days=30 * n) for n in (-1, 0, 1, 2, 3, 4)]))
    def lock(self, on: date) -> None:
        actor = self.actor()
        if self.slow.locked and on <= self.slow.locked:
            with pytest.raises(HuikuanError), self.world.transaction() as db:
                lock_through(db, actor, on)
            return
        with self.world.transaction() as db:
            lock_through(db, actor, on)
        self.slow.locked = on
        with self.world.reading() as db:
            self.closed[on] = aging_report(db, self.world.tenant_id, on).rows

    @rule(on=days)
    def remember(self, on: date) -> None:
        """Notes a moment at which the aging of a day is shown."""
        actor = self.world.actor(TODAY)
        self.seen.append((on, self.step, actor.now + timedelta(seconds=self.step)))

    # Invariants after each step

    @invariant()
    def the_books_are_whole(self) -> None:
        if not hasattr(self, "slow"):
            return
        tenant_id, slow = self.world.tenant_id, self.slow
        with self.world.reading() as db:
            checks = [*ledger_checks(db, tenant_id), *bills_checks(db, tenant_id)]
            assert [check for check in checks if not check.ok] == []
            some = slow.days()[:: max(1, len(slow.days()) // 3)]
            for on in [*some, TODAY]:
                report = aging_report(db, tenant_id, on)
                assert report.rows == slow.aging(on)
                assert all(tie.ok for tie in report.tie_out)
            for number, customer_id in self.ids.items():
                posted = posted_balances(db, tenant_id, TODAY, customer_id=customer_id)
                for currency in CURRENCIES:
                    balance = slow.balance(number, currency, TODAY)
                    assert balance_at(db, tenant_id, customer_id, currency, TODAY) == balance
                    assert posted.get(currency, 0) == balance
            for on, rows in self.closed.items():
                assert aging_report(db, tenant_id, on).rows == rows, "a closed period does not change"
            for on, step, moment in self.seen[-3:]:
                assert aging_report(db, tenant_id, on, known_at=moment).rows == slow.aging(on, step)


def test_whatever_is_done_the_books_equal_the_slow_model(engine: sa.Engine) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(
        Story,
        settings=settings(
            max_examples=12, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
