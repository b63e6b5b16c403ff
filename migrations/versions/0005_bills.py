"""Bills: acceptances and what happened to each."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.secure import append_only, secure_tenant_table

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _bill()
    _events()
    _reminders()
    secure_tenant_table("bill", update=("state", "state_on", "notice_by_on", "notified_on"))
    append_only("bill_event")
    append_only("bill_reminder")


def downgrade() -> None:
    raise RuntimeError("books are not taken apart: restore a backup instead")


def _day(name: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Date(), nullable=nullable)


def _text(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Text(), nullable=False)


def _id(name: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _key(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column],
        [f"{target}.tenant_id", f"{target}.id"],
        name=op.f(f"fk_{table}_tenant_id_{column}"),
    )


def _bill() -> None:
    op.create_table(
        "bill",
        *(_id("tenant_id"), _id("id"), _text("number")),
        sa.Column("attempt", sa.SmallInteger(), nullable=False),
        *(_text("kind"), _id("customer_id"), _id("item_id")),
        *(_text("drawer"), _text("acceptor"), _text("payee")),
        *(_day("issued_on"), _day("matures_on"), _day("received_on")),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("transferable", sa.Boolean(), nullable=False),
        *(_text("note"), _text("state"), _day("state_on")),
        *(_day("notice_by_on", nullable=True), _day("notified_on", nullable=True)),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        _text("recorded_by"),
        sa.CheckConstraint("kind IN ('bank', 'finance_company', 'commercial')", name=op.f("ck_bill_kind_known")),
        sa.CheckConstraint(
            "state IN ('held', 'pledged', 'endorsed', 'discounted', 'discounted_recourse', 'presented', 'honoured', "
            "'dishonoured', 'cancelled')",
            name=op.f("ck_bill_state_known"),
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_bill_amount_positive")),
        sa.CheckConstraint("issued_on < matures_on", name=op.f("ck_bill_dates_in_order")),
        sa.CheckConstraint("received_on BETWEEN issued_on AND matures_on", name=op.f("ck_bill_received_in_time")),
        _key("bill", "customer_id", "customer"),
        _key("bill", "item_id", "open_item"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_bill")),
        sa.UniqueConstraint("tenant_id", "item_id", name=op.f("uq_bill_tenant_id_item_id")),
        sa.UniqueConstraint("tenant_id", "number", "attempt", name=op.f("uq_bill_tenant_id_number_attempt")),
    )
    op.create_index(
        "ix_bill_number",
        "bill",
        ["tenant_id", "number"],
        unique=True,
        postgresql_where=sa.text("state <> 'cancelled'"),
    )
    op.create_index("ix_bill_state", "bill", ["tenant_id", "state", "matures_on"], unique=False)
    op.create_index("ix_bill_customer", "bill", ["tenant_id", "customer_id", "matures_on"], unique=False)


def _events() -> None:
    op.create_table(
        "bill_event",
        *(_id("tenant_id"), _id("id"), _id("bill_id")),
        sa.Column("position", sa.Integer(), nullable=False),
        *(_text("kind"), _text("from_state"), _text("to_state"), _day("happened_on"), _day("effective_on")),
        *(_id("entry_id", nullable=True), _id("mirror_id", nullable=True), _text("counterparty")),
        sa.Column("rate_ppm", sa.Integer(), nullable=True),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("interest_minor", sa.BigInteger(), nullable=True),
        _text("note"),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        _text("recorded_by"),
        sa.CheckConstraint(
            "kind IN ('received', 'pledged', 'returned', 'endorsed', 'discounted', 'discounted_recourse', "
            "'presented', 'honoured', 'dishonoured', 'notified', 'undone', 'cancelled')",
            name=op.f("ck_bill_event_kind_known"),
        ),
        sa.CheckConstraint("effective_on >= happened_on", name=op.f("ck_bill_event_booked_not_before")),
        _key("bill_event", "bill_id", "bill"),
        _key("bill_event", "entry_id", "entry"),
        _key("bill_event", "mirror_id", "open_item"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_bill_event")),
        sa.UniqueConstraint("tenant_id", "bill_id", "position", name=op.f("uq_bill_event_tenant_id_bill_id_position")),
    )


def _reminders() -> None:
    op.create_table(
        "bill_reminder",
        *(_id("tenant_id"), _id("bill_id"), _text("kind"), _day("until_on")),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('present', 'present_last', 'notice')", name=op.f("ck_bill_reminder_kind_known")),
        _key("bill_reminder", "bill_id", "bill"),
        sa.PrimaryKeyConstraint("tenant_id", "bill_id", "kind", "until_on", name=op.f("pk_bill_reminder")),
    )
