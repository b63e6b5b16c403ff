"""What the demo promises on every day and at every hour, each promise a check; and the demo built at a moment.

The tests and the sweep ask the same checks. A check raises AssertionError and reads as the company's books stand.
"""

from __future__ import annotations

import os
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from uuid import UUID

import sqlalchemy as sa

from app.examination import company_checks
from app.seeds.cast import HUAXIN, WEIYE, CompanyCast
from app.seeds.people import SignIn
from app.seeds.play import MAILS_AT_START, seed
from ar.bills.models import Bill
from ar.cases.models import Action, CollectionHold, DayRun, StepTaken
from ar.cases.rules.policy import load_preset
from ar.credit.models import (
    Assessment,
    CreditLimit,
    DangerSignal,
    Guarantee,
    LimitChange,
    OverLimitRequest,
    PaymentProof,
    ReviewCampaign,
    ReviewLine,
)
from ar.credit.rules.policy import CheckCode
from ar.customers.models import Contact
from ar.interest.models import InterestRun, InterestWaiver
from ar.ledger.books.queries import open_items
from ar.ledger.closing.fx.models import FxRate
from ar.ledger.documents.models import DocumentDraft
from ar.ledger.models import OpenItem, PeriodLock
from ar.ledger.rules.stages import Stage
from ar.losses.models import BadDebtCase, BadDebtRecovery, ProvisionRun
from ar.receipts.models import BankFile, BankLine, Refund
from ar.reports.aging.queries import aging_report
from ar.sales.deliveries.shipping import preview_note
from ar.sales.models import Delivery, Order, OrderDecision
from ar.statements.models import Confirmation, Difference, Statement
from kernel import db as database
from kernel import journal
from kernel.calendars import WorkCalendar
from kernel.clock import local_date, utc_now
from kernel.db import TenantSession, open_session, read_only_transaction
from kernel.mail import MailMessage
from kernel.outbox import OutboxMessage
from kernel.settings import settings
from tenants.approvals.models import Approval
from tenants.permissions import Role
from tenants.queries import TenantFacts, members, system_actor_for, tenant_by_slug
from tests.support import statements
from tests.support.database import new_database


@dataclass(frozen=True)
class Demo:
    """A demo as it stands at the clock's moment: its sign-ins, and one of its companies with a reading session."""

    sign_ins: list[SignIn]
    company: TenantFacts
    cast: CompanyCast
    db: TenantSession

    @property
    def tenant_id(self) -> UUID:
        """The company's id."""
        return self.company.id

    @property
    def today(self) -> date:
        """The company's date."""
        return local_date(utc_now(), self.cast.timezone)

    def count(self, model: type, *wanted: sa.ColumnElement[bool]) -> int:
        """How many rows of the company there are."""
        counted = sa.select(sa.func.count()).select_from(model).where(model.tenant_id == self.tenant_id, *wanted)
        return self.db.execute(counted).scalar_one()

    def values(self, column: sa.ColumnElement[str] | sa.orm.InstrumentedAttribute[str]) -> Counter[str]:
        """How often each value of a column occurs in the company."""
        model = column.class_  # type: ignore[union-attr]
        return Counter(self.db.execute(sa.select(column).where(model.tenant_id == self.tenant_id)).scalars())


Check = Callable[[Demo], None]


def broken_promises() -> Iterator[tuple[str, str]]:
    """Builds the demo at the clock's moment, in a database of its own; yields each broken promise and what was seen."""
    with _fresh_database():
        try:
            sign_ins = seed(lambda _line: None)
        except Exception as fault:
            yield "the demo can be built", repr(fault)
            return
        for cast, checks in ((WEIYE, (*EACH, *FIRST)), (HUAXIN, (*EACH, *SECOND))):
            with open_session(None, read_only=True) as db:
                company = tenant_by_slug(db, cast.slug)
            with read_only_transaction(company.id) as db:
                demo = Demo(sign_ins, company, cast, db)
                for check in checks:
                    try:
                        check(demo)
                    except AssertionError as fault:
                        where = traceback.extract_tb(fault.__traceback__)[-1].line
                        yield f"{cast.slug}: {check.__name__}", f"{where} {fault}"


@contextmanager
def _fresh_database() -> Iterator[None]:
    """This process works in a new database meanwhile."""
    before = os.environ["DATABASE_URL"]
    with new_database(before) as url:
        try:
            _work_in(url)
            statements.install(database.engine())
            yield
        finally:
            database.engine().dispose()
            _work_in(before)
            # The process has a new engine from here on: its statements are looked at as before.
            statements.install(database.engine())


