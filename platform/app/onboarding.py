"""Creates a company with what the slices set up for a new one: books, policies.

Invariant: all of it in the caller's transaction, so no company is ever incomplete.
"""

from __future__ import annotations

from uuid import UUID

from app.slices import SLICES
from kernel.db import TenantSession
from tenants.commands import create_tenant
from tenants.inputs import CreateTenant
from tenants.queries import system_actor_for


def create_company(db: TenantSession, data: CreateTenant) -> tuple[UUID, UUID]:
    """Creates a company; returns (tenant id, owner's user id). The session has entered the new tenant afterwards."""
    tenant_id, user_id = create_tenant(db, data)
    actor = system_actor_for(db, tenant_id)
    for each in SLICES:
        if each.on_founding:
            each.on_founding(db, actor)
    return tenant_id, user_id
