"""The role and the walls of the registry: what a company's transaction can reach beyond its own rows."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, ProgrammingError

from kernel.db import APP_ROLE, DISPATCH_ROLE, make_engine
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
                "SELECT :t, user_id, roles, true, now() FROM membership WHERE tenant_id = :own LIMIT 1"
            ),
            {"t": other_company.tenant_id, "own": company.tenant_id},
        )


def test_a_company_changes_no_person_of_another(company: TestCompany, other_company: TestCompany) -> None:
    strangers = "id NOT IN (SELECT user_id FROM membership WHERE tenant_id = :own)"
    with company.transaction() as db:
        values = {"own": company.tenant_id}
        assert db.execute(sa.text(f"SELECT count(*) FROM app_user WHERE {strangers}"), values).scalar_one()
        changed = db.execute(sa.text(f"UPDATE app_user SET password_hash = 'x' WHERE {strangers}"), values)
        assert changed.rowcount == 0  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "change",
    [
        "app_user SET email = 'me@evil.example'",
        "app_user SET id = gen_random_uuid()",
        "membership SET tenant_id = gen_random_uuid()",
        "membership SET user_id = gen_random_uuid()",
        "tenant SET state = 'suspended'",
        "tenant SET slug = 'mine'",
    ],
)
def test_who_somebody_is_and_where_is_not_rewritten(company: TestCompany, change: str) -> None:
    with pytest.raises(DBAPIError, match="permission denied"), company.transaction() as db:
        db.execute(sa.text(f"UPDATE {change}"))