def _work_in(url: str) -> None:
    os.environ["DATABASE_URL"] = url
    settings.cache_clear()
    database.engine.cache_clear()


# Each company


def the_books_tie(demo: Demo) -> None:
    """On the day, a month ago and long ago."""
    for days in (0, 30, 200):
        report = aging_report(demo.db, demo.tenant_id, demo.today - timedelta(days=days))
        assert report.rows
        assert all(tie.ok for tie in report.tie_out), days


def the_doctor_finds_nothing(demo: Demo) -> None:
    """Every line of `huikuan doctor`."""
    broken = [line for line in company_checks(demo.db, demo.tenant_id) if not line.ok]
    assert broken == [], broken


def the_journal_is_sealed_and_in_the_order_of_time(demo: Demo) -> None:
    """Nothing is stamped later than now, nor before what was told already."""
    found = journal.verify(demo.db, demo.tenant_id)
    assert found.ok
    assert found.unsealed == 0
    e = journal.JournalEvent
    moments = list(demo.db.execute(sa.select(e.at).where(e.tenant_id == demo.tenant_id).order_by(e.id)).scalars())
    backwards = [pair for pair in pairwise(moments) if pair[0] > pair[1]]
    assert backwards == [], backwards
    assert moments[-1] <= utc_now()


def the_ladder_was_climbed_through_the_last_working_day(demo: Demo) -> None:
    """On a day off the newest run is that of the last working day; nothing stands approved and unsent."""
    last = WorkCalendar(demo.cast.calendar).previous_working_day(demo.today)  # type: ignore[arg-type]
    newest = sa.select(sa.func.max(DayRun.run_on)).where(DayRun.tenant_id == demo.tenant_id)
    assert demo.db.execute(newest).scalar_one() == last
    assert demo.count(Action, Action.state == "approved") == 0


# The first company


def every_role_has_a_sign_in_and_one_person_two_companies(demo: Demo) -> None:
    """Whoever may sign in has a password."""
    assert len({(each.email, each.company) for each in demo.sign_ins}) == len(demo.sign_ins)
    people = members(demo.db, demo.tenant_id)
    assert {role for person in people for role in person.roles} == {role.value for role in Role}
    assert all(person.has_password for person in people)
    with open_session(None, read_only=True) as db:
        other = members(db, tenant_by_slug(db, HUAXIN.slug).id)
    assert "accountant@weiye.example" in {person.email for person in other}


def a_second_run_changes_nothing(demo: Demo) -> None:
    """It only says who may sign in."""
    said: list[str] = []
    assert seed(said.append) == demo.sign_ins
    assert said == []


def every_stage_has_somebody_in_it(demo: Demo) -> None:
    """Save bad debt: that is a decision of people with approval, not of dates."""
    now_open = open_items(demo.db, demo.tenant_id, as_of=demo.today)
    stages = {item.stage for item in now_open if item.side > 0}
    assert stages == set(Stage) - {Stage.BAD_DEBT}, stages
    assert any(item.side < 0 for item in now_open), "somebody paid more than was asked"


def every_step_of_both_ladders_has_somebody_on_it(demo: Demo) -> None:
    """Whether done, skipped or waiting."""
    steps = set(demo.values(StepTaken.code))
    wanted = {step.code for name in ("five-step", "twelve-step") for step in load_preset(name).steps()}
    assert wanted <= steps, wanted - steps


def the_queue_is_worth_a_look(demo: Demo) -> None:
    """Letters, calls and tasks, of which somebody must release some."""
    waiting = demo.db.execute(
        sa.select(Action.form, Action.release_role).where(
            Action.tenant_id == demo.tenant_id, Action.state == "proposed"
        )
    ).all()
    assert 8 <= len(waiting) <= 15, len(waiting)
    forms = {row.form for row in waiting}
    assert forms == {"letter", "call", "task"}, forms
    assert any(row.release_role for row in waiting)


def the_past_is_settled_and_a_few_statements_go_out_when_the_demo_starts(demo: Demo) -> None:
    """One mail came back."""
    states = demo.values(OutboxMessage.state)
    assert states.keys() == {"done", "ready"}, states
    assert states["ready"] == MAILS_AT_START, states
    mails = demo.values(MailMessage.state)
    assert mails["queued"] == MAILS_AT_START
    assert mails["sending"] == mails["unknown"] == 0, mails
    assert mails["sent"] > 100, mails
    assert mails["failed"] == 1, mails


