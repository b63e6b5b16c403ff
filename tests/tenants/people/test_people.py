"""The people pages: who may, what a mail brings, and that another company's people do not exist."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from kernel.clock import fixed_clock, utc_now
from kernel.db import TenantSession, transaction
from kernel.errors import Conflict
from kernel.mail import MailMessage
from kernel.versions import version_of
from tenants.people.commands import change_roles, invite_person, remove_person
from tenants.people.inputs import ChangeRoles, InvitePerson
from tenants.people.invitations import PER_COMPANY_AND_DAY, PER_PERSON_AND_HOUR
from tenants.permissions import Role
from tenants.queries import Member, member, members
from tests.support.companies import TestCompany


def _people(company: TestCompany) -> dict[str, Member]:
    with company.reading() as db:
        return {person.email: person for person in members(db, company.tenant_id)}


def _mails(company: TestCompany) -> list[MailMessage]:
    m = MailMessage
    with company.reading() as db:
        return list(db.execute(sa.select(m).where(m.tenant_id == company.tenant_id).order_by(m.id)).scalars())


def _invite(company: TestCompany, name: str = "李蕾", roles: tuple[str, ...] = ("collector", "legal")):  # type: ignore[no-untyped-def]
    email = f"{name}@{company.slug}.example".replace("李蕾", "lilei")
    client = company.client("admin")
    answer = client.post(company.url("/people/"), data={"email": email, "name": name, "roles": list(roles)})
    return client, email, answer


def test_an_invited_person_gets_a_link_and_comes_in(company: TestCompany) -> None:
    client, email, answer = _invite(company)
    assert answer.status_code == 303
    person = _people(company)[email]
    assert (person.roles, person.has_password) == (("collector", "legal"), False)
    (mail,) = _mails(company)
    assert (mail.purpose, mail.to_address, mail.to_name) == ("invitation", email, "李蕾")
    link = next(line for line in mail.body_text.splitlines() if "/welcome/" in line)
    assert link in (mail.body_html or "")
    assert "invited" in client.get(company.url("/people/")).text
    path = "/welcome/" + link.split("/welcome/")[1]
    guest = company.app.test_client()
    assert email in guest.get(path).text
    assert guest.post(path, data={"password": "a long sentence", "again": "a long sentence"}).status_code == 303
    assert _people(company)[email].has_password


def test_an_invitation_without_a_role_keeps_what_was_typed(company: TestCompany) -> None:
    _client, email, answer = _invite(company, roles=())
    assert answer.status_code == 422
    assert email in answer.text
    assert email not in _people(company)


def test_somebody_with_a_password_is_told_where_to_sign_in(company: TestCompany, other_company: TestCompany) -> None:
    from tenants.people.commands import invite_person
    from tenants.sign_in.commands import set_password

    email = f"both@{company.slug}.example"
    with other_company.transaction() as db:
        known = InvitePerson(email=email, name="李蕾", roles=[Role.FINANCE])
        user_id = invite_person(db, other_company.actor(), known)
    with transaction(None) as db:
        set_password(db, user_id, "a long sentence")
    answer = company.client("admin").post(
        company.url("/people/"), data={"email": email, "name": "x", "roles": ["admin"]}
    )
    assert answer.status_code == 303
    (mail,) = _mails(company)
    assert "/welcome/" not in mail.body_text
    assert "/sign-in" in mail.body_text


def test_roles_change_and_a_person_is_removed(company: TestCompany) -> None:
    client, email, _answer = _invite(company)
    url = company.url(f"/people/{_people(company)[email].user_id}")
    assert client.get(url).status_code == 200
    assert client.post(f"{url}/roles", data={"roles": ["accountant"]}).status_code == 303
    assert _people(company)[email].roles == ("accountant",)
    assert client.post(f"{url}/roles", data={}).status_code == 422
    assert client.post(f"{url}/roles", data={"roles": ["emperor"]}).status_code == 422
    assert email in client.get(f"{url}/remove").text
    assert _people(company)[email].active
    assert client.post(f"{url}/remove").status_code == 303
    assert not _people(company)[email].active
    assert client.get(url).status_code == 200
    assert client.post(f"{url}/link").status_code == 409


def test_a_new_link_is_sent_on_request(company: TestCompany) -> None:
    client, email, _answer = _invite(company)
    url = company.url(f"/people/{_people(company)[email].user_id}")
    assert client.post(f"{url}/link").status_code == 303
    assert len(_mails(company)) == 2


def test_nobody_locks_themselves_out(company: TestCompany) -> None:
    client = company.client("admin")
    with client.session_transaction() as session:
        own = company.url(f"/people/{session['_user_id'].split('|')[0]}")
    assert client.post(f"{own}/remove").status_code == 409
    refused = client.post(f"{own}/roles", data={"roles": ["accountant"]})
    assert refused.status_code == 422
    assert "You cannot give up your own administration." in refused.text
    assert re.search(r'value="accountant"[^>]* checked', refused.text), "what was ticked is ticked still"
    assert "cannot remove yourself" in client.get(own).text


def test_only_administrators_manage_people(company: TestCompany) -> None:
    for role in ("accountant", "finance_director"):
        client = company.client(role)
        assert client.get(company.url("/people/")).status_code == 403
        answer = client.post(company.url("/people/"), data={"email": "a@b.example", "name": "A", "roles": ["admin"]})
        assert answer.status_code == 403


def test_a_person_of_another_company_does_not_exist(company: TestCompany, other_company: TestCompany) -> None:
    client = company.client("admin")
    url = company.url(f"/people/{other_company.owner_id}")
    assert client.get(url).status_code == 404
    assert client.get(f"{url}/remove").status_code == 404
    assert client.post(f"{url}/remove").status_code == 404
    assert client.post(f"{url}/roles", data={"roles": ["driver"]}).status_code == 404
    assert client.post(f"{url}/link").status_code == 404
    with other_company.reading() as db:
        assert all(person.active for person in members(db, other_company.tenant_id))
    assert client.get(other_company.url("/people/")).status_code == 404


def test_one_person_gets_three_links_an_hour_and_no_more(company: TestCompany) -> None:
    client, email, _answer = _invite(company)
    person = _people(company)[email]
    url = company.url(f"/people/{person.user_id}")
    for _ in range(4):
        assert client.post(f"{url}/link").status_code == 303
    assert len(_mails(company)) == PER_PERSON_AND_HOUR, "the invitation counts too"
    assert "has been sent 3 e-mails within the hour" in client.get(url).text
    again = client.post(company.url("/people/"), data={"email": email, "name": "李蕾", "roles": ["admin"]})
    assert again.status_code == 422
    assert "within the hour" in again.text
    assert email in again.text
    assert _people(company)[email].roles == person.roles, "an invitation that is not sent changes nothing"
    with fixed_clock(utc_now() + timedelta(minutes=61)):
        client.post(f"{url}/link")
    assert len(_mails(company)) == PER_PERSON_AND_HOUR + 1


def test_a_company_sends_thirty_invitations_a_day_and_no_more(company: TestCompany) -> None:
    client = company.client("admin")

    def invite(number: int) -> int:
        form = {"email": f"new{number}@elsewhere.example", "name": f"New {number}", "roles": ["accountant"]}
        answer = client.post(company.url("/people/"), data=form)
        if answer.status_code == 422:
            assert "has sent 30 invitations and links within a day" in answer.text
        return answer.status_code

    assert [invite(number) for number in range(32)] == [303] * PER_COMPANY_AND_DAY + [422] * 2
    assert len(_mails(company)) == PER_COMPANY_AND_DAY
    assert "new31@elsewhere.example" not in _people(company)
    with fixed_clock(utc_now() + timedelta(days=1, minutes=1)):
        assert invite(33) == 303


def test_two_administrators_who_remove_each_other_at_once_leave_one(company: TestCompany) -> None:
    """The second waits for the first, and then would leave the company without any."""
    admins = []
    with company.transaction() as db:
        for number in (1, 2):
            data = InvitePerson(email=f"admin{number}@{company.slug}.example", name="管理员", roles=[Role.ADMIN])
            admins.append(invite_person(db, company.actor(), data))
        change_roles(db, company.actor(user_id=admins[0]), company.owner_id, _roles(db, company, Role.AUDITOR))
    first, second = (company.actor(user_id=each) for each in admins)
    with company.transaction() as db:
        remove_person(db, first, admins[1])
        with pytest.raises(DBAPIError, match="lock timeout"), company.transaction() as other:
            other.execute(sa.text("SET LOCAL lock_timeout = '50ms'"))
            remove_person(other, second, admins[0])
    with pytest.raises(Conflict, match="last_admin"), company.transaction() as db:
        remove_person(db, second, admins[0])
    with pytest.raises(Conflict, match="last_admin"), company.transaction() as db:
        change_roles(db, second, admins[0], _roles(db, company, Role.AUDITOR, of=admins[0]))
    again = InvitePerson(email=f"admin1@{company.slug}.example", name="管理员", roles=[Role.AUDITOR])
    with pytest.raises(Conflict, match="last_admin"), company.transaction() as db:
        invite_person(db, second, again)
    assert _people(company)[again.email].roles == ("admin",)


def _roles(db: TenantSession, company: TestCompany, *roles: Role, of: UUID | None = None) -> ChangeRoles:
    """A form that gives these roles, filled from what is stored."""
    before = member(db, company.tenant_id, of or company.owner_id)
    return ChangeRoles(roles=list(roles), version=version_of({"roles": sorted(before.roles)}))
