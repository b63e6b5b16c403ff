"""People who sign in to the product with a browser: invited, with a language and a password of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from playwright.sync_api import Page

from kernel.db import transaction
from tenants.people.commands import invite_person
from tenants.people.inputs import InvitePerson
from tenants.permissions import Role
from tenants.sign_in.commands import set_language, set_password
from tests.browser.conftest import Visitor
from tests.support.companies import TestCompany

PASSWORD: Final = "a long sentence for signing in"


class Member(NamedTuple):
    """A person of a company who can sign in."""

    email: str
    id: UUID


def add_member(company: TestCompany, name: str, roles: Sequence[Role], language: str = "zh_CN") -> Member:
    """Adds a person with these roles who reads `language` (`zh_CN` or `en`) and has chosen PASSWORD."""
    email = f"{'-'.join(roles)}-{language.lower()}@{company.slug}.example"
    with company.transaction() as db:
        user_id = invite_person(db, company.actor(), InvitePerson(email=email, name=name, roles=list(roles)))
    with transaction(None) as db:
        set_language(db, user_id, language)
        set_password(db, user_id, PASSWORD)
    return Member(email, user_id)


def sign_in(visitor: Visitor, email: str) -> Page:
    """Signs a person in by the page, in whatever language it stands, and returns the page that follows."""
    visitor.go("/sign-in")
    page = visitor.page
    page.locator("input[name=email]").fill(email)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main button[type=submit]").click()
    page.wait_for_url("**/c/**")
    return page
