"""Builds the demo companies and plays every day from the first to today.

Invariants: debtors follow their payment habit, except for the events listed here by name (disputes, promises, holds,
answers). The events of a day run in order of time, so the journal does too; those later than now are dated within the
last second. On a day off postings are brought up to the day, but no daily run takes place: the queue is that of the
last working day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, time, timedelta
from functools import partial
from importlib import import_module
from multiprocessing import get_context
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.handlers import seal_journal
from app.onboarding import create_company
from app.seeds import cash, losses, trade
from app.seeds.cast import BOUNCING, IN_BOTH, PASSWORD, WEIYE, CompanyCast, Debtor
from app.seeds.history import live_since, write_history
from app.seeds.people import SignIn, missing_companies, sign_ins
from app.seeds.story import Story
from ar.customers.commands import add_contact, upsert_customers
from ar.customers.inputs import AddContact, CustomerRow
from ar.ledger.books.queries import OpenItemView
from ar.statements.commands import send_statement
from ar.statements.inputs import DifferenceRow
from ar.statements.models import Confirmation, Statement
from kernel.actor import Actor
from kernel.calendars import WorkCalendar
from kernel.clock import fixed_clock, local_date, moment_on, utc_now
from kernel.db import TenantSession, engine, open_session, transaction
from kernel.i18n import use_language
from tenants.inputs import CreateTenant
from tenants.people.commands import ensure_user, invite_person
from tenants.people.inputs import InvitePerson
from tenants.permissions import Role
from tenants.queries import system_actor_for
from tenants.settings.commands import change_settings
from tenants.settings.inputs import CompanySettings
from tenants.sign_in.commands import set_password

Say = Callable[[str], None]
Play = Callable[[Story, Session, Actor], None]
_DAY: Final = timedelta(days=1)
#: Caught mails that a stranger finds after the first start.
MAILS_AT_START: Final = 3
_TRADERS: Final = ("salesperson", "salesperson-2")
#: Statements of the last months: how many debtors get one, counted from the month just over.
_STATED: Final = (8, 4, 0)


def seed(say: Say, *, side_by_side: bool = False) -> list[SignIn]:
    """Builds both companies unless they exist; returns a sign-in for every role of R001, first company first.

    `side_by_side`: all but the first in a process of their own, for a caller without threads.
    """
    missing = missing_companies()
    for cast in missing:
        say(f"building {cast.name}: {len(cast.debtors)} customers, fourteen months")
        _enter_people(cast)
    alone, beside = (missing[:1], missing[1:]) if side_by_side else (missing, [])
    with _built_beside(beside):
        for cast in alone:
            _build(cast, say)
    return sign_ins()


@contextmanager
def _built_beside(casts: list[CompanyCast]) -> Iterator[None]:
    """Builds each company in a process of its own while the block runs. Raises RuntimeError when one fails."""
    if casts:
        engine().dispose()  # no process takes over another's connection
    processes = [get_context("fork").Process(target=_build_and_compile, args=(cast,), daemon=True) for cast in casts]
    for process in processes:
        process.start()
    try:
        yield
        for process in processes:
            process.join()
    finally:
        for process in processes:
            process.terminate()
    if any(process.exitcode for process in processes):
        raise RuntimeError("a company of the demo could not be built: see the lines above")


def _build_and_compile(cast: CompanyCast) -> None:
    """Builds a company, then imports what the web server will: it is compiled while the greater company is built."""
    _build(cast, _silent)
    for module in ("app.factory", "gunicorn.app.wsgiapp", "gunicorn.workers.gthread"):
        import_module(module)


def _silent(_line: str) -> None:
    """Says nothing, beside a process that does."""


def _build(cast: CompanyCast, say: Say) -> None:
    """Builds a company in one transaction, so that an interrupted build leaves nothing."""
    today = local_date(utc_now(), cast.timezone)
    calendar = WorkCalendar(cast.calendar)  # type: ignore[arg-type]  # the cast names presets
    last_run_on, live_on = calendar.previous_working_day(today), live_since(today, calendar)
    history = write_history(cast, today, last_run_on, calendar)
    with open_session(None) as db:
        tenant_id, people = _found(db, cast, live_on)
        story = Story(db, cast, tenant_id, people, history, calendar, today, last_run_on)
        story.bouncing = {debtor.email for debtor in cast.debtors if debtor.number == BOUNCING}
        _enter_books(story, live_on)
        say(f"  {history.count()} documents; working day by day since {live_on.isoformat()}")
        _live(story, live_on, say)
        with story.at(today, 23, 59) as (_db, actor):
            seal_journal(db, actor, {})
        _queue_statements(db, tenant_id)
        seal_journal(db, system_actor_for(db, tenant_id), {})
        db.commit()


def _enter_people(cast: CompanyCast) -> None:
    """Enters the people with their password, which is of no company; both companies find who belongs to both."""
    with transaction(None) as db:
        for person in cast.people:
            set_password(db, ensure_user(db, person.email(cast.slug), person.name, cast.language), PASSWORD)


def _queue_statements(db: TenantSession, tenant_id: UUID) -> None:
    """Queues a few statements again, so that there is caught mail with a valid link."""
    s, c = Statement, Confirmation
    answered = sa.select(c.id).where(c.tenant_id == tenant_id, c.statement_id == s.id).exists()
    waiting = db.execute(
        sa.select(s.id)
        .where(s.tenant_id == tenant_id, s.superseded_at.is_(None), s.sent_to.is_not(None), ~answered)
        .order_by(s.issued_at.desc(), s.id)
        .limit(MAILS_AT_START)
    ).scalars()
    for statement_id in waiting.all():
        send_statement(db, system_actor_for(db, tenant_id), statement_id)


def _found(db: TenantSession, cast: CompanyCast, live_on: date) -> tuple[UUID, dict[str, UUID]]:
    """Creates the company, its letterhead and its people; returns its id and the people by key."""
    owner = next(person for person in cast.people if {Role.ADMIN, Role.FINANCE_DIRECTOR} & set(person.roles))
    data = CreateTenant.model_validate(
        {
            "slug": cast.slug,
            "name": cast.name,
            "owner_email": owner.email(cast.slug),
            "owner_name": owner.name,
            "timezone": cast.timezone,
            "currency": cast.currency,
            "language": cast.language,
            "policy": cast.policy,
        }
    )
    with fixed_clock(moment_on(live_on, cast.timezone, time(8, 0))), use_language(cast.language):
        tenant_id, _owner_id = create_company(db, data)
        actor = system_actor_for(db, tenant_id)
        settings = {**cast.letterhead, "policy_code": cast.policy, "calendar": cast.calendar, "review_mode": True}
        change_settings(db, actor, CompanySettings.model_validate(settings))
        people = {}
        for person in cast.people:
            invited = InvitePerson(email=person.email(cast.slug), name=person.name, roles=list(person.roles))
            people[person.key] = invite_person(db, actor, invited)
        if cast is not WEIYE:
            key, roles = IN_BOTH
            known = next(person for person in WEIYE.people if person.key == key)
            guest = InvitePerson(email=known.email(WEIYE.slug), name=known.name, roles=list(roles))
            people[key] = invite_person(db, actor, guest)
    return tenant_id, people


def _enter_books(story: Story, live_on: date) -> None:
    """Creates customers with contacts, and posts everything dated before the first day."""
    cast = story.cast
    with story.at(live_on, 8, 10) as (db, actor):
        traders = [key for key in _TRADERS if key in story.people]
        rows = [_row(cast, debtor, traders[n % len(traders)]) for n, debtor in enumerate(cast.debtors)]
        upsert_customers(db, story.person(actor, "accountant"), rows)
        story.load_customers(db)
        for n, debtor in enumerate(cast.debtors):
            _enter_contact(story, db, actor, debtor, n)
    with story.at(live_on, 8, 20) as (db, actor):
        first_on = min(story.history.documents)
        story.book(db, story.person(actor, "accountant"), first_on, live_on, "opening import")


def _row(cast: CompanyCast, debtor: Debtor, owner: str) -> CustomerRow:
    return CustomerRow(
        debtor.number,
        debtor.name,
        entity_type=debtor.entity_type,
        owner_email=f"{owner}@{cast.slug}.example",
        term_days=debtor.term_days,
        settlement_days=debtor.settlement_days,
        language=debtor.language,
        policy_code=debtor.policy,
    )


def _enter_contact(story: Story, db: Session, actor: Actor, debtor: Debtor, n: int) -> None:
    contact = AddContact(
        customer_id=story.customers[debtor.number].id,
        name=debtor.contact,
        title=debtor.title,
        email=debtor.email,
        phone=f"138 0000 {1000 + n}" if debtor.language == "zh_CN" else f"+1 555 01{n:02d}",
        purposes=("statements", "dunning", "signing") if debtor.mail else (),
    )
    add_contact(db, story.person(actor, "accountant"), contact)


class _Agenda:
    """Events by day and time; more can be added while a day runs, for later hours or days."""

    def __init__(self) -> None:
        self._plays: dict[date, list[tuple[time, Play]]] = defaultdict(list)

    def add(self, day: date, hour: int, minute: int, play: Play) -> None:
        self._plays[day].append((time(hour, minute), play))

    def run_day(self, story: Story, day: date) -> None:
        """Runs the events of `day`, the earliest first."""
        while plays := self._plays[day]:
            at, play = plays.pop(min(range(len(plays)), key=lambda n: plays[n][0]))
            with story.at(day, at.hour, at.minute) as (db, actor):
                play(story, db, actor)


def _live(story: Story, live_on: date, say: Say) -> None:
    """Plays every day since `live_on`: postings, daily run, monthly statements, listed events; says how far it is."""
    agenda = _Agenda()
    for ago, hour, minute, play in _SPECIALS if story.cast is WEIYE else _SPECIALS_ABROAD:
        agenda.add(story.today - ago * _DAY, hour, minute, play)
    if story.cast is not WEIYE:
        agenda.add(story.today, 8, 32, cash.record_month_end_rates)
    booked_on, stated_for = live_on, ""
    played = [live_on + n * _DAY for n in range((story.today - live_on).days + 1)]
    for done, day in enumerate(played, start=1):
        working = story.calendar.is_working_day(day)
        if booked_on < day and (working or day == story.today):
            agenda.add(day, 8, 25, partial(_book, since_on=booked_on))
            booked_on = day
        if working:
            agenda.add(day, 8, 30, Story.run)
            if f"{day:%Y-%m}" != stated_for and day > live_on:
                stated_for = f"{day:%Y-%m}"
                agenda.add(day, 10, 0, partial(_state_month, agenda=agenda))
        agenda.run_day(story, day)
        if done * 10 // len(played) > (done - 1) * 10 // len(played):
            say(f"  {done * 100 // len(played)} % ({day.isoformat()})")


def _book(story: Story, db: Session, actor: Actor, *, since_on: date) -> None:
    story.book(db, story.person(actor, "accountant"), since_on + _DAY, actor.today, "")


def _state_month(story: Story, db: Session, actor: Actor, *, agenda: _Agenda) -> None:
    """Issues the statements of the past month and schedules their answers."""
    day = actor.today
    months_ago = (story.today.year - day.year) * 12 + story.today.month - day.month
    count = _STATED[min(months_ago, len(_STATED) - 1)]
    chosen = [debtor for debtor in story.cast.debtors if debtor.mail and debtor.monthly >= 0.9][:count]
    always = _ALWAYS_STATED if count else ()
    chosen += [debtor for debtor in story.cast.debtors if debtor.number in always and debtor not in chosen]
    sent: dict[str, str] = {}
    for debtor in chosen:
        token = story.state(db, actor, debtor.number, _month_before(day))
        if token:
            sent[debtor.number] = token
    answered_on = min(story.calendar.next_working_day(day + 2 * _DAY), story.today)
    agenda.add(answered_on, 11, 0, partial(_answer, sent=sent))


def _month_before(day: date) -> tuple[date, date]:
    to_on = day.replace(day=1) - _DAY
    return to_on.replace(day=1), to_on


def _answer(story: Story, db: Session, actor: Actor, *, sent: dict[str, str]) -> None:
    """Answers statements: most debtors agree or differ within days, some do not answer."""
    for n, (number, token) in enumerate(sent.items()):
        if number in _DIFFERING:
            story.answer(db, actor, number, token, _differences(story.owed(db, actor, number)[:1]))
        elif n % 3 != 2:
            story.answer(db, actor, number, token, ())


def _differences(items: list[OpenItemView]) -> tuple[DifferenceRow, ...]:
    """Returns a difference: the debtor's books have less for a document, with a reason."""
    return tuple(
        DifferenceRow(
            document_no=item.document_no,
            their_minor=item.open_minor * 9 // 10,
            reason="price",
            note="合同价与开票价不一致" if item.currency == "CNY" else "Unit price is not the agreed one",
        )
        for item in items
    )


