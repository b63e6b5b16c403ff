"""Imports every table of the product in one place, for migrations, doctor and guard tests.

Invariant: every module of tables is loaded, also those of a slice that nothing else imports yet.
"""

# ruff: noqa: F401 - imported for their tables
from __future__ import annotations

from importlib import import_module

import app.slices
import kernel.counters
import kernel.idempotency
import kernel.inbox
import kernel.journal
import kernel.mail
import kernel.outbox
import kernel.storage
import kernel.table_mappings
import kernel.tokens
from kernel.db import Base
from kernel.settings import APP_ROOT

_SOURCES = APP_ROOT / "platform"
for _path in sorted(_SOURCES.glob("*/**/models.py")):
    _name = ".".join(_path.relative_to(_SOURCES).with_suffix("").parts)
    if _name != __name__:
        import_module(_name)

metadata = Base.metadata
REGISTRY_TABLES = frozenset({"tenant", "app_user", "membership", "user_password", "person_session", "password_reset"})
TENANT_TABLES = frozenset(metadata.tables) - REGISTRY_TABLES
