"""Claims: whether a letter or task still claims something is kept with it, and what waits has an index of its own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.secure import each_tenant, run_sql
from migrations.tables import index

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

#: As the triggers of 0024_claims.sql keep it, for what waits or may wait again.
_SETTLED = sa.text(
    """
    UPDATE action SET claims = false
    WHERE tenant_id = :tenant AND state IN ('proposed', 'approved', 'failed', 'unknown')
        AND EXISTS (SELECT FROM step AS s WHERE s.tenant_id = :tenant AND s.action_id = action.id)
        AND NOT EXISTS (
            SELECT FROM step AS s JOIN open_item AS i ON i.tenant_id = s.tenant_id AND i.id = s.item_id
            WHERE s.tenant_id = :tenant AND i.tenant_id = :tenant AND s.action_id = action.id
                AND s.state IN ('proposed', 'failed', 'unknown') AND i.open_minor > 0
        )
    """
)


def upgrade() -> None:
    op.add_column("action", sa.Column("claims", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.execute("GRANT UPDATE (claims) ON action TO huikuan_app")
    run_sql("0024_claims.sql")
    for tenant_id in each_tenant():
        op.get_bind().execute(_SETTLED, {"tenant": tenant_id})
    index("action", "waiting", "form", "state", "run_on", where="claims AND state IN ('proposed', 'approved')")


def downgrade() -> None:
    raise RuntimeError("books are not taken apart: restore a backup instead")