def _disputes(story: Story, db: Session, actor: Actor) -> None:
    """Records a dispute of a debtor, and one of a recent document."""
    reasons = {"C0050": "品质异议：音箱底噪超标，已寄样复检。", "C0051": "数量差异：到货少两箱，等待物流证明。"}
    for number, reason in reasons.items():
        for item in story.overdue(db, actor, number)[:2]:
            story.hold(db, actor, number, "dispute", reason, item_no=item.document_no)


def _promises(story: Story, db: Session, actor: Actor) -> None:
    """Records an open promise to pay on an overdue invoice."""
    until_on, reason = story.today + 3 * _DAY, "矫总电话承诺：货款分两笔，周内到账。"
    story.hold(db, actor, "C0052", "promise", reason, until_on=until_on)


def _broken_promise(story: Story, db: Session, actor: Actor) -> None:
    until_on = actor.today + 6 * _DAY
    story.hold(db, actor, "C0053", "promise", "刘经理承诺月中付清。", until_on=until_on)


def _hold_reorganised(story: Story, db: Session, actor: Actor) -> None:
    """Places a collection hold on a debtor under reorganisation."""
    story.hold(db, actor, "C0055", "block", "客户进入预重整，由法务统一对接。")


def _supersede_statement(story: Story, db: Session, actor: Actor) -> None:
    """Issues a debtor's newest statement again after a late credit note, which supersedes the first."""
    story.state(db, actor, "C0031", story.stated["C0031"], again=True)


