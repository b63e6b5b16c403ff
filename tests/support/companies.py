"""A fresh company per test, committed like a real one: tests are kept apart by the product's own isolation."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, time
from itertools import count
from typing import cast
from uuid import UUID

from flask import Flask

from app.onboarding import create_company
from kernel.actor import Actor
from kernel.clock import local_date, moment_on, utc_now
from kernel.db import TenantSession, open_session, read_only_transaction, transaction
from tenants.inputs import CreateTenant
from tenants.people.commands import invite_person
from tenants.people.inputs import InvitePerson
from tenants.permissions import Role
from tenants.sign_in.commands import set_language
from tests.support.browser import FormClient, sign_in

_numbers = count(1)


@dataclass
class TestCompany:
    """One tenant with helpers to act in it."""

    __test__ = False
    tenant_id: UUID
    slug: str
    owner_id: UUID
    app_source: Callable[[], Flask]
    timezone: str = "Asia/Shanghai"
    language: str = "zh_CN"

    @property
    def app(self) -> Flask:
        """Returns the web application, made when first asked for."""
        return self.app_source()

    def actor(
        self,
        today: date | None = None,
        roles: Iterable[str] = ("accountant",),
        name: str = "林晓",
        user_id: UUID | None = None,
    ) -> Actor:
        """Returns a person of the company who acts at nine on `today` (default: now)."""
        now = moment_on(today, self.timezone, time(9)) if today else utc_now()
        return Actor(
            self.tenant_id,
            "person",
            name,
            now,
            local_date(now, self.timezone),
            self.timezone,
            self.language,
            user_id or self.owner_id,
            frozenset(roles),
        )

    def transaction(self) -> AbstractContextManager[TenantSession]:
        """Opens a session of the company that commits."""
        return transaction(self.tenant_id)

    def reading(self) -> AbstractContextManager[TenantSession]:
        """Opens a READ ONLY session of the company."""
        return read_only_transaction(self.tenant_id)

    def url(self, path: str) -> str:
        """Returns the address of a staff page."""
        return f"/c/{self.slug}{path}"

    def client(self, role: str = "accountant", language: str = "en") -> FormClient:
        """Returns a client signed in as a new person of that role."""
        with self.transaction() as db:
            person = InvitePerson(
                email=f"{role}-{next(_numbers)}@{self.slug}.example", name=f"Test {role}", roles=[Role(role)]
            )
            actor = self.actor()
            user_id = invite_person(db, actor, person)
        with transaction(None) as db:
            set_language(db, user_id, language)
        client = cast(FormClient, self.app.test_client())
        sign_in(client, user_id)
        return client


def new_company(app_source: Callable[[], Flask], **values: object) -> TestCompany:
    """Creates and commits a company; `values` override CreateTenant's fields."""
    number = next(_numbers)
    slug = f"t{os.getpid()}-{number}"
    data = CreateTenant.model_validate(
        {"slug": slug, "name": f"测试公司{number}", "owner_email": f"owner@{slug}.example", **values}
    )
    with open_session(None) as db:
        tenant_id, owner_id = create_company(db, data)
        db.commit()
    return TestCompany(tenant_id, slug, owner_id, app_source, data.timezone, data.language)
