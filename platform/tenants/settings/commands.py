"""Changes a company's settings and its own working days."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from kernel import journal
from kernel.actor import Actor
from kernel.db import TenantSession
from kernel.errors import NotFound
from tenants.models import Company
from tenants.settings.inputs import CalendarDay, CompanySettings


def change_settings(db: TenantSession, actor: Actor, data: CompanySettings) -> None:
    """Changes the company's letterhead and automation; the journal records the old values."""
    company = Company
    before = db.execute(
        sa.select(company.policy_code, company.calendar, company.review_mode, company.sales_see_all).where(
            company.tenant_id == actor.tenant_id
        )
    ).one()
    db.execute(sa.update(company).where(company.tenant_id == actor.tenant_id).values(**data.model_dump()))
    journal.record(
        db,
        actor,
        "settings_changed",
        subject_id=actor.tenant_id,
        data={"before": dict(before._mapping), "after": data.model_dump()},
    )


def set_calendar_day(db: TenantSession, actor: Actor, data: CalendarDay) -> None:
    """Makes one day a working day or a day off for the company, overriding its calendar."""
    day, exception = data.on.isoformat(), {"working": data.working, "reason": data.reason}
    company = Company
    db.execute(
        sa.update(company)
        .where(company.tenant_id == actor.tenant_id)
        .values(calendar_overrides=company.calendar_overrides.concat(sa.cast({day: exception}, JSONB)))
    )
    journal.record(db, actor, "calendar_day_set", subject_id=actor.tenant_id, data={"on": day, **exception})


def unset_calendar_day(db: TenantSession, actor: Actor, on: date) -> None:
    """Removes the company's override of a day. Raises NotFound(`calendar_day_not_found`)."""
    day, company = on.isoformat(), Company
    found = db.execute(
        sa.update(company)
        .where(company.tenant_id == actor.tenant_id, company.calendar_overrides.has_key(day))
        .values(calendar_overrides=company.calendar_overrides.op("-")(sa.literal(day, sa.Text)))
        .returning(company.tenant_id)
    ).first()
    if found is None:
        raise NotFound("calendar_day_not_found", on=day)
    journal.record(db, actor, "calendar_day_unset", subject_id=actor.tenant_id, data={"on": day})
