"""Jobs of the checks: the ladder's stops of customers who have paid end by themselves.

Invariant: the handler is idempotent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.orm import Session

from ar.credit.checks.holds.commands import end_paid_stops
from kernel.actor import Actor
from kernel.i18n import gettext as _
from tenants.slice import Job, Recurring

END_PAID_STOPS: Final = "credit.end_paid_stops"


def end_stops(db: Session, actor: Actor, _payload: Mapping[str, Any]) -> None:
    """Lifts the ladder's stops of customers who owe nothing overdue."""
    end_paid_stops(db, actor, _("Everything overdue is paid"))


JOBS: Final = (Job(END_PAID_STOPS, end_stops),)
RECURRING: Final = (Recurring(END_PAID_STOPS, when="day_start"),)
