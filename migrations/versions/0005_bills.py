"""Bills: acceptances and what happened to each."""

from __future__ import annotations

from migrations.secure import append_only, secure_tenant_table
from migrations.tables import (
    check,
    create_table,
    currency,
    day,
    flag,
    index,
    integer,
    minor,
    moment,
    one_of,
    recorded,
    references,
    small,
    text,
    unique,
    uuid,
)

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


def _bill() -> None:
    create_table(
        "bill",
        text("number"),
        small("attempt"),
        text("kind"),
        uuid("customer_id", "item_id"),
        text("drawer", "acceptor", "payee"),
        day("issued_on", "matures_on", "received_on"),
        currency(),
        minor("amount_minor"),
        flag("transferable"),
        text("note", "state"),
        day("state_on"),
        day("notice_by_on", "notified_on", nullable=True),
        recorded(),
        one_of("kind", "bank", "finance_company", "commercial"),
        one_of(
            "state",
            "held",
            "pledged",
            "endorsed",
            "discounted",
            "discounted_recourse",
            "presented",
            "honoured",
            "dishonoured",
            "cancelled",
        ),
        check("amount_positive", "amount_minor > 0"),
        check("dates_in_order", "issued_on < matures_on"),
        check("received_in_time", "received_on BETWEEN issued_on AND matures_on"),
        references("customer_id", "customer"),
        references("item_id", "open_item"),
        unique("item_id"),
        unique("number", "attempt"),
    )
    index("bill", "number", "number", unique=True, where="state <> 'cancelled'")
    index("bill", "state", "state", "matures_on")
    index("bill", "customer", "customer_id", "matures_on")


def _events() -> None:
    create_table(
        "bill_event",
        uuid("bill_id"),
        integer("position"),
        text("kind", "from_state", "to_state"),
        day("happened_on", "effective_on"),
        uuid("entry_id", "mirror_id", nullable=True),
        text("counterparty"),
        integer("rate_ppm", "days", nullable=True),
        minor("interest_minor", nullable=True),
        text("note"),
        recorded(),
        one_of(
            "kind",
            "received",
            "pledged",
            "returned",
            "endorsed",
            "discounted",
            "discounted_recourse",
            "presented",
            "honoured",
            "dishonoured",
            "notified",
            "undone",
            "cancelled",
        ),
        check("booked_not_before", "effective_on >= happened_on"),
        references("bill_id", "bill"),
        references("entry_id", "entry"),
        references("mirror_id", "open_item"),
        unique("bill_id", "position"),
    )


def _reminders() -> None:
    create_table(
        "bill_reminder",
        uuid("bill_id"),
        text("kind"),
        day("until_on"),
        moment("reminded_at"),
        one_of("kind", "present", "present_last", "notice"),
        references("bill_id", "bill"),
        key=("bill_id", "kind", "until_on"),
    )
