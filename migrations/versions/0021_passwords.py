"""Passwords in a table of their own, which nothing finds inside a company; who has one is said beside the name."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.tables import create_registry_table, moment, references_registry, text, unique_in_registry, uuid

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

OUTSIDE = "nullif(current_setting('app.tenant_id', true), '') IS NULL"


def upgrade() -> None:
    create_registry_table(
        "user_password",
        uuid("user_id"),
        text("password_hash"),
        moment("set_at"),
        unique_in_registry("user_id"),
        references_registry("user_id", "app_user"),
    )
    op.execute("ALTER TABLE user_password ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE user_password FORCE ROW LEVEL SECURITY")
    op.execute("GRANT SELECT, INSERT, UPDATE ON user_password TO huikuan_app")
    op.execute("CREATE POLICY owner_sees ON user_password TO CURRENT_USER USING (true) WITH CHECK (true)")
    op.execute(f"CREATE POLICY app_reads ON user_password FOR SELECT TO huikuan_app USING ({OUTSIDE})")
    op.execute(f"CREATE POLICY app_adds ON user_password FOR INSERT TO huikuan_app WITH CHECK ({OUTSIDE})")
    op.execute(f"CREATE POLICY app_changes ON user_password FOR UPDATE TO huikuan_app USING ({OUTSIDE})")
    op.execute(
        "CREATE TRIGGER user_password_kept BEFORE UPDATE ON user_password FOR EACH ROW "
        "WHEN ((OLD.id, OLD.user_id) IS DISTINCT FROM (NEW.id, NEW.user_id)) EXECUTE FUNCTION refuse_change()"
    )
    op.add_column("app_user", sa.Column("has_password", sa.Boolean(), server_default=sa.false(), nullable=False))
    # One row each: the person's id names it. When it was set is not known; the account is as old at least.
    op.execute(
        "INSERT INTO user_password (id, user_id, password_hash, set_at) "
        "SELECT id, id, password_hash, created_at FROM app_user WHERE password_hash IS NOT NULL "
        "ON CONFLICT DO NOTHING"
    )
    op.execute("UPDATE app_user SET has_password = true WHERE password_hash IS NOT NULL")
    op.drop_column("app_user", "password_hash")


def downgrade() -> None:
    raise RuntimeError("passwords are not put back where every company could read them: restore a backup instead")
