"""Fair work: the dispatcher reads the kinds of due rows and counts mails in doubt; due rows are found by company, dead ones at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.tables import index

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("GRANT SELECT (kind) ON outbox_message TO huikuan_dispatch")
    op.drop_index("ix_outbox_message_due", "outbox_message")
    index("outbox_message", "due", "kind", "due_at", where="state IN ('ready', 'leased')")
    index("outbox_message", "dead", "id", where="state = 'dead'")
    op.execute("GRANT SELECT (tenant_id, state) ON mail_message TO huikuan_dispatch")
    op.execute("CREATE POLICY dispatch_counts ON mail_message FOR SELECT TO huikuan_dispatch USING (state = 'unknown')")


def downgrade() -> None:
    op.execute("DROP POLICY dispatch_counts ON mail_message")
    op.execute("REVOKE SELECT (tenant_id, state) ON mail_message FROM huikuan_dispatch")
    op.drop_index("ix_outbox_message_dead", "outbox_message")
    op.drop_index("ix_outbox_message_due", "outbox_message")
    op.create_index(
        "ix_outbox_message_due",
        "outbox_message",
        ["due_at", "tenant_id"],
        postgresql_where=sa.text("state IN ('ready', 'leased')"),
    )
    op.execute("REVOKE SELECT (kind) ON outbox_message FROM huikuan_dispatch")
