"""Rates and days: national statutes, rates vouched through a day, days off by terms and notice, what interest is for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.secure import append_only, each_tenant
from migrations.tables import check, create_table, index, integer, minor, one_of, references, text, uuid

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

ROLLS = ("statutory", "none", "following", "preceding", "modified")
TERMS_KINDS = (
    "none", "standard", "contract", "lpr", "sme_daily", "eu", "uk", "de", "fr", "be", "nl", "at", "es", "it", "ie",
)  # fmt: skip
SERIES = ("lpr_1y", "sme_daily", "ecb_reference", "boe_reference", "bgb_base", "oenb_base")
#: No form offered a rule for days off, so "none" said nothing: from now on it means that none was agreed.
STATUTORY = """
    UPDATE customer SET terms = terms || '{"roll": "statutory"}'::jsonb
    WHERE tenant_id = :tenant AND coalesce(terms ->> 'roll', 'none') = 'none'
"""
#: What interest posted until now is for: the sums of its lines by document.
PARTS = """
    INSERT INTO accessory_part (tenant_id, item_id, position, of_item_id, part, amount_minor, lowers_item_id)
    SELECT CAST(:tenant AS uuid), p.item_id, row_number() OVER (
            PARTITION BY p.item_id ORDER BY p.of_item_id, p.part, p.lowers_item_id),
        p.of_item_id, p.part, p.minor, p.lowers_item_id
    FROM (
        SELECT c.item_id, l.item_id AS of_item_id, CASE l.part WHEN 'fixed' THEN 'costs' ELSE 'interest' END AS part,
            sum(l.amount_minor) AS minor, CAST(NULL AS uuid) AS lowers_item_id
        FROM interest_line l JOIN interest_charge c ON c.tenant_id = :tenant AND c.id = l.charge_id
        WHERE l.tenant_id = :tenant GROUP BY 1, 2, 3
        UNION ALL
        SELECT c.item_id, l.item_id, CASE l.part WHEN 'fixed' THEN 'costs' ELSE 'interest' END, sum(p.amount_minor),
            NULL
        FROM interest_correction_line p
        JOIN interest_correction c ON c.tenant_id = :tenant AND c.id = p.correction_id AND c.amount_minor > 0
        JOIN interest_line l ON l.tenant_id = :tenant AND l.id = p.line_id
        WHERE p.tenant_id = :tenant GROUP BY 1, 2, 3
        UNION ALL
        SELECT c.item_id, l.item_id, CASE l.part WHEN 'fixed' THEN 'costs' ELSE 'interest' END, -sum(p.amount_minor),
            h.item_id
        FROM interest_correction_line p
        JOIN interest_correction c ON c.tenant_id = :tenant AND c.id = p.correction_id AND c.amount_minor < 0
        JOIN interest_line l ON l.tenant_id = :tenant AND l.id = p.line_id
        JOIN interest_charge h ON h.tenant_id = :tenant AND h.id = l.charge_id
        WHERE p.tenant_id = :tenant GROUP BY 1, 2, 3, 5
    ) AS p
    WHERE p.minor > 0
    ON CONFLICT DO NOTHING
"""


def upgrade() -> None:
    empty = sa.text("'{}'::jsonb")
    op.add_column("company", sa.Column("calendar_notices", JSONB(), nullable=False, server_default=empty))
    op.add_column("open_item", sa.Column("roll", sa.Text(), nullable=False, server_default="statutory"))
    op.create_check_constraint(op.f("ck_open_item_roll_known"), "open_item", _in("roll", ROLLS))
    op.add_column("reference_rate", sa.Column("through_on", sa.Date(), nullable=True))
    op.create_check_constraint(op.f("ck_reference_rate_days_in_order"), "reference_rate", "through_on >= from_on")
    for table, column, values in (("interest_terms", "kind", TERMS_KINDS), ("reference_rate", "series", SERIES)):
        name = op.f(f"ck_{table}_{column}_known")
        op.drop_constraint(name, table, type_="check")
        op.create_check_constraint(name, table, _in(column, values))
    create_table(
        "accessory_part",
        uuid("item_id"),
        integer("position"),
        uuid("of_item_id"),
        text("part"),
        minor("amount_minor"),
        uuid("lowers_item_id", nullable=True),
        references("item_id", "open_item"),
        references("of_item_id", "open_item"),
        references("lowers_item_id", "open_item"),
        one_of("part", "interest", "costs"),
        check("amount_positive", "amount_minor > 0"),
        key=("item_id", "position"),
    )
    index("accessory_part", "lowers", "lowers_item_id")
    append_only("accessory_part")
    for tenant_id in each_tenant():
        for statement in (STATUTORY, PARTS):
            op.get_bind().execute(sa.text(statement), {"tenant": tenant_id})


def downgrade() -> None:
    raise RuntimeError("books are not taken apart: restore a backup instead")


def _in(column: str, values: tuple[str, ...]) -> str:
    listed = ", ".join(f"'{value}'" for value in values)
    return f"{column} IN ({listed})"
