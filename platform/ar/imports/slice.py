"""Registers imports with the application."""

from __future__ import annotations

from typing import Final

from ar.imports import jobs
from ar.imports.events import EVENTS
from ar.imports.messages import MESSAGES
from ar.imports.queries import entry_sources
from kernel.i18n import mark
from tenants.permissions import Permission
from tenants.slice import Heading, NavLine, Slice

SLICE: Final = Slice(
    name="imports",
    pages=("ar.imports.routes:bp", "ar.imports.mapping_routes:bp"),
    commands=("ar.imports.cli:group",),
    navigation=(
        NavLine(Heading.COMPANY, 20, mark("Import"), "imports.index", Permission.IMPORT, also=("import_mapping",)),
    ),
    messages=MESSAGES,
    events=EVENTS,
    jobs=jobs.JOBS,
    entry_sources=entry_sources,
)
