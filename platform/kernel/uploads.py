"""Uploaded files: their base name and their media type, by first bytes and extension together.

Invariant: a file is never taken for what only its name says.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

NAME_MAX: Final = 200
_OOXML: Final = "application/vnd.openxmlformats-officedocument"
# first bytes, extensions, media type
_KINDS: Final[tuple[tuple[bytes, tuple[str, ...], str], ...]] = (
    (b"%PDF-", (".pdf",), "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", (".png",), "image/png"),
    (b"\xff\xd8\xff", (".jpg", ".jpeg"), "image/jpeg"),
    (b"PK\x03\x04", (".docx",), f"{_OOXML}.wordprocessingml.document"),
    (b"PK\x03\x04", (".xlsx",), f"{_OOXML}.spreadsheetml.sheet"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", (".doc",), "application/msword"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", (".xls",), "application/vnd.ms-excel"),
)
#: What the container of a phone's photo names itself, after its length and `ftyp`.
_HEIC: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
#: What a scan or a photo can be.
PICTURES: Final = (".pdf", ".png", ".jpg", ".jpeg")
#: The same, as phones take them too.
PHOTOS: Final = (*PICTURES, ".heic", ".heif")
OFFICE: Final = (".doc", ".docx", ".xls", ".xlsx")


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file as uploaded."""

    name: str
    content: bytes


def base_name(name: str) -> str:
    """Returns the name of a file without the folders that a browser may send."""
    return PurePath(name.replace("\\", "/").replace("\x00", "")).name[-NAME_MAX:]


def media_type_of(file: UploadedFile, endings: Collection[str]) -> str | None:
    """Returns the media type of a file with one of the endings; None when its content is not of that kind."""
    ending = PurePath(base_name(file.name)).suffix.lower()
    if ending not in endings:
        return None
    if ending in (".heic", ".heif"):
        return "image/heic" if file.content[4:8] == b"ftyp" and file.content[8:12] in _HEIC else None
    return next((kind for head, names, kind in _KINDS if ending in names and file.content.startswith(head)), None)
