"""Checks the files of evidence uploaded for a bad debt and stores them with its case.

Invariants: a file's type follows from its first bytes and its extension; a stored file is never changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.losses.models import BadDebtFile
from kernel import storage
from kernel.actor import Actor
from kernel.errors import RuleBroken
from kernel.ids import new_id
from kernel.uploads import OFFICE, PICTURES, UploadedFile, base_name, media_type_of, require_shown_anywhere

SIZE_MAX: Final = 10 * 1000 * 1000
FILES_MAX: Final = 10


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """An accepted file: its base name, media type and content."""

    name: str
    media_type: str
    content: bytes


def check_files(files: Sequence[UploadedFile]) -> list[CheckedFile]:
    """Returns the files if all are acceptable.

    Raises RuleBroken (`bad_debt_no_evidence`, `…_many_files`, `…_file_size`, `…_file_kind`).
    """
    if not files:
        raise RuleBroken("bad_debt_no_evidence")
    if len(files) > FILES_MAX:
        raise RuleBroken("bad_debt_many_files", most=FILES_MAX)
    return [_checked(file) for file in files]


def _checked(file: UploadedFile) -> CheckedFile:
    name = base_name(file.name)
    if not 0 < len(file.content) <= SIZE_MAX:
        raise RuleBroken("bad_debt_file_size", name=name)
    require_shown_anywhere(file, "bad_debt_file_heic")
    media_type = media_type_of(file, PICTURES + OFFICE)
    if media_type is None:
        raise RuleBroken("bad_debt_file_kind", name=name)
    return CheckedFile(name, media_type, file.content)


def store_files(db: Session, actor: Actor, case_id: UUID, files: Sequence[CheckedFile]) -> list[tuple[str, str]]:
    """Stores the files with a case; returns (hash, name) of each, equal contents once."""
    stored: dict[str, str] = {}
    for file in files:
        sha256 = storage.store(db, actor, file.content, file.media_type)
        if sha256 in stored:
            continue
        stored[sha256] = file.name
        db.execute(
            sa.insert(BadDebtFile).values(
                tenant_id=actor.tenant_id,
                id=new_id(),
                case_id=case_id,
                sha256=sha256,
                file_name=file.name,
                media_type=file.media_type,
                size_bytes=len(file.content),
                recorded_at=actor.now,
                recorded_by=actor.name,
            )
        )
    return list(stored.items())
