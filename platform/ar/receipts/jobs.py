"""The jobs of receipts: reading bank files, then matching their lines. Invariant: one handler per kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from ar.receipts import bank_jobs, matching_jobs
from kernel.actor import Actor

HANDLERS: dict[str, Callable[[Session, Actor, dict[str, Any]], None]] = {
    **bank_jobs.HANDLERS,
    **matching_jobs.HANDLERS,
}
