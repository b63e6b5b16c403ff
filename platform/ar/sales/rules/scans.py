"""Reads what a scanner typed: the number of a note, with what the scanner puts before and after it.

Pure. Invariant: what was typed comes first, so a note is found by its very number whatever else could be read in it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

#: What names the kind of a code (ISO/IEC 15424), when a scanner is set to say it: `]C1`, `]Q3`.
_SYMBOLOGY: Final = re.compile(r"^\][A-Za-z][0-9A-Za-z]")
#: A running number of ours: its prefix, the year, six places or more.
_RUNNING: Final = r"{prefix}-\d{{4}}-\d{{6,}}"


def readings(typed: str, prefix: str) -> list[str]:
    """Returns in capitals the numbers that a typed text can mean, the likeliest first.

    `prefix`: of our running numbers. Full-width letters, as an input method types them, are read as their plain ones.
    """
    plain = "".join(each for each in unicodedata.normalize("NFKC", typed) if each.isprintable()).strip().upper()
    bare = _SYMBOLOGY.sub("", plain)
    inner = re.sub(r"^[^\w]+|[^\w]+$", "", bare)
    ours = re.findall(_RUNNING.format(prefix=re.escape(prefix)), plain)
    return list(dict.fromkeys(each for each in (typed.strip().upper(), plain, bare, inner, *ours[:1]) if each))
