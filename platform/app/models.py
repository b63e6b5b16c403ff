"""Imports every table of the product in one place, for migrations, doctor and guard tests.

A slice's tables come with its commands when `app.slices` imports it; those of the kernel are listed here.
"""

# ruff: noqa: F401 - imported for their tables
from __future__ import annotations

import app.slices
import kernel.counters
import kernel.idempotency
import kernel.inbox
import kernel.journal
import kernel.mail
import kernel.outbox
import kernel.storage
import kernel.tokens
from kernel.db import Base

metadata = Base.metadata
REGISTRY_TABLES = frozenset({"tenant", "app_user", "membership"})
TENANT_TABLES = frozenset(metadata.tables) - REGISTRY_TABLES
