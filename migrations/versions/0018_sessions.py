"""Sessions are rows that end; passwords are asked anew by links of half an hour; who was removed signs in anew."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.secure import run_sql
from migrations.tables import (
    check,
    create_registry_table,
    moment,
    references_registry,
    text,
    unique_in_registry,
    uuid,
)

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# A person's own, of no company: inside one the application finds no session, and makes and uses no link.
OUTSIDE = "nullif(current_setting('app.tenant_id', true), '') IS NULL"
# What stays in a row, and what is said once.
KEPT = {
    "person_session": "id, user_id, token_hash, browser, address, began_at, expires_at",
    "password_reset": "id, user_id, token_hash, created_at, expires_at",
}
ONCE = {"person_session": "ended_at", "password_reset": "closed_at"}


def upgrade() -> None:
    create_registry_table(
        "person_session",
        uuid("user_id"),
        text("token_hash", "browser", "address"),
        moment("began_at", "seen_at", "expires_at"),
        moment("ended_at", nullable=True),
        unique_in_registry("token_hash"),
        references_registry("user_id", "app_user"),
        check("ends", "expires_at > began_at"),
    )
    create_registry_table(
        "password_reset",
        uuid("user_id"),
        text("token_hash"),
        moment("created_at", "expires_at"),
        moment("closed_at", nullable=True),
        unique_in_registry("token_hash"),
        references_registry("user_id", "app_user"),
    )
    op.create_index("ix_person_session_user", "person_session", ["user_id", "began_at"])
    op.create_index("ix_password_reset_user", "password_reset", ["user_id", "created_at"])
    for table in KEPT:
        _wall(table)
    # Before sending, the mail's link is asked whether it is still good: a hash and a moment, no way in.
    op.execute("CREATE POLICY app_reads ON password_reset FOR SELECT TO huikuan_app USING (true)")
    op.execute(f"CREATE POLICY app_reads ON person_session FOR SELECT TO huikuan_app USING ({OUTSIDE})")
    # A session that began before its person was removed does not reach the company any more, invited anew or not.
    op.add_column("membership", sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True))
    run_sql("0018_links.sql")


def _wall(table: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON {table} TO huikuan_app")
    op.execute(f"CREATE POLICY owner_sees ON {table} TO CURRENT_USER USING (true) WITH CHECK (true)")
    op.execute(f"CREATE POLICY app_adds ON {table} FOR INSERT TO huikuan_app WITH CHECK ({OUTSIDE})")
    op.execute(f"CREATE POLICY app_changes ON {table} FOR UPDATE TO huikuan_app USING ({OUTSIDE})")
    old, new = (", ".join(f"{row}.{column}" for column in KEPT[table].split(", ")) for row in ("OLD", "NEW"))
    op.execute(
        f"CREATE TRIGGER {table}_kept BEFORE UPDATE ON {table} FOR EACH ROW "
        f"WHEN (({old}) IS DISTINCT FROM ({new})) EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_once BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION keep_once_set('{ONCE[table]}')"
    )


def downgrade() -> None:
    raise RuntimeError("sessions are not taken apart: restore a backup instead")
