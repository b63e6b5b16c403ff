"""Every mail to our own people is asked again before it is sent, and every mail is on the list in docs/mails.md."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from app.handlers import MAILS
from ar.bills.mails import PURPOSE as BILL_REMINDER
from ar.reports.debt_list.mails import PURPOSE as DEBT_LIST
from ar.statements.mails import TEAM_PURPOSE
from kernel import mail
from kernel.actor import Actor
from kernel.db import transaction
from kernel.mail import MailMessage
from kernel.settings import APP_ROOT
from tenants.approvals.mails import DECIDED, REQUEST
from tenants.people.commands import change_roles, remove_person
from tenants.people.inputs import ChangeRoles
from tenants.people.invitations import PURPOSE as INVITATION
from tenants.people.invitations import send_invitation
from tenants.permissions import Role
from tenants.queries import company as company_facts
from tenants.settings.commands import change_settings
from tenants.settings.inputs import CompanySettings
from tenants.sign_in.commands import set_password
from tenants.sign_in.links import WelcomeLinks
from tests.support.approvals import person
from tests.support.companies import TestCompany
from tests.support.delivery import Post, drain
from tests.support.world import world_of

ROW = re.compile(r"^\| `(\w+)` \| .+ \| .+ \| (.+) \| (.+) \|$", re.MULTILINE)


def queue_to(company: TestCompany, purpose: str, email: str) -> None:
    """A mail of that purpose waits for the sender."""
    with company.transaction() as db:
        outgoing = mail.OutgoingMail(email, "", "Subject", "Text.\n")
        mail.queue_mail(db, company.actor(), outgoing, purpose=purpose)


def outcome(company: TestCompany, purpose: str) -> tuple[str, str | None]:
    """(state, reason) of the one mail of that purpose."""
    m = MailMessage
    with company.reading() as db:
        row = db.execute(
            sa.select(m.state, m.reason).where(m.tenant_id == company.tenant_id, m.purpose == purpose)
        ).one()
    return row.state, row.reason


def address_of(company: TestCompany, somebody: Actor) -> str:
    with company.reading() as db:
        return db.execute(sa.text("SELECT email FROM app_user WHERE id = :id"), {"id": somebody.user_id}).scalar_one()


@pytest.mark.parametrize("purpose", [INVITATION, DECIDED, BILL_REMINDER, DEBT_LIST, TEAM_PURPOSE])
def test_who_has_left_since_a_mail_was_queued_does_not_get_it(company: TestCompany, post: Post, purpose: str) -> None:
    reader = person(company, "accountant")
    address = address_of(company, reader)
    queue_to(company, purpose, address)
    with company.transaction() as db:
        assert reader.user_id
        remove_person(db, company.actor(), reader.user_id)
    drain(company.tenant_id)
    assert outcome(company, purpose) == ("suppressed", "person_removed")
    assert post.to(address) == []


@pytest.mark.parametrize("purpose", [INVITATION, DECIDED, BILL_REMINDER, DEBT_LIST, TEAM_PURPOSE])
def test_who_is_still_there_gets_it(company: TestCompany, post: Post, purpose: str) -> None:
    address = address_of(company, person(company, "accountant"))
    queue_to(company, purpose, address)
    drain(company.tenant_id)
    assert outcome(company, purpose) == ("sent", None)
    assert len(post.to(address)) == 1


@pytest.mark.parametrize(("purpose", "state"), [(BILL_REMINDER, "suppressed"), (DEBT_LIST, "sent")])
def test_who_keeps_the_books_no_more_is_not_reminded_of_bills(
    company: TestCompany, post: Post, purpose: str, state: str
) -> None:
    reader = person(company, "accountant")
    queue_to(company, purpose, address_of(company, reader))
    with company.transaction() as db:
        assert reader.user_id
        change_roles(db, company.actor(), reader.user_id, ChangeRoles(roles=[Role.SALESPERSON]))
    drain(company.tenant_id)
    assert outcome(company, purpose)[0] == state


@pytest.mark.parametrize("purpose", [DECIDED, TEAM_PURPOSE, DEBT_LIST])
def test_who_sees_no_customer_any_more_gets_no_mail_about_one(company: TestCompany, post: Post, purpose: str) -> None:
    reader = person(company, "accountant")
    queue_to(company, purpose, address_of(company, reader))
    with company.transaction() as db:
        assert reader.user_id
        change_roles(db, company.actor(), reader.user_id, ChangeRoles(roles=[Role.DRIVER]))
    drain(company.tenant_id)
    assert outcome(company, purpose) == ("suppressed", "person_removed")


def test_a_salesperson_is_told_of_answers_of_their_own_customers_alone(company: TestCompany, post: Post) -> None:
    world, salesperson = world_of(company), person(company, "salesperson")
    assert salesperson.user_id
    own, other = world.customer("1", owner_email=address_of(company, salesperson)), world.customer("2")
    for customer in (own, other):
        with company.transaction() as db:
            outgoing = mail.OutgoingMail(address_of(company, salesperson), "", "Answered", "Text.\n")
            mail.queue_mail(db, company.actor(), outgoing, purpose=TEAM_PURPOSE, customer_id=customer)
    drain(company.tenant_id)
    m = MailMessage
    with company.reading() as db:
        rows = db.execute(sa.select(m.customer_id, m.state).where(m.tenant_id == company.tenant_id)).all()
    assert {row.customer_id: row.state for row in rows} == {own: "sent", other: "suppressed"}


def test_a_list_of_every_customer_is_not_sent_to_who_may_only_see_their_own_now(
    company: TestCompany, post: Post
) -> None:
    reader = person(company, "accountant")
    address = address_of(company, reader)
    with company.transaction() as db:
        outgoing = mail.OutgoingMail(address, "", "Debts", "All of them.\n")
        mail.queue_mail(db, company.actor(), outgoing, purpose=DEBT_LIST, subject_id=company.tenant_id)
        assert reader.user_id
        change_roles(db, company.actor(), reader.user_id, ChangeRoles(roles=[Role.SALESPERSON]))
    drain(company.tenant_id)
    assert outcome(company, DEBT_LIST) == ("suppressed", "person_removed")
    assert post.to(address) == []


def test_an_invitation_whose_link_was_used_meanwhile_is_not_sent(company: TestCompany, post: Post) -> None:
    reader = person(company, "accountant")
    assert reader.user_id
    links = WelcomeLinks("a secret of this test", "https://huikuan.example")
    with company.transaction() as db:
        send_invitation(db, company.actor(), reader.user_id, links, new_password=True)
    with transaction(None) as db:
        set_password(db, reader.user_id, "a long sentence")
    drain(company.tenant_id)
    assert outcome(company, INVITATION) == ("suppressed", "link_used")
    assert post.all() == []


def test_the_companys_contact_is_told_of_answers_without_being_a_member(company: TestCompany, post: Post) -> None:
    with company.transaction() as db:
        facts = company_facts(db, company.tenant_id)
        kept = {name: getattr(facts, name) for name in CompanySettings.model_fields if hasattr(facts, name)}
        data = CompanySettings.model_validate(kept | {"contact_email": "desk@weiye.example"})
        change_settings(db, company.actor(), data)
    queue_to(company, TEAM_PURPOSE, "Desk@weiye.example")
    drain(company.tenant_id)
    assert outcome(company, TEAM_PURPOSE) == ("sent", None)


def named(function: Callable[..., object] | None) -> str:
    """How docs/mails.md writes a function."""
    return f"`{function.__name__}`" if function else "–"


def test_every_mail_is_rechecked_and_is_on_the_list() -> None:
    assert [each.purpose for each in MAILS if not callable(each.recheck)] == []
    declared = {each.purpose: (named(each.recheck), named(each.on_outcome)) for each in MAILS}
    listed = {row[0]: (row[1], row[2]) for row in ROW.findall((APP_ROOT / "docs/mails.md").read_text(encoding="utf-8"))}
    assert listed == declared


def test_every_mail_has_its_texts_and_every_text_its_mail() -> None:
    folders = {path.name for path in (APP_ROOT / "templates" / "email").iterdir() if path.is_dir()}
    assert folders == {each.purpose for each in MAILS}
    assert REQUEST in folders
