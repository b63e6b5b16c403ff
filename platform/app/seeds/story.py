"""Replays the demo's history day by day, by the product's own commands at a fixed clock.

Invariants: nothing is written but by commands and handlers; time only goes forward, and never past the present; what
a past day queued is settled on that day without SMTP, so nothing of it goes out when the demo starts; the whole story
is one transaction, so a company is there with all of its history or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.handlers import HANDLERS, ON_OUTCOME, RECHECKS
from app.seeds.cast import CompanyCast
from app.seeds.history import LIVE_DAYS, History
from ar.cases.commands import complete_task, place_hold, release_action, run_day, skip_action
from ar.cases.holds.inputs import PlaceHold
from ar.cases.holds.outcome_inputs import CompleteTask
from ar.cases.models import Action
from ar.cases.queue.inputs import ReleaseAction, SkipAction
from ar.cases.rules.policy import Effect
from ar.customers.queries import CustomerFacts, find_numbers
from ar.ledger.books.allocation import NewAllocation, allocate
from ar.ledger.books.posting import NewItem, post_items
from ar.ledger.books.queries import OpenItemView, open_items
from ar.statements.commands import issue_statement
from ar.statements.confirmations import answer_statement, send_code, verify_code
from ar.statements.inputs import AnswerStatement, DifferenceRow, IssueStatement
from ar.statements.mails import PURPOSE
from kernel import mail, outbox, tokens
from kernel.actor import Actor, system_actor
from kernel.calendars import WorkCalendar
from kernel.clock import fixed_clock, moment_on, utc_now
from kernel.errors import HuikuanError, RuleBroken
from kernel.i18n import use_language
from kernel.mail import SEND_MAIL, MailMessage
from tenants.permissions import Role

_DAY: Final = timedelta(days=1)
#: How many letters and tasks the demo leaves for today's review.
QUEUE_MAX: Final = 14
_CODE: Final = re.compile(r"^\s*(\d{6})\s*$", re.MULTILINE)
_CALLS: Final = {
    "zh_CN": (
        "对方财务称本周安排付款。",
        "未接通，已留言。",
        "对方正在走付款审批，承诺月底前。",
        "已与采购经理沟通，单据已补发。",
    ),
    "en": ("They will pay with this week's run.", "No answer, left a message.", "Waiting for internal approval."),
}
_TASKS: Final = {"zh_CN": "已汇报，按流程继续跟进。", "en": "Reported; we go on as planned."}
_SKIPS: Final = {"zh_CN": "老客户，业务员已当面确认付款日期。", "en": "Agreed face to face with their controller."}
#: So many days long the people told most debtors by telephone what a letter would have said, and tried the letters out.
TRYING_DAYS: Final = 55
_TOLD: Final = {"zh_CN": "上线试运行：业务员已电话提醒，未发函。", "en": "Trying it out: told by telephone, no letter."}


@dataclass
class Story:
    """One company while its history is replayed. The caller commits `db`."""

    db: Session
    cast: CompanyCast
    tenant_id: UUID
    people: dict[str, UUID]
    history: History
    calendar: WorkCalendar
    today: date
    last_run_on: date
    customers: dict[str, CustomerFacts] = field(default_factory=dict)
    items: dict[tuple[str, str], UUID] = field(default_factory=dict)
    rng: Random = field(default_factory=lambda: Random(20_26))  # noqa: S311 - a story, not a secret
    bouncing: set[str] = field(default_factory=set)
    played_until: datetime | None = None
    #: The newest period of which a debtor got a statement.
    stated: dict[str, tuple[date, date]] = field(default_factory=dict)
    #: Debtors whose customer file is complete, and the framework contracts of those who ordered.
    filed: set[str] = field(default_factory=set)
    contracts: dict[str, UUID] = field(default_factory=dict)

    @contextmanager
    def at(self, day: date, hour: int, minute: int = 0) -> Iterator[tuple[Session, Actor]]:
        """Yields session and system actor at a moment of `day`, never in the future; then delivers the outbox.

        Raises ValueError for a moment before an earlier one.
        """
        moment = self._moment(day, hour, minute)
        if self.played_until and moment < self.played_until:
            raise ValueError(f"{moment} comes after {self.played_until}")
        self.played_until = moment
        with fixed_clock(moment), use_language(self.cast.language):
            actor = system_actor(self.tenant_id, self.cast.timezone, language=self.cast.language)
            yield self.db, actor
            self._deliver_outbox(self.db, actor)

    def _moment(self, day: date, hour: int, minute: int) -> datetime:
        """Returns the time of day, or if that is in the future a moment of the last second, in the same order."""
        midnight, planned = (moment_on(day, self.cast.timezone, at) for at in (time(), time(hour, minute)))
        left = timedelta(seconds=1 - (hour * 60 + minute) / (24 * 60))
        return min(planned, max(utc_now() - left, midnight))

    def person(self, actor: Actor, key: str) -> Actor:
        """Returns a person of the cast as actor at the same moment."""
        found = next((person for person in self.cast.people if person.key == key), self.cast.people[0])
        roles = frozenset(role.value for role in found.roles)
        return Actor(
            actor.tenant_id,
            "person",
            found.name,
            actor.now,
            actor.today,
            actor.timezone,
            actor.language,
            self.people[found.key],
            roles,
        )

    def book(self, db: Session, actor: Actor, from_on: date, to_on: date, memo: str) -> None:
        """Posts and allocates what the history dates from `from_on` to `to_on`."""
        days = [from_on + n * _DAY for n in range((to_on - from_on).days + 1)]
        documents = [document for day in days for document in self.history.documents.get(day, ())]
        new = [
            NewItem(self.customers[d.debtor].id, d.kind, d.number, d.on, d.due_on, d.end_on, d.currency, d.amount_minor)
            for d in documents
        ]
        ids = post_items(db, actor, new, memo=memo)
        self.items.update({(d.kind, d.number): id_ for d, id_ in zip(documents, ids, strict=True)})
        allocate(
            db,
            actor,
            [
                NewAllocation(self.items[a.debit], self.items[a.credit], a.amount_minor, a.on)
                for day in days
                for a in self.history.applications.get(day, ())
            ],
        )

    def load_customers(self, db: Session) -> None:
        """Loads the customers just created."""
        self.customers = find_numbers(db, self.tenant_id, [debtor.number for debtor in self.cast.debtors])

    def run(self, db: Session, actor: Actor) -> None:
        """Runs the day; on all days but the last, decides everything it proposes.

        On the day before the last run one call stays open, so that today's queue always has one.
        """
        run_day(db, actor)
        waiting = self._waiting(db, actor)
        before_last = self.calendar.next_working_day(actor.today + _DAY) == self.last_run_on
        if before_last and waiting and waiting[-1].form == "call":
            waiting.pop()
        self._review(db, actor, waiting, leave=QUEUE_MAX if actor.today == self.last_run_on else 0)

    def _waiting(self, db: Session, actor: Actor) -> list[Any]:
        """Returns the open proposals; those that today's queue must show come last: calls, then forgotten invoices."""
        a = Action
        waiting = list(
            db.execute(
                sa.select(a.id, a.form, a.code, a.release_role, a.customer_id, a.effects)
                .where(a.tenant_id == actor.tenant_id, a.state == "proposed")
                .order_by(a.total_minor, a.id)
            )
        )
        shown = {self.customers[d.number].id for d in self.cast.debtors if d.slip.startswith("next:")}
        return sorted(waiting, key=lambda row: (row.form == "call", row.customer_id in shown))

    def _review(self, db: Session, actor: Actor, waiting: list[Any], *, leave: int) -> None:
        """Decides the proposals, sometimes by skipping, until `leave` are left, with those that have no contact."""
        left = len(waiting)
        for row in waiting:
            if left <= leave:
                break
            try:
                with db.begin_nested():
                    left -= self._decide(db, actor, row)
            except RuleBroken as refused:
                # Without an address the letter and the task of mending it stay in the queue, as in production.
                if refused.code not in ("no_dunning_contact", "no_address_yet"):
                    raise

    def _decide(self, db: Session, actor: Actor, row: Any) -> bool:
        """Decides one proposal; returns False where nobody of the cast may."""
        keys = {Role.SALES_MANAGER: "sales-manager", Role.FINANCE_DIRECTOR: "finance-director"}
        keys[Role.GENERAL_MANAGER] = "general-manager"
        who = self.person(actor, keys.get(Role(row.release_role), "accountant") if row.release_role else "accountant")
        if row.release_role and row.release_role not in who.roles:
            return False
        if row.form != "letter":
            if row.release_role:
                release_action(db, who, row.id, ReleaseAction())
            notes = _CALLS[self.cast.language] if row.form == "call" else (_TASKS[self.cast.language],)
            complete_task(db, who, row.id, CompleteTask(note=self.rng.choice(notes)))
        elif self._is_told(actor, row):
            skip_action(db, who, row.id, SkipAction(reason=_TOLD[self.cast.language]))
        elif row.release_role is None and self.rng.random() < 0.02:
            skip_action(db, who, row.id, SkipAction(reason=_SKIPS[self.cast.language]))
        else:
            release_action(db, who, row.id, ReleaseAction())
        return True

    def _is_told(self, actor: Actor, row: Any) -> bool:
        """Returns whether this letter is spared while the letters are tried out; one that sets a deadline is not."""
        trying = (self.last_run_on - actor.today).days > LIVE_DAYS - TRYING_DAYS
        return trying and Effect.SET_DEADLINE.value not in row.effects and self.rng.random() < 0.85

    def hold(self, db: Session, actor: Actor, debtor: str, kind: str, reason: str, **more: Any) -> None:
        """A block, dispute or promise on a customer or on one of its documents (`item_no`)."""
        item_no = more.pop("item_no", None)
        data = PlaceHold(
            customer_id=self.customers[debtor].id,
            item_id=self.items[("invoice", item_no)] if item_no else None,
            kind=kind,  # type: ignore[arg-type]  # checked by the model
            reason=reason,
            **more,
        )
        place_hold(db, self.person(actor, "collector"), data)

    def owed(self, db: Session, actor: Actor, debtor: str) -> list[OpenItemView]:
        """Returns a debtor's open debits, the oldest due date first."""
        found = open_items(db, self.tenant_id, as_of=actor.today, customer_id=self.customers[debtor].id)
        return [item for item in found if item.side > 0]

    def overdue(self, db: Session, actor: Actor, debtor: str) -> list[OpenItemView]:
        """Returns a debtor's overdue debits, the oldest first."""
        return [item for item in self.owed(db, actor, debtor) if item.due_on < actor.today]

    def state(
        self, db: Session, actor: Actor, debtor: str, period: tuple[date, date], *, again: bool = False
    ) -> str | None:
        """Issues and sends a statement (`again`: also to supersede an answered one); returns its link's token.

        None when there is nothing to state.
        """
        currency = next(d.currency for d in self.cast.debtors if d.number == debtor)
        data = IssueStatement(
            customer_id=self.customers[debtor].id,
            currency=currency,
            period_from=period[0],
            period_to=period[1],
            despite_answer=again,
        )
        try:
            issued = issue_statement(db, self.person(actor, "accountant"), data)
        except RuleBroken as nothing:
            if nothing.code != "statement_nothing_to_state":
                raise
            return None
        self.stated[debtor] = period
        return issued.portal_url.rpartition("/")[2] if issued.portal_url else None

    def answer(
        self, db: Session, actor: Actor, debtor: str, token: str, differences: tuple[DifferenceRow, ...]
    ) -> None:
        """Answers a statement as the debtor: opens the link, requests a code, enters it and signs."""
        link = tokens.resolve(db, token, PURPOSE, actor.now)
        if link is None:
            return
        role = next(d for d in self.cast.debtors if d.number == debtor)
        debtor_actor = Actor(
            actor.tenant_id, "debtor", role.contact, actor.now, actor.today, actor.timezone, role.language
        )
        send_code(db, debtor_actor, link, role.language)
        code_id = verify_code(db, debtor_actor, link, self._mailed_code(db, link.subject_id))
        if code_id is None:
            raise HuikuanError("statement_code_needed")
        data = AnswerStatement(
            outcome="differs" if differences else "agrees",
            signer_name=role.contact,
            signer_title=role.title,
            authority=True,
            code_id=code_id,
            differences=differences,
            remote_address="203.0.113.24",
            user_agent="Mozilla/5.0 (demo)",
            language=role.language,
        )
        answer_statement(db, debtor_actor, link, data)

    def _mailed_code(self, db: Session, statement_id: UUID) -> str:
        m = MailMessage
        body = db.execute(
            sa.select(m.body_text)
            .where(m.tenant_id == self.tenant_id, m.subject_id == statement_id, m.purpose == "statement_code")
            .order_by(m.id.desc())
            .limit(1)
        ).scalar_one()
        found = _CODE.search(body)
        return found.group(1) if found else ""

    def _deliver_outbox(self, db: Session, actor: Actor) -> None:
        """Does for each outbox message what `app.jobs.deliver` does, in this transaction and without SMTP."""
        while claimed := outbox.claim(db, self.tenant_id, actor.now):
            for message in claimed:
                if message.kind == SEND_MAIL:
                    self._deliver(db, actor, UUID(message.payload["mail_id"]))
                else:
                    HANDLERS[message.kind](db, actor, message.payload)
                outbox.finish(db, message, actor.now)

    def _deliver(self, db: Session, actor: Actor, mail_id: UUID) -> None:
        row = mail.get(db, self.tenant_id, mail_id)
        recheck = RECHECKS.get(row.purpose)
        reason = recheck(db, actor, row) if recheck else None
        state, from_state = ("suppressed", "queued") if reason else ("sent", "sending")
        if not reason:
            mail.begin_sending(db, self.tenant_id, mail_id)
            if row.to_address in self.bouncing:
                state, reason = "failed", "550 5.1.1 mailbox does not exist"
        mail.change_state(
            db,
            self.tenant_id,
            mail_id,
            state,
            actor.now,
            reason=reason or "",
            from_state=from_state,
            address_bad=state == "failed",
        )
        on_outcome = ON_OUTCOME.get(row.purpose)
        if on_outcome:
            on_outcome(db, actor, mail.get(db, self.tenant_id, mail_id), state)
