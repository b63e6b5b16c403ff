"""Checks the scan or photo of a signed note and stores it as it came: it is evidence, so not a byte is changed.

A photo that a phone took sideways is turned by whoever shows it, from what it says of itself (EXIF), as browsers do;
the driver's page turns and shrinks it before it is sent.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from kernel import storage
from kernel.actor import Actor
from kernel.errors import RuleBroken
from kernel.uploads import PICTURES, UploadedFile, base_name, media_type_of, require_shown_anywhere

SIZE_MAX: Final = 12 * 1000 * 1000


def store_file(db: Session, actor: Actor, file: UploadedFile) -> tuple[str, str]:
    """Checks and stores a scan or photo; returns its hash and name.

    Raises RuleBroken (`sign_off_file_size`, `sign_off_file_heic`, `sign_off_file_kind`).
    """
    name = base_name(file.name) or "photo"
    if not file.content or len(file.content) > SIZE_MAX:
        raise RuleBroken("sign_off_file_size", name=name, megabytes=SIZE_MAX // 1_000_000)
    require_shown_anywhere(file, "sign_off_file_heic")
    media_type = media_type_of(file, PICTURES)
    if media_type is None:
        raise RuleBroken("sign_off_file_kind", name=name)
    return storage.store(db, actor, file.content, media_type), name
