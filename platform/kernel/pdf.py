"""Letters and statements as PDF/A by Typst, from `templates/print/*.typ` and plain data.

Invariant: the same template and data give the same bytes, only our own fonts are used, and a character that they lack
becomes a visible 〓 that is reported, never a failed batch.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Final

import typst

from kernel.settings import APP_ROOT

TEMPLATES: Final = APP_ROOT / "templates" / "print"
FONTS: Final = TEMPLATES / "fonts"
#: Printed for a character that the fonts lack (the printers' geta mark).
SUBSTITUTE: Final = "〓"

_NAME = re.compile(r"[a-z][a-z0-9_]*")
# How JSON writes control characters; a stray one from an import must not spoil a letter.
_ESCAPE = re.compile(r"\\(?:u00[01][0-9a-f]|.)")
_KEPT_ESCAPES: Final = frozenset({r"\\", r"\"", r"\n", r"\t"})
#: PDF/A-2b: for the archive, by itself readable in decades.
_STANDARD: Final = "a-2b"


class PrintFailed(RuntimeError):
    """A print template did not compile; the message is Typst's."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A finished document.

    Attributes: `pdf` its bytes; `sha256` their hash in hex; `missing` the characters printed as 〓, each once.
    """

    pdf: bytes
    sha256: str
    missing: tuple[str, ...] = ()


def render(template: str, data: Mapping[str, object]) -> Rendered:
    """Renders `templates/print/<template>.typ` with `data` (JSON-able; its `date` is the document's date).

    Deterministic. Raises PrintFailed for a template that is absent or broken, TypeError for data not JSON-able.
    """
    text, missing = _printable(json.dumps(data, ensure_ascii=False, sort_keys=True, allow_nan=False))
    compiler, lock = _compiler(template)
    with lock:
        try:
            pdf = compiler.compile(sys_inputs={"data": text}, format="pdf", pdf_standards=_STANDARD)
        except typst.TypstError as error:
            raise PrintFailed(f"{template}: {error}") from error
    if not isinstance(pdf, bytes):
        raise PrintFailed(f"{template}: Typst gave no document")
    return Rendered(pdf, hashlib.sha256(pdf).hexdigest(), missing)


_CACHE_LOCK = Lock()


def _compiler(template: str) -> tuple[typst.Compiler, Lock]:
    # lru_cache alone would let two threads build the same compiler, 15 MB of fonts each.
    with _CACHE_LOCK:
        return _new_compiler(template)


@lru_cache(maxsize=16)
def _new_compiler(template: str) -> tuple[typst.Compiler, Lock]:
    path = TEMPLATES / f"{template}.typ"
    if not _NAME.fullmatch(template) or not path.is_file():
        raise PrintFailed(f"no print template named {template!r}")
    return typst.Compiler(str(path), root=str(TEMPLATES), font_paths=_fonts()), Lock()


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)])


def _printable(text: str) -> tuple[str, tuple[str, ...]]:
    """Returns (JSON text that can be printed, characters replaced by 〓); invisible characters are removed."""
    text = _ESCAPE.sub(lambda found: found[0] if found[0] in _KEPT_ESCAPES else "", text)
    strange = {c for c in set(text) - _characters() if not c.isspace()}
    if not strange:
        return text, ()
    invisible = {c for c in strange if unicodedata.category(c) in ("Cc", "Cf")}
    missing = tuple(sorted(strange - invisible))
    table = dict.fromkeys(map(ord, invisible), "") | dict.fromkeys(map(ord, missing), SUBSTITUTE)
    return text.translate(table), missing


@lru_cache(maxsize=1)
def _characters() -> frozenset[str]:
    """Returns the characters that all of our fonts can print."""
    fonts = sorted(FONTS.glob("*.ttf"))
    if not fonts:
        raise PrintFailed(f"no fonts in {FONTS}")
    return frozenset(map(chr, set.intersection(*map(_code_points, fonts))))


def _code_points(font: Path) -> set[int]:
    """Returns the code points in the character map (formats 4 and 12) of a TrueType file."""
    data = font.read_bytes()
    tables = struct.unpack_from(">H", data, 4)[0]
    for at in range(12, 12 + tables * 16, 16):
        if data[at : at + 4] == b"cmap":
            start = struct.unpack_from(">I", data, at + 8)[0]
            break
    else:
        raise PrintFailed(f"{font.name} has no character map")
    found: set[int] = set()
    for entry in range(struct.unpack_from(">H", data, start + 2)[0]):
        offset = start + struct.unpack_from(">I", data, start + 4 + entry * 8 + 4)[0]
        kind = struct.unpack_from(">H", data, offset)[0]
        if kind == 4:
            found |= _format_4(data, offset)
        elif kind == 12:
            groups = struct.unpack_from(">I", data, offset + 12)[0]
            for first, last, _ in struct.iter_unpack(">III", data[offset + 16 : offset + 16 + groups * 12]):
                found.update(range(first, last + 1))
    return found


def _format_4(data: bytes, offset: int) -> set[int]:
    size = struct.unpack_from(">H", data, offset + 6)[0]
    ends = struct.unpack_from(f">{size // 2}H", data, offset + 14)
    starts = struct.unpack_from(f">{size // 2}H", data, offset + 16 + size)
    return {code for first, last in zip(starts, ends, strict=True) for code in range(first, last + 1)} - {0xFFFF}
