"""The role and the walls of the registry: what a company's transaction can reach beyond its own rows."""

from __future__ import annotations

from functools import partial

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, ProgrammingError

from kernel.clock import utc_now
from kernel.db import APP_ROLE, DISPATCH_ROLE, make_engine
from kernel.db import transaction as in_transaction
from tenants.sign_in.commands import set_password
from tests.support.companies import TestCompany


def test_the_role_ends_with_the_transaction_as_a_transaction_pooler_needs(database_url: str) -> None:
    """Behind one, the next transaction on the connection may be that of another process with another role."""
    login = make_engine(database_url, role=None, pool_size=1)
    with login.connect() as shared:
        owner = shared.execute(sa.text("SELECT current_user")).scalar_one()
    login.dispose()
    for role in (APP_ROLE, DISPATCH_ROLE):
        engine = make_engine(database_url, role=role, pool_size=1)
        with engine.connect() as connection:
            assert connection.execute(sa.text("SELECT current_user")).scalar_one() == role
            connection.commit()
            # The very connection, past the engine: nothing of the role is left on it.
            raw = connection.connection.driver_connection
            assert raw is not None
            assert raw.execute("SELECT current_user").fetchone() == (owner,)
        engine.dispose()


def test_a_company_changes_its_own_memberships_and_no_others(company: TestCompany, other_company: TestCompany) -> None:
    with company.transaction() as db:
        for change in ("roles = '{}'", "active = false"):
            changed = db.execute(
                sa.text(f"UPDATE membership SET {change} WHERE tenant_id = :t"), {"t": other_company.tenant_id}
            )
            assert changed.rowcount == 0  # type: ignore[attr-defined]
        seen = set(db.execute(sa.text("SELECT tenant_id FROM membership")).scalars())
        assert seen == {company.tenant_id}
    with pytest.raises(ProgrammingError, match="row-level security"), company.transaction() as db:
        db.execute(
            sa.text(
                "INSERT INTO membership (tenant_id, user_id, roles, active, created_at) "
                "SELECT :t, user_id, roles, true, created_at FROM membership WHERE tenant_id = :own LIMIT 1"
            ),
            {"t": other_company.tenant_id, "own": company.tenant_id},
        )


def test_a_company_changes_no_person(company: TestCompany) -> None:
    """Name, password and language are the person's own: not even of its own people does a company change them."""
    with company.transaction() as db:
        assert db.execute(sa.text("UPDATE app_user SET name = 'x', session_version = 9 RETURNING id")).all() == []


def test_a_company_reads_no_password_and_stores_none(company: TestCompany) -> None:
    """Not even of its own people: a way into one company's statements is no way to what others sign in with."""
    with in_transaction(None) as db:
        set_password(db, company.owner_id, "a long sentence")
        assert db.execute(sa.text("SELECT count(*) FROM user_password")).scalar_one() > 0
    with company.transaction() as db:
        assert db.execute(sa.text("SELECT count(*) FROM user_password")).scalar_one() == 0
        assert db.execute(sa.text("UPDATE user_password SET password_hash = 'x' RETURNING id")).all() == []
        columns = sa.text("SELECT column_name FROM information_schema.columns WHERE table_name = 'app_user'")
        assert not [name for name in db.execute(columns).scalars() if "hash" in name]
    values = "(id, user_id, password_hash, set_at) VALUES (gen_random_uuid(), :user, 'x', :at)"
    with pytest.raises(DBAPIError, match="row-level security"), company.transaction() as db:
        db.execute(sa.text(f"INSERT INTO user_password {values}"), {"user": company.owner_id, "at": utc_now()})


@pytest.mark.parametrize("change", ["email = 'me@evil.example'", "id = gen_random_uuid()"])
def test_nobody_becomes_somebody_else(company: TestCompany, change: str) -> None:
    statement = sa.text(f"UPDATE app_user SET {change} WHERE id = :id RETURNING id")
    with pytest.raises(DBAPIError, match="never changed"), in_transaction(None) as db:
        db.execute(statement, {"id": company.owner_id})
    with company.transaction() as db:
        assert db.execute(statement, {"id": company.owner_id}).all() == []


@pytest.mark.parametrize("change", ["tenant_id", "user_id"])
def test_a_membership_is_not_moved(company: TestCompany, change: str) -> None:
    refused = "never changed or deleted|row-level security"
    with pytest.raises(DBAPIError, match=refused), company.transaction() as db:
        db.execute(sa.text(f"UPDATE membership SET {change} = gen_random_uuid()"))


@pytest.mark.parametrize("change", ["state = 'suspended'", "slug = 'mine'"])
def test_no_company_is_changed_by_the_application(company: TestCompany, change: str) -> None:
    for transaction in (company.transaction, partial(in_transaction, None)):
        with transaction() as db:
            assert db.execute(sa.text(f"UPDATE tenant SET {change} RETURNING id")).all() == []