def statements_agree_differ_lie_and_give_way(demo: Demo) -> None:
    """And a difference names a document of ours."""
    s, c = Statement, Confirmation
    rows = demo.db.execute(
        sa.select(s.superseded_at, c.outcome)
        .outerjoin(c, sa.and_(c.tenant_id == s.tenant_id, c.statement_id == s.id))
        .where(s.tenant_id == demo.tenant_id)
    ).all()
    outcomes = Counter(row.outcome for row in rows)
    assert outcomes["agrees"] >= 5, outcomes
    assert outcomes["differs"] >= 1, outcomes
    assert outcomes[None] >= 5, outcomes
    assert any(row.superseded_at for row in rows)
    assert demo.count(Difference, Difference.our_minor.is_not(None)) >= 1


def there_are_blocks_disputes_promises_currencies_and_a_debtor_without_mail(demo: Demo) -> None:
    """One promise runs and one was broken."""
    assert set(demo.values(CollectionHold.kind)) == {"block", "dispute", "promise"}
    promise = CollectionHold.kind == "promise"
    assert demo.count(CollectionHold, promise, CollectionHold.until_on >= demo.today) == 1
    assert demo.count(CollectionHold, promise, CollectionHold.until_on < demo.today) == 1
    assert "" in demo.values(Contact.email)
    assert set(demo.values(OpenItem.currency)) == {"CNY", "USD", "JPY"}


def the_cash_desk_shows_a_bank_file_bills_a_refund_and_a_draft(demo: Demo) -> None:
    """Lines that are sure, that are likely, and that say nothing; a bill to present, lent on, handed on, refused."""
    assert set(demo.values(BankFile.state)) == {"read"}
    proposals = Counter(
        demo.db.execute(sa.select(BankLine.proposal_state).where(BankLine.tenant_id == demo.tenant_id)).scalars()
    )
    assert proposals.total() == 7
    assert proposals["sure"] >= 2, proposals
    assert len(proposals) >= 3, proposals
    bills = demo.values(Bill.state)
    assert bills == {"held": 1, "discounted_recourse": 1, "endorsed": 1, "dishonoured": 1}, bills
    assert demo.count(Bill, Bill.state == "held", Bill.matures_on == demo.today) == 1
    assert demo.values(Refund.state) == {"asked": 1}
    assert demo.values(DocumentDraft.state)["draft"] == 1
    assert demo.count(FxRate, FxRate.rate_on == demo.today) == 3


def interest_provision_and_bad_debts_are_booked_and_approvals_wait(demo: Demo) -> None:
    """One debt is written off and partly recovered, one is proposed; the month before last is closed."""
    assert demo.count(InterestRun) == demo.count(InterestWaiver) == demo.count(ProvisionRun) == 1
    assert demo.values(BadDebtCase.state) == {"written_off": 1, "proposed": 1}
    assert demo.count(BadDebtRecovery) == 1
    assert demo.values(Approval.state)["pending"] >= 3, demo.values(Approval.state)
    month_end = demo.today.replace(day=1) - timedelta(days=1)
    locked = demo.db.execute(
        sa.select(sa.func.max(PeriodLock.through_on)).where(PeriodLock.tenant_id == demo.tenant_id)
    ).scalar_one()
    assert locked == month_end.replace(day=1) - timedelta(days=1)


