"""The playbook of the demo: founding the companies, then every day from the first to today.

May import the story and the cast. Invariant: whoever is not special in the cast just lives by habit; what is special
(disputes, promises, blocks, answers) is listed here, by name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import partial
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.handlers import seal_journal
from app.onboarding import create_company
from app.seeds import cash, losses
from app.seeds.cast import HUAXIN, IN_BOTH, PASSWORD, WEIYE, CompanyCast, Debtor
from app.seeds.history import LIVE_DAYS, write_history
from app.seeds.story import Story
from ar.customers.commands import add_contact, upsert_customers
from ar.customers.inputs import AddContact, CustomerRow
from ar.ledger.queries import OpenItemView
from ar.statements.commands import send
from ar.statements.inputs import DifferenceRow
from ar.statements.models import Confirmation, Statement
from kernel.actor import Actor
from kernel.calendars import WorkCalendar
from kernel.clock import fixed_clock, local_date, moment_on, utc_now
from kernel.db import TenantSession, open_session
from kernel.errors import NotFound
from kernel.i18n import use_language
from tenants.commands import change_settings, invite_person, set_password
from tenants.inputs import CompanySettings, CreateTenant, InvitePerson
from tenants.permissions import ROLE_NAMES, Role
from tenants.queries import system_actor_for, tenant_by_slug

Say = Callable[[str], None]
Play = Callable[[Story, date], None]
_DAY: Final = timedelta(days=1)
#: Caught mails that a stranger finds after the first start.
MAILS_AT_START: Final = 3
_TRADERS: Final = ("salesperson", "salesperson-2")
#: Statements of the last months: how many debtors get one, counted from the month just over.
_STATED: Final = (18, 10, 4)


@dataclass(frozen=True, slots=True)
class SignIn:
    """A way into the demo: `role` is the English name of the person's first role."""

    role: str
    name: str
    email: str
    password: str
    company: str


def seed(say: Say) -> list[SignIn]:
    """Makes both companies unless they are there; returns a sign-in for every role of R001, first company first."""
    for cast in (WEIYE, HUAXIN):
        if not _exists(cast.slug):
            say(f"building {cast.name}: {len(cast.debtors)} customers, fourteen months")
            _build(cast, say)
    return sign_ins()


def sign_ins() -> list[SignIn]:
    """Every person of the cast with address and password."""
    own = [
        SignIn(str(ROLE_NAMES[person.roles[0]]), person.name, person.email(cast.slug), PASSWORD, cast.name)
        for cast in (WEIYE, HUAXIN)
        for person in cast.people
    ]
    key, roles = IN_BOTH
    guest = next(person for person in WEIYE.people if person.key == key)
    return [*own, SignIn(str(ROLE_NAMES[roles[0]]), guest.name, guest.email(WEIYE.slug), PASSWORD, HUAXIN.name)]


def _exists(slug: str) -> bool:
    with open_session(None, read_only=True) as db:
        try:
            tenant_by_slug(db, slug)
        except NotFound:
            return False
    return True


def _build(cast: CompanyCast, say: Say) -> None:
    """One transaction: a build that is broken off leaves nothing behind."""
    today = local_date(utc_now(), cast.timezone)
    calendar = WorkCalendar(cast.calendar)  # type: ignore[arg-type]  # the cast names presets
    last_run_on = calendar.previous_working_day(today)
    live_on = calendar.next_working_day(today - LIVE_DAYS * _DAY)
    history = write_history(cast, today, last_run_on, calendar)
    with open_session(None) as db:
        tenant_id, people = _found(db, cast, live_on)
        story = Story(db, cast, tenant_id, people, history, calendar, today, last_run_on)
        story.bouncing = {debtor.email for debtor in cast.debtors if debtor.number == "C0046"}
        _enter_books(story, live_on)
        say(f"{history.count()} documents; working day by day since {live_on.isoformat()}")
        _live(story, live_on)
        if cast is WEIYE:
            cash.rates(story)
            losses.tell(story)
            cash.tell(story)
        with story.at(today, 23, 59) as (_db, actor):
            seal_journal(db, actor, {})
        _put_in_the_post(db, tenant_id)
        seal_journal(db, system_actor_for(db, tenant_id), {})
        db.commit()


def _put_in_the_post(db: TenantSession, tenant_id: UUID) -> None:
    """A few statements go out again when the product starts, so that there is caught mail with a live link."""
    s, c = Statement, Confirmation
    answered = sa.select(c.id).where(c.tenant_id == tenant_id, c.statement_id == s.id).exists()
    waiting = db.execute(
        sa.select(s.id)
        .where(s.tenant_id == tenant_id, s.superseded_at.is_(None), s.sent_to.is_not(None), ~answered)
        .order_by(s.issued_at.desc(), s.id)
        .limit(MAILS_AT_START)
    ).scalars()
    for statement_id in waiting.all():
        send(db, system_actor_for(db, tenant_id), statement_id)


def _found(db: TenantSession, cast: CompanyCast, live_on: date) -> tuple[UUID, dict[str, UUID]]:
    """The company, its letterhead and its people; returns its id and the people by key."""
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
            set_password(db, people[person.key], PASSWORD)
        if cast is not WEIYE:
            key, roles = IN_BOTH
            known = next(person for person in WEIYE.people if person.key == key)
            guest = InvitePerson(email=known.email(WEIYE.slug), name=known.name, roles=list(roles))
            people[key] = invite_person(db, actor, guest)
    return tenant_id, people


