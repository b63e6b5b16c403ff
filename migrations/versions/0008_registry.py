"""The registry behind walls: a company changes its own memberships and people, and nothing of the others."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

OWN = "nullif(current_setting('app.tenant_id', true), '')::uuid"
# What stays as it is in a row: who somebody is, and where. Kept by a trigger and not by grants on columns: for a change
# of a reference table Citus locks its copies, which takes UPDATE on the whole table.
KEPT = {"app_user": "id, email, created_at", "membership": "tenant_id, user_id, created_at"}


def upgrade() -> None:
    for table in ("tenant", "app_user", "membership"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        # Migrations and a look from outside see the registry whole, as before.
        op.execute(f"CREATE POLICY owner_sees ON {table} TO CURRENT_USER USING (true) WITH CHECK (true)")
    for table, columns in KEPT.items():
        old, new = (", ".join(f"{row}.{column}" for column in columns.split(", ")) for row in ("OLD", "NEW"))
        op.execute(
            f"CREATE TRIGGER {table}_kept BEFORE UPDATE ON {table} FOR EACH ROW "
            f"WHEN (({old}) IS DISTINCT FROM ({new})) EXECUTE FUNCTION refuse_change()"
        )
    op.execute("CREATE POLICY dispatch_reads ON tenant FOR SELECT TO huikuan_dispatch USING (true)")
    # No policy lets the application change a company.
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
    # Name, language and password are a person's own, of no company. (Citus would not let a policy look for memberships.)
    op.execute(f"CREATE POLICY app_changes ON app_user FOR UPDATE TO huikuan_app USING ({OWN} IS NULL)")


def downgrade() -> None:
    raise RuntimeError("the walls of the registry are not taken down: restore a backup instead")
