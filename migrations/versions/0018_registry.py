"""The registry behind walls: a company changes its own memberships and people, and nothing of the others."""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0007"
branch_labels = None
depends_on = None

OWN = "nullif(current_setting('app.tenant_id', true), '')::uuid"
# What the application changes in a person; the address is who somebody is and stays.
PERSON_UPDATES = "name, password_hash, language, session_version"
MEMBERSHIP_UPDATES = "roles, active"


def upgrade() -> None:
    for table in ("tenant", "app_user", "membership"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"REVOKE UPDATE ON {table} FROM huikuan_app")
        # Migrations and a look from outside see the registry whole, as before.
        op.execute(f"CREATE POLICY owner_sees ON {table} TO CURRENT_USER USING (true) WITH CHECK (true)")
    op.execute(f"GRANT UPDATE ({PERSON_UPDATES}) ON app_user TO huikuan_app")
    op.execute(f"GRANT UPDATE ({MEMBERSHIP_UPDATES}) ON membership TO huikuan_app")
    op.execute("CREATE POLICY dispatch_reads ON tenant FOR SELECT TO huikuan_dispatch USING (true)")
    # Signing in asks before a company is entered; inside one, only its own rows are there.
    op.execute("CREATE POLICY app_reads ON tenant FOR SELECT TO huikuan_app USING (true)")
    op.execute("CREATE POLICY app_founds ON tenant FOR INSERT TO huikuan_app WITH CHECK (true)")
    op.execute(
        f"CREATE POLICY app_reads ON membership FOR SELECT TO huikuan_app USING ({OWN} IS NULL OR tenant_id = {OWN})"
    )
    op.execute(f"CREATE POLICY app_adds ON membership FOR INSERT TO huikuan_app WITH CHECK (tenant_id = {OWN})")
    op.execute(
        f"CREATE POLICY app_changes ON membership FOR UPDATE TO huikuan_app "
        f"USING (tenant_id = {OWN}) WITH CHECK (tenant_id = {OWN})"
    )
    op.execute("CREATE POLICY app_reads ON app_user FOR SELECT TO huikuan_app USING (true)")
    op.execute("CREATE POLICY app_adds ON app_user FOR INSERT TO huikuan_app WITH CHECK (true)")
    op.execute(
        f"CREATE POLICY app_changes ON app_user FOR UPDATE TO huikuan_app USING ({OWN} IS NULL OR EXISTS ("
        f"SELECT FROM membership AS own WHERE own.tenant_id = {OWN} AND own.user_id = app_user.id))"
    )


def downgrade() -> None:
    raise RuntimeError("the walls of the registry are not taken down: restore a backup instead")
