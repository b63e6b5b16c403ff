"""Isolation lives in the database: no tenant, no rows; one tenant per transaction; no way round by the role."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
import sqlalchemy.orm
from sqlalchemy.exc import DBAPIError

from app.models import TENANT_TABLES
from kernel.db import enter_tenant, open_session
from kernel.ids import new_id
from tests.support.companies import TestCompany


@pytest.mark.parametrize("table", sorted(TENANT_TABLES))
def test_without_a_tenant_every_table_is_empty(company: TestCompany, engine: sa.Engine, table: str) -> None:
    with engine.connect() as connection:
        rows = connection.execute(
            sa.text(f"SELECT count(*) FROM {table} WHERE tenant_id = :t OR true"),
            {"t": company.tenant_id},
        ).scalar_one()
    assert rows == 0


def test_another_tenants_rows_are_not_there(company: TestCompany, other_company: TestCompany) -> None:
    with other_company.reading() as db:
        seen = db.execute(
            sa.text("SELECT count(*) FROM account WHERE tenant_id = :tenant"), {"tenant": company.tenant_id}
        ).scalar_one()
    assert seen == 0


def test_a_transaction_cannot_change_its_tenant(company: TestCompany, other_company: TestCompany) -> None:
    with pytest.raises(DBAPIError, match="another tenant"), company.transaction() as db:
        db.execute(sa.text("SELECT 1"))
        enter_tenant(db, other_company.tenant_id)


def test_a_row_cannot_be_written_for_another_tenant(company: TestCompany, other_company: TestCompany) -> None:
    with pytest.raises(DBAPIError, match="row-level security"), company.transaction() as db:
        db.execute(
            sa.text("INSERT INTO account (tenant_id, code, kind, number) VALUES (:tenant, 'x', 'asset', '1')"),
            {"tenant": other_company.tenant_id},
        )


def test_the_app_is_a_role_that_owns_nothing_and_bypasses_nothing(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        role = connection.execute(
            sa.text("SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        ).one()
        owned = connection.execute(
            sa.text("SELECT count(*) FROM pg_class WHERE relowner = to_regrole(current_user)")
        ).scalar_one()
    assert tuple(role) == ("huikuan_app", False, False)
    assert owned == 0


def test_a_read_only_session_cannot_write(company: TestCompany) -> None:
    with pytest.raises(DBAPIError, match="read-only"), open_session(company.tenant_id, read_only=True) as db:
        db.execute(
            sa.text("INSERT INTO account (tenant_id, code, kind, number) VALUES (:tenant, 'x', 'asset', '1')"),
            {"tenant": company.tenant_id},
        )


def _unbalanced(db: sa.orm.Session, company: TestCompany) -> None:
    entry = new_id()
    db.execute(
        sa.text(
            "INSERT INTO entry (tenant_id, id, kind, effective_on, recorded_at, recorded_by, memo) "
            "VALUES (:tenant, :entry, 'invoice', '2026-03-01', '2026-03-01T02:00Z', 'test', '')"
        ),
        {"tenant": company.tenant_id, "entry": entry},
    )
    db.execute(
        sa.text(
            "INSERT INTO posting (tenant_id, id, entry_id, account_code, currency, debit_minor, credit_minor) "
            "VALUES (:tenant, :id, :entry, 'bank', 'CNY', 100, 0)"
        ),
        {"tenant": company.tenant_id, "id": new_id(), "entry": entry},
    )


@pytest.mark.parametrize("trick", ["", "RESET app.tenant_id", "SET LOCAL app.tenant_id = ''"])
def test_an_unbalanced_entry_never_commits(company: TestCompany, trick: str) -> None:
    with pytest.raises(DBAPIError), company.transaction() as db:
        _unbalanced(db, company)
        if trick:
            db.execute(sa.text(trick))
    with company.reading() as db:
        kept = db.execute(
            sa.text("SELECT count(*) FROM posting WHERE tenant_id = :tenant"), {"tenant": company.tenant_id}
        ).scalar_one()
    assert kept == 0


def test_an_unbalanced_entry_does_not_hide_behind_another_tenant(
    company: TestCompany, other_company: TestCompany
) -> None:
    with pytest.raises(DBAPIError), company.transaction() as db:
        _unbalanced(db, company)
        db.execute(sa.text(f"SET LOCAL app.tenant_id = '{other_company.tenant_id}'"))


def test_a_booked_entry_cannot_grow(company: TestCompany) -> None:
    """Two balanced legs added later are refused as much as one unbalanced leg."""
    entry = new_id()
    legs = sa.text(
        "INSERT INTO posting (tenant_id, id, entry_id, account_code, currency, debit_minor, credit_minor) "
        "VALUES (:tenant, :one, :entry, 'bank', 'CNY', 100, 0), (:tenant, :two, :entry, 'revenue', 'CNY', 0, 100)"
    )
    with company.transaction() as db:
        db.execute(
            sa.text(
                "INSERT INTO entry (tenant_id, id, kind, effective_on, recorded_at, recorded_by, memo) "
                "VALUES (:tenant, :entry, 'invoice', '2026-03-01', '2026-03-01T02:00Z', 'test', '')"
            ),
            {"tenant": company.tenant_id, "entry": entry},
        )
        db.execute(legs, {"tenant": company.tenant_id, "entry": entry, "one": new_id(), "two": new_id()})
    with pytest.raises(DBAPIError), company.transaction() as db:
        db.execute(legs, {"tenant": company.tenant_id, "entry": entry, "one": new_id(), "two": new_id()})
