"""Creates companies.

Invariant: a company has a `company` row and at least one active person from its first transaction on.
"""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from kernel import journal
from kernel.clock import utc_now
from kernel.db import TenantSession, enter_tenant
from kernel.errors import Conflict
from kernel.ids import new_id
from tenants.inputs import CreateTenant
from tenants.models import Company, Membership, Tenant
from tenants.people.commands import ensure_user
from tenants.permissions import Role
from tenants.queries import system_actor_for

OWNER_ROLES = [Role.ADMIN.value, Role.FINANCE_DIRECTOR.value]


def create_tenant(db: TenantSession, data: CreateTenant) -> tuple[UUID, UUID]:
    """Creates a company and its owner; returns (tenant id, user id). Raises Conflict(`slug_taken`).

    The session must not have entered a tenant yet; it has entered the new one afterwards.
    """
    now, tenant_id = utc_now(), new_id()
    taken = db.execute(
        insert(Tenant)
        .values(
            id=tenant_id,
            slug=data.slug,
            name=data.name,
            timezone=data.timezone,
            currency=data.currency,
            language=data.language,
            run_at=data.run_at,
            state="active",
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=[Tenant.slug])
        .returning(Tenant.id)
    ).first()
    if taken is None:
        raise Conflict("slug_taken", slug=data.slug)
    user_id = ensure_user(db, data.owner_email, data.owner_name or data.owner_email.split("@")[0], data.language)
    enter_tenant(db, tenant_id)
    db.execute(
        sa.insert(Membership).values(
            tenant_id=tenant_id, user_id=user_id, roles=OWNER_ROLES, active=True, created_at=now
        )
    )
    db.execute(
        sa.insert(Company).values(
            tenant_id=tenant_id,
            legal_name=data.name,
            address="",
            phone="",
            tax_id="",
            bank_name="",
            bank_account="",
            contact_name=data.owner_name,
            contact_email=data.owner_email,
            policy_code=data.policy,
            review_mode=True,
            calendar="CN" if data.timezone == "Asia/Shanghai" else "MON-FRI",
            calendar_overrides={},
        )
    )
    actor = system_actor_for(db, tenant_id)
    journal.record(db, actor, "company_created", subject_id=tenant_id, data={"slug": data.slug, "name": data.name})
    return tenant_id, user_id
