"""Imports every table of the product in one place, for migrations, doctor and guard tests.

Invariant: every module with tables stands here; a slice that is missing would stay out of migrations and guards.
"""

# ruff: noqa: F401 - imported for their tables
from __future__ import annotations

import ar.bills.models
import ar.cases.models
import ar.customers.models
import ar.imports.models
import ar.interest.models
import ar.ledger.closing.audit.models
import ar.ledger.closing.fx.models
import ar.ledger.documents.models
import ar.ledger.models
import ar.ledger.receivables.models
import ar.ledger.receivables.settlement.models
import ar.losses.models
import ar.receipts.models
import ar.statements.models
import kernel.counters
import kernel.idempotency
import kernel.inbox
import kernel.journal
import kernel.mail
import kernel.outbox
import kernel.storage
import kernel.tokens
import tenants.approvals.models
import tenants.models
from kernel.db import Base

metadata = Base.metadata
REGISTRY_TABLES = frozenset({"tenant", "app_user", "membership"})
TENANT_TABLES = frozenset(metadata.tables) - REGISTRY_TABLES
