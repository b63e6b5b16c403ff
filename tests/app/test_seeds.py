"""The demo companies: believable, complete, repeatable, and right to the cent. Built once for this file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date

import pytest
import sqlalchemy as sa

from app.seeds import SignIn, seed
from app.seeds.cast import HUAXIN, WEIYE
from app.seeds.history import slip_due_on, write_history
from app.seeds.play import MAILS_AT_START
from ar.cases import ladder
from ar.cases.models import Action, CollectionHold, Step
from ar.cases.policy import load_preset
from ar.customers.models import Contact
from ar.ledger.models import OpenItem
from ar.ledger.queries import open_items
from ar.ledger.stages import Stage
from ar.reports.aging import aging_report
from ar.statements.models import Confirmation, Statement
from kernel import journal
from kernel.calendars import WorkCalendar
from kernel.clock import local_date, utc_now
from kernel.db import TenantSession, open_session, reading
from kernel.mail import MailMessage
from kernel.outbox import OutboxMessage
from tenants.permissions import Role
from tenants.queries import members, tenant_by_slug

TODAY = date(2026, 11, 22)
CALENDAR = WorkCalendar("CN")


@pytest.fixture(scope="module")
def demo(engine: sa.Engine) -> list[SignIn]:
    """The sign-ins of a demo built once; the statements of the whole build pass the listener."""
    return seed(lambda _line: None)


@pytest.fixture
def weiye(demo: list[SignIn]) -> Iterator[TenantSession]:
    """A reading session of the first company."""
    with open_session(None, read_only=True) as db:
        tenant_id = tenant_by_slug(db, WEIYE.slug).id
    with reading(tenant_id) as db:
        yield db


def test_history_is_the_same_for_the_same_day_and_of_the_promised_size() -> None:
    one, two = (write_history(WEIYE, TODAY, date(2026, 11, 20), CALENDAR) for _ in range(2))
    assert one.documents == two.documents
    assert one.applications == two.applications
    assert 1_400 <= one.count() <= 1_700
    assert len(WEIYE.debtors) == 60
    assert max(one.documents) <= TODAY


@pytest.mark.parametrize("code", ["due_notice", "demand", "warning", "general_manager"])
def test_a_forgotten_invoice_meets_its_step_on_the_day(code: str) -> None:
    policy, on = load_preset("five-step"), date(2026, 11, 20)
    due = slip_due_on(policy, code, on, 0, CALENDAR)
    facts = ladder.ItemFacts(due, due)
    steps = {step.code: step.runs_on for step in ladder.simulate(facts, policy, due, on, CALENDAR)}
    assert steps[code] == on


def test_every_role_has_a_sign_in_and_one_person_two_companies(demo: list[SignIn], weiye: TenantSession) -> None:
    assert len({(each.email, each.company) for each in demo}) == len(demo)
    tenant_id = weiye.info["tenant_id"]
    people = members(weiye, tenant_id)
    assert {role for person in people for role in person.roles} == {role.value for role in Role}
    assert all(person.has_password for person in people)
    with open_session(None, read_only=True) as db:
        other = members(db, tenant_by_slug(db, HUAXIN.slug).id)
    assert "accountant@weiye.example" in {person.email for person in other}


def test_a_second_run_changes_nothing(demo: list[SignIn], weiye: TenantSession) -> None:
    said: list[str] = []
    assert seed(said.append) == demo
    assert said == []


def test_every_stage_and_every_step_has_somebody_in_it(weiye: TenantSession) -> None:
    tenant_id = weiye.info["tenant_id"]
    today = local_date(utc_now(), WEIYE.timezone)
    open_now = open_items(weiye, tenant_id, as_of=today)
    # Bad debt is a decision of people with approval, not of dates, and nobody has made it.
    assert {item.stage for item in open_now if item.side > 0} == set(Stage) - {Stage.BAD_DEBT}
    assert any(item.side < 0 for item in open_now), "somebody paid more than was asked"
    steps = set(weiye.execute(sa.select(Step.code).where(Step.tenant_id == tenant_id)).scalars())
    for name in ("five-step", "twelve-step"):
        assert {step.code for step in load_preset(name).steps()} <= steps


def test_the_queue_of_today_is_worth_a_look(weiye: TenantSession) -> None:
    tenant_id = weiye.info["tenant_id"]
    a = Action
    forms = Counter(weiye.execute(sa.select(a.form).where(a.tenant_id == tenant_id, a.state == "proposed")).scalars())
    assert 8 <= forms.total() <= 15
    assert set(forms) == {"letter", "call", "task"}
    past = weiye.execute(
        sa.select(sa.func.count()).select_from(a).where(a.tenant_id == tenant_id, a.state == "approved")
    ).scalar_one()
    assert past == 0, "nothing stands approved and unsent"


def test_the_past_is_settled_and_a_few_statements_go_out_when_the_demo_starts(weiye: TenantSession) -> None:
    tenant_id = weiye.info["tenant_id"]
    o, m = OutboxMessage, MailMessage
    states = Counter(weiye.execute(sa.select(o.state).where(o.tenant_id == tenant_id)).scalars())
    assert states.keys() == {"done", "ready"}
    assert states["ready"] == MAILS_AT_START
    mails = Counter(weiye.execute(sa.select(m.state).where(m.tenant_id == tenant_id)).scalars())
    assert mails["queued"] == MAILS_AT_START
    assert mails["sending"] == mails["unknown"] == 0
    assert mails["sent"] > 100
    assert mails["failed"] == 1


def test_statements_agree_differ_lie_and_give_way(weiye: TenantSession) -> None:
    tenant_id = weiye.info["tenant_id"]
    s, c = Statement, Confirmation
    rows = weiye.execute(
        sa.select(s.superseded_at, c.outcome)
        .outerjoin(c, sa.and_(c.tenant_id == s.tenant_id, c.statement_id == s.id))
        .where(s.tenant_id == tenant_id)
    ).all()
    outcomes = Counter(row.outcome for row in rows)
    assert outcomes["agrees"] >= 5
    assert outcomes["differs"] >= 1
    assert outcomes[None] >= 5
    assert any(row.superseded_at for row in rows)


def test_blocks_disputes_promises_and_a_debtor_without_mail(weiye: TenantSession) -> None:
    tenant_id = weiye.info["tenant_id"]
    kinds = set(weiye.execute(sa.select(CollectionHold.kind).where(CollectionHold.tenant_id == tenant_id)).scalars())
    assert kinds == {"block", "dispute", "promise"}
    emails = weiye.execute(sa.select(Contact.email).where(Contact.tenant_id == tenant_id)).scalars()
    assert "" in set(emails)
    currencies = weiye.execute(sa.select(OpenItem.currency).where(OpenItem.tenant_id == tenant_id).distinct()).scalars()
    assert set(currencies) == {"CNY", "USD", "JPY"}


@pytest.mark.parametrize("days_ago", [0, 30, 200])
def test_the_books_tie_on_every_day(weiye: TenantSession, days_ago: int) -> None:
    today = local_date(utc_now(), WEIYE.timezone)
    report = aging_report(weiye, weiye.info["tenant_id"], date.fromordinal(today.toordinal() - days_ago))
    assert report.rows
    assert all(tie.ok for tie in report.tie_out)


def test_the_journal_is_sealed_and_in_the_order_of_time(weiye: TenantSession) -> None:
    tenant_id = weiye.info["tenant_id"]
    found = journal.verify(weiye, tenant_id)
    assert found.ok
    assert found.unsealed == 0
    e = journal.JournalEvent
    moments = list(weiye.execute(sa.select(e.at).where(e.tenant_id == tenant_id).order_by(e.id)).scalars())
    assert moments == sorted(moments)
    assert moments[-1] <= utc_now()
