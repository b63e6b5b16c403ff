"""Creates a company with everything it needs: registry, books, policies.

Invariant: all of it in the caller's transaction, so no company is ever incomplete.
"""

from __future__ import annotations

from uuid import UUID

from ar.cases.publishing import publish_presets
from ar.ledger.posting import open_books
from kernel.db import TenantSession
from tenants.commands import create_tenant
from tenants.inputs import CreateTenant
from tenants.queries import system_actor_for


def create_company(db: TenantSession, data: CreateTenant) -> tuple[UUID, UUID]:
    """Creates a company; returns (tenant id, owner's user id). The session is then bound to the new tenant."""
    tenant_id, user_id = create_tenant(db, data)
    actor = system_actor_for(db, tenant_id)
    open_books(db, actor)
    publish_presets(db, actor)
    return tenant_id, user_id
