"""Changes a company's settings and its own working days."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from kernel import journal
from kernel.actor import Actor
from kernel.db import TenantSession
from kernel.errors import NotFound
from kernel.versions import check_version
from tenants.models import Company
from tenants.settings.inputs import CalendarDay, CompanySettings, EnterNotice, settings_values
from tenants.settings.notice import read_notice


def change_settings(db: TenantSession, actor: Actor, data: CompanySettings) -> None:
    """Changes the company's letterhead and automation; the journal records the old values.

    Raises Conflict(`changed_meanwhile`).
    """
    company = Company
    stored = db.execute(
        sa.select(company)
        .where(company.tenant_id == actor.tenant_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one()
    check_version(data, settings_values(stored))
    before = {"policy_code": stored.policy_code, "calendar": stored.calendar, "review_mode": stored.review_mode}
    before["sales_see_all"] = stored.sales_see_all
    after = data.model_dump(exclude={"version"})
    db.execute(sa.update(company).where(company.tenant_id == actor.tenant_id).values(**after))
    journal.record(
        db,
        actor,
        "settings_changed",
        subject_id=actor.tenant_id,
        data={"before": before, "after": after},
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


def enter_notice(db: TenantSession, actor: Actor, data: EnterNotice) -> None:
    """Stores the official notice of a year in place of an earlier one, which the journal keeps.

    Raises Conflict(`changed_meanwhile`).
    """
    company = Company
    stored = db.execute(
        sa.select(company.calendar_notices).where(company.tenant_id == actor.tenant_id).with_for_update()
    ).scalar_one()
    check_version(data, stored)
    off, working = read_notice(data.text, data.year)
    notice = {
        "off": [day.isoformat() for day in off],
        "working": [day.isoformat() for day in working],
        "source": data.source,
        "recorded_on": actor.today.isoformat(),
        "recorded_by": actor.name,
    }
    year = str(data.year)
    db.execute(
        sa.update(company)
        .where(company.tenant_id == actor.tenant_id)
        .values(calendar_notices=company.calendar_notices.concat(sa.cast({year: notice}, JSONB)))
    )
    facts = {"year": year, "source": data.source, "before": stored.get(year), "after": notice}
    journal.record(db, actor, "calendar_notice_entered", subject_id=actor.tenant_id, data=facts)


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
