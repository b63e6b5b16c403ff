"""Uploaded files: their base name and their media type, by first bytes and extension together.

Invariant: a file is never taken for what only its name says.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from kernel.errors import RuleBroken
from kernel.i18n import mark

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
#: Brands of the files in which phones keep photos that other computers do not show, after their length and `ftyp`.
_PHONES_OWN: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif"})
#: What a scan or a photo can be.
PICTURES: Final = (".pdf", ".png", ".jpg", ".jpeg")
#: The same as a file field offers it. An iPhone that is not offered HEIC sends the photo as JPEG by itself (ADR 0054).
ACCEPT_PICTURES: Final = "image/jpeg,image/png,application/pdf"
ACCEPT_PAPERS: Final = f"{ACCEPT_PICTURES},.doc,.docx,.xls,.xlsx"
#: Why a photo in a format of phones is refused, and what to do; %(name)s is its file name.
HEIC: Final = mark(
    "%(name)s is a HEIC photo, which other computers cannot show. On the iPhone choose Settings, Camera, Formats, "
    "Most Compatible, and take it again; or send a screenshot of it."
)
OFFICE: Final = (".doc", ".docx", ".xls", ".xlsx")


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file as uploaded."""

    name: str
    content: bytes


def base_name(name: str) -> str:
    """Returns the name of a file without the folders that a browser may send."""
    return PurePath(name.replace("\\", "/").replace("\x00", "")).name[-NAME_MAX:]


def is_phones_own(content: bytes) -> bool:
    """Whether a file is a photo in a format of phones (HEIC, AVIF), whatever its name says."""
    return content[4:8] == b"ftyp" and content[8:12] in _PHONES_OWN


def require_shown_anywhere(file: UploadedFile, code: str) -> None:
    """Refuses a photo in a format of phones by RuleBroken(`code`), whose sentence is HEIC: it says what to do."""
    if is_phones_own(file.content):
        raise RuleBroken(code, name=base_name(file.name) or "photo")


def media_type_of(file: UploadedFile, endings: Collection[str]) -> str | None:
    """Returns the media type of a file with one of the endings; None when its content is not of that kind."""
    ending = PurePath(base_name(file.name)).suffix.lower()
    if ending not in endings:
        return None
    return next((kind for head, names, kind in _KINDS if ending in names and file.content.startswith(head)), None)
