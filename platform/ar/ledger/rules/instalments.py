"""Names one instalment of a document, so that three of them are not taken for the same document thrice (W9).

Invariant: pure; a document due at once bears its bare number.
"""

from __future__ import annotations

import re
from typing import Final

_INSTALMENT: Final = re.compile(r" \([0-9]+(/[0-9]+)?\)$")


def document_label(document_no: str, instalment_no: int, instalments: int = 0) -> str:
    """Returns `INV-1`, or `INV-1 (2/3)` for the second of three instalments."""
    if not instalment_no:
        return document_no
    return f"{document_no} ({instalment_no}/{instalments})" if instalments else f"{document_no} ({instalment_no})"


def is_named(label: str, number: str) -> bool:
    """Returns whether `number`, as somebody typed it, names the document or the instalment of this label."""
    return number in (label, _INSTALMENT.sub("", label))
