"""Checks the scan or photo of a signed note and stores it as it came: it is evidence, so not a byte is changed.

A photo that a phone took sideways is turned by whoever shows it, from what it says of itself (EXIF), as browsers do;
the driver's page turns and shrinks it before it is sent. Invariant: the type follows from the first bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from sqlalchemy.orm import Session

from kernel import storage
from kernel.actor import Actor
from kernel.errors import RuleBroken

SIZE_MAX: Final = 12 * 1000 * 1000
NAME_MAX: Final = 200
ACCEPT: Final = "image/jpeg,image/png,image/webp,application/pdf"
_KINDS: Final[tuple[tuple[bytes, int, str], ...]] = (
    (b"%PDF-", 0, "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"WEBP", 8, "image/webp"),
)
#: Brands of the files in which phones keep photos that no browser but their own shows.
_HEIC: Final = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1", b"avif"})


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file as uploaded."""

    name: str
    content: bytes


def media_type_of(file: UploadedFile) -> str:
    """Returns the media type of a scan or photo.

    Raises RuleBroken (`sign_off_file_size`, `sign_off_file_heic`, `sign_off_file_kind`).
    """
    name = base_name(file)
    if not file.content or len(file.content) > SIZE_MAX:
        raise RuleBroken("sign_off_file_size", name=name, megabytes=SIZE_MAX // 1_000_000)
    for head, at, media_type in _KINDS:
        if file.content[at : at + len(head)] == head:
            return media_type
    if file.content[4:8] == b"ftyp" and file.content[8:12] in _HEIC:
        raise RuleBroken("sign_off_file_heic", name=name)
    raise RuleBroken("sign_off_file_kind", name=name)


def base_name(file: UploadedFile) -> str:
    """Returns the name of a file without its folders."""
    return PurePath(file.name.replace("\\", "/").replace("\x00", "")).name[-NAME_MAX:] or "photo"


def store_file(db: Session, actor: Actor, file: UploadedFile) -> tuple[str, str]:
    """Checks and stores a scan or photo; returns its hash and name. Raises as `media_type_of`."""
    return storage.store(db, actor, file.content, media_type_of(file)), base_name(file)
