"""A collections desk for tests: debtors, overdue documents, days that pass, and mail that really goes by SMTP."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from email.message import EmailMessage
from uuid import UUID

import sqlalchemy as sa

from app.jobs import deliver
from ar.cases.commands import approve_action, complete_task, run_day
from ar.cases.inputs import ApproveAction, CompleteTask
from ar.cases.models import Action, LadderState, Step, WithheldStep
from ar.cases.queries import run_steps
from ar.cases.runs import RunResult
from ar.cases.views import StepLine
from ar.customers.commands import upsert_customers
from ar.customers.inputs import CustomerRow
from ar.customers.queries import find_numbers
from ar.ledger.allocation import NewAllocation, allocate
from ar.ledger.posting import NewItem, post_items
from kernel import outbox
from kernel.clock import fixed_clock, moment_on, utc_now
from kernel.i18n import use_language
from tests.support.companies import TestCompany

EVERY_ROLE = ("accountant", "sales_manager", "finance_director", "general_manager")


@dataclass
class Desk:
    """One company's escalation, driven through its commands; each method is one committed transaction."""

    company: TestCompany
    customers: dict[str, UUID] = field(default_factory=dict)

    def customer(self, number: str = "00001", *, policy: str | None = None, **more: object) -> UUID:
        """A debtor with one contact for everything."""
        row = CustomerRow(
            number=number,
            name=f"客户{number}",
            contact_name="王芳",
            contact_email=f"ar@{number}.example",
            policy_code=policy,
            **more,  # type: ignore[arg-type]
        )
        with self.company.transaction() as db:
            upsert_customers(db, self.company.actor(), [row])
            self.customers[number] = find_numbers(db, self.company.tenant_id, [number])[number].id
        return self.customers[number]

    def invoice(
        self,
        number: str,
        due_on: date,
        amount_minor: int = 100_000,
        *,
        customer: str = "00001",
        settlement_days: int = 0,
        currency: str = "CNY",
        kind: str = "invoice",
    ) -> UUID:
        """What is owed, due on a day."""
        if customer not in self.customers:
            self.customer(customer)
        document_on = due_on - timedelta(days=30)
        end_on = due_on + timedelta(days=settlement_days)
        item = NewItem(self.customers[customer], kind, number, document_on, due_on, end_on, currency, amount_minor)
        with self.company.transaction() as db:
            return post_items(db, self.company.actor(due_on), [item])[0]

    def credit(
        self, number: str, on: date, amount_minor: int, *, customer: str = "00001", kind: str = "receipt"
    ) -> UUID:
        """A receipt or credit note, not yet applied."""
        item = NewItem(self.customers[customer], kind, number, on, on, on, "CNY", amount_minor)
        with self.company.transaction() as db:
            return post_items(db, self.company.actor(on), [item])[0]

    def pay(
        self, item: UUID, on: date, amount_minor: int = 100_000, *, number: str = "", kind: str = "receipt"
    ) -> UUID:
        """A receipt applied to one item; returns the allocation."""
        with self.company.reading() as db:
            from ar.ledger.models import OpenItem

            customer_id = db.execute(
                sa.select(OpenItem.customer_id).where(OpenItem.tenant_id == self.company.tenant_id, OpenItem.id == item)
            ).scalar_one()
        credit = NewItem(customer_id, kind, number or f"R{item.hex[-8:]}", on, on, on, "CNY", amount_minor)
        with self.company.transaction() as db:
            actor = self.company.actor(on)
            credit_id = post_items(db, actor, [credit])[0]
            return allocate(db, actor, [NewAllocation(item, credit_id, amount_minor)])[0]

    def run(self, on: date) -> list[StepLine]:
        """The daily run of a day, in English."""
        return self.run_result(on)[1]

    def run_result(self, on: date) -> tuple[RunResult, list[StepLine]]:
        """The run and its lines."""
        with self.company.transaction() as db, use_language("en"):
            result = run_day(db, self.company.actor(on))
            return result, run_steps(db, self.company.tenant_id, result)

    def actions(self, *states: str) -> list[sa.Row]:
        """Letters and tasks in some states (none: all), oldest first."""
        query = sa.select(Action.__table__).where(Action.tenant_id == self.company.tenant_id).order_by(Action.id)
        if states:
            query = query.where(Action.state.in_(states))
        with self.company.reading() as db:
            return list(db.execute(query))

    def steps(self, item: UUID | None = None) -> list[sa.Row]:
        """Steps, in the order of levels."""
        query = sa.select(Step.__table__).where(Step.tenant_id == self.company.tenant_id).order_by(Step.level, Step.id)
        if item is not None:
            query = query.where(Step.item_id == item)
        with self.company.reading() as db:
            return list(db.execute(query))

    def held(self) -> list[sa.Row]:
        """Every hold ever noted."""
        query = (
            sa.select(WithheldStep.__table__)
            .where(WithheldStep.tenant_id == self.company.tenant_id)
            .order_by(WithheldStep.id)
        )
        with self.company.reading() as db:
            return list(db.execute(query))

    def state(self, item: UUID) -> sa.Row:
        """Where an item stands."""
        s = LadderState.__table__
        with self.company.reading() as db:
            return db.execute(sa.select(s).where(s.c.tenant_id == self.company.tenant_id, s.c.item_id == item)).one()

    def approve(self, on: date, action_id: UUID, roles: Sequence[str] = EVERY_ROLE) -> None:
        """Somebody who may releases it."""
        with self.company.transaction() as db:
            approve_action(db, self.company.actor(on, roles), action_id, ApproveAction())

    def send(self, on: date, at: time = time(9, 5)) -> list[str]:
        """The dispatcher and the real job, until the outbox is empty."""
        results: list[str] = []
        tenant_id = self.company.tenant_id
        with fixed_clock(moment_on(on, self.company.timezone, at)):
            while True:
                with self.company.transaction() as db:
                    claimed = outbox.claim(db, tenant_id, utc_now())
                if not claimed:
                    return results
                results += [deliver(str(tenant_id), str(each.id), str(each.fence)) for each in claimed]

    def work(self, on: date) -> list[str]:
        """A whole day: run, release every letter, send, and do every task; returns the steps proposed."""
        codes = [line.step for line in self.run(on) if line.status == "proposed"]
        for action in self.actions("proposed"):
            if action.form == "letter":
                self.approve(on, action.id)
            else:
                with self.company.transaction() as db:
                    actor = self.company.actor(on, EVERY_ROLE)
                    complete_task(db, actor, action.id, CompleteTask(note="done"))
        self.send(on)
        return codes

    def days(self, from_on: date, to_on: date) -> list[tuple[date, str, str]]:
        """Whole days from one to another: (day, document, step) of everything proposed."""
        seen = []
        for n in range((to_on - from_on).days + 1):
            day = from_on + timedelta(days=n)
            lines = self.run(day)
            seen += [(day, line.document_no, line.step) for line in lines if line.status == "proposed"]
            for action in self.actions("proposed"):
                if action.form == "letter":
                    self.approve(day, action.id)
                else:
                    with self.company.transaction() as db:
                        complete_task(db, self.company.actor(day, EVERY_ROLE), action.id, CompleteTask(note="done"))
            self.send(day)
        return seen


@dataclass
class Postbox:
    """What a real SMTP server on loopback took; `refused` addresses get 550."""

    mails: list[EmailMessage] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)

    def to(self, address: str) -> list[EmailMessage]:
        """What came for an address."""
        return [mail for mail in self.mails if address in str(mail["To"])]

    async def handle_RCPT(self, _server, _session, envelope, address, _options) -> str:  # type: ignore[no-untyped-def]  # noqa: N802
        """Refuses whom it shall."""
        if address in self.refused:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope) -> str:  # type: ignore[no-untyped-def]  # noqa: N802
        """Keeps the mail."""
        from email import message_from_bytes, policy

        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        return "250 OK"


@contextmanager
def smtp_server() -> Iterator[tuple[Postbox, str]]:
    """A postbox and its smtp:// address."""
    from aiosmtpd.controller import Controller

    box = Postbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port, decode_data=False)
    controller.start()
    try:
        yield box, f"smtp://127.0.0.1:{port}"
    finally:
        controller.stop()