def credit_has_every_grade_limits_a_review_half_done_and_signals_that_wait(demo: Demo) -> None:
    """A temporary limit runs out within the week, one assessment is being signed and one written."""
    assert demo.values(Assessment.state) == {"approved": 4, "submitted": 1, "draft": 1}
    approved = Assessment.state == "approved"
    grades = sa.select(Assessment.grade).where(Assessment.tenant_id == demo.tenant_id, approved)
    assert sorted(demo.db.execute(grades).scalars()) == ["A", "B", "C", "D"]
    ends_soon = CreditLimit.valid_to.between(demo.today, demo.today + timedelta(days=7))
    assert demo.count(CreditLimit, CreditLimit.kind == "temporary", ends_soon) == 1
    assert demo.count(CreditLimit, CreditLimit.unlimited.is_(True)) == 1
    assert demo.count(LimitChange, LimitChange.state == "requested") == 1
    assert demo.count(OverLimitRequest, OverLimitRequest.state == "requested") == 1
    assert demo.count(PaymentProof, PaymentProof.state == "uploaded") == 1
    assert demo.count(Guarantee, Guarantee.valid_to.between(demo.today, demo.today + timedelta(days=30))) == 1
    assert demo.values(ReviewCampaign.state) == {"open": 1}
    assert demo.count(ReviewLine, ReviewLine.decision.is_not(None)) >= 5
    assert demo.count(ReviewLine, ReviewLine.decision.is_(None)) >= 5
    flagged = sa.func.cardinality(ReviewLine.flags) > 0
    assert 2 <= demo.count(ReviewLine, flagged) <= demo.count(ReviewLine) // 2, "limits of a size that is used"
    assert 1 <= demo.count(ReviewLine, flagged, ReviewLine.explanation == "") < demo.count(ReviewLine, flagged)
    assert demo.count(DangerSignal, DangerSignal.decision.is_(None), DangerSignal.source == "manual") == 2
    assert demo.count(DangerSignal, DangerSignal.decision.is_(None), DangerSignal.source == "computed") >= 1


def orders_are_held_for_each_reason_and_notes_are_out_unsigned(demo: Demo) -> None:
    """Unsigned notes of several ages; others wait for the warehouse, are picked, or came back signed."""
    answers = sa.select(OrderDecision.reasons).where(OrderDecision.tenant_id == demo.tenant_id)
    held = {reason["code"] for reasons in demo.db.execute(answers).scalars() for reason in reasons}
    every = {code.value for code in CheckCode}
    assert every - {"state"} <= held, every - held
    waiting = sa.select(Delivery.id).where(
        Delivery.tenant_id == demo.tenant_id, Delivery.state.in_(("planned", "picked"))
    )
    keeper = replace(system_actor_for(demo.db, demo.tenant_id), today=demo.today)
    seen = [preview_note(demo.db, keeper, note) for note in demo.db.execute(waiting).scalars().all()]
    stays = {reason.code.value for decision in seen for reason in decision.reasons}
    assert stays == every, f"not seen in the warehouse: {every - stays}"
    assert any(decision.passes for decision in seen), "something may go"
    assert demo.values(Order.state)["held"] >= 13, demo.values(Order.state)
    states = demo.values(Delivery.state)
    assert {"planned", "picked", "shipped", "signed"} <= set(states), states
    shipped = sa.select(Delivery.shipped_on).where(Delivery.tenant_id == demo.tenant_id, Delivery.state == "shipped")
    ages = {(demo.today - on).days for on in demo.db.execute(shipped).scalars() if on}
    assert len(ages) >= 4, ages
    assert max(ages) > 14, ages


# The second company


def its_queue_has_a_letter(demo: Demo) -> None:
    """The newest of the last working day."""
    assert demo.count(Action, Action.state == "proposed", Action.form == "letter") >= 1


def it_trades_on_limits_that_were_taken_over(demo: Demo) -> None:
    """Nobody here can approve them, so they stay flagged."""
    assert set(demo.values(CreditLimit.source)) == {"taken_over"}
    assert demo.count(CreditLimit, CreditLimit.approval_id.is_(None)) == len(demo.cast.debtors)
    assert demo.count(Delivery, Delivery.state == "shipped") >= 1


EACH: tuple[Check, ...] = (
    the_books_tie,
    the_doctor_finds_nothing,
    the_journal_is_sealed_and_in_the_order_of_time,
    the_ladder_was_climbed_through_the_last_working_day,
)
FIRST: tuple[Check, ...] = (
    every_role_has_a_sign_in_and_one_person_two_companies,
    a_second_run_changes_nothing,
    every_stage_has_somebody_in_it,
    every_step_of_both_ladders_has_somebody_on_it,
    the_queue_is_worth_a_look,
    the_past_is_settled_and_a_few_statements_go_out_when_the_demo_starts,
    statements_agree_differ_lie_and_give_way,
    there_are_blocks_disputes_promises_currencies_and_a_debtor_without_mail,
    the_cash_desk_shows_a_bank_file_bills_a_refund_and_a_draft,
    interest_provision_and_bad_debts_are_booked_and_approvals_wait,
    credit_has_every_grade_limits_a_review_half_done_and_signals_that_wait,
    orders_are_held_for_each_reason_and_notes_are_out_unsigned,
)
SECOND: tuple[Check, ...] = (its_queue_has_a_letter, it_trades_on_limits_that_were_taken_over)
