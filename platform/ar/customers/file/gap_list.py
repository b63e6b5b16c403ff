"""Lists the gaps of all customer files by owner, and those that fall due for a reminder.

Invariant: a constant number of statements whatever the number of customers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from ar.customers.file.queries import all_gaps
from ar.customers.models import Customer
from ar.customers.rules.customer_file import Gap
from kernel.views import LATER, select_view, value, view
from tenants.models import User


@dataclass(frozen=True, slots=True)
class GapLine:
    """A customer whose file has gaps, with its owner."""

    customer_id: UUID
    number: str
    name: str
    owner_id: UUID | None
    owner_name: str | None
    gaps: Sequence[Gap]

    @property
    def closes(self) -> bool:
        """Whether the gate is closed."""
        return any(gap.closes for gap in self.gaps)


def gap_lines(db: Session, tenant_id: UUID, today: date) -> list[GapLine]:
    """Returns the customers whose files have gaps, those whose gate is closed first, then by name."""
    found = all_gaps(db, tenant_id, None, today)
    customer = Customer
    rows = db.execute(
        select_view(
            GapLine,
            customer_id=value(customer.id),
            number=value(customer.number),
            name=value(customer.name),
            owner_id=value(customer.owner_id),
            owner_name=value(User.name),
            gaps=LATER,
        )
        .outerjoin(User, User.id == customer.owner_id)
        .where(customer.tenant_id == tenant_id, customer.retired_at.is_(None))
        .order_by(customer.sort_key, customer.number)
    )
    lines = [view(GapLine, row, gaps=found[row.customer_id]) for row in rows if row.customer_id in found]
    return sorted(lines, key=lambda line: not line.closes)
