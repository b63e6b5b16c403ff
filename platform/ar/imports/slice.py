"""Registers imports with the application."""

from __future__ import annotations

from typing import Final

from ar.imports import jobs
from ar.imports.events import EVENTS
from ar.imports.messages import MESSAGES
from kernel.i18n import mark
from tenants.permissions import Permission
from tenants.slice import Heading, NavLine, Slice

SLICE: Final = Slice(
    name="imports",
    pages=("ar.imports.routes:bp",),
    commands=("ar.imports.cli:group",),
    navigation=(NavLine(Heading.COMPANY, 20, mark("Import"), "imports.index", Permission.IMPORT),),
    messages=MESSAGES,
    events=EVENTS,
    jobs=jobs.JOBS,
)
