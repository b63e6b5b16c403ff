"""Values of statements that are built once and run many times: to build one costs more than to run it.

Invariant: a statement with these is cached by its function (`functools.cache`) and run with `kernel.db.columns`.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

TENANT: Final[sa.BindParameter[Any]] = sa.bindparam("tenant", type_=sa.Uuid)
TODAY: Final[sa.BindParameter[Any]] = sa.bindparam("today", type_=sa.Date)