#: Days before today, hour and minute → what was special then, at the first company.
_SPECIALS: Final[tuple[tuple[int, int, int, Play], ...]] = (
    (40, 15, 0, _broken_promise),
    (26, 16, 0, _hold_reorganised),
    (12, 14, 0, _disputes),
    (2, 15, 0, _promises),
    (1, 17, 0, _supersede_statement),
    (0, 8, 32, cash.record_month_end_rates),
    (0, 8, 35, losses.build),
    (0, 8, 40, cash.build),
    (trade.STARTED_AGO, 15, 30, trade.start),
    *((ago, 16, 30, trade.ship_unsigned) for ago in trade.UNSIGNED_AGO),
    (11, 16, 40, trade.ask_temporary),
    (5, 16, 45, trade.ship_and_sign),
    (2, 16, 50, trade.review),
    (0, 8, 45, trade.today),
)
#: The same at the second company.
_SPECIALS_ABROAD: Final[tuple[tuple[int, int, int, Play], ...]] = (
    (trade.STARTED_AGO, 15, 30, trade.start),
    *((ago, 16, 30, trade.ship_unsigned) for ago in trade.UNSIGNED_AGO),
    (0, 8, 45, trade.trade_abroad),
)
_ALWAYS_STATED: Final = ("C0031", "C0047", "C0050", "C0058", "C0060")
#: Whose books differ from ours in the oldest document that they owe.
_DIFFERING: Final = ("C0047", "C0058")
