"""Statistics of orders, deliveries and signatures: an import asks the owner for them while they are unknown."""

from __future__ import annotations

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Only what the statistics hardly know: ANALYZE holds a lock until COMMIT that the next one waits for.
    op.execute(
        """
        CREATE FUNCTION analyze_sales() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
        AS $$
        DECLARE
            little_known text;
        BEGIN
            FOR little_known IN
                SELECT relname FROM pg_class
                WHERE relnamespace = 'public'::regnamespace AND reltuples < 10000 AND relname IN (
                    'commitment', 'commitment_change', 'delivery', 'delivery_line', 'delivery_return', 'order_decision',
                    'order_invoice', 'sales_order', 'sales_order_line', 'sign_off', 'sign_off_line'
                ) ORDER BY relname
            LOOP
                EXECUTE format('ANALYZE %I', little_known);
            END LOOP;
        END $$
        """
    )
    op.execute("REVOKE ALL ON FUNCTION analyze_sales() FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION analyze_sales() TO huikuan_app")


def downgrade() -> None:
    raise RuntimeError("books are not taken apart: restore a backup instead")
