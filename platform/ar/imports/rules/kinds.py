"""Guesses what an unknown word for a kind of document means, for a person to confirm on the mapping page.

Invariant: a guess is never taken without a person; it is only what the page has chosen beforehand.
"""

from __future__ import annotations

import re
from typing import Final

from kernel.sheets.mapping import SKIP

_GUESSES: Final = (
    (
        SKIP,
        re.compile(
            r"采购|供应商|应付|付款申请|vendor|supplier|purchase|eingangsrechnung|quote|estimate|草稿|报价",
            re.IGNORECASE,
        ),
    ),
    (
        "debit_note",
        re.compile(r"退款|付款|罚息|滞纳|利息|refund|debit|interest|late fee|finance|mahn|zins", re.IGNORECASE),
    ),
    (
        "credit_note",
        re.compile(
            r"红字|红票|红冲|贷|退货|退回|折让|冲减|credit|return|gutschrift|storno|avoir|abono|korrektur",
            re.IGNORECASE,
        ),
    ),
    (
        "receipt",
        re.compile(
            r"收款|预收|回款|到账|收据|payment|receipt|deposit|paid|cash|zahl|anzahlung|paiement|pago|betaling",
            re.IGNORECASE,
        ),
    ),
)


def guess_kind(found: str, *, below: bool = False) -> str:
    """Returns the likeliest meaning of a word: a kind of document or `skip`; `below`: its amounts are below zero."""
    for kind, words in _GUESSES:
        if words.search(found):
            return kind
    return "credit_note" if below else "invoice"