def _enter_books(story: Story, live_on: date) -> None:
    """Customers with their contacts, and the opening import of everything before the first day."""
    cast = story.cast
    with story.at(live_on, 8, 10) as (db, actor):
        traders = [key for key in _TRADERS if key in story.people]
        rows = [_row(cast, debtor, traders[n % len(traders)]) for n, debtor in enumerate(cast.debtors)]
        upsert_customers(db, story.person(actor, "accountant"), rows)
        story.look_up(db)
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


def _live(story: Story, live_on: date) -> None:
    """Every day since: the bank, the run, the month's statements, and what is special about the day."""
    booked_on, stated_for = live_on, ""
    plays: dict[date, list[Play]] = defaultdict(list)
    for days, play in _SPECIALS.items():
        if story.cast is WEIYE:
            plays[story.today - days * _DAY].append(play)
    day = live_on
    while day <= story.today:
        working = story.calendar.is_working_day(day)
        if working or day == story.today:
            with story.at(day, 8, 15) as (db, actor):
                story.book(db, story.person(actor, "accountant"), booked_on + _DAY, day, "")
            booked_on = day
        if working:
            with story.at(day, 8, 30) as (db, actor):
                story.run(db, actor)
            if f"{day:%Y-%m}" != stated_for and day > live_on:
                stated_for = f"{day:%Y-%m}"
                sent = _state_month(story, day)
                answered_on = min(story.calendar.next_working_day(day + 2 * _DAY), story.today)
                plays[answered_on].append(partial(_answer, sent=sent))
        for play in plays[day]:
            play(story, day)
        day += _DAY


def _state_month(story: Story, day: date) -> dict[str, str]:
    """Statements of the month just over: debtor → the token in its link."""
    to_on = day.replace(day=1) - _DAY
    months_ago = (story.today.year - day.year) * 12 + story.today.month - day.month
    count = _STATED[min(months_ago, len(_STATED) - 1)]
    chosen = [debtor for debtor in story.cast.debtors if debtor.mail and debtor.monthly >= 0.9][:count]
    chosen += [debtor for debtor in story.cast.debtors if debtor.number in _ALWAYS_STATED and debtor not in chosen]
    sent: dict[str, str] = {}
    with story.at(day, 10) as (db, actor):
        for debtor in chosen:
            token = story.state(db, actor, debtor.number, (to_on.replace(day=1), to_on))
            if token:
                sent[debtor.number] = token
    return sent


def _answer(story: Story, day: date, sent: dict[str, str]) -> None:
    """Most debtors answer within days: they agree, or their books differ; some leave it lying."""
    with story.at(day, 11) as (db, actor):
        for n, (number, token) in enumerate(sent.items()):
            if number in _DIFFERING:
                story.answer(db, actor, number, token, _differences(story.overdue(db, actor, number)[:1]))
            elif n % 3 != 2:
                story.answer(db, actor, number, token, ())


def _differences(items: list[OpenItemView]) -> tuple[DifferenceRow, ...]:
    """The debtor's books have less for a document, for a reason."""
    return tuple(
        DifferenceRow(
            document_no=item.document_no,
            their_minor=item.open_minor * 9 // 10,
            reason="price",
            note="合同价与开票价不一致" if item.currency == "CNY" else "Unit price is not the agreed one",
        )
        for item in items
    )


def _disputes(story: Story, day: date) -> None:
    """A debtor who says that goods were faulty, and one who says so of a document not long ago."""
    reasons = {"C0050": "品质异议：音箱底噪超标，已寄样复检。", "C0051": "数量差异：到货少两箱，等待物流证明。"}
    with story.at(day, 14) as (db, actor):
        for number, reason in reasons.items():
            for item in story.overdue(db, actor, number)[:2]:
                story.hold(db, actor, number, "dispute", reason, item_no=item.document_no)


def _promises(story: Story, day: date) -> None:
    """One promise that runs, made while the oldest invoice is overdue."""
    with story.at(day, 15) as (db, actor):
        story.hold(
            db, actor, "C0052", "promise", "矫总电话承诺：货款分两笔，周内到账。", until_on=story.today + 3 * _DAY
        )


def _broken_promise(story: Story, day: date) -> None:
    with story.at(day, 15) as (db, actor):
        until = day + 6 * _DAY
        story.hold(db, actor, "C0053", "promise", "刘经理承诺月中付清。", until_on=until)


def _blocked(story: Story, day: date) -> None:
    """Nobody shall write to a debtor that is being reorganised."""
    with story.at(day, 16) as (db, actor):
        story.hold(db, actor, "C0055", "block", "客户进入预重整，由法务统一对接。")


def _second_thoughts(story: Story, day: date) -> None:
    """A statement that was issued again, after a credit note came late: the first is superseded."""
    to_on = day.replace(day=1) - _DAY
    with story.at(day, 17) as (db, actor):
        story.state(db, actor, "C0031", (to_on.replace(day=1), to_on), again=True)


#: Days before today → what was special then, at the first company.
_SPECIALS: Final[dict[int, Play]] = {
    40: _broken_promise,
    26: _blocked,
    12: _disputes,
    2: _promises,
    1: _second_thoughts,
}
_ALWAYS_STATED: Final = ("C0031", "C0047", "C0050", "C0058", "C0060")
#: Whose books differ from ours, where they owe something that is overdue.
_DIFFERING: Final = ("C0047", "C0058")
